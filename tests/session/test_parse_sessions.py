"""``sessions`` in bundle.yaml: what it says, what it is without, and every mistake in it with its place."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pdp.errors import BundleError
from pdp.policy.bundle import load
from pdp.policy.model import (
    APPROVAL,
    Cause,
    Consequence,
    DriftSettings,
    NarrowKind,
    Reach,
    SessionSettings,
    Stop,
)
from tests.policy.good_bundle import FILES, write
from tests.policy.test_schema import complaints

HEAD = FILES["bundle.yaml"]
FIRST = HEAD.count("\n") + 1
SESSIONS = """\
sessions:
  required: false
  seconds: 1200
  budgets:
    - id: few-targets
      of: targets
      at_most: 20
      then: deny
      message: At most twenty.
    - {id: calm, of: live_authority, at_most: 0.5, then: narrow, message: Much at once., narrow: {read_only: true}}
  drift: {window: 4, narrow: 0.25, kill: 1, scope: {row_limit: 10, obligations: [{type: notify}]}}
  triggers:
    - {cause: denials, at: 5, do: quarantine, scope: agent, seconds: 600}
    - {cause: replay, do: kill, scope: principal}
"""


def settings(tmp_path: Path, text: str) -> SessionSettings:
    return load(write(tmp_path / "bundle", {**FILES, "bundle.yaml": HEAD + text})).settings.sessions


def test_everything_is_read(tmp_path: Path) -> None:
    """Each key, with its place."""
    found = settings(tmp_path, SESSIONS)
    assert (found.required, found.seconds) == (False, 1200)
    few, calm = found.budgets
    assert (few.id, few.of, few.at_most, few.then, few.message) == (
        "few-targets", "targets", 20, Consequence.DENY, "At most twenty.",
    )  # fmt: skip
    assert str(few.position) == f"bundle.yaml:{FIRST + 4}:7"
    assert (calm.then, calm.scope.narrowings[0].kind) == (Consequence.NARROW, NarrowKind.READ_ONLY)
    assert (found.drift.window, found.drift.narrow, found.drift.kill) == (4, 0.25, 1)
    assert [o.rule_id for o in found.drift.scope.obligations] == ["drift"]
    many, replayed = found.triggers
    assert (many.cause, many.at, many.do, many.scope, many.seconds) == (
        Cause.DENIALS, 5, Stop.QUARANTINE, Reach.AGENT, 600,
    )  # fmt: skip
    assert (replayed.cause, replayed.do, replayed.scope, replayed.seconds) == (
        Cause.REPLAY, Stop.KILL, Reach.PRINCIPAL, None,
    )  # fmt: skip


@pytest.mark.parametrize(
    "text", ["", "sessions: {seconds: 900}\n", "sessions: {drift: {}, triggers: [], budgets: []}\n"]
)
def test_a_session_is_required_unless_the_bundle_says_otherwise(tmp_path: Path, text: str) -> None:
    """Nothing else opens it, and drift has its calibrated defaults."""
    if "[]" in text:
        with pytest.raises(BundleError, match="is empty"):
            settings(tmp_path, text)
        return
    assert settings(tmp_path, text) == SessionSettings()
    assert SessionSettings().required
    assert SessionSettings().drift == DriftSettings(scope=APPROVAL)


# What stands there, what is written instead, line within SESSIONS and column of the problem, part of message, of fix.
# fmt: off
MISTAKES = [
    ("required: false", "required: no", "2:13", "'required' is no, a truth value to YAML 1.1", "required: true"),
    ("required: false", 'required: "false"', "2:13", "'required' is text, not true or false", "required: false"),
    ("required: false", "required: 0", "2:13", "'required' is the number 0, not true or false", "required: false"),
    ("required: false", "requires: false", "2:3", "'sessions' has no key 'requires'", "did you mean 'required'?"),
    ("required: false", "required:", "2:12", "'required' has no value", "or remove the key"),
    ("seconds: 1200", "seconds: 86401", "3:12", "'seconds' is 86,401", "a number from 1 to 86,400"),
    ("seconds: 1200", "seconds: 1.5", "3:12", "'seconds' is 1.5, not a whole number", "write 1"),
    ("      of: targets\n", "", "5:7", "the budget lacks 'of'", "add of:"),
    ("of: targets", "of: target", "6:11", "a session has no number 'target'", "did you mean 'targets'?"),
    ("of: targets", "of: intents", "6:11", "a session has no number 'intents'", ""),
    ("at_most: 20", "at_most: -1", "7:16", "'at_most' is -1", "a number from 0"),
    ("at_most: 20", "at_most: .nan", "7:16", "'at_most' is .nan, not a finite number", "a number from 0"),
    ("then: deny", "then: allow", "8:13", "'then' is 'allow'", "choose from deny, end, kill, narrow"),
    ("then: deny", "then: narrow", "5:7", "a budget that narrows without 'narrow'", "add narrow:"),
    ("then: narrow", "then: kill", "10:96", "a budget with then: kill narrows nothing", "or write then: narrow"),
    ("{read_only: true}", "{}", "10:98", "the narrow block is empty", "add params"),
    ("id: calm", "id: few-targets", "10:12", "there are two budgets 'few-targets'", f"bundle.yaml:{FIRST + 4}:11"),
    ("window: 4", "window: 33", "11:19", "'window' is 33", "a number from 1 to 32"),
    ("kill: 1", "kill: 0.2", "11:30", "at 0.2 a session is killed before it is narrowed at 0.25", "swap them"),
    ("kill: 1", "kill: 1.1", "11:42", "'kill' is 1.1", "a number from 0 to 1"),
    ("kill: 1", "kill: ~", "11:42", "'kill' has no value", "or remove the key"),
    ("row_limit: 10", "rows: 10", "11:53", "the scope block has no key 'rows'", "choose from"),
    ("cause: replay", "cause: reply", "14:15", "'cause' is 'reply'", "did you mean 'replay'?"),
    ("cause: replay", "cause: replay, at: 2", "14:27", "cause replay counts nothing", "write cause: denials"),
    (" at: 5,", "", "13:7", "does not say how many in a row", "add at: 5"),
    ("do: kill", "do: stop", "14:27", "'do' is 'stop'", "choose from kill, quarantine"),
    ("scope: principal", "scope: everything", "14:40", "'scope' is 'everything'", "choose from agent, instance"),
    ("seconds: 600", "seconds: 0", "13:70", "'seconds' is 0", "a number from 1"),
]
# fmt: on


@pytest.mark.parametrize(("old", "new", "place", "message", "fix"), [m for m in MISTAKES if m[3]])
def test_every_mistake_has_its_place_and_a_fix(
    tmp_path: Path, old: str, new: str, place: str, message: str, fix: str
) -> None:
    """One thing is wrong, and one problem is told."""
    assert old in SESSIONS
    line, column = map(int, place.split(":"))
    with pytest.raises(BundleError) as caught:
        settings(tmp_path, SESSIONS.replace(old, new, 1))
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.column) == ("bundle.yaml", FIRST - 1 + line, column), str(problem)
    assert message in problem.message
    assert fix in problem.fix


def test_a_list_of_sessions_is_no_mapping(tmp_path: Path) -> None:
    """Said at once."""
    with pytest.raises(BundleError, match="'sessions' is a list, not a mapping"):
        settings(tmp_path, "sessions: [a]\n")


def test_editors_see_no_mistake_in_a_good_file() -> None:
    """By the published schema."""
    assert complaints("bundle.yaml", HEAD + SESSIONS) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        m[:2]
        for m in MISTAKES
        if m[3] and not any(w in m[3] for w in ("two budgets", "killed before", "'required' is no,", ".nan"))
    ],
)
def test_editors_mark_what_loading_refuses(old: str, new: str) -> None:
    """But for what takes comparing two values."""
    assert complaints("bundle.yaml", HEAD + SESSIONS.replace(old, new, 1))


def test_the_example_of_the_page_is_read(tmp_path: Path) -> None:
    """docs/bundles.md shows a block that loads."""
    page = (Path(__file__).parents[2] / "docs" / "bundles.md").read_text(encoding="utf-8")
    block = page.split("## bundle.yaml")[1].split("```yaml\n")[1].split("```")[0]
    shown = block[block.index("sessions:") :]
    assert yaml.safe_load(shown)
    assert len(settings(tmp_path, shown).budgets) == 3
