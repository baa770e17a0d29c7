"""What goes with a grant after it was issued, to its protos and back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pdp.errors import AnswerUnusable, InvalidRequest
from pdp.runtime import (
    Agreement,
    Attenuation,
    AttenuationRequest,
    Consumption,
    Observed,
    Outcome,
    OutcomeAnswer,
)
from pdp.types import Action, Payload, Target
from pdp.v1 import grant_pb2 as proto
from pdp.wire.bounds import Bounds
from pdp.wire.parts import action_from_proto, agent_from_proto, fill_agent, seconds, sending, target_from_proto
from pdp.wire.payload import fill_payload, payload_from_proto
from pdp.wire.request import DEFAULT_BOUNDS, fill_action, fill_target
from pdp.wire.values import fill_struct, json_from_struct, name, text

GRANT_CHARACTERS = 16_384
DIGEST = re.compile("[0-9a-fA-F]{0,128}")
OBSERVED_TO_PROTO: Mapping[Observed, proto.ObservedEffect] = {
    observed: getattr(proto, f"OBSERVED_EFFECT_{observed.name}") for observed in Observed
}
OBSERVED_FROM_PROTO: Mapping[int, Observed] = {int(number): word for word, number in OBSERVED_TO_PROTO.items()}
AGREEMENT_TO_PROTO: Mapping[Agreement, proto.Agreement] = {
    agreement: getattr(proto, f"AGREEMENT_{agreement.name}") for agreement in Agreement
}
AGREEMENT_FROM_PROTO: Mapping[int, Agreement] = {int(number): word for word, number in AGREEMENT_TO_PROTO.items()}


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a grant: the token as it was issued, and what is about to run."""

    grant: str
    target: Target
    action: Action
    payload: Payload | None = None


def use_from_proto(message: proto.ConsumeRequest, bounds: Bounds = DEFAULT_BOUNDS) -> Use:
    """Read what is about to run under a grant. Raises ``InvalidRequest`` or ``LimitExceeded``."""
    target, action = target_from_proto(message.target, bounds), action_from_proto(message.action, bounds)
    payload = payload_from_proto(message.payload, "payload", bounds)
    if payload is None and not (target.kind and action.name):
        raise InvalidRequest("action.name", "say what is about to run: target and action, or the native payload")
    return Use(_grant(message.grant), target, action, payload)


def use_to_proto(use: Use) -> proto.ConsumeRequest:
    """Write what is about to run under a grant. Raises ``InvalidRequest`` for what cannot travel."""
    with sending("use"):
        message = proto.ConsumeRequest(grant=use.grant)
        _fill_operation(message, use.target, use.action, use.payload)
    return message


def consumption_to_proto(consumption: Consumption) -> proto.ConsumeResponse:
    """Write whether a use was taken."""
    return proto.ConsumeResponse(
        consumed=consumption.consumed,
        uses_left=consumption.uses_left,
        refusal=consumption.refusal,
        text=consumption.text,
        grant_id=consumption.grant_id,
    )


def consumption_from_proto(message: proto.ConsumeResponse) -> Consumption:
    """Read whether a use was taken. Raises ``AnswerUnusable`` for both or neither."""
    if message.consumed == bool(message.refusal) or (message.consumed and not message.grant_id):
        raise AnswerUnusable("the answer neither takes a use of a grant nor refuses it")
    return Consumption(message.consumed, message.uses_left, message.refusal, message.text, message.grant_id)


def attenuation_request_from_proto(
    message: proto.AttenuateRequest, bounds: Bounds = DEFAULT_BOUNDS
) -> AttenuationRequest:
    """Read which narrower grant is wanted. Raises ``InvalidRequest`` or ``LimitExceeded``."""
    return AttenuationRequest(
        grant=_grant(message.grant),
        agent=agent_from_proto(message.agent, bounds),
        audience=name(message.audience, "audience", bounds),
        seconds=seconds(message.seconds, "seconds"),
        uses=message.uses,
        target=target_from_proto(message.target, bounds),
        action=action_from_proto(message.action, bounds),
        read_only=message.read_only,
        row_limit=message.row_limit if message.HasField("row_limit") else None,
    )


def attenuation_request_to_proto(wanted: AttenuationRequest) -> proto.AttenuateRequest:
    """Write which narrower grant is wanted. Raises ``InvalidRequest`` for what cannot travel."""
    with sending("attenuation"):
        message = proto.AttenuateRequest(
            grant=wanted.grant,
            audience=wanted.audience,
            seconds=wanted.seconds,
            uses=wanted.uses,
            read_only=wanted.read_only,
            row_limit=wanted.row_limit,
        )
        fill_agent(message.agent, wanted.agent)
        _fill_operation(message, wanted.target, wanted.action)
    return message


