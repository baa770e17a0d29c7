"""What size costs: exemplars in the index, intents and rules in a bundle.

``python -m benchmarks.scale --out FILE.json [--plot FILE.svg] [--quick] [--exemplars N,..] [--intents N,..]``

The index by itself, in this process: 10 to 100,000 exemplars, ten an intent, as *synthetic* unit vectors around one
centre for each intent (encoding so many texts would say nothing about the index). ``one``: the request is admitted to
one intent, as where every intent has its own table; ``all``: it is admitted to every intent, and the index must find
the nearest four. ``added_us`` is beyond the smallest index. ``recall``: of very many intents only some are looked at;
how many of the four nearest are among them, of the synthetic ones and of all intents of ``training/corpus`` in one
bundle, read by the shipped model.

Whole bundles, served: 10 to 10,000 intents, each with six exemplars, a counter-exemplar and a rule, with the
calibration of the shipped model. ``apart``: each intent has its own table; ``together``: all of them admit the call.
Two servers stand side by side, the small bundle and the large one, and are asked in turn, so that p50s compare; the
large one is then reloaded each second (as often as it can be) at half load. ``stored``: the model had read the texts
before, so the start is a restart. A rule applies to its own intent;
``global_rules`` is a small bundle with so many rules for every request.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks import measure, scale_bundles, scale_recall, scale_report
from pdp.intent import cut
from pdp.intent.encoder import OnnxEncoder, default_model_directory
from pdp.intent.grid import Columns, Vectors
from pdp.intent.index import ExemplarIndex
from pdp.matching import MOST_TRIED
from pdp.types import Exemplar, Position

DIMENSION, EACH = 384, 10
EXEMPLARS = (10, 100, 1_000, 10_000, 100_000)
INTENTS = (10, 100, 1_000, 10_000)
SPREAD = 0.7
GOALS = {"index_flat_to_10000_us": 100.0, "index_added_at_100000_us": 1000.0, "large_bundle_p50": 1.3}
NOWHERE = Position("synthetic", 1, 1)


def vectors(intents: int, each: int, seed: int) -> Vectors:
    """Unit vectors around a centre for each intent, [intents × each, dimension], in the order of the intents."""
    draw = np.random.default_rng(seed)
    centres = draw.standard_normal((intents, 1, DIMENSION)).astype(np.float32)
    rows = centres + SPREAD * draw.standard_normal((intents, each, DIMENSION)).astype(np.float32)
    rows = rows.reshape(-1, DIMENSION)
    unit: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def index_of(count: int) -> tuple[ExemplarIndex, Vectors]:
    """An index of ``count`` synthetic exemplars, and texts near some of its intents, [200, dimension]."""
    each = min(EACH, count)
    rows = vectors(count // each, each, seed=count)
    known = {f"exemplar {n}": row for n, row in enumerate(rows)}
    names = list(known)
    intents: list[tuple[str, list[Exemplar], list[Exemplar]]] = [
        (f"intent-{i}", [Exemplar(t, NOWHERE) for t in names[i * each : (i + 1) * each]], [])
        for i in range(count // each)
    ]
    draw = np.random.default_rng(1)
    near = rows[draw.integers(0, len(rows), 200)] + 0.03 * draw.standard_normal((200, DIMENSION)).astype(np.float32)
    texts: Vectors = near / np.linalg.norm(near, axis=1, keepdims=True)
    return ExemplarIndex.build(intents, lambda _: rows[:0], known), texts.astype(np.float32)


def index_cost(count: int, rounds: int) -> dict[str, Any]:
    """Microseconds that one decision spends in the index, as the engine asks it."""
    begun = time.perf_counter()
    index, texts = index_of(count)
    built = time.perf_counter() - begun
    every = np.arange(len(index.ids), dtype=np.intp)
    found: dict[str, list[float]] = {"one": [], "all": []}
    for turn in range(rounds):
        text = texts[turn % len(texts)]
        for kind, columns in (("one", every[turn % len(every)][None]), ("all", every)):
            begun = time.perf_counter()
            _asked(index, text, columns)
            found[kind].append(time.perf_counter() - begun)
    times = {kind: round(statistics.median(t[rounds // 10 :]) * 1e6, 1) for kind, t in found.items()}
    return {"exemplars": count, "build_seconds": round(built, 2), "us": times}


def _asked(index: ExemplarIndex, text: Vectors, columns: Columns) -> None:
    """What matching asks: the order of the admitted intents, then the nearest one's figures."""
    first = columns[:1]
    if len(columns) > 1:
        looked, ranking = index.foremost(text, columns, MOST_TRIED)
        first = looked[np.argsort(-ranking, kind="stable")[:1]]
    index.score(text[None], first)
    index.nearest(text, int(first[0]), 6)


