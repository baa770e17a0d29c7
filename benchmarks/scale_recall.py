"""What the look at a few of very many intents keeps, against looking at all: the first half of ``benchmarks.scale``."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.contrast_data import ContrastIntent, read_contrasts
from pdp.intent import cut
from pdp.intent.encoder import Encoder
from pdp.intent.grid import Columns, Vectors
from pdp.intent.index import ExemplarIndex
from pdp.matching import MOST_TRIED
from pdp.types import Exemplar, Position

ROOT = Path(__file__).parents[1]
HERE = Position("corpus", 1, 1)
REQUESTS, QUICK_REQUESTS = 3_000, 200


def kept(name: str, index: ExemplarIndex, texts: Vectors) -> dict[str, Any]:
    """Shares of the ``MOST_TRIED`` nearest that are looked at, of texts [n, d] with all in order, and of long looks."""
    every = np.arange(len(index.ids), dtype=np.intp)
    found, ordered, long = 0, 0, 0
    for text in texts:
        wanted = _first(every, index.ranking(text, every))
        looked, ranking = index.foremost(text, every, MOST_TRIED)
        found += int(np.isin(wanted, looked).sum())
        ordered += int(np.array_equal(_first(looked, ranking), wanted))
        long += looked.size > cut.FIRST_LOOK
    return {
        "of": name,
        "intents": len(every),
        "texts": len(texts),
        "nearest_kept": found / (len(texts) * min(MOST_TRIED, len(every))),
        "in_order": ordered / len(texts),
        "long_looks": round(long / len(texts), 3),
    }


def _first(columns: Columns, ranking: Vectors) -> Columns:
    return columns[np.argsort(-ranking, kind="stable")[:MOST_TRIED]]


def corpus(encoder: Encoder, requests: int) -> list[dict[str, Any]]:
    """Every intent of the corpus in one bundle, asked with ``requests`` of its requests and with every exemplar."""
    intents = _intents()
    groups: list[tuple[str, list[Exemplar], list[Exemplar]]] = [
        (i.id, [Exemplar(e, HERE) for e in i.exemplars], []) for i in intents
    ]
    index = ExemplarIndex.build(groups, encoder.encode)
    written = sorted({text for i in intents for text in i.paraphrases})
    asked = random.Random(0).sample(written, min(requests, len(written)))
    return [
        kept("corpus, requests", index, encoder.encode(asked)),
        kept("corpus, exemplars", index, np.stack(list(index.vectors_by_text().values()))),
    ]


def _intents() -> Sequence[ContrastIntent]:
    domains = ",".join(sorted(path.stem for path in (ROOT / "training" / "corpus").glob("*.txt")))
    with tempfile.TemporaryDirectory() as directory:
        out = Path(directory) / "corpus.jsonl"
        command = (sys.executable, "-m", "training.corpus.contrast", "--domains", domains, "--out", str(out))
        subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
        return read_contrasts(out)
