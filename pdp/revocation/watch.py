"""Those who watch the journal: gateways, each with a bounded queue of events, and what they have acknowledged.

Everything here belongs to the thread of the event loop. ``now`` is in seconds on any clock that does not go back.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass

from pdp.revocation.events import Event, Heartbeat, Snapshot


class WatcherDropped(Exception):
    """The watcher did not drain its events, or another took its place. It must subscribe again."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """How many gateways hold an order, do not hold it yet, and have not been heard of lately without holding it."""

    acknowledged: int
    pending: int
    stale: int


class Watcher:
    """One gateway instance that watches. ``acknowledged`` is the newest sequence that is in force there."""

    def __init__(self, gateway: str, instance: str, room: int, now: float) -> None:
        self.gateway = gateway
        self.instance = instance
        self.acknowledged = 0
        self.heard = now
        self.dropped = ""
        self._room = room
        self._sent = 0
        self._events: deque[Event] = deque()
        self._awake = asyncio.Event()

    async def next(self) -> Event:
        """The next event, as soon as there is one. Raises ``WatcherDropped``."""
        while not self._events and not self.dropped:
            self._awake.clear()
            await self._awake.wait()
        if self.dropped:
            raise WatcherDropped(self.dropped)
        event = self._events.popleft()
        self._sent = max(self._sent, event.sequence)
        return event

    def put(self, event: Event) -> bool:
        """Queue ``event``; False when there is no room. A snapshot replaces what waits, a heartbeat never waits."""
        if isinstance(event, Snapshot):
            self._events.clear()
        elif isinstance(event, Heartbeat) and self._events:
            # What waits already tells that the server lives.
            return True
        if len(self._events) >= self._room:
            return False
        self._events.append(event)
        self._awake.set()
        return True

    def acknowledge(self, sequence: int, now: float) -> None:
        """Take note of what the gateway says; what it was never sent it cannot hold."""
        self.acknowledged = max(self.acknowledged, min(sequence, self._sent))
        self.heard = now

    def drop(self, why: str) -> None:
        """Forget what waits; ``next`` raises from now on."""
        self.dropped = self.dropped or why
        self._events.clear()
        self._awake.set()


class Watchers:
    """All that watch in this process, by gateway and instance.

    ``room`` is how many events may wait for one of them, ``stale_after`` how long it may be silent, in seconds, and
    ``remembered`` how long one that has left counts as stale: until it fails closed it may still admit what is killed.
    """

    def __init__(self, *, room: int = 1_024, stale_after: float = 3.0, remembered: float = 10.0) -> None:
        self._room = room
        self._stale_after = stale_after
        self._remembered = remembered
        self._watchers: dict[tuple[str, str], Watcher] = {}
        self._left: dict[tuple[str, str], tuple[Watcher, float]] = {}
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        return len(self._watchers)

    def subscribe(self, gateway: str, instance: str, snapshot: Snapshot, now: float) -> Watcher:
        """A new watcher, which is told ``snapshot`` first. It takes the place of one of the same name."""
        key = (gateway, instance)
        if key in self._watchers:
            self._watchers.pop(key).drop("it subscribed again")
        self._left.pop(key, None)
        watcher = self._watchers[key] = Watcher(gateway, instance, self._room, now)
        watcher.put(snapshot)
        return watcher

    def leave(self, watcher: Watcher, now: float, why: str = "it left") -> None:
        """The watcher's stream has ended. Leaving twice is fine."""
        key = (watcher.gateway, watcher.instance)
        watcher.drop(why)
        if self._watchers.get(key) is watcher:
            del self._watchers[key]
            self._left[key] = (watcher, now)
            self._forget(now)
            self._wake()

    def tell(self, event: Event, now: float) -> None:
        """Queue ``event`` for everybody; who has no room for it is dropped."""
        for watcher in [w for w in self._watchers.values() if not w.put(event)]:
            self.leave(watcher, now, f"it left {self._room} events waiting")

    def acknowledge(self, watcher: Watcher, sequence: int, now: float) -> None:
        """The gateway says that everything up to ``sequence`` is in force there."""
        watcher.acknowledge(sequence, now)
        self._wake()

    def counts(self, sequence: int, now: float) -> Acknowledged:
        """Who holds the order ``sequence`` at ``now``."""
        self._forget(now)
        waiting = [w for w in self._watchers.values() if w.acknowledged < sequence]
        stale = sum(now - w.heard > self._stale_after for w in waiting)
        gone = sum(w.acknowledged < sequence for w, _ in self._left.values())
        return Acknowledged(len(self._watchers) - len(waiting), len(waiting) - stale, stale + gone)

    async def settle(self, sequence: int, within: float) -> None:
        """Return when every watcher holds the order ``sequence``, or after ``within`` seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                while any(w.acknowledged < sequence for w in self._watchers.values()):
                    await self._changed.wait()

    def _wake(self) -> None:
        # Those who wait now are woken, and whoever waits later waits for the next change.
        self._changed.set()
        self._changed = asyncio.Event()

    def _forget(self, now: float) -> None:
        self._left = {key: (w, at) for key, (w, at) in self._left.items() if now - at <= self._remembered}
