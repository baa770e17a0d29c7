"""The contrast benchmark measures what it says: nothing fitted, each text against its own intent only."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.authority_contrast import Judged, main, report
from benchmarks.contrast_data import DataError, Item, items, read_contrasts
from pdp.types import Effect

ROW = {
    "id": "read-mail",
    "domain": "mail",
    "description": "Read one's own mail. Nothing is changed.",
    "target_kind": "mailbox",
    "actions": ["read"],
    "exemplars": ["Show me my unread e-mails", "Search my inbox for a message", "What did Ana write to me?"],
    "paraphrases": ["Anything new in my inbox?"],
    "contrasts": [{"kind": "verb", "text": "Delete my unread e-mails"}],
    "unrelated": ["How high is the tower?"],
}
OTHER = {
    **ROW,
    "id": "clean",
    "paraphrases": ["Throw the adverts away"],
    "exemplars": ["Delete adverts", "Remove spam"],
}


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    return path


def test_every_text_is_judged_against_its_own_intent_only(tmp_path: Path) -> None:
    """Paraphrases, contrasts, unrelated texts; siblings are the paraphrases of the domain's other intents."""
    found = list(items(read_contrasts(write(tmp_path / "d.jsonl", ROW, OTHER))))
    assert [(i.intent, i.group) for i in found if i.intent == "read-mail"] == [
        ("read-mail", "paraphrase"), ("read-mail", "contrast"), ("read-mail", "unrelated"), ("read-mail", "sibling"),
    ]  # fmt: skip
    assert [i.text for i in found if i.group == "sibling"] == ["Throw the adverts away", "Anything new in my inbox?"]


def test_it_runs_on_any_file_of_the_format(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The shipped model and calibration, a table, and JSON with the promised keys."""
    out = tmp_path / "r.json"
    assert main(["--data", str(write(tmp_path / "d.jsonl", ROW, OTHER)), "--out", str(out)]) == 0
    figures = json.loads(out.read_text())
    assert {"paraphrases", "contrasts", "contrasts_by_kind", "unrelated", "siblings"} <= figures.keys()
    assert {"auroc", "auroc_siblings", "auroc_blind", "contrast_allow_at_80", "p50_ms", "machine"} <= figures.keys()
    assert sum(figures["paraphrases"].values()) == pytest.approx(1)
    assert "contrasts" in capsys.readouterr().out


def test_a_bad_line_is_named(tmp_path: Path) -> None:
    """File and line, and what is missing."""
    path = write(tmp_path / "d.jsonl", ROW, {k: v for k, v in ROW.items() if k != "contrasts"})
    with pytest.raises(DataError, match=r"d\.jsonl:2.*contrasts"):
        read_contrasts(path)
    assert main(["--data", str(path)]) == 1


def test_figures_count_what_happened() -> None:
    """Shares and ranks of a small outcome, worked out by hand."""

    def judged(group: str, effect: Effect, score: float, kind: str = "") -> Judged:
        return Judged(Item("i", "d", group, kind, "t"), effect, score, 0.001)

    figures = report(
        [
            judged("paraphrase", Effect.ALLOW, 0.9),
            judged("paraphrase", Effect.NARROW, 0.6),
            judged("contrast", Effect.ALLOW, 0.95, "verb"),
            judged("contrast", Effect.DENY, 0.1, "scope"),
            judged("unrelated", Effect.DENY, 0.0),
        ]
    )
    assert figures["paraphrases"] == {"allow": 0.5, "narrow": 0.5, "deny": 0.0}
    assert figures["auroc"] == 0.5
    assert figures["contrast_allow_at_80"] == 0.5
    by_kind = figures["contrasts_by_kind"]
    assert isinstance(by_kind, dict)
    assert by_kind["verb"]["allow"] == 1.0
    assert by_kind["scope"]["passed_at_80"] == 0.0
