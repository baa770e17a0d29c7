"""``Watch`` from the gateway's side, for asyncio. See ``watching``."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self, TypeAlias

import grpc
from google.protobuf.message import Message

from pdp.client.channel import error_of_call
from pdp.client.terms import Terms
from pdp.client.watching import SILENCE, Feed, Outages, fed
from pdp.errors import NotReady, PdpError
from pdp.v1.revocation_pb2 import WatchEvent
from pdp.wire.revocation import Acknowledged, acknowledged_to_proto

Call: TypeAlias = "grpc.aio.StreamStreamMultiCallable[Message, WatchEvent]"


class AsyncWatch:
    """A task that keeps one stream open. ``feed`` is called in the event loop."""

    def __init__(self, call: Call, feed: Feed, instance: str, terms: Terms, silence: float = SILENCE) -> None:
        self._call = call
        self._feed = feed
        self._hello = acknowledged_to_proto(Acknowledged(instance))
        self._silence = silence
        self._outages = Outages(terms)
        self._task = asyncio.ensure_future(self._run())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def error(self) -> PdpError | None:
        """Why no order would be heard now; None while the stream is open."""
        return self._outages.error

    async def close(self) -> None:
        """Watch no more; the feed is stale soon after."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _run(self) -> None:
        while True:
            try:
                await self._follow()
            except grpc.aio.AioRpcError as error:
                pause = self._outages.pause(error_of_call(error.code(), error.details(), error.trailing_metadata()))
            except Exception as error:  # noqa: BLE001 - whatever it was, only a new stream helps
                pause = self._outages.pause(error)
            await asyncio.sleep(pause)

    async def _follow(self) -> None:
        stream = self._call()
        try:
            await stream.write(self._hello)
            while isinstance(message := await self._next(stream), WatchEvent):
                acknowledgement = fed(self._feed, message)
                self._outages.over()
                await stream.write(acknowledgement)
        except asyncio.InvalidStateError:
            # Writing to a stream that has ended; its status says why.
            raise NotReady(await stream.details() or "the stream ended") from None
        finally:
            stream.cancel()
        raise NotReady("the stream ended")

    async def _next(self, stream: grpc.aio.StreamStreamCall[Message, WatchEvent]) -> object:
        try:
            async with asyncio.timeout(self._silence):
                return await stream.read()
        except TimeoutError:
            raise NotReady(f"nothing was heard for {self._silence:g} s") from None
