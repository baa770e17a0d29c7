"""``Decision`` to ``DecideResponse`` and back.

What only the service knows (``Verdict.derived``) does not travel. Reading an answer is strict: an effect or reason that
this version does not know makes the whole answer unusable, and a caller treats that as deny.
"""

from __future__ import annotations

from collections.abc import Mapping

from google.protobuf.struct_pb2 import Struct

from pdp.errors import AnswerUnusable
from pdp.types import (
    Action,
    Decision,
    Effect,
    IntentMatch,
    JsonObject,
    NarrowedRequest,
    Neighbour,
    Obligation,
    Permit,
    Position,
    Reason,
    ReasonCode,
    ShadowFinding,
    Target,
    Timings,
    Trace,
    Verdict,
)
from pdp.v1 import decision_pb2, types_pb2
from pdp.wire.bounds import Bounds
from pdp.wire.payload import fill_payload, payload_from_proto
from pdp.wire.request import fill_action, fill_target
from pdp.wire.values import fill_struct, json_from_struct

EFFECT_TO_PROTO: Mapping[Effect, types_pb2.Effect] = {
    Effect.DENY: types_pb2.EFFECT_DENY,
    Effect.NARROW: types_pb2.EFFECT_NARROW,
    Effect.ALLOW: types_pb2.EFFECT_ALLOW,
}
EFFECT_FROM_PROTO: Mapping[int, Effect] = {int(number): effect for effect, number in EFFECT_TO_PROTO.items()}
REASON_TO_PROTO: Mapping[ReasonCode, types_pb2.ReasonCode] = {
    code: getattr(types_pb2, f"REASON_CODE_{code.name}") for code in ReasonCode
}
REASON_FROM_PROTO: Mapping[int, ReasonCode] = {int(number): code for code, number in REASON_TO_PROTO.items()}

# An answer is bounded by the transport's message size; nothing in it is measured again.
_SIZE = 1 << 40
ANSWER_BOUNDS = Bounds(_SIZE, _SIZE, _SIZE, _SIZE, _SIZE, _SIZE, _SIZE)


def decision_to_proto(decision: Decision) -> decision_pb2.DecideResponse:
    """Write a decision. Raises ``InvalidRequest`` when a narrowed value cannot travel (the answer is then an error)."""
    verdict = decision.verdict
    message = decision_pb2.DecideResponse()
    message.effect = EFFECT_TO_PROTO[verdict.effect]
    message.decision_id = decision.decision_id
    message.request_id = decision.request_id
    message.revision = decision.revision
    message.encoder = decision.encoder
    message.traceparent = decision.traceparent
    if decision.permit is not None:
        message.grant, message.grant_id = decision.permit.token, decision.permit.id
        message.grant_expires = decision.permit.expires
    _fill_timings(message.timings, decision.timings)
    for reason in verdict.reasons:
        fill_reason(message.reasons.add(), reason)
    if verdict.match is not None:
        _fill_match(message.match, verdict.match)
    for obligation in verdict.obligations:
        _fill_obligation(message.obligations.add(), obligation)
    if verdict.narrowed is not None:
        _fill_narrowed(message.narrowed, verdict.narrowed)
    for finding in verdict.shadow:
        shadow = message.shadow.add()
        shadow.source, shadow.would_be, shadow.text = finding.source, EFFECT_TO_PROTO[finding.would_be], finding.text
    return message


def decision_from_proto(message: decision_pb2.DecideResponse, trace: Trace | None = None) -> Decision:
    """Read a decision. Raises ``AnswerUnusable`` for a word this version does not know, ``InvalidRequest`` for NaN."""
    verdict = Verdict(
        effect=_effect(message.effect),
        reasons=tuple(reason_from_proto(r) for r in message.reasons),
        match=_match(message.match) if message.HasField("match") else None,
        obligations=tuple(
            Obligation(o.type, _answer(o.properties, "obligations.properties"), o.rule_id) for o in message.obligations
        ),
        narrowed=_narrowed(message.narrowed) if message.HasField("narrowed") else None,
        shadow=tuple(ShadowFinding(s.source, _effect(s.would_be), s.text) for s in message.shadow),
        trace=trace,
    )
    timings = message.timings
    return Decision(
        decision_id=message.decision_id,
        request_id=message.request_id,
        verdict=verdict,
        revision=message.revision,
        encoder=message.encoder,
        timings=Timings(timings.admit, timings.text, timings.encode, timings.decide, timings.total, timings.record),
        traceparent=message.traceparent,
        permit=Permit(message.grant, message.grant_id, message.grant_expires) if message.grant else None,
    )


