"""Gateways that watch, for ``benchmarks.kill_latency``: ``python -m benchmarks.kill_watchers ADDRESS --watchers N``.

Each has a connection and a stream of its own, takes note of when it is told which order, and acknowledges it a moment
later: one process stands for hundreds of hosts, and what it sends for some must not hold up what it takes note of for
others. Prints ``ready`` once all have their snapshot, and at the end of standard input what each was told: JSON, a list
of objects from sequence to seconds of CLOCK_MONOTONIC.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import sys
import time
from collections.abc import Sequence
from typing import TypeAlias

import grpc

from pdp.v1 import revocation_pb2 as proto

ACKNOWLEDGE_AFTER = 0.025
WATCH = "/pdp.v1.RevocationService/Watch"
Told: TypeAlias = dict[int, float]
Call: TypeAlias = "grpc.aio.StreamStreamMultiCallable[proto.WatchRequest, bytes]"


async def follow(address: str, number: int, told: Told, ready: asyncio.Event) -> None:
    """One gateway, until it is cancelled."""
    # Channels with equal options would share one connection, and with it one worker.
    options = [("grpc.use_local_subchannel_pool", 1), ("benchmarks.watcher", number)]
    async with grpc.aio.insecure_channel(address, options=options) as channel:
        call: Call = channel.stream_stream(WATCH, proto.WatchRequest.SerializeToString, None)
        stream, writing = call(), asyncio.Lock()
        await stream.write(proto.WatchRequest(instance=f"gateway-{number}"))

        async def acknowledge(sequence: int) -> None:
            await asyncio.sleep(ACKNOWLEDGE_AFTER)
            async with writing:
                await stream.write(proto.WatchRequest(acknowledged=sequence))

        async with asyncio.TaskGroup() as group:
            while isinstance(raw := await stream.read(), bytes):
                moment = time.monotonic()
                event = proto.WatchEvent.FromString(raw)
                if event.WhichOneof("event") == "order":
                    told[event.sequence] = moment
                ready.set()
                group.create_task(acknowledge(event.sequence))


async def watch(address: str, watchers: int) -> list[Told]:
    """All of them, until standard input ends. Raises what ended a stream before that."""
    told: list[Told] = [{} for _ in range(watchers)]
    ready = [asyncio.Event() for _ in range(watchers)]
    tasks = [asyncio.ensure_future(follow(address, n, told[n], ready[n])) for n in range(watchers)]
    ended = asyncio.ensure_future(asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED))
    everyone = asyncio.ensure_future(asyncio.wait([asyncio.ensure_future(r.wait()) for r in ready]))
    await asyncio.wait((ended, everyone), return_when=asyncio.FIRST_COMPLETED)
    if not ended.done():
        print("ready", flush=True)
        gc.collect()
        gc.disable()
        closing = asyncio.ensure_future(asyncio.to_thread(sys.stdin.read))
        await asyncio.wait((ended, closing), return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        if task.done():
            raise RuntimeError("a stream ended") from task.exception()
    return told


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kill_watchers", description=__doc__)
    parser.add_argument("address")
    parser.add_argument("--watchers", type=int, required=True)
    options = parser.parse_args(arguments)
    return asyncio.run(_told(options.address, options.watchers))


async def _told(address: str, watchers: int) -> int:
    print(json.dumps(await watch(address, watchers)), flush=True)
    # Ending hundreds of streams one by one tells nobody anything.
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
