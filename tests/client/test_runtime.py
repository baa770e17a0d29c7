"""Sessions, grants, orders and the trail through both clients: values come back, errors are raised or refuse."""

from __future__ import annotations

import grpc
import pytest

from pdp.client import Terms
from pdp.errors import AuditUnavailable, GrantRefused, InvalidRequest, NotFound, NotReady, PermissionDenied
from pdp.runtime import (
    Agreement,
    Attenuation,
    AttenuationRequest,
    Consumption,
    Observed,
    Outcome,
    SessionEnd,
    SessionRequest,
)
from pdp.server.app import ServerSettings
from pdp.types import Action, Agent, ReasonCode, Target
from pdp.v1 import grant_pb2, session_pb2
from tests.client.test_client import answering_as, client, free_address

__all__ = ["client"]

WANTED = SessionRequest(Agent("mail-agent", "7"), "Read my mail", task="t", seconds=30, budget={"rows": 10})
MAILBOX, READ = Target("mailbox", "me"), Action("read")


async def test_a_session_from_start_to_end(client, running):
    """Opened under an id the client made, shown, listed, ended."""
    async with client(running.address) as pdp:
        started = await pdp.start_session(WANTED)
        assert (started.session_id, started.reasons[0].code) == ("s1", ReasonCode.SESSION_STARTED)
        asked = running.made.runtime.sessions.asked[0][0]
        assert (asked.budget, len(asked.request_id)) == ({"rows": 10.0}, 32)
        assert (await pdp.session("s1")).numbers == {"rows": 7, "drift": 0.25}
        assert [s.id for s in await pdp.sessions(agent="mail-agent")] == ["s1"]
        assert await pdp.end_session("s1", "done") == SessionEnd(2, True)
        assert await pdp.sessions(only_open=True) == ()
        assert [a.id for a in await pdp.agents()] == ["mail-agent", "stray"]
        with pytest.raises(NotFound):
            await pdp.session("s9")


async def test_grants_are_used_narrowed_and_reported(client, running):
    """What the point answers is what the gateway gets, refusals included."""
    async with client(running.address) as pdp:
        assert await pdp.consume("good", MAILBOX, READ) == Consumption(True, 1, grant_id="g1")
        refused = await pdp.consume("bad", MAILBOX, READ)
        assert (refused.consumed, refused.refusal, refused.text) == (False, "wrong_action", "it is for reading")
        assert await pdp.attenuate(AttenuationRequest("good", Agent("sub"))) == Attenuation("narrower", "g2", 130.0)
        assert (await pdp.attenuate(AttenuationRequest("bad", Agent("sub")))).refusal == "not_contained"
        assert await pdp.keys() == '{"keys": []}'
        answer = await pdp.report_outcome(Outcome("d1", Observed.OCCURRED, rows=3, values={"subject": "x"}))
        assert answer.agreement is Agreement.AGREE
        with pytest.raises(NotFound):
            await pdp.report_outcome(Outcome("d2", Observed.NONE))


async def test_orders_are_given_listed_and_lifted(client, running):
    """With reason, cause, length and who gave them."""
    async with client(running.address) as pdp:
        killed = await pdp.kill("agent", "a", reason="went astray", cause="drift", seconds=60.0)
        assert (killed.sequence, killed.durable, killed.audited) == (1, True, True)
        assert (await pdp.quarantine("everything", reason="incident", wait=0.05)).sequence == 2
        sequence, held = await pdp.orders()
        assert [(o.kind, o.scope, o.cause, o.until, o.by) for o in held] == [
            ("kill", "agent", "drift", 160.0, "loopback"),
            ("quarantine", "everything", "operator-action", 0.0, "loopback"),
        ]
        await pdp.lift("agent", "a")
        assert (sequence, len((await pdp.orders())[1])) == (2, 1)
        with pytest.raises(InvalidRequest, match="'planet' is unknown"):
            await pdp.kill("planet", "earth")
        with pytest.raises(InvalidRequest, match="cause"):
            await pdp.kill("agent", "a", cause="nonsense")


