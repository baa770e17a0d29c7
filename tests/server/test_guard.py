"""Deadlines, bounds and repeated ids over a real socket."""

from __future__ import annotations

import asyncio
from time import monotonic

import grpc
import pytest

from pdp.server.app import ServerSettings
from pdp.server.limits import Limits
from pdp.v1 import decision_pb2 as proto
from tests.server.conftest import failure, question, reason


async def test_a_caller_without_deadline_gets_the_default_one(serve):
    """The point sees a deadline on every call, and the call ends when it passes."""
    async with serve(ServerSettings(limits=Limits(default_deadline=0.1), shutdown_grace=1)) as running:
        before = monotonic()
        error = await failure(running.decisions.Decide(question("wait")))
        assert (error.code(), reason(error)) == (grpc.StatusCode.DEADLINE_EXCEEDED, "deadline_too_short")
        assert before + 0.05 < running.made.decisions.deadlines[0] < before + 0.5
        assert running.made.decisions.cancelled == 1


async def test_the_callers_deadline_reaches_the_point_on_the_clock_of_the_loop(running):
    """``context.time_remaining`` becomes a monotonic deadline."""
    before = monotonic()
    await running.decisions.Decide(question(), timeout=30)
    assert before + 29 < running.made.decisions.deadlines[0] < before + 31


async def test_a_deadline_too_short_is_refused_before_work(serve):
    """With less time left than an answer takes nothing is begun."""
    async with serve(ServerSettings(limits=Limits(shortest_deadline=5.0))) as running:
        error = await failure(running.decisions.Decide(question(), timeout=2))
        assert (error.code(), reason(error)) == (grpc.StatusCode.DEADLINE_EXCEEDED, "deadline_too_short")
        assert "an answer takes at least 5000 ms" in error.details()
        assert running.made.decisions.decided == 0


async def test_a_caller_who_gives_up_cancels_the_work(running):
    """Cancelled calls do not go on in the background and free their place."""
    call = running.decisions.Decide(question("wait"), timeout=5)
    await until(lambda: running.made.decisions.decided == 1)
    call.cancel()
    await until(lambda: running.made.decisions.cancelled == 1)
    assert ("Decide", "cancelled") in running.made.observed


async def test_too_many_calls_at_once_are_refused_with_a_hint(serve):
    """The in-flight bound answers RESOURCE_EXHAUSTED with ``retry-after-ms``; afterwards there is room again."""
    async with serve(ServerSettings(limits=Limits(in_flight=2, retry_after=0.05))) as running:
        held = [running.decisions.Decide(question("wait"), timeout=5) for _ in range(2)]
        await until(lambda: running.made.decisions.decided == 2)
        error = await failure(running.decisions.Decide(question(), timeout=2))
        assert (error.code(), reason(error)) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "overloaded")
        assert dict(error.trailing_metadata())["retry-after-ms"] == "50"
        assert "2 calls are under way; the limit is 2" in error.details()
        running.made.decisions.release.set()
        await asyncio.gather(*held)
        await running.decisions.Decide(question(), timeout=2)


async def test_every_refusal_gives_its_place_back(serve):
    """Errors do not eat the in-flight bound."""
    async with serve(ServerSettings(limits=Limits(in_flight=1))) as running:
        for _ in range(5):
            await failure(running.decisions.Decide(proto.DecideRequest(), timeout=2))
            await failure(running.decisions.Decide(question("crash"), timeout=2))
        await running.decisions.Decide(question(), timeout=2)


async def test_the_same_question_under_the_same_id_gets_the_same_decision(running):
    """A retry is answered as before, without deciding again."""
    first = await running.decisions.Decide(question(request_id="q"), timeout=2)
    again = await running.decisions.Decide(question(request_id="q"), timeout=2)
    assert first == again
    assert running.made.decisions.decided == 1


async def test_another_question_under_the_same_id_is_refused(running):
    """An id names one question; the error says how to mend it."""
    await running.decisions.Decide(question(request_id="q"), timeout=2)
    error = await failure(running.decisions.Decide(question("other", request_id="q"), timeout=2))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "request_id: was used for another question within the last 10 s" in error.details()


async def test_an_error_under_an_id_is_not_repeated(running):
    """Errors are never kept: the retry is judged."""
    for _ in range(2):
        await failure(running.decisions.Decide(question("busy", request_id="q"), timeout=2))
    assert running.made.decisions.decided == 2


@pytest.mark.parametrize("value", ["x" * 200, ""])
async def test_a_trace_context_that_is_none_is_dropped(running, value):
    """Oversized metadata is not copied into the answer."""
    answer = await running.decisions.Decide(question(), timeout=2, metadata=(("traceparent", value), ("other", "1")))
    assert answer.traceparent == ""


async def until(condition, seconds: float = 3.0) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in the server, which knows no test's event
            await asyncio.sleep(0.005)
