"""The audit log as those who read it see it: in any process, beside the writers or offline."""

from __future__ import annotations

import json
import math
import sqlite3
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self

from pdp.audit.failures import unavailable
from pdp.audit.heads import NEWEST
from pdp.audit.merkle import (
    TILE_HEIGHT,
    CompactRange,
    consistency_proof,
    fold,
    inclusion_proof,
    tree_root,
)
from pdp.audit.record import Record, RecordKind
from pdp.audit.schema import connect_to_read
from pdp.errors import AuditUnavailable, NotFound

PAGE = 1000

RECORD = "SELECT idx, kind, time, leaf, entry FROM records WHERE idx = ?"
RECORDS = "SELECT idx, kind, time, leaf, entry FROM records WHERE idx >= ? ORDER BY idx LIMIT ?"
FOUND = """
SELECT idx, kind, time, leaf, entry FROM records
WHERE idx IN (SELECT idx FROM links WHERE id = ? AND idx >= ? ORDER BY idx LIMIT ?) ORDER BY idx
"""
# The inner query is answered from the index alone; only what is shown is fetched.
SEARCHED = """
SELECT idx, kind, time, leaf, entry FROM records WHERE idx IN (
    SELECT idx FROM records
    WHERE kind IN (SELECT value FROM json_each(?)) AND time >= ? AND time < ? AND idx >= ? ORDER BY idx LIMIT ?
) ORDER BY idx
"""
LINKS = "SELECT id, idx FROM links WHERE (id, idx) > (?, ?) ORDER BY id, idx LIMIT ?"
VALUE = "SELECT value FROM state WHERE space = ? AND key = ?"
TILES = "SELECT root FROM tiles WHERE level = ? AND position >= ? AND position < ? ORDER BY position"
LEAVES = "SELECT leaf FROM records WHERE idx >= ? AND idx < ? ORDER BY idx"


class AuditReader:
    """A read-only view that follows the log as it grows; its methods may be called from any thread.

    Everything raises ``AuditUnavailable`` when the file cannot be read. Nothing is checked here: what is read is what
    lies there. ``get`` has a connection of its own, so that it waits for no other reading: decisions hang on it.
    """

    def __init__(self, connection: sqlite3.Connection, beside: sqlite3.Connection) -> None:
        self._connection = connection
        self._beside = beside
        self._lock = Lock()
        self._beside_lock = Lock()

    @classmethod
    def open(cls, directory: Path) -> Self:
        """The log in ``directory``."""
        try:
            return cls(connect_to_read(directory), connect_to_read(directory))
        except (sqlite3.Error, OSError) as error:
            raise unavailable(error, "read") from error

    def _rows(self, statement: str, *values: object) -> list[Any]:
        try:
            with self._lock:
                return self._connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise unavailable(error, "read") from error

    def size(self) -> int:
        """How many records there are."""
        return self.tree().size

    def tree(self) -> CompactRange:
        """The tree as the writers left it, with its root."""
        ((frontier,),) = self._rows("SELECT frontier FROM tree")
        try:
            return CompactRange.from_bytes(frontier)
        except ValueError as error:
            raise unavailable(error, "read") from error

    def record(self, index: int) -> Record:
        """The record at ``index``. Raises ``NotFound``."""
        for row in self._rows(RECORD, index):
            return Record(*row)
        raise NotFound(f"the audit log has no record {index}; it has {self.size()}")

    def records(self, start: int = 0, end: int | None = None) -> Iterator[Record]:
        """Every record that is there from ``start`` up to, not including, ``end`` (none: to the last), in order."""
        last = sys.maxsize if end is None else end
        while start < last and (rows := self._rows(RECORDS, start, min(PAGE, last - start))):
            for row in rows:
                if row[0] >= last:  # records are missing: the page reaches beyond
                    return
                yield Record(*row)
            start = rows[-1][0] + 1

    def find(self, identifier: str, start: int = 0, limit: int = PAGE) -> tuple[Record, ...]:
        """At most ``limit`` records from ``start`` on that carry ``identifier`` among their ids, in order."""
        return tuple(Record(*row) for row in self._rows(FOUND, identifier, start, limit))

    def search(
        self,
        kinds: Collection[RecordKind] = (),
        since: float | None = None,
        until: float | None = None,
        start: int = 0,
        limit: int = PAGE,
    ) -> tuple[Record, ...]:
        """At most ``limit`` records from ``start`` on, in order: of ``kinds`` (none: all), in ``[since, until)``."""
        if kinds or since is not None or until is not None:
            names = json.dumps([kind.value for kind in kinds or RecordKind])
            low, high = -math.inf if since is None else since, math.inf if until is None else until
            rows = self._rows(SEARCHED, names, low, high, start, limit)
        else:
            rows = self._rows(RECORDS, start, limit)
        return tuple(Record(*row) for row in rows)

    def links(self) -> Iterator[tuple[str, int]]:
        """Every id with the log index of a record that can be found by it, by id."""
        after = ("", -1)
        while rows := self._rows(LINKS, *after, PAGE):
            yield from rows
            after = rows[-1]

    def checkpoint(self) -> str | None:
        """The newest signed note."""
        return next((note for _, _, note in self._rows(NEWEST)), None)

    def checkpoints(self) -> tuple[str, ...]:
        """Every signed note, by size."""
        return tuple(note for (note,) in self._rows("SELECT note FROM checkpoints ORDER BY size"))

    def get(self, space: str, key: str) -> bytes | None:
        """A value that a job has put."""
        try:
            with self._beside_lock:
                row = self._beside.execute(VALUE, (space, key)).fetchone()
        except sqlite3.Error as error:
            raise unavailable(error, "read") from error
        return row[0] if row else None

    def scan(self, space: str) -> tuple[tuple[str, bytes], ...]:
        """Every key of ``space`` with its value, by key."""
        return tuple(self._rows("SELECT key, value FROM state WHERE space = ? ORDER BY key", space))

    def root(self, size: int) -> bytes:
        """The root of the first ``size`` records. Raises ``NotFound`` when there are fewer."""
        self._check(size)
        return tree_root(0, size, self._subtree)

    def inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        """The proof that record ``index`` is in the tree of the first ``size``. Raises ``NotFound``."""
        self._check(size)
        if not 0 <= index < size:
            raise NotFound(f"the first {size} records have no record {index}")
        return inclusion_proof(index, size, self._subtree)

    def consistency(self, first: int, second: int) -> tuple[bytes, ...]:
        """The proof that the log of ``second`` records begins with that of ``first``. Raises ``NotFound``."""
        self._check(second)
        if not 0 <= first <= second:
            raise NotFound(f"the first {second} records do not begin with {first}")
        return consistency_proof(first, second, self._subtree)

    def _check(self, size: int) -> None:
        present = self.size()
        if not 0 <= size <= present:
            raise NotFound(f"the audit log has {present} records, not {size}")

    def _subtree(self, level: int, position: int) -> bytes:
        """The root of a complete subtree, folded from the nearest hashes below it that are stored."""
        base = level - level % TILE_HEIGHT
        first, end = position << level - base, position + 1 << level - base
        rows = self._rows(TILES, base, first, end) if base else self._rows(LEAVES, first, end)
        if len(rows) != end - first:
            raise AuditUnavailable("the audit log cannot be read: hashes are missing; run pdp audit verify on it")
        return fold([row[0] for row in rows])

    def close(self) -> None:
        """Let go of the file."""
        with self._lock, self._beside_lock:
            self._connection.close()
            self._beside.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
