"""The file under the journal: opening, reading and locking it."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pdp.errors import RevocationsUnavailable

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC
_MODE = 0o600
_RESERVE = 64 * 1024
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_BRIEF = 0.0005
_LONG = 0.01


@dataclass(frozen=True, slots=True)
class Identity:
    """Which file it is and when it last changed, its mode included; ``changed`` is in nanoseconds."""

    device: int
    inode: int
    size: int
    changed: int


def identity(path: Path) -> Identity | None:
    """What lies at ``path``; None when nothing does. Raises ``OSError`` when that cannot be told."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return Identity(found.st_dev, found.st_ino, found.st_size, found.st_ctime_ns)


def open_or_make(path: Path) -> int:
    """A descriptor of the file, which is made, with mode 0600, when there is none.

    Raises ``RevocationsUnavailable``.
    """
    try:
        return _make(path) if identity(path) is None else open_again(path)
    except OSError as error:
        raise RevocationsUnavailable(f"{path.name} cannot be opened ({error.strerror})") from error


def open_again(path: Path) -> int:
    """A descriptor of the file that is there. Raises ``OSError``."""
    return os.open(path, _FLAGS)


def _make(path: Path) -> int:
    descriptor = os.open(path, _FLAGS | os.O_CREAT, _MODE)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # Without this, a crash may take the file away together with the orders that were synced into it.
        os.fsync(directory)
    finally:
        os.close(directory)
    return descriptor


def demand_private(descriptor: int) -> None:
    """Raise ``ValueError`` when others than the owner may read or write the file: who can write it can lift a kill."""
    mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
    if mode & 0o077:
        raise ValueError(f"has mode {mode:04o}; make sure nobody changed it, then give it mode 0600")


def read_from(descriptor: int, offset: int) -> bytes:
    """Everything from ``offset`` on. Raises ``OSError``."""
    parts: list[bytes] = []
    left = os.fstat(descriptor).st_size - offset
    while left > 0 and (part := os.pread(descriptor, left, offset)):
        parts.append(part)
        left, offset = left - len(part), offset + len(part)
    return b"".join(parts)


def keep_reserve(path: Path) -> None:
    """Hold space beside the journal for orders on a full disk: some hundreds. Without space for it there is none."""
    with suppress(OSError):
        descriptor = os.open(_reserve(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
        try:
            if os.fstat(descriptor).st_size < _RESERVE:
                os.pwrite(descriptor, bytes(_RESERVE), 0)
                os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_line(descriptor: int, line: bytes, offset: int, path: Path) -> None:
    """Append ``line`` to the journal, which ends at ``offset``; on a full disk in the space that was held for it.

    Raises ``OSError``; then the journal is as it was.
    """
    try:
        _write_whole(descriptor, line, offset)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        os.truncate(_reserve(path), 0)
        _write_whole(descriptor, line, offset)


def _write_whole(descriptor: int, line: bytes, offset: int) -> None:
    if os.write(descriptor, line) != len(line):
        os.ftruncate(descriptor, offset)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _reserve(path: Path) -> Path:
    return path.with_name(path.name + ".reserve")


@contextmanager
def locked(path: Path, wait: float) -> Iterator[int]:
    """A descriptor of the file, locked against every other thread and process for at most ``wait`` seconds of waiting.

    Raises ``OSError``, and ``RevocationsUnavailable`` when it stays locked.
    """
    # Opened anew: locks belong to an open file, so threads that shared one would not keep each other out.
    descriptor = open_again(path)
    try:
        _lock(descriptor, path, wait)
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: Path, wait: float) -> None:
    # A lock that is waited for in the kernel cannot be given up in time.
    until, pause = time.monotonic() + wait, _BRIEF
    while not _try_lock(descriptor):
        if time.monotonic() >= until:
            raise RevocationsUnavailable(f"{path.name} stays locked by another process; nothing was written")
        time.sleep(pause)
        pause = min(2 * pause, _LONG)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in {errno.EWOULDBLOCK, errno.EINTR}:
            return False
        raise
    return True