def attenuation_to_proto(attenuation: Attenuation) -> proto.AttenuateResponse:
    """Write the narrower grant, or why there is none."""
    return proto.AttenuateResponse(
        grant=attenuation.grant,
        grant_id=attenuation.grant_id,
        expires=attenuation.expires,
        refusal=attenuation.refusal,
        text=attenuation.text,
    )


def attenuation_from_proto(message: proto.AttenuateResponse) -> Attenuation:
    """Read the narrower grant. Raises ``AnswerUnusable`` for a grant and a refusal, or neither."""
    if bool(message.grant) == bool(message.refusal) or bool(message.grant) != bool(message.grant_id):
        raise AnswerUnusable("the answer neither is a grant nor refuses one")
    return Attenuation(message.grant, message.grant_id, message.expires, message.refusal, message.text)


def outcome_from_proto(message: proto.ReportOutcomeRequest, bounds: Bounds = DEFAULT_BOUNDS) -> Outcome:
    """Read what ran. Raises ``InvalidRequest`` or ``LimitExceeded``."""
    observed = OBSERVED_FROM_PROTO.get(message.observed)
    if observed is None:
        raise InvalidRequest("observed", "is not set; say whether it occurred, or that you cannot tell")
    if not (message.decision_id or message.grant_id):
        raise InvalidRequest("decision_id", "is empty; name the decision, or the grant that was used")
    if not DIGEST.fullmatch(message.operation_digest):
        raise InvalidRequest("operation_digest", "is not a digest; write up to 128 hexadecimal digits")
    return Outcome(
        decision_id=name(message.decision_id, "decision_id", bounds),
        observed=observed,
        grant_id=name(message.grant_id, "grant_id", bounds),
        target=target_from_proto(message.target, bounds),
        action=action_from_proto(message.action, bounds),
        payload=payload_from_proto(message.payload, "payload", bounds),
        rows=message.rows,
        bytes=message.bytes,
        exit_code=message.exit_code,
        operation_digest=message.operation_digest,
        values=json_from_struct(message.values, "values", bounds),
    )


def outcome_to_proto(outcome: Outcome) -> proto.ReportOutcomeRequest:
    """Write what ran. Raises ``InvalidRequest`` for what cannot travel."""
    with sending("outcome"):
        message = proto.ReportOutcomeRequest(
            decision_id=outcome.decision_id,
            grant_id=outcome.grant_id,
            observed=OBSERVED_TO_PROTO[outcome.observed],
            rows=outcome.rows,
            bytes=outcome.bytes,
            exit_code=outcome.exit_code,
            operation_digest=outcome.operation_digest,
        )
        _fill_operation(message, outcome.target, outcome.action, outcome.payload)
        if outcome.values:
            fill_struct(message.values, outcome.values, "values")
    return message


def outcome_answer_to_proto(answer: OutcomeAnswer) -> proto.ReportOutcomeResponse:
    """Write what decision and observed effect say together."""
    return proto.ReportOutcomeResponse(agreement=AGREEMENT_TO_PROTO[answer.agreement], text=answer.text)


def outcome_answer_from_proto(message: proto.ReportOutcomeResponse) -> OutcomeAnswer:
    """Read what they say together. Raises ``AnswerUnusable`` for a word this version does not know."""
    agreement = AGREEMENT_FROM_PROTO.get(message.agreement)
    if agreement is None:
        raise AnswerUnusable(f"the answer has the agreement {message.agreement}, which this client does not know")
    return OutcomeAnswer(agreement, message.text)


def _grant(token: str) -> str:
    if not token:
        raise InvalidRequest("grant", "is empty; send the grant as it was issued")
    return text(token, "grant", GRANT_CHARACTERS)


def _fill_operation(
    message: proto.ConsumeRequest | proto.AttenuateRequest | proto.ReportOutcomeRequest,
    target: Target,
    action: Action,
    payload: Payload | None = None,
) -> None:
    if target.kind or target.name or target.attributes:
        fill_target(message.target, target, "target")
    if action.name or action.params:
        fill_action(message.action, action, "action")
    if payload is not None and not isinstance(message, proto.AttenuateRequest):
        fill_payload(message.payload, payload, "payload")
