"""The example bundles are what a team could start from: complete, tested, and true to what they say."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pdp.labelled import read_labelled
from pdp.policy.model import Bundle, RuleEffect
from pdp.types import Effect
from pdp.workbench import Workbench, open_bundle

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = ("database-analyst", "platform-operations", "workspace-assistant")
REQUESTS = EXAMPLES / "requests.jsonl"
MONDAY_MORNING = 1_768_212_000.0  # 2026-01-12T10:00:00Z
SUNDAY_NIGHT = 1_768_096_800.0  # 2026-01-11T02:00:00Z


@pytest.fixture(scope="module", params=NAMES)
def workbench(request: pytest.FixtureRequest) -> Workbench:
    """One example bundle, opened with the released model."""
    name: str = request.param
    return open_bundle(EXAMPLES / name)


def demo(name: str) -> list[dict[str, Any]]:
    lines = REQUESTS.read_text(encoding="utf-8").splitlines()
    return [d for d in map(json.loads, lines) if d["bundle"] == name]


def documents() -> list[tuple[str, str]]:
    """Bundle and label of every line."""
    lines = map(json.loads, REQUESTS.read_text(encoding="utf-8").splitlines())
    return [(d["bundle"], d["label"]) for d in lines]


def texts(bundle: Bundle) -> list[str]:
    return [e.text for i in bundle.intents for e in (*i.exemplars, *i.counter_exemplars)]


def test_every_test_of_the_bundle_passes(workbench: Workbench) -> None:
    """What a bundle promises by its own tests holds with the released model and the committed thresholds."""
    wrong = [f"{r.case.position} {r.case.name}: {'; '.join(r.wrong)}" for r in workbench.run_cases() if r.wrong]
    assert wrong == []


def test_the_bundle_is_of_a_size_to_learn_from(workbench: Workbench) -> None:
    """At least eight intents with six exemplars and three counter-exemplars each, two agents, 25 tests."""
    bundle = workbench.snapshot.bundle
    assert len(bundle.intents) >= 8
    assert all(len(i.exemplars) >= 6 and len(i.counter_exemplars) >= 3 for i in bundle.intents)
    assert len(bundle.agents) >= 2
    assert all(a.owner for a in bundle.agents)
    assert len(bundle.cases) >= 25
    assert len({c.name for c in bundle.cases}) == len(bundle.cases)


def test_the_tests_cover_every_effect_and_the_usual_reasons(workbench: Workbench) -> None:
    """Allows, narrows and denies; denies for a rule, for an intent of somebody else and for a disguised call."""
    cases = workbench.snapshot.bundle.cases
    effects = Counter(c.expect.effect for c in cases)
    assert min(effects[e] for e in Effect) >= 3
    reasons = {code for c in cases for code in c.expect.reasons}
    assert {"rule_deny", "not_admitted", "payload_mismatch"} <= reasons


def test_every_intent_is_granted_by_some_test(workbench: Workbench) -> None:
    """An intent that no test reaches could be broken without anybody noticing."""
    bundle = workbench.snapshot.bundle
    reached = {c.expect.intent for c in bundle.cases if c.expect.effect is not Effect.DENY}
    assert {i.id for i in bundle.intents} - reached == set()


def test_rules_deny_narrow_and_require(workbench: Workbench) -> None:
    """Every bundle shows rules that refuse and rules that cut down."""
    bundle = workbench.snapshot.bundle
    effects = {r.effect for r in (*bundle.rules, *(r for i in bundle.intents for r in i.rules))}
    assert {RuleEffect.DENY, RuleEffect.NARROW} <= effects


def test_no_agent_may_use_an_intent_that_does_not_exist(workbench: Workbench) -> None:
    """Every intent is used by some agent, and two agents differ in what they may do."""
    bundle, admission = workbench.snapshot.bundle, workbench.snapshot.admission
    usable = [admission.usable(a.id.replace("*", "1")) for a in bundle.agents]
    columns = [frozenset(u.tolist()) for u in usable if u is not None]
    assert frozenset().union(*columns) == frozenset(range(len(bundle.intents)))
    assert len(set(columns)) > 1


def test_addresses_and_domains_are_reserved_for_examples(workbench: Workbench) -> None:
    """Nothing in a bundle belongs to anybody: every domain ends in .example (RFC 2606)."""
    words = [w.strip(".,;:?'\"()") for t in texts(workbench.snapshot.bundle) for w in t.split() if "@" in w]
    assert [w for w in words if not w.endswith(".example")] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_demo_shows_every_effect(name: str) -> None:
    """Eight to ten requests a bundle, each with a label of one line, and all three answers among them."""
    requests = demo(name)
    assert 8 <= len(requests) <= 10
    assert {d["expect"] for d in requests} == {"allow", "narrow", "deny"}
    assert all(d["label"] and "\n" not in d["label"] for d in requests)


def test_the_demo_answers_are_those_it_announces(workbench: Workbench) -> None:
    """What the label promises is what a stranger sees, at any hour of any day."""
    name = workbench.snapshot.bundle.name
    asked = dict(zip(documents(), read_labelled(REQUESTS), strict=True))
    for (bundle, label), case in asked.items():
        for now in (MONDAY_MORNING, SUNDAY_NIGHT) if bundle == name else ():
            verdict = workbench.verdict(case.request, now)
            assert verdict.effect is case.expect, f"{label}: {'; '.join(r.text for r in verdict.reasons)}"


def test_the_thresholds_do_what_they_were_chosen_for(workbench: Workbench) -> None:
    """On the labelled requests they were chosen on, few approved requests are refused and most others are."""
    cases = read_labelled(EXAMPLES / "evaluation" / f"{workbench.snapshot.bundle.name}.jsonl")
    refused = {c.line: workbench.verdict(c.request, MONDAY_MORNING).effect is Effect.DENY for c in cases}
    approved = [refused[c.line] for c in cases if c.expect is not Effect.DENY]
    others = [refused[c.line] for c in cases if c.expect is Effect.DENY]
    assert sum(approved) <= 0.08 * len(approved)
    assert sum(others) >= 0.6 * len(others)
