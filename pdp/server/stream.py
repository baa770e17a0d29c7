"""``DecideStream``: one stream, many questions at a time, answers as they are ready.

A question is read only when there is room for it, so a caller that sends faster than it reads is slowed down by HTTP/2
flow control and never by memory. Every question gets exactly one answer, a decision or its own error.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import cast

from grpc.aio import BaseError

from pdp.errors import DeadlineTooShort, NotReady, PdpError
from pdp.runtime import Caller
from pdp.server.guard import Call, Context, Guard, traceparent_of
from pdp.server.limits import parse, time_left
from pdp.server.services import DecisionService
from pdp.server.status import abort, item_error, public_error
from pdp.v1 import decision_pb2

METHOD = "DecideStream"
ITEM = "DecideStream.item"
LAST_WORD = 0.5
"""Seconds in which the caller of a stream takes its status."""
Answer = decision_pb2.DecideStreamResponse
Serve = Callable[[Context, Caller], Awaitable[None]]


class Stopping:
    """Tells open streams that the service is about to end."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def begin(self) -> None:
        """Ask every stream to end."""
        self._event.set()

    async def wait(self) -> None:
        """Return once ``begin`` was called."""
        await self._event.wait()


def guarded_stream(method: str, serve: Serve, guard: Guard) -> Callable[[object, Context], Awaitable[None]]:
    """Identity once for the stream, error to status, the metrics hook; what is in the stream is up to ``serve``."""

    async def handle(_requests: object, context: Context) -> None:
        started = monotonic()
        try:
            await serve(context, guard.identify(context))
        except asyncio.CancelledError:
            guard.observe(method, "cancelled", monotonic() - started)
            raise
        except BaseError:
            # gRPC's own: the caller left while an answer was being written to it. There is nobody to tell.
            guard.observe(method, "cancelled", monotonic() - started)
            return
        except Exception as problem:  # noqa: BLE001 - every error becomes the stream's status
            error = public_error(problem, method)
            guard.observe(method, error.code, monotonic() - started)
            await _last_word(context, error)
        guard.observe(method, "ok", monotonic() - started)

    return handle


async def _last_word(context: Context, error: PdpError) -> None:
    """The stream's status. Where nobody reads, gRPC keeps it until somebody does, and this handler does not wait."""
    try:
        async with asyncio.timeout(LAST_WORD):
            await abort(context, error)
    except TimeoutError:
        raise asyncio.CancelledError from None


def decisions(service: DecisionService, guard: Guard, at_once: int, stopping: Stopping) -> Serve:
    """Serve ``DecideStream``: in-flight bound, deadline, error and metrics hook for each question in it."""

    async def serve(context: Context, caller: Caller) -> None:
        await _Stream(service, guard, context, caller, at_once).serve(stopping)

    return serve


class _Stream:
    """One open stream. Every answer is written by whoever holds the lock: gRPC takes one message at a time."""

    def __init__(self, service: DecisionService, guard: Guard, context: Context, caller: Caller, at_once: int) -> None:
        self._service = service
        self._guard = guard
        self._context = context
        self._caller = caller
        self._traceparent = traceparent_of(context)
        self._until = self._ends()
        self._room = asyncio.Semaphore(at_once)
        self._writing = asyncio.Lock()

    async def serve(self, stopping: Stopping) -> None:
        """Answer until the caller has no more questions, or the service ends. Raises gRPC's error when it left."""
        left: BaseException | None = None
        try:
            async with asyncio.TaskGroup() as answering:
                reading = asyncio.ensure_future(self._read(answering))
                ending = asyncio.ensure_future(stopping.wait())
                try:
                    await asyncio.wait((reading, ending), return_when=asyncio.FIRST_COMPLETED)
                finally:
                    ending.cancel()
                    reading.cancel()
        except* BaseError as broken:
            left = broken.exceptions[0]
        if left is not None:
            raise left
        if not reading.done() or reading.cancelled():
            raise NotReady("the service is shutting down; open the stream again")
        reading.result()

    async def _read(self, answering: asyncio.TaskGroup) -> None:
        while True:
            await self._room.acquire()
            raw = cast("object", await self._context.read())
            if not isinstance(raw, bytes):
                # The end-of-stream mark of grpc.aio.
                return
            answering.create_task(self._answer(raw))

    async def _answer(self, raw: bytes) -> None:
        try:
            before = self._service.in_force()
            answer = await self._judge(raw)
            async with self._writing:
                await self._context.write(self._standing(answer, before).SerializeToString())
        finally:
            self._room.release()

    def _standing(self, answer: Answer, before: str) -> Answer:
        call = Call(self._caller, self._until, self._traceparent)
        error = self._service.withdrawn(answer.decision, call, before)
        return answer if error is None else Answer(request_id=answer.request_id, error=error)

    async def _judge(self, raw: bytes) -> Answer:
        in_flight = self._guard.in_flight
        try:
            question = parse(decision_pb2.DecideRequest, raw)
        except PdpError as error:
            self._guard.observe(ITEM, error.code, 0.0)
            return Answer(error=item_error(error))
        try:
            in_flight.enter()
        except PdpError as error:
            self._guard.observe(ITEM, error.code, 0.0)
            return Answer(request_id=question.request_id, error=item_error(error))
        try:
            return await self._decide(question)
        finally:
            in_flight.leave()

    async def _decide(self, question: decision_pb2.DecideRequest) -> Answer:
        deadline = min(monotonic() + self._guard.deadlines.default, self._until)
        call = Call(self._caller, deadline, self._traceparent)
        try:
            async with asyncio.timeout_at(deadline):
                result = await self._service.item(question, call, ITEM)
        except TimeoutError:
            late = DeadlineTooShort("the deadline passed before the answer was ready")
            self._guard.observe(ITEM, late.code, self._guard.deadlines.default)
            result = item_error(late)
        if isinstance(result, decision_pb2.ItemError):
            return Answer(request_id=question.request_id, error=result)
        return Answer(request_id=result.request_id, decision=result)

    def _ends(self) -> float:
        left = time_left(self._context)
        return float("inf") if left is None else monotonic() + left
