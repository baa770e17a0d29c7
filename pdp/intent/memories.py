"""Memories that need not be made again: a file of them, read one at a time.

A head with the number, shape and digest of what follows; an index of fixed rows (key, place and SHA-256 of each
memory); then the memories one after the other, float32, little-endian. Keys hold encoder fingerprint, role and text.
The checks find damage, not forgery: whoever can write the data directory can do worse.
"""

from __future__ import annotations

import hashlib
import logging
import os
import struct
import tempfile
import weakref
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pdp.intent.vectors import KEY_BYTES, key

Memory = NDArray[np.float32]
"""Keys and values of one text of an intent, [2 * joint layers, tokens, width]."""

MAGIC = b"PDPMEM1\n"
HEAD = struct.Struct("<8sIII32s")  # magic, memories, 2 * joint layers, width, digest of the fingerprint and the index
ROW = struct.Struct(f"<{KEY_BYTES}sQI32s")  # key, first byte in the file, tokens, SHA-256 of key and memory
VALUE = np.dtype("<f4")
MOST_MEMORIES = 1_000_000

logger = logging.getLogger(__name__)


class MemoryFile:
    """The memories of a file that was whole when it was opened; each is checked when it is read. Thread-safe.

    The file stays open as long as this lives: when another takes its place, this goes on with the one it knows.
    """

    def __init__(self, path: Path, file: int, shape: tuple[int, int], rows: Mapping[bytes, bytes]) -> None:
        self._path = path
        self._file = file
        weakref.finalize(self, os.close, file)
        self._layers, self._width = shape
        self._rows = rows

    @classmethod
    def open(cls, path: Path, fingerprint: str) -> MemoryFile | None:
        """The file at ``path``; ``None`` when there is none, and with a warning when it is not ours, or damaged."""
        try:
            file = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            return None
        except OSError as error:
            logger.warning("%s cannot be read (%s); making memories again", path, error)
            return None
        try:
            shape, rows = _index(file, fingerprint)
        except (OSError, ValueError) as error:
            os.close(file)
            logger.warning("%s is no whole file of this model's memories (%s); making them again", path, error)
            return None
        return cls(path, file, shape, rows)

    def holds(self, fingerprint: str, text: str, role: int) -> bool:
        """Whether the file has a memory of ``text`` in ``role``."""
        return _key(fingerprint, text, role) in self._rows

    def get(self, fingerprint: str, text: str, role: int) -> Memory | None:
        """The memory of ``text`` in ``role``; ``None`` where the file has none, or a damaged one, with a warning."""
        name = _key(fingerprint, text, role)
        row = self._rows.get(name)
        if row is None:
            return None
        _, start, tokens, check = ROW.unpack(row)
        try:
            data = os.pread(self._file, self._layers * tokens * self._width * VALUE.itemsize, start)
        except OSError as error:
            logger.warning("%s cannot be read (%s); making a memory again", self._path, error)
            return None
        if _check(name, data) != check:
            logger.warning("a memory in %s is damaged; making it again", self._path)
            return None
        return np.frombuffer(data, VALUE).reshape(self._layers, tokens, self._width).astype(np.float32, copy=False)


def write(path: Path, fingerprint: str, memories: Mapping[tuple[str, int], Memory]) -> None:
    """Replace the file at ``path`` with ``memories`` by text and role, in one step. Raises ``OSError``."""
    layers, _, width = next(iter(memories.values())).shape
    start, rows = HEAD.size + ROW.size * len(memories), []
    for (text, role), memory in memories.items():
        name, data = _key(fingerprint, text, role), memory.astype(VALUE).tobytes()
        rows.append(ROW.pack(name, start, memory.shape[1], _check(name, data)))
        start += len(data)
    index = b"".join(rows)
    head = (MAGIC, len(memories), layers, width)
    handle, passing = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(HEAD.pack(*head, _digest(fingerprint, layers, width, index)))
            file.write(index)
            for memory in memories.values():
                file.write(memory.astype(VALUE).tobytes())
        Path(passing).replace(path)
    except BaseException:
        Path(passing).unlink(missing_ok=True)
        raise


def _index(file: int, fingerprint: str) -> tuple[tuple[int, int], dict[bytes, bytes]]:
    """Shape, and the rows by key. Raises ``ValueError`` unless all of it is as it was written."""
    head = os.pread(file, HEAD.size, 0)
    if len(head) != HEAD.size or not head.startswith(MAGIC):
        raise ValueError("no such file")
    _, count, layers, width, digest = HEAD.unpack(head)
    if count > MOST_MEMORIES:
        raise ValueError(f"{count} memories")
    index = os.pread(file, ROW.size * count, HEAD.size)
    if _digest(fingerprint, layers, width, index) != digest or len(index) != ROW.size * count:
        raise ValueError("another model's, or its index is damaged")
    rows = (index[at : at + ROW.size] for at in range(0, len(index), ROW.size))
    return (layers, width), {row[:KEY_BYTES]: row for row in rows}


def _key(fingerprint: str, text: str, role: int) -> bytes:
    return key(fingerprint, str(role), text)


def _digest(fingerprint: str, layers: int, width: int, index: bytes) -> bytes:
    return hashlib.sha256(key(fingerprint, str(layers), str(width)) + index).digest()


def _check(name: bytes, data: bytes) -> bytes:
    return hashlib.sha256(name + data).digest()
