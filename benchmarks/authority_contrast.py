"""Does a decision measure authority or topic? Paraphrases of an intent must pass, look-alikes beyond it must not.

``python -m benchmarks.authority_contrast --data FILE.jsonl --out R.json``

A bundle is made of the file's intents as they stand, with the shipped model and the shipped calibration; nothing is
fitted on the file. The real engine judges every text against the intent of its own line only, with that intent's target
kind and first action. ``python -m training.corpus.contrast`` writes domains of the corpus in this format.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks import measure
from benchmarks.contrast_data import ContrastIntent, DataError, Item, bundle_of, items, read_contrasts
from benchmarks.statistics import NaiveBayes, auroc, passed_at, threshold_for
from pdp import snapshot
from pdp.cases import decide_once
from pdp.errors import PdpError
from pdp.intent.encoder import Encoder, OnnxEncoder, default_model_directory
from pdp.intent.manifest import CALIBRATION_FILE
from pdp.policy.bundle import read_calibration
from pdp.snapshot import Snapshot
from pdp.types import Action, Agent, Effect, Request, Target, Verdict

NOW = 1_767_607_200.0
"""A Monday morning, so that no rule about hours has a say."""
REFUSED = -1.0


@dataclass(frozen=True, slots=True)
class Judged:
    """What a text got. ``score`` is the match's, or ``REFUSED`` where another check refused despite the score."""

    item: Item
    effect: Effect
    score: float
    seconds: float


Decide = Callable[[Request], Verdict]


def judge(item: Item, intent: ContrastIntent, held: Snapshot, encoder: Encoder) -> Judged:
    """Decide one text as the gateway would ask."""
    return judge_by(lambda request: decide_once(request, held, encoder, NOW), item, intent)


def judge_by(decide: Decide, item: Item, intent: ContrastIntent) -> Judged:
    """The same with another way to decide."""
    target, action = Target(intent.target_kind, "any"), Action(intent.actions[0], {})
    request = Request("", Agent(f"only-{intent.id}"), item.text, target, action)
    begun = time.perf_counter()
    try:
        verdict = decide(request)
    except PdpError:
        return Judged(item, Effect.DENY, REFUSED, time.perf_counter() - begun)
    seconds = time.perf_counter() - begun
    found = verdict.match
    outweighed = verdict.effect is Effect.DENY and (found is None or found.score >= found.narrow)
    return Judged(item, verdict.effect, REFUSED if outweighed or found is None else found.score, seconds)


def judge_all(intents: Sequence[ContrastIntent], encoder: Encoder, calibration: Path) -> list[Judged]:
    """Every item of every intent."""
    held = snapshot.build(bundle_of(intents, read_calibration(calibration)), encoder)
    by_id = {i.id: i for i in intents}
    every = list(items(intents))
    warm = [judge(item, by_id[item.intent], held, encoder) for item in every[:50]]
    del warm
    return [judge(i, by_id[i.intent], held, encoder) for i in track(every, "judging", console=Console(stderr=True))]


def shares(found: Sequence[Judged]) -> dict[str, float]:
    """The shares of the three answers."""
    total = max(1, len(found))
    return {e.value: round(sum(j.effect is e for j in found) / total, 4) for e in Effect}


def blind(found: Sequence[Judged]) -> float:
    """AUROC of a classifier that never reads the intent, each domain judged by one trained on the others."""
    texts: dict[bool, dict[str, list[str]]] = {True: defaultdict(list), False: defaultdict(list)}
    for j in found:
        if j.item.group in ("paraphrase", "contrast"):
            texts[j.item.within][j.item.domain].append(j.item.text)
    scores: dict[bool, list[float]] = {True: [], False: []}
    domains = sorted({*texts[True], *texts[False]})
    if len(domains) < 2:
        return float("nan")
    for apart in domains:
        known = [[t for d in domains if d != apart for t in texts[label][d]] for label in (True, False)]
        judge_text = NaiveBayes(*known)
        for label in (True, False):
            scores[label] += [judge_text.score(t) for t in texts[label][apart]]
    return auroc(scores[True], scores[False])


