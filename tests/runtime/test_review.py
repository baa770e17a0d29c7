"""What a review found: each test failed once."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, cast

import pytest

from pdp import data_directory, housekeeping, trail
from pdp.anchors import push
from pdp.audit.prompts import Sealer
from pdp.audit.report import Sameness
from pdp.audit.transaction import Transaction
from pdp.errors import AuditUnavailable, InvalidRequest, RevocationsUnavailable
from pdp.ledger import SESSIONS
from pdp.policy.model import Cause, Consequence, Reach, RuleEffect, Stop, Trigger
from pdp.redeciding import Redecider, Redecision
from pdp.revocation_point import META, SEQUENCE
from pdp.runtime import Agreement, AttenuationRequest, Caller, Observed, OrderReceipt, OrderWanted, Outcome
from pdp.server.answers import Answers
from pdp.server.guard import Call
from pdp.server.limits import Limits
from pdp.server.points import Parts
from pdp.server.runtime_points import RuntimePoints
from pdp.server.services import DecisionService
from pdp.session.state import ended
from pdp.session.stored import to_bytes
from pdp.snapshot import Snapshot
from pdp.types import Action, Agent, Decision, JsonObject, ReasonCode, Request, Target
from pdp.v1.decision_pb2 import DecideBatchRequest, DecideRequest, DecideResponse
from pdp.v1.types_pb2 import Reason
from pdp.wire import request_to_proto
from pdp.wire.decision import REASON_TO_PROTO
from tests.builders import HERE, rule
from tests.runtime.conftest import Opens
from tests.runtime.house import GATEWAY, OTHER_GATEWAY, READING, SENDING, House, ask, ask_to_send, budget, snapshot


def triggered(cause: Cause, do: Stop = Stop.KILL, reach: Reach = Reach.AGENT) -> Snapshot:
    """A bundle with one trigger, due the first time."""
    return snapshot(triggers=(Trigger(cause, do, reach, HERE, 1, None),))


async def ordered(house: House) -> None:
    """Wait for the first order."""
    for _ in range(500):
        if house.data.journal.table.sequence:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("no order was given")


class CutOff:
    """A log whose caller is cut off once its record is on disk."""

    def __init__(self, log: Any) -> None:
        self.log = log
        self.task: asyncio.Task[Any] | None = None

    async def commit(self, job: Callable[[Transaction], object], deadline: float | None = None) -> object:
        found = await self.log.commit(job, deadline)
        if self.task is not None:
            self.task.cancel()
            await asyncio.sleep(10)
        return found


async def test_who_leaves_before_the_answer_does_not_escape_the_stop(opens: Opens) -> None:
    """A caller whose deadline passes while its deny is written would otherwise never be stopped."""
    logs: list[CutOff] = []

    def hook(log: Any) -> Any:
        logs.append(CutOff(log))
        return logs[0]

    async with opens(triggered(Cause.DENIALS), hook=hook) as house:
        session = await house.both()
        logs[0].task = asyncio.ensure_future(house.decide(ask(session, action="drop")))
        with pytest.raises(asyncio.CancelledError):
            await logs[0].task
        await ordered(house)
        logs[0].task = None
        assert (await house.decide(ask())).permit is None


async def test_a_quarantined_agent_cannot_fill_the_journal_by_being_denied(opens: Opens) -> None:
    """One order while it is in force, however many denials follow; another once it was lifted."""
    async with opens(triggered(Cause.DENIALS, Stop.QUARANTINE)) as house:
        session = await house.both()
        for _ in range(5):
            await house.decide(ask(session, action="drop"))
        assert house.data.journal.table.sequence == 1
        await house.order("lift", "agent", "agent-1")
        await house.decide(ask(session, action="drop"))
        assert house.data.journal.table.sequence == 3


class NoOrders:
    """A kill switch whose disk is gone."""

    async def order(self, _wanted: OrderWanted, _by: str) -> OrderReceipt:
        raise RevocationsUnavailable("gone")


async def test_the_end_of_a_session_is_made_whole_when_it_is_asked_for_again(opens: Opens) -> None:
    """The session ended and its grants were not stopped: asking again stops them, once."""
    async with opens(snapshot()) as house:
        session = await house.both()
        assert (await house.decide(ask(session))).permit is not None
        whole, house.sessions._stops = house.sessions._stops, NoOrders()
        with pytest.raises(RevocationsUnavailable):
            await house.sessions.end(session, "", GATEWAY, None)
        house.sessions._stops = whole
        for _ in range(2):
            assert not (await house.sessions.end(session, "", GATEWAY, None)).was_open
            assert [o.value for o in house.data.journal.table.active(house.clock[0])] == [session]
        assert house.data.journal.table.sequence == 1


async def test_a_caller_that_is_cut_off_while_it_ends_a_session_ends_its_grants(opens: Opens) -> None:
    async with opens(snapshot()) as house:
        session = await house.both()
        assert (await house.decide(ask(session))).permit is not None
        ending = asyncio.ensure_future(house.sessions.end(session, "", GATEWAY, None))
        await asyncio.sleep(0)
        ending.cancel()
        await ordered(house)
        assert house.state(session).ended


def again(house: House, forge: Callable[[dict[str, Any]], object]) -> list[Redecision]:
    """Every decision of the log made again, its record forged before."""
    current = house.snapshots.current()
    redecider, found = Redecider({current.bundle.revision: current}.get), []
    for record in house.data.reader.records():
        body = json.loads(record.stored)["body"]
        if record.kind == "decision":
            forge(body)
        found.append(redecider.take(record.entry().kind, record.time, body))
    return [f for f in found if f is not None]


def wider_target(body: dict[str, Any]) -> None:
    body["grant"]["authorization_details"][0]["identifier"] = "everything"


FORGERIES: dict[str, Callable[[dict[str, Any]], object]] = {
    "a score below the band": lambda body: body["matching"].update(score=0.01),
    "lower thresholds": lambda body: body["matching"].update(accept=0.1, narrow=0.05),
    "another action granted": lambda body: body["grant"].update(rqd="A" * 43),
    "another target granted": wider_target,
    "a longer grant": lambda body: body["grant"].update(exp=body["grant"]["exp"] + 60),
    "more uses": lambda body: body["grant"].update(uses=9),
    "another gateway": lambda body: body["grant"].update(aud="gateway-2"),
    "no grant": lambda body: body.pop("grant"),
    "other obligations": lambda body: body.update(obligations=[{"type": "notify", "properties": {"whom": "nobody"}}]),
}


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_a_forged_record_does_not_come_out_the_same(forgery: str, opens: Opens) -> None:
    """The grant and the obligations are made again too, and a matching must fit its calibration."""
    async with opens(snapshot()) as house:
        assert (await house.decide(ask(await house.both()))).permit is not None
        assert [f.sameness for f in again(house, lambda body: body)] == [Sameness.SAME]
        assert [f.sameness for f in again(house, FORGERIES[forgery])] == [Sameness.DIFFERENT]


async def test_what_was_masked_makes_no_later_decision_look_forged(opens: Opens) -> None:
    """A rule reads a secret that no record holds: what follows in its session is in doubt, and not called different."""
    secret = rule('action.params.password == "hunter2hunter2"', RuleEffect.REQUIRE, name="secret")
    current = snapshot(
        intents=(replace(READING, rules=(secret,)), SENDING), budgets=(budget("allowed", 1, Consequence.DENY),)
    )
    async with opens(current) as house:
        session = await house.both()
        first = await house.decide(ask(session, params={"password": "hunter2hunter2"}))
        assert first.permit is not None
        assert (await house.decide(ask_to_send(session))).permit is None
        found = again(house, lambda body: body)
        assert found[0].sameness is Sameness.UNVERIFIABLE
        assert Sameness.DIFFERENT not in {f.sameness for f in found}


@pytest.mark.parametrize("purpose", ["\u200b", "\u00ad\u2060"])
async def test_a_purpose_that_says_nothing_opens_no_session(purpose: str, opens: Opens) -> None:
    """Its vector would be none, and drift from it would never be seen, whatever intents are named."""
    async with opens(snapshot()) as house:
        answer = await house.start(purpose=purpose, intents=("read-invoices", "send-reminder"))
        assert not answer.session_id
        assert answer.reasons[0].code is ReasonCode.NO_UTTERANCE


async def test_quarantine_stops_a_grant_to_send_that_was_attenuated_to_reading(opens: Opens) -> None:
    """To send is to send: a flag that a gateway may not know how to keep makes no read of it."""
    async with opens(snapshot()) as house:
        asked = ask_to_send(await house.both())
        decision = await house.decide(asked)
        assert decision.permit is not None
        wanted = AttenuationRequest(decision.permit.token, Agent("sub-1"), read_only=True)
        child = await house.grants.attenuate(wanted, GATEWAY, None)
        assert child.grant
        await house.order("quarantine", "everything")
        taken = await house.grants.consume(child.grant, asked.target, asked.action, None, GATEWAY, None)
        assert taken.refusal == "revoked"


async def test_what_is_used_up_or_over_is_not_handed_on(opens: Opens) -> None:
    """At another gateway a new grant's uses would be counted from nothing."""
    async with opens(snapshot()) as house:
        asked = ask(await house.both())
        used, late = await house.decide(asked), await house.decide(asked)
        assert used.permit is not None
        assert late.permit is not None
        await house.grants.consume(used.permit.token, asked.target, asked.action, None, GATEWAY, None)
        wanted = AttenuationRequest(used.permit.token, Agent("sub-1"), audience="gateway-1/2", seconds=0.5)
        assert (await house.grants.attenuate(wanted, GATEWAY, None)).refusal == "replayed"
        brief = await house.grants.attenuate(replace(wanted, grant=late.permit.token), GATEWAY, None)
        assert brief.expires - house.clock[0] <= 1
        house.data.log.commit_now(lambda txn: txn.put(SESSIONS, asked.session_id, ended_now(house, asked.session_id)))
        assert (await house.grants.attenuate(replace(wanted, grant=late.permit.token), GATEWAY, None)).refusal


