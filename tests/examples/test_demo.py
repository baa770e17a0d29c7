"""``make demo``, act one, tells the truth: it shows real answers, and a wrong one or none makes it fail."""

import json
import re
from pathlib import Path

import pytest
from rich.console import Console

from examples.demo import decisions, main
from pdp.cli import main as pdp

READ = {
    "agent": "accounts-assistant",
    "utterance": "Show me what customer 4711 still owes us",
    "target": {"kind": "table", "name": "invoices"},
    "action": {"name": "read", "params": {"limit": 5000}},
}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with one bundle, called ``first``."""
    directory = tmp_path_factory.mktemp("demo")
    assert pdp(["bundle", "init", str(directory / "first")]) == 0
    return directory


def question(expect: str, bundle: str = "first") -> str:
    """One line of the demo's requests."""
    return json.dumps({"bundle": bundle, "label": "what is owed", "expect": expect, "request": READ}) + "\n"


def test_the_demo_shows_effect_intent_score_reason_and_what_was_cut(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From a real server over a real socket, without a terminal."""
    (here / "requests.jsonl").write_text(question("narrow"))
    code = decisions(Console(width=132), here)
    out = capsys.readouterr().out
    assert code == 0, out
    for part in ("what is owed", "narrow", "read-invoices", "narrowed_by_rule", "limit = 500 (was 5000)"):
        assert part in out
    assert re.search(r"≥ 0\.\d\d", out)


def test_an_unexpected_answer_fails_the_demo(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And is named."""
    (here / "requests.jsonl").write_text(question("narrow") + question("deny"))
    code = main(here)
    assert code == 1
    assert "“what is owed” should be deny" in capsys.readouterr().out


def test_a_server_that_does_not_start_fails_the_demo(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Even where a deny was expected: no answer is none."""
    (here / "requests.jsonl").write_text(question("deny", bundle="missing"))
    code = main(here)
    assert code == 1
    assert "the demo failed: the server on missing ended" in capsys.readouterr().out
