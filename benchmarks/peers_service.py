"""The service with its sessions, and with many callers at once: answers per second with a fixed number in flight."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import grpc

from benchmarks.peers_adapters.loop import Question
from benchmarks.peers_adapters.own_service import message_of
from pdp.client import Client
from pdp.runtime import SessionRequest
from pdp.types import Agent
from pdp.v1 import decision_pb2

INTENT = "read-open-invoice"
REFUSED_SECONDS = 0.01
PURPOSE = "Look up open invoices of accounts"


def sessions(address: str, count: int) -> list[str]:
    """So many new sessions for the questions. Raises ``RuntimeError`` when one is refused."""
    with Client(address) as client:
        found = [client.start_session(SessionRequest(Agent("bench"), PURPOSE, intents=(INTENT,))) for _ in range(count)]
    if not all(f.session_id for f in found):
        raise RuntimeError(f"no session: {found}")
    return [f.session_id for f in found]


@dataclass(frozen=True)
class Method:
    """A method of a server, by address; ``answer`` is its message. The echo's answer has no effect and counts only."""

    address: str
    path: str
    answer: Any


async def _answered(method: Method, questions: Iterator[Question], within: Sequence[str], seconds: float) -> float:
    count = 0
    async with grpc.aio.insecure_channel(method.address) as channel:
        call = channel.unary_unary(
            method.path,
            request_serializer=decision_pb2.DecideRequest.SerializeToString,
            response_deserializer=method.answer.FromString,
        )
        begun = time.perf_counter()

        async def caller(session: str) -> None:
            nonlocal count
            while time.perf_counter() - begun < seconds:
                try:
                    answer = await call(message_of(next(questions), session))
                except grpc.aio.AioRpcError:  # overloaded or out of time: refused at once, so the caller waits a little
                    await asyncio.sleep(REFUSED_SECONDS)
                    continue
                count += not isinstance(answer, decision_pb2.DecideResponse) or bool(answer.grant)

        await asyncio.gather(*map(caller, within))
        return count / (time.perf_counter() - begun)


def per_second(method: Method, questions: Iterator[Question], within: Sequence[str], seconds: float) -> float:
    """Answers per second that let the call through; a caller for each session of ``within`` asks, waits, asks again.

    All of them are in this process, on the same cores as the server.
    """
    return asyncio.run(_answered(method, questions, within, seconds))
