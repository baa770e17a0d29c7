"""Both CEL implementations over a bundle's own tests: ``pdp bundle test --differential``. Needs cel-python.

Imported only by that command: creating a cel-python environment changes the interpreter's recursion limit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from pdp.errors import PdpError
from pdp.intent.text import TextLimits, read
from pdp.native import derive
from pdp.policy.facts import compute
from pdp.policy.model import Case
from pdp.policy.reference import Difference, compare
from pdp.policy.rules import RuleContext, RuleSet
from pdp.snapshot import Snapshot, every_rule
from pdp.types import Request, Verdict

LIMITS = TextLimits()


@dataclass(frozen=True, slots=True)
class Comparison:
    """How much was compared and where the two disagree, each with the name of its test."""

    rules: int
    cases: int
    differences: tuple[tuple[str, Difference], ...]


def compare_cases(snapshot: Snapshot, verdict: Callable[[Request, float], Verdict]) -> Comparison:
    """Evaluate every rule of the bundle, whatever its intent, over the request of every test, with both."""
    rules = RuleSet.compile(every_rule(snapshot.bundle), snapshot.bundle.settings)
    cases = snapshot.bundle.cases
    found = compare(rules, [_context(case, rules, snapshot, verdict) for case in cases])
    return Comparison(len(rules.rules), len(cases), tuple((cases[d.case].name, d) for d in found))


def _context(
    case: Case, rules: RuleSet, snapshot: Snapshot, verdict: Callable[[Request, float], Verdict]
) -> RuleContext:
    request = case.request
    derived = derive(request.payload, request.target, request.action) if request.payload else None
    if derived is not None and derived.parsed:
        request = replace(request, target=derived.target, action=derived.action)
    try:
        reading = read(request.utterance, LIMITS)
        canonical, findings = reading.canonical, reading.findings
        match = verdict(case.request, case.now).match
    except PdpError:
        # A test may expect that its request is refused for its size; rules can be compared over it all the same.
        canonical, findings, match = "", (), None
    facts = compute(request, canonical, findings, snapshot.bundle.settings, case.now, rules.facts)
    return RuleContext(request, derived, match, facts)
