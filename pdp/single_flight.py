"""One piece of work for all who ask for the same at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from pdp.errors import DeadlineTooShort

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """For one event loop. A failure or a cancellation is its own caller's alone: the others then do the work.

    After an activation nothing is remembered, and everyone who asks the same would otherwise run the model for it.
    """

    def __init__(self) -> None:
        self._going: dict[bytes, asyncio.Future[T | None]] = {}

    async def run(
        self, key: bytes, work: Callable[[], Awaitable[T]], shared: Callable[[T], bool], deadline: float | None
    ) -> T:
        """What ``work`` gives, or gave to somebody who asked for ``key`` before and is answered only now.

        ``shared`` says of a result whether others may have it. ``deadline`` is in seconds of the event loop's clock.
        Raises what ``work`` raises, and ``DeadlineTooShort`` while waiting for somebody else's.
        """
        while (going := self._going.get(key)) is not None:
            found = await _until(deadline, going)
            if found is not None:
                return found
        mine: asyncio.Future[T | None] = asyncio.get_running_loop().create_future()
        self._going[key] = mine
        kept: T | None = None
        try:
            result = await work()
            kept = result if shared(result) else None
            return result
        finally:
            del self._going[key]
            mine.set_result(kept)


async def _until(deadline: float | None, going: asyncio.Future[T | None]) -> T | None:
    try:
        async with asyncio.timeout_at(deadline):
            # Shielded: one who gives up must not end the wait of the others.
            return await asyncio.shield(going)
    except TimeoutError as late:
        raise DeadlineTooShort("the deadline passed while the utterance was judged for another caller") from late
