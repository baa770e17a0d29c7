"""What is each part of the judgement worth? The real engine on authority-contrast, one part more at a time.

``python -m benchmarks.ablation --data FILE.jsonl --out R.json`` (the format of ``benchmarks.authority_contrast``)

A part is taken away by what the engine is given, never by another engine: index and pair model by a weight of zero in
the head; the guard against disguise by a reading without findings (the text is still put into plain spelling); the
lexicon by evidence in which no clause asks for anything; the guard against borrowed words by a bundle that keeps no
exemplar's text beside the index. The last stage takes nothing away. The thresholds are the shipped ones throughout;
they were set for the whole, so for single parts only ``auroc`` and ``contrast_allow_at_80`` compare.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks import measure
from benchmarks.authority_contrast import NOW, Judged, judge_by
from benchmarks.contrast_data import ContrastIntent, DataError, Item, bundle_of, items, read_contrasts
from benchmarks.statistics import auroc, passed_at
from pdp import engine, snapshot
from pdp.errors import PdpError
from pdp.evidence import Evidence
from pdp.intent.authority import Authority
from pdp.intent.encoder import Encoder, OnnxEncoder, default_model_directory
from pdp.intent.manifest import CALIBRATION_FILE
from pdp.intent.text import TextLimits, read
from pdp.policy.bundle import read_calibration
from pdp.snapshot import Snapshot
from pdp.types import Effect, Request, Verdict

FIGURES = ("auroc", "contrast_allow_at_80", "contrasts_allowed", "paraphrases_allowed", "paraphrases_passed")


@dataclass(frozen=True, slots=True)
class Stage:
    """Which parts have a say."""

    name: str
    index: bool = True
    pair: bool = True
    disguise: bool = True
    lexicon: bool = True
    borrowing: bool = True


STAGES = (
    Stage("index alone", pair=False, disguise=False, lexicon=False, borrowing=False),
    Stage("pair model alone", index=False, disguise=False, lexicon=False, borrowing=False),
    Stage("both", disguise=False, lexicon=False, borrowing=False),
    Stage("+ disguise guard", lexicon=False, borrowing=False),
    Stage("+ lexicon", borrowing=False),
    Stage("+ borrowing guard"),
)


class Wordless(Evidence):
    """Evidence whose lexicon reads nothing: no clause asks for, declines or reaches anything."""

    def authority(self, clause: str) -> Authority:
        """See ``Evidence.authority``."""
        del clause
        return Authority()


def reduced(held: Snapshot, stage: Stage) -> Snapshot:
    """``held`` without what ``stage`` takes away of head and bundle."""
    head = replace(
        held.head, logit=held.head.logit if stage.pair else 0.0, nearness=held.head.nearness if stage.index else 0.0
    )
    if stage.borrowing:
        return replace(held, head=head)
    intents = tuple(replace(intent, exemplars=()) for intent in held.bundle.intents)
    return replace(held, head=head, bundle=replace(held.bundle, intents=intents))


def decide(request: Request, stage: Stage, held: Snapshot, encoder: Encoder) -> Verdict:
    """``pdp.cases.decide_once`` with what ``stage`` leaves; ``held`` is reduced already."""
    admitted = engine.admit(request, held)
    if isinstance(admitted, Verdict):
        return admitted
    reading = read(request.utterance, TextLimits())
    if not stage.disguise:
        reading = replace(reading, findings=())
    evidence = (Evidence if stage.lexicon else Wordless)(held, encoder)
    return engine.screen(admitted, reading) or engine.decide(admitted, reading, evidence, held, NOW)


def asked(intents: Sequence[ContrastIntent]) -> list[Item]:
    """Every paraphrase and contrast of every intent."""
    return [item for item in items(intents) if item.group in ("paraphrase", "contrast")]


def judge_stage(stage: Stage, intents: Sequence[ContrastIntent], whole: Snapshot, encoder: Encoder) -> list[Judged]:
    """What is ``asked``, judged with what ``stage`` leaves of ``whole``."""
    held, by_id = reduced(whole, stage), {i.id: i for i in intents}
    return [
        judge_by(lambda request: decide(request, stage, held, encoder), item, by_id[item.intent])
        for item in track(asked(intents), stage.name, console=Console(stderr=True))
    ]


def figures(found: Sequence[Judged]) -> dict[str, float]:
    """``FIGURES`` of one stage; ``paraphrases_passed``: allowed or narrowed."""
    within, beyond = ([j for j in found if j.item.within is kind] for kind in (True, False))
    scores, others = [j.score for j in within], [j.score for j in beyond]
    values = (
        auroc(scores, others),
        passed_at(scores, others, 0.80),
        _share([j.effect is Effect.ALLOW for j in beyond]),
        _share([j.effect is Effect.ALLOW for j in within]),
        _share([j.effect is not Effect.DENY for j in within]),
    )
    return {name: round(value, 4) for name, value in zip(FIGURES, values, strict=True)}


def _share(answers: Sequence[bool]) -> float:
    return sum(answers) / max(1, len(answers))


def run(data: Path, model: Path) -> dict[str, object]:
    """Every stage on the intents of ``data``, with the model's own calibration."""
    intents, encoder = read_contrasts(data), OnnxEncoder.load(model)
    whole = snapshot.build(bundle_of(intents, read_calibration(model / CALIBRATION_FILE)), encoder)
    stages = {stage.name: figures(judge_stage(stage, intents, whole, encoder)) for stage in STAGES}
    counts = Counter(item.group for item in asked(intents))
    return {"data": data.name, "counts": dict(counts), "stages": stages}


def show(found: dict[str, dict[str, float]], console: Console) -> None:
    """The figures for people."""
    table = Table(title="what each part is worth", title_justify="left")
    for heading in ("", *FIGURES):
        table.add_column(heading.replace("_", " "), justify="right" if heading else "left")
    for name, row in found.items():
        table.add_row(name, *(f"{row[f]:.3f}" for f in FIGURES))
    console.print(table)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line: 0 when measured, 1 with a message when not."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ablation", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", type=Path, required=True, help="FILE.jsonl in the authority-contrast format")
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    parser.add_argument("--model", type=Path, help="model directory (default: the one shipped)")
    options = parser.parse_args(arguments)
    try:
        found = run(options.data, options.model or default_model_directory())
    except (DataError, PdpError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    show(found["stages"], Console())  # type: ignore[arg-type]
    if options.out:
        document = {**found, "machine": measure.machine()}
        options.out.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
