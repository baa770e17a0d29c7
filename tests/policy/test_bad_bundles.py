"""Every mistake in a bundle is named with file, line, column and a fix, and all of them at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.errors import BundleError, Problem
from pdp.policy.bundle import load, revision
from pdp.policy.rules import problems as check_rules

FILES = {
    "bundle.yaml": """\
name: shop
description: A shop.
owner: shop@example.org
constants: {inside: [example.org]}
networks: {office: ["10.0.0.0/8"]}
windows:
  hours: {days: [mon, fri], start: "08:00", until: "18:00", timezone: Europe/Berlin}
""",
    "agents.yaml": """\
agents:
  - id: clerk
    owner: shop@example.org
    intents: [read-orders]
""",
    "intents/orders.yaml": """\
id: read-orders
description: Read orders.
owner: shop@example.org
targets: [{kind: table, name: orders}]
actions: [read]
exemplars:
  - Show the orders of today
  - List orders
counter_exemplars:
  - Delete the orders of today
thresholds: {accept: 0.6, narrow: 0.5}
narrow:
  row_limit: 10
rules:
  - id: small
    effect: narrow
    when: 'true'
    message: Few rows.
    narrow:
      params:
        - {param: limit, at_most: 50}
  - id: no-names
    effect: deny
    when: >-
      action.name == "x"
      || target.name == "names"
    message: No names.
grant: {seconds: 60, uses: 1}
""",
    "rules/all.yaml": """\
rules:
  - id: inside
    effect: require
    when: agent.id != ""
    message: Somebody asks.
""",
    "tests/cases.yaml": """\
tests:
  - name: one
    request:
      agent: clerk
      utterance: Show the orders of today
      target: {kind: table, name: orders}
      action: {name: read}
    expect: {effect: allow, reasons: [allowed]}
