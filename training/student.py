"""Is half the encoder enough? ``python -m training.student --out R.json``. CPU, seeded, about ten minutes.

A student of three layers, distilled from the shipped encoder: the trunk that the pair model needs anyway (layers 1 to
3), pooled, and one linear map onto the teacher's vectors in place of layers 4 to 6. The map is the least-squares one
(ridge; Hoerl and Kennard 1970), so it is the best of its kind for these texts and needs no training run; its penalty
is chosen on the calibration domains. It would spare a decision a third of its layers: trunk 3, vector 3, pair model 3.

The figures are of domains that neither the model nor the map has seen: how near student and teacher are (cosine), how
often the nearest exemplar among all intents of a domain is one that covers the request, and the AUROC of covered
requests against those that go beyond, by nearness alone. ``ms``: teacher and student in turn, one thread.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray

from pdp.intent.encoder import OnnxEncoder, Readout, default_model_directory
from training.corpus.read import CALIBRATION, HELD_OUT, Family, read_corpus
from training.measure import auroc

SEED = 20261126
MOST_TEXTS = 12_000
PENALTIES = (0.1, 1.0, 10.0, 100.0, 1000.0)
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Read:
    """Texts of some families as the teacher reads them: ``pooled`` [n, 3 · width + 1], ``vectors`` [n, dimension]."""

    pooled: Floats
    vectors: Floats
    places: dict[str, int]


def pooled(states: NDArray[np.float32]) -> Floats:
    """Token states [1, t, width] as one row: mean, largest, first token, and a one for the intercept."""
    rows = states[0].astype(np.float64)
    return np.concatenate((rows.mean(0), rows.max(0), rows[0], (1.0,)))


def ridge(inputs: Floats, goals: Floats, penalty: float) -> Floats:
    """The map [inputs, goals] with the least squared error plus ``penalty`` times its own squares."""
    squares = inputs.T @ inputs + penalty * np.eye(inputs.shape[1])
    return np.linalg.solve(squares, inputs.T @ goals).astype(np.float64)


def unit(rows: Floats) -> Floats:
    """Rows of length one."""
    found: Floats = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return found


def texts_of(families: Sequence[Family]) -> list[str]:
    """Every exemplar and request, once."""
    found = [t for f in families for i in f.intents for t in i.exemplars]
    return list(dict.fromkeys([*found, *(r.text for f in families for r in f.requests)]))


def read(encoder: OnnxEncoder, texts: Sequence[str]) -> Read:
    """The teacher's reading of ``texts``."""
    rows: list[Readout] = []
    for at, text in enumerate(texts):
        rows.append(encoder.read(text))
        if at % 1000 == 999:
            print(f"read {at + 1} of {len(texts)}", flush=True)
    places = {t: n for n, t in enumerate(texts)}
    return Read(np.stack([pooled(r.states) for r in rows]), np.stack([r.vector for r in rows]).astype(float), places)


def judged(families: Sequence[Family], places: dict[str, int], vectors: Floats) -> dict[str, float]:
    """The figures by nearness alone: ``auroc`` over pairs of a family, ``nearest_covers`` over the domain's intents."""
    covered: list[float] = []
    beyond: list[float] = []
    right: list[bool] = []
    for domain in sorted({f.domain for f in families}):
        mine = [f for f in families if f.domain == domain]
        intents = [(f, at, [places[t] for t in i.exemplars]) for f in mine for at, i in enumerate(f.intents)]
        for family in mine:
            for request in family.requests:
                own = vectors[places[request.text]]
                near = [float((vectors[rows] @ own).max()) for _, _, rows in intents]
                for (other, at, _), value in zip(intents, near, strict=True):
                    if other is family:
                        (beyond if request.kinds[at] else covered).append(value)
                if not all(request.kinds):
                    best, at, _ = intents[int(np.argmax(near))]
                    right.append(best is family and not request.kinds[at])
    return {
        "auroc": round(auroc(np.array(covered), np.array(beyond)), 4),
        "nearest_covers": round(statistics.mean(right), 4),
    }


def timed(directory: Path, texts: Sequence[str], encoder: OnnxEncoder) -> dict[str, float]:
    """Median milliseconds of the teacher's pass and of its first three layers alone, in turn, one thread."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    took: dict[str, list[float]] = {"teacher": [], "student": []}
    with tempfile.TemporaryDirectory() as folder:
        cut = Path(folder) / "trunk.onnx"
        onnx.utils.extract_model(directory / "model.onnx", cut, ["input_ids", "attention_mask"], ["states"])
        whole = ort.InferenceSession(directory / "model.onnx", options)
        half = ort.InferenceSession(cut, options)
        wanted = {i.name for i in half.get_inputs()}
        for text in texts:
            ids = np.array([[*range(1000, 1000 + encoder.count_tokens(text))]], np.int64)
            feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
            for name, session in (("teacher", whole), ("student", half)):
                given = {k: v for k, v in feeds.items() if name == "teacher" or k in wanted}
                started = time.perf_counter()
                session.run(None, given)
                took[name].append((time.perf_counter() - started) * 1e3)
    return {name: round(statistics.median(values), 3) for name, values in took.items()}


def run(directory: Path, most: int) -> dict[str, object]:
    """All figures."""
    encoder, corpus = OnnxEncoder.load(directory), read_corpus()
    held = [f for f in corpus if f.domain in HELD_OUT]
    tuning = [f for f in corpus if f.domain in CALIBRATION]
    training = texts_of([f for f in corpus if f.domain not in {*HELD_OUT, *CALIBRATION}])
    random.Random(SEED).shuffle(training)
    seen, tuned = read(encoder, training[:most]), read(encoder, texts_of(tuning)[:most])
    maps = {p: ridge(seen.pooled, seen.vectors, p) for p in PENALTIES}
    near = {p: float((unit(tuned.pooled @ m) * tuned.vectors).sum(1).mean()) for p, m in maps.items()}
    penalty = max(near, key=lambda p: near[p])
    found = read(encoder, texts_of(held))
    student = unit(found.pooled @ maps[penalty])
    ms = timed(directory, list(found.places)[:300], encoder)
    return {
        "texts": len(seen.vectors),
        "penalty": penalty,
        "domains": sorted({f.domain for f in held}),
        "cosine_to_teacher": round(float((student * found.vectors).sum(1).mean()), 4),
        "teacher": {**judged(held, found.places, found.vectors), "ms": ms["teacher"]},
        "student": {**judged(held, found.places, student), "ms": ms["student"]},
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the trial."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=None, help="model directory (default: the one shipped)")
    parser.add_argument("--texts", type=int, default=MOST_TEXTS, help="texts to fit the map on")
    chosen = parser.parse_args(arguments)
    figures = run(chosen.model or default_model_directory(), chosen.texts)
    print(json.dumps(figures, indent=1))
    chosen.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
