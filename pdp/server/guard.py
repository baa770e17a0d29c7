"""What every call goes through, in one place and in order.

Handlers are wrapped once, when the server is built. gRPC's own interceptor chain would build objects for every call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic

from google.protobuf.message import Message
from grpc.aio import ServicerContext

from pdp.errors import DeadlineTooShort
from pdp.runtime import Caller
from pdp.server.identity import Identify
from pdp.server.limits import Deadlines, InFlight
from pdp.server.points import Observe
from pdp.server.status import abort, public_error
from pdp.wire.failure import TRACEPARENT_KEY


@dataclass(slots=True)
class Call:
    """What a handler may know of the call. ``deadline`` is on the clock of ``time.monotonic``."""

    caller: Caller
    deadline: float
    traceparent: str


Context = ServicerContext[bytes, object]
Work = Callable[[bytes, Call], Awaitable[Message]]
Handler = Callable[[bytes, Context], Awaitable[Message]]


@dataclass(frozen=True, slots=True)
class Guard:
    """The cross-cutting parts of one service."""

    identify: Identify
    in_flight: InFlight
    deadlines: Deadlines
    observe: Observe


def guarded(method: str, work: Work, guard: Guard) -> Handler:
    """Wrap ``work``: identity, in-flight bound, deadline, then the work, then error to status and the metrics hook.

    Size limits come first of all: the message's bytes in gRPC itself, everything else while ``work`` reads the message.
    """
    identify, in_flight, deadlines, observe = guard.identify, guard.in_flight, guard.deadlines, guard.observe

    async def handle(raw: bytes, context: Context) -> Message:
        started = monotonic()
        try:
            caller = identify(context)
            in_flight.enter()
            try:
                deadline, by_caller = deadlines.of(context, started)
                call = Call(caller, deadline, traceparent_of(context))
                answer = await (work(raw, call) if by_caller else _until(deadline, work(raw, call)))
            finally:
                in_flight.leave()
            refuse_late(deadline)
        except asyncio.CancelledError:
            observe(method, "cancelled", monotonic() - started)
            raise
        except Exception as problem:  # noqa: BLE001 - every error becomes a status; none may look like an answer
            error = public_error(problem, method)
            observe(method, error.code, monotonic() - started)
            await abort(context, error)
        # After the answer is on its way: nobody waits for a metric.
        asyncio.get_running_loop().call_soon(observe, method, "ok", monotonic() - started)
        return answer

    return handle


def refuse_late(deadline: float) -> None:
    """Raise ``DeadlineTooShort`` once ``deadline`` has passed: a late allow is worth nothing and must not go out."""
    if monotonic() > deadline:
        raise DeadlineTooShort("the deadline passed before the answer was ready")


def traceparent_of(context: Context) -> str:
    """The W3C trace context of the call; empty when there is none, or when it is too long to be one."""
    for key, value in context.invocation_metadata() or ():
        if key == TRACEPARENT_KEY:
            return value if isinstance(value, str) and len(value) <= 128 else ""
    return ""


async def _until(deadline: float, work: Awaitable[Message]) -> Message:
    # gRPC itself cancels a call whose caller set a deadline; only the default one needs a timer here.
    try:
        async with asyncio.timeout_at(deadline):
            return await work
    except TimeoutError as late:
        raise DeadlineTooShort("the default deadline passed before the answer was ready") from late
