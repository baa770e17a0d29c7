"""Parts that several messages share: agent, principal, target, action, and the numbers of a request."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

from pdp.errors import InvalidRequest, LimitExceeded
from pdp.types import Action, Agent, JsonObject, Principal, Target
from pdp.v1 import types_pb2 as proto
from pdp.wire.bounds import Bounds
from pdp.wire.values import fill_struct, json_from_struct, name

LONGEST = 366.0 * 86_400
"""No length of time in a request is more than this many seconds."""


@contextmanager
def sending(what: str) -> Iterator[None]:
    """Values of the wrong kind or size become ``InvalidRequest`` while a message is written."""
    try:
        yield
    except (TypeError, ValueError, AttributeError, RecursionError) as wrong:
        raise InvalidRequest(what, f"cannot be sent: {wrong}") from wrong


def named(text: str, field: str, bounds: Bounds) -> str:
    """``text`` itself when it is a name and not empty."""
    if not text:
        raise InvalidRequest(field, "is empty")
    return name(text, field, bounds)


def seconds(value: float, field: str, longest: float = LONGEST) -> float:
    """``value`` itself when it is a length of time: finite, not negative, not too long."""
    if not math.isfinite(value) or value < 0:
        raise InvalidRequest(field, f"is {value}; give seconds from 0 on")
    if value > longest:
        raise LimitExceeded(field, f"is {value:g} s; the limit is {longest:g} s")
    return value


def agent_from_proto(message: proto.Agent, bounds: Bounds) -> Agent:
    """Read who acts. Raises ``InvalidRequest`` when nobody is named."""
    agent = named(message.id, "agent.id", bounds)
    attributes = _struct(message, "attributes", "agent.attributes", bounds)
    return Agent(agent, name(message.instance, "agent.instance", bounds), attributes)


def fill_agent(message: proto.Agent, agent: Agent) -> None:
    """Write ``agent`` into the empty ``message``."""
    message.id, message.instance = agent.id, agent.instance
    if agent.attributes:
        fill_struct(message.attributes, agent.attributes, "agent.attributes")


def principal_from_proto(message: proto.Principal, bounds: Bounds) -> Principal:
    """Read on whose behalf; empty for nobody."""
    attributes = _struct(message, "attributes", "principal.attributes", bounds)
    return Principal(name(message.id, "principal.id", bounds), attributes)


def fill_principal(message: proto.Principal, principal: Principal) -> None:
    """Write ``principal`` into the empty ``message``."""
    message.id = principal.id
    if principal.attributes:
        fill_struct(message.attributes, principal.attributes, "principal.attributes")


def target_from_proto(message: proto.Target, bounds: Bounds) -> Target:
    """Read what is acted on; empty when nothing is said."""
    kind, target = name(message.kind, "target.kind", bounds), name(message.name, "target.name", bounds)
    return Target(kind, target, _struct(message, "attributes", "target.attributes", bounds))


def action_from_proto(message: proto.Action, bounds: Bounds) -> Action:
    """Read the operation; empty when nothing is said."""
    return Action(name(message.name, "action.name", bounds), _struct(message, "params", "action.params", bounds))


def _struct(
    message: proto.Agent | proto.Principal | proto.Target | proto.Action, key: str, field: str, bounds: Bounds
) -> JsonObject:
    return json_from_struct(getattr(message, key), field, bounds) if message.HasField(key) else {}
