"""Does it stay as it began? Half load for half an hour, with reloads, orders, watching gateways and sessions.

``python -m benchmarks.soak --out FILE.json [--plot FILE.svg] [--minutes 30] [--workers N] [--cache-size N] [--quick]``

The capacity is measured first (answers per second with 16 callers, unseen texts); half of it is offered then (Poisson),
one question in five a repeated one. Every five seconds the bundle changes and is reloaded and an order is given, every
second a whole session runs, 20 gateways watch. With a small ``--cache-size`` what is remembered of texts is full within
a minute, and whatever grows after that is something else.

The result, as JSON: ``start_seconds`` until SERVING, of the first start and of one with stored vectors; ``rate`` and
``answers``; ``minutes``, each with percentiles, effects and refusals; ``memory``, for each process its samples in MiB,
its peak and its ``growth`` (medians of the first and the last quarter, the first fifth of the run left out; ``grew``
allows for 2 % and 2 MiB); ``data_mib``, what the data directory grew to; ``beside``, what went on; ``goals`` and
``reached``. The supervisor of several workers is a process too; the goal for memory is about each of them.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import latency_matrix, load, measure, processes, serving, workload
from benchmarks.disturbances import Plan, disturbed
from benchmarks.load import Answered, Question
from pdp.intent.encoder import OnnxEncoder, default_model_directory

THING = workload.names(1)[0]
ACCEPT, NARROW = 0.30, 0.20
SAMPLE_SECONDS = 2.0
REPEATED = 0.2
BESIDE = Plan(reload_every=5.0, orders_every=5.0, sessions_every=1.0, watchers=20)
GOALS = {"start_seconds": 3.0, "peak_rss_mib": 350.0, "processes_that_grew": 0}


def questions(seed: int) -> Iterator[Question]:
    """Unseen texts, and one in five the same again."""
    draw, texts = random.Random(seed), workload.texts(THING, seed)
    again = load.question(next(texts))
    while True:
        yield again if draw.random() < REPEATED else load.question(next(texts))


@contextmanager
def sampled(pid: int) -> Iterator[list[dict[int, float]]]:
    """Resident memory of a process and all below it, every two seconds, as MiB by process id."""
    samples: list[dict[int, float]] = []
    ended = threading.Event()

    def sample() -> None:
        while not ended.wait(SAMPLE_SECONDS):
            samples.append(processes.resident_mib(pid))

    thread = threading.Thread(target=sample, name="memory", daemon=True)
    thread.start()
    try:
        yield samples
    finally:
        ended.set()
        thread.join()


def by_minute(found: Sequence[Answered]) -> list[dict[str, Any]]:
    """Percentiles, effects and refusals of each minute."""
    minutes: dict[int, list[Answered]] = {}
    for one in found:
        minutes.setdefault(int(one.due // 60), []).append(one)
    return [
        {"minute": m, **measure.summary(load.times(mine)), **latency_matrix.outcomes(mine)}
        for m, mine in sorted(minutes.items())
    ]


def memory(samples: Sequence[dict[int, float]], peaks: dict[int, float]) -> dict[str, Any]:
    """For each process its samples, its peak and its growth."""
    return {
        str(pid): {"peak_mib": peaks.get(pid, 0.0), "growth": processes.growth(mine), "samples_mib": mine}
        for pid, mine in processes.by_process(samples).items()
    }


def soak(server: serving.Child, bundle: Path, seconds: float) -> dict[str, Any]:
    """The load and what went on beside it."""
    capacity = load.per_second(load.closed(server.address, 16, min(10.0, seconds / 4), questions(1)))
    with sampled(server.pid) as samples, disturbed(server.address, bundle, BESIDE) as beside:
        found = load.offered(server.address, [(capacity / 2, seconds)], questions(2), seed=3)
    kept = memory(samples, processes.peaks_mib(server.pid))
    return {
        "capacity_per_second": capacity,
        "rate": round(capacity / 2, 1),
        "answers": measure.summary(load.times(found)),
        "minutes": by_minute(found),
        "peak_rss_mib": max((p["peak_mib"] for p in kept.values()), default=0.0),
        "processes_that_grew": sum(p["growth"]["grew"] for p in kept.values()),
        "memory": kept,
        "beside": beside,
    }


def run(directory: Path, workers: int, seconds: float, cache_size: int | None = None) -> dict[str, Any]:
    """All figures. ``cache_size``: readings and matchings that are remembered, the service's default without it."""
    bundle, data = directory / "bundle", directory / "data"
    fingerprint = OnnxEncoder.load(default_model_directory()).fingerprint
    workload.write_bundle(bundle, 10, fingerprint, ACCEPT, NARROW, sessions=False)
    flags = ["--workers", str(workers), "--watch-interval", "0"]
    flags += ["--cache-size", str(cache_size)] if cache_size is not None else []
    with serving.server(bundle, data, *flags) as first:
        started = first.start_seconds
    with serving.server(bundle, data, *flags) as server:
        figures = soak(server, bundle, seconds)
    size = sum(p.stat().st_size for p in data.rglob("*") if p.is_file())
    figures |= {"start_seconds": max(started, server.start_seconds), "data_mib": round(size / 2**20, 1)}
    reached = {goal: figures[goal] <= bar for goal, bar in GOALS.items()}
    starts = {"first": started, "with_vector_store": server.start_seconds}
    return {
        "workers": workers,
        "seconds": seconds,
        "cache_size": cache_size,
        "starts": starts,
        **figures,
        "goals": GOALS,
        "reached": reached,
    }


def show(console: Console, figures: dict[str, Any]) -> None:
    """The figures for people."""
    title = f"{figures['rate']} questions per second, half of {figures['capacity_per_second']}"
    table = Table(title=title, title_justify="left")
    for heading in ("minute", "answers", "p50 ms", "p99 ms", "p99.9 ms", "refused"):
        table.add_column(heading, justify="right")
    for row in figures["minutes"]:
        times = [f"{row[k]:.2f}" if k in row else "-" for k in ("p50_ms", "p99_ms", "p999_ms")]
        table.add_row(str(row["minute"]), str(row["count"]), *times, str(sum(row["refused"].values())))
    console.print(table)
    for pid, process in figures["memory"].items():
        growth = process["growth"]
        told = f"{growth['first_mib']} to {growth['last_mib']} MiB, peak {process['peak_mib']}"
        console.print(f"process {pid}: {told}, {'grew' if growth['grew'] else 'did not grow'}")
    console.print(f"start {figures['starts']}; data directory {figures['data_mib']} MiB; beside: {figures['beside']}")
    console.print(f"reached: {figures['reached']}")


def plot(path: Path, figures: dict[str, Any]) -> None:
    """Memory of each process, and percentiles of each minute."""
    import matplotlib as mpl  # noqa: PLC0415 - slow to import, and a failed run needs no picture

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415 - after the backend is chosen

    figure, (upper, lower) = plt.subplots(2, 1, figsize=(9, 6), sharex=True)
    for pid, process in figures["memory"].items():
        samples = process["samples_mib"]
        upper.plot([(n + 1) * SAMPLE_SECONDS / 60 for n in range(len(samples))], samples, label=f"process {pid}")
    upper.set(ylabel="resident, MiB", ylim=(0, None), title=f"{figures['rate']} questions per second")
    upper.legend()
    minutes = [row for row in figures["minutes"] if "p50_ms" in row]
    for key, label in (("p50_ms", "p50"), ("p99_ms", "p99"), ("p999_ms", "p99.9")):
        lower.plot([row["minute"] + 0.5 for row in minutes], [row[key] for row in minutes], marker=".", label=label)
    lower.set(ylabel="ms", yscale="log", xlabel="minutes")
    lower.legend()
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--out", type=Path, required=True, help="result as JSON")
    parser.add_argument("--plot", type=Path, help="result as a picture (default: beside --out, .svg)")
    parser.add_argument("--minutes", type=float, default=30.0, help="how long (default 30)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="worker processes (default: cores)")
    parser.add_argument("--cache-size", type=int, help="readings and matchings remembered (default: the service's)")
    parser.add_argument("--quick", action="store_true", help="twelve seconds: whether everything works")
    parser.add_argument("--directory", type=Path, default=Path(), help="on which disk (default: the current directory)")
    options = parser.parse_args(arguments)
    seconds = 12.0 if options.quick else 60 * options.minutes
    with tempfile.TemporaryDirectory(dir=options.directory, prefix=".soak-") as directory:
        figures = run(Path(directory), options.workers, seconds, options.cache_size)
    measure.write(options.out, {"quick": options.quick, **figures})
    show(Console(stderr=True), figures)
    plot(options.plot or options.out.with_suffix(".svg"), figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
