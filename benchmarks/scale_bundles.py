"""Bundles of different sizes, served side by side and asked in turn: the second half of ``benchmarks.scale``."""

from __future__ import annotations

import shutil
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks import decide_latency, latency_matrix, load, measure, processes, serving, workload
from benchmarks.disturbances import Plan as Beside
from benchmarks.disturbances import disturbed
from pdp.client import Client
from pdp.intent.encoder import default_model_directory
from pdp.intent.manifest import CALIBRATION_FILE
from pdp.v1 import decision_pb2

THING = workload.names(1)[0]
SHAPES = ("apart", "together")
# Encoding 70,000 texts for the first time takes minutes; so may what follows a change.
FLAGS = ("--watch-interval", "0", "--activation-limit", "900", "--administration-deadline", "900")
# What a data directory keeps of texts that the model has read.
READ = ("vectors.npy", "memories.bin")


@dataclass(frozen=True, slots=True)
class Plan:
    """Rounds × questions of each server; seconds of half load with reloads."""

    rounds: int
    per_round: int
    seconds: float


FULL = Plan(rounds=40, per_round=15, seconds=30.0)
QUICK = Plan(rounds=6, per_round=10, seconds=3.0)


def write(directory: Path, intents: int, fingerprint: str, *, together: bool = False, rules: int = 0) -> Path:
    """A generated bundle with the calibration of the shipped model. ``rules``: so many more for every request."""
    workload.write_bundle(directory, intents, fingerprint, 0.5, 0.5, sessions=False)
    shutil.copy(default_model_directory() / CALIBRATION_FILE, directory / CALIBRATION_FILE)
    # Between the thresholds a request is narrowed, not denied: else nothing would be granted, and half would go unseen.
    further: dict[str, Any] = {"narrow": {"read_only": True}}
    if together:
        further["targets"] = [{"kind": "table", "name": "*"}]
    for path in (directory / "intents").iterdir():
        intent = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
        workload.dump(path, {**intent, **further})
    if rules:
        workload.dump(directory / "rules" / "more.yaml", {"rules": [_cap(n) for n in range(rules)]})
    return directory


def _cap(number: int) -> dict[str, str]:
    return {
        "id": f"cap-{number:05}",
        "effect": "deny",
        "when": f'target.name == "table-{number}" && action.params.limit > 1000',
        "message": "At most 1,000 rows.",
    }


def compared(sizes: Sequence[int], fingerprint: str, directory: Path, plan: Plan) -> list[dict[str, Any]]:
    """Every size beside the first one, in both shapes. Nothing for fewer than two sizes."""
    rows = []
    for shape in SHAPES if len(sizes) > 1 else ():
        small = write(directory / f"{shape}-{sizes[0]}", sizes[0], fingerprint, together=shape == "together")
        for size in sizes[1:]:
            large = write(directory / f"{shape}-{size}", size, fingerprint, together=shape == "together")
            data = directory / f"data-{shape}"
            # The texts are the same in both shapes: only the first start has to encode them.
            known = _carried(directory / f"data-{SHAPES[0]}" / f"{SHAPES[0]}-{size}", data / large.name)
            rows.append({"shape": shape, "size": size, "stored": known, **_beside(small, large, data, plan)})
            shutil.rmtree(large)
    return rows


def _carried(source: Path, target: Path) -> bool:
    """Copy what the model has read to the data directory of a server that is not started yet; whether there was any."""
    target.mkdir(parents=True, exist_ok=True)
    found = [source / name for name in READ if source != target and (source / name).is_file()]
    for path in found:
        shutil.copy(path, target)
    return bool(found)


def rules_compared(sizes: Sequence[int], fingerprint: str, directory: Path, plan: Plan) -> list[dict[str, Any]]:
    """Likewise for rules that apply to every request."""
    rows = []
    small = write(directory / "rules-small", 10, fingerprint, rules=sizes[0]) if len(sizes) > 1 else directory
    for size in sizes[1:]:
        large = write(directory / f"rules-{size}", 10, fingerprint, rules=size)
        rows.append({"shape": "apart", "size": size, **_beside(small, large, directory / "data-rules", plan)})
    return rows


def _beside(small: Path, large: Path, data: Path, plan: Plan) -> dict[str, Any]:
    """The large bundle next to the small one: start, one caller in turn, half load without and with reloads."""
    with (
        serving.server(small, data / "small", *FLAGS) as base,
        serving.server(large, data / large.name, *FLAGS) as other,
    ):
        times = _in_turn((base.address, other.address), plan)
        reload_seconds = _reloaded(other.address, large)
        rate = load.per_second(load.closed(other.address, 16, 2.0, _questions(3))) / 2
        half = load.offered(other.address, [(rate, plan.seconds)], _questions(4), seed=1)
        with disturbed(other.address, large, Beside(reload_every=1.0)) as told:
            changing = load.offered(other.address, [(rate, plan.seconds)], _questions(5), seed=1)
        peak = max(processes.peaks_mib(other.pid).values(), default=0.0)
    p50 = [statistics.median(t) for t in times]
    return {
        "start_seconds": {"small": base.start_seconds, "large": other.start_seconds},
        "reload_seconds": reload_seconds,
        "small": measure.summary(times[0]),
        "large": measure.summary(times[1]),
        "p50_of_the_small": round(p50[1] / p50[0], 3),
        "half_load": {"rate": round(rate, 1), **measure.summary(load.times(half)), **latency_matrix.outcomes(half)},
        "half_load_with_reloads": {**measure.summary(load.times(changing)), **latency_matrix.outcomes(changing)},
        "beside": told,
        "peak_rss_mib": peak,
    }


def _questions(seed: int) -> Any:
    return load.questions(workload.texts(THING, seed))


def _in_turn(addresses: tuple[str, str], plan: Plan) -> tuple[list[float], list[float]]:
    calls = [decide_latency.caller(a, load.DECIDE, decision_pb2.DecideResponse) for a in addresses]
    found: tuple[list[float], list[float]] = ([], [])
    texts = workload.texts(THING, 9)
    for turn in range(plan.rounds + 1):
        asked = [load.question(next(texts)) for _ in range(plan.per_round)]
        # In changing order: whoever comes first finds the caches of the processor as the other left them.
        for call, times in list(zip(calls, found, strict=True))[:: 1 if turn % 2 else -1]:
            taken = [decide_latency.timed(call, q) for q in asked]
            times.extend(taken if turn else [])  # the first round warms up
    return found


def _reloaded(address: str, bundle: Path) -> float:
    """Seconds to bring the same files into force again, with all vectors known."""
    begun = time.perf_counter()
    with Client(address) as client:
        client.activate(str(bundle), timeout=600)
    return round(time.perf_counter() - begun, 3)
