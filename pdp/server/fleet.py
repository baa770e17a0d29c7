"""Activation over all worker processes: every one prepares, then every one commits, or none does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

from pdp.errors import NotReady
from pdp.runtime import Holding
from pdp.server.link import Arguments, Link

log = logging.getLogger(__name__)

# Discarding takes no work: a worker that does not get round to it is stuck.
DISCARD_SECONDS = 5.0


class LinkFleet:
    """The fleet as a worker sees it: the supervisor does the work."""

    def __init__(self, link: Link, workers: int) -> None:
        self._link = link
        self.workers = workers

    async def activate(self, path: Path, expected_revision: str) -> None:
        """Every worker prepares, then all commit. Raises ``BundleError``; then none has committed."""
        await self._link.call("activate", path=str(path), expected=expected_revision)

    async def settled(self, sequence: int, wait: float) -> Holding:
        """Every other worker has seen the order ``sequence``; how their gateways stand after ``wait`` seconds."""
        return holding_of(await self._link.call("settled", sequence=sequence, wait=wait))


def holding_of(answer: Arguments) -> Holding:
    """How gateways stand, as it comes over a link."""
    return Holding(int(answer["acknowledged"]), int(answer["pending"]), int(answer["stale"]))


async def settled(links: Sequence[Link], sequence: int, wait: float) -> Holding:
    """All of ``links`` have seen the order; how their gateways stand together.

    A worker that has ended grants nothing any more, so its silence is no reason to wait.
    """
    calls = (link.call("settled", sequence=sequence, wait=wait) for link in links)
    answers = await asyncio.gather(*calls, return_exceptions=True)
    found = [holding_of(a) for a in answers if not isinstance(a, BaseException)]
    return Holding(sum(h.acknowledged for h in found), sum(h.pending for h in found), sum(h.stale for h in found))


async def activate(links: Sequence[Link], path: Path, expected: str, seconds: float) -> str:
    """Both phases over ``links``; the revision now in force.

    Raises the first worker's error, or ``NotReady`` when one ended, took longer than ``seconds`` or read other files;
    then no worker has changed anything.
    """
    try:
        async with asyncio.timeout(seconds):
            revision = await _prepare(links, path, expected)
    except BaseException as error:
        await _each(links, DISCARD_SECONDS, "discard")
        if isinstance(error, TimeoutError):
            raise NotReady(f"not every worker was done after {seconds:g} s; nothing was activated") from error
        raise
    # From here on there is no way back: a worker that cannot commit has ended, and its successor starts with this one.
    await _each(links, seconds, "commit", revision=revision)
    return revision


async def _each(links: Sequence[Link], seconds: float, method: str, **arguments: object) -> None:
    """Ask all of them; whoever fails or is not done after ``seconds`` is out of step and therefore ended."""
    calls = (asyncio.wait_for(link.call(method, **arguments), seconds) for link in links)
    results = await asyncio.gather(*calls, return_exceptions=True)
    for link, result in zip(links, results, strict=True):
        if isinstance(result, BaseException):
            log.error("worker is out of step and is ended", exc_info=result, extra={"worker": link.name})
            link.close()


async def _prepare(links: Sequence[Link], path: Path, expected: str) -> str:
    calls = [link.call("prepare", path=str(path), expected=expected) for link in links]
    results = await asyncio.gather(*calls, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    revisions = {str(r["revision"]) for r in results if not isinstance(r, BaseException)}
    if len(revisions) != 1:
        raise NotReady("the files changed while the workers read them; nothing was activated, try again")
    return revisions.pop()
