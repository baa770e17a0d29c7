"""When a checkpoint is due, and the table of those that were signed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from pdp.audit.checkpoint import sign_checkpoint
from pdp.audit.merkle import CompactRange
from pdp.audit.note import Signer

NEWEST = "SELECT size, time, note FROM checkpoints ORDER BY size DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class Head:
    """A signed note; ``fresh`` when it has just been signed."""

    note: str
    fresh: bool


class Heads:
    """Signs when the tree has grown and the newest checkpoint, of whichever process, is older than ``interval``."""

    def __init__(self, signer: Signer, interval: float, clock: Callable[[], float]) -> None:
        self._signer = signer
        self._interval = interval
        self._clock = clock
        self._seen = (0, float("-inf"))

    @property
    def size(self) -> int:
        """How many records the newest checkpoint covers, as far as this process knows."""
        return self._seen[0]

    def forget(self) -> None:
        """What was signed last may not have been committed."""
        self._seen = (0, float("-inf"))

    def sign(self, connection: sqlite3.Connection, tree: CompactRange, *, wanted: bool) -> Head | None:
        """A checkpoint of ``tree``, inside the transaction that made it: at once when ``wanted``, else when due."""
        now = self._clock()
        if not wanted and self._recent(now):
            return None
        size, time, note = connection.execute(NEWEST).fetchone() or (-1, float("-inf"), "")
        if size == tree.size:
            self._seen = (size, time)
            return Head(note, fresh=False)
        self._seen = (max(size, 0), time)
        if not wanted and (self._recent(now) or not tree.size):
            return None
        note = sign_checkpoint(tree.size, tree.root(), self._signer)
        connection.execute("INSERT INTO checkpoints VALUES (?, ?, ?)", (tree.size, now, note))
        self._seen = (tree.size, now)
        return Head(note, fresh=True)

    def _recent(self, now: float) -> bool:
        # A clock that was set back must not silence the checkpoints until it has caught up.
        return 0 <= now - self._seen[1] < self._interval
