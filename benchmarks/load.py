"""Load on a server: callers that wait for each answer, or questions that leave on a schedule whatever comes back.

Every answer's effect is kept and nothing is worked out while the load runs, so that the caller's own work does not grow
into the figures. Several channels are used in turn: worker processes share a port, and the kernel spreads connections
over them.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import random
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeAlias

import grpc

from pdp.v1 import decision_pb2, types_pb2

DECIDE = "/pdp.v1.DecisionService/Decide"
AGENT = "bench"
CHANNELS = 16
PATIENCE = 5.0
OK = "OK"
Question: TypeAlias = decision_pb2.DecideRequest
Ask: TypeAlias = "grpc.aio.UnaryUnaryMultiCallable[decision_pb2.DecideRequest, int]"
GRANTING = (types_pb2.EFFECT_ALLOW, types_pb2.EFFECT_NARROW)


@dataclass(frozen=True, slots=True)
class Answered:
    """One question and what came of it. ``due`` and ``took``: seconds, from the load's start and from ``due`` on.

    ``status``: the gRPC code's name; ``effect``: that of the answer, 0 when there was none.
    """

    due: float
    took: float
    status: str
    question: Question
    effect: int = 0


def question(text: str, action: str = "read", *, session: str = "", limit: int = 50) -> Question:
    """The request that every measurement sends: about the first table of a generated bundle."""
    request = decision_pb2.DecideRequest(
        agent=types_pb2.Agent(id=AGENT),
        utterance=text,
        session_id=session,
        target=types_pb2.Target(kind="table", name="table-0"),
        action=types_pb2.Action(name=action),
    )
    request.action.params.update({"account": "4711", "limit": limit})
    return request


def questions(texts: Iterable[str], action: str = "read") -> Iterator[Question]:
    """A question for each of ``texts``."""
    return (question(text, action) for text in texts)


@asynccontextmanager
async def lanes(address: str, method: str = DECIDE, count: int = CHANNELS) -> AsyncIterator[tuple[Ask, ...]]:
    """Calls over ``count`` connections of their own; garbage collection is off meanwhile."""
    # gRPC shares one connection between channels with equal options.
    channels = [
        grpc.aio.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1), ("benchmarks.lane", n)])
        for n in range(count)
    ]
    gc.collect()
    gc.disable()
    try:
        read = _effect if method == DECIDE else len
        calls: list[Ask] = [c.unary_unary(method, decision_pb2.DecideRequest.SerializeToString, read) for c in channels]
        await asyncio.gather(*(c.channel_ready() for c in channels))
        yield tuple(calls)
    finally:
        gc.enable()
        await asyncio.gather(*(c.close() for c in channels))


def _effect(raw: bytes) -> int:
    return int(decision_pb2.DecideResponse.FromString(raw).effect)


async def ask(call: Ask, asked: Question, begun: float, due: float, patience: float) -> Answered:
    """One question; ``begun`` and ``due`` on the loop's clock."""
    loop = asyncio.get_running_loop()
    try:
        effect = await call(asked, timeout=patience)
    except grpc.aio.AioRpcError as error:
        return Answered(due - begun, loop.time() - due, error.code().name, asked)
    return Answered(due - begun, loop.time() - due, OK, asked, effect)


async def closed_async(
    address: str, callers: int, seconds: float, asked: Iterator[Question], method: str = DECIDE
) -> list[Answered]:
    """``callers`` ask, wait and ask again for ``seconds``, or until there are no more questions."""
    found: list[Answered] = []
    async with lanes(address, method, min(callers, CHANNELS)) as calls:
        loop = asyncio.get_running_loop()
        begun = loop.time()

        async def keep_asking(call: Ask) -> None:
            while (now := loop.time()) - begun < seconds:
                following = next(asked, None)
                if following is None:
                    return
                found.append(await ask(call, following, begun, now, PATIENCE))

        await asyncio.gather(*(keep_asking(calls[n % len(calls)]) for n in range(callers)))
    return found


async def offered_async(
    address: str, phases: Sequence[tuple[float, float]], asked: Iterator[Question], seed: int, patience: float
) -> list[Answered]:
    """Poisson arrivals in ``phases`` of (rate per second, seconds); latency counts from the scheduled moment."""
    found: list[Answered] = []
    draw = random.Random(seed)
    async with lanes(address) as calls, asyncio.TaskGroup() as group:
        loop, turn = asyncio.get_running_loop(), itertools.cycle(calls)
        begun = loop.time()

        async def one(following: Question, due: float) -> None:
            found.append(await ask(next(turn), following, begun, due, patience))

        for due, following in zip(arrivals(phases, draw), asked, strict=False):
            await asyncio.sleep(max(0.0, begun + due - loop.time()))
            group.create_task(one(following, begun + due))
    return found


def arrivals(phases: Sequence[tuple[float, float]], draw: random.Random) -> Iterator[float]:
    """The moments of a Poisson process whose rate changes with the phases, in seconds from its start."""
    begins = 0.0
    for rate, seconds in phases:
        due = begins + draw.expovariate(rate)
        while due < begins + seconds:
            yield due
            due += draw.expovariate(rate)
        begins += seconds


def closed(
    address: str, callers: int, seconds: float, asked: Iterator[Question], method: str = DECIDE
) -> list[Answered]:
    """As ``closed_async``."""
    return asyncio.run(closed_async(address, callers, seconds, asked, method))


def offered(
    address: str,
    phases: Sequence[tuple[float, float]],
    asked: Iterator[Question],
    seed: int,
    patience: float = PATIENCE,
) -> list[Answered]:
    """As ``offered_async``."""
    return asyncio.run(offered_async(address, phases, asked, seed, patience))


def per_second(found: Sequence[Answered]) -> float:
    """Answers per second, up to the moment when the last question was asked."""
    answered = [a for a in found if a.status == OK]
    last = max((a.due for a in found), default=0.0)
    return round(sum(a.due + a.took <= last for a in answered) / last, 1) if last else 0.0


def times(found: Iterable[Answered]) -> list[float]:
    """Seconds that the answers took; refusals are left out."""
    return [a.took for a in found if a.status == OK]
