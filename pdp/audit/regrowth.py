"""The tree of a log, grown anew from its leaves and compared with every head that was ever signed for it.

Growing the whole tree and meeting every signed root on the way shows more than consistency proofs between them would.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from pdp.audit.merkle import TILE_HEIGHT, CompactRange
from pdp.audit.report import FindingKind, Findings

_TILE: Final = 1 << TILE_HEIGHT
_Tiles = Mapping[tuple[int, int], bytes]


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A head with a good signature, called ``name`` in findings; ``elsewhere``: it was not kept with the log."""

    size: int
    root: bytes
    name: str
    elsewhere: bool = False


class Regrowth:
    """Takes the leaves in order. After a missing record nothing beyond can be compared, and it says so once."""

    def __init__(self, heads: Iterable[SignedHead], tiles: _Tiles, findings: Findings) -> None:
        self._heads = sorted(heads, key=lambda h: (h.size, h.name))
        self._next = 0
        self._tiles = tiles
        self._findings = findings
        self._bad_tiles: list[tuple[int, int]] = []
        self._broken = False
        self._named = -1
        self._missing = 0
        self.tree = CompactRange()
        self.good = SignedHead(0, self.tree.root(), "the empty log")
        """The newest head that was met."""
        self._due = self._heads[0].size if self._heads else -1
        self._meet()

    def doubt(self, index: int) -> None:
        """A finding names the record ``index`` already: a root that differs because of it is none of its own."""
        self._named = index

    def take(self, leaf: bytes) -> None:
        """The next leaf hash."""
        tree = self.tree
        for tile in tree.append(leaf):
            if not self._broken and self._tiles.get((tile.level, tile.position)) != tile.root:
                self._bad_tiles.append((tile.level, tile.position))
        if tree.size == self._due:
            self._meet()

    def skip(self, missing: int) -> None:
        """So many records are missing or no leaves, so no later root can be right."""
        self._broken = True
        self._missing += missing

    def end(self, frontier: bytes) -> None:
        """All leaves were taken. ``frontier`` is the tree as the writers left it."""
        beyond = self._heads[self._next :]
        size = self.tree.size + self._missing
        if not self._broken:
            self._check_tiles()
            self._check_end(max(beyond, key=lambda h: h.size, default=None), frontier)
        elif beyond and beyond[-1].size > size:
            self._lost(size, beyond[-1])

    def _meet(self) -> None:
        """Compare every head of the size that the tree has now."""
        root = self.tree.root()
        while self._next < len(self._heads) and self._heads[self._next].size == self.tree.size:
            head = self._heads[self._next]
            self._next += 1
            if self._broken:
                continue
            if head.root == root:
                self.good = self.good if head.elsewhere else head
            else:
                self._differs(head)
        self._due = self._heads[self._next].size if self._next < len(self._heads) else -1

    def _differs(self, head: SignedHead) -> None:
        self._broken = True
        if head.elsewhere:
            # What was kept with the log may have been exchanged with it, so it does not say where the two part.
            text = f"{head.name} is of another log; the one from record 0 on was put in its place, or written anew"
            self._findings.add(FindingKind.TAMPERED, 0, text)
        elif not self.good.size <= self._named < head.size:
            self._locate(head)

    def _locate(self, head: SignedHead) -> None:
        first, last = self.good.size, head.size - 1
        for level, position in self._bad_tiles:
            if level == TILE_HEIGHT:  # which 256 records it is, when the stored hashes were left as they were
                first, last = max(first, position * _TILE), min(last, (position + 1) * _TILE - 1)
                break
        which = f"record {first}" if first >= last else f"one of the records {first} to {last}"
        text = f"{head.name} was signed for another log: {which} is not what it was, or not where it was"
        self._findings.add(FindingKind.TAMPERED, first, text)

    def _check_tiles(self) -> None:
        for level, position in self._bad_tiles[:1]:
            first = position << level
            text = f"the stored hash of the records {first} to {first + (1 << level) - 1} is not theirs"
            self._findings.add(FindingKind.TAMPERED, first, text)

    def _check_end(self, beyond: SignedHead | None, frontier: bytes) -> None:
        size = self.tree.size
        if beyond is not None:
            self._lost(size, beyond)
        elif frontier != self.tree.to_bytes():
            written = int.from_bytes(frontier[:8], "big")
            kind = FindingKind.GAP if written > size else FindingKind.TAMPERED
            text = f"the log was written as one of {written} records and has {size}, or others"
            self._findings.add(kind, min(written, size), text)

    def _lost(self, size: int, head: SignedHead) -> None:
        which = f"record {size} is" if head.size == size + 1 else f"the records {size} to {head.size - 1} are"
        self._findings.add(FindingKind.GAP, size, f"{which} missing from the end: {head.name} covers {head.size}")
