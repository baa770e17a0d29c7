"""What the audit adds to a decision: ``python -m benchmarks.audit_overhead --out R.json [--directory DIR]``.

One caller asks, waits and asks again, in this process: ``Decide`` without the wire, so that nothing else is in the
figures. The same request, which the memory knows, goes in turn to decision points that differ in their ledgers only, so
that a slow moment of the machine hits all of them::

    on_disk     the audit log lies in --directory; nothing is answered before its record is on disk
    in_memory   the same log below --memory (a temporary file system): what is left of it without a disk
    unrecorded  nothing is described, committed to or written; the grant is signed as ever
    append      no decision: the record's bytes appended to a file in --directory, with fsync

The result, as JSON: the percentiles of each, ``added_p50_ms`` (paired: on_disk less unrecorded), ``of_which_p50_ms``
(``disk``: on_disk less in_memory; ``work``: in_memory less unrecorded), ``to_reach`` and ``reached``. The goal is for a
disk where one append takes 0.2 ms; ``added_p50_ms`` counts whatever disk there is.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from rich.console import Console
from rich.table import Table

from benchmarks import load, measure, workload
from pdp import ledger, trail
from pdp.administration_point import AdministrationPoint
from pdp.audit.log import AuditLog
from pdp.audit.note import Signer
from pdp.audit.prompts import Sealer
from pdp.audit.record import Entry
from pdp.audit.transaction import Transaction
from pdp.decision_point import DecisionPoint
from pdp.encoding import EncodingQueue
from pdp.grant.keys import KeyRing
from pdp.identifiers import new_id
from pdp.intent.encoder import OnnxEncoder, default_model_directory
from pdp.intent.text import TextLimits
from pdp.memory import Memory
from pdp.revocation.journal import RevocationJournal
from pdp.runtime import Caller
from pdp.snapshot import Snapshots
from pdp.types import Effect, JsonObject, Request
from pdp.wire.request import request_from_proto
from pdp.wiring import keeper

INTENTS, ACCEPT, NARROW = 10, 0.30, 0.20
TEXT = "Show the open invoices of account 4711"
GOAL_MS, GOAL_APPEND_MS = 0.6, 0.2
WAIT = 10.0
Way = Callable[[int], Awaitable[float]]


class Nothing:
    """A reader of a log without state."""

    def get(self, _space: str, _key: str) -> bytes | None:
        """None."""

    def scan(self, _space: str) -> list[tuple[str, bytes]]:
        """Empty."""
        return []


class NoTransaction(Transaction):
    """Takes everything and keeps nothing."""

    def __init__(self) -> None: ...

    def append(self, _entry: Entry) -> int:
        """The first of them all."""
        return 0

    def get(self, _space: str, _key: str) -> bytes | None:
        """None."""

    def put(self, space: str, key: str, value: bytes) -> None:
        """Forget it."""


class Unrecorded:
    """A log that answers at once."""

    async def commit(self, job: Callable[[Transaction], object], _deadline: float | None = None) -> object:
        """What ``job`` returns."""
        return job(NoTransaction())


async def uncommitted(_utterance: str, _subject: str) -> JsonObject:
    """In the place of the commitment to the utterance."""
    return {}


class Bench:
    """Decision points on one bundle that differ in their logs only."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._encoder = OnnxEncoder.load(default_model_directory())
        self._snapshots = Snapshots()
        self._encoding = EncodingQueue(1, 64)
        self._journal = RevocationJournal.open(directory / "revocations.jsonl")
        self._keys = KeyRing.open(directory / "keys", time.time())
        self.request = replace(request_from_proto(load.question(TEXT)), request_id="")

    async def begin(self) -> None:
        """Bring a generated bundle into force."""
        bundle = self._directory / "bundle"
        workload.write_bundle(bundle, INTENTS, self._encoder.fingerprint, ACCEPT, NARROW, sessions=False)
        await AdministrationPoint(self._snapshots, self._encoder, bundle, time.time, "benchmark").activate(bundle)

    def close(self) -> None:
        """End its thread and files."""
        self._encoding.close()
        self._journal.close()

    def point(self, log: ledger.Log, keep: ledger.Commit) -> DecisionPoint:
        """A decision point that records in ``log``."""
        wait, issuer = WAIT, "benchmark"
        book = ledger.Ledger(log, Nothing(), self._journal, self._keys, keep, new_id, issuer, wait)
        memory = Memory(64, TextLimits())
        return DecisionPoint(self._snapshots, self._encoder, self._encoding, time.time, new_id, memory, book)


def asking(point: DecisionPoint, request: Request) -> Way:
    """Decides one request. Raises ``RuntimeError`` where it is not allowed: a denial would cost less."""
    gateway = Caller("gateway")

    async def ask(number: int) -> float:
        asked = replace(request, request_id=f"request-{number}")
        begun = time.perf_counter()
        decision = await point.decide(asked, gateway, None)
        taken = time.perf_counter() - begun
        if decision.verdict.effect is not Effect.ALLOW or decision.permit is None:
            raise RuntimeError(f"not allowed: {decision.verdict.reasons}")
        return taken

    return ask


