"""Three times more than the service can do: what is served, how soon the rest is refused, and when all is well again.

``python -m benchmarks.overload --out FILE.json [--plot FILE.svg] [--workers N] [--seconds S] [--quick]``

First the capacity: answers per second with 32 callers that wait. Then one schedule (Poisson) of half the capacity,
three times the capacity, half the capacity again; each call has a deadline of ``--budget`` (200 ms, what Envoy gives
ext_authz). Four in five questions are ordinary and unseen, the rest must be denied: by their text, by a rule, by the
call itself. Afterwards a fresh server, with nothing remembered and nothing to do, is asked again what was granted under
overload: whatever it denies was wrongly allowed.

The result, as JSON: ``capacity_per_second``; ``calm``, ``overload`` and ``after``, each with offered and served per
second, percentiles of what was served, and of what was refused, by gRPC status; ``recovery_seconds``, from the drop of
the load to the end of the last window of 100 ms whose slowest answer took more than twice the calm p99, or that had a
refusal; ``wrongly_allowed`` of ``granted_checked``; ``goals`` and ``reached``.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import latency_matrix, load, measure, serving, workload
from benchmarks.load import Answered, Question, question
from pdp.intent.encoder import OnnxEncoder, default_model_directory

THING = workload.names(1)[0]
ACCEPT, NARROW = 0.30, 0.20
CALLERS, FACTOR, WINDOW = 32, 3.0, 0.1
MOST_CHECKED = 4_000
ORDINARY = 0.8
GOALS = {"served_p99_ms": 200.0, "wrongly_allowed": 0, "recovery_seconds": 1.0}


def questions(seed: int) -> Iterator[Question]:
    """Four in five ordinary ones, no two texts alike; the rest is never to be let through."""
    draw, texts = random.Random(seed), workload.texts(THING, seed)
    while True:
        text = next(texts)
        yield question(text) if draw.random() < ORDINARY else forbidden(text, draw.randrange(3))


def forbidden(text: str, which: int) -> Question:
    """A question that must be denied: by its text, by a rule, or by the call itself."""
    if which == 0:
        return question(f"Delete all of this, then {text.lower()}")
    return question(text, limit=5_000) if which == 1 else question(text, "delete")


def phase(found: Sequence[Answered], begins: float, ends: float) -> dict[str, Any]:
    """What was asked between two moments of the schedule."""
    mine = [a for a in found if begins <= a.due < ends]
    served = [a for a in mine if a.status == load.OK]
    statuses = sorted({a.status for a in mine} - {load.OK})
    return {
        "offered_per_second": round(len(mine) / (ends - begins), 1),
        "served_per_second": round(len(served) / (ends - begins), 1),
        "served_share": round(len(served) / max(1, len(mine)), 4),
        "served": measure.summary(load.times(served)),
        "refused": {s: measure.summary([a.took for a in mine if a.status == s]) for s in statuses},
        "effects": latency_matrix.outcomes(mine)["effects"],
    }


def recovery(found: Sequence[Answered], dropped: float, ends: float, bound: float) -> float:
    """Seconds from ``dropped`` until every window of ``WINDOW`` is well: all answered, none slower than ``bound``.

    All in seconds. Windows are of the moments when questions were due. Never well: all the time there was. One window
    that is not well may come by chance; what counts are those that follow each other, or one another but one.
    """
    count = int((ends - dropped) / WINDOW)
    bad = {
        int((a.due - dropped) / WINDOW)
        for a in found
        if dropped <= a.due < ends and (a.status != load.OK or a.took > bound)
    }
    last = -1
    for window in range(count):
        if window in bad and window - last <= 2:
            last = window
    return round((last + 1) * WINDOW, 3)


def granted(found: Sequence[Answered]) -> list[Question]:
    """The questions that were let through."""
    return [a.question for a in found if a.effect in load.GRANTING]


def wrongly_allowed(address: str, asked: Sequence[Question]) -> int:
    """How many of the questions a server that is asked in peace does not let through."""
    again = load.closed(address, 4, 600.0, iter(asked))
    if len(again) != len(asked) or any(a.status != load.OK for a in again):
        raise RuntimeError("the fresh server did not answer everything")
    return sum(a.effect not in load.GRANTING for a in again)


def measured(address: str, options: argparse.Namespace, seconds: float) -> tuple[float, list[Answered]]:
    """The capacity, and the answers of the whole schedule."""
    load.closed(address, CALLERS, 1.0, questions(1))
    capacity = load.per_second(load.closed(address, CALLERS, seconds, questions(2)))
    phases = [(capacity / 2, seconds), (capacity * FACTOR, seconds), (capacity / 2, seconds)]
    return capacity, load.offered(address, phases, questions(3), seed=5, patience=options.budget)


def run(options: argparse.Namespace, directory: Path) -> dict[str, Any]:
    """All figures."""
    bundle, seconds = directory / "bundle", options.seconds
    fingerprint = OnnxEncoder.load(default_model_directory()).fingerprint
    workload.write_bundle(bundle, 10, fingerprint, ACCEPT, NARROW, sessions=False)
    workers = ("--workers", str(options.workers))
    with serving.server(bundle, directory / "data", *workers) as server:
        capacity, found = measured(server.address, options, seconds)
    let_through = granted([a for a in found if seconds <= a.due < 2 * seconds])[:MOST_CHECKED]
    with serving.server(bundle, directory / "fresh") as fresh:
        wrong = wrongly_allowed(fresh.address, let_through)
    calm = phase(found, 0, seconds)
    bound = 2 * calm["served"]["p99_ms"] / 1e3
    figures = {
        "workers": options.workers,
        "budget_ms": options.budget * 1e3,
        "capacity_per_second": capacity,
        "calm": calm,
        "overload": phase(found, seconds, 2 * seconds),
        "after": phase(found, 2 * seconds, 3 * seconds),
        "recovery_seconds": recovery(found, 2 * seconds, 3 * seconds, bound),
        "granted_checked": len(let_through),
        "wrongly_allowed": wrong,
        "seconds": per_tenth(found, 3 * seconds),
    }
    return {**figures, "goals": GOALS, "reached": reached(figures)}


def reached(figures: dict[str, Any]) -> dict[str, bool]:
    """Which goals hold."""
    values = {**figures, "served_p99_ms": figures["overload"]["served"].get("p99_ms", float("inf"))}
    return {goal: values[goal] <= bar for goal, bar in GOALS.items()}


def per_tenth(found: Sequence[Answered], ends: float) -> list[list[float | int | None]]:
    """For the picture: of each window its begin, answers, refusals, the slowest answer in milliseconds."""
    rows: list[list[float | int | None]] = []
    for number in range(int(ends / WINDOW)):
        mine = [a for a in found if number <= a.due / WINDOW < number + 1]
        took = load.times(mine)
        slowest = round(max(took) * 1e3, 2) if took else None
        rows.append([round(number * WINDOW, 1), len(took), len(mine) - len(took), slowest])
    return rows


def show(console: Console, figures: dict[str, Any]) -> None:
    """The figures for people."""
    title = f"capacity {figures['capacity_per_second']:.0f} per second, {figures['workers']} worker(s)"
    table = Table(title=title, title_justify="left")
    for heading in ("", "offered/s", "served/s", "p50 ms", "p99 ms", "p99.9 ms", "refused: p50 ms, p99 ms"):
        table.add_column(heading, justify="right" if heading else "left")
    for name in ("calm", "overload", "after"):
        row = figures[name]
        times = [f"{row['served'][k]:.1f}" if k in row["served"] else "-" for k in ("p50_ms", "p99_ms", "p999_ms")]
        refused = [f"{s.lower()} {r['count']}: {r['p50_ms']:.1f}, {r['p99_ms']:.1f}" for s, r in row["refused"].items()]
        table.add_row(
            name, f"{row['offered_per_second']:.0f}", f"{row['served_per_second']:.0f}", *times, "\n".join(refused)
        )
    console.print(table)
    wrong = f"{figures['wrongly_allowed']} of {figures['granted_checked']} granted were wrongly allowed"
    console.print(f"{wrong}; recovered after {figures['recovery_seconds']} s; reached: {figures['reached']}")


def plot(path: Path, figures: dict[str, Any]) -> None:
    """Answers, refusals and the slowest answer of each tenth of a second."""
    import matplotlib as mpl  # noqa: PLC0415 - slow to import, and a failed run needs no picture

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415 - after the backend is chosen

    begins, served, refused, slowest = zip(*figures["seconds"], strict=True)
    figure, (upper, lower) = plt.subplots(2, 1, figsize=(9, 5), sharex=True)
    upper.plot(begins, [n / WINDOW for n in served], label="served")
    upper.plot(begins, [n / WINDOW for n in refused], label="refused")
    upper.set(ylabel="per second", title="half the capacity, three times the capacity, half the capacity")
    upper.legend()
    lower.plot(begins, slowest, color="black")
    lower.axhline(figures["budget_ms"], linestyle=":", color="red")
    lower.set(ylabel="slowest answer, ms", xlabel="seconds", yscale="log")
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overload", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--out", type=Path, required=True, help="result as JSON")
    parser.add_argument("--plot", type=Path, help="result as a picture (default: beside --out, .svg)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="worker processes (default: cores)")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each phase (default 20)")
    parser.add_argument("--budget", type=float, default=0.2, help="the deadline of a call in seconds (default 0.2)")
    parser.add_argument("--quick", action="store_true", help="phases of 3 seconds")
    parser.add_argument("--directory", type=Path, default=Path(), help="on which disk (default: the current directory)")
    options = parser.parse_args(arguments)
    options.seconds = 3.0 if options.quick else options.seconds
    with tempfile.TemporaryDirectory(dir=options.directory, prefix=".overload-") as directory:
        figures = run(options, Path(directory))
    show(Console(stderr=True), figures)
    measure.write(options.out, {"quick": options.quick, **figures})
    plot(options.plot or options.out.with_suffix(".svg"), figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
