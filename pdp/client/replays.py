"""How often each grant was used at this gateway: in memory, forgotten when the grant has ended."""

from __future__ import annotations

import threading

from pdp.errors import GrantRefused

MOST_GRANTS = 200_000


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

    def use(self, grant_id: str, uses: int, ends: int, now: float) -> int:
        """Take one of ``uses``; how many are left. ``ends`` is the Unix second from which the grant is refused.

        Raises ``GrantRefused``: replayed, expired, too_many (more grants at a time than this set may hold).
        """
        with self._lock:
            self._advance(now)
            if ends <= self._latest:
                raise GrantRefused("expired", "the grant ended before the latest time that this gateway has seen")
            left = self._left.get(grant_id)
            if left is None:
                left = self._enter(grant_id, uses, ends)
            if left < 1:
                raise GrantRefused("replayed", f"the grant was used {uses} times, which is all it is good for")
            self._left[grant_id] = left - 1
            return left - 1

    def _enter(self, grant_id: str, uses: int, ends: int) -> int:
        if len(self._left) >= self._most:
            raise GrantRefused("too_many", f"{self._most} grants are in use at this gateway; try again in a while")
        self._ends.setdefault(ends, []).append(grant_id)
        return uses

    def _advance(self, now: float) -> None:
        if now <= self._latest:
            return
        self._latest = now
        if int(now) == self._swept:
            return
        self._swept = int(now)
        for end in [e for e in self._ends if e <= now]:
            for grant_id in self._ends.pop(end):
                self._left.pop(grant_id, None)
