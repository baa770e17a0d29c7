"""Rules at length: texts of every kind at load, generated rules against the second evaluator, any JSON in a request."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.policy.rules import RuleSet, problems
from pdp.types import Request
from tests.policy.expressions import RULES, requests
from tests.policy.outcomes import SETTINGS, asked, context, rule
from tests.policy.test_differential import agree

PIECES = st.sampled_from(
    """action.params . x [ ] ( ) { } , : ? && || ! == < in has( all( exists( map( filter( size( matches( 1 0.5 1u 'a' "
    ' r'\\d' b'x' null true payload.kind facts.emails constants.nested agent id i \\ ; = + - * / % 9223372036854775808
    1e400 timestamp( duration( type( dyn( google.protobuf.Any{ é""".split()
)
SPACED = st.lists(PIECES, max_size=14).map(" ".join) | st.lists(PIECES, max_size=14).map("\n".join)
TEXTS = st.text(max_size=60) | SPACED | st.lists(PIECES, max_size=14).map("".join)


@pytest.mark.fuzz
@given(TEXTS)
def test_any_text_compiles_or_has_a_problem(when: str) -> None:
    """With a place inside the file; and what compiles can be evaluated."""
    found = problems([rule(when)], SETTINGS)
    assert all(p.line >= 7 and p.column >= 1 and p.message and p.fix for p in found)
    if not found:
        rules = RuleSet.compile([rule(when)], SETTINGS)
        outcome = rules.evaluate(context(rules, asked()))[0]
        assert (outcome.result is None) is (outcome.code is not None)


@pytest.mark.fuzz
@given(st.lists(RULES, min_size=1, max_size=3), st.lists(requests(), min_size=1, max_size=3))
def test_the_two_evaluators_agree(whens: list[str], cases: list[Request]) -> None:
    """The differential test, for as long as one likes."""
    agree(whens, cases)


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


@pytest.mark.fuzz
@given(RULES, st.dictionaries(st.sampled_from("abclm"), JSON), st.dictionaries(st.just("level"), JSON))
def test_any_json_is_answered_or_fails(when: str, params: dict[str, Any], attributes: dict[str, Any]) -> None:
    """Never an exception, never both an answer and a code."""
    request = asked(params)
    request = asked(params, agent=type(request.agent)("agent-1", "", attributes))
    if not problems([rule(when)], SETTINGS):
        rules = RuleSet.compile([rule(when)], SETTINGS)
        outcome = rules.evaluate(context(rules, request))[0]
        assert (outcome.result is None) is (outcome.code is not None)
