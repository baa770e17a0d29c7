"""Labelled requests from JSON Lines."""

import json
from pathlib import Path
from typing import Any

import pytest

from pdp.errors import InvalidRequest
from pdp.labelled import read_labelled
from pdp.types import Effect

GOOD: dict[str, Any] = {
    "request": {"agent": "a", "utterance": "u", "target": {"kind": "k", "name": "n"}, "action": {"name": "go"}},
    "expect": "narrow",
    "intent": "read",
}


def lines(directory: Path, *documents: object) -> Path:
    """A file with one document a line; strings as they are."""
    path = directory / "cases.jsonl"
    path.write_text("\n".join(d if isinstance(d, str) else json.dumps(d) for d in documents))
    return path


def test_a_line_is_a_request_with_its_label(tmp_path: Path) -> None:
    """Empty lines are skipped and other keys ignored; the line number is that of the file."""
    (case,) = read_labelled(lines(tmp_path, "", {**GOOD, "note": "x"}, "  "))
    assert (case.expect, case.intent, case.line, case.request.agent.id) == (Effect.NARROW, "read", 2, "a")


@pytest.mark.parametrize(
    "wrong",
    [
        "{",
        "[]",
        '"text"',
        "[" * 100_000,
        {"expect": "deny"},
        {**GOOD, "expect": "maybe"},
        {**GOOD, "expect": None},
        {**GOOD, "intent": 3},
        {**GOOD, "request": {"agent": 3}},
        {**GOOD, "request": {**GOOD["request"], "colour": "red"}},
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, wrong: object) -> None:
    """File and line, so that a generated file can be mended."""
    with pytest.raises(InvalidRequest, match=r"cases\.jsonl:2"):
        read_labelled(lines(tmp_path, GOOD, wrong))


def test_a_file_without_cases_is_refused(tmp_path: Path) -> None:
    """Nothing measured must not look like nothing wrong."""
    with pytest.raises(InvalidRequest, match="no case"):
        read_labelled(lines(tmp_path, ""))
    with pytest.raises(InvalidRequest, match="cannot be read"):
        read_labelled(tmp_path / "missing")
