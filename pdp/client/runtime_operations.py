"""Every call of runtime authority as a value: sessions, grants, orders, the trail. See ``operations``."""

from __future__ import annotations

from google.protobuf.message import Message

from pdp.client.operations import Operation
from pdp.errors import AnswerUnusable
from pdp.runtime import (
    AgentReport,
    Attenuation,
    AttenuationRequest,
    Consistency,
    Consumption,
    Inclusion,
    OrderReceipt,
    OrderReport,
    OrderWanted,
    Outcome,
    OutcomeAnswer,
    RecordPage,
    SessionAnswer,
    SessionEnd,
    SessionReport,
    SessionRequest,
    TraceReport,
)
from pdp.v1 import audit_pb2, grant_pb2, revocation_pb2, session_pb2
from pdp.wire import audit as audit_wire
from pdp.wire import grant as grant_wire
from pdp.wire import revocation as revocation_wire
from pdp.wire import session as session_wire
from pdp.wire.parts import sending

SESSIONS = "/pdp.v1.SessionService/"
GRANTS = "/pdp.v1.GrantService/"
REVOCATIONS = "/pdp.v1.RevocationService/"
AUDIT = "/pdp.v1.AuditService/"
WATCH = REVOCATIONS + "Watch"


def start_session(wanted: SessionRequest) -> Operation[SessionAnswer]:
    """Open a session; its request id makes it safe to send again."""

    def read(answer: session_pb2.StartSessionResponse) -> SessionAnswer:
        if not (answer.session_id or answer.reasons):
            raise AnswerUnusable("the answer is empty")
        return session_wire.session_answer_from_proto(answer)

    message = session_wire.session_request_to_proto(wanted)
    return Operation(SESSIONS + "StartSession", message, session_pb2.StartSessionResponse, read)


def end_session(session_id: str, reason: str) -> Operation[SessionEnd]:
    """End a session."""
    with sending("session_id"):
        message = session_pb2.EndSessionRequest(session_id=session_id, reason=reason)
    kind, read = session_pb2.EndSessionResponse, session_wire.session_end_from_proto
    return Operation(SESSIONS + "EndSession", message, kind, read)


def session(session_id: str) -> Operation[SessionReport]:
    """How a session stands."""
    with sending("session_id"):
        message = session_pb2.GetSessionRequest(session_id=session_id)
    return Operation(SESSIONS + "GetSession", message, session_pb2.Session, session_wire.session_from_proto)


def sessions(*, only_open: bool, agent: str, limit: int) -> Operation[tuple[SessionReport, ...]]:
    """Sessions, the newest first."""

    def read(answer: session_pb2.ListSessionsResponse) -> tuple[SessionReport, ...]:
        return tuple(map(session_wire.session_from_proto, answer.sessions))

    with sending("sessions"):
        message = session_pb2.ListSessionsRequest(open=only_open, agent=agent, limit=limit)
    return Operation(SESSIONS + "ListSessions", message, session_pb2.ListSessionsResponse, read)


def agents() -> Operation[tuple[AgentReport, ...]]:
    """The inventory."""

    def read(answer: session_pb2.ListAgentsResponse) -> tuple[AgentReport, ...]:
        return tuple(map(session_wire.agent_report_from_proto, answer.agents))

    message = session_pb2.ListAgentsRequest()
    return Operation(SESSIONS + "ListAgents", message, session_pb2.ListAgentsResponse, read)


def consume(use: grant_wire.Use) -> Operation[Consumption]:
    """Take one use. Never sent twice: the first may have taken it."""
    message, read = grant_wire.use_to_proto(use), grant_wire.consumption_from_proto
    return Operation(GRANTS + "Consume", message, grant_pb2.ConsumeResponse, read, repeatable=False)


