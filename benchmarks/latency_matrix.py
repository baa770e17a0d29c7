"""The same texts under everything that may go on beside them: ``benchmarks.decide_latency`` has the words for it.

A cell is one kind of text in one condition: decisions per second with many callers, then half of the quiet capacity of
that kind as an open loop.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import bare_model, echo, load, measure, processes, serving, workload
from benchmarks.disturbances import PURPOSE, Plan, disturbed
from pdp.client import Client
from pdp.runtime import SessionRequest
from pdp.types import Agent
from pdp.v1 import types_pb2

CALLERS = 16
SESSIONS = 64
CONDITIONS = {
    "quiet": Plan(),
    "reload": Plan(reload_every=1.0),
    "watchers": Plan(watchers=200, orders_every=1.0),
    "everything": Plan(reload_every=1.0, orders_every=1.0, sessions_every=1.0, watchers=200),
}
TEXTS = ("unseen", "repeated", "in_session", "not_admitted")
Asked = Callable[[str], Iterator[load.Question]]


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of each part: many callers, half load, and half load of what the goal for p99.9 is about."""

    busy: float
    half: float
    tail: float


def asking(address: str, thing: str, seed: int) -> Asked:
    """For a kind of text, its endless questions; no two unseen texts of one process are alike."""
    seeds = itertools.count(seed)

    def of(kind: str) -> Iterator[load.Question]:
        texts = workload.texts(thing, next(seeds))
        if kind == "repeated":
            return itertools.repeat(load.question(next(texts)))
        if kind == "in_session":
            turn = itertools.cycle(sessions(address, SESSIONS))
            return (load.question(t, session=s) for t, s in zip(texts, turn, strict=False))
        return load.questions(texts, "delete" if kind == "not_admitted" else "read")

    return of


def sessions(address: str, count: int) -> list[str]:
    """So many new sessions. Raises ``RuntimeError`` when one is refused."""
    with Client(address) as client:
        found = [client.start_session(SessionRequest(Agent(load.AGENT), PURPOSE)) for _ in range(count)]
    if not all(f.session_id for f in found):
        raise RuntimeError(f"no session: {found}")
    return [f.session_id for f in found]


def matrix(server: serving.Child, bundle: Path, asked: Asked, times: Times) -> list[dict[str, Any]]:
    """Every condition with every kind of text. Half load is of the quiet capacity, so that conditions compare."""
    capacity: dict[str, float] = {}
    cells = []
    for condition, plan in CONDITIONS.items():
        with disturbed(server.address, bundle, plan) as told:
            mine = [_cell(server, condition, kind, asked, times, capacity) for kind in TEXTS]
        cells += [{**cell, "beside": told} for cell in mine]
    return cells


def _cell(
    server: serving.Child, condition: str, kind: str, asked: Asked, times: Times, capacity: dict[str, float]
) -> dict[str, Any]:
    busy = load.closed(server.address, CALLERS, times.busy, asked(kind))
    rate = capacity.setdefault(kind, load.per_second(busy)) / 2
    seconds = times.tail if (condition, kind) == ("reload", "unseen") else times.half
    half = load.offered(server.address, [(rate, seconds)], asked(kind), seed=7)
    return {
        "condition": condition,
        "texts": kind,
        "decisions_per_second": load.per_second(busy),
        "half_load": {"rate": round(rate, 1), **measure.summary(load.times(half)), **outcomes(half)},
    }


def outcomes(found: Sequence[load.Answered]) -> dict[str, Any]:
    """How many of each effect, and of each status that is no answer."""
    names = types_pb2.Effect.Name
    effects = Counter(names(a.effect).removeprefix("EFFECT_").lower() for a in found if a.status == load.OK)
    return {"effects": dict(effects), "refused": dict(Counter(a.status for a in found if a.status != load.OK))}


def throughput(bundle: Path, data: Path, thing: str, workers: int, seconds: float) -> dict[str, Any]:
    """Per second with as many worker processes: decisions by kind of text, echoes, texts of the model alone."""
    found: dict[str, Any] = {"workers": workers}
    with serving.server(bundle, data, "--workers", str(workers), "--watch-interval", "0") as server:
        asked = asking(server.address, thing, 60)
        for kind in TEXTS:
            found[kind] = rate(server.address, (server.pid,), asked(kind), seconds)
    with ExitStack() as stack:
        first = stack.enter_context(serving.child(echo.COMMAND))
        more = [stack.enter_context(serving.child([*echo.COMMAND, first.address])) for _ in range(workers - 1)]
        pids = tuple(c.pid for c in (first, *more))
        found["echo"] = rate(first.address, pids, asked("repeated"), seconds, echo.METHOD)
    for way in bare_model.WAYS:
        found[way] = {"per_second": bare_model.throughput(way, workers, seconds)}
    return found


def rate(
    address: str, pids: Sequence[int], asked: Iterator[load.Question], seconds: float, method: str = load.DECIDE
) -> dict[str, float]:
    """Answers per second with many callers, and processor milliseconds of the server for each."""
    load.closed(address, CALLERS, 1.0, asked, method)
    before = sum(map(processes.worked_seconds, pids))
    found = load.closed(address, CALLERS, seconds, asked, method)
    worked = sum(map(processes.worked_seconds, pids)) - before
    return {"per_second": load.per_second(found), "processor_ms": round(worked / max(1, len(found)) * 1e3, 3)}
