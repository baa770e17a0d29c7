"""Vectors that need not be computed again: a bounded cache in memory and a file of sample vectors on disk.

Both are keyed by encoder fingerprint and canonical text; the cache also by bundle revision. The parts of a key are
length-prefixed, so that no two different pairs run together into the same key.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]

KEY_BYTES = 32
VECTOR_TYPE = np.dtype("<f4")

logger = logging.getLogger(__name__)


def key(*parts: str) -> bytes:
    """The SHA-256 of the parts, each preceded by its length in bytes (8 bytes, big-endian)."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.digest()


class VectorCache:
    """The most recently used vectors, at most ``capacity`` of them. Safe to use from several threads.

    Only finished vectors are put in, so no failure is ever remembered.
    """

    def __init__(self, capacity: int, fingerprint: str) -> None:
        self._capacity = capacity
        self._fingerprint = fingerprint
        self._vectors: OrderedDict[bytes, Vector] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._vectors)

    def get(self, revision: str, text: str) -> Vector | None:
        """The vector of a canonical text under a bundle revision, read-only, if it is remembered."""
        name = key(self._fingerprint, revision, text)
        with self._lock:
            vector = self._vectors.get(name)
            if vector is not None:
                self._vectors.move_to_end(name)
            return vector

    def put(self, revision: str, text: str, vector: Vector) -> None:
        """Remember a copy of ``vector``; the least recently used one is forgotten when there are too many."""
        if self._capacity < 1:
            return
        # A copy: a row of a batch would keep the whole batch alive.
        kept = np.array(vector, np.float32)
        kept.setflags(write=False)
        name = key(self._fingerprint, revision, text)
        with self._lock:
            self._vectors[name] = kept
            self._vectors.move_to_end(name)
            while len(self._vectors) > self._capacity:
                self._vectors.popitem(last=False)


def row_type(dimension: int) -> np.dtype[np.void]:
    """One row of a vector file: key, SHA-256 over key and vector, vector. The check finds damage, not forgery."""
    return np.dtype([("key", "u1", (KEY_BYTES,)), ("check", "u1", (KEY_BYTES,)), ("vector", VECTOR_TYPE, (dimension,))])


def read_vectors(path: Path, fingerprint: str, dimension: int, texts: Iterable[str]) -> dict[str, Vector]:
    """The vectors that the file at ``path`` holds of ``texts``; empty when there is no file.

    A file that is not ours, of another width or damaged is ignored with a warning, and so are single damaged rows:
    whoever asked encodes those texts again.
    """
    rows = _read_rows(path, dimension)
    if rows is None:
        return {}
    places = {rows["key"][at].tobytes(): at for at in range(len(rows))}
    found, damaged = {}, 0
    for text in texts:
        at = places.get(key(fingerprint, text))
        if at is None:
            continue
        row = rows[at]
        if row["check"].tobytes() == _check(row["key"], row["vector"]):
            found[text] = row["vector"].astype(np.float32)
        else:
            damaged += 1
    if damaged:
        logger.warning("%d vectors in %s are damaged; encoding their texts again", damaged, path)
    return found


def write_vectors(path: Path, fingerprint: str, dimension: int, vectors: Mapping[str, Vector]) -> None:
    """Replace the file at ``path`` with ``vectors`` by text, in one step. Raises ``OSError`` when that fails."""
    rows = np.zeros(len(vectors), row_type(dimension))
    for row, (text, vector) in zip(rows, vectors.items(), strict=True):
        row["key"] = np.frombuffer(key(fingerprint, text), np.uint8)
        row["vector"] = vector
        row["check"] = np.frombuffer(_check(row["key"], row["vector"]), np.uint8)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            np.lib.format.write_array(file, rows, version=(1, 0), allow_pickle=False)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _read_rows(path: Path, dimension: int) -> NDArray[np.void] | None:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        logger.warning("%s cannot be read (%s); encoding again", path, error)
        return None
    # There is one right header for a length, so it is compared and not parsed: numpy evaluates what stands in a header.
    kind = row_type(dimension)
    start = len(_header(0, kind))
    count = max(0, len(content) - start) // kind.itemsize
    if content[:start] != _header(count, kind) or len(content) != start + count * kind.itemsize:
        logger.warning("%s is not a whole file of vectors of width %d; encoding again", path, dimension)
        return None
    return np.frombuffer(content, kind, offset=start)


def _header(count: int, kind: np.dtype[np.void]) -> bytes:
    """How a .npy file of ``count`` rows begins. Its length does not depend on ``count``."""
    file = BytesIO()
    shape = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": (count,)}
    np.lib.format.write_array_header_1_0(file, shape)
    return file.getvalue()


def _check(name: NDArray[np.uint8], vector: NDArray[np.float32]) -> bytes:
    return hashlib.sha256(name.tobytes() + vector.astype(VECTOR_TYPE).tobytes()).digest()
