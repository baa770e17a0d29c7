"""Requests and test cases from their nodes."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import yaml

from pdp.policy.model import Case, Expectation
from pdp.policy.source import Fields, Source
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

CASE = frozenset({"name", "now", "request", "expect"})
REQUEST = frozenset({"agent", "principal", "session", "utterance", "target", "action", "payload", "context"})
EXPECT = frozenset({"effect", "intent", "reasons", "obligations", "params"})
PAYLOADS: dict[str, type[Payload]] = {
    "sql": SqlPayload, "mcp": McpPayload, "http": HttpPayload, "kubernetes": KubernetesPayload, "ssh": SshPayload, "cloud": CloudPayload,
}  # fmt: skip
OBJECTS = frozenset({"arguments", "headers", "params"})
# A Monday morning: what a case is decided at when it names no time of its own.
DEFAULT_NOW = datetime(2026, 1, 5, 10, 0, tzinfo=UTC).timestamp()
MOST_UTTERANCE = 10_000


def parse_cases(root: yaml.Node, source: Source) -> tuple[Case, ...]:
    """The cases of one tests file."""
    fields = Fields(root, source, "a tests file", frozenset({"tests"}))
    if "tests" not in fields and isinstance(root, yaml.MappingNode):
        source.problem(root, "the file has no 'tests'", "add tests: [{name: ..., request: {...}, expect: {...}}]")
    return tuple(c for n in fields.items("tests") if (c := _case(n, source)))


def _case(node: yaml.Node, source: Source) -> Case | None:
    fields = Fields(node, source, "a test", CASE)
    name = fields.text("name", most=300)
    for key in ("request", "expect"):
        if key not in fields and isinstance(node, yaml.MappingNode):
            source.problem(node, f"a test has no {key!r}", f"add {key}: {{...}}")
    if "request" not in fields or "expect" not in fields:
        return None
    request = parse_request(fields.get("request"), source, request_id=name)
    expect = _expectation(fields.get("expect"), source)
    return Case(name, request, expect, _now(fields), source.at(node)) if expect else None


def _now(fields: Fields) -> float:
    node = fields.get("now")
    if not isinstance(node, yaml.ScalarNode):
        if node is not None:
            fields.problem("now", "now must be a time", "write it as 2026-01-05T10:00:00Z")
        return DEFAULT_NOW
    try:
        when = datetime.fromisoformat(node.value)
    except ValueError:
        fields.problem("now", f"{node.value!r} is not a time", "write it as 2026-01-05T10:00:00Z")
        return DEFAULT_NOW
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def _expectation(node: yaml.Node | None, source: Source) -> Expectation | None:
    fields = Fields(node, source, "expect", EXPECT)
    effect = fields.choice("effect", [e.value for e in Effect])
    codes = [c.value for c in ReasonCode]
    reasons = fields.texts("reasons", ())
    for code, _ in reasons:
        if code not in codes:
            fields.problem("reasons", f"unknown reason {code!r}", f"use codes such as {', '.join(codes[:4])}; all are in the README")
    if effect is None:
        return None
    return Expectation(
        effect=Effect(effect),
        intent=fields.text("intent") if "intent" in fields else None,
        reasons=tuple(c for c, _ in reasons),
        obligations=tuple(o for o, _ in fields.texts("obligations", ())),
        params=fields.object("params") if "params" in fields else None,
    )


def parse_request(node: yaml.Node | None, source: Source, request_id: str = "") -> Request:
    """A request as bundle tests and labelled files write it; what is wrong stands in ``source.problems``."""
    fields = Fields(node, source, "a request", REQUEST)
    if "agent" not in fields:
        fields.problem("", "a request has no 'agent'", "add agent: some-agent")
    return Request(
        request_id=request_id,
        agent=_agent(fields, source),
        utterance=_utterance(fields),
        target=_target(fields, source),
        action=_action(fields, source),
        principal=_principal(fields, source),
        session_id=fields.text("session", ""),
        payload=_payload(fields, source),
        context=fields.object("context"),
    )


def _utterance(fields: Fields) -> str:
    node = fields.get("utterance")
    # An empty utterance is a case worth testing, so it is not refused here.
    if isinstance(node, yaml.ScalarNode) and node.value == "":
        return ""
    return fields.text("utterance", "", most=MOST_UTTERANCE)


def _agent(fields: Fields, source: Source) -> Agent:
    node = fields.get("agent")
    if not isinstance(node, yaml.MappingNode):
        return Agent(fields.text("agent", ""))
    agent = Fields(node, source, "an agent", frozenset({"id", "instance", "attributes"}))
    return Agent(agent.text("id"), agent.text("instance", ""), agent.object("attributes"))


def _principal(fields: Fields, source: Source) -> Principal:
    node = fields.get("principal")
    if not isinstance(node, yaml.MappingNode):
        return Principal(fields.text("principal", ""))
    principal = Fields(node, source, "a principal", frozenset({"id", "attributes"}))
    return Principal(principal.text("id"), principal.object("attributes"))


def _target(fields: Fields, source: Source) -> Target:
    node = fields.get("target")
    if node is None:
        return Target("", "")
    target = Fields(node, source, "a target", frozenset({"kind", "name", "attributes"}))
    return Target(target.text("kind", ""), target.text("name", ""), target.object("attributes"))


def _action(fields: Fields, source: Source) -> Action:
    node = fields.get("action")
    if not isinstance(node, yaml.MappingNode):
        return Action(fields.text("action", ""))
    action = Fields(node, source, "an action", frozenset({"name", "params"}))
    return Action(action.text("name", ""), action.object("params"))


def _payload(fields: Fields, source: Source) -> Payload | None:
    node = fields.get("payload")
    if node is None:
        return None
    payload = Fields(node, source, "a payload", frozenset(PAYLOADS))
    given = [k for k in PAYLOADS if k in payload]
    if len(given) != 1:
        payload.problem("", "a payload is of exactly one kind", f"give one of: {', '.join(PAYLOADS)}")
        return None
    kind = PAYLOADS[given[0]]
    members = dataclasses.fields(kind)
    inner = Fields(payload.get(given[0]), source, f"a payload of kind {given[0]}", frozenset(f.name for f in members))
    values = {
        f.name: inner.object(f.name) if f.name in OBJECTS else inner.text(f.name, None if _required(f) else "", most=MOST_UTTERANCE)
        for f in members
    }
    return kind(**values)


def _required(member: dataclasses.Field[object]) -> bool:
    return member.default is dataclasses.MISSING and member.default_factory is dataclasses.MISSING
