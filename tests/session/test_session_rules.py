"""Rules over ``session``: what they may name is what a session tells; without one they fail."""

from __future__ import annotations

import math

import pytest
from google.protobuf.descriptor import FieldDescriptor

from pdp.policy.rules import RuleSet, problems
from pdp.policy.vocabulary import SESSION_NUMBERS
from pdp.session.facts import session_facts, session_numbers
from pdp.types import ReasonCode
from pdp.v1 import cel_pb2
from tests.policy.outcomes import SETTINGS, evaluate, full, rule
from tests.session.drawn import NOW, fresh

FIELDS = cel_pb2.DESCRIPTOR.message_types_by_name["Session"].fields_by_name
KINDS = {int: FieldDescriptor.TYPE_INT64, float: FieldDescriptor.TYPE_DOUBLE, str: FieldDescriptor.TYPE_STRING}


def test_rules_may_name_what_a_session_tells() -> None:
    """The same names, each with the type that its values have; and every number can be budgeted."""
    facts = session_facts(fresh(), NOW)
    assert set(FIELDS) == {"id", *facts}
    assert set(SESSION_NUMBERS) == set(session_numbers(fresh(), NOW))
    for name, value in facts.items():
        kind = type(value[0]) if isinstance(value, tuple) else type(value)
        assert FIELDS[name].type == KINDS[kind], name


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ('session.id == "s1" && session.task == "close-12"', True),
        ("session.age_seconds > 30", False),
        ("session.decisions + session.reads == 0", True),
        ('"read-mail" in session.intents && session.intents.all(i, i.startsWith("read-"))', True),
        ("session.drift < 0.5 && session.live_authority <= 0.0", True),
        ("has(session.rows) && session.rows >= 10", False),
    ],
)
def test_a_rule_reads_the_session(when: str, expected: bool) -> None:
    """Counts are whole numbers, drift and authority doubles."""
    outcome = evaluate(when, full(), session=session_facts(fresh(), NOW + 30))
    assert (outcome.result, outcome.code) == (expected, None)


@pytest.mark.parametrize("name", sorted(set(FIELDS) - {"id"}))
def test_without_a_session_a_rule_that_names_one_fails(name: str) -> None:
    """Whatever else would settle the answer; asking for it first is the way round."""
    said = f'string(session.{name}) == "x" || true' if name != "intents" else "size(session.intents) > 0 || true"
    outcome = evaluate(said, full())
    assert (outcome.code, outcome.error) == (ReasonCode.ATTRIBUTE_MISSING, f"the request has no session.{name}")
    assert evaluate(f"has(session.{name})", full()).result is False
    assert evaluate("session.id == 's1'", full()).result is True


def test_a_session_without_a_task_has_none() -> None:
    """As with other empty texts."""
    outcome = evaluate('session.task == "x"', full(), session=session_facts(fresh(task=""), NOW))
    assert outcome.code is ReasonCode.ATTRIBUTE_MISSING


@pytest.mark.parametrize("broken", [math.nan, math.inf, 2**53 + 1, object()])
def test_a_number_that_cannot_be_told_fails_the_rule(broken: object) -> None:
    """And only the rules that read it."""
    facts = {**session_facts(fresh(), NOW), "drift": broken}
    assert evaluate("session.drift > 0.5 || true", full(), session=facts).code is ReasonCode.RULE_ERROR
    assert evaluate("session.reads == 0", full(), session=facts).result is True


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("session.redas > 1", "did you mean reads?"),
        ("session.reads > 1.5 && session.reads == 'x'", ""),
        ("session.drift > 1", ""),
        ("session == session", ""),
    ],
)
def test_a_mistake_is_found_when_the_bundle_is_loaded(when: str, said: str) -> None:
    """A misspelt field, a comparison of different types, the session as a whole."""
    found = problems([rule(when)], SETTINGS)
    assert found
    assert said in f"{found[0].message} {found[0].fix}"


def test_values_are_told_for_an_explanation() -> None:
    """What the rule read, by its name."""
    rules = RuleSet.compile([rule("session.reads > 3")], SETTINGS)
    from tests.policy.outcomes import context

    (outcome,) = rules.evaluate(context(rules, full(), session=session_facts(fresh(), NOW)))
    assert outcome.values == {"session.reads": 0}
