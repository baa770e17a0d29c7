"""``Trace`` to its proto and back, for ``Explain``."""

from __future__ import annotations

from pdp.errors import InvalidRequest
from pdp.types import CandidateTrace, ClauseTrace, Decision, RuleTrace, Trace
from pdp.v1 import decision_pb2
from pdp.wire.decision import (
    ANSWER_BOUNDS,
    decision_from_proto,
    decision_to_proto,
    fill_neighbour,
    fill_position,
    neighbour_from_proto,
    position_from_proto,
)
from pdp.wire.values import fill_struct, json_from_struct


def explanation_to_proto(decision: Decision) -> decision_pb2.ExplainResponse:
    """Write a decision with its trace."""
    message = decision_pb2.ExplainResponse(decision=decision_to_proto(decision))
    if decision.verdict.trace is not None:
        _fill_trace(message.trace, decision.verdict.trace)
    return message


def explanation_from_proto(message: decision_pb2.ExplainResponse) -> Decision:
    """Read a decision with its trace. Raises ``AnswerUnusable`` as ``decision_from_proto`` does."""
    return decision_from_proto(message.decision, _trace(message.trace) if message.HasField("trace") else None)


def _fill_trace(message: decision_pb2.Trace, trace: Trace) -> None:
    message.SetInParent()
    message.canonical = trace.canonical
    message.notes.extend(trace.notes)
    for clause in trace.clauses:
        message.clauses.add(
            text=clause.text, covered_by=clause.covered_by, score=clause.score, authority=clause.authority
        )
    for candidate in trace.candidates:
        _fill_candidate(message.candidates.add(), candidate)
    for rule in trace.rules:
        _fill_rule(message.rules.add(), rule)


def _fill_candidate(message: decision_pb2.CandidateTrace, candidate: CandidateTrace) -> None:
    message.intent = candidate.intent
    message.score = candidate.score
    message.accept = candidate.accept
    message.narrow = candidate.narrow
    message.band = candidate.band
    message.admitted = candidate.admitted
    message.shadow = candidate.shadow
    if candidate.nearest is not None:
        fill_neighbour(message.nearest, candidate.nearest)


def _fill_rule(message: decision_pb2.RuleTrace, rule: RuleTrace) -> None:
    message.rule_id = rule.rule_id
    message.effect = rule.effect
    message.when = rule.when
    message.result = rule.result
    message.shadow = rule.shadow
    fill_position(message.position, rule.position)
    for key, value in rule.values.items():
        try:
            fill_struct(message.values, {key: value}, "trace.rules.values")
        except InvalidRequest:
            # Only shown to a person: a number too large for JSON must not hide the rest of the explanation.
            message.values.fields[key].string_value = ascii(value)


def _trace(message: decision_pb2.Trace) -> Trace:
    return Trace(
        canonical=message.canonical,
        clauses=tuple(ClauseTrace(c.text, c.covered_by, c.score, c.authority) for c in message.clauses),
        candidates=tuple(_candidate(c) for c in message.candidates),
        rules=tuple(_rule(r) for r in message.rules),
        notes=tuple(message.notes),
    )


def _candidate(message: decision_pb2.CandidateTrace) -> CandidateTrace:
    return CandidateTrace(
        intent=message.intent,
        score=message.score,
        accept=message.accept,
        narrow=message.narrow,
        band=message.band,
        admitted=message.admitted,
        nearest=neighbour_from_proto(message.nearest) if message.HasField("nearest") else None,
        shadow=message.shadow,
    )


def _rule(message: decision_pb2.RuleTrace) -> RuleTrace:
    return RuleTrace(
        rule_id=message.rule_id,
        effect=message.effect,
        when=message.when,
        result=message.result,
        position=position_from_proto(message.position),
        values=json_from_struct(message.values, "trace.rules.values", ANSWER_BOUNDS),
        shadow=message.shadow,
    )
