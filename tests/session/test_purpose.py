"""A purpose admits intents only when all of it is covered."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from pdp.session.purpose import Covering, admitted, within
from pdp.session.state import MOST_INTENTS

coverings = st.lists(st.builds(Covering, st.sampled_from("abcd"), st.floats(0, 1), st.booleans()), max_size=4)


def test_each_clause_adds_the_intents_that_cover_it() -> None:
    """The likeliest first."""
    first = [Covering("read", 0.7, True), Covering("delete", 0.2, False)]
    second = [Covering("send", 0.9, True), Covering("read", 0.4, True)]
    assert admitted([first]) == ("read",)
    assert admitted([first, second]) == ("send", "read")


def test_a_part_that_is_not_approved_spoils_all() -> None:
    """So does a purpose without a clause, and a score that is no number."""
    read = [Covering("read", 0.7, True)]
    assert admitted([read, [Covering("delete", 0.3, False)]]) == admitted([read, []]) == admitted([]) == ()
    assert admitted([[Covering("read", math.nan, True)]]) == ()


@given(st.lists(coverings, max_size=4), coverings)
def test_one_more_clause_never_opens_a_closed_purpose(clauses: list[list[Covering]], more: list[Covering]) -> None:
    """And nothing is admitted that no clause grants."""
    if not admitted(clauses) and clauses:
        assert admitted([*clauses, more]) == ()
    assert set(admitted(clauses)) <= {c.intent for clause in clauses for c in clause if c.granted}


def test_more_than_is_kept_leaves_out_the_least_likely() -> None:
    """Fewer intents are a narrower session."""
    many = [Covering(f"i{n}", n / 100, True) for n in range(100)]
    assert admitted([many]) == tuple(f"i{n}" for n in range(99, 99 - MOST_INTENTS, -1))


def test_named_intents_must_all_be_the_agents() -> None:
    """One that is not admits none."""
    assert within(["b", "a", "b"], {"a", "b", "c"}) == ("a", "b")
    assert within(["a", "x"], {"a", "b", "c"}) == within([], {"a"}) == ()
    assert within([f"i{n}" for n in range(65)], {f"i{n}" for n in range(65)}) == ()
