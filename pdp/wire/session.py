"""Sessions and the inventory of agents, to their protos and back."""

from __future__ import annotations

import math
from collections.abc import Mapping

from pdp.errors import InvalidRequest, LimitExceeded
from pdp.runtime import AgentReport, SessionAnswer, SessionEnd, SessionReport, SessionRequest
from pdp.v1 import session_pb2 as proto
from pdp.wire.bounds import Bounds
from pdp.wire.decision import ANSWER_BOUNDS, fill_reason, reason_from_proto
from pdp.wire.parts import (
    agent_from_proto,
    fill_agent,
    fill_principal,
    named,
    principal_from_proto,
    seconds,
    sending,
)
from pdp.wire.request import DEFAULT_BOUNDS
from pdp.wire.values import fill_struct, json_from_struct, name, text

MOST_INTENTS = 256
MOST_LIMITS = 64


def session_request_from_proto(message: proto.StartSessionRequest, bounds: Bounds = DEFAULT_BOUNDS) -> SessionRequest:
    """Read what a session is wanted for. Raises ``InvalidRequest`` or ``LimitExceeded``."""
    if not message.purpose.strip():
        raise InvalidRequest("purpose", "is empty; say in words what the session is for")
    if len(message.intents) > MOST_INTENTS:
        raise LimitExceeded("intents", f"has {len(message.intents)} entries; the limit is {MOST_INTENTS}")
    return SessionRequest(
        agent=agent_from_proto(message.agent, bounds),
        purpose=text(message.purpose, "purpose", bounds.utterance_characters),
        principal=principal_from_proto(message.principal, bounds),
        task=name(message.task_id, "task_id", bounds),
        seconds=seconds(message.seconds, "seconds"),
        intents=tuple(named(intent, "intents", bounds) for intent in message.intents),
        budget=_budget(message.budget, bounds),
        request_id=name(message.request_id, "request_id", bounds),
    )


def session_request_to_proto(wanted: SessionRequest) -> proto.StartSessionRequest:
    """Write what a session is wanted for. Raises ``InvalidRequest`` for what cannot travel."""
    with sending("session"):
        message = proto.StartSessionRequest(
            purpose=wanted.purpose,
            task_id=wanted.task,
            seconds=wanted.seconds,
            intents=wanted.intents,
            budget=wanted.budget,
            request_id=wanted.request_id,
        )
        fill_agent(message.agent, wanted.agent)
        if wanted.principal.id or wanted.principal.attributes:
            fill_principal(message.principal, wanted.principal)
    return message


def session_answer_to_proto(answer: SessionAnswer) -> proto.StartSessionResponse:
    """Write whether a session was opened, and why."""
    message = proto.StartSessionResponse(
        session_id=answer.session_id, intents=answer.intents, expires=answer.expires, revision=answer.revision
    )
    for reason in answer.reasons:
        fill_reason(message.reasons.add(), reason)
    return message


def session_answer_from_proto(message: proto.StartSessionResponse) -> SessionAnswer:
    """Read whether a session was opened. Raises ``AnswerUnusable`` for a reason this version does not know."""
    reasons = tuple(reason_from_proto(reason) for reason in message.reasons)
    return SessionAnswer(message.session_id, reasons, tuple(message.intents), message.expires, message.revision)


def session_end_to_proto(end: SessionEnd) -> proto.EndSessionResponse:
    """Write what ended."""
    return proto.EndSessionResponse(grants_ended=end.grants_ended, was_open=end.was_open)


def session_end_from_proto(message: proto.EndSessionResponse) -> SessionEnd:
    """Read what ended."""
    return SessionEnd(message.grants_ended, message.was_open)


def session_to_proto(report: SessionReport) -> proto.Session:
    """Write a session as it stands."""
    message = proto.Session(
        id=report.id,
        agent=report.agent,
        instance=report.instance,
        principal=report.principal,
        task_id=report.task,
        gateway=report.gateway,
        intents=report.intents,
        started=report.started,
        expires=report.expires,
        ended=report.ended,
    )
    if report.numbers:
        fill_struct(message.numbers, report.numbers, "numbers")
    return message


def session_from_proto(message: proto.Session) -> SessionReport:
    """Read a session as it stands."""
    return SessionReport(
        id=message.id,
        agent=message.agent,
        instance=message.instance,
        principal=message.principal,
        task=message.task_id,
        gateway=message.gateway,
        intents=tuple(message.intents),
        started=message.started,
        expires=message.expires,
        ended=message.ended,
        numbers=json_from_struct(message.numbers, "numbers", ANSWER_BOUNDS),
    )


def agent_report_to_proto(report: AgentReport) -> proto.AgentReport:
    """Write one agent of the inventory."""
    return proto.AgentReport(
        id=report.id,
        owner=report.owner,
        declared=report.declared,
        seen=report.seen,
        intents_used=report.intents_used,
        intents_unused=report.intents_unused,
        targets=report.targets,
        first_seen=report.first_seen,
        last_seen=report.last_seen,
        allowed=report.allowed,
        narrowed=report.narrowed,
        denied=report.denied,
        live_authority=report.live_authority,
        open_sessions=report.open_sessions,
        marks=report.marks,
    )


def agent_report_from_proto(message: proto.AgentReport) -> AgentReport:
    """Read one agent of the inventory."""
    return AgentReport(
        id=message.id,
        owner=message.owner,
        declared=message.declared,
        seen=message.seen,
        intents_used=tuple(message.intents_used),
        intents_unused=tuple(message.intents_unused),
        targets=tuple(message.targets),
        first_seen=message.first_seen,
        last_seen=message.last_seen,
        allowed=message.allowed,
        narrowed=message.narrowed,
        denied=message.denied,
        live_authority=message.live_authority,
        open_sessions=message.open_sessions,
        marks=tuple(message.marks),
    )


def _budget(budget: Mapping[str, float], bounds: Bounds) -> dict[str, float]:
    if len(budget) > MOST_LIMITS:
        raise LimitExceeded("budget", f"has {len(budget)} entries; the limit is {MOST_LIMITS}")
    # Sorted, because protobuf map order differs between processes.
    return {named(key, "budget (a name)", bounds): _limit(budget[key], key) for key in sorted(budget)}


def _limit(value: float, key: str) -> float:
    if not math.isfinite(value) or value < 0:
        raise InvalidRequest(f"budget.{key[:64]}", f"is {value}; give a number from 0 on")
    return value
