"""The published schemas are those of the code, and say of a file what loading says."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from pdp.policy import (
    parse_agents,
    parse_calibration,
    parse_cases,
    parse_intent,
    parse_rules,
    parse_sessions,
    parse_settings,
)
from pdp.policy.schema import render, schemas, write
from tests.policy.good_bundle import FILES
from tests.policy.test_bad_bundles import MISTAKES

ROOT = Path(__file__).parents[2]
KINDS = {
    "agents.yaml": "agents",
    "bundle.yaml": "bundle",
    "calibration.json": "calibration",
    "intents": "intent",
    "rules": "rules",
    "tests": "tests",
}
# Kinds of mistakes, by the words of their problems.
SEEN_BY_EDITORS = re.compile("lacks|did you mean 'counter|choose from|not a list|number from")
NEEDS_THE_BUNDLE = re.compile("there is no|no intent matches")
BUNDLES = [*ROOT.glob("examples/*/bundle.yaml"), ROOT / "pdp/cli/template/bundle.yaml"]


def validator(name: str) -> Draft202012Validator:
    kind = KINDS[name.partition("/")[0]]
    return Draft202012Validator(schemas()[f"{kind}.schema.json"])


def as_text(value: Any) -> Any:
    """YAML 1.1 makes dates of instants; editors, which follow YAML 1.2, have text there."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, dict):
        return {k: as_text(v) for k, v in value.items()}
    return [as_text(v) for v in value] if isinstance(value, list) else value


def complaints(name: str, text: str) -> list[str]:
    return [e.message for e in validator(name).iter_errors(as_text(yaml.safe_load(text)))]


@pytest.mark.parametrize("name", sorted(schemas()))
def test_the_published_schemas_are_current(name: str) -> None:
    """``python -m pdp.policy.schema`` makes docs/schemas; nobody edits them by hand."""
    assert (ROOT / "docs" / "schemas" / name).read_text(encoding="utf-8") == render(schemas()[name])


def test_there_are_no_other_published_schemas(tmp_path: Path) -> None:
    """One for each kind of file."""
    write(tmp_path)
    published = {p.name for p in (ROOT / "docs" / "schemas").iterdir()}
    assert published == {p.name for p in tmp_path.iterdir()} == {f"{k}.schema.json" for k in KINDS.values()}


@pytest.mark.parametrize("name", sorted(schemas()))
def test_each_schema_is_one_and_describes_its_keys(name: str) -> None:
    """Draft 2020-12, and an editor has something to show for every key."""
    schema = schemas()[name]
    Draft202012Validator.check_schema(schema)
    assert schema["title"]
    assert all("description" in p or "anyOf" in p for p in schema["properties"].values())


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_good_file_is_valid(name: str) -> None:
    """What loads has no complaint."""
    assert complaints(name, FILES[name]) == []


@pytest.mark.parametrize(
    "path",
    [p for b in BUNDLES for p in sorted(b.parent.rglob("*")) if p.suffix in {".yaml", ".yml", ".json"}],
    ids=lambda p: str(p.relative_to(ROOT)),
)
def test_the_example_bundles_and_the_template_are_valid(path: Path) -> None:
    """What people start from opens in an editor without a mark."""
    bundle = next(b.parent for b in BUNDLES if b.parent in path.parents)
    assert complaints(str(path.relative_to(bundle)), path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        m[:3]
        for m in MISTAKES
        if SEEN_BY_EDITORS.search(f"{m[4]} {m[5]}") and not NEEDS_THE_BUNDLE.search(m[4]) and ".nan" not in m[2]
    ],
)
def test_an_editor_marks_what_loading_refuses(file: str, old: str, new: str) -> None:
    """Missing keys, unknown keys and words, wrong types and ranges are seen while one types."""
    text = FILES[file].replace(old, new, 1)
    assert complaints(file, text)


@pytest.mark.parametrize(
    ("kind", "path", "keys"),
    [
        ("bundle", (), parse_settings.BUNDLE_KEYS),
        ("bundle", ("windows", "*"), parse_settings.WINDOW_KEYS),
        ("bundle", ("sessions",), parse_sessions.SESSIONS_KEYS),
        ("bundle", ("sessions", "budgets", "[]"), parse_sessions.BUDGET_KEYS),
        ("bundle", ("sessions", "budgets", "[]", "narrow"), parse_rules.SCOPE_KEYS),
        ("bundle", ("sessions", "drift"), parse_sessions.DRIFT_KEYS),
        ("bundle", ("sessions", "drift", "scope"), parse_rules.SCOPE_KEYS),
        ("bundle", ("sessions", "triggers", "[]"), parse_sessions.TRIGGER_KEYS),
        ("intent", (), parse_intent.INTENT_KEYS),
        ("intent", ("targets", "[]"), parse_intent.TARGET_KEYS),
        ("intent", ("thresholds",), parse_intent.THRESHOLD_KEYS),
        ("intent", ("grant",), parse_intent.GRANT_KEYS),
        ("intent", ("narrow",), parse_rules.SCOPE_KEYS),
        ("intent", ("narrow", "params", "[]"), parse_rules.PARAM_KEYS),
        ("intent", ("narrow", "obligations", "[]"), parse_rules.OBLIGATION_KEYS),
        ("rules", (), parse_rules.RULES_KEYS),
        ("rules", ("rules", "[]"), parse_rules.RULE_KEYS),
        ("agents", ("agents", "[]"), parse_agents.AGENT_KEYS),
        ("calibration", (), parse_calibration.CALIBRATION_KEYS),
        ("tests", ("tests", "[]"), parse_cases.CASE_KEYS),
        ("tests", ("tests", "[]", "request"), parse_cases.REQUEST_KEYS),
        ("tests", ("tests", "[]", "request", "payload"), tuple(parse_cases.PAYLOADS)),
        ("tests", ("tests", "[]", "expect"), parse_cases.EXPECT_KEYS),
    ],
)
def test_a_schema_has_the_keys_that_are_read(kind: str, path: tuple[str, ...], keys: tuple[str, ...]) -> None:
    """No key is completed that loading would refuse, and none is missing."""
    schema = schemas()[f"{kind}.schema.json"]
    for step in path:
        schema = {"[]": schema.get("items"), "*": schema.get("additionalProperties")}.get(step) or schema["properties"][
            step
        ]
    assert set(schema["properties"]) == set(keys)
    assert schema["additionalProperties"] is False


def test_a_schema_is_plain_json() -> None:
    """It can be read by anything."""
    for schema in schemas().values():
        assert json.loads(render(schema)) == schema
