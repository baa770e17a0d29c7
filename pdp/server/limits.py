"""What one process takes on: sizes, how much at a time, how long. Everything here is checked before work begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar, cast

from google.protobuf.message import DecodeError, Message
from grpc.aio import ServicerContext

from pdp.errors import DeadlineTooShort, InvalidRequest, LimitExceeded, Overloaded
from pdp.wire import Bounds

M = TypeVar("M", bound=Message)


@dataclass(frozen=True, slots=True)
class Limits:
    """``*_in_flight`` count calls or items under way at once, ``watches`` open streams; times are in seconds.

    Orders of the kill switch have a bound of their own, so that they get through when decisions do not.
    """

    message_bytes: int = 1_048_576
    batch_items: int = 64
    in_flight: int = 256
    batch_in_flight: int = 16
    stream_in_flight: int = 32
    administration_in_flight: int = 8
    order_in_flight: int = 64
    watches: int = 4_096
    default_deadline: float = 1.0
    shortest_deadline: float = 0.001
    administration_deadline: float = 120.0
    watch_patience: float = 10.0
    retry_after: float = 0.05
    request: Bounds = field(default_factory=Bounds)


class InFlight:
    """Counts what is under way and refuses what is too much. Used by one event loop, so a plain counter is enough."""

    __slots__ = ("_limit", "_retry_after", "count")

    def __init__(self, limit: int, retry_after: float) -> None:
        self._limit = limit
        self._retry_after = retry_after
        self.count = 0

    def enter(self) -> None:
        """Begin one more. Raises ``Overloaded`` when the limit is reached."""
        if self.count >= self._limit:
            raise Overloaded(f"{self.count} calls are under way; the limit is {self._limit}", self._retry_after)
        self.count += 1

    def leave(self) -> None:
        """One has ended."""
        self.count -= 1


@dataclass(frozen=True, slots=True)
class Deadlines:
    """``default`` applies to a caller that sets none; less than ``shortest`` left is refused. Seconds."""

    default: float
    shortest: float

    def of(self, context: ServicerContext[bytes, object], now: float) -> tuple[float, bool]:
        """The deadline on the clock of ``now``, and whether the caller set it. Raises ``DeadlineTooShort``."""
        left = time_left(context)
        if left is None:
            return now + self.default, False
        if left < self.shortest:
            message = f"{max(left, 0) * 1000:.2f} ms are left; an answer takes at least {self.shortest * 1000:g} ms"
            raise DeadlineTooShort(message)
        return now + left, True


def time_left(context: ServicerContext[bytes, object]) -> float | None:
    """Seconds until the caller's deadline, None when it set none (the library's stub says it always does)."""
    return cast("float | None", context.time_remaining())


def parse(kind: type[M], raw: bytes) -> M:
    """Read a message. Raises ``InvalidRequest`` for bytes that are none."""
    try:
        return kind.FromString(raw)
    except DecodeError:
        what = "is truncated, holds invalid UTF-8 or is nested too deeply"
        raise InvalidRequest("message", f"not a {kind.DESCRIPTOR.full_name}: it {what}") from None


def check_items(items: Sequence[object], limit: int) -> None:
    """Refuse a batch that is too long."""
    if len(items) > limit:
        raise LimitExceeded("items", f"has {len(items)} items; the limit is {limit}")
