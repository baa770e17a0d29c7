"""How fast a kill is: ``python -m benchmarks.kill_latency --out R.json [--quick] [--directory DIR]``.

The real service runs with worker processes on a generated bundle. Gateways watch it, each over a connection of its own;
questions in sessions come at half of what the service answers. Then, again and again, one session, agent, instance,
principal or task is killed whose questions are under way in every worker. Load, gateways and the one who kills are
processes of the same host, on the same cores as the service; all times are of CLOCK_MONOTONIC, which they share.

The result, as JSON (milliseconds, from when ``Kill`` was sent)::

    last_watcher_ms        until the last of the gateways was told: p50, p99, max
    last_admission_ms      until the last allow or narrow for what was killed had arrived (0: none came any more)
    admitted_after_return  answers that admitted a question sent after ``Kill`` had returned; must be 0
    asked_after_return     how many such questions there were
    arrived_after_return   admissions that were asked for before and arrived after it
    kill_returned_ms       until ``Kill`` had returned: durable and recorded
    kills_with_an_admission_after_sending, kills_without_admission_before    how many kills could show anything
    to_reach, reached      the goals
    watchers, kills, workers, connections_by_worker, load, machine, load_average    where the figures come from
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import measure, serving, workload
from benchmarks.kill_figures import Asked, Killed, figures
from benchmarks.kill_load import OTHERS, Subject
from pdp.client import Client
from pdp.intent.encoder import OnnxEncoder, default_model_directory
from pdp.runtime import SessionRequest
from pdp.types import Agent, Principal

INTENTS, ACCEPT, NARROW = 10, 0.30, 0.20
AGENTS, PURPOSE = "bench-{number}", "Look up open invoices of accounts"
SCOPES = ("session", "agent", "instance", "principal", "task")
BEFORE, AFTER = 0.2, 0.2
"""Seconds of load on a subject before it is killed and after that."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure; ``seconds`` to find out what the service answers."""

    kills: int
    watchers: int
    seconds: float
    workers: int = 2


FULL = Plan(kills=60, watchers=200, seconds=2.0)
QUICK = Plan(kills=5, watchers=20, seconds=0.5)


def write_bundle(bundle: Path) -> None:
    """The bundle of the other latency benchmarks, for many agents."""
    fingerprint = OnnxEncoder.load(default_model_directory()).fingerprint
    workload.write_bundle(bundle, INTENTS, fingerprint, ACCEPT, NARROW)
    agent = {"id": AGENTS.format(number="*"), "owner": "bench@example.org", "intents": ["*"]}
    workload.dump(bundle / "agents.yaml", {"agents": [agent]})


def open_sessions(client: Client, count: int) -> list[Subject]:
    """So many sessions, which share nothing that can be killed. Raises ``RuntimeError`` when one is refused."""
    found = []
    for number in range(count):
        agent = Agent(AGENTS.format(number=number), f"run-{number}")
        principal, task = f"analyst-{number}", f"task-{number}"
        answer = client.start_session(SessionRequest(agent, PURPOSE, Principal(principal), task))
        if not answer.session_id:
            raise RuntimeError(f"no session: {answer}")
        found.append(Subject(answer.session_id, agent.id, agent.instance, principal, task))
    return found


