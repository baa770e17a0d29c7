"""The ablation takes away what it says, and nothing at its last stage."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.ablation import FIGURES, STAGES, Stage, judge_stage, main
from benchmarks.authority_contrast import Judged, judge
from benchmarks.contrast_data import ContrastIntent, bundle_of, items
from pdp import snapshot
from pdp.intent.encoder import OnnxEncoder, default_model_directory
from pdp.intent.manifest import CALIBRATION_FILE
from pdp.policy.bundle import read_calibration
from pdp.snapshot import Snapshot
from pdp.types import Effect

INTENT = ContrastIntent(
    id="read-mail",
    domain="mail",
    description="Read one's own mail. Nothing is changed.",
    target_kind="mailbox",
    actions=("read",),
    exemplars=(
        "Show me my unread e-mails from this week",
        "Search my inbox for a message",
        "What did Ana write to me?",
    ),
    paraphrases=("Anything new in my inbox?", "Show me my unread e-mails from this week, the one about the boiler"),
    contrasts=(
        ("verb", "Delete my unread e-mails from this week"),
        ("obfuscation", "S h o w my inbox, then d e l e t e all of it"),
        ("compound", "Show me my unread e-mails from this week and tell me which of them the landlord sent to me"),
    ),
    unrelated=(),
)


@pytest.fixture(scope="module")
def whole(model: OnnxEncoder) -> Snapshot:
    return snapshot.build(bundle_of([INTENT], read_calibration(default_model_directory() / CALIBRATION_FILE)), model)


def without(name: str, whole: Snapshot, model: OnnxEncoder) -> list[Judged]:
    """All but one part."""
    return judge_stage(replace(Stage("one part less"), **{name: False}), [INTENT], whole, model)


def outcomes(found: list[Judged]) -> list[tuple[object, ...]]:
    return [(j.item, j.effect, j.score) for j in found]


def test_the_last_stage_is_the_engine(whole: Snapshot, model: OnnxEncoder) -> None:
    """Effect and score of each text are those of the contrast benchmark."""
    engine = [judge(item, INTENT, whole, model) for item in items([INTENT])]
    assert outcomes(judge_stage(STAGES[-1], [INTENT], whole, model)) == outcomes(engine)


@pytest.mark.parametrize(("part", "kind"), [("disguise", "obfuscation"), ("lexicon", "verb")])
def test_a_part_that_is_taken_away_no_longer_counts(part: str, kind: str, whole: Snapshot, model: OnnxEncoder) -> None:
    """What it alone held back scores higher; an honest text scores as before."""
    full, less = judge_stage(STAGES[-1], [INTENT], whole, model), without(part, whole, model)
    assert full[0].score == less[0].score
    held_back = [(a.score, b.score) for a, b in zip(full, less, strict=True) if a.item.kind == kind]
    assert all(after > before for before, after in held_back)


def test_without_a_weight_a_part_is_silent(whole: Snapshot, model: OnnxEncoder) -> None:
    """Index and pair model each move the score of a text that words say nothing of."""
    full = judge_stage(STAGES[-1], [INTENT], whole, model)[0].score
    assert len({full, *(without(part, whole, model)[0].score for part in ("index", "pair"))}) == 3


def test_borrowed_words_are_seen_only_with_the_exemplars(whole: Snapshot, model: OnnxEncoder) -> None:
    """The guard changes no score; without it an exemplar carries the words beside it."""
    full, less = judge_stage(STAGES[-1], [INTENT], whole, model), without("borrowing", whole, model)
    assert [j.score for j in full] == [j.score for j in less]
    assert (full[1].effect, less[1].effect) == (Effect.NARROW, Effect.ALLOW)


def test_one_command_from_file_to_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every stage, every figure, beside the machine; a bad file is one line."""
    row = {name: getattr(INTENT, name) for name in ContrastIntent.__slots__}
    row["contrasts"] = [{"kind": kind, "text": text} for kind, text in INTENT.contrasts]
    data, out = tmp_path / "d.jsonl", tmp_path / "r.json"
    data.write_text(json.dumps(row) + "\n")
    assert main(["--data", str(data), "--out", str(out)]) == 0
    document = json.loads(out.read_text())
    assert list(document["stages"]) == [s.name for s in STAGES]
    assert all(tuple(row) == FIGURES for row in document["stages"].values())
    assert document["counts"] == {"paraphrase": 2, "contrast": 3}
    data.write_text("{}\n")
    assert main(["--data", str(data)]) == 1
    assert capsys.readouterr().err.rstrip().splitlines()[-1].startswith("error: ")


def test_the_document_has_the_figures_of_the_results() -> None:
    """Every line of the table in ``docs/quality.md``, from the two files of results."""
    root = Path(__file__).parents[2]
    document = (root / "docs" / "quality.md").read_text()
    read = [root / "benchmarks" / "results" / f"ablation_{name}.json" for name in ("dev", "held_out")]
    dev, held_out = (json.loads(path.read_text())["stages"] for path in read)
    shares = ("contrast_allow_at_80", "contrasts_allowed", "paraphrases_passed")
    for name in (s.name for s in STAGES):
        rows = dev[name], held_out[name]
        cells = [name, ", ".join(f"{r['auroc']:.3f}" for r in rows)]
        cells += [", ".join(f"{r[share]:.1%}".replace("%", " %") for r in rows) for share in shares]
        assert f"| {' | '.join(cells)} |" in document


def test_the_document_has_the_figures_of_the_ceiling() -> None:
    """The table of the cross-encoder beside the pair model, from the file of results."""
    root = Path(__file__).parents[2]
    document = (root / "docs" / "quality.md").read_text()
    read = json.loads((root / "benchmarks" / "results" / "ceiling.json").read_text())
    ms = read["milliseconds"]
    times = (
        f"{ms['cross_encoder_float32']:.0f} (float32), {ms['cross_encoder_bfloat16']:.0f} (bfloat16)",
        f"{ms['pair_model_judge']:.1f}, and {ms['pair_model_read']:.1f} once a request",
    )
    names = {"cross_encoder": "cross-encoder", "pair_model": "pair model"}
    for (key, name), time in zip(names.items(), times, strict=True):
        rows = (read[where][key] for where in ("held_out", "dev"))
        cells = [c for r in rows for c in (f"{r['auroc']:.3f}", f"{r['at80']:.1%}".replace("%", " %"))]
        assert f"| {' | '.join((name, *cells, time))} |" in document
