"""The bundle's own tests: requests as a gateway would send them, and what is expected of the answer."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from pdp.policy.fields import Fields, demand_known, nearest, text_of
from pdp.policy.model import Case, Expectation
from pdp.policy.names import Names
from pdp.policy.nodes import Items, Node, Refused, Scalar, Table, is_null
from pdp.policy.source import Source
from pdp.types import (
    Action,
    Agent,
    CloudPayload,
    Effect,
    HttpPayload,
    KubernetesPayload,
    McpPayload,
    Payload,
    Principal,
    ReasonCode,
    Request,
    SqlPayload,
    SshPayload,
    Target,
)

TESTS_KEYS = ("tests",)
CASE_KEYS = ("name", "now", "request", "expect")
REQUEST_KEYS = ("agent", "principal", "session", "utterance", "target", "action", "payload", "context")
EXPECT_KEYS = ("effect", "intent", "reasons", "obligations", "params")
AGENT_KEYS = ("id", "instance", "attributes")
PRINCIPAL_KEYS = ("id", "attributes")
TARGET_KEYS = ("kind", "name", "attributes")
ACTION_KEYS = ("name", "params")
PAYLOADS: dict[str, type[Payload]] = {
    "sql": SqlPayload,
    "mcp": McpPayload,
    "http": HttpPayload,
    "kubernetes": KubernetesPayload,
    "ssh": SshPayload,
    "cloud": CloudPayload,
}
OBJECTS = frozenset({"arguments", "headers", "params"})
DEFAULT_NOW = datetime(2026, 1, 5, 10, 0, tzinfo=UTC).timestamp()
"""When a case happens that does not say ``now``: Monday, 5 January 2026, 10:00 UTC."""
REASONS = tuple(c.value for c in ReasonCode)
MOST_CASES = 10_000
MOST_TEXT = 20_000
MOST_ID = 2048  # as long as a SPIFFE id may be
_NOW_FIX = "write it with its zone: 2026-01-05T10:00:00Z"


def parse_cases(root: Node, source: Source, names: Names, intents: Collection[str] | None) -> tuple[Case, ...]:
    """The tests of one file. ``intents`` are the ids there are; ``None`` when not all are known."""
    nodes = Fields(root, source, "a tests file", TESTS_KEYS).items("tests", most=MOST_CASES, required=True)
    return tuple(c for n in nodes if (c := _case(Fields(n, source, "the test", CASE_KEYS), names, intents)))


def _case(fields: Fields, names: Names, intents: Collection[str] | None) -> Case | None:
    name = fields.text("name", most=300)
    names.claim("test", name, fields, "name")
    now = _now(fields)
    request = fields.fields("request", "the request", REQUEST_KEYS, required=True)
    expect = fields.fields("expect", "'expect'", EXPECT_KEYS, required=True)
    if request is None or expect is None:
        return None
    expected = _expectation(expect, intents)
    return Case(name, _request(request, name), expected, now, fields.position)


def _now(fields: Fields) -> float:
    node = fields.given("now")
    if node is None or isinstance(node, Refused):
        return DEFAULT_NOW
    text = node.text if isinstance(node, Scalar) else ""
    try:
        when = datetime.fromisoformat(text)
        if when.tzinfo is not None:
            return when.timestamp()
        fields.problem("now", f"{text!r} has no time zone", _NOW_FIX)
    except (ValueError, OverflowError):
        fields.problem("now", f"{text[:40]!r} is not an instant", _NOW_FIX)
    return DEFAULT_NOW


def _expectation(fields: Fields, intents: Collection[str] | None) -> Expectation:
    effect = fields.choice("effect", Effect)
    intent = fields.text_or_empty("intent", most=128) if "intent" in fields else None
    if intent and intents is not None and intent not in intents:
        fields.problem("intent", f"there is no intent {intent!r}", nearest(intent, intents, 'write "" for no intent'))
    reasons = fields.texts("reasons", (), most=100, items=len(REASONS), may_be_empty=True)
    demand_known(reasons, REASONS, "reason", fields.source)
    obligations = fields.texts("obligations", (), most=128, items=100, may_be_empty=True)
    for key in ("obligations", "params"):
        node = fields.get(key)
        if effect is Effect.DENY and isinstance(node, Items | Table) and node.start + len("[]") < node.end:
            fields.problem(key, f"a denied request has no {key}", "remove them, or expect another effect")
    return Expectation(
        effect=effect or Effect.DENY,
        intent=intent,
        reasons=tuple(r.text for r in reasons),
        obligations=tuple(o.text for o in obligations),
        params=fields.object("params") if "params" in fields else None,
    )


def _request(fields: Fields, name: str) -> Request:
    if "payload" not in fields:
        for key in ("target", "action"):
            fields.needs(key)
    fields.needs("agent")
    agent, principal = _party(fields, "agent", AGENT_KEYS), _party(fields, "principal", PRINCIPAL_KEYS)
    target, action = _section(fields, "target", TARGET_KEYS), _section(fields, "action", ACTION_KEYS)
    return Request(
        request_id=name,
        agent=Agent(_id(agent, fields, "agent"), agent.text("instance", ""), agent.object("attributes")),
        utterance=fields.text_or_empty("utterance", most=MOST_TEXT),
        target=Target(
            target.text("kind", most=MOST_TEXT), target.text("name", most=MOST_TEXT), target.object("attributes")
        ),
        action=Action(action.text("name"), action.object("params")),
        principal=Principal(_id(principal, fields, "principal"), principal.object("attributes")),
        session_id=fields.text("session", ""),
        payload=_payload(fields),
        context=fields.object("context"),
    )


def _section(fields: Fields, key: str, known: tuple[str, ...]) -> Fields:
    """The mapping behind ``key``; without one, fields that are all empty."""
    node = None if is_null(fields.get(key)) else fields.get(key)
    return Fields(node, fields.source, f"the {key}", known)


def _party(fields: Fields, key: str, known: tuple[str, ...]) -> Fields:
    """An agent or principal, which may be written as its id alone."""
    node = fields.get(key)
    return Fields(node if isinstance(node, Table) else None, fields.source, f"the {key}", known)


def _id(party: Fields, fields: Fields, key: str) -> str:
    if party.node is not None:
        return party.text("id", most=MOST_ID)
    return "" if is_null(fields.get(key)) else fields.text(key, "", most=MOST_ID)


def _payload(fields: Fields) -> Payload | None:
    payload = fields.fields("payload", "the payload", tuple(PAYLOADS))
    if payload is None or not isinstance(payload.node, Table):
        return None
    given = [k for k in PAYLOADS if k in payload]
    if len(given) != 1:
        if len(given) > 1 or not payload.node.pairs:
            payload.problem("", "a payload is of exactly one kind", f"keep one of {', '.join(PAYLOADS)}")
        return None
    kind = PAYLOADS[given[0]]
    inner = payload.fields(given[0], f"the {given[0]} payload", tuple(m.name for m in dataclasses.fields(kind)))
    return None if inner is None else kind(**{m.name: _member(inner, m) for m in dataclasses.fields(kind)})


def _member(fields: Fields, member: dataclasses.Field[Any]) -> Any:
    if member.name == "headers":
        return {k: v for k in fields.object("headers") if (v := _header(fields, k)) is not None}
    if member.name in OBJECTS:
        return fields.object(member.name)
    is_required = member.default is dataclasses.MISSING
    return (
        fields.text(member.name, most=MOST_TEXT) if is_required else fields.text_or_empty(member.name, most=MOST_TEXT)
    )


def _header(fields: Fields, name: str) -> str | None:
    node = fields.get("headers")
    value = node.get(name) if isinstance(node, Table) else None
    return text_of(value, fields.source, f"the header {name!r}", MOST_TEXT) if value is not None else None
