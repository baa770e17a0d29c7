"""Sessions, grants, orders and the trail over a real socket: answers, errors, and who may ask for what."""

from __future__ import annotations

import asyncio

import grpc
import pytest
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2, health_pb2_grpc

from pdp.runtime import Caller, RecordPage, StoredRecord
from pdp.server.app import ServerSettings
from pdp.server.audit_service import that_fit
from pdp.server.identity import thumbprint
from pdp.server.limits import Limits
from pdp.v1 import audit_pb2 as audit
from pdp.v1 import grant_pb2 as grants
from pdp.v1 import revocation_pb2 as orders
from pdp.v1 import session_pb2 as sessions
from tests.server.conftest import Running, failure, question, reason
from tests.server.test_guard import until
from tests.server.test_health import listed
from tests.server.test_tls import ADMIN, GATEWAY, authority, secure, settings

__all__ = ["authority", "settings"]

START = sessions.StartSessionRequest(agent={"id": "mail-agent"}, purpose="Read my mail", task_id="t1", seconds=30)
USE = grants.ConsumeRequest(grant="good", target={"kind": "mailbox"}, action={"name": "read"})
SUB = grants.AttenuateRequest(grant="good", agent={"id": "sub-agent"})
RAN = grants.ReportOutcomeRequest(decision_id="d1", observed=grants.OBSERVED_EFFECT_OCCURRED, rows=3)
KILL = orders.OrderRequest(scope=orders.SCOPE_AGENT, value="mail-agent", reason="went astray")

CALLERS = [
    ("SessionService", "StartSession", START),
    ("SessionService", "EndSession", sessions.EndSessionRequest(session_id="s1")),
    ("SessionService", "GetSession", sessions.GetSessionRequest(session_id="s1")),
    ("GrantService", "Consume", USE),
    ("GrantService", "Attenuate", SUB),
    ("GrantService", "GetKeys", grants.GetKeysRequest()),
    ("GrantService", "ReportOutcome", RAN),
]
ADMINISTRATORS = [
    ("SessionService", "ListSessions", sessions.ListSessionsRequest()),
    ("SessionService", "ListAgents", sessions.ListAgentsRequest()),
    ("RevocationService", "Kill", KILL),
    ("RevocationService", "Quarantine", KILL),
    ("RevocationService", "Lift", KILL),
    ("RevocationService", "ListOrders", orders.ListOrdersRequest()),
    ("AuditService", "GetTrace", audit.GetTraceRequest(id="d1")),
    ("AuditService", "ListRecords", audit.ListRecordsRequest()),
    ("AuditService", "GetCheckpoint", audit.GetCheckpointRequest()),
    ("AuditService", "GetInclusionProof", audit.GetInclusionProofRequest(index=1)),
    ("AuditService", "GetConsistencyProof", audit.GetConsistencyProofRequest(first=1)),
    ("AuditService", "ForgetSubject", audit.ForgetSubjectRequest(subject="noor")),
]


async def call(running: Running, service: str, method: str, message: Message | bytes) -> bytes:
    """One call of any method, as bytes."""
    raw = message if isinstance(message, bytes) else message.SerializeToString()
    return await running.channel.unary_unary(f"/pdp.v1.{service}/{method}")(raw, timeout=5)


async def test_a_session_is_opened_shown_and_ended(running):
    """What was asked reaches the point whole, with the caller; the session comes back with its numbers."""
    started = await running.sessions.StartSession(START, timeout=2)
    assert (started.session_id, list(started.intents), started.expires) == ("s1", ["read-mail"], 160.0)
    wanted, caller = running.made.runtime.sessions.asked[0]
    assert (wanted.task, wanted.seconds, caller) == ("t1", 30.0, Caller("loopback"))
    shown = await running.sessions.GetSession(sessions.GetSessionRequest(session_id="s1"), timeout=2)
    assert (shown.gateway, shown.numbers["rows"], shown.ended) == ("loopback", 7, "")
    ended = await running.sessions.EndSession(sessions.EndSessionRequest(session_id="s1", reason="done"), timeout=2)
    assert (ended.grants_ended, ended.was_open) == (2, True)
    again = await running.sessions.EndSession(sessions.EndSessionRequest(session_id="s1"), timeout=2)
    assert (again.grants_ended, again.was_open) == (0, False)