def report(found: Sequence[Judged]) -> dict[str, object]:
    """The figures of the module's docstring."""
    groups: dict[str, list[Judged]] = defaultdict(list)
    kinds: dict[str, list[Judged]] = defaultdict(list)
    for j in found:
        groups[j.item.group].append(j)
        if j.item.group == "contrast":
            kinds[j.item.kind].append(j)
    scores = {name: [j.score for j in members] for name, members in groups.items()}
    positive, contrast = scores.get("paraphrase", []), scores.get("contrast", [])
    at80 = threshold_for(positive, 0.80)
    return {
        "counts": {name: len(members) for name, members in groups.items()},
        "paraphrases": shares(groups["paraphrase"]),
        "contrasts": shares(groups["contrast"]),
        "contrasts_by_kind": {
            kind: {**shares(members), "count": len(members), "passed_at_80": _share([j.score >= at80 for j in members])}
            for kind, members in sorted(kinds.items())
        },
        "unrelated": shares(groups["unrelated"]),
        "siblings": shares(groups["sibling"]),
        "auroc": round(auroc(positive, contrast), 4),
        "auroc_siblings": _figure(auroc(positive, scores.get("sibling", []))),
        "auroc_blind": _figure(blind(found)),
        "contrast_allow_at_80": round(passed_at(positive, contrast, 0.80), 4),
        "contrast_allow_at_95": round(passed_at(positive, contrast, 0.95), 4),
        "p50_ms": measure.summary([j.seconds for j in found])["p50_ms"],
    }


def _figure(value: float) -> float | None:
    """Four decimals; ``None`` where there was nothing to measure."""
    return None if math.isnan(value) else round(value, 4)


def _share(answers: Sequence[bool]) -> float:
    return round(sum(answers) / max(1, len(answers)), 4)


def show(figures: Mapping[str, object], console: Console) -> None:
    """The figures for people."""
    table = Table(title="authority-contrast", title_justify="left")
    for name in ("", "texts", "allow", "narrow", "deny"):
        table.add_column(name, justify="left" if not name else "right")
    counts: Mapping[str, int] = figures["counts"]  # type: ignore[assignment]
    names = {"paraphrases": "paraphrase", "contrasts": "contrast", "unrelated": "unrelated", "siblings": "sibling"}
    for name, group in names.items():
        row: Mapping[str, float] = figures[name]  # type: ignore[assignment]
        table.add_row(name, str(counts.get(group, 0)), *(f"{row[e]:.1%}" for e in ("allow", "narrow", "deny")))
    kinds: Mapping[str, Mapping[str, float]] = figures["contrasts_by_kind"]  # type: ignore[assignment]
    for kind, row in kinds.items():
        shown = (f"{row[e]:.1%}" for e in ("allow", "narrow", "deny"))
        table.add_row(f"  {kind}", str(row["count"]), *shown)
    console.print(table)
    for key in ("auroc", "auroc_siblings", "auroc_blind", "contrast_allow_at_80", "contrast_allow_at_95", "p50_ms"):
        console.print(f"{key:22} {figures[key]}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line: 0 when measured, 1 with a message when not."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.authority_contrast", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", type=Path, required=True, help="FILE.jsonl in the authority-contrast format")
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    parser.add_argument("--model", type=Path, help="model directory (default: the one shipped)")
    parser.add_argument("--calibration", type=Path, help="calibration.json (default: the model's own)")
    parser.add_argument("--verdicts", type=Path, help="write every verdict here, one a line")
    options = parser.parse_args(arguments)
    try:
        model = options.model or default_model_directory()
        intents = read_contrasts(options.data)
        found = judge_all(intents, OnnxEncoder.load(model), options.calibration or model / CALIBRATION_FILE)
    except (DataError, PdpError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    figures = report(found)
    show(figures, Console())
    if options.out:
        document = {"data": options.data.name, **figures, "machine": measure.machine()}
        options.out.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    if options.verdicts:
        rows = (_row(j) for j in sorted(found, key=lambda j: -j.score))
        options.verdicts.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")
    return 0


def _row(judged: Judged) -> dict[str, object]:
    item = judged.item
    about = {"intent": item.intent, "group": item.group, "kind": item.kind, "text": item.text}
    return {"score": judged.score, "effect": judged.effect.value, **about}


if __name__ == "__main__":
    sys.exit(main())
