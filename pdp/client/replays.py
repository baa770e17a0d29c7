"""How often each grant was used at this gateway: in memory, forgotten when the grant has ended."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import NamedTuple

from pdp.errors import GrantRefused

MOST_GRANTS = 200_000


class Count(NamedTuple):
    """A grant to be counted. ``ends`` is the Unix second from which it is refused anyway."""

    grant_id: str
    uses: int
    ends: int


class ReplaySet:
    """Uses left by grant id. Safe to share between threads.

    Time only goes forward here: a clock that is set back cannot revive what was forgotten, and one that was ahead
    for a moment makes grants count as ended until the time it showed has come.
    """

    def __init__(self, most: int = MOST_GRANTS) -> None:
        self._most = most
        self._left: dict[str, int] = {}
        self._ends: dict[int, list[str]] = {}
        self._latest = float("-inf")
        self._swept = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._left)

    def use(self, counts: Sequence[Count], now: float) -> int:
        """Take one use of every grant in ``counts``, or none of any; how many are left of the scarcest.

        The first is the grant itself, the others are its origins. Raises ``GrantRefused``: replayed, expired,
        too_many (more grants at a time than this set may hold).
        """
        known = self._left
        with self._lock:
            if now > self._latest:
                self._advance(now)
            if counts[0].ends <= self._latest:
                raise GrantRefused("expired", "the grant ended before the latest time that this gateway has seen")
            left = min([known.get(grant_id, uses) for grant_id, uses, _ in counts])
            if left < 1:
                raise GrantRefused("replayed", "the grant, or one it comes from, has no use left")
            for count in counts:
                if count.grant_id not in known:
                    self._enter(counts)
                    break
            for count in counts:
                known[count.grant_id] -= 1
            return left - 1

    def _enter(self, counts: Sequence[Count]) -> None:
        unknown = [c for c in counts if c.grant_id not in self._left]
        if len(self._left) + len(unknown) > self._most:
            raise GrantRefused("too_many", f"{self._most} grants are in use at this gateway; try again in a while")
        for count in unknown:
            self._left[count.grant_id] = count.uses
            self._ends.setdefault(count.ends, []).append(count.grant_id)

    def _advance(self, now: float) -> None:
        self._latest = now
        if int(now) == self._swept:
            return
        self._swept = int(now)
        for end in [e for e in self._ends if e <= now]:
            for grant_id in self._ends.pop(end):
                self._left.pop(grant_id, None)
