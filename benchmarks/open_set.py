"""Intent sets with texts of no intent: is the right intent found, and is what belongs nowhere kept out?

``python -m benchmarks.open_set --train F --val F --test F --shots N|all --out R.json`` (format of
../shared/data/clinc150: ``text``, ``intent``, ``oos``)

*exemplars*: N exemplars of each intent from ``--train``, nothing trained; an intent scores by the index of the engine.
*linear*: a head fitted on the same texts, and as many of no intent, by ``python -m training.linear``, as
``training.retrain`` does, scoring by its log-odds, as the engine does. *linear_against_all*, *linear_against_none*: the
same head, other intents counted against one in full, or not at all, which the engine does not do (the figures say why);
only where ``--train`` has texts of no intent. The threshold is chosen on ``--val`` (the best mean of in-scope accepted
and out-of-scope refused) and applied to ``--test``. Sets without texts of no intent give accuracy and
``wrong_intent_at_95`` only; ``--hold-out 0.2`` takes a seeded fifth of ``--train`` as the test set.

``wrong_intent_at_95``: the share of texts in scope that pass for an intent that is not theirs, where 95 % pass for
some. Authority is at stake there: the call beside a text may be admitted by another intent than the one it asks for.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks import measure
from benchmarks.statistics import auroc, passed_at
from pdp import linear
from pdp.errors import PdpError
from pdp.intent.encoder import OnnxEncoder, Readout, default_model_directory
from pdp.intent.index import ExemplarIndex
from pdp.intent.text import TextLimits, read
from pdp.types import Exemplar, Position

SEED = 20261126
HERE = Position("data", 1, 1)


@dataclass(frozen=True, slots=True)
class Text:
    """One example. ``intent`` is "" for a text of no intent."""

    text: str
    intent: str


@dataclass(frozen=True, slots=True)
class Scored:
    """The best intent for a text and how sure. ``other``: the best score of an intent that is not the wanted one."""

    wanted: str
    found: str
    score: float
    other: float = -math.inf

    @classmethod
    def best(cls, wanted: str, names: Sequence[str], scores: NDArray[np.floating]) -> Scored:
        """From the ``scores`` of all intents, by ``names``."""
        other = max((float(s) for name, s in zip(names, scores, strict=True) if name != wanted), default=-math.inf)
        return cls(wanted, names[int(scores.argmax())], float(scores.max()), other)


def read_texts(path: Path) -> list[Text]:
    """Every line of a set."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [Text(str(r["text"]), "" if r.get("oos") else str(r["intent"])) for r in rows]


def pick(texts: Sequence[Text], shots: int | None, seed: int = SEED) -> dict[str, list[str]]:
    """``shots`` texts of each intent and of none, chosen with a seed; all of them for ``None``."""
    groups: dict[str, list[str]] = defaultdict(list)
    for one in sorted(texts, key=lambda t: not t.intent):  # those of no intent last: they change no other choice
        groups[one.intent].append(one.text)
    chance = random.Random(seed)
    if shots is None:
        return dict(groups)
    return {name: chance.sample(members, min(shots, len(members))) for name, members in groups.items()}


def hold_out(texts: Sequence[Text], share: float, seed: int = SEED) -> tuple[list[Text], list[Text]]:
    """Split off a seeded share."""
    shuffled = list(texts)
    random.Random(seed).shuffle(shuffled)
    cut = round(share * len(shuffled))
    return shuffled[cut:], shuffled[:cut]


def readouts(texts: Sequence[Text], encoder: OnnxEncoder) -> list[Readout]:
    """Each text as the engine reads it."""
    canonical = [read(t.text, TextLimits()).canonical for t in texts]
    return [encoder.read(c) for c in track(canonical, "reading", console=Console(stderr=True))]


def by_exemplars(
    chosen: dict[str, list[str]], texts: Sequence[Text], rows: Sequence[Readout], encoder: OnnxEncoder
) -> list[Scored]:
    """The nearest intent of the engine's index, and how near."""
    index = ExemplarIndex.build(
        [(name, [Exemplar(t, HERE) for t in members], []) for name, members in chosen.items() if name], encoder.encode
    )
    columns = np.arange(len(index.ids), dtype=np.intp)
    near = [index.ranking(r.vector, columns) for r in rows]
    return [Scored.best(t.intent, index.ids, n) for t, n in zip(texts, near, strict=True)]


def by_head(head: linear.LinearHead, texts: Sequence[Text], rows: Sequence[Readout]) -> list[Scored]:
    """The likeliest intent of a linear head, and its odds."""
    odds = (head.log_odds(r.features) for r in rows)
    return [Scored.best(t.intent, head.intents, o) for t, o in zip(texts, odds, strict=True)]