def attenuate(wanted: AttenuationRequest) -> Operation[Attenuation]:
    """A narrower grant. Never sent twice: there would be two."""
    message, read = grant_wire.attenuation_request_to_proto(wanted), grant_wire.attenuation_from_proto
    return Operation(GRANTS + "Attenuate", message, grant_pb2.AttenuateResponse, read, repeatable=False)


def keys() -> Operation[str]:
    """The public keys as a JSON Web Key Set."""

    def read(answer: grant_pb2.GetKeysResponse) -> str:
        return answer.jwks

    return Operation(GRANTS + "GetKeys", grant_pb2.GetKeysRequest(), grant_pb2.GetKeysResponse, read)


def report_outcome(outcome: Outcome) -> Operation[OutcomeAnswer]:
    """What really ran. Never sent twice: it would be counted twice."""
    message, read = grant_wire.outcome_to_proto(outcome), grant_wire.outcome_answer_from_proto
    return Operation(GRANTS + "ReportOutcome", message, grant_pb2.ReportOutcomeResponse, read, repeatable=False)


def order(wanted: OrderWanted) -> Operation[OrderReceipt]:
    """Kill, quarantine or lift. The same order twice is in force as it is once."""
    method = REVOCATIONS + wanted.kind.capitalize()
    message = revocation_wire.wanted_to_proto(wanted)
    return Operation(method, message, revocation_pb2.OrderResponse, revocation_wire.receipt_from_proto)


def orders() -> Operation[tuple[int, tuple[OrderReport, ...]]]:
    """The newest sequence and what is in force."""
    message, kind = revocation_pb2.ListOrdersRequest(), revocation_pb2.ListOrdersResponse
    return Operation(REVOCATIONS + "ListOrders", message, kind, revocation_wire.orders_from_proto)


def trace(any_id: str) -> Operation[TraceReport]:
    """Everything recorded about an id."""
    with sending("id"):
        message = audit_pb2.GetTraceRequest(id=any_id)
    return Operation(AUDIT + "GetTrace", message, audit_pb2.GetTraceResponse, audit_wire.trace_from_proto)


def records(start: int, limit: int, kind: str) -> Operation[RecordPage]:
    """Records from an index on."""
    with sending("records"):
        message = audit_pb2.ListRecordsRequest(start=start, limit=limit, kind=kind)
    return Operation(AUDIT + "ListRecords", message, audit_pb2.ListRecordsResponse, audit_wire.page_from_proto)


def checkpoint() -> Operation[tuple[str, str]]:
    """The newest checkpoint and the key that verifies it."""

    def read(answer: audit_pb2.GetCheckpointResponse) -> tuple[str, str]:
        return answer.checkpoint, answer.verifier

    message = audit_pb2.GetCheckpointRequest()
    return Operation(AUDIT + "GetCheckpoint", message, audit_pb2.GetCheckpointResponse, read)


def inclusion(index: int, size: int) -> Operation[Inclusion]:
    """That a record is in the tree."""
    with sending("index"):
        message = audit_pb2.GetInclusionProofRequest(index=index, size=size)
    read = audit_wire.inclusion_from_proto
    return Operation(AUDIT + "GetInclusionProof", message, audit_pb2.InclusionProof, read)


def consistency(first: int, second: int) -> Operation[Consistency]:
    """That the tree only grew."""
    with sending("first"):
        message = audit_pb2.GetConsistencyProofRequest(first=first, second=second)
    read = audit_wire.consistency_from_proto
    return Operation(AUDIT + "GetConsistencyProof", message, audit_pb2.ConsistencyProof, read)


def forget(subject: str) -> Operation[bool]:
    """Erase the key of a subject's prompts. Never sent twice: the second answer would say that there was none."""

    def read(answer: audit_pb2.ForgetSubjectResponse) -> bool:
        return answer.erased

    with sending("subject"):
        message: Message = audit_pb2.ForgetSubjectRequest(subject=subject)
    return Operation(AUDIT + "ForgetSubject", message, audit_pb2.ForgetSubjectResponse, read, repeatable=False)
