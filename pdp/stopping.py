"""The stops that bundles ask for: each is given once while it is in force, also when whoever asked has left."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from pdp.revocation.order import Op, Order, Scope
from pdp.revocation.table import Subjects
from pdp.runtime import OrderReceipt, OrderWanted

log = logging.getLogger(__name__)

Stop = Callable[[OrderWanted, str], Awaitable[OrderReceipt]]
"""Gives an order of the kill switch; who gives it comes second."""


class Revocations(Protocol):
    """What is killed and quarantined now."""

    def find(self, subjects: Subjects, now: float) -> Order | None:
        """The order that speaks against ``subjects``."""


class Stopping:
    """Gives orders through ``stop``. For one event loop."""

    def __init__(self, stop: Stop, revocations: Revocations) -> None:
        self._stop = stop
        self._revocations = revocations
        self._under_way: set[asyncio.Task[None]] = set()

    async def give(self, orders: Sequence[OrderWanted], by: str, now: float) -> None:
        """Give ``orders``; returns when they are in force. Who is cut off meanwhile does not stop them."""
        if orders:
            await asyncio.shield(self._begin(orders, by, now))

    def begin(self, orders: Sequence[OrderWanted], by: str, now: float) -> None:
        """The same without waiting."""
        if orders:
            self._under_way.add(self._begin(orders, by, now))

    def _begin(self, orders: Sequence[OrderWanted], by: str, now: float) -> asyncio.Task[None]:
        task = asyncio.ensure_future(self._give(orders, by, now))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def _give(self, orders: Sequence[OrderWanted], by: str, now: float) -> None:
        for wanted in orders:
            try:
                if not self._holds(wanted, now):
                    await self._stop(wanted, by)
            except Exception:
                # The answer stands in any case; a stop that fails must not turn it into an error.
                log.exception("stop failed", extra={"reason": wanted.cause})

    def _holds(self, wanted: OrderWanted, now: float) -> bool:
        """Whether such an order is in force: else whoever is quarantined could fill the journal by being denied."""
        about = subjects_of_order(wanted)
        found = self._revocations.find(about, now) if about is not None else None
        if found is None or (found.scope.value, found.value) != (wanted.scope, wanted.value):
            return False
        grave = found.op is Op.KILL or found.op.value == wanted.kind
        return grave and (found.until is None or wanted.seconds > 0)


def subjects_of_order(wanted: OrderWanted) -> Subjects | None:
    """Whom an order is about, where a trigger can name it; ``None`` for other scopes."""
    # Wherever it is cut, agent and instance make the same name together.
    agent, _, instance = wanted.value.rpartition("/")
    return {
        Scope.SESSION.value: Subjects(session=wanted.value),
        Scope.AGENT.value: Subjects(agent=wanted.value),
        Scope.PRINCIPAL.value: Subjects(principal=wanted.value),
        Scope.INSTANCE.value: Subjects(agent=agent, instance=instance),
    }.get(wanted.scope)