def undescribing(way: Way) -> Way:
    """The same, without the work of ``pdp.ledger`` that only a record needs."""

    async def ask(number: int) -> float:
        with (
            patch.object(ledger, "kept_of", lambda *_: trail.NOTHING_KEPT),
            patch.object(ledger, "decision_body", lambda *_: {}),
            patch.object(ledger, "_textual", lambda *_: {}),
        ):
            return await way(number)

    return ask


@contextmanager
def appending(directory: Path, record: bytes) -> Iterator[Way]:
    """The bare append with fsync."""
    bare = os.open(directory / "bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    async def append(_number: int) -> float:
        begun = time.perf_counter()
        os.write(bare, record)
        os.fsync(bare)
        return time.perf_counter() - begun

    try:
        yield append
    finally:
        os.close(bare)


async def measured(ways: dict[str, Way], rounds: int) -> dict[str, list[float]]:
    """Seconds of each way, in turn; the first tenth warms up."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    numbers = itertools.count()
    for _ in range(rounds):
        for name, way in ways.items():
            found[name].append(await way(next(numbers)))
    return {name: times[rounds // 10 :] for name, times in found.items()}


async def run(directory: Path, memory: Path, rounds: int) -> dict[str, Any]:
    """All figures."""
    signer = Signer.generate("benchmarks/audit")
    with ExitStack() as stack:
        bench = Bench(directory)
        stack.callback(bench.close)
        await bench.begin()
        on_disk = stack.enter_context(AuditLog.open(directory / "log", signer))
        in_memory = stack.enter_context(AuditLog.open(memory / "log", signer))
        keep = keeper(Sealer(directory), sealed=False)
        ways = {
            "on_disk": asking(bench.point(on_disk, keep), bench.request),
            "in_memory": asking(bench.point(in_memory, keep), bench.request),
            "unrecorded": undescribing(asking(bench.point(Unrecorded(), uncommitted), bench.request)),
            "append": stack.enter_context(appending(directory, b"x" * RECORD_BYTES)),
        }
        return figures(await measured(ways, rounds))


RECORD_BYTES = 1_500
"""About what the record of this decision takes."""


def figures(times: dict[str, list[float]]) -> dict[str, Any]:
    """From the seconds of each way to the result."""
    added = _paired(times, "on_disk", "unrecorded")
    append = statistics.median(times["append"]) * 1e3
    return {
        "ways": {name: measure.summary(values) for name, values in times.items()},
        "added_p50_ms": added,
        "of_which_p50_ms": {
            "disk": _paired(times, "on_disk", "in_memory"),
            "work": _paired(times, "in_memory", "unrecorded"),
        },
        "to_reach": {"added_p50_ms": GOAL_MS, "on_a_disk_of_ms": GOAL_APPEND_MS},
        "reached": added <= GOAL_MS + max(0.0, append - GOAL_APPEND_MS),
    }


def _paired(times: dict[str, list[float]], more: str, less: str) -> float:
    return round(statistics.median(a - b for a, b in zip(times[more], times[less], strict=True)) * 1e3, 4)


def show(found: dict[str, Any]) -> None:
    """The figures as a table."""
    title = "one decision at a time, in turn; milliseconds"
    table = Table("", title=title, title_justify="left")
    for heading in ("p50", "p99", "max"):
        table.add_column(heading, justify="right")
    for name, row in found["ways"].items():
        table.add_row(name.replace("_", " "), *(f"{row[q]:.3f}" for q in ("p50_ms", "p99_ms", "max_ms")))
    Console().print(table)
    parts = found["of_which_p50_ms"]
    told = f"the audit adds {found['added_p50_ms']:.3f} ms (disk {parts['disk']:.3f}, work {parts['work']:.3f})"
    Console().print(f"{told}; to reach {GOAL_MS} ms where an append takes {GOAL_APPEND_MS} ms")


def main(arguments: list[str] | None = None) -> int:
    """Run and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.audit_overhead", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--out", type=Path, required=True, help="result as JSON")
    parser.add_argument("--rounds", type=int, default=2_000, help="decisions of each kind (default 2000)")
    parser.add_argument("--directory", type=Path, default=Path(), help="on which disk (default: the current directory)")
    parser.add_argument("--memory", type=Path, default=Path("/dev/shm"), help="a temporary file system")  # noqa: S108
    options = parser.parse_args(arguments)
    with (
        tempfile.TemporaryDirectory(dir=options.directory, prefix=".audit-") as disk,
        tempfile.TemporaryDirectory(dir=options.memory, prefix="audit-") as memory,
    ):
        found = asyncio.run(run(Path(disk), Path(memory), options.rounds))
    measure.write(options.out, found)
    show(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
