"""``DecideStream``: every question gets exactly one answer, in whatever order they are ready."""

from __future__ import annotations

import asyncio

import grpc
import pytest

from pdp.server.app import ServerSettings
from pdp.server.limits import Limits
from pdp.v1 import decision_pb2 as proto
from tests.server.conftest import question, reason
from tests.server.test_guard import until


async def collect(stream) -> dict[str, proto.DecideStreamResponse]:
    """All answers by request id."""
    answers = [answer async for answer in stream]
    assert len({a.request_id for a in answers}) == len(answers)
    return {a.request_id: a for a in answers}


async def test_every_question_is_answered_once_under_its_id(running):
    """Fifty questions on one stream: fifty answers, each its own."""

    async def ask():
        for i in range(50):
            yield question("read" if i % 2 else "other", request_id=f"q{i}")

    answers = await collect(running.decisions.DecideStream(ask(), timeout=5))
    assert len(answers) == 50
    assert all((answers[f"q{i}"].decision.effect == 3) == bool(i % 2) for i in range(50))


async def test_a_slow_question_does_not_hold_up_the_others(running):
    """Answers come out of order: the one that waits comes last."""
    stream = running.decisions.DecideStream(timeout=5)
    await stream.write(question("wait", request_id="slow"))
    await stream.write(question(request_id="fast"))
    assert (await stream.read()).request_id == "fast"
    running.made.decisions.release.set()
    assert (await stream.read()).request_id == "slow"
    await stream.done_writing()
    assert await stream.read() is grpc.aio.EOF


async def test_an_error_stays_with_its_question(running):
    """Bad questions and failures get an error with their id; the stream goes on."""
    stream = running.decisions.DecideStream(timeout=5)
    for action in ("busy", "crash", "read"):
        await stream.write(question(action, request_id=action))
    await stream.write(proto.DecideRequest(request_id="bad"))
    await stream.done_writing()
    answers = await collect(stream)
    assert {k: a.error.reason for k, a in answers.items()} == {
        "busy": "overloaded", "crash": "internal", "read": "", "bad": "invalid_request",
    }  # fmt: skip


async def test_bytes_that_are_no_question_get_an_error_and_the_stream_goes_on(running):
    """A malformed message on the stream does not end it."""
    stream = running.channel.stream_stream("/pdp.v1.DecisionService/DecideStream")(timeout=5)
    await stream.write(b"\xff\xff")
    assert proto.DecideStreamResponse.FromString(await stream.read()).error.code == 3
    await stream.write(question(request_id="q").SerializeToString())
    assert proto.DecideStreamResponse.FromString(await stream.read()).decision.request_id == "q"
    stream.cancel()


async def test_a_question_without_deadline_ends_with_the_default_one(serve):
    """A stream lives long; each question on it has its own deadline."""
    async with serve(ServerSettings(limits=Limits(default_deadline=0.1), shutdown_grace=1)) as running:
        stream = running.decisions.DecideStream()
        await stream.write(question("wait", request_id="q"))
        answer = await stream.read()
        assert (answer.request_id, answer.error.reason) == ("q", "deadline_too_short")
        stream.cancel()


async def test_no_more_questions_are_read_than_there_is_room_for(serve):
    """The rest stay with the sender until answers make room: memory is bounded by the stream's limit."""
    async with serve(ServerSettings(limits=Limits(stream_in_flight=3), shutdown_grace=1)) as running:
        stream = running.decisions.DecideStream(timeout=5)
        for i in range(8):
            await stream.write(question("wait", request_id=f"q{i}"))
        await until(lambda: running.made.decisions.decided == 3)
        await asyncio.sleep(0.05)
        assert running.made.decisions.decided == 3
        running.made.decisions.release.set()
        await stream.done_writing()
        assert len(await collect(stream)) == 8


async def test_the_bound_of_the_whole_process_counts_questions_on_streams(serve):
    """A stream does not get round the in-flight limit; its question gets the retry hint."""
    async with serve(ServerSettings(limits=Limits(in_flight=1), shutdown_grace=1)) as running:
        held = running.decisions.Decide(question("wait"), timeout=5)
        await until(lambda: running.made.decisions.decided == 1)
        stream = running.decisions.DecideStream(timeout=5)
        await stream.write(question(request_id="q"))
        assert (await stream.read()).error.reason == "overloaded"
        running.made.decisions.release.set()
        await held
        stream.cancel()


async def test_a_caller_who_leaves_cancels_what_it_asked(running, caplog):
    """Cancelling the stream cancels its work, frees its places and logs no error."""
    stream = running.decisions.DecideStream(timeout=5)
    for i in range(4):
        await stream.write(question("wait", request_id=f"q{i}"))
    await until(lambda: running.made.decisions.decided == 4)
    stream.cancel()
    await until(lambda: running.made.decisions.cancelled == 4)
    await running.decisions.Decide(question(), timeout=2)
    assert "call failed" not in caplog.text


async def test_an_open_stream_ends_at_shutdown_after_its_last_answers(serve):
    """Questions under way are answered; then the stream ends UNAVAILABLE, and shutdown does not wait for the grace."""
    async with serve(ServerSettings(shutdown_grace=5)) as running:
        stream = running.decisions.DecideStream(timeout=10)
        await stream.write(question("wait", request_id="q"))
        await until(lambda: running.made.decisions.decided == 1)
        stopping = asyncio.ensure_future(running.server.stop())
        await asyncio.sleep(0.05)
        running.made.decisions.release.set()
        assert (await stream.read()).decision.effect == 3
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            await stream.read()
        assert (ended.value.code(), reason(ended.value)) == (grpc.StatusCode.UNAVAILABLE, "not_ready")
        async with asyncio.timeout(2):
            assert await stopping


async def test_callers_who_leave_at_any_moment_leave_nothing_behind(serve, caplog):
    """A hundred streams cancelled while answers are on their way: no error, and every place is free again."""
    async with serve(ServerSettings(limits=Limits(in_flight=40), shutdown_grace=1)) as running:
        for number in range(100):
            stream = running.decisions.DecideStream(timeout=5)
            for place in range(20):
                await stream.write(question(request_id=f"{number}-{place}"))
            for _ in range(number % 7):
                await stream.read()
            stream.cancel()
        await until(lambda: len([m for m, _ in running.made.observed if m == "DecideStream"]) == 100)
        codes = {code for method, code in running.made.observed if method == "DecideStream"}
        assert codes <= {"cancelled", "ok"}
        assert "call failed" not in caplog.text
        answers = await asyncio.gather(*(running.decisions.Decide(question(), timeout=2) for _ in range(40)))
        assert len(answers) == 40
