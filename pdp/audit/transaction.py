"""What a job sees of the log: everything committed, and on top what the jobs before it and it itself have written.

Nothing is sent to the database until every job of a batch has run, so a job that raises is undone by forgetting what it
wrote, and a batch is a handful of statements however many jobs it holds.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import TypeAlias

from pdp.audit.merkle import CompactRange, leaf_hash
from pdp.audit.record import Entry

Row: TypeAlias = tuple[int, str, float, bytes, bytes]
Key: TypeAlias = tuple[str, str]

INSERT_RECORD = "INSERT INTO records VALUES (?, ?, ?, ?, ?)"
INSERT_LINK = "INSERT OR IGNORE INTO links VALUES (?, ?)"

# Every step of a statement gives up the interpreter's lock, and the event loop may then keep it for milliseconds: one
# step inserts so many rows.
ROWS_AT_ONCE = 32
INSERT_TILE = "INSERT OR REPLACE INTO tiles VALUES (?, ?, ?)"
UPDATE_TREE = "UPDATE tree SET frontier = ?"
INSERT_STATE = "INSERT OR REPLACE INTO state VALUES (?, ?, ?)"
DELETE_STATE = "DELETE FROM state WHERE space = ? AND key = ?"


class Transaction:
    """One batch. ``append`` adds a record; the rest is a store of bytes by ``space`` and ``key``."""

    __slots__ = ("_changes", "_connection", "_kept", "_links", "_marks", "_own", "_rows", "_size")

    def __init__(self, connection: sqlite3.Connection, size: int) -> None:
        self._connection = connection
        self._size = size
        self._rows: list[Row] = []
        self._links: list[tuple[str, int]] = []
        self._changes: dict[Key, bytes | None] = {}
        self._own: dict[Key, bytes | None] = {}
        self._marks = (0, 0)

    def append(self, entry: Entry) -> int:
        """Add a record; returns its log index. Raises what ``Entry.to_bytes`` raises."""
        stored = entry.to_bytes()
        index = self._size + len(self._rows)
        self._rows.append((index, entry.kind.value, float(entry.time), leaf_hash(stored), stored))
        self._links.extend((i, index) for i in entry.ids)
        return index

    def get(self, space: str, key: str) -> bytes | None:
        """The value there, if any."""
        for written in (self._own, self._changes):
            if (space, key) in written:
                return written[space, key]
        row = self._connection.execute("SELECT value FROM state WHERE space = ? AND key = ?", (space, key)).fetchone()
        return row[0] if row else None

    def put(self, space: str, key: str, value: bytes) -> None:
        """Set a value."""
        # What the database would refuse must be refused here: there it would take the whole batch with it.
        if not isinstance(value, bytes):
            raise TypeError("a value is bytes")
        space.encode(), key.encode()
        self._own[space, key] = value

    def delete(self, space: str, key: str) -> None:
        """Remove a value; nothing happens when there is none."""
        space.encode(), key.encode()
        self._own[space, key] = None

    def scan(self, space: str) -> Iterator[tuple[str, bytes]]:
        """Every key of ``space`` with its value, in the order of the keys, as it is when this is called."""
        found: dict[str, bytes | None] = dict(
            self._connection.execute("SELECT key, value FROM state WHERE space = ?", (space,)).fetchall()
        )
        for written in (self._changes, self._own):
            found.update((key, value) for (where, key), value in written.items() if where == space)
        return iter([(key, value) for key, value in sorted(found.items()) if value is not None])

    # The rest is for the writer.

    def keep(self) -> None:
        """The job has returned: what it wrote stays."""
        self._marks = (len(self._rows), len(self._links))
        if self._own:
            self._changes |= self._own
            self._own = {}

    def drop(self) -> None:
        """The job has raised: what it wrote is forgotten."""
        rows, links = self._marks
        del self._rows[rows:], self._links[links:]
        self._own = {}

    @property
    def rows(self) -> int:
        """How many records were added."""
        return len(self._rows)

    def flush(self, tree: CompactRange) -> None:
        """Send everything to the database; ``tree`` grows by the new leaves."""
        if self._rows:
            tiles = [(t.level, t.position, t.root) for row in self._rows for t in tree.append(row[3])]
            _insert(self._connection, INSERT_RECORD, self._rows)
            _insert(self._connection, INSERT_LINK, self._links)
            if tiles:
                self._connection.executemany(INSERT_TILE, tiles)
            self._connection.execute(UPDATE_TREE, (tree.to_bytes(),))
        if self._changes:
            self._flush_state()

    def _flush_state(self) -> None:
        puts = [(space, key, value) for (space, key), value in self._changes.items() if value is not None]
        if puts:
            self._connection.executemany(INSERT_STATE, puts)
        if len(puts) < len(self._changes):
            self._connection.executemany(DELETE_STATE, [at for at, value in self._changes.items() if value is None])


def _insert(connection: sqlite3.Connection, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Execute ``statement``, which ends with the placeholders of one row, for all ``rows``."""
    for start in range(0, len(rows), ROWS_AT_ONCE):
        some = rows[start : start + ROWS_AT_ONCE]
        connection.execute(_several(statement, len(some)), list(chain.from_iterable(some)))


@lru_cache(4 * ROWS_AT_ONCE)
def _several(statement: str, rows: int) -> str:
    placeholders = statement[statement.index("(") :]
    return ", ".join([statement] + [placeholders] * (rows - 1))
