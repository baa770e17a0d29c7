"""Thresholds with an error budget, for the shipped model or for one bundle.

``python -m training.calibrate --model DIR`` fits the head and the thresholds that come with a model, on domains of the
corpus that it was not trained on. ``python -m training.calibrate --bundle DIR --labels FILE`` sets the thresholds of
one bundle from its own labelled requests (the format of ``pdp bundle evaluate``).

False allows are at most alpha with confidence 1 - delta (``training.budget``), for each risk class of the actions; with
too few labels it refuses and says how many are missing. A calibration is bound to one encoder: another one refuses to
start with it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from pdp.errors import PdpError
from pdp.intent.encoder import OnnxEncoder, default_model_directory
from pdp.intent.manifest import CALIBRATION_FILE, head_document, read_manifest
from pdp.labelled import read_labelled
from pdp.scoring import ExcessKind, Head, Risk, Thresholds
from pdp.types import Effect
from training.budget import Chosen, TooFewLabels, choose, labels_needed, upper_bound
from training.corpus.read import CALIBRATION, read_corpus
from training.corpus_bundle import Pair, judge_families
from training.judged_bundle import allowed_in_force, judge_labelled, telling

ALPHAS: Mapping[Risk, float] = {Risk.READ: 0.03, Risk.CHANGE: 0.03, Risk.CRITICAL: 0.02}
"""Largest share of requests beyond an intent that may be allowed under it."""
NARROW_ALPHA = 0.25
"""The same for what is narrowed: a person approves it, or it reads only."""
DELTA = 0.05
LEAST_NARROW = 0.05
"""Below this nobody should be asked to approve: it is small talk and other people's business."""
RIDGE = 1.0
LEAST_PENALTIES: Mapping[ExcessKind, float] = {
    ExcessKind.VERB: 3.0,
    ExcessKind.SCOPE: 3.0,
    ExcessKind.RIGHTS: 5.0,
    ExcessKind.OUTSIDER: 5.0,
    ExcessKind.SECRET: 5.0,
    ExcessKind.PURPOSE: 5.0,
    ExcessKind.DECLINED: 5.0,
    ExcessKind.QUESTION: 0.5,
}
"""What words that show an excess cost at least, in log-odds. Chosen on the development part of authority-contrast: the
corpus, where alarming words stand as often in covered requests, would give them a third of it. A question about what
an intent changes is as often a way to ask for it."""
MOST_NEARNESS = 2.0
"""How much the index may count at most. Near wording is no authority; the corpus would give it twice as much, since in
it most of what is beyond an intent is also farther from it. Chosen on the same set."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A labelled request: whether it may pass, its folded score, and the risk of its intent."""

    covered: bool
    score: float
    risk: Risk


@dataclass(frozen=True, slots=True)
class Outcome:
    """Thresholds of a risk class, what they rest on, and how many covered requests reach them."""

    limits: Thresholds
    accept: Chosen
    narrow: Chosen
    accepted: float
    reached: float


def calibrate(
    scored: Sequence[Scored], alphas: Mapping[Risk, float], narrow: float, delta: float
) -> dict[Risk, Outcome]:
    """Thresholds for every risk class that occurs. Raises ``TooFewLabels`` naming the class."""
    found = {}
    for risk in Risk:
        of_class = [s for s in scored if s.risk is risk]
        if not of_class:
            continue
        negatives = [s.score for s in of_class if not s.covered]
        positives = [s.score for s in of_class if s.covered]
        try:
            accept = choose(negatives, alphas[risk], delta)
            lower = choose(negatives, max(narrow, alphas[risk]), delta)
        except TooFewLabels as few:
            few.add_note(
                f"risk class {risk.value}, false allows at most {alphas[risk]:.1%}, confidence {1 - delta:.0%}"
            )
            raise
        limits = Thresholds(accept.threshold, min(max(lower.threshold, LEAST_NARROW), accept.threshold))
        found[risk] = Outcome(limits, accept, lower, _share(positives, limits.accept), _share(positives, limits.narrow))
    return found


def _share(scores: Sequence[float], threshold: float) -> float:
    return sum(s >= threshold for s in scores) / len(scores) if scores else float("nan")


def fit_head(pairs: Sequence[Pair]) -> Head:
    """Logistic regression over the pair model's logit, the nearness and each kind of excess that words show.

    Refused pairs say nothing about it. Weights of model and index are not below zero, penalties not below their least.
    """
    used = [p for p in pairs if not p.refused]
    kinds = [{e.kind for e in p.excess} for p in used]
    rows = [(p.logit, p.nearness, *(k in own for k in ExcessKind)) for p, own in zip(used, kinds, strict=True)]
    labels = np.array([not p.kind for p in used])
    logit, nearness, *costs, bias = fit_weights(
        np.array(rows, np.float64), labels, [LEAST_PENALTIES[k] for k in ExcessKind]
    )
    return Head(logit, nearness, bias, penalties=dict(zip(ExcessKind, costs, strict=True)))


