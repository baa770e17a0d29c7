"""The kill switch's use case. An order is in force first, then made durable, recorded and confirmed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Protocol

from pdp import metrics
from pdp.audit.record import Entry, RecordKind
from pdp.audit.transaction import Transaction
from pdp.errors import AuditUnavailable, InvalidRequest, RevocationsUnavailable
from pdp.ledger import SignedLog
from pdp.revocation.desk import Desk
from pdp.revocation.events import Delta, Event, Snapshot
from pdp.revocation.follow import Follower
from pdp.revocation.journal import RevocationJournal
from pdp.revocation.order import Op, Order, Scope
from pdp.revocation.watch import Watcher, WatcherDropped, Watchers
from pdp.runtime import Holding, OrderReceipt, OrderReport, OrderWanted, WatchNews

log = logging.getLogger(__name__)

META, SEQUENCE = "meta", "revocations"
MOST_WAIT = 10.0
BARRIER_SECONDS = 0.25
"""How long a kill waits for other worker processes to say that they have seen it. They see it in any case."""


class Others(Protocol):
    """The other worker processes."""

    async def settled(self, sequence: int, wait: float) -> Holding:
        """When each of them has seen the order; how their gateways stand then."""


class Alone:
    """There are none."""

    async def settled(self, _sequence: int, _wait: float) -> Holding:
        """Nobody watches elsewhere."""
        return Holding()


class RevocationPoint:
    """``now`` gives epoch seconds, ``monotonic`` seconds that never go back; ``wait`` bounds what the disk may take."""

    def __init__(
        self,
        journal: RevocationJournal,
        watchers: Watchers,
        follower: Follower,
        log_: SignedLog,
        now: Callable[[], float],
        monotonic: Callable[[], float],
        wait: float,
    ) -> None:
        self._journal = journal
        self._desk = Desk(journal)
        self._watchers = watchers
        self._follower = follower
        self._log = log_
        self._now = now
        self._monotonic = monotonic
        self._wait = wait
        self._others: Others = Alone()
        self._following: asyncio.Task[None] | None = None
        self._signing: set[asyncio.Task[None]] = set()

    def join(self, others: Others) -> None:
        """There are other worker processes."""
        self._others = others

    def begin(self) -> None:
        """Follow the journal from now on; call it in the event loop that serves."""
        self._following = asyncio.ensure_future(self._follower.run())

    async def close(self) -> None:
        """Follow no longer, and give no more orders."""
        self._desk.close()
        if self._following is not None:
            self._following.cancel()
            with suppress(asyncio.CancelledError):
                await self._following

    async def order(self, wanted: OrderWanted, by: str) -> OrderReceipt:
        """Give an order. It is in force in every process before this returns, even when the disk does not answer.

        Raises ``InvalidRequest`` for an order that means nothing, ``RevocationsUnavailable`` when it could not be
        given: then it is not in force.
        """
        now = self._now()
        op, scope = _op(wanted.kind), _scope(wanted.scope)
        until = now + wanted.seconds if wanted.seconds and op is not Op.LIFT else None
        given = await self._desk.give(
            op,
            scope,
            wanted.value,
            reason=wanted.reason,
            by=by,
            time=now,
            cause=wanted.cause or "operator-action",
            until=until,
        )
        metrics.ORDERS.labels(op.value).inc()
        wait = min(max(wanted.wait, 0.0), MOST_WAIT)
        # On their way before the gateways here are told: that takes this loop a while where there are hundreds.
        confirming = asyncio.gather(
            self._elsewhere(given, wait), self._durable(), self._audited(given), self._here(given.sequence, wait)
        )
        self._follower.poke()
        elsewhere, durable, audited, here = await confirming
        return OrderReceipt(
            given.sequence,
            durable,
            audited,
            here.acknowledged + elsewhere.acknowledged,
            here.pending + elsewhere.pending,
            here.stale + elsewhere.stale,
        )

    def orders(self) -> tuple[int, tuple[OrderReport, ...]]:
        """The newest sequence and what is in force."""
        self._journal.refresh()
        table = self._journal.table
        return table.sequence, tuple(order_report(o) for o in table.active(self._now()))

    def watch(self, gateway: str, instance: str) -> Watch:
        """Follow the orders."""
        return Watch(self._follower.subscribe(gateway, instance), self._watchers, self._monotonic)

    async def settled(self, sequence: int, wait: float) -> Holding:
        """This process has seen the order: nothing it grants from now on is against it. How its gateways stand."""
        self._follower.poke()
        return await self._here(sequence, wait)

    async def _here(self, sequence: int, wait: float) -> Holding:
        if wait:
            await self._watchers.settle(sequence, wait)
        found = self._watchers.counts(sequence, self._monotonic())
        return Holding(found.acknowledged, found.pending, found.stale)

    async def _elsewhere(self, given: Order, wait: float) -> Holding:
        try:
            async with asyncio.timeout(BARRIER_SECONDS + wait):
                return await self._others.settled(given.sequence, wait)
        except Exception:
            # A worker that does not answer looks at the journal all the same before it grants anything.
            log.exception("another worker did not confirm an order", extra={"sequence": given.sequence})
            return Holding()

    async def _durable(self) -> bool:
        try:
            async with asyncio.timeout(self._wait):
                await self._desk.sync()
        except (TimeoutError, RevocationsUnavailable):
            log.exception("an order is in force and not on disk")
            return False
        return True

    async def _audited(self, given: Order) -> bool:
        entry = Entry(RecordKind.REVOCATION, given.time, _ids(given), order_document(given))

        def job(txn: Transaction) -> int:
            # Two orders may be written in another order than they were given: the floor never sinks.
            newest = max(given.sequence, int(txn.get(META, SEQUENCE) or 0))
            txn.put(META, SEQUENCE, str(newest).encode())
            return txn.append(entry)

        try:
            await self._log.commit(job, asyncio.get_running_loop().time() + self._wait)
            self._sign()
        except AuditUnavailable:
            log.exception("an order is in force and not recorded", extra={"sequence": given.sequence})
            return False
        return True

    def _sign(self) -> None:
        """Have the log signed at once, without anyone waiting for it."""

        async def sign() -> None:
            with suppress(AuditUnavailable):  # the next checkpoint covers it
                await self._log.checkpoint(asyncio.get_running_loop().time() + self._wait)

        task = asyncio.ensure_future(sign())
        self._signing.add(task)
        task.add_done_callback(self._signing.discard)


class Watch:
    """One gateway that watches."""

    def __init__(self, watcher: Watcher, watchers: Watchers, monotonic: Callable[[], float]) -> None:
        self._watcher = watcher
        self._watchers = watchers
        self._monotonic = monotonic

    async def news(self) -> AsyncIterator[WatchNews]:
        """A snapshot, then orders and heartbeats; ends when the gateway must subscribe again."""
        with suppress(WatcherDropped):
            while True:
                yield _news(await self._watcher.next())

    def acknowledge(self, sequence: int) -> None:
        """The gateway holds everything up to ``sequence``."""
        self._watchers.acknowledge(self._watcher, sequence, self._monotonic())

    def close(self) -> None:
        """It is gone."""
        self._watchers.leave(self._watcher, self._monotonic())


def order_report(order: Order) -> OrderReport:
    """An order as people see it."""
    return OrderReport(
        order.sequence,
        order.op.value,
        order.scope.value,
        order.value,
        order.reason,
        order.cause,
        order.until or 0.0,
        order.by,
        order.time,
    )


def order_document(order: Order) -> dict[str, str | float | None]:
    """An order as the log keeps it."""
    return {
        "sequence": order.sequence,
        "kind": order.op.value,
        "scope": order.scope.value,
        "value": order.value,
        "reason": order.reason,
        "cause": order.cause,
        "until": order.until,
        "by": order.by,
    }


def _ids(order: Order) -> tuple[str, ...]:
    return (order.value,) if order.value else ()


def _news(event: Event) -> WatchNews:
    if isinstance(event, Snapshot):
        return WatchNews(event.sequence, event.time, orders=tuple(order_report(o) for o in event.orders))
    if isinstance(event, Delta):
        return WatchNews(event.sequence, event.time, order=order_report(event.order))
    return WatchNews(event.sequence, event.time)


def _op(word: str) -> Op:
    try:
        return Op(word)
    except ValueError:
        raise InvalidRequest("kind", f"{word!r} is not kill, quarantine or lift") from None


def _scope(word: str) -> Scope:
    try:
        return Scope(word)
    except ValueError:
        raise InvalidRequest("scope", f"{word!r} is none of {', '.join(s.value for s in Scope)}") from None
