"""Hands new orders of the journal on to those who watch, whichever process gave them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from pdp.revocation.events import Delta, Heartbeat, Snapshot
from pdp.revocation.journal import News, RevocationJournal
from pdp.revocation.watch import Watcher, Watchers

log = logging.getLogger(__name__)


class Follower:
    """Looks at ``journal`` every ``interval`` seconds and tells ``watchers``; a heartbeat every ``beat`` seconds.

    ``clock`` gives epoch seconds, which orders expire by; ``monotonic`` gives seconds that never go back. Everything
    belongs to the thread of the event loop; from another one: ``loop.call_soon_threadsafe(follower.poke)``.
    """

    def __init__(
        self,
        journal: RevocationJournal,
        watchers: Watchers,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        *,
        interval: float = 0.005,
        beat: float = 1.0,
    ) -> None:
        self._journal = journal
        self._watchers = watchers
        self._clock = clock
        self._monotonic = monotonic
        self._interval = interval
        self._beat = beat
        self._beaten = monotonic()
        self._told = journal.news(0)

    async def run(self) -> None:
        """Follow until cancelled. What goes wrong is logged, and gateways that are told nothing fail closed."""
        while True:
            try:
                self._journal.examine()
                self.poke()
                self._heartbeat()
            except Exception:
                log.exception("orders could not be handed on; following goes on")
            await asyncio.sleep(self._interval)

    def poke(self) -> None:
        """Hand on what is new now; called by whoever has just given an order in this process."""
        self._journal.refresh()
        told = self._told
        if self._journal.table is told.table:
            return
        news = self._journal.news(told.table.sequence)
        if news.orders is None or not told.sound:
            self._watchers.tell(self._snapshot(news), self._monotonic())
        else:
            time, now = self._clock(), self._monotonic()
            for order in news.orders:
                self._watchers.tell(Delta(order.sequence, time, order), now)
        self._told = news

    def subscribe(self, gateway: str, instance: str) -> Watcher:
        """A watcher that is told everything in force, then what comes."""
        self.poke()
        return self._watchers.subscribe(gateway, instance, self._snapshot(self._told), self._monotonic())

    def _snapshot(self, news: News) -> Snapshot:
        time = self._clock()
        return Snapshot(news.table.sequence, time, news.table.active(time))

    def _heartbeat(self) -> None:
        now = self._monotonic()
        if now - self._beaten >= self._beat:
            self._beaten = now
            self._watchers.tell(Heartbeat(self._told.table.sequence, self._clock()), now)
