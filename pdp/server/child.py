"""A worker process as the supervisor holds it: the process, the link to it, and how long it has been up."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import socket
from collections.abc import Mapping
from multiprocessing.context import SpawnProcess
from time import monotonic

from pdp.server.link import Handler, Link
from pdp.server.worker import C, Job, main

log = logging.getLogger(__name__)

# Fork would copy gRPC's threads half; spawn starts clean.
SPAWN = multiprocessing.get_context("spawn")
KILL_AFTER = 5.0


class Child:
    """One started worker. ``serving`` is set by whoever made it serve."""

    def __init__(self, process: SpawnProcess, link: Link, place: int) -> None:
        self.process = process
        self.link = link
        self.place = place
        self.started = monotonic()
        self.serving = False
        self._reading = asyncio.ensure_future(link.run())

    @classmethod
    async def start(cls, job: Job[C], place: int, handlers: Mapping[str, Handler]) -> Child:
        """Spawn worker number ``place``."""
        ours, theirs = socket.socketpair()
        with theirs:
            process = SPAWN.Process(target=main, args=(job, theirs), name=f"worker-{place}", daemon=True)
            await asyncio.to_thread(process.start)
        link = await Link.over(ours, handlers, f"worker {place} (process {process.pid})")
        return cls(process, link, place)

    @property
    def pid(self) -> int:
        """The process id; 0 when it never ran."""
        return self.process.pid or 0

    async def gone(self) -> None:
        """Return once the worker has closed its end: it has ended, or is about to."""
        await asyncio.shield(self._reading)

    async def end(self, grace: float) -> int:
        """Close the link, which asks the worker to shut down in order; kill it after ``grace``. Its exit code."""
        self.serving = False
        self.link.close()
        await asyncio.to_thread(self.process.join, grace)
        if self.process.is_alive():
            log.error("worker did not end in time and is killed", extra={"worker": self.place})
            self.process.kill()
            await asyncio.to_thread(self.process.join, KILL_AFTER)
        await self.gone()
        return self.process.exitcode or 0