def indexes(sizes: Sequence[int], rounds: int) -> list[dict[str, Any]]:
    """All sizes, with what each adds to the smallest."""
    rows = [index_cost(n, rounds if n < 100_000 else max(20, rounds // 10)) for n in sizes]
    least = rows[0]["us"]
    return [{**r, "added_us": {k: round(v - least[k], 1) for k, v in r["us"].items()}} for r in rows]


def recalls(sizes: Sequence[int], encoder: OnnxEncoder, *, quick: bool) -> list[dict[str, Any]]:
    """What is kept of the nearest, wherever not all intents are looked at."""
    cuts = [n for n in sizes if n > EACH * cut.MOST_LOOKED]
    synthetic = [scale_recall.kept("synthetic", *index_of(n)) for n in cuts]
    requests = scale_recall.QUICK_REQUESTS if quick else scale_recall.REQUESTS
    return [*synthetic, *(scale_recall.corpus(encoder, requests) if cuts or quick else ())]


def measured(index: Sequence[dict[str, Any]], bundles: Sequence[dict[str, Any]]) -> dict[str, float]:
    """The goals as measured, of the harder kind; a size that was left out gives none."""
    found: dict[str, float] = {}
    flat = [max(r["added_us"].values()) for r in index if r["exemplars"] <= 10_000]
    if len(flat) > 1:
        found["index_flat_to_10000_us"] = max(flat)
    largest = [max(r["added_us"].values()) for r in index if r["exemplars"] == 100_000]
    if largest:
        found["index_added_at_100000_us"] = max(largest)
    if bundles:
        found["large_bundle_p50"] = max(b["p50_of_the_small"] for b in bundles)
    return found


def run(options: argparse.Namespace, directory: Path) -> dict[str, Any]:
    """All figures."""
    index = indexes(options.exemplars, 60 if options.quick else 400)
    encoder = OnnxEncoder.load(default_model_directory())
    recall = recalls(options.exemplars, encoder, quick=options.quick)
    plan = scale_bundles.QUICK if options.quick else scale_bundles.FULL
    bundles = scale_bundles.compared(options.intents, encoder.fingerprint, directory, plan)
    rules = scale_bundles.rules_compared(options.rules, encoder.fingerprint, directory, plan)
    found = measured(index, bundles)
    reached = {goal: value <= GOALS[goal] for goal, value in found.items()}
    return {
        "index": index,
        "recall": recall,
        "bundles": bundles,
        "global_rules": rules,
        "measured": found,
        "to_reach": GOALS,
        "reached": reached,
    }


def show(console: Console, figures: dict[str, Any]) -> None:
    """The figures for people."""
    table = Table(title="the index alone, synthetic vectors, microseconds of a decision", title_justify="left")
    for heading in ("exemplars", "one intent", "all intents", "added", "built in s"):
        table.add_column(heading, justify="right")
    for row in figures["index"]:
        added = f"{row['added_us']['one']}, {row['added_us']['all']}"
        cells = (f"{row['us']['one']}", f"{row['us']['all']}", added, f"{row['build_seconds']}")
        table.add_row(f"{row['exemplars']:,}", *cells)
    console.print(table)
    scale_report.show_recall(console, figures["recall"])
    for title, kind in (("intents", "bundles"), ("rules for every request", "global_rules")):
        scale_report.show_bundles(console, title, figures[kind])
    console.print(f"measured {figures['measured']}; to reach {figures['to_reach']}; reached {figures['reached']}")


def sizes(text: str) -> tuple[int, ...]:
    """Numbers with commas between them; empty: none."""
    return tuple(int(n) for n in text.split(",") if n)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--out", type=Path, required=True, help="result as JSON")
    parser.add_argument("--plot", type=Path, help="result as a picture (default: beside --out, .svg)")
    parser.add_argument("--exemplars", type=sizes, help="sizes of the index, smallest first")
    parser.add_argument("--intents", type=sizes, help="sizes of the bundle; the first is the small one")
    parser.add_argument("--rules", type=sizes, help="rules for every request; the first is the small number")
    parser.add_argument("--quick", action="store_true", help="up to 1,000 exemplars, 100 intents, 100 rules")
    parser.add_argument("--directory", type=Path, default=Path(), help="on which disk (default: the current directory)")
    options = parser.parse_args(arguments)
    for name, full, quick in (("exemplars", 5, 3), ("intents", 4, 2), ("rules", 3, 2)):
        every = {"exemplars": EXEMPLARS, "intents": INTENTS, "rules": (10, 100, 1_000)}[name]
        if getattr(options, name) is None:
            setattr(options, name, every[: quick if options.quick else full])
    with tempfile.TemporaryDirectory(dir=options.directory, prefix=".scale-") as directory:
        figures = run(options, Path(directory))
    measure.write(options.out, {"quick": options.quick, **figures})
    show(Console(stderr=True), figures)
    scale_report.plot(options.plot or options.out.with_suffix(".svg"), figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
