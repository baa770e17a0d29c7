"""What a judgement costs beside the encoder alone: ``python -m benchmarks.model_latency --out R.json``.

One thread, unseen texts of about 24 tokens, paired in one run: the encoder's pass for a vector (what similarity would
cost), and the whole judgement of a text against one and against four intents, whose texts are kept as in the service.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks import measure
from pdp.intent.encoder import DESCRIPTION, EXEMPLAR, OnnxEncoder, default_model_directory

INTENT = (
    "Look up invoices of the company's own customers and answer questions about them. Nothing is changed. "
    "Target: table. Actions: read, list."
)
EXEMPLARS = (
    "Read the unpaid invoices of a customer",
    "Show me what customer 4711 still owes us",
    "Which bills of this month are overdue?",
    "List the open items of the bakery",
    "Has invoice 2210 been paid?",
    "Find out how much we billed last year",
)
TEXT = "Please look up for customer {n} which of the invoices from March and April are still open, and tell me the sum."


def run(encoder: OnnxEncoder, rounds: int) -> dict[str, list[float]]:
    """Seconds of each way, paired: every round takes the same text through all of them."""
    kept = [encoder.remember(INTENT, DESCRIPTION), *(encoder.remember(e, EXEMPLAR) for e in EXEMPLARS)]

    def judge(text: str, intents: int) -> None:
        readout = encoder.read(text)
        for _ in range(intents):
            encoder.judge(readout, np.concatenate(kept, axis=1))

    ways: dict[str, Callable[[str], object]] = {
        "encoder": lambda text: encoder.encode([text]),
        "one intent": lambda text: judge(text, 1),
        "four intents": lambda text: judge(text, 4),
    }
    found: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds):
        text = TEXT.format(n=number)
        for name, way in ways.items():
            begun = time.perf_counter()
            way(text)
            found[name].append(time.perf_counter() - begun)
    return {name: times[rounds // 10 :] for name, times in found.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.model_latency", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--rounds", type=int, default=400)
    parser.add_argument("--model", type=Path, help="model directory (default: the one shipped)")
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    options = parser.parse_args(arguments)
    encoder = OnnxEncoder.load(options.model or default_model_directory())
    figures = {name: measure.summary(times) for name, times in run(encoder, options.rounds).items()}
    base = figures["encoder"]["p50_ms"]
    table = Table(title=f"{encoder.count_tokens(TEXT.format(n=1))} tokens, one thread", title_justify="left")
    for heading in ("", "p50 ms", "p99 ms", "of the encoder"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, row in figures.items():
        table.add_row(name, f"{row['p50_ms']:.2f}", f"{row['p99_ms']:.2f}", f"{row['p50_ms'] / base:.2f}")
    Console().print(table)
    if options.out:
        ratios = {name: round(row["p50_ms"] / base, 3) for name, row in figures.items()}
        document = {"figures": figures, "of_the_encoder": ratios, "machine": measure.machine()}
        options.out.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
