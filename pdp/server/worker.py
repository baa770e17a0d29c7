"""One worker process: it builds its own parts and does, step by step, what the supervisor asks of it over the link.

Exit codes: 0 ended in order, 1 calls had to be cut off at the end of the grace period.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pdp.errors import NotReady, Problem
from pdp.server import logs
from pdp.server.app import Server, ServerSettings
from pdp.server.fleet import LinkFleet
from pdp.server.link import Arguments, Handler, Link
from pdp.server.points import Parts

C = TypeVar("C")

CUT_OFF = 1


@dataclass(frozen=True, slots=True)
class Job(Generic[C]):
    """Everything a worker starts with. ``build`` is a module-level function: the process finds it by its name."""

    build: Callable[[C], Parts]
    config: C
    server: ServerSettings
    workers: int
    log_level: str
    log_utterances: bool


def main(job: Job[C], end: socket.socket) -> None:
    """The process's entry: serve until told to stop, or until the supervisor is gone."""
    # Control-C reaches the whole process group; only the supervisor acts on it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logs.configure(job.log_level, utterances=job.log_utterances)
    sys.exit(asyncio.run(_work(job, end)))


def settle() -> None:
    """Exempt all that lives now from garbage collection: the model and the bundle stay until the next activation."""
    gc.collect()
    gc.freeze()


async def _work(job: Job[C], end: socket.socket) -> int:
    worker = Worker(job)
    link = await Link.over(end, worker.handlers, "the supervisor")
    worker.join(link)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, link.close)
    await link.run()
    return 0 if await worker.stop() else CUT_OFF


class Worker(Generic[C]):
    """What the supervisor asks for, in this order: build, open, prepare, commit, serve."""

    def __init__(self, job: Job[C]) -> None:
        self._job = job
        self._fleet: LinkFleet | None = None
        self._parts: Parts | None = None
        self._server: Server | None = None
        self.handlers: Mapping[str, Handler] = {
            "build": self._build,
            "open": self._open,
            "prepare": self._prepare,
            "commit": self._commit,
            "discard": self._discard,
            "note": self._note,
            "serve": self._serve,
            "settled": self._settled,
        }

    def join(self, link: Link) -> None:
        """Reach the other workers over ``link``."""
        self._fleet = LinkFleet(link, self._job.workers)

    async def stop(self) -> bool:
        """Shut down in order. False when calls had to be cut off."""
        if self._server is not None:
            return await self._server.stop()
        if self._parts is not None:
            await self._parts.close()
        return True

    async def _build(self, _arguments: Arguments) -> None:
        # In a thread, so that the link stays alive while the model loads.
        parts = await asyncio.to_thread(self._job.build, self._job.config)
        if self._fleet is not None:
            parts.administration.join(self._fleet)
            parts.join(self._fleet)
        self._parts = parts

    async def _open(self, arguments: Arguments) -> Mapping[str, object]:
        parts = self._built()
        self._server = Server(parts, self._job.server.at(str(arguments["listen"])), reuse_port=True)
        return {"address": await self._server.open()}

    async def _prepare(self, arguments: Arguments) -> Mapping[str, object]:
        point = self._built().administration
        return {"revision": await point.prepare(Path(arguments["path"]), str(arguments["expected"]))}

    async def _commit(self, arguments: Arguments) -> None:
        self._built().administration.commit(str(arguments["revision"]))

    async def _discard(self, _arguments: Arguments) -> None:
        self._built().administration.discard()

    async def _note(self, arguments: Arguments) -> None:
        self._built().administration.note_problems(tuple(Problem(*p) for p in arguments["problems"]))

    async def _serve(self, _arguments: Arguments) -> None:
        if self._server is None:
            raise NotReady("the port is not open")
        settle()
        await self._server.ready()

    async def _settled(self, arguments: Arguments) -> Mapping[str, object]:
        found = await self._built().settled(int(arguments["sequence"]), float(arguments["wait"]))
        return {"acknowledged": found.acknowledged, "pending": found.pending, "stale": found.stale}

    def _built(self) -> Parts:
        if self._parts is None:
            raise NotReady("nothing is built yet")
        return self._parts
