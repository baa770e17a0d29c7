"""How long ``Decide`` takes beside what it cannot do without: a gRPC echo and the bare encoder, all in one run.

``python -m benchmarks.decide_latency --out FILE.json [--plot FILE.svg] [--quick]``

The real server runs as a child process. Closed loop: one caller asks, waits, asks again; the echo, the encoder and
``Decide`` take turns in short rounds, so that a slow moment of the machine hits all of them. Open loop: requests leave
on a schedule (Poisson), whether or not earlier ones are answered, and are timed from when they should have left.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from rich.console import Console
from rich.table import Table

from benchmarks import echo, measure, serving, workload
from pdp.intent.encoder import OnnxEncoder, default_model_directory
from pdp.v1 import decision_pb2, types_pb2

DECIDE = "/pdp.v1.DecisionService/Decide"
SIZES = (10, 100, 1000)
RATES = (25, 50, 100, 150, 200, 300)
THING = workload.names(1)[0]
ACCEPT, NARROW = 0.30, 0.20


@dataclass(frozen=True)
class Plan:
    """How much to measure: rounds × requests of each kind, open-loop rates and seconds."""

    rounds: int
    per_round: int
    sizes: tuple[int, ...]
    rates: tuple[int, ...]
    seconds: float


FULL = Plan(rounds=40, per_round=25, sizes=SIZES, rates=RATES, seconds=8.0)
QUICK = Plan(rounds=16, per_round=15, sizes=(10,), rates=(50,), seconds=4.0)


def question(text: str, action: str = "read") -> decision_pb2.DecideRequest:
    """The request every measurement sends."""
    request = decision_pb2.DecideRequest(
        agent=types_pb2.Agent(id="bench"),
        utterance=text,
        target=types_pb2.Target(kind="table", name="table-0"),
        action=types_pb2.Action(name=action),
    )
    request.action.params.update({"account": "4711", "limit": 50})
    return request


Call = Callable[[decision_pb2.DecideRequest], Any]


def caller(address: str, method: str, answer: type[Any]) -> Call:
    """A synchronous unary call on a channel of its own."""
    channel = grpc.insecure_channel(address)
    return channel.unary_unary(
        method,
        request_serializer=decision_pb2.DecideRequest.SerializeToString,
        response_deserializer=answer.FromString,
    )


def timed(call: Callable[[Any], Any], argument: Any) -> float:
    """Seconds that one call takes."""
    started = time.perf_counter()
    call(argument)
    return time.perf_counter() - started


def closed_loop(
    plan: Plan, echo_call: Call, decide: Call, encoder: OnnxEncoder, fresh: Iterator[str]
) -> dict[str, list[float]]:
    """Rounds of echo, encoder, unseen, repeated and not-admitted requests, one at a time. Values in seconds."""
    times: dict[str, list[float]] = {k: [] for k in ("echo", "encoder", "unseen", "repeated", "not_admitted")}
    repeated = question(next(fresh))
    decide(repeated)
    for _ in range(plan.rounds):
        texts = [next(fresh) for _ in range(plan.per_round)]
        times["echo"] += [timed(echo_call, question(t)) for t in texts]
        times["encoder"] += [timed(encoder.encode, [t]) for t in texts]
        times["unseen"] += [timed(decide, question(t)) for t in texts]
        times["repeated"] += [timed(decide, repeated) for _ in texts]
        times["not_admitted"] += [timed(decide, question(t, "delete")) for t in texts]
    return times


def stages(decide: Call, fresh: Iterator[str], count: int) -> dict[str, float]:
    """Median microseconds per stage of unseen requests, as the server reports them."""
    taken = [decide(question(next(fresh))).timings for _ in range(count)]
    return {s: statistics.median(getattr(t, s) for t in taken) for s in ("admit", "text", "encode", "decide", "total")}


async def open_loop(address: str, rate: int, seconds: float, texts: Iterator[str], seed: int) -> dict[str, Any]:
    """Poisson arrivals at ``rate`` per second for ``seconds``; latency counts from the scheduled moment."""
    draw = random.Random(seed)
    taken: list[float] = []
    refused: list[str] = []
    async with grpc.aio.insecure_channel(address) as channel:
        decide = channel.unary_unary(
            DECIDE,
            request_serializer=decision_pb2.DecideRequest.SerializeToString,
            response_deserializer=decision_pb2.DecideResponse.FromString,
        )

        async def one(message: decision_pb2.DecideRequest, due: float) -> None:
            try:
                await decide(message, timeout=5.0)
            except grpc.aio.AioRpcError as error:
                refused.append(error.code().name)
                return
            taken.append(loop.time() - due)

        loop = asyncio.get_running_loop()
        await decide(question(next(texts)))
        started = loop.time()
        due, tasks = started, []
        while due < started + seconds:
            await asyncio.sleep(max(0.0, due - loop.time()))
            tasks.append(asyncio.create_task(one(question(next(texts)), due)))
            due += draw.expovariate(rate)
        await asyncio.gather(*tasks)
    return {
        "rate": rate,
        **measure.summary(taken),
        "refused": len(refused),
        "answered_per_second": round(len(taken) / seconds, 1),
    }


def measure_size(plan: Plan, intents: int, encoder: OnnxEncoder, echo_call: Call, directory: Path) -> dict[str, Any]:
    """Everything for one size of bundle."""
    bundle = directory / f"bundle-{intents}"
    workload.write_bundle(bundle, intents, encoder.fingerprint, ACCEPT, NARROW)
    fresh = workload.texts(THING, seed=intents)
    with serving.server(bundle, directory / f"data-{intents}") as cold:
        cold_start = cold.start_seconds
    with serving.server(bundle, directory / f"data-{intents}") as server:
        decide = caller(server.address, DECIDE, decision_pb2.DecideResponse)
        effect = decide(question(next(fresh))).effect
        times = closed_loop(plan, echo_call, decide, encoder, fresh)
        split = stages(decide, fresh, plan.per_round * 4)
        loops = [
            {"texts": kind, **asyncio.run(open_loop(server.address, rate, plan.seconds, texts, rate))}
            for kind, texts in (("unseen", fresh), ("repeated", itertools.repeat(next(fresh))))
            for rate in plan.rates
        ]
        rss = measure.peak_rss_mib(server.pid)
    return {
        "intents": intents,
        "effect_of_unseen": decision_pb2.DecideResponse(effect=effect).effect,
        "closed_loop": {k: measure.summary(v) for k, v in times.items()},
        "ratios": ratios(times),
        "stages_us": split,
        "open_loop": loops,
        "peak_rss_mib": rss,
        "start_seconds": {"first": cold_start, "with_vector_store": server.start_seconds},
    }


def ratios(times: dict[str, list[float]]) -> dict[str, float]:
    """Medians of ``Decide`` to the medians of what it cannot do without."""
    p50 = {k: statistics.median(v) for k, v in times.items()}
    return {
        "unseen_p50": round(p50["unseen"] / (p50["echo"] + p50["encoder"]), 3),
        "repeated_p50": round(p50["repeated"] / p50["echo"], 3),
        "not_admitted_p50": round(p50["not_admitted"] / p50["echo"], 3),
    }


TO_REACH = {"unseen_p50": 1.25, "repeated_p50": 1.7, "not_admitted_p50": 1.4}


def show(console: Console, sizes: list[dict[str, Any]]) -> None:
    """The closed-loop figures and ratios as tables."""
    for size in sizes:
        table = Table(title=f"{size['intents']} intents, one caller, milliseconds")
        for name in ("", "p50", "p99", "p99.9"):
            table.add_column(name, justify="right" if name else "left")
        for kind, s in size["closed_loop"].items():
            table.add_row(kind.replace("_", " "), *(f"{s[k]:.3f}" for k in ("p50_ms", "p99_ms", "p999_ms")))
        console.print(table)
        console.print("ratios: " + ", ".join(f"{k} {v} (to reach ≤ {TO_REACH[k]})" for k, v in size["ratios"].items()))


def plot(path: Path, sizes: list[dict[str, Any]]) -> None:
    """Closed-loop medians and open-loop tails as one picture."""
    import matplotlib as mpl  # noqa: PLC0415 - slow to import, and a failed run needs no picture

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415 - after the backend is chosen

    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2))
    kinds = list(sizes[0]["closed_loop"])
    for place, size in enumerate(sizes):
        places = [k + place * 0.8 / len(sizes) for k in range(len(kinds))]
        left.bar(
            places,
            [size["closed_loop"][k]["p50_ms"] for k in kinds],
            0.8 / len(sizes),
            label=f"{size['intents']} intents",
        )
        points = [p for p in size["open_loop"] if p["texts"] == "unseen" and p["count"]]
        for key, style in (("p50_ms", "-"), ("p99_ms", "--")):
            right.plot(
                [p["rate"] for p in points],
                [p[key] for p in points],
                style,
                marker="o",
                label=f"{size['intents']} intents {key[:3]}",
            )
    left.set_xticks(range(len(kinds)), [k.replace("_", " ") for k in kinds], rotation=20)
    left.set(ylabel="p50, ms", title="one caller, closed loop")
    right.set(xlabel="unseen requests per second offered", ylabel="ms", yscale="log", title="open loop")
    left.legend()
    right.legend()
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)


def main(arguments: list[str] | None = None) -> int:
    """Run and write; the exit code is 0 whatever the figures are."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="result as JSON")
    parser.add_argument("--plot", type=Path, help="result as a picture (default: beside --out, .svg)")
    parser.add_argument("--quick", action="store_true", help="the main ratios within 40 s, smallest bundle only")
    options = parser.parse_args(arguments)
    plan = QUICK if options.quick else FULL
    console = Console(stderr=True)
    encoder = OnnxEncoder.load(default_model_directory())
    with tempfile.TemporaryDirectory() as temporary, serving.child([sys.executable, "-m", "benchmarks.echo"]) as floor:
        echo_call = caller(floor.address, echo.METHOD, decision_pb2.DecideRequest)
        sizes = [measure_size(plan, n, encoder, echo_call, Path(temporary)) for n in plan.sizes]
    measure.write(
        options.out, {"quick": options.quick, "ratios": sizes[0]["ratios"], "to_reach": TO_REACH, "sizes": sizes}
    )
    plot(options.plot or options.out.with_suffix(".svg"), sizes)
    show(console, sizes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