async def test_a_refused_session_is_an_answer_and_an_unwritable_trail_is_none(running):
    """Refused: no id, reasons. Without a record: UNAVAILABLE with its own code."""
    unapproved = sessions.StartSessionRequest(agent={"id": "a"}, purpose="deny me")
    refused = await running.sessions.StartSession(unapproved, timeout=2)
    assert (refused.session_id, refused.reasons[0].text) == ("", "nobody approved it")
    stuck = sessions.StartSessionRequest(agent={"id": "a"}, purpose="stuck")
    error = await failure(running.sessions.StartSession(stuck, timeout=2))
    assert (error.code(), reason(error)) == (grpc.StatusCode.UNAVAILABLE, "audit_unavailable")


async def test_sessions_and_agents_are_listed(running):
    """The newest first, at most as many as asked for, also only the open ones or those of one agent."""
    for agent in ("a", "b", "a"):
        message = sessions.StartSessionRequest(agent={"id": agent}, purpose="x")
        await running.sessions.StartSession(message, timeout=2)
    await running.sessions.EndSession(sessions.EndSessionRequest(session_id="s1"), timeout=2)

    async def listing(**fields) -> list[str]:
        found = await running.sessions.ListSessions(sessions.ListSessionsRequest(**fields), timeout=2)
        return [s.id for s in found.sessions]

    assert await listing() == ["s3", "s2", "s1"]
    assert await listing(open=True, agent="a") == ["s3"]
    assert await listing(limit=1) == ["s3"]
    agents = (await running.sessions.ListAgents(sessions.ListAgentsRequest(), timeout=2)).agents
    assert [(a.id, list(a.marks)) for a in agents] == [("mail-agent", []), ("stray", ["unowned", "unknown"])]


async def test_a_grant_is_used_up_and_then_refused(running):
    """A refusal is an answer with a stable word; what the point raises about a grant is PERMISSION_DENIED."""
    assert [(await running.grants.Consume(USE, timeout=2)).uses_left for _ in range(2)] == [1, 0]
    third = await running.grants.Consume(USE, timeout=2)
    assert (third.consumed, third.refusal, third.grant_id) == (False, "replayed", "g1")
    forged = grants.ConsumeRequest(grant="forged", target={"kind": "m"}, action={"name": "read"})
    error = await failure(running.grants.Consume(forged, timeout=2))
    assert (error.code(), reason(error)) == (grpc.StatusCode.PERMISSION_DENIED, "grant_refused")
    assert dict(error.trailing_metadata())["pdp-fault"] == "bad_signature"
    assert (await running.grants.Attenuate(SUB, timeout=2)).grant == "narrower"
    assert (await running.grants.GetKeys(grants.GetKeysRequest(), timeout=2)).jwks == '{"keys": []}'


async def test_an_outcome_is_linked_to_its_decision(running):
    """Everything the gateway saw arrives; a decision nobody made is NOT_FOUND."""
    assert (await running.grants.ReportOutcome(RAN, timeout=2)).agreement == grants.AGREEMENT_AGREE
    assert running.made.runtime.grants.outcomes[0].rows == 3
    other = grants.ReportOutcomeRequest(decision_id="d9", observed=grants.OBSERVED_EFFECT_NONE)
    assert (await failure(running.grants.ReportOutcome(other, timeout=2))).code() is grpc.StatusCode.NOT_FOUND


async def test_an_order_is_in_force_when_it_returns(running):
    """Sequence, who gave it, what is in force; a lift ends it; a scope of no version is refused by name."""
    receipt = await running.revocations.Kill(KILL, timeout=2)
    assert (receipt.sequence, receipt.durable, receipt.audited) == (1, True, True)
    held = await running.revocations.ListOrders(orders.ListOrdersRequest(), timeout=2)
    assert (held.sequence, held.orders[0].by, held.orders[0].kind) == (1, "loopback", orders.ORDER_KIND_KILL)
    await running.revocations.Lift(KILL, timeout=2)
    assert (await running.revocations.ListOrders(orders.ListOrdersRequest(), timeout=2)).orders == []
    for wrong in (orders.OrderRequest(), orders.OrderRequest(scope=99, value="x")):
        error = await failure(running.revocations.Kill(wrong, timeout=2))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert "known are grant, session" in error.details()


