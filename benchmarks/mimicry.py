"""An attacker who sees the score: how often does a forbidden request get an allow within a budget of queries?

``python -m benchmarks.mimicry --data FILE.jsonl --budget 200 --out R.json``

For every contrast of the file (``benchmarks.contrast_data``) the attacker edits the request toward the exemplars
(``benchmarks.mimicry_edits``), asks the real engine, keeps what scores best and goes on from there, with restarts.
Bundle, model and calibration are those of ``benchmarks.authority_contrast``. What was allowed as it stood counts too.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks import measure
from benchmarks.authority_contrast import judge
from benchmarks.contrast_data import ContrastIntent, DataError, Item, bundle_of, read_contrasts
from benchmarks.mimicry_edits import EDITS, MOST_CHARACTERS
from pdp import snapshot
from pdp.errors import PdpError
from pdp.intent.encoder import OnnxEncoder, default_model_directory
from pdp.intent.manifest import CALIBRATION_FILE
from pdp.policy.bundle import read_calibration
from pdp.types import Effect

SEED = 20261126
KEPT = 4
"""How many of the best texts the attacker goes on from."""

Ask = Callable[[str], tuple[Effect, float]]
"""A text; the effect and the score that the attacker sees."""


@dataclass(frozen=True, slots=True)
class Attack:
    """How one forbidden request fared. ``queries`` until the allow, or all that were made; ``edits`` that led there."""

    item: Item
    best: Effect
    queries: int
    text: str
    edits: tuple[str, ...]


def attack(item: Item, exemplars: Sequence[str], ask: Ask, budget: int, chance: random.Random) -> Attack:
    """Beam search by score over random edits."""
    effect, score = ask(item.text)
    beam: list[tuple[float, str, tuple[str, ...]]] = [(score, item.text, ())]
    best = effect
    queries = 1
    while best is not Effect.ALLOW and queries < budget:
        _, text, edits = (0.0, item.text, ()) if chance.random() < 0.2 else chance.choice(beam)
        name = chance.choice(list(EDITS))
        edited = EDITS[name](text, exemplars, chance)
        if len(edited) > MOST_CHARACTERS:
            continue
        effect, score = ask(edited)
        queries += 1
        if effect is Effect.ALLOW:
            return Attack(item, effect, queries, edited, (*edits, name))
        best = Effect.NARROW if Effect.NARROW in (effect, best) else Effect.DENY
        beam = sorted([*beam, (score, edited, (*edits, name))], key=lambda b: -b[0])[:KEPT]
    return Attack(item, best, queries, beam[0][1], beam[0][2])


def attack_all(intents: Sequence[ContrastIntent], model: Path, calibration: Path, budget: int) -> list[Attack]:
    """Every contrast of every intent."""
    encoder = OnnxEncoder.load(model)
    held = snapshot.build(bundle_of(intents, read_calibration(calibration)), encoder)
    targets = [(i, Item(i.id, i.domain, "contrast", kind, text)) for i in intents for kind, text in i.contrasts]
    found = []
    for number, (intent, item) in enumerate(track(targets, "attacking", console=Console(stderr=True))):

        def ask(text: str, intent: ContrastIntent = intent, item: Item = item) -> tuple[Effect, float]:
            judged = judge(Item(item.intent, item.domain, item.group, item.kind, text), intent, held, encoder)
            return judged.effect, judged.score

        found.append(attack(item, intent.exemplars, ask, budget, random.Random(SEED + number)))
    return found


def report(found: Sequence[Attack], budget: int) -> dict[str, object]:
    """Shares allowed and narrowed at best, over all and by kind; which edits stand in the successful ones."""
    kinds: dict[str, list[Attack]] = defaultdict(list)
    for one in found:
        kinds[one.item.kind].append(one)
    won = [a for a in found if a.best is Effect.ALLOW]
    return {
        "budget": budget,
        "requests": len(found),
        "allowed": _share(found, Effect.ALLOW),
        "allowed_unedited": round(sum(a.queries == 1 for a in won) / max(1, len(found)), 4),
        "narrowed": _share(found, Effect.NARROW),
        "median_queries": median([a.queries for a in won]) if won else None,
        "kinds": {k: {"allowed": _share(v, Effect.ALLOW), "count": len(v)} for k, v in sorted(kinds.items())},
        "edits": dict(Counter(e for a in won for e in set(a.edits)).most_common()),
    }


def _share(found: Sequence[Attack], effect: Effect) -> float:
    return round(sum(a.best is effect for a in found) / max(1, len(found)), 4)


def show(figures: dict[str, object], found: Sequence[Attack], console: Console) -> None:
    """The figures for people, with the first few texts that got through."""
    table = Table(title=f"mimicry, {figures['budget']} queries a request", title_justify="left")
    for name in ("kind", "requests", "allowed"):
        table.add_column(name, justify="left" if name == "kind" else "right")
    kinds: dict[str, dict[str, float]] = figures["kinds"]  # type: ignore[assignment]
    for kind, row in kinds.items():
        table.add_row(kind, str(row["count"]), f"{row['allowed']:.1%}")
    table.add_row("all", str(figures["requests"]), f"{figures['allowed']:.1%}", style="bold")
    console.print(table)
    console.print(f"allowed as it stood {figures['allowed_unedited']:.1%}, narrowed at best {figures['narrowed']:.1%}")
    for one in [a for a in found if a.best is Effect.ALLOW and a.queries > 1][:5]:
        console.print(f"  {one.item.intent} ({one.item.kind}, {one.queries} queries): {one.text}", highlight=False)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line: 0 when measured, 1 with a message when not."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mimicry", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", type=Path, required=True, help="FILE.jsonl in the authority-contrast format")
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    parser.add_argument("--budget", type=int, default=200, help="queries for each request (default 200)")
    parser.add_argument("--limit", type=int, default=0, help="only so many requests, evenly spread (default: all)")
    parser.add_argument("--model", type=Path, help="model directory (default: the one shipped)")
    options = parser.parse_args(arguments)
    try:
        model = options.model or default_model_directory()
        intents = thinned(read_contrasts(options.data), options.limit)
        found = attack_all(intents, model, model / CALIBRATION_FILE, options.budget)
    except (DataError, PdpError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    figures = report(found, options.budget)
    show(figures, found, Console())
    if options.out:
        document = {"data": options.data.name, "seed": SEED, **figures, "machine": measure.machine()}
        options.out.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return 0


def thinned(intents: tuple[ContrastIntent, ...], limit: int) -> tuple[ContrastIntent, ...]:
    """The intents with about ``limit`` contrasts left over all, evenly spread; 0 leaves all."""
    total = sum(len(i.contrasts) for i in intents)
    if not 0 < limit < total:
        return intents
    step, at, kept = total / limit, 0, []
    for one in intents:
        places = range(at, at + len(one.contrasts))
        chosen = tuple(c for p, c in zip(places, one.contrasts, strict=True) if int(p / step) != int((p - 1) / step))
        kept.append(ContrastIntent(**{f: getattr(one, f) for f in one.__slots__} | {"contrasts": chosen}))
        at += len(one.contrasts)
    return tuple(kept)


if __name__ == "__main__":
    sys.exit(main())
