"""The client for ordinary code. Safe to share between threads, as gRPC channels are."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self, TypeVar

import grpc
from google.protobuf.message import Message

from pdp.client import operations, runtime_operations
from pdp.client.channel import OPTIONS, ClientTls, check_address, error_of_rpc
from pdp.client.operations import Operation
from pdp.client.sync_runtime import RuntimeCalls
from pdp.client.terms import Terms
from pdp.client.watching import Feed, Watch
from pdp.errors import NotReady
from pdp.reports import Activation, Check, Edit, Status
from pdp.types import Decision, Request
from pdp.v1.revocation_pb2 import WatchEvent, WatchRequest

R = TypeVar("R")
DEFAULT_TERMS = Terms()
ADMINISTRATION_TIMEOUT = 120.0


class Client(RuntimeCalls):
    """Asks a PDP at ``address`` (``host:port`` or ``unix:/path``).

    ``decide`` never raises for want of an answer: every error, unknown word or strange obligation is a deny whose
    reason says what happened (see ``Terms``). So do ``start_session``, ``consume`` and ``attenuate`` with a refusal.
    All other methods raise ``PdpError``. ``timeout`` is in seconds.
    """

    def __init__(
        self,
        address: str,
        *,
        tls: ClientTls | None = None,
        plaintext: bool = False,
        terms: Terms = DEFAULT_TERMS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        check_address(address, tls, plaintext=plaintext)
        self._terms = terms
        self._calls: dict[str, grpc.UnaryUnaryMultiCallable[Message, Message]] = {}
        self._sleep = sleep
        if tls is None:
            self._channel = grpc.insecure_channel(address, options=OPTIONS)
        else:
            self._channel = grpc.secure_channel(address, tls.credentials(), options=(*OPTIONS, *tls.options()))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the channel; calls under way end."""
        self._channel.close()

    def decide(self, request: Request, timeout: float | None = None) -> Decision:
        """Ask one question."""
        request = self._terms.named(request)
        try:
            return self._run(operations.decide(request, self._terms.understood), timeout)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong, a gateway must get a deny
            return self._terms.without_answer(request, error)

    def decide_batch(self, requests: Sequence[Request], timeout: float | None = None) -> tuple[Decision, ...]:
        """Ask several independent questions at once; the decisions come in their places."""
        named = [self._terms.named(request) for request in requests]
        try:
            return self._run(operations.decide_batch(named, self._terms.understood), timeout)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong, a gateway must get denies
            return tuple(self._terms.without_answer(request, error) for request in named)

    def explain(self, request: Request, timeout: float | None = None) -> Decision:
        """Ask one question and get ``verdict.trace`` with it; nothing is granted."""
        request = self._terms.named(request)
        try:
            return self._run(operations.explain(request, self._terms.understood), timeout)
        except Exception as error:  # noqa: BLE001 - as for decide
            return self._terms.without_answer(request, error)

    def status(self, timeout: float | None = None) -> Status:
        """What is in force."""
        return self._run(operations.status(), timeout)

    def activate(
        self, path: str = "", expected_revision: str = "", timeout: float = ADMINISTRATION_TIMEOUT
    ) -> Activation:
        """Bring the bundle at ``path`` on the server (empty: the configured one) into force."""
        return self._run(operations.activate(path, expected_revision), timeout)

    def check(self, path: str = "", timeout: float = ADMINISTRATION_TIMEOUT) -> Check:
        """Whether the bundle could be activated."""
        return self._run(operations.check(path), timeout)

    def add_exemplar(
        self, intent: str, text: str, *, counter: bool = False, timeout: float = ADMINISTRATION_TIMEOUT
    ) -> Edit:
        """Add an exemplar (or counter-exemplar) to the bundle's files and activate the result."""
        return self._run(operations.add_exemplar(intent, text, counter=counter), timeout)

    def remove_exemplar(
        self, intent: str, text: str, *, counter: bool = False, timeout: float = ADMINISTRATION_TIMEOUT
    ) -> Edit:
        """Remove one likewise."""
        return self._run(operations.remove_exemplar(intent, text, counter=counter), timeout)

    def watching(self, feed: Feed, instance: str = "") -> Watch:
        """Keep ``feed`` told of every order, from a thread of its own, until the result is closed.

        ``instance`` names this instance of the gateway; empty: a random one.
        """
        call = self._channel.stream_stream(
            runtime_operations.WATCH, WatchRequest.SerializeToString, WatchEvent.FromString
        )
        return Watch(call, feed, instance or self._terms.new_id(), self._terms)

    def ready(self, service: str = "", timeout: float | None = None) -> bool:
        """Whether the service says SERVING now. A server that cannot be reached is not ready."""
        try:
            return self._run(operations.health(service), timeout)
        except NotReady:
            return False

    def _call(self, operation: Operation[R]) -> grpc.UnaryUnaryMultiCallable[Message, Message]:
        # Made once for each method: making one costs as much as a tenth of a call.
        call = self._calls.get(operation.method)
        if call is None:
            encode, decode = type(operation.message).SerializeToString, operation.kind.FromString
            call = self._channel.unary_unary(operation.method, encode, decode)
            self._calls[operation.method] = call
        return call

    def _run(self, operation: Operation[R], timeout: float | None) -> R:
        terms = self._terms
        ends = time.monotonic() + (terms.timeout if timeout is None else timeout)
        call = self._call(operation)
        attempts = terms.attempts if operation.repeatable else 1
        for attempt in range(attempts):
            try:
                left = max(ends - time.monotonic(), 0.0)
                return operation.read(call(operation.message, timeout=left, metadata=operation.metadata))
            except grpc.RpcError as error:
                pause = terms.pause(attempt)
                last = attempt + 1 == attempts or time.monotonic() + pause >= ends
                if last or error.code() is not grpc.StatusCode.UNAVAILABLE:
                    raise error_of_rpc(error) from error
            self._sleep(pause)
        raise NotReady("no attempt was made")
