"""Run the service until a signal ends it: alone in this process, or with worker processes under a supervisor.

What it prints on standard output is for programs: one JSON object a line, ``listening`` with the addresses (so that
port 0 can be used), then ``serving`` once decisions are answered. Logs go to standard error.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, nullcontext, suppress

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.multiprocess import mark_process_dead

from pdp.errors import BundleError, PdpError
from pdp.server import exposition, logs
from pdp.server.app import Server
from pdp.server.points import Parts
from pdp.server.settings import RunSettings
from pdp.server.supervisor import Supervisor
from pdp.server.worker import C, settle

log = logging.getLogger(__name__)

Announce = Callable[[str], None]
CUT_OFF = 1
DIRECTORY_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def print_line(line: str) -> None:
    """Write one line to standard output, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def run(
    build: Callable[[C], Parts],
    config: C,
    settings: RunSettings,
    announce: Announce = print_line,
    registry: CollectorRegistry = REGISTRY,
) -> int:
    """Serve until SIGTERM or SIGINT. 0: ended in order; 1: calls had to be cut off.

    ``build`` makes the parts of one process from ``config``; with workers it is called in each of them, so it must be a
    module-level function and ``config`` picklable. Raises ``PdpError`` when the service cannot start.
    """
    logs.configure(settings.log_level, utterances=settings.log_utterances)
    if settings.workers == 1:
        return asyncio.run(_alone(build, config, settings, announce, registry))
    with _metrics_directory(settings) as directory:
        return asyncio.run(_supervised(build, config, settings, announce, directory))


async def _alone(
    build: Callable[[C], Parts], config: C, settings: RunSettings, announce: Announce, registry: CollectorRegistry
) -> int:
    serving = asyncio.Event()
    # The metrics port first: it says "live, not ready" while the model loads.
    with _metrics(settings, exposition.of_registry(registry), serving.is_set) as metrics, _changes(settings) as changed:
        parts = build(config)
        server = Server(parts, settings.server)
        try:
            listening = await server.open()
            announce(_line("listening", listening, metrics, 1))
            await parts.administration.activate(settings.bundle)
            settle()
            await server.ready()
            serving.set()
            announce(_line("serving", listening, metrics, 1))
            async with _following(changed, lambda: _reload(parts)):
                await _signalled()
        finally:
            serving.clear()
            drained = await server.stop()
    return 0 if drained else CUT_OFF


async def _supervised(
    build: Callable[[C], Parts], config: C, settings: RunSettings, announce: Announce, directory: str
) -> int:
    supervisor = Supervisor(build, config, settings, lambda pid: mark_process_dead(pid, directory))
    ended = asyncio.ensure_future(_signalled())
    collect = exposition.of_workers(directory)
    with _metrics(settings, collect, lambda: supervisor.ready) as metrics, _changes(settings) as changed:

        async def start() -> None:
            await supervisor.open()
            announce(_line("listening", supervisor.address, metrics, settings.workers))
            await supervisor.begin()
            announce(_line("serving", supervisor.address, metrics, settings.workers))

        try:
            if await _unless(ended, start()):
                async with _following(changed, supervisor.reload):
                    await ended
        finally:
            ended.cancel()
            drained = await supervisor.stop()
    return 0 if drained else CUT_OFF


async def _unless(ended: asyncio.Future[None], work: Coroutine[object, object, None]) -> bool:
    """Do ``work`` unless ``ended`` comes first; whether it was done."""
    working = asyncio.ensure_future(work)
    await asyncio.wait((ended, working), return_when=asyncio.FIRST_COMPLETED)
    if working.done():
        working.result()
        return True
    working.cancel()
    await asyncio.wait((working,))
    return False


async def _signalled() -> None:
    """Return at the first SIGTERM or SIGINT; a second one ends the process at once."""
    loop, received = asyncio.get_running_loop(), asyncio.Event()
    signals = (signal.SIGTERM, signal.SIGINT)
    for number in signals:
        loop.add_signal_handler(number, received.set)
    try:
        await received.wait()
        log.info("ending")
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


@contextmanager
def _changes(settings: RunSettings) -> Iterator[asyncio.Event]:
    """Set after each change of the bundle's files. Entered before they are read for the first time: none is missed."""
    loop, changed = asyncio.get_running_loop(), asyncio.Event()
    with settings.watch(lambda: _wake(loop, changed)) if settings.watch else nullcontext():
        yield changed


@asynccontextmanager
async def _following(changed: asyncio.Event, reload: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Call ``reload`` after each change, one at a time."""

    async def follow() -> None:
        while True:
            await changed.wait()
            changed.clear()
            await reload()

    following = asyncio.ensure_future(follow())
    yield
    following.cancel()
    await asyncio.wait((following,))


def _wake(loop: asyncio.AbstractEventLoop, changed: asyncio.Event) -> None:
    # The watch's thread may notice a change while the loop is being closed.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(changed.set)


async def _reload(parts: Parts) -> None:
    try:
        done = await parts.administration.activate()
    except BundleError as error:
        log.warning("changed bundle refused", extra={"problems": len(error.problems)})
    except PdpError as error:
        log.warning("changed bundle not activated", exc_info=error)
    else:
        log.info("bundle activated", extra={"revision": done.revision, "previous_revision": done.previous_revision})


@contextmanager
def _metrics(settings: RunSettings, collect: exposition.Collect, ready: Callable[[], bool]) -> Iterator[str]:
    """Serve metrics if they are wanted; the address, or nothing."""
    if not settings.metrics_listen:
        yield ""
        return
    with closing(exposition.Exposition(settings.metrics_listen, collect, ready, settings.jwks)) as serving:
        yield serving.address


@contextmanager
def _metrics_directory(settings: RunSettings) -> Iterator[str]:
    """A private directory for the workers' metrics, known to them by the variable prometheus_client looks for."""
    with tempfile.TemporaryDirectory(prefix="pdp-metrics-", dir=settings.metrics_directory) as directory:
        before = os.environ.get(DIRECTORY_VARIABLE)
        os.environ[DIRECTORY_VARIABLE] = directory
        try:
            yield directory
        finally:
            if before is None:
                del os.environ[DIRECTORY_VARIABLE]
            else:
                os.environ[DIRECTORY_VARIABLE] = before


def _line(event: str, address: str, metrics: str, workers: int) -> str:
    return json.dumps({"event": event, "address": address, "metrics": metrics, "workers": workers})
