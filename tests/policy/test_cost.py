"""What a rule may cost: estimated at load, and the estimate holds for the largest request."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.policy import cost
from pdp.policy.cost import Size, measure
from pdp.policy.model import Settings
from pdp.policy.rules import RuleSet, problems
from pdp.policy.variables import plan
from pdp.types import ReasonCode
from tests.policy.outcomes import SETTINGS, asked, context, rule
from tests.policy.test_references import tree

SPREAD = ["x" * (cost.MOST_CHARACTERS // cost.MOST_VALUES - 1) + str(i % 10) for i in range(cost.MOST_VALUES)]
LONG = "x" * cost.MOST_CHARACTERS
HALF = ["x" * (cost.MOST_CHARACTERS - 2000), *("y" for _ in range(1500))]


def steps(when: str) -> int:
    return cost.steps(tree(when), SETTINGS.constants)


@pytest.mark.parametrize(
    "when",
    [
        "action.params.l.all(a, action.params.l.all(b, a != b || true))",
        "action.params.l.all(a, a in action.params.l)",
        "action.params.l.all(a, a.contains('zz') || true)",
        "action.params.l.all(a, a.matches('(x+x+)+y') || true)",
        "action.params.l.all(a, a == action.params.s || true)",
        "action.params.l.all(a, size(a) > 0)",
        "action.params.l == action.params.l && action.params.s == action.params.s",
        "action.params.s.contains('y') || action.params.s.matches('(x+x+)+y') || size(action.params.s) > 1",
        "(action.params.s + action.params.s) == 'x' || true",
        "action.params.l.filter(a, a != '').size() > 1 && action.params.l.map(a, a).size() > 1",
        "constants.internal_domains.all(d, !action.params.s.contains(d))",
        "action.params.l.exists(a, constants.internal_domains.exists(d, a.endsWith('@' + d))) || true",
        "facts.all_emails.all(e, facts.words.all(w, e != w))",
        "facts.emails.all(p, facts.emails[p].all(e, e.contains('@')))",
    ],
)
@pytest.mark.parametrize("values", [SPREAD, HALF], ids=["spread", "one-long"])
def test_a_rule_that_loads_is_quick_over_the_largest_request(when: str, values: list[str]) -> None:
    """Ten million steps of 10 ns: a tenth of a second. Here five are allowed: what must not load takes minutes."""
    assert problems([rule(when)], SETTINGS) == ()
    rules = RuleSet.compile([rule(when)], SETTINGS)
    seen = context(rules, asked({"l": values, "s": LONG}))
    before = time.perf_counter()
    outcome = rules.evaluate(seen)[0]
    assert time.perf_counter() - before < 5
    assert outcome.code in {None, ReasonCode.RULE_ERROR}


@pytest.mark.parametrize(
    "when",
    [
        "action.params.l.all(a, action.params.s.contains(a))",
        "action.params.l.all(a, action.params.s.matches('x'))",
        "action.params.l.all(a, action.params.l == action.params.l && action.params.l.all(b, b in action.params.l))",
        "action.params.l.map(a, action.params.s + action.params.s).size() > 0",
        "action.params.l.all(a, action.params.l.all(b, b.contains('x')))",
        "action.params.l.all(a, size(action.params.l + action.params.l) > 0)",
        "action.params.l.all(a, string(action.params.s) == '')",
    ],
)
def test_a_rule_that_could_take_long_is_refused(when: str) -> None:
    """Before it ever runs."""
    found = problems([rule(when)], SETTINGS)
    assert len(found) == 1
    assert "may take" in found[0].message


def test_constants_are_taken_as_they_are() -> None:
    """A longer list costs more; a short one in a loop is no reason to refuse."""
    short, long = ({"names": ["n"] * n} for n in (5, 500))
    node = tree("action.params.l.all(a, a in constants.internal_domains)")
    assert cost.steps(node, SETTINGS.constants) < 100_000
    when = "action.params.l.all(a, action.params.s.startsWith(a) || a in constants.names)"
    for constants in (short, long):
        assert problems([rule(when)], Settings(constants=constants)) == ()
    inner = "constants.names.all(n, action.params.s.contains(n))"
    assert problems([rule(inner)], Settings(constants=short)) == ()
    assert problems([rule(inner)], Settings(constants=long)) != ()


@given(st.integers(1, 6))
def test_more_of_the_same_costs_more(n: int) -> None:
    """The estimate grows with the rule."""
    part = "action.params.l.all(a, a != 'x')"
    assert steps(" && ".join([part] * n)) < steps(" && ".join([part] * (n + 1)))


def test_depth_and_nesting() -> None:
    """A name is 1 deep; loops count by how they nest, not by how many there are."""
    assert cost.depth(tree("true")) == 1
    assert cost.depth(tree("agent.id == 'x'")) == 3
    assert cost.nested_loops(tree("[1].all(a, true) && [2].all(b, true)")) == 1
    assert cost.nested_loops(tree("[1].all(a, [2].exists(b, a == b))")) == 2
    assert cost.nested_loops(tree("[1].map(a, a).filter(b, true).size() == 1")) == 2


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("abc", Size(0, 3)),
        (5, Size(0, 0)),
        (["ab", "c"], Size(2, 3)),
        ({"k": ["ab", 1]}, Size(3, 3)),
        ([], Size(0, 0)),
    ],
)
def test_measure(value: Any, wanted: Size) -> None:
    """Values and characters at every depth, keys too."""
    assert measure(value) == wanted


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        ("x" * cost.MOST_CHARACTERS, True),
        ("x" * (cost.MOST_CHARACTERS + 1), False),
        ([1] * cost.MOST_VALUES, True),
        ([1] * (cost.MOST_VALUES + 1), False),
        ([[1] * 1000, [1] * 1000], False),
        ({"k": {"x" * cost.MOST_CHARACTERS: "y"}}, False),
        (["x" * 40_000, "y" * 40_000], False),
    ],
)
def test_no_rule_sees_more_than_the_estimate_assumes(value: Any, fits: bool) -> None:
    """All values and characters inside one param count together."""
    seen = plan({("action", "params", "v")}, {}).variables(context(RuleSet.compile([], SETTINGS), asked({"v": value})))
    assert (seen.unreadable == {}) is fits
    assert ("v" in seen.values["action"]["params"]) is fits