def fit_weights(rows: NDArray[np.float64], labels: NDArray[np.bool_], least: Sequence[float]) -> list[float]:
    """Weights of the first columns (pair model, nearness, ...), costs of the last, at least ``least``, and the bias."""
    kinds = len(least)
    parts = rows.shape[1] - kinds
    signs = np.array([1.0] * parts + [-1.0] * kinds)
    bounds = [(0.0, None), (0.0, MOST_NEARNESS), *[(0.0, None)] * (parts - 2), *((cost, None) for cost in least)]
    weights, bias = _fit(rows * signs, labels, bounds)
    return [round(float(w), 4) for w in (*weights, bias)]


def _fit(
    features: NDArray[np.float64], labels: NDArray[np.bool_], bounds: Sequence[tuple[float, float | None]]
) -> tuple[NDArray[np.float64], float]:
    """Weights within ``bounds``, and the bias: ridge-penalised logistic regression, L-BFGS-B (Byrd et al., 1995)."""
    signs = np.where(labels, 1.0, -1.0)

    def loss(x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = signs * (features @ x[:-1] + x[-1])
        pull = -signs / (1 + np.exp(np.clip(margin, -40, 40)))
        gradient = np.append(features.T @ pull + RIDGE * x[:-1], pull.sum())
        return float(np.logaddexp(0, -margin).sum() + RIDGE / 2 * (x[:-1] @ x[:-1])), gradient

    start = np.append([low for low, _ in bounds], 0.0)
    found = minimize(loss, start, jac=True, bounds=[*bounds, (None, None)])
    return found.x[:-1], float(found.x[-1])


def corpus_pairs(encoder: OnnxEncoder) -> list[Pair]:
    """Every labelled pair of the calibration domains."""
    found: list[Pair] = []
    for domain in CALIBRATION:
        families = read_corpus(domains=(domain,))
        if families:
            found += judge_families(families, encoder)
    return found


def ship(model: Path) -> dict[Risk, Outcome]:
    """Fit the head and the thresholds that come with the model in ``model``, and write both.

    Every other family fits the head; the remaining ones set the thresholds, on what no sibling covers and on
    what copies an exemplar: requests for a sibling are easier, and would make the budget look better than it is.
    """
    pairs = corpus_pairs(OnnxEncoder.load(model))
    families = sorted({(p.domain, p.family) for p in pairs})
    head = fit_head([p for p in pairs if (p.domain, p.family) in families[::2]])
    scored = [
        Scored(not p.kind, p.score(head), p.risk)
        for p in pairs
        if (p.domain, p.family) in families[1::2] and (p.orphan or not p.kind)
    ]
    # A class with too few labels gets no thresholds of its own: the strictest of the others are its default.
    rare = [r for r in Risk if sum(not s.covered and s.risk is r for s in scored) < labels_needed(ALPHAS[r], DELTA)]
    outcomes = calibrate([s for s in scored if s.risk not in rare], ALPHAS, NARROW_ALPHA, DELTA)
    if not outcomes:
        raise TooFewLabels(len(scored), labels_needed(min(ALPHAS.values()), DELTA))
    write_head(model, head)
    document = {
        "format": 1,
        "encoder": read_manifest(model).fingerprint,
        "default": _limits(strictest(outcomes)),
        "risks": {risk.value: _limits(o.limits) for risk, o in outcomes.items()},
        "intents": {},
        "counter_weight": 2.0,
        "counter_gap": 0.0,
        "notes": {"domains": list(CALIBRATION), **notes(outcomes, ALPHAS, DELTA)},
    }
    (model / CALIBRATION_FILE).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return outcomes


def write_head(model: Path, head: Head) -> None:
    """Put ``head`` into the model's manifest; its fingerprint changes with it."""
    path = model / "manifest.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    document["head"] = head_document(head)
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def rewrite(
    bundle: Path, fingerprint: str, outcomes: Mapping[Risk, Outcome], alphas: Mapping[Risk, float], delta: float
) -> None:
    """Put thresholds and encoder into the bundle's ``calibration.json``.

    Thresholds of single intents go, since they would outrank the new ones, and so does the head of another encoder.
    """
    path = bundle / CALIBRATION_FILE
    document = json.loads(path.read_text(encoding="utf-8"))
    if document.get("encoder") != fingerprint:
        document.pop("head", None)
    risks = {risk.value: _limits(o.limits) for risk, o in outcomes.items()}
    document |= {"encoder": fingerprint, "default": _limits(strictest(outcomes)), "risks": risks, "intents": {}}
    document["notes"] = document.get("notes", {}) | notes(outcomes, alphas, delta)
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def notes(outcomes: Mapping[Risk, Outcome], alphas: Mapping[Risk, float], delta: float) -> dict[str, object]:
    """How the thresholds were made, for the file."""
    return {
        "method": "learn then test, Clopper-Pearson",
        "confidence": 1 - delta,
        "classes": {
            risk.value: {
                "alpha": alphas[risk],
                "false_allows": f"{o.accept.allowed} of {o.accept.refusable}",
                "bound": round(o.accept.bound, 4),
                "narrowed_or_allowed": f"{o.narrow.allowed} of {o.narrow.refusable}",
                "covered_accepted": round(o.accepted, 3),
                "covered_reached": round(o.reached, 3),
            }
            for risk, o in outcomes.items()
        },
    }


def describe(outcomes: Mapping[Risk, Outcome]) -> str:
    """The outcome for people."""
    lines = [
        f"{'risk':9} {'accept':>7} {'narrow':>7} {'false allows':>16} {'at most':>8} {'covered: accepted, reached':>28}"
    ]
    for risk, o in outcomes.items():
        seen = f"{o.accept.allowed} of {o.accept.refusable}"
        shares = f"{o.accepted:.1%}, {o.reached:.1%}"
        lines.append(
            f"{risk.value:9} {o.limits.accept:7.3f} {o.limits.narrow:7.3f} "
            f"{seen:>16} {o.accept.bound:8.2%} {shares:>28}"
        )
    return "\n".join(lines)


def strictest(outcomes: Mapping[Risk, Outcome]) -> Thresholds:
    """The thresholds of the class that is hardest to pass: the default for a class that has none."""
    return max((o.limits for o in outcomes.values()), key=lambda limits: (limits.accept, limits.narrow))


def _limits(limits: Thresholds) -> dict[str, float]:
    return {"accept": limits.accept, "narrow": limits.narrow}


def risk_share(text: str) -> tuple[Risk, float]:
    """``critical=0.01`` as a command-line argument."""
    name, _, value = text.partition("=")
    try:
        risk, alpha = Risk(name), float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not RISK=SHARE, such as critical=0.01") from None
    if not 0 < alpha < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: the share lies between 0 and 1")
    return risk, alpha


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line: 0 when calibrated, 1 with a message when not."""
    parser = argparse.ArgumentParser(prog="python -m training.calibrate", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--model", type=Path, help="model directory; without --bundle its own calibration is made")
    parser.add_argument("--bundle", type=Path, help="bundle directory to set thresholds for")
    parser.add_argument("--labels", type=Path, help="labelled requests, as for pdp bundle evaluate")
    parser.add_argument("--alpha", type=risk_share, action="append", default=[], metavar="RISK=SHARE")
    parser.add_argument("--delta", type=float, default=DELTA, help=f"1 - confidence (default {DELTA})")
    parser.add_argument("--write", action="store_true", help="put the thresholds into the bundle's calibration.json")
    options = parser.parse_args(arguments)
    if (options.bundle is None) != (options.labels is None):
        parser.error("--bundle and --labels go together")
    model = options.model or default_model_directory()
    try:
        if options.bundle is None:
            print(describe(ship(model)))
            return 0
        alphas = {**ALPHAS, **dict(options.alpha)}
        encoder = OnnxEncoder.load(model)
        cases = telling(options.bundle, read_labelled(options.labels), encoder)
        judged = judge_labelled(options.bundle, cases, encoder)
        scored = [Scored(j.asked.expect is not Effect.DENY, j.score, j.risk) for j in judged]
        outcomes = calibrate(scored, alphas, NARROW_ALPHA, options.delta)
        print(describe(outcomes))
        limits = {risk: o.limits for risk, o in outcomes.items()}
        allowed, total = allowed_in_force(options.bundle, cases, limits, encoder)
        bound = upper_bound(allowed, total, options.delta)
        print(f"in force the engine allows {allowed} of {total} that must be refused: at most {bound:.2%}")
        if options.write and bound <= max(alphas.values()):
            rewrite(options.bundle, encoder.fingerprint, outcomes, alphas, options.delta)
        elif options.write:
            sys.stderr.write("error: that is more than the budget; nothing is written\n")
            return 1
    except (TooFewLabels, PdpError) as error:
        sys.stderr.write(f"error: {error}{''.join(f' ({n})' for n in getattr(error, '__notes__', ()))}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
