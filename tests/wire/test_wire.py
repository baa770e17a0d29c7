"""Values survive the wire, and what cannot travel or is not understood is refused by name."""

from __future__ import annotations

from dataclasses import replace

import pytest
from google.protobuf.struct_pb2 import Struct
from hypothesis import given
from hypothesis import strategies as st

from pdp.errors import AnswerUnusable, InvalidRequest, LimitExceeded
from pdp.types import Decision, Effect, Position, ReasonCode, RuleTrace, Timings, Trace, Verdict
from pdp.v1 import administration_pb2, decision_pb2, types_pb2
from pdp.wire import (
    Bounds,
    administration,
    decision_from_proto,
    decision_to_proto,
    explanation_from_proto,
    explanation_to_proto,
    request_from_proto,
    request_to_proto,
)
from pdp.wire.values import fill_struct, json_from_struct
from tests.wire import strategies as given_

WIDE = Bounds(10**6, 10**6, 10**6, 10**6, 50, 10**6)


def shipped(message):
    """``message`` as it arrives: through bytes."""
    return type(message).FromString(message.SerializeToString())


@given(given_.requests)
def test_requests_survive(request):
    """from_proto(to_proto(x)) == x."""
    assert request_from_proto(shipped(request_to_proto(request)), WIDE) == request


@given(given_.decisions)
def test_decisions_survive(decision):
    """from_proto(to_proto(x)) == x."""
    assert decision_from_proto(shipped(decision_to_proto(decision))) == decision


@given(given_.decisions, st.none() | given_.traces)
def test_explanations_survive(decision, trace):
    """A decision with its trace."""
    decision = replace(decision, verdict=replace(decision.verdict, trace=trace))
    assert explanation_from_proto(shipped(explanation_to_proto(decision))) == decision


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("status", given_.statuses),
        ("activation", given_.activations),
        ("check", given_.checks),
        ("edit", given_.edits),
    ],
)
def test_reports_survive(kind, values):
    """Everything that administration answers."""
    write, read = getattr(administration, f"{kind}_to_proto"), getattr(administration, f"{kind}_from_proto")

    @given(values)
    def survives(value):
        assert read(shipped(write(value))) == value

    survives()


@given(given_.problems)
def test_problems_survive(problems):
    """A bundle's mistakes."""
    message = administration_pb2.CheckBundleResponse(problems=[administration.problem_to_proto(p) for p in problems])
    assert administration.problems_from_proto(shipped(message).problems) == problems


@given(given_.objects)
def test_json_survives_and_whole_numbers_are_ints(values):
    """A whole number within 2^53 is always an int afterwards, whatever it was before; keys are sorted."""
    struct = Struct()
    fill_struct(struct, values, "x")
    back = json_from_struct(shipped(struct), "x", WIDE)
    assert back == values
    assert list(back) == sorted(back)
    for value in back.values():
        if isinstance(value, float):
            assert not value.is_integer() or abs(value) > 2**53


def test_every_effect_and_reason_has_its_number():
    """A word added to the types without one in the proto fails here, and the other way round."""
    effects = {name for name, number in types_pb2.Effect.items() if number}
    assert effects == {f"EFFECT_{effect.name}" for effect in Effect}
    reasons = {name for name, number in types_pb2.ReasonCode.items() if number}
    assert reasons == {f"REASON_CODE_{code.name}" for code in ReasonCode}


@pytest.mark.parametrize(
    "message",
    [
        decision_pb2.DecideResponse(),
        decision_pb2.DecideResponse(effect=9),
        decision_pb2.DecideResponse(effect=3, reasons=[types_pb2.Reason()]),
        decision_pb2.DecideResponse(effect=3, reasons=[types_pb2.Reason(code=99)]),
        decision_pb2.DecideResponse(effect=1, shadow=[types_pb2.ShadowFinding()]),
    ],
    ids=["no effect", "unknown effect", "no reason", "unknown reason", "no effect of a shadow"],
)
def test_an_answer_with_words_of_another_version_is_unusable(message):
    """Unset and unknown effects and reasons are never read as something."""
    with pytest.raises(AnswerUnusable):
        decision_from_proto(message)


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"a": {"b": [0, float("nan")]}}, "action.params.a.b[1]: is nan"),
        ({"a": float("inf")}, "action.params.a: is inf"),
        ({"a": 2**53 + 1}, "action.params.a: is an integer beyond ±2^53 (54 bits); send it as a string"),
        ({"a": "\ud800"}, "action.params.a: is not valid Unicode"),
        ({"\ud800": 1}, "action.params: has a key that is not valid Unicode"),
        ({"a": object()}, "request: cannot be sent"),
    ],
)
def test_values_that_cannot_travel_are_refused_where_they_are(params, text):
    """The path leads to the value; nothing is rounded or replaced in silence."""
    request = request_from_proto(
        decision_pb2.DecideRequest(agent={"id": "a"}, target={"kind": "k"}, action={"name": "n"})
    )
    with pytest.raises(InvalidRequest) as caught:
        request_to_proto(replace(request, action=replace(request.action, params=params)))
    assert text in str(caught.value)


def test_the_limit_on_entries_counts_nested_ones():
    """Many small objects do not get round it, and the whole is refused before it is read."""
    struct = Struct()
    fill_struct(struct, {f"k{i}": [1, 2, 3] for i in range(4)}, "x")
    assert json_from_struct(struct, "x", Bounds(values=16))
    with pytest.raises(LimitExceeded, match="has 16 or more entries; the limit is 15"):
        json_from_struct(struct, "x", Bounds(values=15))


def test_a_payload_without_fields_keeps_its_kind():
    """An empty SSH command is still an SSH command."""
    message = decision_pb2.DecideRequest(agent={"id": "a"}, payload={"ssh": {}})
    assert request_from_proto(message).payload is not None


def test_a_value_too_large_for_json_does_not_hide_an_explanation():
    """A trace is for people: a number that cannot travel is shown as text, the rest as it is."""
    rule = RuleTrace("r", "deny", "w", "true", Position("f", 1, 1), {"limit": 10**30, "name": "x"})
    verdict = Verdict(Effect.DENY, (), trace=Trace(rules=(rule,)))
    decision = Decision("d", "q", verdict, "r", "e", Timings())
    back = explanation_from_proto(shipped(explanation_to_proto(decision)))
    assert back.verdict.trace.rules[0].values == {"limit": str(10**30), "name": "x"}
