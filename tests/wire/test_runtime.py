"""Values of runtime authority survive the wire; what is wrong in a request is refused by name, before any work."""

from __future__ import annotations

import pytest
from hypothesis import given

from pdp.errors import AnswerUnusable, InvalidRequest, LimitExceeded
from pdp.revocation.order import Op, Scope
from pdp.runtime import Agreement, Observed, OrderWanted
from pdp.v1 import audit_pb2, grant_pb2, revocation_pb2, session_pb2
from pdp.wire import Bounds, audit, grant, revocation, session
from tests.wire import runtime_strategies as given_
from tests.wire.test_wire import WIDE, shipped

READ = {
    "session_request": lambda m: session.session_request_from_proto(m, WIDE),
    "use": lambda m: grant.use_from_proto(m, WIDE),
    "attenuation_request": lambda m: grant.attenuation_request_from_proto(m, WIDE),
    "outcome": lambda m: grant.outcome_from_proto(m, WIDE),
    "wanted": lambda m: revocation.wanted_from_proto(m, "kill", WIDE),
}


@pytest.mark.parametrize(
    ("module", "kind", "values"),
    [
        (session, "session_request", given_.session_requests),
        (session, "session_answer", given_.session_answers),
        (session, "session_end", given_.session_ends),
        (session, "session", given_.sessions),
        (session, "agent_report", given_.agent_reports),
        (grant, "use", given_.uses),
        (grant, "consumption", given_.consumptions),
        (grant, "attenuation_request", given_.attenuation_requests),
        (grant, "attenuation", given_.attenuations),
        (grant, "outcome", given_.outcomes),
        (grant, "outcome_answer", given_.outcome_answers),
        (revocation, "wanted", given_.wanted),
        (revocation, "receipt", given_.receipts),
        (revocation, "order", given_.orders),
        (revocation, "orders", given_.order_lists),
        (revocation, "news", given_.news),
        (revocation, "acknowledged", given_.acknowledged),
        (audit, "record", given_.records),
        (audit, "inclusion", given_.inclusions),
        (audit, "consistency", given_.consistencies),
        (audit, "page", given_.pages),
        (audit, "trace", given_.traces),
    ],
)
def test_values_survive(module, kind, values):
    """from_proto(to_proto(x)) == x, through bytes."""
    write = getattr(module, f"{kind}_to_proto")
    read = READ.get(kind) or getattr(module, f"{kind}_from_proto")

    @given(values)
    def survives(value):
        assert read(shipped(write(value))) == value

    survives()


def test_the_words_of_the_protos_are_those_of_the_values():
    """A scope, kind, observed effect or agreement added on one side only fails here."""
    assert set(revocation.SCOPE_TO_PROTO) == {scope.value for scope in Scope}
    assert set(revocation.KIND_TO_PROTO) == {op.value for op in Op}
    observed = {name for name, number in grant_pb2.ObservedEffect.items() if number}
    assert observed == {f"OBSERVED_EFFECT_{word.name}" for word in Observed}
    agreement = {name for name, number in grant_pb2.Agreement.items() if number}
    assert agreement == {f"AGREEMENT_{word.name}" for word in Agreement}


