"""The evaluator in force against an independent one, over generated rules and requests."""

from __future__ import annotations

import resource
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pdp.policy.model import Settings
from pdp.policy.reference import Difference, compare
from pdp.policy.rules import RuleOutcome, RuleSet, problems
from pdp.types import ReasonCode, Request
from tests.policy import outcomes
from tests.policy.expressions import RULES, requests
from tests.policy.outcomes import SETTINGS, asked, context, full, rule

AGREEING = [
    "action.params.limit == 10",
    "action.params.limit in [10, 20]",
    "action.params.limit > constants.most_recipients",
    "int(action.params.limit) % 2 == 0",
    "action.params.limit * 2.0 == 20.0",
    'action.params.filter == {"owner": "agent-1", "ratio": 1.5}',
    "action.params.to != [1] && action.params.nothing == null && action.params.nothing != 0",
    "action.params.nothing > 1",
    "action.params.path && true",
    "action.params.path || true",
    "false && action.params.path",
    "action.params.path ? true : false",
    "action.params.to > 5 || true",
    "action.params.to",
    "!action.params.limit",
    "(agent.id == 'x') > (action.name == 'y')",
    "action.params.limit == true || action.params.limit * 1.0 > 3.0",
    "[1, 2, 3].exists(i, 6 / (i - 1) == 6)",
    "[3, 2, 1].all(i, 6 / (i - 1) == 6)",
    "action.params.exists(k, k == 'limit') && 'to' in action.params",
    "agent.id.matches('^agent-[0-9]+$') && !'xx'.matches(constants.ticket)",
    "size('Ä€') == 2 && 'Ä' > 'z'",
    "constants.nested.a[0] == 'b'",
    'payload.kind == "" && !has(session.id)',
    "facts.paths.path.all(p, p.startsWith('/etc')) && facts.windows.business_hours",
    "match.score > match.accept && match.margin < 0.2",
]


def test_the_two_agree_on_the_vocabulary() -> None:
    """Every kind of expression that docs/rules.md offers, errors included."""
    rules = RuleSet.compile([rule(when, name=when) for when in AGREEING], SETTINGS)
    cases = [context(rules, asked()), context(rules, full())]
    assert compare(rules, cases) == ()


@given(st.lists(RULES, min_size=1, max_size=3), st.lists(requests(), min_size=1, max_size=3))
def test_the_two_agree_on_any_rule(whens: list[str], cases: list[Request]) -> None:
    """Where a rule runs at all, both give the same answer or both an error."""
    agree(whens, cases)


def agree(whens: list[str], cases: list[Request]) -> None:
    """Both evaluators answer ``whens`` alike over ``cases``."""
    written = [rule(when, name=when) for when in whens]
    assume(problems(written, SETTINGS) == ())
    rules = RuleSet.compile(written, SETTINGS)
    assert compare(rules, [context(rules, r) for r in cases]) == ()


def test_a_difference_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were one of them wrong, the rule and the case would be named."""
    rules = RuleSet.compile([rule("true", name="same"), rule("action.params.limit > 5", name="other")], SETTINGS)
    cases = [context(rules, asked()), context(rules, asked({"limit": 1}))]
    real = RuleSet.evaluate

    def wrong(self: RuleSet, given_context: outcomes.RuleContext) -> tuple[RuleOutcome, ...]:
        return tuple(RuleOutcome(o.rule, result=True) for o in real(self, given_context))

    monkeypatch.setattr(RuleSet, "evaluate", wrong)
    found = compare(rules, cases)
    assert found == (Difference("other", 1, "true", "false"),)
    assert str(found[0]) == "case 1: rule other: in force true, cel-python false"


def test_what_fails_before_it_runs_is_left_out() -> None:
    """A missing attribute, an unreadable value, a spent budget: there is nothing to compare."""
    whens = [
        "action.params.cc == 'x' || true",
        "action.params.n > 1 || true",
        "action.params.l.all(a, action.params.l.all(b, true))",
    ]
    rules = RuleSet.compile([rule(w) for w in whens], SETTINGS)
    seen = context(rules, asked({"n": float("nan"), "l": list(range(150))}))
    assert [o.code for o in rules.evaluate(seen)] == [
        ReasonCode.ATTRIBUTE_MISSING,
        ReasonCode.RULE_ERROR,
        ReasonCode.RULE_ERROR,
    ]
    assert compare(rules, [seen]) == ()


def test_the_recursion_limit_of_the_process_is_left_alone() -> None:
    """cel-python raises it; afterwards it is what it was."""
    before = sys.getrecursionlimit()
    rules = RuleSet.compile([rule("true")], Settings())
    compare(rules, [context(rules, asked())])
    assert sys.getrecursionlimit() == before


def resident() -> int:
    """Resident memory of this process in bytes."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()


SOAKED = RuleSet.compile(
    [
        rule("action.params.limit > 50 || agent.attributes.team == 'x'"),
        rule("facts.emails.to.all(e, e.endsWith('@example.com')) && facts.grounded.to"),
        rule("action.params.nothing > 1"),
        rule("action.params.to.all(r, action.params.to.exists(s, r == s))"),
        rule("action.params.cc == 'x'"),
    ],
    SETTINGS,
)


def soak(evaluations: int) -> None:
    for i in range(evaluations // 5):
        request = asked({"limit": i, "to": [f"user{i}@example.com"], "nothing": None})
        SOAKED.evaluate(context(SOAKED, request))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("evaluations", [20_000, pytest.param(2_000_000, marks=pytest.mark.slow)])
def test_evaluating_does_not_leak(evaluations: int) -> None:
    """Memory stays flat, answers and errors alike; callbacks, which leak, are not used."""
    soak(10_000)
    before = resident()
    soak(evaluations)
    assert resident() - before < 4 * 2**20


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_evaluating_in_threads_does_not_leak() -> None:
    """Nor from four threads at once."""
    soak(10_000)
    before = resident()
    threads = [threading.Thread(target=soak, args=(5_000,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert resident() - before < 8 * 2**20


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_compiling_again_and_again_does_not_leak() -> None:
    """Bundles are reloaded for months on end."""

    def compile_once(n: int) -> None:
        RuleSet.compile([rule(f"action.params.limit > {n} && agent.id != 'x{i}'") for i in range(20)], SETTINGS)

    for n in range(20):
        compile_once(n)
    before = resident()
    for n in range(100):
        compile_once(n)
    assert resident() - before < 8 * 2**20
