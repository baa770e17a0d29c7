"""The cut by agent, target and action: exact, and never wider than the patterns say."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.policy.admission import Admission, compile_pattern
from pdp.policy.model import AgentEntry, TargetPattern
from pdp.types import Action, Target
from tests.builders import HERE, bundle, intent

TEXT = st.text(alphabet="ab*?.[]\\\n", max_size=6)


@given(TEXT, TEXT)
def test_only_star_and_question_mark_are_special(pattern: str, text: str) -> None:
    """Every other character, brackets and backslashes included, stands for itself."""
    regex = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    assert compile_pattern((pattern,))(text) == bool(re.fullmatch(regex, text, re.DOTALL))


@given(st.lists(TEXT, max_size=4), TEXT)
def test_several_patterns_match_when_one_does(patterns: list[str], text: str) -> None:
    """A list of patterns is their union; an empty list matches nothing."""
    assert compile_pattern(patterns)(text) == any(compile_pattern((p,))(text) for p in patterns)


def admitted(admission: Admission, agent: str, kind: str, name: str, action: str) -> list[int]:
    return admission.admitted(agent, Target(kind, name), Action(action)).tolist()


BUNDLE = bundle(
    (
        intent("a", targets=(TargetPattern("table", "sales_*"),), actions=("read",)),
        intent("b", targets=(TargetPattern("table", "*"), TargetPattern("view", "v?")), actions=("re*",)),
        intent("c", agents=("agent-2",), actions=("read", "write")),
    ),
    agents=(
        AgentEntry("agent-1", "x", ("a", "b"), HERE),
        AgentEntry("agent-2", "x", ("*",), HERE),
        AgentEntry("agent-3", "x", ("c",), HERE),
    ),
)


@pytest.mark.parametrize(
    ("agent", "kind", "name", "action", "wanted"),
    [
        ("agent-1", "table", "sales_2026", "read", [0, 1]),
        ("agent-1", "table", "people", "read", [1]),
        ("agent-1", "view", "v1", "reindex", [1]),
        ("agent-1", "view", "v12", "read", []),
        ("agent-1", "table", "people", "write", []),
        ("agent-2", "table", "people", "write", [2]),
        ("agent-2", "table", "sales_", "read", [0, 1, 2]),
        ("agent-3", "table", "people", "read", []),
        ("Agent-1", "table", "people", "read", []),
        ("", "table", "people", "read", []),
    ],
)
def test_admission(agent: str, kind: str, name: str, action: str, wanted: list[int]) -> None:
    """An intent admits only what its own patterns and the agent's entry both name."""
    admission = Admission(BUNDLE)
    assert admitted(admission, agent, kind, name, action) == wanted
    assert admitted(admission, agent, kind, name, action) == wanted, "remembering changes nothing"


def test_unknown_is_told_from_without_intents() -> None:
    """An agent that no entry names is another case than one whose intents are closed to it."""
    admission = Admission(BUNDLE)
    assert admission.usable("stranger") is None
    assert admission.usable("agent-3") is not None
    assert admission.usable("agent-3").size == 0  # type: ignore[union-attr]


def test_what_is_remembered_cannot_be_changed_by_a_reader() -> None:
    """The arrays handed out are shared, so they are read-only."""
    usable = Admission(BUNDLE).usable("agent-2")
    assert usable is not None
    with pytest.raises(ValueError, match="read-only"):
        usable[0] = 7
