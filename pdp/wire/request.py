"""``DecideRequest`` to ``Request`` and back. The caller's identity is not here: it comes from the channel."""

from __future__ import annotations

from typing import NoReturn

from pdp.errors import InvalidRequest, LimitExceeded
from pdp.types import Action, Agent, JsonObject, Principal, Request, Target
from pdp.v1 import decision_pb2
from pdp.v1 import types_pb2 as proto
from pdp.wire.bounds import Bounds
from pdp.wire.payload import fill_payload, payload_from_proto
from pdp.wire.values import fill_struct, json_from_struct, name, text

DEFAULT_BOUNDS = Bounds()
NO_PRINCIPAL = Principal()


def request_from_proto(
    message: decision_pb2.DecideRequest, bounds: Bounds = DEFAULT_BOUNDS, traceparent: str = ""
) -> Request:
    """Read one question. Raises ``InvalidRequest`` or ``LimitExceeded``: the field, the limit, the size seen."""
    agent, target, action = message.agent, message.target, message.action
    agent_id, kind, operation = agent.id, target.kind, action.name
    request_id, instance, target_name, session = message.request_id, agent.instance, target.name, message.session_id
    together = f"{agent_id}{kind}{operation}{request_id}{instance}{target_name}{session}"
    if len(together) > bounds.name_characters or not together.isprintable():
        # One look at all names together is enough for nearly every request; only this one needs a look at each.
        _check_names(message, bounds)
    payload = payload_from_proto(message.payload, "payload", bounds) if message.HasField("payload") else None
    if not (agent_id and (payload or (kind and operation))):
        _refuse_incomplete(agent_id, operation)
    return Request(
        request_id,
        Agent(agent_id, instance, _struct(agent, "attributes", "agent.attributes", bounds)),
        text(message.utterance, "utterance", bounds.utterance_characters),
        Target(kind, target_name, _struct(target, "attributes", "target.attributes", bounds)),
        Action(operation, _struct(action, "params", "action.params", bounds)),
        _principal(message.principal, bounds) if message.HasField("principal") else NO_PRINCIPAL,
        session,
        payload,
        _context(message, bounds) if message.HasField("context") else {},
        traceparent,
    )


def request_to_proto(request: Request) -> decision_pb2.DecideRequest:
    """Write one question. ``traceparent`` is not part of it: it travels as metadata.

    Raises ``InvalidRequest`` for what cannot travel: lone surrogates, NaN, integers beyond ±2^53, wrong types.
    """
    message = decision_pb2.DecideRequest()
    try:
        _fill_request(message, request)
    except (TypeError, ValueError, AttributeError, RecursionError) as wrong:
        raise InvalidRequest("request", f"cannot be sent: {wrong}") from wrong
    return message


def fill_target(message: proto.Target, target: Target, field: str) -> None:
    """Write ``target`` into the empty ``message``."""
    message.kind = target.kind
    message.name = target.name
    if target.attributes:
        fill_struct(message.attributes, target.attributes, f"{field}.attributes")


def fill_action(message: proto.Action, action: Action, field: str) -> None:
    """Write ``action`` into the empty ``message``."""
    message.name = action.name
    if action.params:
        fill_struct(message.params, action.params, f"{field}.params")


def _fill_request(message: decision_pb2.DecideRequest, request: Request) -> None:
    message.request_id = request.request_id
    message.session_id = request.session_id
    message.utterance = request.utterance
    message.agent.id = request.agent.id
    message.agent.instance = request.agent.instance
    _fill_attributes(message.agent, request.agent.attributes, "agent")
    if request.principal.id or request.principal.attributes:
        message.principal.id = request.principal.id
        _fill_attributes(message.principal, request.principal.attributes, "principal")
    fill_target(message.target, request.target, "target")
    fill_action(message.action, request.action, "action")
    if request.payload is not None:
        fill_payload(message.payload, request.payload, "payload")
    if request.context:
        fill_struct(message.context, request.context, "context")


def _fill_attributes(message: proto.Agent | proto.Principal, attributes: JsonObject, field: str) -> None:
    if attributes:
        fill_struct(message.attributes, attributes, f"{field}.attributes")


def _check_names(message: decision_pb2.DecideRequest, bounds: Bounds) -> None:
    name(message.request_id, "request_id", bounds)
    name(message.agent.id, "agent.id", bounds)
    name(message.agent.instance, "agent.instance", bounds)
    name(message.session_id, "session_id", bounds)
    name(message.target.kind, "target.kind", bounds)
    name(message.target.name, "target.name", bounds)
    name(message.action.name, "action.name", bounds)


def _struct(
    message: proto.Agent | proto.Principal | proto.Target | proto.Action, key: str, field: str, bounds: Bounds
) -> JsonObject:
    return json_from_struct(getattr(message, key), field, bounds) if message.HasField(key) else {}


def _principal(message: proto.Principal, bounds: Bounds) -> Principal:
    attributes = _struct(message, "attributes", "principal.attributes", bounds)
    return Principal(name(message.id, "principal.id", bounds), attributes)


def _context(message: decision_pb2.DecideRequest, bounds: Bounds) -> JsonObject:
    size = message.context.ByteSize()
    if size > bounds.context_bytes:
        raise LimitExceeded("context", f"has {size} bytes; the limit is {bounds.context_bytes}")
    return json_from_struct(message.context, "context", bounds)


def _refuse_incomplete(agent: str, action: str) -> NoReturn:
    # With a native payload an empty target or action is derived from it.
    if not agent:
        raise InvalidRequest("agent.id", "is empty; name the agent that acts")
    if not action:
        raise InvalidRequest("action.name", "is empty; name the operation, or send the native payload")
    raise InvalidRequest("target.kind", "is empty; say what is acted on, or send the native payload")
