"""How fast a log is verified offline: ``python -m benchmarks.audit_verify --out R.json``.

A log of sessions whose decisions are granted, used and reported, written by the service's own writer, with bodies of
the usual size. Measured is the whole command but for deciding again: leaf hashes, tree, signatures, tiles, the index of
ids, and every cross-link. To reach: 50,000 records a second.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import measure
from pdp.audit.log import AuditLog
from pdp.audit.note import Signer
from pdp.audit.record import Entry, RecordKind
from pdp.audit.verify import verify
from pdp.types import JsonObject

GOAL = 50_000
BATCH = 256
START = 1_750_000_000.0


def entries(decisions: int) -> Iterator[Entry]:
    """One session per hundred decisions; each decision with its use and its outcome."""
    for number in range(decisions):
        session, now = f"s{number // 100}", START + number / 100
        if number % 100 == 0:
            body: JsonObject = {"event": "started", "session_id": session, "agent": "bot"}
            yield Entry(RecordKind.SESSION, now, (session,), body)
        yield Entry(RecordKind.DECISION, now, (f"d{number}", f"r{number}", session, f"g{number}"), decided(number, now))
        used: JsonObject = {"grant_id": f"g{number}", "session_id": session, "uses_left": 0, "gateway": "gw-1"}
        yield Entry(RecordKind.CONSUMPTION, now, (f"g{number}", session), used)
        yield Entry(RecordKind.OUTCOME, now, (f"d{number}", f"g{number}", session), reported(number))


def decided(number: int, now: float) -> JsonObject:
    """The body of a decision, as the service writes it."""
    session = f"s{number // 100}"
    detail: JsonObject = {
        "type": "pdp_action",
        "datatypes": ["table"],
        "identifier": "billing.invoices",
        "actions": ["read"],
        "privileges": ["read"],
        "attributes": {"database": "billing"},
        "params": {"customer": str(number)},
        "read_only": True,
        "row_limit": 50,
    }
    claims: JsonObject = {
        "iss": "pdp.example",
        "aud": "gw:pg-prod/i-3",
        "sub": "alice@example.org",
        "act": {"sub": "spiffe://example.org/agent/billing", "instance": "i-7"},
        "iat": now,
        "nbf": int(now),
        "exp": int(now) + 60,
        "jti": f"g{number}",
        "txn": f"t{number}",
        "sid": session,
        "scope": "billing-read",
        "authorization_details": [detail],
        "uses": 1,
        "rqd": "x" * 43,
        "tctx": {"decision": f"d{number}", "revision": f"sha256:{'a' * 64}"},
    }
    return {
        "decision_id": f"d{number}",
        "request_id": f"r{number}",
        "gateway": "gw-1",
        "effect": "allow",
        "request": {
            "agent": {"id": "spiffe://example.org/agent/billing", "instance": "i-7", "attributes": {"team": "finance"}},
            "principal": {"id": "alice@example.org", "attributes": {}},
            "session_id": session,
            "target": {"kind": "table", "name": "billing.invoices", "attributes": {"database": "billing"}},
            "action": {"name": "read", "params": {"customer": str(number)}},
            "payload": {"sql": {"text": f"table invoices -- of customer {number}, at most 50 rows"}},
            "context": {},
        },
        "utterance": {"commitment": "0" * 64, "salt": "1" * 64, "characters": 54},
        "matching": {"intent": "billing-read", "band": "accept", "score": 0.93, "accept": 0.8, "narrow": 0.6},
        "reasons": [
            {"code": "allowed", "rule": "", "file": "", "line": 0, "column": 0, "text": "billing-read covers it"}
        ],
        "revision": f"sha256:{'a' * 64}",
        "encoder": f"sha256:{'b' * 64}",
        "now": now,
        "grant": claims,
        "timings": {"admit": 40, "text": 90, "encode": 2900, "decide": 300, "total": 3400, "record": 210},
    }


def reported(number: int) -> JsonObject:
    """The body of an outcome."""
    return {
        "decision_id": f"d{number}",
        "grant_id": f"g{number}",
        "observed": "occurred",
        "agreement": "agree",
        "text": "",
        "request": {"target": {"kind": "table", "name": "billing.invoices"}, "action": {"name": "read"}},
        "rows": 12,
        "bytes": 800,
        "operation_digest": "2" * 64,
    }


def write(directory: Path, decisions: int) -> Signer:
    """The log, in batches as under load; the key that signed it."""
    signer = Signer.generate("pdp.example/benchmark")
    waiting: list[Entry] = []
    with AuditLog.open(directory, signer) as log:
        for entry in entries(decisions):
            waiting.append(entry)
            if len(waiting) == BATCH:
                log.commit_now(lambda txn: [txn.append(e) for e in waiting])
                waiting.clear()
        log.commit_now(lambda txn: [txn.append(e) for e in waiting])
    return signer


def run(decisions: int, rounds: int) -> dict[str, float]:
    """Records and bytes of the log; seconds and records a second of the median round, on the clock and on the CPU."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        signer = write(directory, decisions)
        times, busy = [], []
        for _ in range(rounds):
            begun, used = time.perf_counter(), time.process_time()
            report = verify(directory, (signer.verifier,))
            times.append(time.perf_counter() - begun)
            busy.append(time.process_time() - used)
            assert report.exit_code == 0, report.findings
        median, cpu = sorted(times)[rounds // 2], sorted(busy)[rounds // 2]
        return {
            "records": report.records,
            "checkpoints": report.checkpoints,
            "database_mb": round((directory / "audit.db").stat().st_size / 1e6, 1),
            "seconds": round(median, 3),
            "records_per_second": round(report.records / median),
            "records_per_cpu_second": round(report.records / cpu),
        }


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; 1 when the goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.audit_verify", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--decisions", type=int, default=20_000, help="each makes three records")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    options = parser.parse_args(arguments)
    figures = run(options.decisions, options.rounds)
    table = Table(title="offline verification, one process", title_justify="left")
    for heading in figures:
        table.add_column(heading.replace("_", " "), justify="right")
    table.add_row(*(f"{value:,}" for value in figures.values()))
    Console().print(table)
    if options.out:
        document = {**figures, "goal": GOAL, "machine": measure.machine()}
        options.out.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return 0 if figures["records_per_second"] >= GOAL else 1


if __name__ == "__main__":
    raise SystemExit(main())
