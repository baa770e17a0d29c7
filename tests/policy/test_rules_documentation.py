"""docs/rules.md says everything that rules may use, and its examples are real."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from pdp.policy import cost
from pdp.policy.facts import FACTS
from pdp.policy.model import NarrowKind
from pdp.policy.references import find
from pdp.policy.rules import problems
from pdp.policy.vocabulary import KINDS, MESSAGES
from pdp.types import Access, ReasonCode
from pdp.v1 import cel_pb2
from tests.policy.outcomes import SETTINGS, rule

TEXT = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", TEXT, re.DOTALL)
EXAMPLES = [line for kind, body in BLOCKS if kind == "cel" for line in body.splitlines() if line.strip()]


@pytest.mark.parametrize("when", EXAMPLES)
def test_examples_compile(when: str) -> None:
    """Against the constants, networks and windows that the page shows."""
    assert problems([rule(when)], SETTINGS) == ()


def test_the_page_shows_the_settings_its_examples_use() -> None:
    """The first block is what the tests use."""
    shown = next(yaml.safe_load(body) for kind, body in BLOCKS if kind == "yaml")
    assert shown["constants"].items() <= SETTINGS.constants.items()
    assert shown["networks"].keys() == SETTINGS.networks.keys()
    assert shown["windows"].keys() == SETTINGS.windows.keys()


def test_every_variable_fact_word_and_reason_is_on_the_page() -> None:
    """What rules may name, and what their failures are called."""
    messages = cel_pb2.DESCRIPTOR.message_types_by_name
    fields = {f"{root}.{f.name}" for root, name in MESSAGES.items() for f in messages[name].fields}
    words = {f"`{a.name.lower()}`" for a in Access} | {f"`{k}`" for k in KINDS}
    codes = {
        ReasonCode.RULE_ERROR,
        ReasonCode.RULE_NOT_BOOLEAN,
        ReasonCode.ATTRIBUTE_MISSING,
        ReasonCode.NARROW_IMPOSSIBLE,
    }
    wanted = {f"`{name}`" for name in fields | {f"facts.{f}" for f in FACTS} | {c.value for c in codes}} | words
    assert {w for w in wanted if w not in TEXT} == set()


def test_every_variable_and_fact_has_an_example() -> None:
    """Somewhere in a block, apart from the fields of payloads, of which some stand for all."""
    shown = " ".join(EXAMPLES)
    messages = cel_pb2.DESCRIPTOR.message_types_by_name
    fields = {f"{root}.{f.name}" for root, name in MESSAGES.items() if root != "payload" for f in messages[name].fields}
    wanted = fields | {f"facts.{f}" for f in FACTS}
    assert {w for w in wanted if not re.search(re.escape(w) + r"\b", shown)} == set()
    for kind in KINDS:
        assert f'"{kind}"' in shown or kind in {"mcp", "http"}


def test_the_fields_of_each_kind_are_on_its_line() -> None:
    """The table of payload fields is that of the vocabulary."""
    for kind, fields in KINDS.items():
        line = next(row for row in TEXT.splitlines() if row.startswith(f"| `{kind}` |"))
        told = set(re.findall(r"`payload\.(\w+)`", line))
        assert told - {"limit"} == fields - {"parsed", "access", "flags"}, kind


def test_every_narrowing_is_on_the_page() -> None:
    """In the table and in the block of YAML."""
    block = next(body for kind, body in BLOCKS if kind == "yaml" and "narrow:" in body)
    for kind in NarrowKind:
        assert re.search(rf"\| .*`{kind.value}:", TEXT), kind
        assert f"{kind.value}:" in block, kind
    assert yaml.safe_load(block)["narrow"]["row_limit"] == 100


def test_the_limits_on_the_page_are_those_in_force() -> None:
    """Numbers in prose go stale otherwise."""
    for limit in (
        cost.MOST_RULE_CHARACTERS,
        cost.MOST_DEPTH,
        cost.MOST_NESTED_LOOPS,
        cost.MOST_STEPS,
        cost.MOST_VALUES,
        cost.MOST_CHARACTERS,
        cost.MOST_FACT_CHARACTERS,
        cost.MOST_ITERATIONS,
    ):
        assert re.search(rf"(?<![\d,]){limit:,}(?!,?\d)", TEXT), limit


def test_the_guards_that_the_page_recommends_guard() -> None:
    """The examples about missing attributes require nothing of the params they guard."""
    section = TEXT[TEXT.index("**Missing attributes**") :]
    block = re.search(r"```cel\n(.*?)```", section, re.DOTALL)
    assert block
    for when in block[1].splitlines():
        assert "payload" in when or "has(" in when or " in " in when
        assert _required_params(when) == set(), when


def _required_params(when: str) -> set[str]:
    from cel_expr_python import cel
    from google.protobuf import descriptor_pool

    from pdp.policy.expression import decode
    from pdp.policy.rules import _declarations

    checked = cel.NewEnv(descriptor_pool.Default(), variables=_declarations(SETTINGS.constants)).compile(when)
    required = find(decode(checked.serialize())).required
    return {r.path[-1] for r in required if r.path[:2] == ("action", "params") and r.optional == 0}
