"""Fit a linear head: multinomial logistic regression over what the encoder reads of a text.

``python -m training.linear --texts FILE.jsonl --out head.json`` fits it on any file of intent examples (``text``,
``intent``, ``oos``); ``training.retrain`` fits it on a bundle's labelled requests. The strength of the ridge penalty is
chosen by cross-validation. The result is plain numbers (``pdp.linear``).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from pdp.errors import PdpError
from pdp.intent.encoder import Encoder, OnnxEncoder, default_model_directory
from pdp.intent.text import TextLimits, read
from pdp.linear import LinearHead, document

NONE = ""
"""The class of texts that belong to no intent."""
STRENGTHS = (0.003, 0.01, 0.03, 0.1)
FOLDS = 3
MOST_SEARCHED = 3000
LEAST = 3
"""Examples that an intent must have to get a row."""
RIVALS = 0.03
"""How much other intents count against one, beside none of them. Chosen on three held-out fifths of CLINC150's train
part by the sum of what passes of no intent (0.7 %, 3.2 % with 1) and for a wrong one (1.4 %, 1.0 %) where 95 % pass."""
SEED = 20261126


class TooFewExamples(Exception):
    """No head can be fitted; the message says what is missing."""


def features(texts: Iterable[str], encoder: Encoder, shown: str = "") -> NDArray[np.float64]:
    """What the head reads of each canonical text, [texts, width]. ``shown`` labels a progress bar."""
    every = list(texts)
    canonical = [read(t, TextLimits()).canonical for t in every]
    bar = track(canonical, shown) if shown else canonical
    return np.stack([encoder.read(t).features for t in bar])


def fit(rows: NDArray[np.float64], classes: Sequence[str], encoder: str) -> LinearHead:
    """Fit on ``rows`` [texts, width]. Raises ``TooFewExamples`` when fewer than two classes have enough of them."""
    counts = Counter(classes)
    kept = sorted(c for c, n in counts.items() if n >= LEAST and c != NONE)
    with_none = counts[NONE] >= LEAST
    if len(kept) + with_none < 2:
        raise TooFewExamples(f"fewer than two classes have {LEAST} examples; label more requests, denied ones included")
    used = np.array([c in kept or (with_none and c == NONE) for c in classes])
    mean, scale = rows[used].mean(axis=0), np.maximum(rows[used].std(axis=0), 1e-6)
    names = [*kept, NONE] if with_none else kept
    target = np.array([names.index(c) for c in np.array(classes)[used]])
    model = _search((rows[used] - mean) / scale, target)
    weights, bias = _per_class(model, len(names))
    if not with_none:  # nothing is known of what belongs nowhere: a row that never wins
        weights, bias = np.vstack((weights, np.zeros(weights.shape[1]))), np.append(bias, bias.min() - 10)
    # Without examples of none there is nothing to weigh the rivals against.
    return LinearHead(encoder, tuple(kept), mean, scale, weights, bias, RIVALS if with_none else 1.0)


def _search(rows: NDArray[np.float64], target: NDArray[np.int64]) -> LogisticRegression:
    smallest = int(np.bincount(target).min())
    model = LogisticRegression(max_iter=300, C=STRENGTHS[1])
    if smallest < FOLDS:
        return model.fit(rows, target)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    search = GridSearchCV(model, {"C": STRENGTHS}, scoring="neg_log_loss", cv=folds, refit=False)
    # The penalty is chosen on a part: on all rows of a large set it would take most of an hour.
    part = np.random.default_rng(SEED).permutation(len(target))[:MOST_SEARCHED]
    seen = np.bincount(target[part], minlength=target.max() + 1)
    part = part if seen.min() >= FOLDS else np.arange(len(target))
    search.fit(rows[part], target[part])
    return LogisticRegression(max_iter=300, **search.best_params_).fit(rows, target)


def _per_class(model: LogisticRegression, classes: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    weights, bias = np.asarray(model.coef_, np.float64), np.asarray(model.intercept_, np.float64)
    if classes == 2:  # scikit-learn keeps one row for two classes
        return np.vstack((-weights[0], weights[0])) / 2, np.array([-bias[0], bias[0]]) / 2
    return weights, bias


def write(head: LinearHead, path: Path) -> None:
    """Replace ``path`` in one step."""
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(document(head), separators=(",", ":")) + "\n", encoding="utf-8")
    temporary.replace(path)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line: 0 when written, 1 with a message when not."""
    parser = argparse.ArgumentParser(prog="python -m training.linear", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--texts", type=Path, required=True, help="JSON Lines with text, intent and oos")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--model", type=Path, help="model directory (default: the one shipped)")
    options = parser.parse_args(arguments)
    try:
        lines = [json.loads(line) for line in options.texts.read_text(encoding="utf-8").splitlines() if line.strip()]
        classes = [NONE if row.get("oos") else str(row["intent"]) for row in lines]
        encoder = OnnxEncoder.load(options.model or default_model_directory())
        rows = features((str(row["text"]) for row in lines), encoder, "reading")
        write(fit(rows, classes, encoder.fingerprint), options.out)
    except (OSError, ValueError, KeyError, PdpError, TooFewExamples) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
