"""Fit a bundle to its own labelled traffic: ``python -m training.retrain --bundle DIR --labels FILE``.

Labels have the format of ``pdp bundle evaluate`` (a ``kind`` beside them, if there is one, is reported). They are
split, with a fixed seed and never one text into two parts, into four: for the linear head, for the weights of the parts
of a score, for the thresholds (with the error budget of ``training.calibrate``), and a test part that nothing is fitted
on. Requests that the engine refuses for the call and not for the text (a rule, a payload, an agent) say nothing about
texts; nothing is fitted on them. What comes out is ``head.json`` and ``calibration.json``, written only when the test
part gets no worse and the budget can be kept.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from pdp import engine
from pdp.errors import PdpError
from pdp.evaluation import Evaluation, Labelled, evaluate
from pdp.evidence import Evidence
from pdp.intent.authority import risk
from pdp.intent.encoder import OnnxEncoder, default_model_directory
from pdp.intent.manifest import CALIBRATION_FILE, head_document
from pdp.intent.text import TextLimits, read
from pdp.intervals import wilson
from pdp.labelled import read_labelled
from pdp.linear import FILE
from pdp.matching import Asked, every_excess
from pdp.policy.bundle import load
from pdp.scoring import ExcessKind, Head, Risk
from pdp.snapshot import Snapshot
from pdp.types import Effect, Json
from pdp.workbench import Workbench
from training import linear
from training.budget import labels_needed
from training.calibrate import (
    ALPHAS,
    DELTA,
    LEAST_PENALTIES,
    NARROW_ALPHA,
    Outcome,
    Scored,
    calibrate,
    describe,
    fit_weights,
    rewrite,
    risk_share,
)
from training.judged_bundle import NOW, judge_labelled, open_snapshot, telling
from training.report import ReportData, write_report

SHARES = {"head": 0.45, "weights": 0.15, "thresholds": 0.2, "test": 0.2}


class Refused(Exception):
    """The outcome is not written; the message says why."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """What was fitted, in a directory of its own, and how the test part fares with it and without.

    ``own``: intents whose files give thresholds of their own, which no calibration replaces.
    """

    directory: Path
    outcomes: Mapping[Risk, Outcome]
    before: Evaluation
    after: Evaluation
    own: tuple[str, ...]


def split(cases: Sequence[Labelled], seed: int = linear.SEED) -> dict[str, list[Labelled]]:
    """The four parts, each with its share of every intent and of the denied. The same words stay in one part."""
    same: dict[str, list[Labelled]] = defaultdict(list)
    for case in cases:
        same[" ".join(case.request.utterance.casefold().split())].append(case)
    groups: dict[tuple[str, Effect], list[list[Labelled]]] = defaultdict(list)
    for alike in same.values():
        groups[alike[0].intent, alike[0].expect].append(alike)
    chance = random.Random(seed)
    parts: dict[str, list[Labelled]] = {name: [] for name in SHARES}
    for _, members in sorted(groups.items(), key=lambda g: (g[0][0], g[0][1].value)):
        chance.shuffle(members)
        start = 0.0
        for name, share in SHARES.items():
            first, start = round(start * len(members)), start + share
            parts[name] += chain.from_iterable(members[first : round(start * len(members))])
    return parts


def classes(cases: Sequence[Labelled]) -> list[str]:
    """The class of each case for the linear head: its intent, or none."""
    return [linear.NONE if c.expect is Effect.DENY else c.intent for c in cases]


def fit_bundle(
    bundle: Path, cases: Sequence[Labelled], encoder: OnnxEncoder, work: Path, alphas: Mapping[Risk, float] = ALPHAS
) -> Fitted:
    """Fit into ``work``, which gets a copy of the bundle. Raises ``Refused`` when there are too few labels."""
    parts = split(cases)
    shutil.copytree(bundle, work)
    told = {name: telling(bundle, parts[name], encoder) for name in ("head", "weights", "thresholds")}
    usable = [c for c in told["head"] if c.expect is Effect.DENY or c.intent]
    try:
        rows = linear.features((c.request.utterance for c in usable), encoder, "reading")
        head = linear.fit(rows, classes(usable), encoder.fingerprint)
    except linear.TooFewExamples as few:
        raise Refused(str(few)) from few
    _change(work, encoder=encoder.fingerprint)
    linear.write(head, work / FILE)
    held = open_snapshot(work, encoder)
    _change(work, head=head_document(fit_head(held, told["weights"], encoder)))
    judged = judge_labelled(work, told["thresholds"], encoder)
    scored = [Scored(j.asked.expect is not Effect.DENY, j.score, j.risk) for j in judged]
    demand_enough(scored, {risk(p) for p in held.profiles}, alphas)
    outcomes = calibrate(scored, alphas, NARROW_ALPHA, DELTA)
    rewrite(work, encoder.fingerprint, outcomes, alphas, DELTA)
    before, after = (_evaluate(directory, parts["test"], encoder) for directory in (bundle, work))
    return Fitted(work, outcomes, before, after, tuple(i.id for i in load(bundle).intents if i.thresholds))


def demand_enough(scored: Sequence[Scored], held: Collection[Risk], alphas: Mapping[Risk, float]) -> None:
    """Raise ``Refused`` that names every risk class of the bundle with too few labels, and how many are missing."""
    lacking = []
    for danger in sorted(held, key=lambda r: r.value):
        have = sum(not s.covered and s.risk is danger for s in scored)
        missing = labels_needed(alphas[danger], DELTA) - have
        if missing > 0:
            more = math.ceil(missing / SHARES["thresholds"])
            lacking.append(
                f"about {more} more for intents of risk {danger.value} (false allows ≤ {alphas[danger]:.1%})"
            )
    if lacking:
        each = f"of which {SHARES['thresholds']:.0%} set the thresholds"
        raise Refused(f"too few labelled requests that must be refused, {each}: label {'; '.join(lacking)}")


def fit_head(held: Snapshot, cases: Sequence[Labelled], encoder: OnnxEncoder) -> Head:
    """The weights of the parts of a score, on each case held against its intent, or against the nearest."""
    rows, labels = [], []
    columns = {i.id: at for at, i in enumerate(held.bundle.intents)}
    for case in cases:
        asked, reading = engine.admit(case.request, held), read(case.request.utterance, TextLimits())
        if not isinstance(asked, Asked) or engine.screen(asked, reading):
            continue
        evidence = Evidence(held, encoder)
        column = columns.get(case.intent, -1) if case.expect is not Effect.DENY else -1
        column = column if column >= 0 else evidence.by_nearness(reading.canonical, asked.admitted, 1)[0]
        found = evidence.candidate(reading.canonical, column)
        kinds = {e.kind for e in every_excess(asked, reading.clauses, column, evidence, held)}
        part = evidence.linear(reading.canonical, column) or 0.0
        rows.append((found.judgement.logit, found.nearness, part, *(k in kinds for k in ExcessKind)))
        labels.append(case.expect is not Effect.DENY)
    if len(set(labels)) < 2:
        raise Refused("the labels are all of one kind; both requests that may pass and some that may not are needed")
    logit, nearness, part, *costs, bias = fit_weights(
        np.array(rows, np.float64), np.array(labels), [LEAST_PENALTIES[k] for k in ExcessKind]
    )
    return Head(logit, nearness, bias, part, dict(zip(ExcessKind, costs, strict=True)))


def _change(bundle: Path, **fields: Json) -> None:
    """Replace fields of a bundle's ``calibration.json``."""
    path = bundle / CALIBRATION_FILE
    document = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(document | fields, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _evaluate(bundle: Path, cases: Sequence[Labelled], encoder: OnnxEncoder) -> Evaluation:
    held = open_snapshot(bundle, encoder, opened=False)
    return evaluate(cases, lambda request: Workbench(held, encoder).verdict(request, NOW))


def compare(before: Evaluation, after: Evaluation) -> str:
    """Why ``after`` is worse, or "": a share outside of the interval that ``before`` leaves open."""
    for name in ("false_allow", "false_deny"):
        old, new = getattr(before.overall, name), getattr(after.overall, name)
        if old.total and new.count / new.total > wilson(old.count, old.total)[1]:
            return f"{name.replace('_', ' ')} rises from {old} to {new} on the test part"
    return ""


def install(fitted: Fitted, out: Path) -> None:
    """Put the two files into ``out``, each in one step."""
    out.mkdir(parents=True, exist_ok=True)
    for name in (FILE, CALIBRATION_FILE):
        temporary = out / f"{name}.tmp"  # a name that a server which watches the bundle passes over
        shutil.copyfile(fitted.directory / name, temporary)
        temporary.replace(out / name)


def show(fitted: Fitted, console: Console) -> None:
    """Before and after on the test part, and the thresholds."""
    table = Table(title="on the test part, which nothing was fitted on", title_justify="left")
    for heading in ("", "before", "after"):
        table.add_column(heading, justify="right" if heading else "left")
    for name in ("false_allow", "false_deny", "narrow", "too_wide", "wrong_intent"):
        shares = [getattr(e.overall, name) for e in (fitted.before, fitted.after)]
        table.add_row(name.replace("_", " "), *map(str, shares))
    console.print(table)
    console.print(describe(fitted.outcomes), highlight=False)
    if fitted.own:
        console.print(f"thresholds of their own, on the scale of the scores before: {', '.join(fitted.own)}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line: 0 when written, 1 with a message when not."""
    parser = argparse.ArgumentParser(prog="python -m training.retrain", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--labels", type=Path, required=True, help="labelled requests, as for pdp bundle evaluate")
    parser.add_argument("--out", type=Path, help="where head.json and calibration.json go (default: the bundle)")
    parser.add_argument("--report", type=Path, help="write an HTML report")
    parser.add_argument("--model", type=Path, help="model directory (default: the one shipped)")
    parser.add_argument("--alpha", type=risk_share, action="append", default=[], metavar="RISK=SHARE")
    parser.add_argument("--force", action="store_true", help="write even when the test part gets worse")
    options = parser.parse_args(arguments)
    try:
        encoder = OnnxEncoder.load(options.model or default_model_directory())
        with tempfile.TemporaryDirectory() as temporary:
            cases, alphas = read_labelled(options.labels), {**ALPHAS, **dict(options.alpha)}
            fitted = fit_bundle(options.bundle, cases, encoder, Path(temporary) / "bundle", alphas)
            show(fitted, Console())
            if options.report:
                data = ReportData.of(fitted.directory, split(cases)["test"], encoder, options.labels)
                write_report(options.report, options.bundle.name, data, (fitted.before, fitted.after))
            worse = compare(fitted.before, fitted.after)
            if not worse or options.force:
                install(fitted, options.out or options.bundle)
    except (Refused, PdpError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    if worse and not options.force:
        sys.stderr.write(f"error: {worse}; nothing is written (--force writes it all the same)\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
