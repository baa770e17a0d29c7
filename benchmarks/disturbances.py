"""What goes on beside decisions: reloads, orders, watching gateways and whole sessions, from a process of its own.

``python -m benchmarks.disturbances ADDRESS --bundle DIR [--reload-every S] [--orders-every S] [--sessions-every S]
[--watchers N]`` prints ``{"event": "ready"}`` once everything is under way, and at the end of its standard input what
it did as one JSON object. Each reload is of a changed bundle with a new exemplar; each order kills an agent that asks
for nothing, or lifts that kill, and waits until the gateways that watch hold it; each session is opened, asks, uses its
grant, reports and ends, and every fourth one is killed instead.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import load, measure, workload
from pdp.client.aio import AsyncClient
from pdp.client.feed import RevocationFeed
from pdp.errors import PdpError
from pdp.runtime import Observed, Outcome, SessionRequest
from pdp.types import Action, Agent, Request, Target

CHANGED = "intents/00001.yaml"
STRANGER = "nobody-asks-as-this-one"
PURPOSE = "Look up open invoices of accounts"
TABLE, READ = Target("table", "table-0"), Action("read", {"account": "4711", "limit": 50})
ORDER_WAIT = 2.0
GATEWAYS_A_CHANNEL = 100


@dataclass(frozen=True, slots=True)
class Plan:
    """How much happens. Times are in seconds, 0: never."""

    reload_every: float = 0.0
    orders_every: float = 0.0
    sessions_every: float = 0.0
    watchers: int = 0

    @property
    def quiet(self) -> bool:
        """Whether nothing happens at all."""
        return self == Plan()


@dataclass
class Story:
    """What was done and how long each took, in seconds; ``failures`` are the first words of what went wrong."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    gateways_short: int = 0

    async def tell(self, what: str, work: Callable[[], Awaitable[object]]) -> None:
        """Do ``work`` and take note."""
        begun = time.perf_counter()
        try:
            await work()
        except (PdpError, RuntimeError) as error:
            self.failures.append(f"{what}: {error}"[:200])
        self.seconds.setdefault(what, []).append(time.perf_counter() - begun)

    def as_json(self) -> dict[str, Any]:
        """Counts and percentiles."""
        done = {what: measure.summary(times) for what, times in self.seconds.items()}
        failed = {"failed": len(self.failures), "failures": self.failures[:5]}
        return {**done, **failed, "orders_not_held_in_time": self.gateways_short}


def change(bundle: Path, number: int) -> None:
    """The second intent of a generated bundle with one more exemplar, that of ``number``; in one step."""
    whole = workload.intent(1, workload.names(2)[1], further=(f"Show what account {90_000 + number} has of these",))
    trial = bundle.parent / f".{bundle.name}.changed"
    workload.dump(trial, whole)
    trial.replace(bundle / CHANGED)


async def one_session(client: AsyncClient, number: int) -> None:
    """One run of an agent, from its purpose to its end. Raises ``RuntimeError`` where it is not let through."""
    agent = Agent(load.AGENT)
    started = await client.start_session(SessionRequest(agent, PURPOSE))
    _demand(bool(started.session_id), started)
    text = f"Show the open invoices of account {number}"
    decision = await client.decide(Request("", agent, text, TABLE, READ, session_id=started.session_id))
    _demand(decision.permit is not None, decision.verdict.reasons)
    if decision.permit is not None:
        _demand((await client.consume(decision.permit.token, TABLE, READ)).consumed, "the use was refused")
        outcome = Outcome(decision.decision_id, Observed.OCCURRED, decision.permit.id, TABLE, READ, rows=3)
        await client.report_outcome(outcome)
    if number % 4:
        await client.end_session(started.session_id)
    else:
        await client.kill("session", started.session_id, reason="benchmark", seconds=60)


def _demand(held: bool, told: object) -> None:  # noqa: FBT001 - a condition is what it takes
    if not held:
        raise RuntimeError(str(told))


async def one_order(client: AsyncClient, number: int, watchers: int, story: Story) -> None:
    """A kill, or its lift; in force, and held by every gateway that watches."""
    give = client.lift if number % 2 else client.kill
    receipt = await give("agent", STRANGER, reason="benchmark", wait=ORDER_WAIT if watchers else 0.0)
    story.gateways_short += receipt.acknowledged < watchers


async def each(seconds: float, work: Callable[[int], Awaitable[None]]) -> None:
    """``work`` at every multiple of ``seconds`` from now on; what is missed is left out."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    for number in itertools.count():
        await work(number)
        left = seconds - (loop.time() - begun) % seconds
        await asyncio.sleep(left)


async def disturb(address: str, bundle: Path, plan: Plan) -> Story:
    """Everything in ``plan`` until standard input ends."""
    story = Story()
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
        client = await stack.enter_async_context(AsyncClient(address))
        await _watch(stack, address, plan.watchers)

        async def reload(number: int) -> None:
            change(bundle, number)
            await story.tell("reload", lambda: client.activate(str(bundle)))

        async def order(number: int) -> None:
            await story.tell("order", lambda: one_order(client, number, plan.watchers, story))

        async def session(number: int) -> None:
            await story.tell("session", lambda: one_session(client, number))

        kinds = ((plan.reload_every, reload), (plan.orders_every, order), (plan.sessions_every, session))
        tasks = [group.create_task(each(seconds, work)) for seconds, work in kinds if seconds]
        _say({"event": "ready"})
        await asyncio.to_thread(sys.stdin.read)
        for task in tasks:
            task.cancel()
    return story


async def _watch(stack: AsyncExitStack, address: str, watchers: int) -> None:
    """So many gateway instances, each with a stream and a feed of its own; returns once all of them are told."""
    feeds = []
    for start in range(0, watchers, GATEWAYS_A_CHANNEL):
        gateway = await stack.enter_async_context(AsyncClient(address))
        for number in range(start, min(watchers, start + GATEWAYS_A_CHANNEL)):
            feed = RevocationFeed()
            await stack.enter_async_context(gateway.watching(feed, f"gateway-{number}"))
            feeds.append(feed)
    while any(feed.stale for feed in feeds):  # noqa: ASYNC110 - a feed tells nobody that it is told
        await asyncio.sleep(0.05)


def _say(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


@contextmanager
def disturbed(address: str, bundle: Path, plan: Plan) -> Iterator[dict[str, Any]]:
    """``plan`` goes on meanwhile; what came of it is in the value afterwards."""
    told: dict[str, Any] = {}
    if plan.quiet:
        yield told
        return
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in asdict(plan).items()]
    command = [sys.executable, "-m", "benchmarks.disturbances", address, "--bundle", str(bundle), *flags]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout is None or "ready" not in process.stdout.readline():
                raise RuntimeError(f"what was to go on beside the load ended with code {process.wait()}")
            yield told
            rest, _ = process.communicate(timeout=60)
            told.update(json.loads(rest.splitlines()[-1]))
        finally:
            process.kill()


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.disturbances", description=__doc__)
    parser.add_argument("address")
    parser.add_argument("--bundle", type=Path, required=True)
    for name in ("reload", "orders", "sessions"):
        parser.add_argument(f"--{name}-every", type=float, default=0.0)
    parser.add_argument("--watchers", type=int, default=0)
    options = parser.parse_args(arguments)
    plan = Plan(options.reload_every, options.orders_every, options.sessions_every, options.watchers)
    story = asyncio.run(disturb(options.address, options.bundle, plan))
    _say(story.as_json())
    # Streams that are cut off at the interpreter's end complain at length.
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
