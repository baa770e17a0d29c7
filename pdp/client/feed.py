"""What a gateway knows of the kill switch, and that it knows nothing once it has heard nothing for too long."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from pdp.revocation.events import Delta, Event, Heartbeat, Snapshot
from pdp.revocation.order import FEED_STALE, Op, Order, Scope
from pdp.revocation.table import RevocationTable, Subjects

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Known:
    """``time`` is the server's clock when ``heard`` was ours; ``lacking`` says what is missing, if anything is."""

    table: RevocationTable = field(default_factory=RevocationTable)
    time: float = 0.0
    heard: float = 0.0
    lacking: str = "nothing was heard yet"


class RevocationFeed:
    """The orders in force, from events in the order in which the server sent them. Safe to use from any thread.

    Fails closed: with nothing heard for ``max_stale`` seconds on ``clock``, or with an order missed, everything is
    killed until a snapshot comes. Orders expire by the server's clock, so a gateway's own may be wrong.
    """

    def __init__(self, max_stale: float = 3.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._max_stale = max_stale
        self._clock = clock
        self._lock = threading.Lock()
        self._known = _Known()

    @property
    def sequence(self) -> int:
        """The newest sequence that is in force here: what to acknowledge."""
        return self._known.table.sequence

    @property
    def stale(self) -> str:
        """Why nothing may run, or empty when the feed can tell."""
        return self._lacking(self._known, self._clock())

    def take(self, event: Event) -> bool:
        """Take in an event; False when the feed lacks something, and the caller should subscribe again."""
        with self._lock:
            was = self._known
            known = replace(_after(was, event), heard=self._clock(), time=event.time)
            self._known = known
        if known.lacking and known.lacking != was.lacking:
            log.warning("everything is killed here: %s", known.lacking)
        return not known.lacking

    def find(self, subjects: Subjects) -> Order | None:
        """The order that speaks against ``subjects``; one on everything, cause ``feed-stale``, when that is unknown."""
        known, now = self._known, self._clock()
        lacking = self._lacking(known, now)
        there = known.time + now - known.heard
        if lacking:
            sequence = known.table.sequence
            return Order(sequence, Op.KILL, Scope.EVERYTHING, "", lacking, FEED_STALE, None, "gateway", there)
        return known.table.find(subjects, there)

    def revoked(self, subjects: Sequence[tuple[str, str]], reads: bool, _now: float) -> str | None:  # noqa: FBT001
        """Why nothing may be done for any of ``subjects`` (scope and value), as ``GrantVerifier`` asks for each grant.

        ``reads``: nothing can be changed with the grant, so a quarantine leaves it.
        """
        known, now = self._known, self._clock()
        lacking = self._lacking(known, now)
        if lacking:
            return lacking
        order = known.table.find_named(subjects, known.time + now - known.heard)
        if order is None or (order.op is Op.QUARANTINE and reads):
            return None
        return f"order {order.sequence} ({order.cause}) on {order.scope.value} {order.value}: {order.reason}"

    def _lacking(self, known: _Known, now: float) -> str:
        if known.lacking or 0 <= now - known.heard < self._max_stale:
            return known.lacking
        return f"nothing was heard for {self._max_stale:g} seconds"


def _after(known: _Known, event: Event) -> _Known:
    sequence = known.table.sequence
    if isinstance(event, Snapshot):
        if event.sequence < sequence:
            # A server that lost orders would otherwise undo kills that are in force here.
            return replace(known, lacking=f"the server went back from order {sequence} to {event.sequence}")
        return replace(known, table=RevocationTable.of(event.orders, event.sequence), lacking="")
    if known.lacking:
        return known
    if isinstance(event, Heartbeat):
        if event.sequence != sequence:
            return replace(known, lacking=f"the server is at order {event.sequence}, this feed at {sequence}")
        return known
    return _after_delta(known, event)


def _after_delta(known: _Known, event: Delta) -> _Known:
    sequence = known.table.sequence
    if event.sequence <= sequence:
        # Told twice. It may have been lifted meanwhile.
        return known
    if event.sequence != sequence + 1 or event.order.sequence != event.sequence:
        return replace(known, lacking=f"an order between {sequence} and {event.sequence} was missed")
    return replace(known, table=known.table.apply(event.order))