@contextmanager
def child(module: str, address: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A process of this benchmark, which ends with the block."""
    command = [sys.executable, "-m", f"benchmarks.{module}", address, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def tell(process: subprocess.Popen[str], line: str) -> None:
    """Write one line to its standard input."""
    if process.stdin is None:
        raise RuntimeError("the process has no standard input")
    process.stdin.write(line + "\n")
    process.stdin.flush()


def heard(process: subprocess.Popen[str]) -> str:
    """The next line of its standard output. Raises ``RuntimeError`` when there is none."""
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise RuntimeError(f"a process of the benchmark ended with code {process.wait()}")
    return line


def rest(process: subprocess.Popen[str]) -> Any:
    """What it prints once its standard input has ended."""
    if process.stdin is not None:
        process.stdin.close()
    return json.loads(heard(process))


def kill(client: Client, subject: Subject, turn: int) -> Killed:
    """One kill, timed."""
    scope = SCOPES[turn % len(SCOPES)]
    value = subject.named(scope)
    sent = time.monotonic()
    receipt = client.kill(scope, value, reason="benchmark")
    returned = time.monotonic()
    return Killed(turn, scope, sent, returned, receipt.sequence, receipt.durable and receipt.audited)


def run(plan: Plan, directory: Path) -> dict[str, Any]:
    """Everything, on a service of its own."""
    bundle = directory / "bundle"
    write_bundle(bundle)
    options = ("--workers", str(plan.workers), "--watch-interval", "0", "--log-level", "warning")
    with serving.server(bundle, directory / "data", *options) as server, Client(server.address) as client:
        subjects = open_sessions(client, plan.kills + OTHERS)
        client.kill("agent", "nobody", reason="the first order opens files and threads")
        with (
            child("kill_load", server.address, "--seconds", str(plan.seconds)) as load,
            child("kill_watchers", server.address, "--watchers", str(plan.watchers)) as gateways,
        ):
            heard(gateways)
            tell(load, json.dumps([asdict(s) for s in subjects]))
            capacity = float(json.loads(heard(load))["per_second"])
            spread = connections(server.pid, int(server.address.rpartition(":")[2]))
            kills = [turn(client, load, subjects[n], n) for n in range(plan.kills)]
            asked = [Asked(*row) for row in rest(load)]
            told = [{int(s): moment for s, moment in mine.items()} for mine in rest(gateways)]
    return {
        **figures(kills, asked, told),
        "watchers": plan.watchers,
        "kills": plan.kills,
        "workers": plan.workers,
        "connections_by_worker": spread,
        "load": _load(asked, capacity),
    }


def turn(client: Client, load: subprocess.Popen[str], subject: Subject, number: int) -> Killed:
    """Load on one subject, the kill in the middle of it."""
    tell(load, str(number))
    time.sleep(BEFORE)
    killed = kill(client, subject, number)
    time.sleep(AFTER)
    return killed


def _load(asked: Sequence[Asked], capacity: float) -> dict[str, Any]:
    seconds = max(a.sent for a in asked) - min(a.sent for a in asked)
    statuses = sorted({a.status for a in asked})
    return {
        "capacity_per_second": capacity,
        "asked_per_second": round(len(asked) / seconds, 1),
        "latency": measure.summary([a.answered - a.sent for a in asked]),
        "answers": {s: sum(a.status == s for a in asked) for s in statuses},
    }


def connections(pid: int, port: int) -> list[int]:
    """Connections to ``port`` by process below ``pid`` (Linux; nothing elsewhere)."""
    # gRPC listens on IPv6 sockets also for IPv4.
    tables = [t for t in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")) if t.exists()]
    rows = [line.split() for t in tables for line in t.read_text().splitlines()[1:]]
    mine = {f"socket:[{row[9]}]" for row in rows if row[3] == "01" and int(row[1].rpartition(":")[2], 16) == port}
    found = []
    for process in measure.children(pid):
        held = [str(entry.readlink()) for entry in _descriptors(process)]
        if count := sum(name in mine for name in held):
            found.append(count)
    return sorted(found)


def _descriptors(process: int) -> list[Path]:
    return [p for p in Path(f"/proc/{process}/fd").iterdir() if p.is_symlink()]


def show(found: dict[str, Any]) -> None:
    """The figures as a table."""
    title = f"{found['kills']} kills, {found['watchers']} gateways, {found['workers']} workers, half load"
    table = Table("from Kill sent, ms", title=title, title_justify="left")
    for heading in ("p50", "p99", "max", "to reach (p99)"):
        table.add_column(heading, justify="right")
    rows = {"last_watcher_ms": "last gateway told", "last_admission_ms": "last admission arrived"}
    for key, name in {**rows, "kill_returned_ms": "Kill returned"}.items():
        goal = f"{found['to_reach']['p99_ms']:g}" if key in rows else ""
        table.add_row(name, *(f"{found[key][q]:.1f}" for q in ("p50", "p99", "max")), goal)
    Console().print(table)
    after = f"{found['admitted_after_return']} of {found['asked_after_return']}"
    Console().print(f"admitted of what was asked after Kill had returned: {after}; load {found['load']}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and write; the exit code is 1 when something was admitted after its kill had returned."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kill_latency", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--out", type=Path, required=True, help="result as JSON")
    parser.add_argument("--quick", action="store_true", help="few kills and gateways, to see that it works")
    parser.add_argument("--directory", type=Path, default=Path(), help="on which disk (default: the current directory)")
    options = parser.parse_args(arguments)
    before = os.getloadavg()
    with tempfile.TemporaryDirectory(dir=options.directory, prefix=".kill-") as temporary:
        found = run(QUICK if options.quick else FULL, Path(temporary))
    found |= {"quick": options.quick, "load_average": {"before": before[0], "after": os.getloadavg()[0]}}
    measure.write(options.out, found)
    show(found)
    return int(found["admitted_after_return"] > 0)


if __name__ == "__main__":
    sys.exit(main())
