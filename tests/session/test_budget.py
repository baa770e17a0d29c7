"""Budgets: the request at hand is counted in, and a tighter one never gives more."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.policy.model import Budget, Cause, Consequence, Reach, Stop, Trigger
from pdp.policy.vocabulary import SESSION_NUMBERS
from pdp.scoring import Risk
from pdp.session.budget import GRAVITY, findings, gravest
from pdp.session.state import SessionState, Step, advance
from pdp.session.trigger import due
from pdp.types import Access, Effect, Target
from tests.session.drawn import HERE, NOW, budgets, fresh, limits, sessions, steps

READ = Step(Effect.ALLOW, Risk.READ, Access.READ, Target("table", "t"))
RANK = {"": -1, **{word: at for at, word in enumerate(GRAVITY)}}


def budget(of: str, at_most: float, then: Consequence = Consequence.DENY, name: str = "b") -> Budget:
    return Budget(name, of, at_most, then, "too much", HERE)


def test_gravity_knows_every_consequence() -> None:
    """The words of the bundle, mildest first."""
    assert tuple(c.value for c in Consequence) == GRAVITY


def test_the_request_at_hand_is_counted_in() -> None:
    """One read may be; a second may not."""
    assert findings([budget("reads", 1)], fresh(), READ, NOW) == ()
    (found,) = findings([budget("reads", 0)], fresh(), READ, NOW)
    assert (found.of, found.used, found.at_most, found.then) == ("reads", 1, 0, "deny")
    assert found.budget == budget("reads", 0)


def test_the_gravest_comes_first() -> None:
    """And decides."""
    all_four = [budget("decisions", 0, then, then.value) for then in Consequence]
    found = findings(all_four, fresh(), READ, NOW)
    assert [f.then for f in found] == ["kill", "end", "deny", "narrow"]
    assert gravest(found) == "kill"
    assert gravest(()) == ""


def test_a_limit_of_the_session_denies() -> None:
    """Whatever the bundle allows; and one on a number that there is not is never kept."""
    (found,) = findings([budget("reads", 100)], fresh(limits=(("reads", 0.0),)), READ, NOW)
    assert (found.then, found.budget) == ("deny", None)
    assert gravest(findings([], fresh(limits=(("no_such", 9e9),)), READ, NOW)) == "deny"
    assert gravest(findings([budget("reads", float("nan"))], fresh(), READ, NOW)) == "deny"


@given(sessions(), steps(), st.lists(budgets(), max_size=4), st.floats(0, 50), limits)
def test_a_tighter_budget_never_gives_more(
    state: SessionState, step: Step, given_: list[Budget], less: float, more_limits: tuple[tuple[str, float], ...]
) -> None:
    """Nor does another limit."""
    before = gravest(findings(given_, state, step, NOW))
    tighter = [replace(b, at_most=b.at_most - less) for b in given_]
    assert RANK[gravest(findings(tighter, state, step, NOW))] >= RANK[before]
    limited = replace(state, limits=(*state.limits, *more_limits))
    assert RANK[gravest(findings(given_, limited, step, NOW))] >= RANK[before]


@given(sessions(), steps(), st.lists(steps(), max_size=5), st.sampled_from(SESSION_NUMBERS), st.floats(0, 50))
def test_what_was_passed_once_is_passed_after_more(
    state: SessionState, step: Step, more: list[Step], of: str, at_most: float
) -> None:
    """Of all that only grows."""
    bare = replace(state, limits=())  # those of the session itself are not what is asked about
    if of in {"live_authority", "drift", "denials_in_a_row"} or not findings([budget(of, at_most)], bare, step, NOW):
        return
    for one in more:
        state = advance(state, one, NOW)
    assert any(f.budget for f in findings([budget(of, at_most)], state, step, NOW))


@pytest.mark.parametrize(("denials", "expected"), [(0, 1), (4, 1), (5, 2), (6, 2)])
def test_triggers_that_are_due(denials: int, expected: int) -> None:
    """Those whose cause happened, and those that have waited for enough denials."""
    many = Trigger(Cause.DENIALS, Stop.QUARANTINE, Reach.AGENT, HERE, at=5, seconds=600)
    drifting = Trigger(Cause.DRIFT, Stop.KILL, Reach.SESSION, HERE)
    replayed = Trigger(Cause.REPLAY, Stop.KILL, Reach.PRINCIPAL, HERE)
    assert len(due([many, drifting, replayed], {"drift"}, denials)) == expected
    assert due([many, drifting, replayed], ()) == ()