START = {"agent": {"id": "a"}, "purpose": "p"}
NAN, INFINITE = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"agent": {}}, "agent.id: is empty"),
        ({"agent": {"id": "a\u200b"}}, "agent.id: contains the control or invisible character U+200B"),
        ({"purpose": " \n"}, "purpose: is empty; say in words"),
        ({"purpose": "x" * 4_001}, "purpose: has 4001 characters; the limit is 4000"),
        ({"seconds": -1.0}, "seconds: is -1.0; give seconds from 0 on"),
        ({"seconds": NAN}, "seconds: is nan"),
        ({"seconds": INFINITE}, "seconds: is inf"),
        ({"seconds": 1e9}, "seconds: is 1e+09 s; the limit is 3.16224e+07 s"),
        ({"intents": [""]}, "intents: is empty"),
        ({"intents": ["x"] * 257}, "intents: has 257 entries; the limit is 256"),
        ({"budget": {"rows": NAN}}, "budget.rows: is nan; give a number from 0 on"),
        ({"budget": {"": 1.0}}, "budget (a name): is empty"),
        ({"budget": {str(i): 1.0 for i in range(65)}}, "budget: has 65 entries; the limit is 64"),
        ({"task_id": "x" * 1_025}, "task_id: has 1025 characters; the limit is 1024"),
        ({"principal": {"id": "a\nb"}}, "principal.id: contains"),
    ],
)
def test_a_session_request_is_read_strictly(fields, text):
    """Field, limit and size seen."""
    with pytest.raises(InvalidRequest) as caught:
        session.session_request_from_proto(session_pb2.StartSessionRequest(**(START | fields)))
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("read", "message", "text"),
    [
        (grant.use_from_proto, grant_pb2.ConsumeRequest(action={"name": "x"}, target={"kind": "k"}), "grant: is empty"),
        (grant.use_from_proto, grant_pb2.ConsumeRequest(grant="g"), "action.name: say what is about to run"),
        (grant.use_from_proto, grant_pb2.ConsumeRequest(grant="x" * 16_385, payload={"ssh": {}}), "grant: has 16385"),
        (grant.attenuation_request_from_proto, grant_pb2.AttenuateRequest(grant="g"), "agent.id: is empty"),
        (
            grant.attenuation_request_from_proto,
            grant_pb2.AttenuateRequest(grant="g", agent={"id": "a"}, seconds=NAN),
            "seconds: is nan",
        ),
        (grant.outcome_from_proto, grant_pb2.ReportOutcomeRequest(decision_id="d"), "observed: is not set"),
        (grant.outcome_from_proto, grant_pb2.ReportOutcomeRequest(observed=9, decision_id="d"), "observed: is not set"),
        (grant.outcome_from_proto, grant_pb2.ReportOutcomeRequest(observed=1), "decision_id: is empty"),
        (
            grant.outcome_from_proto,
            grant_pb2.ReportOutcomeRequest(observed=1, decision_id="d", operation_digest="xyz"),
            "operation_digest: is not a digest",
        ),
        (revocation.hello_from_proto, revocation_pb2.WatchRequest(), "instance: is empty"),
    ],
    ids=lambda value: value.__name__ if callable(value) else str(value),
)
def test_other_requests_are_read_strictly(read, message, text):
    """Likewise."""
    with pytest.raises(InvalidRequest) as caught:
        read(message)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"scope": 0, "value": "a"}, "scope: is not set or unknown; known are grant, session"),
        ({"scope": 99, "value": "a"}, "scope: is not set or unknown"),
        ({"scope": 4}, "value: name what the order is about"),
        ({"scope": 11, "value": "a"}, "value: name what the order is about"),
        ({"scope": 4, "value": "a", "wait": 61.0}, "wait: is 61 s; the limit is 60 s"),
        ({"scope": 4, "value": "a", "seconds": -1.0}, "seconds: is -1.0"),
        ({"scope": 4, "value": "a", "reason": "x" * 4_001}, "reason: has 4001 characters"),
    ],
)
def test_an_order_is_read_strictly(fields, text):
    """A kill that is not clear is refused, never read as a smaller or larger one."""
    with pytest.raises(InvalidRequest) as caught:
        revocation.wanted_from_proto(revocation_pb2.OrderRequest(**fields), "kill")
    assert text in str(caught.value)


def test_an_order_of_a_scope_nobody_knows_is_not_sent():
    """The error lists those that are known."""
    with pytest.raises(InvalidRequest, match="'planet' is unknown; known are grant"):
        revocation.wanted_to_proto(OrderWanted("kill", "planet", "earth", "x"))


def test_the_limits_of_a_request_apply_to_what_runs():
    """The same bounds as for a decision."""
    message = grant_pb2.ConsumeRequest(grant="g", target={"kind": "k"}, action={"name": "n"})
    message.action.params.update({"a": [1, 2, 3]})
    with pytest.raises(LimitExceeded, match=r"action\.params"):
        grant.use_from_proto(message, Bounds(values=2))


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (grant.consumption_from_proto, grant_pb2.ConsumeResponse()),
        (grant.consumption_from_proto, grant_pb2.ConsumeResponse(consumed=True)),
        (grant.consumption_from_proto, grant_pb2.ConsumeResponse(consumed=True, grant_id="g", refusal="expired")),
        (grant.attenuation_from_proto, grant_pb2.AttenuateResponse()),
        (grant.attenuation_from_proto, grant_pb2.AttenuateResponse(grant="g")),
        (grant.attenuation_from_proto, grant_pb2.AttenuateResponse(grant="g", grant_id="i", refusal="expired")),
        (grant.outcome_answer_from_proto, grant_pb2.ReportOutcomeResponse()),
        (grant.outcome_answer_from_proto, grant_pb2.ReportOutcomeResponse(agreement=99)),
        (session.session_answer_from_proto, session_pb2.StartSessionResponse(reasons=[{"code": 999}])),
        (revocation.order_from_proto, revocation_pb2.Order(kind=1)),
        (revocation.order_from_proto, revocation_pb2.Order(kind=9, scope=1)),
        (revocation.news_from_proto, revocation_pb2.WatchEvent()),
        (audit.trace_from_proto, audit_pb2.GetTraceResponse(records=[{"index": 1}])),
        (audit.trace_from_proto, audit_pb2.GetTraceResponse(records=[{"index": 1}], proofs=[{"index": 2}])),
    ],
    ids=lambda value: value.__name__ if callable(value) else str(value),
)
def test_an_answer_that_says_nothing_or_two_things_is_unusable(read, message):
    """Nothing unset or of a later version is read as a permission, and no order is passed over."""
    with pytest.raises(AnswerUnusable):
        read(message)


def test_lists_have_a_limit():
    """0 is the usual number; more than the most is refused."""
    assert (audit.limited(0), audit.limited(7), audit.limited(1_000)) == (100, 7, 1_000)
    with pytest.raises(LimitExceeded, match="limit: is 1001; the limit is 1000"):
        audit.limited(1_001)
