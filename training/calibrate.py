"""Suggest thresholds for bundles and bind them to the encoder: ``python -m training.calibrate BUNDLE... [--write]``.

Own requests are the utterances of a bundle's test cases that must be allowed or narrowed, scored by their intent.
Foreign ones are the exemplars of intents with other kinds of targets, from all bundles given, scored by every intent of
this one. Similarity is topic and not authority: requests that go beyond an intent lie as near to it as paraphrases do.
So the thresholds only keep other topics out, and what a request may do is decided by the other checks.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pdp.errors import PdpError
from pdp.intent.encoder import Encoder, OnnxEncoder, default_model_directory
from pdp.intent.index import ExemplarIndex
from pdp.policy.model import Bundle, Intent
from pdp.types import Effect, Thresholds

Scores = NDArray[np.float32]

FOREIGN_ACCEPTED = 0.01
FOREIGN_NARROWED = 0.05
OWN_REFUSED = 0.05
STEP = 0.01


class CalibrationError(Exception):
    """There is not enough to calibrate on; the message says what to add."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Similarities to the nearest exemplar: of a bundle's own requests to their intent, and of foreign ones to any."""

    own: Scores
    foreign: Scores


def measure(bundle: Bundle, others: Sequence[Bundle], encoder: Encoder) -> Spread:
    """Score own and foreign requests of ``bundle``. Raises ``CalibrationError`` when there are none of either."""
    intents = bundle.intents
    index = ExemplarIndex.build([(intent.id, intent.exemplars, ()) for intent in intents], encoder.encode)
    column = {intent.id: at for at, intent in enumerate(intents)}
    cases = [case for case in bundle.cases if case.expect.effect is not Effect.DENY and case.request.utterance]
    asked = [(case.request.utterance, column[case.expect.intent]) for case in cases if case.expect.intent in column]
    strangers = [
        (exemplar.text, at)
        for stranger in (intent for other in (bundle, *others) for intent in other.intents)
        for at, intent in enumerate(intents)
        if apart(stranger, intent)
        for exemplar in stranger.exemplars
    ]
    if not asked:
        raise CalibrationError(f"{bundle.name} has no test case that names the intent it is allowed by; add some")
    if not strangers:
        raise CalibrationError(f"all intents of {bundle.name} share a kind of target; give another bundle as well")
    return Spread(_scores(index, asked, encoder), _scores(index, strangers, encoder))


def apart(a: Intent, b: Intent) -> bool:
    """Whether two intents are about different kinds of targets; a pattern may mean any kind."""
    kinds = {target.kind for target in a.targets}, {target.kind for target in b.targets}
    return kinds[0].isdisjoint(kinds[1]) and not any(set("*?[") & set(kind) for kind in kinds[0] | kinds[1])


def suggest(spread: Spread) -> Thresholds:
    """Accept above 99% of foreign requests, midway to the own ones where there is room; narrow where 95% of those lie.

    Narrow never lies above accept, nor so low that more than 5% of the foreign requests lie above it.
    """
    own = _quantile(spread.own, OWN_REFUSED)
    foreign = _quantile(spread.foreign, 1 - FOREIGN_ACCEPTED)
    accept = max(foreign, (foreign + own) / 2)
    narrow = min(accept, max(own, _quantile(spread.foreign, 1 - FOREIGN_NARROWED)))
    return Thresholds(_stepped(accept), _stepped(narrow))


def rewrite(directory: Path, fingerprint: str, thresholds: Thresholds, spread: Spread) -> None:
    """Put the thresholds and the encoder they belong to into ``calibration.json``; what else it says stays."""
    path = directory / "calibration.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    notes = {"tool": "training.calibrate", "own": len(spread.own), "foreign": len(spread.foreign)}
    document |= {"encoder": fingerprint, "default": {"accept": thresholds.accept, "narrow": thresholds.narrow}}
    document["notes"] = document.get("notes", {}) | {"thresholds": notes}
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def describe(spread: Spread, thresholds: Thresholds) -> str:
    """The measurement for people: quantiles, and what the thresholds let through of either kind."""
    lines = [f"{'':8} {'n':>6} {'5%':>6} {'25%':>6} {'50%':>6} {'75%':>6} {'95%':>6} {'99%':>6}  reach narrow, accept"]
    for name, scores in (("own", spread.own), ("foreign", spread.foreign)):
        quantiles = " ".join(f"{np.quantile(scores, q):6.2f}" for q in (0.05, 0.25, 0.5, 0.75, 0.95, 0.99))
        reach = ", ".join(f"{np.mean(scores >= limit):.1%}" for limit in (thresholds.narrow, thresholds.accept))
        lines.append(f"{name:8} {len(scores):6} {quantiles}  {reach}")
    return "\n".join([*lines, f"suggested: accept {thresholds.accept:.2f}, narrow {thresholds.narrow:.2f}"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line: 0 when every bundle could be measured, 1 with a message when not."""
    # Loading bundles compiles rules; only the command needs that.
    from pdp.policy.bundle import load  # noqa: PLC0415

    parser = argparse.ArgumentParser(prog="python -m training.calibrate", description="Suggest thresholds for bundles.")
    parser.add_argument("bundles", nargs="+", type=Path, metavar="BUNDLE", help="bundle directory")
    parser.add_argument("--model", type=Path, help="model directory (default: the one that comes with pdp)")
    parser.add_argument("--write", action="store_true", help="put the result into each calibration.json")
    options = parser.parse_args(arguments)
    try:
        encoder = OnnxEncoder.load(options.model or default_model_directory())
        bundles = [load(directory) for directory in options.bundles]
        for at, (directory, bundle) in enumerate(zip(options.bundles, bundles, strict=True)):
            spread = measure(bundle, [*bundles[:at], *bundles[at + 1 :]], encoder)
            thresholds = suggest(spread)
            sys.stdout.write(f"{bundle.name}\n{describe(spread, thresholds)}\n")
            if options.write:
                rewrite(directory, encoder.fingerprint, thresholds, spread)
    except (CalibrationError, PdpError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


def _scores(index: ExemplarIndex, asked: Sequence[tuple[str, int]], encoder: Encoder) -> Scores:
    texts = list(dict.fromkeys(text for text, _ in asked))
    rows = {text: row for row, text in enumerate(texts)}
    table = index.score(encoder.encode(texts)).exemplar
    return np.array([table[rows[text], column] for text, column in asked], np.float32)


def _quantile(scores: Scores, share: float) -> float:
    return float(np.quantile(scores, share, method="higher"))


def _stepped(value: float) -> float:
    """Up to the next step, within what a threshold may be."""
    return min(1.0, max(STEP, round(math.ceil(round(value / STEP, 4)) * STEP, 2)))


if __name__ == "__main__":
    sys.exit(main())