async def test_no_remembered_answer_outlives_a_kill(running):
    """The same question under the same id is judged anew once an order is in force."""
    for _ in range(2):
        await running.decisions.Decide(question(request_id="q"), timeout=2)
    assert running.made.decisions.decided == 1
    await running.revocations.Kill(KILL, timeout=2)
    await running.decisions.Decide(question(request_id="q"), timeout=2)
    assert running.made.decisions.decided == 2


async def test_an_order_gets_through_when_decisions_are_overloaded(serve):
    """Its in-flight bound is its own."""
    async with serve(ServerSettings(limits=Limits(in_flight=1), shutdown_grace=1)) as running:
        held = running.decisions.Decide(question("wait"), timeout=5)
        await until(lambda: running.made.decisions.decided == 1)
        assert reason(await failure(running.decisions.Decide(question(), timeout=2))) == "overloaded"
        assert (await running.revocations.Kill(KILL, timeout=2)).sequence == 1
        assert (await running.sessions.StartSession(START, timeout=2)).session_id == "s1"
        held.cancel()


async def test_an_order_is_carried_out_when_whoever_gave_it_is_gone(running):
    """What has arrived is not undone by a connection that breaks."""
    message = orders.OrderRequest(scope=orders.SCOPE_EVERYTHING, reason="hold")
    held = running.revocations.Kill(message, timeout=5)
    await asyncio.sleep(0.1)
    held.cancel()
    await until(lambda: ("Kill", "cancelled") in running.made.observed)
    running.made.runtime.revocations.release.set()
    await until(lambda: running.made.runtime.revocations.sequence == 1)


async def test_the_trail_is_read_under_the_readers_name(running):
    """Records, proofs and checkpoint; each reading tells the point who reads."""
    trace = await running.audit.GetTrace(audit.GetTraceRequest(id="d1"), timeout=2)
    assert [r.stored for r in trace.records] == [b'{"n":0}', b'{"n":1}', b'{"n":2}']
    assert (trace.proofs[2].index, trace.proofs[2].hashes, trace.checkpoint) == (2, [b"\0" * 32], "note")
    page = await running.audit.ListRecords(audit.ListRecordsRequest(limit=2), timeout=2)
    assert ([r.index for r in page.records], page.next, page.size) == ([0, 1], 2, 3)
    assert (await running.audit.GetCheckpoint(audit.GetCheckpointRequest(), timeout=2)).verifier == "key"
    proof = await running.audit.GetInclusionProof(audit.GetInclusionProofRequest(index=2), timeout=2)
    assert (proof.index, proof.size) == (2, 3)
    beyond = await failure(running.audit.GetInclusionProof(audit.GetInclusionProofRequest(index=9), timeout=2))
    assert beyond.details() == "index: is beyond the tree of 3 records"
    consistency = await running.audit.GetConsistencyProof(audit.GetConsistencyProofRequest(first=1), timeout=2)
    assert (consistency.first, consistency.second) == (1, 3)
    assert (await running.audit.ForgetSubject(audit.ForgetSubjectRequest(subject="noor"), timeout=2)).erased
    assert ("trace", "loopback") in running.made.runtime.audit.read


def test_a_page_of_large_records_is_cut_where_the_next_one_begins():
    """A client takes 4 MiB at a time; nothing is skipped, and a record larger than that still comes alone."""
    records = tuple(StoredRecord(i, b"x" * 40) for i in (3, 5, 8))
    page = RecordPage(records, 9, 20)
    assert that_fit(page, 120) is page
    assert that_fit(page, 119) == RecordPage(records[:2], 8, 20)
    assert that_fit(page, 1) == RecordPage(records[:1], 5, 20)
    empty = RecordPage((), 0, 20)
    assert that_fit(empty, 1) is empty