def report(val: Sequence[Scored], test: Sequence[Scored]) -> dict[str, object]:
    """Accuracy in scope; with texts of no intent also AUROC, false accepts and what a threshold from ``val`` does."""
    inside, outside = ([s for s in test if bool(s.wanted) is kind] for kind in (True, False))
    figures: dict[str, object] = {
        "in_scope": len(inside),
        "out_of_scope": len(outside),
        "in_scope_accuracy": _share([s.found == s.wanted for s in inside]),
        "wrong_intent_at_95": round(passed_at([s.score for s in inside], [s.other for s in inside], 0.95), 4),
    }
    if outside:
        accepted, refused = ([s.score for s in part] for part in (inside, outside))
        threshold = best_threshold(val)
        figures |= {
            "auroc": round(auroc(accepted, refused), 4),
            "false_accept_at_95": round(passed_at(accepted, refused, 0.95), 4),
            "threshold": round(threshold, 4),
            "correct_and_accepted": _share([s.found == s.wanted and s.score >= threshold for s in inside]),
            "out_of_scope_accepted": _share([s.score >= threshold for s in outside]),
        }
    return figures


def best_threshold(val: Sequence[Scored]) -> float:
    """The threshold with the best mean of in-scope accepted and out-of-scope refused."""
    inside = np.array([s.score for s in val if s.wanted])
    outside = np.array([s.score for s in val if not s.wanted])
    candidates = np.unique(np.concatenate((inside, outside)))
    gains = [(inside >= c).mean() + (outside < c).mean() for c in candidates]
    return float(candidates[int(np.argmax(gains))])


def _share(answers: Sequence[bool]) -> float:
    return round(sum(answers) / max(1, len(answers)), 4)


def fit_head(train: Path, model: Path, encoder: str) -> linear.LinearHead:
    """Run ``training.linear``, which needs the ``train`` extra. Raises ``RuntimeError`` when it fails."""
    with tempfile.TemporaryDirectory() as temporary:
        out = Path(temporary) / "head.json"
        arguments = {"--texts": train, "--out": out, "--model": model}
        command = [sys.executable, "-m", "training.linear", *(str(a) for pair in arguments.items() for a in pair)]
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"training.linear failed: {done.stderr.strip()[-300:]}")
        return linear.parse(out.read_bytes(), None, encoder)


def write_texts(texts: Sequence[Text], path: Path) -> None:
    """The training part as a file of its own."""
    rows = ({"text": t.text, "intent": t.intent, "oos": not t.intent} for t in texts)
    path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")


def run(options: argparse.Namespace) -> dict[str, object]:
    """Both ways, as far as asked for."""
    model: Path = options.model or default_model_directory()
    encoder = OnnxEncoder.load(model)
    train = read_texts(options.train)
    if options.hold_out:
        train, test = hold_out(train, options.hold_out)
    else:
        test = read_texts(options.test)
    apart = options.val is not None and options.val != options.test
    val = read_texts(options.val) if apart else []
    chosen = pick(train, options.shots)
    rows = readouts([*val, *test], encoder)
    nearest = by_exemplars(chosen, [*val, *test], rows, encoder)
    found: dict[str, object] = {
        "shots": options.shots or "all",
        "intents": len(chosen) - ("" in chosen),
        "exemplars": report(nearest[: len(val)] or nearest, nearest[len(val) :]),
    }
    if not options.no_linear:
        with tempfile.TemporaryDirectory() as temporary:
            path = Path(temporary) / "train.jsonl"
            write_texts([Text(t, name) for name, members in chosen.items() for t in members], path)
            head = fit_head(path, model, encoder.fingerprint)
        heads = {"linear": head}
        if "" in chosen:
            heads |= {f"linear_against_{what}": replace(head, rivals=r) for what, r in (("all", 1.0), ("none", 0.0))}
        for name, made in heads.items():
            likeliest = by_head(made, [*val, *test], rows)
            found[name] = report(likeliest[: len(val)] or likeliest, likeliest[len(val) :])
    return found


def show(figures: dict[str, object], console: Console) -> None:
    """The figures for people."""
    table = Table(
        title=f"open set, {figures['intents']} intents, {figures['shots']} exemplars each", title_justify="left"
    )
    ways = [w for w in figures if w == "exemplars" or w.startswith("linear")]
    for heading in ("", *ways):
        table.add_column(heading.replace("_", " "), justify="right" if heading else "left")
    tables: list[dict[str, object]] = [figures[w] for w in ways]  # type: ignore[misc]
    for key in tables[0]:
        table.add_row(key.replace("_", " "), *(str(t[key]) for t in tables))
    console.print(table)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line: 0 when measured, 1 with a message when not."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.open_set", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--val", type=Path, help="where the threshold is chosen (default: the test set, said so)")
    parser.add_argument("--test", type=Path)
    parser.add_argument(
        "--hold-out", type=float, default=0.0, metavar="SHARE", help="test on a seeded share of --train"
    )
    parser.add_argument("--shots", type=lambda t: None if t == "all" else int(t), default=10, metavar="N|all")
    parser.add_argument("--no-linear", action="store_true", help="only from exemplars")
    parser.add_argument("--model", type=Path, help="model directory (default: the one shipped)")
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    options = parser.parse_args(arguments)
    if not options.hold_out and options.test is None:
        parser.error("name --test, or --hold-out SHARE")
    try:
        figures = run(options)
    except (OSError, ValueError, KeyError, RuntimeError, PdpError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    show(figures, Console())
    if options.out:
        document = {"train": options.train.name, "seed": SEED, **figures, "machine": measure.machine()}
        options.out.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
