"""What a gateway is told, as values: first a snapshot, then each order, and a heartbeat when there is nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from pdp.revocation.order import Order


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything in force after the orders up to ``sequence``; it replaces what was known.

    ``time`` is the teller's clock in epoch seconds, here and in the other events.
    """

    sequence: int
    time: float
    orders: tuple[Order, ...]


@dataclass(frozen=True, slots=True)
class Delta:
    """One more order. ``sequence`` is its own."""

    sequence: int
    time: float
    order: Order


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Nothing new: ``sequence`` is still the newest."""

    sequence: int
    time: float


Event: TypeAlias = Snapshot | Delta | Heartbeat
