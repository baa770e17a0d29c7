"""Whatever bytes arrive, reading a request gives a request within bounds or a refusal that names a field."""

from __future__ import annotations

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from pdp.errors import InvalidRequest
from pdp.server.limits import parse
from pdp.types import Json
from pdp.v1 import decision_pb2 as proto
from pdp.wire import Bounds, decision_to_proto, request_from_proto, request_to_proto
from tests.wire import strategies as given_

pytestmark = pytest.mark.fuzz
TIGHT = Bounds(utterance_characters=50, name_characters=20, string_characters=30, values=6, depth=3, context_bytes=200)


@st.composite
def mutated(draw) -> bytes:
    """A valid request with some bytes changed, cut out, doubled or put in."""
    raw = bytearray(request_to_proto(draw(given_.requests)).SerializeToString())
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(raw) - 1, 0)))
        end = at + draw(st.integers(0, 8))
        raw[at:end] = draw(st.binary(max_size=8) | st.just(bytes(raw[at:end]) * 2))
    return bytes(raw)


def entries(value: Json) -> int:
    """How many entries a value holds, nested ones included."""
    if isinstance(value, dict):
        return len(value) + sum(entries(v) for v in value.values())
    return len(value) + sum(entries(v) for v in value) if isinstance(value, list) else 0


def depth(value: Json) -> int:
    """How deep a value nests."""
    if isinstance(value, dict):
        return 1 + max((depth(v) for v in value.values()), default=0)
    return 1 + max((depth(v) for v in value), default=0) if isinstance(value, list) else 0


@given(st.binary(max_size=300) | mutated())
def test_any_bytes_give_a_request_within_bounds_or_a_refusal(raw):
    """Never another exception; nothing beyond a bound gets through; what got through travels on unchanged."""
    try:
        request = request_from_proto(parse(proto.DecideRequest, raw), TIGHT)
    except InvalidRequest:
        return
    assert len(request.utterance) <= TIGHT.utterance_characters
    for value in (request.agent.attributes, request.principal.attributes, request.target.attributes):
        assert (entries(value) <= TIGHT.values, depth(value) <= TIGHT.depth) == (True, True)
    for value in (request.action.params, request.context):
        assert (entries(value) <= TIGHT.values, depth(value) <= TIGHT.depth) == (True, True)
    names = (request.request_id, request.agent.id, request.session_id, request.target.kind, request.action.name)
    assert all(len(name) <= TIGHT.name_characters for name in names)
    assert not any("\n" in name or "\0" in name for name in names)
    assert request_from_proto(request_to_proto(request), TIGHT) == request


@given(mutated())
def test_reading_is_deterministic(raw):
    """The same bytes give the same request, key order included, or the same refusal."""

    def read() -> str:
        try:
            return repr(request_from_proto(parse(proto.DecideRequest, raw)))
        except InvalidRequest as refused:
            return str(refused)

    assert read() == read()


@given(given_.decisions, st.data())
def test_a_damaged_answer_is_never_a_better_one(decision, data):
    """Cut an answer anywhere: it is unreadable, unusable, or no more than it was."""
    from pdp.errors import PdpError
    from pdp.types import Effect
    from pdp.wire import decision_from_proto

    raw = decision_to_proto(decision).SerializeToString()
    cut = raw[: data.draw(st.integers(0, len(raw)))]
    try:
        back = decision_from_proto(proto.DecideResponse.FromString(cut))
    except (DecodeError, PdpError):
        return
    assert back.verdict.effect is decision.verdict.effect or back.verdict.effect is Effect.DENY
