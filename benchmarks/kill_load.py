"""Questions in sessions, for ``benchmarks.kill_latency``: ``python -m benchmarks.kill_load ADDRESS``.

Standard input: first the subjects as a JSON list, then a number for each turn. Finds out how many questions a second
the service answers (``CALLERS`` at once), prints that as JSON, and then asks half as many (Poisson): most about the
subject whose turn it is, the rest about others that are never killed. No two texts are alike, so the model runs each
time. At the end of standard input it prints what came of each question about a subject, a JSON list of
[turn, sent, answered, admitted, status].
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import grpc

from benchmarks import load, workload
from benchmarks.kill_figures import Asked
from pdp.v1 import types_pb2

CALLERS = 16
ABOUT_SUBJECT = 0.8
OTHERS = 4
EFFECTS = {number: name for name, number in types_pb2.Effect.items()}
THING = workload.names(1)[0]


@dataclass(frozen=True, slots=True)
class Subject:
    """A session, and everything in it that a kill can be about."""

    session: str
    agent: str
    instance: str
    principal: str
    task: str

    def named(self, scope: str) -> str:
        """The value of an order on this subject."""
        return f"{self.agent}/{self.instance}" if scope == "instance" else str(asdict(self)[scope])


def question(subject: Subject, text: str) -> load.Question:
    """One question about ``subject``, which the generated bundle allows."""
    asked = load.question(text, session=subject.session)
    asked.agent.CopyFrom(types_pb2.Agent(id=subject.agent, instance=subject.instance))
    asked.principal.id = subject.principal
    return asked


async def ask(call: load.Ask, subject: Subject, text: str, turn: int) -> Asked:
    """One question and what came of it."""
    asked = question(subject, text)
    sent = time.monotonic()
    try:
        effect = await call(asked, timeout=load.PATIENCE)
    except grpc.aio.AioRpcError as error:
        return Asked(turn, sent, time.monotonic(), admitted=False, status=error.code().name)
    answered = time.monotonic()
    return Asked(turn, sent, answered, effect in load.GRANTING, EFFECTS.get(effect, str(effect)))


async def capacity(calls: Sequence[load.Ask], others: Sequence[Subject], asked: Iterator[str], seconds: float) -> float:
    """Questions answered in a second, with ``CALLERS`` at once."""
    begun, done = time.monotonic(), 0

    async def keep_asking(number: int) -> None:
        nonlocal done
        while time.monotonic() - begun < seconds:
            await ask(calls[number % len(calls)], others[number % len(others)], next(asked), -1)
            done += 1

    await asyncio.gather(*map(keep_asking, range(CALLERS)))
    return done / (time.monotonic() - begun)


class Turns:
    """The subject whose turn it is, as standard input tells; ``over`` at its end."""

    def __init__(self) -> None:
        self.now = -1
        self.over = asyncio.Event()

    async def follow(self) -> None:
        """Read until the end."""
        while line := await asyncio.to_thread(sys.stdin.readline):
            self.now = int(line)
        self.over.set()


async def offer(
    calls: Sequence[load.Ask], subjects: Sequence[Subject], asked: Iterator[str], rate: float, turns: Turns
) -> list[Asked]:
    """``rate`` questions a second, whether or not earlier ones are answered, until the turns are over."""
    found: list[Asked] = []
    draw, lanes, others = random.Random(5), itertools.cycle(calls), itertools.cycle(subjects[-OTHERS:])

    async def one(subject: Subject, turn: int) -> None:
        found.append(await ask(next(lanes), subject, next(asked), turn))

    due = time.monotonic()
    async with asyncio.TaskGroup() as group:
        while not turns.over.is_set():
            due += draw.expovariate(rate)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            turn = turns.now if draw.random() < ABOUT_SUBJECT else -1
            group.create_task(one(subjects[turn] if turn >= 0 else next(others), turn))
    return found


async def run(address: str, subjects: Sequence[Subject], seconds: float) -> None:
    """Everything; prints what the module says."""
    async with load.lanes(address) as calls:
        asked = workload.texts(THING, 11)
        await capacity(calls, subjects[-OTHERS:], asked, seconds / 2)  # threads start, caches fill
        most = await capacity(calls, subjects[-OTHERS:], asked, seconds)
        print(json.dumps({"per_second": round(most, 1)}), flush=True)
        turns = Turns()
        following = asyncio.ensure_future(turns.follow())
        found = await offer(calls, subjects, asked, most / 2, turns)
        await following
    print(json.dumps([[a.turn, a.sent, a.answered, a.admitted, a.status] for a in found]), flush=True)


def subject_of(document: Mapping[str, str]) -> Subject:
    """A subject as it comes over standard input."""
    return Subject(**document)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kill_load", description=__doc__)
    parser.add_argument("address")
    parser.add_argument("--seconds", type=float, default=2.0, help="how long to find out what the service answers")
    options = parser.parse_args(arguments)
    subjects = [subject_of(s) for s in json.loads(sys.stdin.readline())]
    asyncio.run(run(options.address, subjects, options.seconds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
