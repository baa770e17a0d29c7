"""``Watch``: each gateway is told every order as it comes, at its own pace, and says what it holds.

Every stream has its own tasks, so one that is not read holds up nobody. HTTP/2 flow control stops the writing to it;
after ``patience`` the watch ends, and a gateway that wakes up begins again with a snapshot.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar, cast

from pdp.errors import DeadlineTooShort, InvalidRequest, NotReady
from pdp.runtime import Caller
from pdp.server.guard import Context
from pdp.server.limits import InFlight, parse
from pdp.server.runtime_points import RevocationPoint, Watching
from pdp.server.stream import Stopping
from pdp.v1 import revocation_pb2 as proto
from pdp.wire import Bounds
from pdp.wire.revocation import acknowledged_from_proto, hello_from_proto, news_to_proto

log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class WatchService:
    """Serves ``Watch``. ``room`` bounds how many streams are open, ``patience`` is how long one may not be read."""

    point: RevocationPoint
    bounds: Bounds
    room: InFlight
    patience: float
    stopping: Stopping

    async def serve(self, context: Context, caller: Caller) -> None:
        """Tell one gateway until it leaves, or the service ends."""
        self.room.enter()
        try:
            await self._first_done(self._follow(context, caller), self.stopping.wait())
        finally:
            self.room.leave()
        raise NotReady("the service is shutting down; open the stream again")

    async def _follow(self, context: Context, caller: Caller) -> None:
        instance = await self._instance(context)
        watching = self.point.watch(caller.name, instance)
        try:
            await self._first_done(self._tell(context, watching, instance), self._hear(context, watching))
        finally:
            watching.close()

    async def _instance(self, context: Context) -> str:
        try:
            async with asyncio.timeout(self.patience):
                raw = await _next(context)
        except TimeoutError:
            raise DeadlineTooShort(f"no first message within {self.patience:g} s") from None
        if raw is None:
            raise InvalidRequest("instance", "is missing; the first message names the instance of the gateway")
        return hello_from_proto(parse(proto.WatchRequest, raw), self.bounds).instance

    async def _tell(self, context: Context, watching: Watching, instance: str) -> None:
        async for news in watching.news():
            try:
                async with asyncio.timeout(self.patience):
                    await context.write(news_to_proto(news).SerializeToString())
            except TimeoutError:
                log.warning("watch is not read and ended", extra={"instance": instance})
                raise DeadlineTooShort(f"the watch was not read for {self.patience:g} s; open it again") from None

    async def _hear(self, context: Context, watching: Watching) -> None:
        while (raw := await _next(context)) is not None:
            watching.acknowledge(acknowledged_from_proto(parse(proto.WatchRequest, raw), self.bounds).sequence)
        # The gateway says no more, and may still listen.
        await asyncio.Event().wait()

    @staticmethod
    async def _first_done(*parts: Awaitable[None]) -> None:
        tasks = [asyncio.ensure_future(part) for part in parts]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()


async def _next(context: Context) -> bytes | None:
    raw = cast("object", await context.read())
    # Anything else is the end-of-stream mark of grpc.aio.
    return raw if isinstance(raw, bytes) else None
