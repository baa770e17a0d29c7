"""Reading a request: what is required, what is derived, and bounds on every field."""

from __future__ import annotations

import pytest

from pdp.errors import InvalidRequest, LimitExceeded
from pdp.types import CloudPayload, HttpPayload, KubernetesPayload, McpPayload, Principal, SqlPayload, SshPayload
from pdp.v1.decision_pb2 import DecideRequest
from pdp.wire import Bounds, request_from_proto, request_to_proto

LEAST = {"agent": {"id": "a"}, "target": {"kind": "k"}, "action": {"name": "n"}}
PAYLOADS = {
    "sql": ({"text": "select 1", "dialect": "postgres", "database": "d"}, SqlPayload("select 1", "postgres", "d")),
    "mcp": ({"server": "s", "tool": "t", "arguments": {"n": 1}}, McpPayload("s", "t", {"n": 1})),
    "http": (
        {"method": "GET", "host": "h", "path": "/p?q=1", "headers": {"b": "2", "a": "1"}},
        HttpPayload("GET", "h", "/p?q=1", {"a": "1", "b": "2"}),
    ),
    "kubernetes": (
        {"verb": "get", "resource": "pods", "group": "g", "namespace": "n", "name": "x", "subresource": "log"},
        KubernetesPayload("get", "pods", "g", "n", "x", "log"),
    ),
    "ssh": ({"host": "h", "command": "ls -l\n", "user": "u"}, SshPayload("h", "ls -l\n", "u")),
    "cloud": (
        {"provider": "aws", "service": "s3", "operation": "o", "resource": "r", "region": "e", "params": {"p": True}},
        CloudPayload("aws", "s3", "o", "r", "e", {"p": True}),
    ),
}


def read(bounds: Bounds | None = None, **fields):
    return request_from_proto(DecideRequest(**(LEAST | fields)), bounds or Bounds())


def test_the_least_that_is_a_request():
    """Agent, action and target; everything else is empty and not None."""
    request = read()
    assert (request.agent.id, request.target.kind, request.action.name) == ("a", "k", "n")
    assert (request.principal, request.payload, request.context, request.utterance) == (Principal(), None, {}, "")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"agent": {"instance": "1"}}, "agent.id"),
        ({"action": {}}, "action.name"),
        ({"target": {"name": "me"}}, "target.kind"),
        ({"agent": {}, "payload": {"sql": {"text": "select 1"}}}, "agent.id"),
        ({"action": {}, "payload": {}}, "action.name"),
    ],
)
def test_what_is_missing_is_named(fields, field):
    """A payload of no kind stands in for nothing, and no payload for the agent."""
    with pytest.raises(InvalidRequest, match="is empty") as refused:
        read(**fields)
    assert refused.value.field == field


@pytest.mark.parametrize("kind", PAYLOADS)
def test_every_payload_is_read_and_stands_in_for_target_and_action(kind):
    """Each kind with all its fields; target and action may then be left empty, to be derived."""
    fields, wanted = PAYLOADS[kind]
    request = read(payload={kind: fields}, action={}, target={})
    assert request.payload == wanted
    assert request_from_proto(request_to_proto(request)) == request


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"request_id": "x" * 9}, "request_id"),
        ({"session_id": "x" * 9}, "session_id"),
        ({"agent": {"id": "x" * 9}}, "agent.id"),
        ({"agent": {"id": "a", "instance": "x" * 9}}, "agent.instance"),
        ({"agent": {"id": "a", "attributes": {"x" * 9: 1}}}, "agent.attributes." + "x" * 9),
        ({"principal": {"id": "x" * 9}}, "principal.id"),
        ({"principal": {"attributes": {"a": "x" * 13}}}, "principal.attributes.a"),
        ({"target": {"kind": "x" * 9}}, "target.kind"),
        ({"target": {"kind": "k", "name": "x" * 9}}, "target.name"),
        ({"target": {"kind": "k", "attributes": {"a": [1] * 9}}}, "target.attributes.a"),
        ({"action": {"name": "x" * 9}}, "action.name"),
        ({"action": {"name": "n", "params": {"a": {"b": {"c": {}}}}}}, "action.params.a.b.c"),
        ({"utterance": "x" * 11}, "utterance"),
        ({"context": {"a": "x" * 20}}, "context"),
        ({"payload": {"sql": {"text": "x" * 13}}}, "payload.sql.text"),
        ({"payload": {"sql": {"dialect": "x" * 9}}}, "payload.sql.dialect"),
        ({"payload": {"mcp": {"tool": "x" * 9}}}, "payload.mcp.tool"),
        ({"payload": {"mcp": {"arguments": {"a": "x" * 13}}}}, "payload.mcp.arguments.a"),
        ({"payload": {"http": {"path": "x" * 13}}}, "payload.http.path"),
        ({"payload": {"http": {"headers": {"h": "x" * 13}}}}, "payload.http.headers.h"),
        ({"payload": {"http": {"headers": {"x" * 9: "v"}}}}, "payload.http.headers (a name)"),
        ({"payload": {"http": {"headers": {str(i): "v" for i in range(7)}}}}, "payload.http.headers"),
        ({"payload": {"kubernetes": {"resource": "x" * 9}}}, "payload.kubernetes.resource"),
        ({"payload": {"ssh": {"command": "x" * 13}}}, "payload.ssh.command"),
        ({"payload": {"ssh": {"user": "x" * 9}}}, "payload.ssh.user"),
        ({"payload": {"cloud": {"operation": "x" * 9}}}, "payload.cloud.operation"),
        ({"payload": {"cloud": {"params": {str(i): 1 for i in range(7)}}}}, "payload.cloud.params"),
    ],
)
def test_every_field_has_its_limit(fields, field):
    """Just over its bound, each field is refused by its own path."""
    tight = Bounds(
        utterance_characters=10, name_characters=8, string_characters=12, values=6, depth=3, context_bytes=20
    )
    with pytest.raises(LimitExceeded) as refused:
        read(tight, **fields)
    assert refused.value.field == field


def test_names_that_are_short_each_and_long_together_are_fine():
    """The quick look at all names together never refuses what each name alone may be."""
    bounds = Bounds(name_characters=8)
    request = read(bounds, request_id="x" * 8, session_id="y" * 8, agent={"id": "z" * 8})
    assert (request.request_id, request.agent.id) == ("x" * 8, "z" * 8)


def test_the_trace_context_is_not_part_of_the_message():
    """It travels as metadata and is put in by the server."""
    message = DecideRequest(**LEAST)
    assert request_from_proto(message, traceparent="00-a-b-01").traceparent == "00-a-b-01"
    assert request_to_proto(request_from_proto(message, traceparent="00-a-b-01")) == message
