"""The Merkle tree of RFC 6962, with the proofs and their verification as RFC 9162 writes them. Pure.

A subtree is named by ``(level, position)``: it is complete and covers the leaves ``position << level`` up to
``(position + 1) << level``. Every hash is SHA-256, 32 bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeAlias

EMPTY_ROOT = sha256().digest()
HASH_BYTES = 32
SIZE_BYTES = 8

# Every eighth level is worth storing: a proof then needs at most 255 stored hashes per level it climbs through, and the
# log holds one more hash for every 256 records (the tile height of C2SP tlog-tiles).
TILE_HEIGHT = 8
_IN_TILE = TILE_HEIGHT - 1

Subtree: TypeAlias = Callable[[int, int], bytes]


def leaf_hash(stored: bytes) -> bytes:
    """RFC 6962, 2.1."""
    return sha256(b"\0" + stored).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """RFC 6962, 2.1."""
    return sha256(b"\1" + left + right).digest()


@dataclass(frozen=True, slots=True)
class TileRoot:
    """The root of a complete subtree whose level is a multiple of ``TILE_HEIGHT``."""

    level: int
    position: int
    root: bytes


class CompactRange:
    """A tree that only grows: its size and the roots of its largest complete subtrees, from left to right."""

    __slots__ = ("_peaks", "size")

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        if size < 0 or len(peaks) != size.bit_count() or any(len(p) != HASH_BYTES for p in peaks):
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} peaks of {HASH_BYTES} bytes")
        self.size = size
        self._peaks = list(peaks)

    def append(self, leaf: bytes) -> tuple[TileRoot, ...]:
        """Add a leaf hash. Returns the tile roots that it completes, lowest first: mostly none."""
        peaks, left, level = self._peaks, self.size, 0
        completed: tuple[TileRoot, ...] = ()
        while left & 1:
            leaf = sha256(b"\1" + peaks.pop() + leaf).digest()
            left >>= 1
            level += 1
            if not level & _IN_TILE:
                completed += (TileRoot(level, left, leaf),)
        peaks.append(leaf)
        self.size += 1
        return completed

    def root(self) -> bytes:
        """The root of the tree as it is now."""
        if not self._peaks:
            return EMPTY_ROOT
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = node_hash(peak, root)
        return root

    def to_bytes(self) -> bytes:
        """Size (8 bytes, big endian) and peaks."""
        return self.size.to_bytes(SIZE_BYTES, "big") + b"".join(self._peaks)

    @classmethod
    def from_bytes(cls, stored: bytes) -> CompactRange:
        """The tree that was stored. Raises ``ValueError`` when the bytes are not those of a tree."""
        if len(stored) < SIZE_BYTES:
            raise ValueError(f"a tree is at least {SIZE_BYTES} bytes")
        hashes = stored[SIZE_BYTES:]
        peaks = [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]
        return cls(int.from_bytes(stored[:SIZE_BYTES], "big"), peaks)


def fold(hashes: Sequence[bytes]) -> bytes:
    """The root of a complete subtree from 2^n hashes of one level."""
    row = list(hashes)
    if not row or len(row) & (len(row) - 1):
        raise ValueError(f"a complete subtree has 2^n hashes, not {len(row)}")
    while len(row) > 1:
        row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row), 2)]
    return row[0]


def _split(size: int) -> int:
    """The largest power of two below ``size``: RFC 6962's k."""
    return 1 << (size - 1).bit_length() - 1


def tree_root(start: int, end: int, subtree: Subtree) -> bytes:
    """RFC 6962's MTH(D[start:end]), for the ranges that its recursion visits."""
    if start == end:
        return EMPTY_ROOT
    size = end - start
    if not size & (size - 1):
        level = size.bit_length() - 1
        return subtree(level, start >> level)
    middle = start + _split(size)
    return node_hash(tree_root(start, middle, subtree), tree_root(middle, end, subtree))


def inclusion_proof(index: int, size: int, subtree: Subtree) -> tuple[bytes, ...]:
    """RFC 6962, 2.1.1: the path of leaf ``index`` in the tree of the first ``size`` leaves, lowest hash first."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    start, end, path = 0, size, []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(tree_root(middle, end, subtree))
            end = middle
        else:
            path.append(tree_root(start, middle, subtree))
            start = middle
    return tuple(reversed(path))


def consistency_proof(first: int, second: int, subtree: Subtree) -> tuple[bytes, ...]:
    """RFC 6962, 2.1.2: that the tree of ``first`` leaves begins the tree of ``second``; nothing is needed for 0."""
    if not 0 <= first <= second:
        raise ValueError(f"a tree of {second} leaves does not begin with one of {first}")
    if first in {0, second}:
        return ()
    start, end, whole, path = 0, second, True, []
    while first != end:
        middle = start + _split(end - start)
        if first <= middle:
            path.append(tree_root(middle, end, subtree))
            end = middle
        else:
            path.append(tree_root(start, middle, subtree))
            start, whole = middle, False
    if not whole:
        path.append(tree_root(start, end, subtree))
    return tuple(reversed(path))


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """RFC 9162, 2.1.3.2: whether ``proof`` shows that ``leaf`` stands at ``index`` in the tree with ``root``."""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for hash_ in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(hash_, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, hash_)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """RFC 9162, 2.1.4.2: whether ``proof`` shows that the second tree begins with the first."""
    if not 0 <= first <= second:
        return False
    if first == second:
        return not proof and first_root == second_root
    if first == 0:
        return not proof and first_root == EMPTY_ROOT
    hashes = [first_root, *proof] if not first & (first - 1) else list(proof)
    return bool(proof) and _climb(first - 1, second - 1, hashes) == (first_root, second_root)


def _climb(at: int, last: int, hashes: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """The two roots that a consistency proof leads to; nothing when it has too few or too many hashes."""
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = hashes[0]
    for hash_ in hashes[1:]:
        if last == 0:
            return None
        if at & 1 or at == last:
            old, new = node_hash(hash_, old), node_hash(hash_, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, hash_)
        at, last = at >> 1, last >> 1
    return (old, new) if last == 0 else None
