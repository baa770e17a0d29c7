"""``DecideStream`` from the caller's side: questions go out as they come, decisions come back in any order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from typing import TypeAlias

import grpc
from google.protobuf.message import Message

from pdp.client.channel import error_of_call
from pdp.client.judgement import denied
from pdp.client.operations import DECISIONS, item_decision
from pdp.client.terms import Terms
from pdp.errors import DeadlineTooShort, InvalidRequest, NotReady, PdpError
from pdp.types import Decision, Request
from pdp.v1 import decision_pb2
from pdp.wire import request_to_proto

Stream: TypeAlias = grpc.aio.StreamStreamCall[Message, decision_pb2.DecideStreamResponse]


async def answers(channel: grpc.aio.Channel, requests: AsyncIterable[Request], terms: Terms) -> AsyncIterator[Decision]:
    """One decision for each of ``requests``, at the latest ``terms.timeout`` after it was sent.

    Denied by itself is a question that cannot be sent, has no answer in time, or whose id is under way already. When
    the stream breaks, all that has no answer is denied. An error of ``requests`` itself is raised at the end.
    """
    stream: Stream = channel.stream_stream(
        DECISIONS + "DecideStream",
        decision_pb2.DecideRequest.SerializeToString,
        decision_pb2.DecideStreamResponse.FromString,
    )()
    conversation = _Conversation(stream, terms)
    sending = asyncio.ensure_future(conversation.send(requests))
    receiving = asyncio.ensure_future(conversation.receive())
    try:
        while (decision := await conversation.ready.get()) is not None:
            yield decision
        if sending.done():
            await sending
    finally:
        stream.cancel()
        sending.cancel()
        receiving.cancel()
        conversation.forget()
        await asyncio.wait((sending, receiving))


class _Conversation:
    """What was asked on one stream and is not answered yet. ``ready`` gives decisions, then None at the end."""

    def __init__(self, stream: Stream, terms: Terms) -> None:
        self.ready: asyncio.Queue[Decision | None] = asyncio.Queue()
        self._stream = stream
        self._terms = terms
        self._open: dict[str, tuple[Request, asyncio.TimerHandle]] = {}
        self._sent = False

    async def send(self, requests: AsyncIterable[Request]) -> None:
        """Send every question, then say that there are no more."""
        try:
            async for request in requests:
                await self._ask(self._terms.named(request))
            await self._stream.done_writing()
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            # The stream is broken; the receiving side knows why.
            return
        except BaseException:
            self._stream.cancel()
            raise
        self._sent = True
        self._end_if_done()

    async def receive(self) -> None:
        """Take answers until the stream ends, then deny what has none."""
        error: PdpError = NotReady("the stream ended before the answer")
        try:
            async for answer in self._stream:
                asked = self._open.pop(answer.request_id, None)
                if asked is not None:
                    request, timer = asked
                    timer.cancel()
                    self.ready.put_nowait(item_decision(answer, request, self._terms.understood))
                    self._end_if_done()
        except grpc.aio.AioRpcError as broken:
            error = error_of_call(broken.code(), broken.details(), broken.trailing_metadata())
        except asyncio.CancelledError:
            # Our own cancel after an error of the caller's iterable; or the whole conversation is over.
            pass
        for request, _ in self._open.values():
            self.ready.put_nowait(denied(request, error))
        self.forget()
        self.ready.put_nowait(None)

    def forget(self) -> None:
        """Wait for nothing any more."""
        for _, timer in self._open.values():
            timer.cancel()
        self._open.clear()

    async def _ask(self, request: Request) -> None:
        try:
            message = request_to_proto(request)
            if request.request_id in self._open:
                raise InvalidRequest("request_id", "is under way on this stream; give each question its own")
        except PdpError as error:
            self.ready.put_nowait(denied(request, error))
            return
        timer = asyncio.get_running_loop().call_later(self._terms.timeout, self._expire, request.request_id)
        self._open[request.request_id] = (request, timer)
        await self._stream.write(message)

    def _expire(self, request_id: str) -> None:
        request, _ = self._open.pop(request_id)
        self.ready.put_nowait(denied(request, DeadlineTooShort(f"no answer within {self._terms.timeout:g} s")))
        self._end_if_done()

    def _end_if_done(self) -> None:
        if self._sent and not self._open:
            self.ready.put_nowait(None)