@pytest.mark.parametrize("calls", [CALLERS, ADMINISTRATORS], ids=["callers", "administrators"])
async def test_callers_and_administrators_have_their_own_methods(serve, settings, authority, calls):
    """Neither certificate opens the other's methods, for every method there is."""
    allowed, refused = (GATEWAY, ADMIN) if calls is CALLERS else (ADMIN, GATEWAY)
    async with serve(settings, channel=secure(authority, authority.sign(uris=(allowed,)))) as running:
        for service, method, message in calls:
            await call(running, service, method, message)
    async with serve(settings, channel=secure(authority, authority.sign(uris=(refused,)))) as running:
        for service, method, message in calls:
            error = await failure(call(running, service, method, message))
            assert (error.code(), reason(error)) == (grpc.StatusCode.PERMISSION_DENIED, "permission_denied"), method
    async with serve(settings, channel=secure(authority, authority.sign(uris=("spiffe://example.org/x",)))) as running:
        for service, method, message in calls:
            error = await failure(call(running, service, method, message))
            assert error.code() is grpc.StatusCode.UNAUTHENTICATED, method


def test_every_method_stands_in_one_of_the_two_lists():
    """A method that is added to a proto is added to the test of who may call it."""
    files = (sessions, grants, orders, audit)
    declared = {m.full_name for f in files for s in f.DESCRIPTOR.services_by_name.values() for m in s.methods}
    tested = {f"pdp.v1.{service}.{method}" for service, method, _ in (*CALLERS, *ADMINISTRATORS)}
    assert declared - tested == {"pdp.v1.RevocationService.Watch"}


async def test_without_loopback_administration_only_callers_methods_are_left(serve):
    """The kill switch and the trail are administration."""
    async with serve(ServerSettings(loopback_administration=False)) as running:
        for service, method, message in CALLERS:
            await call(running, service, method, message)
        for service, method, message in ADMINISTRATORS:
            assert reason(await failure(call(running, service, method, message))) == "permission_denied"


@pytest.mark.parametrize(("service", "method", "message"), [*CALLERS, *ADMINISTRATORS], ids=lambda x: str(x)[:20])
async def test_bytes_that_are_no_message_are_refused(running, service, method, message):
    """INVALID_ARGUMENT with the message's name, whatever the method."""
    error = await failure(call(running, service, method, b"\xff\xff"))
    assert (error.code(), reason(error)) == (grpc.StatusCode.INVALID_ARGUMENT, "invalid_request")


async def test_the_certificate_reaches_the_points(serve, settings, authority):
    """``Decide``, ``Consume`` and ``StartSession`` know its thumbprint, for ``cnf`` of a grant."""
    pair = authority.sign(uris=(GATEWAY,))
    async with serve(settings, channel=secure(authority, pair)) as running:
        await running.decisions.Decide(question(), timeout=2)
        await running.grants.Consume(USE, timeout=2)
        await running.sessions.StartSession(START, timeout=2)
        expected = Caller(GATEWAY, thumbprint(pair.certificate))
        made = running.made
        assert [made.decisions.callers[0], made.runtime.grants.callers[0]] == [expected, expected]
        assert made.runtime.sessions.asked[0][1] == expected


async def test_without_runtime_points_the_services_are_unimplemented_and_not_listed(serve):
    """Decisions go on; health knows nothing of what is not served."""
    async with serve(runtime=False) as running:
        for service, method, message in (*CALLERS, *ADMINISTRATORS):
            error = await failure(call(running, service, method, message))
            assert error.code() is grpc.StatusCode.UNIMPLEMENTED
        await running.decisions.Decide(question(), timeout=2)
        health = health_pb2_grpc.HealthStub(running.channel)
        missing = health.Check(health_pb2.HealthCheckRequest(service="pdp.v1.AuditService"), timeout=2)
        assert (await failure(missing)).code() is grpc.StatusCode.NOT_FOUND
        assert "pdp.v1.AuditService" not in await listed(running)


async def test_health_and_reflection_list_every_service(running):
    """SERVING each."""
    health = health_pb2_grpc.HealthStub(running.channel)
    for name in ("SessionService", "GrantService", "RevocationService", "AuditService"):
        answer = await health.Check(health_pb2.HealthCheckRequest(service=f"pdp.v1.{name}"), timeout=2)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
        assert f"pdp.v1.{name}" in await listed(running)
