"""N worker processes on one port: started, brought to the same bundle, restarted when they die, ended in order.

The supervisor serves no call itself. It holds the port's number, watches the bundle's files and the workers, and
carries activations through all of them at once. A worker that dies is replaced after a delay that doubles while
replacements keep dying; its successor starts with the revision in force and listens only once it has it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Generic

from pdp.errors import BundleError, NotReady, PdpError
from pdp.server import address, fleet
from pdp.server.child import Child
from pdp.server.link import Arguments, Handler
from pdp.server.points import Parts
from pdp.server.settings import RunSettings
from pdp.server.worker import C, Job

log = logging.getLogger(__name__)

# A worker that lived this long is not part of a series of failures any more.
SETTLED = 60.0
KILL_MARGIN = 5.0
# Loading the model on a busy host takes a while; a worker that takes longer than this will never be done.
STEP_SECONDS = 120.0


class Supervisor(Generic[C]):
    """``build`` is called in each worker with ``config``. ``buried`` is told the process id of every dead worker."""

    def __init__(
        self, build: Callable[[C], Parts], config: C, settings: RunSettings, buried: Callable[[int], None]
    ) -> None:
        self._settings = settings
        self._buried = buried
        self._job = Job(build, config, settings.server, settings.workers, settings.log_level, settings.log_utterances)
        self._children: dict[int, Child] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self._activating = asyncio.Lock()
        self._current: tuple[Path, str] | None = None
        self._held, self.address = address.reserve(settings.server.listen)

    @property
    def ready(self) -> bool:
        """Whether at least one worker serves."""
        return any(child.serving for child in self._children.values())

    @property
    def processes(self) -> tuple[int, ...]:
        """The process ids of the workers that serve."""
        return tuple(child.pid for child in self._children.values() if child.serving)

    async def open(self) -> None:
        """Start every worker and let it listen, not yet ready. Raises the first error; call ``stop`` then."""
        places = range(1, self._settings.workers + 1)
        started = await asyncio.gather(*(self._spawn(place) for place in places), return_exceptions=True)
        for result in started:
            if isinstance(result, BaseException):
                raise result
        await self._each("open", listen=self.address)

    async def begin(self) -> None:
        """Bring the bundle into force, declare every worker ready, and keep them alive from now on."""
        await self.activate(self._settings.bundle, "")
        await self._serve(tuple(self._children.values()))
        self._keepers = [asyncio.ensure_future(self._keep(place)) for place in self._children]

    async def activate(self, path: Path, expected: str) -> None:
        """Bring a bundle into force in every worker, or in none."""
        async with self._activating:
            children = tuple(self._children.values())
            if not children:
                raise NotReady("no worker is running")
            links = [child.link for child in children]
            revision = await fleet.activate(links, path, expected, self._settings.activation_limit)
            self._current = (path, revision)
        log.info("bundle activated", extra={"revision": revision, "path": str(path), "workers": len(children)})

    async def reload(self) -> None:
        """The files changed: activate them, or keep what is in force and let every worker's status say why."""
        try:
            await self.activate(self._settings.bundle, "")
        except BundleError as error:
            log.warning("changed bundle refused", extra={"problems": len(error.problems)})
            problems = [[p.file, p.line, p.column, p.message, p.fix] for p in error.problems]
            await asyncio.gather(
                *(self._ask(child, "note", problems=problems) for child in self._children.values()),
                return_exceptions=True,
            )
        except PdpError as error:
            log.warning("changed bundle not activated", exc_info=error)

    async def stop(self) -> bool:
        """End every worker in order. False when one had to cut calls off or be killed."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        grace = self._settings.server.shutdown_grace + KILL_MARGIN
        codes = await asyncio.gather(*(child.end(grace) for child in self._children.values()))
        self._children.clear()
        self._held.close()
        return not any(codes)

    async def _spawn(self, place: int) -> None:
        child = await Child.start(self._job, place, self._handlers(place))
        self._children[place] = child
        await self._ask(child, "build")

    async def _ask(self, child: Child, method: str, **arguments: object) -> None:
        try:
            await asyncio.wait_for(child.link.call(method, **arguments), STEP_SECONDS)
        except TimeoutError as error:
            raise NotReady(f"worker {child.place} was not done with {method} after {STEP_SECONDS:g} s") from error

    def _handlers(self, place: int) -> dict[str, Handler]:
        return {"activate": self._asked_to_activate, "settled": partial(self._asked_whether_settled, place)}

    async def _asked_whether_settled(self, place: int, arguments: Arguments) -> Mapping[str, object]:
        others = [child.link for at, child in self._children.items() if at != place and child.serving]
        found = await fleet.settled(others, int(arguments["sequence"]), float(arguments["wait"]))
        return {"acknowledged": found.acknowledged, "pending": found.pending, "stale": found.stale}

    async def _asked_to_activate(self, arguments: Arguments) -> None:
        await self.activate(Path(arguments["path"]), str(arguments["expected"]))

    async def _each(self, method: str, **arguments: object) -> None:
        await asyncio.gather(*(self._ask(child, method, **arguments) for child in self._children.values()))

    async def _serve(self, children: tuple[Child, ...]) -> None:
        for child in children:
            await self._ask(child, "serve")
            child.serving = True

    async def _keep(self, place: int) -> None:
        """Replace the worker at ``place`` whenever it dies."""
        delay = self._settings.first_restart_delay
        while True:
            child = self._children.get(place)
            if child is not None:
                await child.gone()
                await self._bury(child)
                if monotonic() - child.started > SETTLED:
                    delay = self._settings.first_restart_delay
            await asyncio.sleep(delay)
            delay = min(delay * 2, self._settings.longest_restart_delay)
            try:
                await self._replace(place)
            except Exception:
                # Whatever it was (no memory, no process left): try again after the delay, for as long as it takes.
                log.exception("worker could not be replaced", extra={"worker": place})

    async def _replace(self, place: int) -> None:
        child = await Child.start(self._job, place, self._handlers(place))
        try:
            await self._ask(child, "build")
            # Under the lock: an activation between its bundle and its first call would leave this worker behind.
            async with self._activating:
                if self._current is not None:
                    path, revision = self._current
                    await fleet.activate([child.link], path, revision, self._settings.activation_limit)
                await self._ask(child, "open", listen=self.address)
                self._children[place] = child
            await self._serve((child,))
        except BaseException:
            await self._bury(child)
            raise
        log.info("worker replaced", extra={"worker": place})

    async def _bury(self, child: Child) -> None:
        if self._children.get(child.place) is child:
            del self._children[child.place]
        code = await child.end(KILL_MARGIN)
        self._buried(child.pid)
        log.warning("worker ended", extra={"worker": child.place, "exit_code": code})
