"""The same requests through this PDP and its nearest peers: ``python -m benchmarks.peers --out R.json [--plot R.svg]``.

Each peer runs from its released package, in an environment of its own below ``build/peers`` (made on the first run; pip
must be able to reach the packages). All take turns in short rounds, one question at a time, in an order that moves by
one each round, so that a slow moment of the machine hits all of them. Peers that are libraries are called in their
process; the PDP is measured both ways, in the process and over gRPC with its record on the disk and its grant minted.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import repeat
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import echo, measure, peers_catalogue, peers_report, peers_rounds, peers_service, serving
from benchmarks import peers_workload as workload
from benchmarks.peers_adapters.own_service import DECIDE
from benchmarks.peers_catalogue import OURS, PEERS, ROWS, RULES, SERVED, Peer
from benchmarks.peers_environment import ROOT, Adapter, Unusable, adapter, environment, installed
from benchmarks.peers_load import Load
from benchmarks.peers_rounds import Taken
from pdp.intent.encoder import OnnxEncoder, default_model_directory
from pdp.v1 import decision_pb2

CALLERS = 16
OTHER_PEER_MS = 130.0
"""The median that agentgate-pdp 0.3.0 states for itself; its server is not released, so it cannot be measured here."""


@dataclass(frozen=True)
class Plan:
    """Rounds × questions of each row; seconds and repeats of each service with many callers."""

    rounds: int
    per_round: int
    seconds: float
    repeats: int


FULL = Plan(rounds=80, per_round=25, seconds=2.0, repeats=5)
QUICK = Plan(rounds=6, per_round=10, seconds=1.0, repeats=1)


@dataclass(frozen=True)
class Bench:
    """What is running: adapters by module, why the others are not, packages by peer, and the servers."""

    adapters: dict[str, Adapter]
    failed: dict[str, str]
    packages: dict[str, list[str]]
    echo: peers_service.Method
    decide: peers_service.Method


def _start(stack: ExitStack, directory: Path, build: Path) -> Bench:
    """Write the bundles, start servers and adapters; a peer that cannot be started is noted."""
    model = default_model_directory()
    fingerprint = OnnxEncoder.load(model).fingerprint
    bundles = {n: directory / f"bundle-{n}" for n in RULES}
    for rules, bundle in bundles.items():
        workload.write_bundle(bundle, rules, fingerprint)
    floor = stack.enter_context(serving.child([sys.executable, "-m", "benchmarks.echo"]))
    service = stack.enter_context(serving.server(bundles[SERVED], directory / "data"))
    settings = {
        "rules": RULES,
        "cap": workload.CAP,
        "model": str(model),
        "data": str(directory),
        "routes": workload.routes(),
        "labelled": workload.labelled(),
        "bundles": {str(n): str(b) for n, b in bundles.items()},
        "served": SERVED,
        "ordinary": workload.PROBES["ordinary"],
        "echo": floor.address,
        "service": service.address,
        "session": peers_service.sessions(service.address, 1)[0],
    }
    bench = Bench(
        {},
        {},
        {},
        peers_service.Method(floor.address, echo.METHOD, decision_pb2.DecideRequest),
        peers_service.Method(service.address, DECIDE, decision_pb2.DecideResponse),
    )
    for module in (OURS.module, "own_service"):
        log = build / f"{module}.log"
        bench.adapters[module] = stack.enter_context(adapter(Path(sys.executable), module, settings, log))
    for peer in PEERS:
        _add(peer, bench, stack, settings, build)
    return bench


def _add(peer: Peer, bench: Bench, stack: ExitStack, settings: Mapping[str, Any], build: Path) -> None:
    try:
        python = environment(build / peer.name, peer.pins)
        bench.packages[peer.name] = installed(python)
        log = build / f"{peer.name}.log"
        bench.adapters[peer.module] = stack.enter_context(adapter(python, peer.module, settings, log))
    except Unusable as error:
        bench.failed[peer.module] = str(error) or "no message"


def _many(plan: Plan, bench: Bench, seed: int) -> dict[str, float]:
    """Answers per second with many callers, each in a session of its own, in turns; the median of the repeats."""
    again = repeat(workload.PROBES["ordinary"])
    within = peers_service.sessions(bench.decide.address, CALLERS)
    ways = {
        "echo": (bench.echo, again),
        "unseen text": (bench.decide, workload.questions(seed)),
        "text seen before": (bench.decide, again),
    }
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(plan.repeats):
        for name, (method, questions) in ways.items():
            found[name].append(peers_service.per_second(method, questions, within, plan.seconds))
    return {name: round(median(values), 1) for name, values in found.items()}


def compare(rows: Sequence[Taken]) -> dict[str, Any]:
    """What issue 5 asks of the comparison: ratios of p50, within the same rounds."""
    by_row = {t.row: t for t in rows}
    c = peers_catalogue
    served = by_row[c.SERVED_UNSEEN]
    pairs = {
        "served, unseen / strathon 20 rules": (served, by_row[c.ruled("strathon", 20)]),
        "served, unseen / semantic-router": (served, by_row[c.ROUTED]),
        "in process, unseen / semantic-router": (by_row[c.UNSEEN], by_row[c.ROUTED]),
        **{
            f"{n} rules / {peer}": (by_row[c.ruled(c.OWN, n)], by_row[c.ruled(peer, n)])
            for n in RULES
            for peer in ("strathon", "cedarpy")
        },
    }
    p50 = measure.summary([s for r in served.rounds for s in r]).get("p50_ms", 0.0)
    return {
        "ratios_p50": {name: peers_rounds.ratio(*pair) for name, pair in pairs.items()},
        "times_faster_than_the_130_ms_peer": round(OTHER_PEER_MS / p50, 1) if p50 else None,
    }


def run(plan: Plan, build: Path) -> dict[str, Any]:
    """Everything, as the result that is written."""
    before, load = os.getloadavg(), Load.now()
    build.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=build) as directory, ExitStack() as stack:
        bench = _start(stack, Path(directory), build)
        rows = [Taken(row, bench.failed.get(row.runs_in, "")) for row in ROWS]
        peers_rounds.probe(rows, bench.adapters, workload.PROBES)
        again = workload.PROBES["ordinary"]
        peers_rounds.run(rows, bench.adapters, workload.questions(1), again, plan.rounds, plan.per_round)
        many = _many(plan, bench, 2)
    return {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "load_before": [round(x, 2) for x in before],
        "load_after": [round(x, 2) for x in os.getloadavg()],
        "cores_used_by_others": load.others_since(),
        "rounds": plan.rounds,
        "per_round": plan.per_round,
        "rows": [_row(t) for t in rows],
        **compare(rows),
        "per_second_with_16_callers": many,
        "probes": {name: question._asdict() for name, question in workload.PROBES.items()},
        "abilities": peers_catalogue.ABILITIES,
        "notes": {p.name: {"what": p.what, "pins": p.pins, **p.notes} for p in (*PEERS, OURS)},
        "packages": bench.packages,
    }


def _row(taken: Taken) -> dict[str, Any]:
    row = taken.row
    where = "service" if row.service else "process"
    head = {"peer": row.peer, "does": row.does, "where": where, "repeats": row.repeats, "abilities": row.marks()}
    return {**head, **peers_rounds.figures(taken)}


def _lines(result: Mapping[str, Any]) -> list[str]:
    """What stands below the table."""
    ratios = [f"{n}: {r['ratio']:.3g} ({r['from']:.3g} to {r['to']:.3g})" for n, r in result["ratios_p50"].items() if r]
    many = ", ".join(f"{name} {rate:,.0f}" for name, rate in result["per_second_with_16_callers"].items())
    return [
        "p50 to p50 within the same rounds (5th to 95th percentile of the rounds): " + "; ".join(ratios),
        f"times faster than the peer that states 130 ms: {result['times_faster_than_the_130_ms_peer']}",
        f"answers per second with {CALLERS} callers: {many}",
        f"load average before {result['load_before'][0]}, after {result['load_after'][0]}",
        f"cores that other programs used meanwhile: {result['cores_used_by_others']}",
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and write; the exit code is 0 whatever the figures are."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--out", type=Path, required=True, help="result as JSON")
    parser.add_argument("--plot", type=Path, help="result as a picture (default: beside --out, .svg)")
    parser.add_argument("--markdown", type=Path, help="the table, as docs/peers.md shows it")
    parser.add_argument("--quick", action="store_true", help="a minute, to see that everything runs")
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "peers", help="where environments are made")
    options = parser.parse_args(arguments)
    result = run(QUICK if options.quick else FULL, options.build)
    measure.write(options.out, {"quick": options.quick, **result})
    peers_report.plot(options.plot or options.out.with_suffix(".svg"), result["rows"])
    if options.markdown:
        options.markdown.write_text(peers_report.markdown(result["rows"]), encoding="utf-8")
    peers_report.show(result["rows"], _lines(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