""",
    "calibration.json": """\
{
  "format": 1,
  "encoder": "sha256:abc",
  "default": {"accept": 0.6, "narrow": 0.5}
}
""",
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def problems(path: Path) -> tuple[Problem, ...]:
    with pytest.raises(BundleError) as refused:
        load(path, check_rules)
    return refused.value.problems


def test_the_bundle_these_mistakes_are_made_in_is_good(path: Path) -> None:
    """Without a mistake it loads, with everything in its place."""
    bundle = load(path, check_rules)
    assert (len(bundle.intents), len(bundle.rules), len(bundle.agents), len(bundle.cases)) == (1, 1, 1, 1)
    assert bundle.intents[0].rules[1].when_position.line == 25


INTENT, BUNDLE, AGENTS, CASES, RULES, CAL = (
    "intents/orders.yaml",
    "bundle.yaml",
    "agents.yaml",
    "tests/cases.yaml",
    "rules/all.yaml",
    "calibration.json",
)

# file, text to replace, replacement, place, part of the message, part of the fix
MISTAKES = [
    (INTENT, "owner: shop", "ownr: shop", "3:1", "unknown key 'ownr'", "did you mean 'owner'?"),
    (INTENT, "description: Read orders.\n", "", "1:1", "no 'description'", "add description"),
    (INTENT, "id: read-orders", "id: read orders", "1:5", "not an identifier", "use letters"),
    (INTENT, "id: read-orders", "id: 12", "1:5", "which YAML does not read as a string", "quotes"),
    (INTENT, "actions: [read]", "actions: read", "5:10", "must be a list", "write actions"),
    (INTENT, "actions: [read]", "actions: []", "5:10", "is empty", "at least one"),
    (INTENT, "actions: [read]", "actions: [read, on]", "5:17", "is 'on'", "quotes"),
    (INTENT, "actions: [read]", "actions: [2026-01-01]", "5:11", "2026-01-01", "quotes"),
    (INTENT, "actions: [read]", "actions: [read]\nactions: [list]", "6:1", "given twice", "line 5"),
    (INTENT, "actions: [read]", "actions: [read", "6:10", "", "YAML syntax"),
    (INTENT, "[{kind: table, name: orders}]", "[]", "4:10", "no targets", "add targets"),
    (INTENT, "{kind: table, name: orders}", "{name: orders}", "4:11", "no 'kind'", "add kind"),
    (INTENT, "{kind: table, name: orders}", "{kind: table, nam: orders}", "4:25", "unknown key 'nam'", "'name'"),
    (INTENT, "- List orders", "- show the  ORDERS of today", "8:5", "stands twice", "line 7"),
    (INTENT, "- List orders", "- ''", "8:5", "is empty", "remove"),
    (INTENT, "- List orders", "- " + "x " * 400, "8:5", "799 characters, at most 500", "shorten"),
    (INTENT, "- List orders", "- !!python/object:os.system x", "8:5", "tag", "remove the tag"),
    (INTENT, "- List orders", "- &a List orders", "8:5", "anchors", "syntax"),
    (INTENT, "- List orders", "- {a: b}", "8:5", "must be a string", "text"),
    (
        INTENT,
        "- Delete the orders of today",
        "- Show the orders of today",
        "10:5",
        "an exemplar and a counter-exemplar",
        "line 7",
    ),
    (
        INTENT,
        "accept: 0.6, narrow: 0.5",
        "accept: 0.4, narrow: 0.5",
        "11:35",
        "narrow 0.5 lies above accept 0.4",
        "swap",
    ),
    (INTENT, "accept: 0.6, narrow: 0.5", "accept: 1.6, narrow: 0.5", "11:22", "number from 0.0001 to 1", "accept: 0.6"),
    (INTENT, "accept: 0.6, narrow: 0.5", "accept: 0.6", "11:13", "no 'narrow'", "both"),
    (INTENT, "accept: 0.6, narrow: 0.5", "accept: .nan, narrow: 0.5", "11:22", "nan", "quotes"),
    (INTENT, "  row_limit: 10", "  row_limit: 0", "13:14", "number from 1", "row_limit: 1"),
    (INTENT, "  row_limit: 10", "  row_limit: 1.5", "13:14", "whole number", "write 1"),
    (INTENT, "  row_limit: 10", "  obligations: []", "13:3", "narrow block is empty", "add params"),
    (INTENT, "effect: narrow", "effect: narow", "16:13", "unknown effect 'narow'", "did you mean 'narrow'?"),
    (INTENT, "    message: Few rows.\n", "", "15:5", "no 'message'", "add message"),
    (INTENT, "at_most: 50", "at_most: many", "21:35", "must be a number", "at_most: 50"),
    (INTENT, "at_most: 50", "up_to: 50", "21:26", "unknown key 'up_to'", "use one of"),
    (INTENT, "at_most: 50", "one_of: []", "21:34", "at least one", "one_of: [r]"),
    (INTENT, "at_most: 50", "remove: true, prefix: a", "21:11", "removed and bounded", "keep one"),
    (INTENT, "at_most: 50", "remove: false", "21:34", "must be true", "remove the entry"),
    (
        INTENT,
        "    effect: deny",
        "    effect: deny\n    narrow: {read_only: true}",
        "24:13",
        "deny rule has no narrow",
        "effect: narrow",
    ),
    (
        INTENT,
        "    narrow:\n      params:\n        - {param: limit, at_most: 50}\n",
        "",
        "15:5",
        "says nothing about what it narrows",
        "add narrow",
    ),
    (INTENT, "id: no-names", "id: small", "22:5", "rule 'small' is defined twice", "intents/orders.yaml:15:5"),
    (INTENT, 'target.name == "names"', "target.nam == 1", "26:10", "target has no field nam", "target.name"),
    (INTENT, 'action.name == "x"', "action.name == 1", "25:19", "==", ""),
    (INTENT, 'action.name == "x"', "action.name == ", "26:7", "", ""),
    (INTENT, "when: 'true'", "when: target.name", "17:11", "not true or false", "compare"),
    (INTENT, "seconds: 60", "seconds: 3600", "28:18", "number from 1 to 300", "seconds: 60"),
    (INTENT, "grant:", "mode: loud\ngrant:", "28:7", "unknown mode 'loud'", "use one of"),
    (RULES, "rules:", "rule:", "1:1", "unknown key 'rule'", "did you mean 'rules'?"),
    (RULES, 'agent.id != ""', "constants.outside == agent.id", "4:20", "outside", "constants.inside"),
    (BUNDLE, "10.0.0.0/8", "10.0.0.1/8", "5:21", "host bits", "10.0.0.0/8"),
    (BUNDLE, "days: [mon, fri]", "days: [monday]", "7:17", "unknown day 'monday'", "'mon'"),
    (BUNDLE, 'start: "08:00"', "start: 8", "7:36", "time of day", '"08:00"'),
    (BUNDLE, "Europe/Berlin", "Europe/Atlantis", "7:70", "unknown time zone", "IANA"),
    (BUNDLE, "name: shop", "name: my shop", "1:7", "not an identifier", "letters"),
    (
        AGENTS,
        "intents: [read-orders]",
        "intents: [read-order]",
        "2:5",
        "names 'read-order', which is no intent",
        "did you mean 'read-orders'?",
    ),
    (AGENTS, "    owner: shop@example.org\n", "", "2:5", "no 'owner'", "add owner"),
    (AGENTS, "agents:\n", "agents: none\n#", "1:9", "must be a list", "dash"),
    (CASES, "effect: allow", "effect: permit", "8:22", "unknown effect 'permit'", "use one of"),
    (CASES, "reasons: [allowed]", "reasons: [fine]", "8:38", "unknown reason 'fine'", "README"),
    (
        CASES,
        "expect: {effect: allow",
        "expect: {intent: read-all, effect: allow",
        "2:5",
        "intent 'read-all', which does not exist",
        "read-orders",
    ),
    (CASES, "    request:", "    now: yesterday\n    request:", "3:10", "not a time", "2026-01-05"),
    (
        CASES,
        "      action: {name: read}",
        "      payload: {sql: {text: select 1}, ssh: {host: h, command: ls}}",
        "7:16",
        "exactly one kind",
        "give one",
    ),
    (CASES, "      agent: clerk\n", "", "4:7", "no 'agent'", "add agent"),
    (CAL, '"format": 1', '"format": 2', "2:3", "format must be 1", '"format": 1'),
    (CAL, '"sha256:abc"', "12", "3:3", "fingerprint", "pdp status"),
    (CAL, '"accept": 0.6', '"accept": NaN', "1:1", "NaN is not a number", "plain numbers"),
    (CAL, '"accept": 0.6', '"accept": 0.4', "4:3", "narrow 0.5 of default lies above", "swap"),
    (CAL, '"format": 1,', '"format": 1', "3:3", "not JSON", "syntax"),
    (CAL, '"format": 1,', '"format": 1, "gap": 0,', "2:16", "unknown key 'gap'", "counter_gap"),
    (
        CAL,
        '"format": 1,',
        '"format": 1, "intents": {"read-order": {"accept": 0.6, "narrow": 0.5}},',
        "1:1",
        "read-order",
        "'read-orders'",
    ),
]


@pytest.mark.parametrize(
    ("file", "old", "new", "place", "message", "fix"),
    MISTAKES,
    ids=[f"{m[0]}:{m[3]}-{m[4] or 'syntax'}" for m in MISTAKES],
)
def test_a_mistake_is_named_with_its_place_and_a_fix(
    path: Path, file: str, old: str, new: str, place: str, message: str, fix: str
) -> None:
    """File, line, column, what is wrong, and what to do about it."""
    assert old in FILES[file]
    (path / file).write_text(FILES[file].replace(old, new, 1))
    found = problems(path)
    hits = [p for p in found if str(p).startswith(f"{file}:{place}:") and message in p.message and fix in p.fix]
    assert hits, "\n".join(map(str, found))
    assert all(p.fix for p in found)


def test_all_mistakes_come_at_once(path: Path) -> None:
    """One run names every mistake, in file order."""
    changed: dict[str, str] = {}
    for file, old, new, *_ in (MISTAKES[0], MISTAKES[20], MISTAKES[43], MISTAKES[45], MISTAKES[53]):
        changed[file] = changed.get(file, FILES[file]).replace(old, new, 1)
    for file, text in changed.items():
        (path / file).write_text(text)
    found = problems(path)
    assert {p.file for p in found} == set(changed)
    assert list(found) == sorted(found)


def break_encoding(path: Path) -> None:
    (path / INTENT).write_bytes(b"id: \xff\xfe")


def nest(path: Path) -> None:
    (path / INTENT).write_text("a: " + "[" * 5000 + "]" * 5000)


def grow(path: Path) -> None:
    (path / INTENT).write_text("x: " + "y" * 2_000_000)


def link_out(path: Path) -> None:
    (path / "intents" / "more.yaml").symlink_to("/etc/hosts")


def empty(path: Path) -> None:
    (path / INTENT).write_text("\n# nothing\n")


def stray(path: Path) -> None:
    (path / "extra.yaml").write_text("a: 1\n")


def stray_text(path: Path) -> None:
    (path / "intents" / "notes.txt").write_text("hello")


def no_calibration(path: Path) -> None:
    (path / CAL).unlink()


def second(path: Path) -> None:
    (path / "intents" / "copy.yaml").write_text(
        FILES[INTENT].replace("id: small", "id: s2").replace("id: no-names", "id: n2")
    )


def bomb(path: Path) -> None:
    (path / INTENT).write_text("a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n")


@pytest.mark.parametrize(
    ("spoil", "file", "message"),
    [
        (break_encoding, INTENT, "not UTF-8"),
        (nest, INTENT, "nested"),
        (grow, INTENT, "at most 1,048,576"),
        (link_out, "intents/more.yaml", "links out of the bundle"),
        (empty, INTENT, "empty"),
        (stray, "extra.yaml", "not a file of a bundle"),
        (stray_text, "intents/notes.txt", "only YAML files"),
        (no_calibration, CAL, "missing"),
        (second, INTENT, "is defined twice"),
        (second, INTENT, "is an exemplar of read-orders too"),
        (bomb, INTENT, "anchors and aliases"),
    ],
)
def test_files_that_cannot_be_used_are_named(
    path: Path, spoil: Callable[[Path], None], file: str, message: str
) -> None:
    """Broken, hostile, missing and stray files are problems, never a crash."""
    spoil(path)
    assert any(p.file == file and message in p.message for p in problems(path))


def test_a_directory_that_is_none_is_said(tmp_path: Path) -> None:
    """A wrong path is told from a bad bundle."""
    assert "no such directory" in problems(tmp_path / "nowhere")[0].message


def test_leftovers_of_editors_are_ignored(path: Path) -> None:
    """Swap files and backups are no part of the bundle."""
    before = revision(path)
    for name in ("orders.yaml~", ".orders.yaml.swp", "orders.yaml.bak", "#orders.yaml#"):
        (path / "intents" / name).write_text("id: [")
    assert revision(path) == before


def test_a_mounted_volume_is_followed(path: Path, tmp_path: Path) -> None:
    """The links of a Kubernetes ConfigMap volume resolve inside the volume."""
    volume = tmp_path / "volume"
    (volume / "..data-1").mkdir(parents=True)
    for folder in ("intents", "rules", "tests"):
        (volume / "..data-1" / folder).mkdir()
    for name, text in FILES.items():
        (volume / "..data-1" / name).write_text(text)
    (volume / "..data").symlink_to("..data-1")
    for name in ("bundle.yaml", "agents.yaml", "calibration.json", "intents", "rules", "tests"):
        (volume / name).symlink_to(f"..data/{name}")
    assert load(volume, check_rules).revision == load(path, check_rules).revision


def test_the_revision_is_that_of_the_contents(path: Path) -> None:
    """One byte or one name more makes another revision; the same contents elsewhere do not."""
    first = revision(path)
    os.utime(path / BUNDLE, (1, 1))
    assert revision(path) == first
    (path / BUNDLE).write_text(FILES[BUNDLE] + "\n")
    second = revision(path)
    (path / "rules" / "all.yaml").rename(path / "rules" / "other.yaml")
    assert len({first, second, revision(path)}) == 3


@given(st.sampled_from(sorted(FILES)), st.binary(max_size=200))
def test_no_bytes_in_any_file_raise_anything_else(
    tmp_path_factory: pytest.TempPathFactory, file: str, data: bytes
) -> None:
    """Whatever a file holds, loading gives a bundle or a list of problems."""
    root = tmp_path_factory.mktemp("bundle")
    for name, text in FILES.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    (root / file).write_bytes(data)
    try:
        load(root, check_rules)
    except BundleError as error:
        assert error.problems
