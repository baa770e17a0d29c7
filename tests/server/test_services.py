"""The services over a real socket: answers, errors, batch, stream, administration."""

from __future__ import annotations

import asyncio

import grpc
import pytest

from pdp.server.app import ServerSettings
from pdp.server.limits import Limits
from pdp.server.services import in_places
from pdp.v1 import administration_pb2 as admin
from pdp.v1 import decision_pb2 as proto
from pdp.v1 import types_pb2 as types
from tests.server.conftest import failure, question, reason


async def test_an_allowed_question_is_answered_with_everything_that_was_decided(running):
    """``Decide`` gives effect, reasons with position, match, revision, timings and the trace context back."""
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    answer = await running.decisions.Decide(question(request_id="q1"), timeout=2, metadata=(("traceparent", trace),))
    assert answer.effect == types.EFFECT_ALLOW
    assert answer.request_id == "q1"
    assert answer.reasons[0].position.file == "i.yaml"
    assert answer.match.score == 0.8
    assert (answer.revision, answer.traceparent, answer.timings.total) == ("r1", trace, 10)


async def test_a_narrowed_answer_carries_obligations_and_the_narrowed_request(running):
    """What a gateway needs to narrow is all in the answer."""
    answer = await running.decisions.Decide(question("list"), timeout=2)
    assert answer.effect == types.EFFECT_NARROW
    assert answer.obligations[0].properties["to"] == "owner"
    assert (answer.narrowed.action.params["max"], answer.narrowed.row_limit) == (10, 10)


async def test_a_point_that_fails_gives_internal_and_says_nothing_of_the_inside(running, caplog):
    """An unexpected error is INTERNAL with a plain text; its cause goes to the log only."""
    error = await failure(running.decisions.Decide(question("crash"), timeout=2))
    assert error.code() is grpc.StatusCode.INTERNAL
    assert "secret" not in (error.details() or "")
    assert reason(error) == "internal"
    assert "call failed" in caplog.text


async def test_a_full_queue_behind_the_server_gives_resource_exhausted_with_a_hint(running):
    """The point's own ``Overloaded`` keeps its retry hint."""
    error = await failure(running.decisions.Decide(question("busy"), timeout=2))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert dict(error.trailing_metadata())["retry-after-ms"] == "250"


async def test_explain_gives_the_trace(running):
    """``Explain`` carries decision and trace."""
    answer = await running.decisions.Explain(proto.ExplainRequest(request=question()), timeout=2)
    assert answer.decision.effect == types.EFFECT_DENY
    assert answer.trace.canonical == "x"


async def test_batch_answers_stay_in_their_places_and_errors_with_their_items(running):
    """Item n's answer is at place n whatever happens to its neighbours (invariant 9)."""
    items = [
        question("read", request_id="a"),
        proto.DecideRequest(),
        question("busy"),
        question("other", request_id="d"),
        question("crash"),
    ]
    answer = await running.decisions.DecideBatch(proto.DecideBatchRequest(items=items), timeout=2)
    kinds = [item.WhichOneof("result") for item in answer.items]
    assert kinds == ["decision", "error", "error", "decision", "error"]
    assert (answer.items[0].decision.request_id, answer.items[3].decision.request_id) == ("a", "d")
    assert (answer.items[1].error.reason, answer.items[1].error.code) == ("invalid_request", 3)
    assert (answer.items[2].error.reason, answer.items[2].error.retry_after) == ("overloaded", 0.25)
    assert (answer.items[4].error.reason, answer.items[4].error.code) == ("internal", 13)


async def test_batch_items_are_answered_as_if_each_were_alone(running):
    """The same questions one by one and together get the same effects."""
    items = [question(action) for action in ("read", "list", "other", "failed")]
    together = await running.decisions.DecideBatch(proto.DecideBatchRequest(items=items), timeout=2)
    alone = [await running.decisions.Decide(item, timeout=2) for item in items]
    assert [item.decision.effect for item in together.items] == [answer.effect for answer in alone]


