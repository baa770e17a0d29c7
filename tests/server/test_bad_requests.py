"""Whatever comes in, the caller gets a clear status and the server goes on serving."""

from __future__ import annotations

import grpc
import pytest
from google.protobuf.struct_pb2 import Struct, Value

from pdp.v1 import decision_pb2 as proto
from tests.server.conftest import failure, question, reason


def struct(depth: int) -> Struct:
    """A struct that nests ``depth`` deep."""
    outer = Struct()
    inner = outer
    for _ in range(depth - 1):
        inner = inner.fields["a"].struct_value
        inner.SetInParent()
    inner.fields["a"].number_value = 1
    return outer


def with_params(params: Struct) -> proto.DecideRequest:
    """A question with these parameters."""
    message = question()
    message.action.params.CopyFrom(params)
    return message


def many(count: int) -> Struct:
    """A struct with ``count`` entries."""
    return Struct(fields={f"p{i}": Value(number_value=i) for i in range(count)})


def with_value(value: Value, key: str = "v") -> proto.DecideRequest:
    """A question with one parameter."""
    return with_params(Struct(fields={key: value}))


HEADERS = {f"h{i}": "v" for i in range(1001)}
HIDDEN = "contains the control or invisible character"
BAD = {
    "empty": (proto.DecideRequest(), "agent.id: is empty"),
    "no target": (proto.DecideRequest(agent={"id": "a"}, action={"name": "read"}), "target.kind: is empty"),
    "no operation": (proto.DecideRequest(agent={"id": "a"}, target={"kind": "m"}), "action.name: is empty"),
    "huge utterance": (question(utterance="a" * 4001), "utterance: has 4001 characters; the limit is 4000"),
    "long name": (question(session_id="s" * 1025), "session_id: has 1025 characters; the limit is 1024"),
    "control character in a name": (question(request_id="a\x07b"), f"request_id: {HIDDEN} U+0007 at place 1"),
    "new line in a name": (question(session_id="a\nlevel=info"), f"session_id: {HIDDEN} U+000A"),
    "direction mark in a name": (question(session_id="a\u202eb"), f"session_id: {HIDDEN} U+202E"),
    "zero-width space in a name": (question(session_id="a\u200bb"), f"session_id: {HIDDEN} U+200B"),
    "control character in the utterance": (question(utterance="show\x00mail"), f"utterance: {HIDDEN} U+0000"),
    "10,000 params": (with_params(many(10_000)), "action.params: has 10000 or more entries; the limit is 1000"),
    "long string": (with_value(Value(string_value="x" * 65_537)), "v: has 65537 characters; the limit is 65536"),
    "NUL in a value": (with_value(Value(string_value="a\0")), "params.v: contains the control character U+0000"),
    "control character in a key": (with_value(Value(null_value=0), "b\x1b"), r"action.params.b\x1b: contains"),
    "NaN": (with_value(Value(number_value=float("nan"))), "action.params.v: is nan; only finite numbers"),
    "infinity": (with_value(Value(number_value=float("-inf"))), "action.params.v: is -inf"),
    "no kind": (with_value(Value()), "action.params.v: has no value"),
    "deep": (with_params(struct(17)), "is nested more than 16 deep"),
    "big context": (question(context={"c": "x" * 16_400}), "context: has 16"),
    "many headers": (question(payload={"http": {"headers": HEADERS}}), "payload.http.headers: has 1001 entries"),
    "control character in a command": (question(payload={"ssh": {"command": "ls\x1b[2J"}}), "payload.ssh.command: "),
    "deep in a payload": (question(payload={"mcp": {"arguments": struct(20)}}), "payload.mcp.arguments.a.a"),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_question_gets_a_clear_status_and_the_server_goes_on(running, name):
    """INVALID_ARGUMENT names the field, the limit and what was seen; nothing was decided; the next call is answered."""
    message, text = BAD[name]
    error = await failure(running.decisions.Decide(message, timeout=2))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert text in error.details()
    assert reason(error) in {"invalid_request", "limit_exceeded"}
    assert running.made.decisions.decided == 0
    await running.decisions.Decide(question(), timeout=2)


GOOD = question().SerializeToString()
RAW = {
    "truncated": GOOD[:-3],
    "random": b"\xff" * 50,
}


async def test_invalid_utf8_is_refused_and_the_server_goes_on(running):
    """Protobuf's own check ends the reading; the status says what may be wrong."""
    error = await failure(running.raw("Decide")(GOOD + b"\x2a\x02\xff\xfe", timeout=2))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "not a pdp.v1.DecideRequest: it is truncated, holds invalid UTF-8" in error.details()
    await running.decisions.Decide(question(), timeout=2)


@pytest.mark.parametrize("method", ["Decide", "DecideBatch", "Explain"])
@pytest.mark.parametrize("name", RAW)
async def test_bytes_that_are_no_message_get_a_clear_status(running, name, method):
    """Malformed protobuf is INVALID_ARGUMENT (or an incomplete question), never INTERNAL, and the server goes on."""
    error = await failure(running.raw(method)(RAW[name], timeout=2))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    await running.decisions.Decide(question(), timeout=2)


async def test_nesting_beyond_what_protobuf_reads_is_refused_as_malformed(running):
    """Protobuf's own recursion limit ends the reading; the status says what may be wrong."""
    body = b""
    for _ in range(400):
        # Value.struct_value > Struct.fields entry > value
        entry = b"\x0a\x01a\x12" + varint(len(body)) + body
        fields = b"\x0a" + varint(len(entry)) + entry
        body = b"\x2a" + varint(len(fields)) + fields
    params = b"\x12" + varint(len(body[1:])) + body[1:]
    action = b"\x3a" + varint(len(params)) + params
    error = await failure(running.raw("Decide")(GOOD + action, timeout=2))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "nested too deeply" in error.details()
    await running.decisions.Decide(question(), timeout=2)


def varint(number: int) -> bytes:
    """A protobuf varint."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


async def test_a_message_over_the_byte_limit_is_refused_by_the_transport(running):
    """Two MiB never reach the parser."""
    error = await failure(running.decisions.Decide(question(utterance="x" * 2_000_000), timeout=2))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    await running.decisions.Decide(question(), timeout=2)


async def test_texts_that_people_write_pass(running):
    """Line breaks, tabs, other scripts and 1000 parameters are no mistake."""
    message = with_params(many(1000))
    message.utterance = "Zeig mir\r\n\tmeine E-Mails – 我的邮件 🙂\f"
    message.target.name = "Bildschirmfoto 2025-01-01 um 10.00.00\u202fPM.png"
    assert (await running.decisions.Decide(message, timeout=2)).effect
