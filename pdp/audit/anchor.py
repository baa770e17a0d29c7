"""Copies of checkpoints elsewhere: what was anchored there cannot be rewritten here without being noticed."""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeAlias

from pdp.audit.checkpoint import parse_checkpoint

log = logging.getLogger(__name__)

Anchor: TypeAlias = Callable[[str], None]


class Anchoring:
    """Calls ``anchor`` with checkpoints in a thread of its own: the newest, when they come faster than it is.

    What it raises is logged, and it is called again with the next.
    """

    def __init__(self, anchor: Anchor) -> None:
        self._anchor = anchor
        self._queue: SimpleQueue[str | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="audit-anchor", daemon=True)
        self._thread.start()

    def put(self, note: str) -> None:
        """Have ``note`` anchored; does not wait."""
        self._queue.put(note)

    def close(self, timeout: float | None) -> None:
        """Wait until the newest is anchored, at most ``timeout`` seconds."""
        self._queue.put(None)
        self._thread.join(timeout)

    def _run(self) -> None:
        while (note := self._queue.get()) is not None:
            more = True
            with suppress(Empty):
                while more:
                    newer = self._queue.get_nowait()
                    more = newer is not None
                    note = newer or note
            self._call(note)
            if not more:
                return

    def _call(self, note: str) -> None:
        try:
            self._anchor(note)
        except Exception:
            log.exception("a checkpoint could not be anchored; the next one will be tried")


def anchor_file(path: Path) -> Anchor:
    """An anchor that keeps the newest checkpoint in the file ``path``, replaced as a whole.

    Several processes may share it. It is never replaced by one of a smaller tree: a log that was cut must not hide it.
    """

    def anchor(note: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if parse_checkpoint(note).size > _size(path):
                _replace(path, note)
        finally:
            os.close(lock)

    return anchor


def _size(path: Path) -> int:
    try:
        return parse_checkpoint(path.read_text(encoding="utf-8")).size
    except (FileNotFoundError, ValueError):
        return -1


def _replace(path: Path, text: str) -> None:
    new = path.with_name(path.name + ".new")
    with new.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