async def test_batch_work_runs_at_most_so_many_at_a_time():
    """``in_places`` keeps order under a bound on concurrency."""
    running = peak = 0

    async def work(item: int) -> int:
        nonlocal running, peak
        running += 1
        peak = max(peak, running)
        await asyncio.sleep(0.001 * (5 - item % 5))
        running -= 1
        return item * 10

    assert await in_places(range(20), work, 3) == [i * 10 for i in range(20)]
    assert peak == 3
    assert await in_places([], work, 3) == []


async def test_a_batch_that_is_too_long_is_refused_whole(serve):
    """Over the item limit nothing is decided."""
    async with serve(ServerSettings(limits=Limits(batch_items=2))) as running:
        batch = proto.DecideBatchRequest(items=[question()] * 3)
        error = await failure(running.decisions.DecideBatch(batch, timeout=2))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert error.details() == "items: has 3 items; the limit is 2"
        assert running.made.decisions.decided == 0


async def test_administration_answers_status_check_and_edit(running, tmp_path):
    """Every administration method reaches the point and its answer comes back whole."""
    status = await running.administration.GetStatus(admin.GetStatusRequest(), timeout=2)
    assert (status.bundle, status.revision, status.workers, status.serving) == ("fake", "r1", 1, True)
    check = await running.administration.CheckBundle(admin.CheckBundleRequest(), timeout=2)
    assert (check.usable, check.revision) == (True, "r1")
    edit = admin.AddExemplarRequest(intent="read-mail", text="Any mail?")
    assert (await running.administration.AddExemplar(edit, timeout=2)).position.line == 9
    removed = await running.administration.RemoveExemplar(admin.RemoveExemplarRequest(intent="read-mail"), timeout=2)
    assert removed.revision == "r2"
    unknown = await failure(running.administration.AddExemplar(admin.AddExemplarRequest(intent="nope"), timeout=2))
    assert (unknown.code(), reason(unknown)) == (grpc.StatusCode.NOT_FOUND, "not_found")


async def test_a_bundle_that_cannot_be_used_comes_back_with_every_problem(running, tmp_path):
    """A refused activation is FAILED_PRECONDITION; the problems are readable and, packed, machine readable."""
    (tmp_path / "revision").write_text("bad")
    error = await failure(running.administration.ActivateBundle(admin.ActivateBundleRequest(), timeout=2))
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert "intents/a.yaml:3:5: no exemplars (add at least one)" in error.details()
    packed = dict(error.trailing_metadata())["pdp-problems-bin"]
    assert len(admin.CheckBundleResponse.FromString(packed).problems) == 2
    assert (await running.decisions.Decide(question(), timeout=2)).revision == "r1"


async def test_an_activation_is_in_force_for_the_next_question(running, tmp_path):
    """After ``ActivateBundle`` returns, decisions carry the new revision."""
    (tmp_path / "revision").write_text("r7")
    done = await running.administration.ActivateBundle(admin.ActivateBundleRequest(expected_revision="r7"), timeout=2)
    assert (done.revision, done.previous_revision) == ("r7", "r1")
    assert (await running.decisions.Decide(question(), timeout=2)).revision == "r7"


async def test_without_a_bundle_there_is_no_answer(serve):
    """Before the first activation every question is UNAVAILABLE, never an answer."""
    async with serve(revision="") as running:
        error = await failure(running.decisions.Decide(question(), timeout=2))
        assert (error.code(), reason(error)) == (grpc.StatusCode.UNAVAILABLE, "not_ready")


async def test_every_finished_call_is_observed_once_with_its_code(running):
    """The metrics hook sees method and code, for calls and for the items of a batch."""
    await running.decisions.Decide(question(), timeout=2)
    await failure(running.decisions.Decide(question("busy"), timeout=2))
    await running.decisions.DecideBatch(proto.DecideBatchRequest(items=[question("busy")]), timeout=2)
    assert running.made.observed == [
        ("Decide", "ok"), ("Decide", "overloaded"), ("DecideBatch.item", "overloaded"), ("DecideBatch", "ok"),
    ]  # fmt: skip


@pytest.mark.parametrize("method", ["Nope", "decide"])
async def test_an_unknown_method_is_unimplemented(running, method):
    """Nothing answers under a name that is not in the service."""
    error = await failure(running.raw(method)(b"", timeout=2))
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED
