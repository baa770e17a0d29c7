"""What a durable record costs: ``python -m benchmarks.audit_throughput --out R.json``.

Alone: one awaited commit of a record at concurrency 1 beside the bare append and fsync of the same bytes to a file on
the same disk, in turn, so that both see the same disk. In batches: many tasks that each await the commit of one record
after the other, in records per second, none counted before it is on disk, with the processor time of each.
``--directory`` chooses the disk; a temporary file system (often ``/tmp``) has none.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import measure
from pdp.audit.log import AuditLog
from pdp.audit.note import Signer
from pdp.audit.read import AuditReader
from pdp.audit.record import Entry, RecordKind
from pdp.types import JsonObject

# About what a decision needs to be decided again: some 550 bytes as stored.
BODY: JsonObject = {
    "action": {"name": "read", "params": {"columns": "id, total, due", "limit": 100}},
    "agent": "spiffe://example.org/agent/billing",
    "effect": "allow",
    "intents": [{"distance": 0.12, "intent": "invoices.read", "score": 0.91}],
    "reason": "allowed",
    "revision": "sha256:4b3f0c6a9d0e1f2a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f809",
    "target": {"attributes": {"schema": "billing"}, "kind": "table", "name": "invoices"},
    "utterance": "hmac-sha256:8f14e45fceea167a5a36dedd4bea2543c0ffee00c0ffee00c0ffee00c0ffee00",
}


def entries(count: int) -> list[Entry]:
    """Decisions with ids of their own, as in the service."""
    return [_entry(number) for number in range(count)]


def _entry(number: int) -> Entry:
    unique = os.urandom(16).hex()
    ids = (f"request-{unique}", f"decision-{unique}", f"trace-{unique}", f"session-{number % 50}")
    return Entry(RecordKind.DECISION, time.time(), ids, BODY)


async def alone(log: AuditLog, directory: Path, rounds: int) -> dict[str, list[float]]:
    """Seconds of each way, in turn; the first tenth is warming up."""
    found: dict[str, list[float]] = {"append and fsync": [], "audit commit": []}
    bare = os.open(directory / "bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        for entry in entries(rounds):
            stored = entry.to_bytes()
            begun = time.perf_counter()
            os.write(bare, stored)
            os.fsync(bare)
            found["append and fsync"].append(time.perf_counter() - begun)
            begun = time.perf_counter()
            await _commit(log, entry)
            found["audit commit"].append(time.perf_counter() - begun)
    finally:
        os.close(bare)
    return {name: times[rounds // 10 :] for name, times in found.items()}


async def _commit(log: AuditLog, entry: Entry) -> None:
    await log.commit(lambda transaction: transaction.append(entry))


async def batches(log: AuditLog, count: int, tasks: int) -> tuple[float, float]:
    """Durable records per second, and processor seconds of this process for each."""
    waiting = iter(entries(count))

    async def work(mine: Iterator[Entry]) -> None:
        for entry in mine:
            await _commit(log, entry)

    begun, worked = time.perf_counter(), time.process_time()
    await asyncio.gather(*(work(waiting) for _ in range(tasks)))
    return count / (time.perf_counter() - begun), (time.process_time() - worked) / count


async def run(directory: Path, options: argparse.Namespace) -> dict[str, Any]:
    """All figures."""
    with AuditLog.open(directory / "log", Signer.generate("benchmarks/audit")) as log:
        times = await alone(log, directory, options.rounds)
        found = [await batches(log, options.records, options.tasks) for _ in range(options.repeats)]
    added = [a - b for a, b in zip(times["audit commit"], times["append and fsync"], strict=True)]
    with AuditReader.open(directory / "log") as reader:
        written = reader.size()
    return {
        "record_bytes": len(_entry(0).to_bytes()),
        "records_written": written,
        "concurrency_1": {name: measure.summary(values) for name, values in times.items()},
        "added_by_audit_commit_p50_ms": round(statistics.median(added) * 1e3, 4),
        "batches": {
            "tasks": options.tasks,
            "records_per_second": [round(rate) for rate, _ in found],
            "median_records_per_second": round(statistics.median(rate for rate, _ in found)),
            "processor_us_per_record": round(statistics.median(cost for _, cost in found) * 1e6, 1),
        },
        "sqlite": sqlite3.sqlite_version,
    }


def show(figures: dict[str, Any]) -> None:
    """The figures as tables."""
    title = f"one record of {figures['record_bytes']} bytes at a time, in turn on the same disk"
    table = Table("", title=title, title_justify="left")
    for heading in ("p50 ms", "p99 ms", "max ms"):
        table.add_column(heading, justify="right")
    for name, row in figures["concurrency_1"].items():
        table.add_row(name, f"{row['p50_ms']:.3f}", f"{row['p99_ms']:.3f}", f"{row['max_ms']:.3f}")
    table.add_row("commit beyond append, paired", f"{figures['added_by_audit_commit_p50_ms']:.3f}", "", "")
    Console().print(table)
    rates = figures["batches"]
    table = Table("tasks", title="durable records per second in batches", title_justify="left")
    for heading in ("lowest", "median", "highest", "processor µs each"):
        table.add_column(heading, justify="right")
    each = rates["records_per_second"]
    shown = (min(each), rates["median_records_per_second"], max(each))
    table.add_row(str(rates["tasks"]), *(f"{n:,}" for n in shown), str(rates["processor_us_per_record"]))
    Console().print(table)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.audit_throughput", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--rounds", type=int, default=1000, help="pairs of single commits (default 1000)")
    parser.add_argument("--records", type=int, default=20_000, help="records of each run in batches (default 20000)")
    parser.add_argument("--tasks", type=int, default=512, help="how many wait at once (default 512)")
    parser.add_argument("--repeats", type=int, default=5, help="runs in batches (default 5)")
    parser.add_argument("--directory", type=Path, default=Path(), help="on which disk (default: the current directory)")
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=options.directory, prefix=".audit-") as directory:
        figures = asyncio.run(run(Path(directory), options))
    show(figures)
    if options.out:
        measure.write(options.out, figures)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