async def test_the_trail_is_read_with_proofs(client, running):
    """Records as stored, and what proves them."""
    async with client(running.address) as pdp:
        trace = await pdp.trace("d1")
        assert ([r.index for r in trace.records], trace.checkpoint) == ([0, 1, 2], "note")
        page = await pdp.records(limit=2)
        assert (len(page.records), page.next, page.size) == (2, 2, 3)
        assert (await pdp.records(start=page.next)).next == 0
        assert await pdp.checkpoint() == ("note", "key")
        assert (await pdp.inclusion(1)).size == 3
        assert (await pdp.consistency(1)).second == 3
        assert (await pdp.forget("noor"), await pdp.forget("nobody")) == (True, False)
        with pytest.raises(InvalidRequest, match="beyond the tree"):
            await pdp.inclusion(9)
        with pytest.raises(NotFound):
            await pdp.trace("d2")


async def test_what_a_gateway_may_act_on_refuses_when_there_is_no_answer(client, running):
    """Error of the server, no server, something that cannot be sent: no session, no use, no grant, and the reason."""
    async with client(running.address) as pdp:
        assert (await pdp.consume("forged", MAILBOX, READ)).refusal == "bad_signature"
        assert (await pdp.consume("", MAILBOX, READ)).refusal == "invalid_request"
        assert (await pdp.consume("good", MAILBOX, Action("read", {"x": object()}))).refusal == "invalid_request"
        assert (await pdp.attenuate(AttenuationRequest("good", Agent("")))).refusal == "invalid_request"
        stuck = await pdp.start_session(SessionRequest(Agent("a"), "stuck"))
        assert (stuck.session_id, stuck.reasons[0].code) == ("", ReasonCode.INTERNAL_ERROR)
        assert "audit_unavailable: the disk is full" in stuck.reasons[0].text
        assert (await pdp.start_session(SessionRequest(Agent("a"), 7))).session_id == ""
    async with client(free_address(), terms=Terms(timeout=0.3)) as pdp:
        assert (await pdp.consume("good", MAILBOX, READ)).refusal == "not_ready"
        assert (await pdp.attenuate(AttenuationRequest("good", Agent("s")))).text.startswith("no usable answer: not_re")
        assert not (await pdp.start_session(WANTED)).session_id
        with pytest.raises(NotReady):
            await pdp.kill("agent", "a")


async def test_when_asked_for_errors_are_raised(client, running):
    """``raise_for_error``, as for decisions; a grant's fault comes along."""
    async with client(running.address, terms=Terms(raise_for_error=True)) as pdp:
        with pytest.raises(GrantRefused) as refused:
            await pdp.consume("forged", MAILBOX, READ)
        assert refused.value.fault == "bad_signature"
        with pytest.raises(AuditUnavailable):
            await pdp.start_session(SessionRequest(Agent("a"), "stuck"))


async def test_a_use_is_never_sent_twice_and_a_session_under_one_id(client):
    """UNAVAILABLE may have come after the use was taken; a session has an id that makes a second attempt safe."""
    down, seen = grpc.StatusCode.UNAVAILABLE, []

    def opened(raw: bytes) -> bytes:
        seen.append(session_pb2.StartSessionRequest.FromString(raw).request_id)
        return session_pb2.StartSessionResponse(session_id="s").SerializeToString()

    taken = grant_pb2.ConsumeResponse(consumed=True, grant_id="g").SerializeToString()
    async with answering_as("GrantService", "Consume", down, taken) as address, client(address) as pdp:
        assert (await pdp.consume("good", MAILBOX, READ)).refusal == "not_ready"
    async with answering_as("SessionService", "StartSession", down, opened) as address, client(address) as pdp:
        assert (await pdp.start_session(WANTED)).session_id == "s"
        assert len(seen[0]) == 32


@pytest.mark.parametrize("answer", [b"", b"\xff\xff", b"\x08\x01"], ids=["empty", "no message", "no grant id"])
async def test_an_answer_that_says_nothing_takes_no_use(client, answer):
    """Whatever a strange server says."""
    async with answering_as("GrantService", "Consume", answer) as address, client(address) as pdp:
        refused = await pdp.consume("good", MAILBOX, READ)
        assert not refused.consumed
        assert refused.refusal in {"answer_unusable", "internal"}


async def test_administration_that_is_off_is_said_so(client, serve):
    """The kill switch is administration."""
    async with serve(ServerSettings(loopback_administration=False)) as running, client(running.address) as pdp:
        with pytest.raises(PermissionDenied):
            await pdp.kill("agent", "a")
