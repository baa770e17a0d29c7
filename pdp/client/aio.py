"""The client for asyncio, with the stream for busy gateways. Use it in the event loop that made it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from types import TracebackType
from typing import Self, TypeVar

import grpc
from google.protobuf.message import Message

from pdp.client import operations, runtime_operations
from pdp.client.aio_runtime import AsyncRuntimeCalls
from pdp.client.aio_watching import AsyncWatch
from pdp.client.channel import OPTIONS, ClientTls, check_address, error_of_call
from pdp.client.operations import Operation
from pdp.client.streaming import answers
from pdp.client.sync import ADMINISTRATION_TIMEOUT, DEFAULT_TERMS
from pdp.client.terms import Terms
from pdp.client.watching import Feed
from pdp.errors import NotReady
from pdp.reports import Activation, Check, Edit, Status
from pdp.types import Decision, Request
from pdp.v1.revocation_pb2 import WatchEvent, WatchRequest

R = TypeVar("R")


class AsyncClient(AsyncRuntimeCalls):
    """``Client`` with coroutines; see there. ``decide_stream`` asks many questions over one stream."""

    def __init__(
        self, address: str, *, tls: ClientTls | None = None, plaintext: bool = False, terms: Terms = DEFAULT_TERMS
    ) -> None:
        check_address(address, tls, plaintext=plaintext)
        self._terms = terms
        self._calls: dict[str, grpc.aio.UnaryUnaryMultiCallable[Message, Message]] = {}
        if tls is None:
            self._channel = grpc.aio.insecure_channel(address, options=OPTIONS)
        else:
            options = (*OPTIONS, *tls.options())
            self._channel = grpc.aio.secure_channel(address, tls.credentials(), options=options)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the channel; calls under way end."""
        await self._channel.close()

    async def decide(self, request: Request, timeout: float | None = None) -> Decision:  # noqa: ASYNC109 - the call's own
        """Ask one question."""
        request = self._terms.named(request)
        try:
            return await self._run(operations.decide(request, self._terms.understood), timeout)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong, a gateway must get a deny
            return self._terms.without_answer(request, error)

    async def decide_batch(
        self,
        requests: Sequence[Request],
        timeout: float | None = None,  # noqa: ASYNC109 - the call's own
    ) -> tuple[Decision, ...]:
        """Ask several independent questions at once; the decisions come in their places."""
        named = [self._terms.named(request) for request in requests]
        try:
            return await self._run(operations.decide_batch(named, self._terms.understood), timeout)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong, a gateway must get denies
            return tuple(self._terms.without_answer(request, error) for request in named)

    def decide_stream(self, requests: AsyncIterable[Request]) -> AsyncIterator[Decision]:
        """Ask as questions come; decisions come as they are ready, each under its question's ``request_id``.

        When the stream breaks, every question without an answer is denied and the iteration ends.
        """
        return answers(self._channel, requests, self._terms)

    async def explain(self, request: Request, timeout: float | None = None) -> Decision:  # noqa: ASYNC109 - the call's own
        """Ask one question and get ``verdict.trace`` with it; nothing is granted."""
        request = self._terms.named(request)
        try:
            return await self._run(operations.explain(request, self._terms.understood), timeout)
        except Exception as error:  # noqa: BLE001 - as for decide
            return self._terms.without_answer(request, error)

    async def status(self) -> Status:
        """What is in force."""
        return await self._run(operations.status(), None)

    async def activate(self, path: str = "", expected_revision: str = "") -> Activation:
        """Bring the bundle at ``path`` on the server (empty: the configured one) into force."""
        return await self._run(operations.activate(path, expected_revision), ADMINISTRATION_TIMEOUT)

    async def check(self, path: str = "") -> Check:
        """Whether the bundle could be activated."""
        return await self._run(operations.check(path), ADMINISTRATION_TIMEOUT)

    async def add_exemplar(self, intent: str, text: str, *, counter: bool = False) -> Edit:
        """Add an exemplar (or counter-exemplar) to the bundle's files and activate the result."""
        return await self._run(operations.add_exemplar(intent, text, counter=counter), ADMINISTRATION_TIMEOUT)

    async def remove_exemplar(self, intent: str, text: str, *, counter: bool = False) -> Edit:
        """Remove one likewise."""
        return await self._run(operations.remove_exemplar(intent, text, counter=counter), ADMINISTRATION_TIMEOUT)

    def watching(self, feed: Feed, instance: str = "") -> AsyncWatch:
        """Keep ``feed`` told of every order, from a task of its own, until the result is closed.

        ``instance`` names this instance of the gateway; empty: a random one.
        """
        call = self._channel.stream_stream(
            runtime_operations.WATCH, WatchRequest.SerializeToString, WatchEvent.FromString
        )
        return AsyncWatch(call, feed, instance or self._terms.new_id(), self._terms)

    async def ready(self, service: str = "") -> bool:
        """Whether the service says SERVING now. A server that cannot be reached is not ready."""
        try:
            return await self._run(operations.health(service), None)
        except NotReady:
            return False

    def _call(self, operation: Operation[R]) -> grpc.aio.UnaryUnaryMultiCallable[Message, Message]:
        # Made once for each method: making one costs as much as a tenth of a call.
        call = self._calls.get(operation.method)
        if call is None:
            encode, decode = type(operation.message).SerializeToString, operation.kind.FromString
            call = self._channel.unary_unary(operation.method, encode, decode)
            self._calls[operation.method] = call
        return call

    async def _run(self, operation: Operation[R], timeout: float | None) -> R:  # noqa: ASYNC109 - the call's own
        terms = self._terms
        ends = time.monotonic() + (terms.timeout if timeout is None else timeout)
        call = self._call(operation)
        attempts = terms.attempts if operation.repeatable else 1
        for attempt in range(attempts):
            try:
                left = max(ends - time.monotonic(), 0.0)
                return operation.read(await call(operation.message, timeout=left, metadata=operation.metadata))
            except grpc.aio.AioRpcError as error:
                pause = terms.pause(attempt)
                last = attempt + 1 == attempts or time.monotonic() + pause >= ends
                if last or error.code() is not grpc.StatusCode.UNAVAILABLE:
                    raise error_of_call(error.code(), error.details(), error.trailing_metadata()) from error
            await asyncio.sleep(pause)
        raise NotReady("no attempt was made")