def ended_now(house: House, session: str) -> bytes:
    """The session as a process that died before its order left it: ended, and its grants not stopped."""
    return to_bytes(ended(house.state(session), "ended", house.clock[0]))


async def test_an_outcome_under_an_attenuated_grant_is_what_was_granted(opens: Opens) -> None:
    """It names the narrower grant, as it should, and nobody is stopped for it."""
    async with opens(triggered(Cause.OUTCOME)) as house:
        asked = ask(await house.both())
        decision = await house.decide(asked)
        assert decision.permit is not None
        wanted = AttenuationRequest(decision.permit.token, Agent("sub-1"))
        child = await house.grants.attenuate(wanted, GATEWAY, None)
        ran = Outcome(decision.decision_id, Observed.OCCURRED, child.grant_id, asked.target, asked.action)
        assert (await house.grants.report(ran, GATEWAY, None)).agreement is Agreement.AGREE
        assert house.data.journal.table.sequence == 0
        other = replace(ran, action=Action("drop"))
        assert (await house.grants.report(other, GATEWAY, None)).agreement is Agreement.DISAGREE
        assert house.data.journal.table.sequence == 1


async def test_what_another_gateway_reports_neither_counts_nor_stops(opens: Opens) -> None:
    """Else any gateway could have another's agent stopped, or spend its budget."""
    async with opens(triggered(Cause.OUTCOME)) as house:
        session = await house.both()
        asked = ask(session)
        decision = await house.decide(asked)
        ran = Outcome(decision.decision_id, Observed.OCCURRED, "", asked.target, Action("drop"), rows=10**9)
        assert (await house.grants.report(ran, OTHER_GATEWAY, None)).agreement is Agreement.ONE_SIDED
        assert house.state(session).counters.rows == 0
        assert house.data.journal.table.sequence == 0
        assert len(house.records("outcome")) == 1
        redecider, differing = house.redecided()
        assert differing == []
        assert redecider.state(session) == house.state(session)


