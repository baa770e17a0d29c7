"""Vectors that need not be computed again: a file of sample vectors on disk.

Keyed by encoder fingerprint and text. The parts of a key are length-prefixed, so that no two different pairs run
together into the same key.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]

KEY_BYTES = 32
VECTOR_TYPE = np.dtype("<f4")

PASSING_SECONDS = 3600.0

logger = logging.getLogger(__name__)


UNKEPT_SHARE = 0.01
"""The file is written when more than this share would be encoded again: not all of it for each exemplar added."""


class VectorStore:
    """The file at ``path`` (``None``: none) with vectors of one encoder."""

    def __init__(self, path: Path | None, fingerprint: str, dimension: int) -> None:
        self._path = path
        self._fingerprint = fingerprint
        self._dimension = dimension
        if path is not None:
            sweep(path)
        self._held: set[str] = set()

    def read(self, texts: Sequence[str]) -> dict[str, Vector]:
        """What the file holds of ``texts``."""
        if self._path is None or not texts:
            return {}
        found = read_vectors(self._path, self._fingerprint, self._dimension, texts)
        self._held.update(found)
        return found

    def keep(self, vectors: Mapping[str, Vector]) -> None:
        """Keep ``vectors`` and nothing else, where the file lacks a share of them that is worth it."""
        if self._path is None or len(vectors.keys() - self._held) <= UNKEPT_SHARE * len(vectors):
            return
        try:
            write_vectors(self._path, self._fingerprint, self._dimension, vectors)
            self._held = set(vectors)
        except OSError as error:
            # Only speed is lost: the next start encodes these texts again.
            logger.warning("vectors cannot be kept in %s: %s", self._path, error)


def sweep(path: Path) -> None:
    """Remove what a process that was killed while it wrote ``path`` left beside it: files of more than an hour ago."""
    with suppress(OSError):
        for passing in path.parent.glob(f".{path.name}.*"):
            if time.time() - passing.stat().st_mtime > PASSING_SECONDS:
                passing.unlink(missing_ok=True)


def key(*parts: str) -> bytes:
    """The SHA-256 of the parts, each preceded by its length in bytes (8 bytes, big-endian)."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.digest()


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
