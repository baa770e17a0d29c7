"""Nothing but a clear allow or narrow is one: every other answer is unusable or a deny."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.client.judgement import SHOW_ONLY, checked, denied
from pdp.errors import AnswerUnusable, Overloaded
from pdp.types import Decision, Effect, NarrowedRequest, Obligation, Permit, Reason, ReasonCode, Timings, Verdict
from tests.client.conftest import request

ASKED = request(request_id="q")
PERMIT = Permit("token", "g1", 60.0)
NARROWED = NarrowedRequest(ASKED.target, ASKED.action)


def decision(effect: Effect = Effect.ALLOW, **verdict) -> Decision:
    reasons = (Reason(ReasonCode.ALLOWED, "x"),)
    return Decision("d", "q", Verdict(effect, reasons, **verdict), "r", "e", Timings())


def test_an_answer_that_holds_together_is_left_as_it_is():
    """Allow with a grant or, of a PDP that issues none, without; narrow with understood obligations; deny."""
    narrow = decision(Effect.NARROW, narrowed=NARROWED, obligations=(Obligation("mask"),))
    for answer in (decision(), replace(decision(), permit=PERMIT), narrow, decision(Effect.DENY)):
        assert checked(answer, ASKED, {"mask"}) is answer


@pytest.mark.parametrize(
    "answer",
    [
        replace(decision(), decision_id=""),
        replace(decision(), request_id="other"),
        decision(Effect.NARROW),
        decision(Effect.ALLOW, narrowed=NARROWED),
        decision(Effect.ALLOW, obligations=(Obligation("mask"),)),
        replace(decision(Effect.DENY), permit=PERMIT),
    ],
    ids=[
        "empty",
        "another question",
        "narrow to nothing",
        "allow that narrows",
        "allow with obligation",
        "deny with grant",
    ],
)
def test_an_answer_that_does_not_is_unusable(answer):
    """Also when every obligation is understood."""
    with pytest.raises(AnswerUnusable):
        checked(answer, ASKED, SHOW_ONLY)


def test_an_obligation_that_is_not_understood_makes_a_deny():
    """The reason names it and its rule; the decision id stays, so the trail does too."""
    answer = decision(
        Effect.NARROW, narrowed=NARROWED, obligations=(Obligation("mask"), Obligation("approval", {}, "r1"))
    )
    result = checked(replace(answer, permit=PERMIT), ASKED, {"mask"})
    assert result.permit is None
    assert result.verdict.effect is Effect.DENY
    assert (result.verdict.reasons[0].rule_id, result.decision_id) == ("r1", "d")
    assert "'approval'" in result.verdict.reasons[0].text
    assert (result.verdict.narrowed, result.verdict.obligations) == (None, ())


def test_an_error_becomes_a_deny_that_says_which():
    """No decision id: nobody decided."""
    answer = denied(ASKED, Overloaded("the queue is full", 1))
    assert (answer.verdict.effect, answer.decision_id, answer.request_id) == (Effect.DENY, "", "q")
    assert answer.verdict.reasons[0].text == "no usable answer: overloaded: the queue is full"


@given(
    st.sampled_from(Effect), st.booleans(), st.lists(st.sampled_from(["mask", "notify", "new"]), max_size=3),
    st.sets(st.sampled_from(["mask", "notify"])), st.sampled_from(["q", "", "other"]),
)  # fmt: skip
def test_permission_only_ever_comes_from_an_answer_to_this_question_with_understood_obligations(
    effect, narrowed, obligations, understood, request_id
):
    """Whatever the answer looks like, what is not a deny is permitted for reasons this client can vouch for."""
    answer = decision(
        effect, narrowed=NARROWED if narrowed else None, obligations=tuple(Obligation(o) for o in obligations)
    )
    try:
        result = checked(replace(answer, request_id=request_id), ASKED, understood)
    except AnswerUnusable:
        return
    if result.verdict.effect is not Effect.DENY:
        assert request_id == "q"
        assert set(obligations) <= understood
        assert result.verdict.effect is effect
        assert narrowed == (effect is Effect.NARROW)