async def test_reading_much_holds_up_no_decision(opens: Opens) -> None:
    """The state of a session is read while another reading keeps its connection."""
    async with opens(snapshot()) as house:
        session = await house.both()
        with house.data.reader._lock:
            assert await asyncio.wait_for(asyncio.to_thread(house.ledger.session, session), 5) is not None


async def test_a_damaged_row_ends_no_housekeeping(opens: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be read is left, the rest is forgotten, and keys are renewed all the same."""
    monkeypatch.setattr(housekeeping, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(housekeeping, "PURGE_SECONDS", 0.0)
    async with opens(snapshot(), begin=False) as house:
        session, data = await house.both(), house.data
        data.log.commit_now(lambda txn: txn.put(SESSIONS, "damaged", b"{"))
        house.clock[0] += 10 * 86_400
        keeping = asyncio.ensure_future(
            housekeeping.Housekeeping(data.keys, data.log, data.reader, lambda: house.clock[0], 0.0).run()
        )
        for _ in range(500):
            if data.reader.get(SESSIONS, session) is None:
                break
            await asyncio.sleep(0.01)
        assert [key for key, _ in data.reader.scan(SESSIONS)] == ["damaged"]
        assert not keeping.done()
        keeping.cancel()


SECRET = "https://pay.example/?api_key=AKIAABCDEFGHIJKLMNOP"


async def test_no_reason_tells_a_secret_that_a_target_is_named_with(opens: Opens) -> None:
    """The request is masked in its record, and so is what is said about it, also why a session ended."""
    async with opens(snapshot()) as house:
        session = await house.both()
        await house.decide(ask(session, target=Target("http", SECRET)))
        assert (await house.decide(ask(session))).permit is not None
        await house.sessions.end(session, f"asked for {SECRET}", GATEWAY, None)
        assert all("AKIA" not in json.dumps(body) for body in house.records())
        assert "pay.example" in json.dumps(house.records("revocation"))
        assert house.redecided()[1] == []


async def test_a_deny_for_want_of_a_record_is_not_repeated() -> None:
    """Once the disk is well again, a retry is judged."""
    reasons = iter((ReasonCode.AUDIT_UNAVAILABLE, ReasonCode.ALLOWED))
    answers = Answers(8, 10.0, lambda: 0.0)

    async def work() -> DecideResponse:
        return DecideResponse(reasons=[Reason(code=REASON_TO_PROTO[next(reasons)])], revision="r")

    question = DecideRequest(request_id="r1")
    first = await answers.once("gateway-1", question, lambda: "r@0", work)
    again = await answers.once("gateway-1", question, lambda: "r@0", work)
    assert (first.reasons[0].code, again.reasons[0].code) == (
        REASON_TO_PROTO[ReasonCode.AUDIT_UNAVAILABLE],
        REASON_TO_PROTO[ReasonCode.ALLOWED],
    )


async def test_the_floor_of_orders_never_sinks(opens: Opens) -> None:
    """Their records may come in another order than they do; a journal that lost the last one must be found wanting."""
    async with opens(snapshot()) as house:
        await asyncio.gather(*(house.order("kill", "task", f"T-{n}") for n in range(8)))
        known = house.data.reader.get(META, SEQUENCE)
        assert known is not None
        assert int(known) == 8
        late = replace(next(iter(house.data.journal.table.active(house.clock[0]))), sequence=3)
        await house.data.revocations._audited(late)
        assert house.data.reader.get(META, SEQUENCE) == b"8"


async def test_a_disk_that_makes_no_key_for_a_subject_holds_up_no_order(
    opens: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With encrypted prompts a subject's first key is synced to disk: not by the event loop that must take a kill."""
    stuck, free = threading.Event(), threading.Event()

    def seal(_sealer: Sealer, _subject: str, _text: str, _nonce: bytes) -> str:
        stuck.set()
        free.wait(10)
        return "sealed"

    monkeypatch.setattr(Sealer, "seal", seal)
    async with opens(snapshot(), sealed=True) as house:
        asking = asyncio.ensure_future(house.decide(ask()))
        await asyncio.to_thread(stuck.wait, 10)
        receipt = await asyncio.wait_for(house.order("kill", "everything"), 5)
        assert receipt.durable
        assert not asking.done()
        free.set()
        assert (await asking).permit is None


async def test_a_request_is_masked_once_however_often_it_is_judged(
    opens: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes long for a large one, and it is judged again while everybody else waits for the log."""
    made: list[int] = []
    once = trail.request_document

    def counted(asked: Request) -> JsonObject:
        made.append(1)
        return once(asked)

    monkeypatch.setattr(trail, "request_document", counted)
    async with opens(snapshot()) as house:
        session = await house.both()
        await asyncio.gather(*(house.decide(ask(session)) for _ in range(8)))
        assert house.state(session).version == 8
        assert len(made) == 8


async def test_no_answer_of_a_batch_leaves_after_a_kill(opens: Opens) -> None:
    """The first item was granted while another was still judged, and the kill came in between."""
    async with opens(snapshot()) as house:
        held = asyncio.Event()

        class Slow:
            async def decide(self, asked: Request, caller: Caller, deadline: float | None) -> Decision:
                if asked.action.name == "list":
                    await held.wait()
                return await house.decisions.decide(asked, caller, deadline)

        def word() -> str:
            return f"{house.snapshots.current().bundle.revision}@{house.data.sequence()}"

        runtime = RuntimePoints(house.sessions, house.grants, house.data.revocations, cast("Any", None))
        parts = Parts(cast("Any", Slow()), cast("Any", None), word, runtime=runtime)
        service = DecisionService(parts, Limits(), Answers(8, 10.0, lambda: 0.0))
        questions = [request_to_proto(ask(action=name, request_id=name)) for name in ("read", "list")]
        batch = DecideBatchRequest(items=questions).SerializeToString()
        call = Call(GATEWAY, float("inf"), "")
        asking = asyncio.ensure_future(service.decide_batch(batch, call))
        for _ in range(500):
            if house.records("decision"):
                break
            await asyncio.sleep(0.01)
        await house.order("kill", "target", "table/invoices")
        held.set()
        answer = await asking
        assert [bool(item.decision.grant) for item in answer.items] == [False, False]
        assert answer.items[0].error.code
        assert (await service.decide_batch(batch, call)).items[0].decision.reasons[0].code == REASON_TO_PROTO[
            ReasonCode.REVOKED
        ]


async def test_a_session_that_is_over_is_not_opened_again_by_a_retry(opens: Opens) -> None:
    """To be told that it started would be wrong: nothing is granted in it any more."""
    async with opens(snapshot()) as house:
        session = (await house.start(request_id="r1")).session_id
        assert (await house.start(request_id="r1")).session_id == session
        await house.sessions.end(session, "", GATEWAY, None)
        with pytest.raises(InvalidRequest, match="over"):
            await house.start(request_id="r1")


async def test_an_activation_is_recorded_once_the_disk_is_well_again(
    opens: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decisions under a bundle whose activation no record tells could not be explained."""
    monkeypatch.setattr(data_directory, "AGAIN_SECONDS", 0.0)
    async with opens(snapshot()) as house:
        whole, refusals = house.data.log.commit, iter((True, True))

        async def commit(job: Callable[[Transaction], object], deadline: float | None = None) -> object:
            if next(refusals, False):
                raise AuditUnavailable("full")
            return await whole(job, deadline)

        monkeypatch.setattr(house.data.log, "commit", commit)
        house.data.activated(house.snapshots.current().bundle, "", "sha256:words")
        for _ in range(500):
            if house.records("activation"):
                break
            await asyncio.sleep(0.01)
        assert len(house.records("activation")) == 1


def test_a_checkpoint_is_sent_where_the_configuration_says_and_nowhere_else() -> None:
    """A redirect is an error, and whoever it names hears nothing."""
    heard: list[str] = []

    class Elsewhere(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(self.path)
            self.send_response(302 if self.path == "/moved" else 200)
            self.send_header("Location", "/stranger")
            self.end_headers()

        do_GET = do_POST  # noqa: N815  (the name that http.server asks for)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        place = f"http://127.0.0.1:{server.server_port}"
        push(f"{place}/here", "a checkpoint")
        with pytest.raises(OSError, match="302"):
            push(f"{place}/moved", "a checkpoint")
        server.shutdown()
    assert heard == ["/here", "/moved"]


async def test_the_same_report_twice_counts_once(opens: Opens) -> None:
    """A retry that lost its answer must not spend the session's budget; both are recorded, and replay follows."""
    async with opens(triggered(Cause.OUTCOME)) as house:
        session = await house.both()
        asked = ask(session)
        decision = await house.decide(asked)
        ran = Outcome(decision.decision_id, Observed.OCCURRED, "", asked.target, asked.action, rows=10)
        for _ in range(3):
            assert (await house.grants.report(ran, GATEWAY, None)).agreement is Agreement.AGREE
        assert house.state(session).counters.rows == 10
        assert [r.get("counted", True) for r in house.records("outcome")] == [True, False, False]
        redecider, _ = house.redecided()
        followed = redecider.state(session)
        assert followed is not None
        assert followed.counters.rows == 10
