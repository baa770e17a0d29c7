"""Evaluation: the shares are what their definitions say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.errors import LimitExceeded
from pdp.evaluation import Labelled, evaluate
from pdp.types import Effect, IntentMatch, Reason, ReasonCode, Request, Verdict
from tests.builders import request

ALLOW, NARROW, DENY = Effect.ALLOW, Effect.NARROW, Effect.DENY
OUTCOMES = st.lists(st.tuples(st.sampled_from(Effect), st.sampled_from(Effect)), max_size=40)


def verdict(effect: Effect, intent: str = "read") -> Verdict:
    """An answer of the engine."""
    return Verdict(effect, (Reason(ReasonCode.ALLOWED, "why"),), IntentMatch(intent, 0.9, 0.6, 0.5, 0.3))


def decide(asked: Request) -> Verdict:
    """Answers what the utterance names: effect, then intent; a request can also be refused."""
    if asked.utterance == "refuse":
        raise LimitExceeded("utterance", "too long")
    effect, _, intent = asked.utterance.partition(" ")
    return verdict(Effect(effect), intent or "read")


def case(expect: Effect, answer: str, intent: str = "", line: int = 1) -> Labelled:
    """A labelled request that will get ``answer``."""
    return Labelled(request(utterance=answer), expect, line, intent)


def test_each_share_counts_what_it_is_defined_to_count() -> None:
    """One of each combination of expected and actual."""
    outcome = evaluate([case(e, a.value) for e in Effect for a in Effect], decide).overall
    assert outcome.total == 9
    assert (outcome.false_allow.count, outcome.false_allow.total) == (2, 3)
    assert (outcome.false_deny.count, outcome.false_deny.total) == (2, 6)
    assert (outcome.narrow.count, outcome.narrow.total) == (1, 3)
    assert (outcome.too_wide.count, outcome.too_wide.total) == (1, 3)


@given(OUTCOMES)
def test_the_shares_account_for_every_wrong_effect(pairs: list[tuple[Effect, Effect]]) -> None:
    """No wrong effect is left out and none counted twice, but for the two ways a deny can be wrong."""
    outcome = evaluate([case(expect, actual.value) for expect, actual in pairs], decide)
    counted = sum(getattr(outcome.overall, n).count for n in ("false_allow", "false_deny", "narrow", "too_wide"))
    assert counted == sum(expect is not actual for expect, actual in pairs)
    assert sum(not a.right for a in outcome.answers) == counted


def test_an_error_counts_as_a_deny() -> None:
    """That is how a gateway reads it; the report names the code."""
    outcome = evaluate([case(ALLOW, "refuse"), case(DENY, "refuse")], decide)
    assert (outcome.overall.false_deny.count, outcome.overall.false_allow.count) == (1, 0)
    assert outcome.answers[0].error == "limit_exceeded"


def test_a_grant_under_another_intent_is_wrong() -> None:
    """The right effect for the wrong reason is not right."""
    outcome = evaluate([case(ALLOW, "allow send", intent="read")], decide)
    assert outcome.overall.wrong_intent.count == 1
    assert not outcome.answers[0].right


def test_intents_are_counted_by_the_named_one_else_by_the_one_that_granted() -> None:
    """So a false allow shows up at the intent that let it through."""
    cases = [case(ALLOW, "deny", "read"), case(DENY, "allow send"), case(DENY, "deny")]
    by_intent = evaluate(cases, decide).by_intent
    assert sorted(by_intent) == ["read", "send"]
    assert by_intent["read"].false_deny.count == 1
    assert by_intent["send"].false_allow.count == 1


def test_the_report_is_plain_json_with_every_wrong_answer() -> None:
    """Shares, intervals, the table of expected against actual, and line and reason of what went wrong."""
    report = evaluate([case(ALLOW, "allow"), case(DENY, "narrow", line=7)], decide).as_json()
    overall = report["overall"]
    assert isinstance(overall, dict)
    assert (overall["false_allow_share"], overall["false_allow_count"], overall["false_allow_of"]) == (1.0, 1, 1)
    assert overall["too_wide_share"] is None
    assert report["expected_to_actual"]["deny"]["narrow"] == 1  # type: ignore[index,call-overload]
    (wrong,) = report["wrong"]  # type: ignore[misc]
    assert (wrong["line"], wrong["expected"], wrong["actual"]) == (7, "deny", "narrow")  # type: ignore[index,call-overload]


def test_nothing_measured_is_no_share() -> None:
    """No cases give no numbers, not zeros."""
    assert evaluate([], decide).overall.as_json()["false_allow_share"] is None


@pytest.mark.parametrize("effect", [ALLOW, NARROW])
def test_the_named_intent_matters_only_when_something_was_granted(effect: Effect) -> None:
    """A deny has no intent to be wrong about."""
    assert evaluate([case(effect, "deny other", "read")], decide).overall.wrong_intent.count == 0