def fill_position(message: types_pb2.Position, position: Position) -> None:
    """Write ``position`` into the empty ``message``."""
    message.file = position.file
    message.line = position.line
    message.column = position.column


def position_from_proto(message: types_pb2.Position) -> Position:
    """Read a place in a bundle file."""
    return Position(message.file, message.line, message.column)


def fill_neighbour(message: types_pb2.Neighbour, neighbour: Neighbour) -> None:
    """Write ``neighbour`` into the empty ``message``."""
    message.intent = neighbour.intent
    message.text = neighbour.text
    message.similarity = neighbour.similarity
    if neighbour.position is not None:
        fill_position(message.position, neighbour.position)


def neighbour_from_proto(message: types_pb2.Neighbour) -> Neighbour:
    """Read an exemplar near the utterance."""
    position = position_from_proto(message.position) if message.HasField("position") else None
    return Neighbour(message.intent, message.text, message.similarity, position)


def _fill_timings(message: types_pb2.Timings, timings: Timings) -> None:
    message.admit = timings.admit
    message.text = timings.text
    message.encode = timings.encode
    message.decide = timings.decide
    message.total = timings.total
    message.record = timings.record


def fill_reason(message: types_pb2.Reason, reason: Reason) -> None:
    """Write ``reason`` into the empty ``message``."""
    message.code = REASON_TO_PROTO[reason.code]
    message.text = reason.text
    if reason.rule_id:
        message.rule_id = reason.rule_id
    if reason.position is not None:
        fill_position(message.position, reason.position)


def _fill_match(message: types_pb2.IntentMatch, match: IntentMatch) -> None:
    message.intent = match.intent
    message.score = match.score
    message.accept = match.accept
    message.narrow = match.narrow
    message.margin = match.margin
    message.runner_up = match.runner_up
    message.runner_up_score = match.runner_up_score
    if match.nearest is not None:
        fill_neighbour(message.nearest, match.nearest)
    if match.counter is not None:
        fill_neighbour(message.counter, match.counter)


def _fill_obligation(message: types_pb2.Obligation, obligation: Obligation) -> None:
    message.type = obligation.type
    message.rule_id = obligation.rule_id
    if obligation.properties:
        fill_struct(message.properties, obligation.properties, "obligations.properties")


def _fill_narrowed(message: types_pb2.NarrowedRequest, narrowed: NarrowedRequest) -> None:
    fill_target(message.target, narrowed.target, "narrowed.target")
    fill_action(message.action, narrowed.action, "narrowed.action")
    if narrowed.payload is not None:
        fill_payload(message.payload, narrowed.payload, "narrowed.payload")
    message.read_only = narrowed.read_only
    if narrowed.row_limit is not None:
        message.row_limit = narrowed.row_limit


def _effect(number: int) -> Effect:
    effect = EFFECT_FROM_PROTO.get(number)
    if effect is None:
        raise AnswerUnusable(f"the answer has the effect {number}, which this client does not know")
    return effect


def reason_from_proto(message: types_pb2.Reason) -> Reason:
    """Read a reason. Raises ``AnswerUnusable`` for a code that this version does not know."""
    code = REASON_FROM_PROTO.get(message.code)
    if code is None:
        raise AnswerUnusable(f"the answer has the reason {message.code}, which this client does not know")
    position = position_from_proto(message.position) if message.HasField("position") else None
    return Reason(code, message.text, message.rule_id, position)


def _match(message: types_pb2.IntentMatch) -> IntentMatch:
    return IntentMatch(
        intent=message.intent,
        score=message.score,
        accept=message.accept,
        narrow=message.narrow,
        margin=message.margin,
        nearest=neighbour_from_proto(message.nearest) if message.HasField("nearest") else None,
        counter=neighbour_from_proto(message.counter) if message.HasField("counter") else None,
        runner_up=message.runner_up,
        runner_up_score=message.runner_up_score,
    )


def _narrowed(message: types_pb2.NarrowedRequest) -> NarrowedRequest:
    target, action = message.target, message.action
    return NarrowedRequest(
        target=Target(target.kind, target.name, _answer(target.attributes, "narrowed.target.attributes")),
        action=Action(action.name, _answer(action.params, "narrowed.action.params")),
        payload=payload_from_proto(message.payload, "narrowed.payload", ANSWER_BOUNDS),
        read_only=message.read_only,
        row_limit=message.row_limit if message.HasField("row_limit") else None,
    )


def _answer(struct: Struct, field: str) -> JsonObject:
    return json_from_struct(struct, field, ANSWER_BOUNDS)
