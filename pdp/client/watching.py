"""``Watch`` from the gateway's side: a stream that is kept open and feeds what the gateway knows of the kill switch.

Whatever goes wrong (the server leaves, says nothing, or says something that is not understood) the stream is opened
anew, which begins with a snapshot. What happens meanwhile is the feed's affair: it fails closed once it is stale.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Protocol, Self, TypeAlias

import grpc
from google.protobuf.message import Message

from pdp.client.channel import error_of_rpc
from pdp.client.terms import Terms
from pdp.errors import AnswerUnusable, NotReady, PdpError
from pdp.revocation.events import Delta, Event, Heartbeat, Snapshot
from pdp.revocation.order import Op, Order, Scope
from pdp.runtime import OrderReport, WatchNews
from pdp.v1.revocation_pb2 import WatchEvent, WatchRequest
from pdp.wire.revocation import Acknowledged, acknowledged_to_proto, news_from_proto

log = logging.getLogger(__name__)
SILENCE = 5.0
"""A heartbeat comes every second; after so many seconds without one the stream is opened anew."""

Call: TypeAlias = "grpc.StreamStreamMultiCallable[Message, WatchEvent]"
Said: TypeAlias = "queue.SimpleQueue[Message | None]"


class Feed(Protocol):
    """What is fed, for example ``pdp.client.feed.RevocationFeed``."""

    @property
    def sequence(self) -> int:
        """The newest sequence that is in force here: what is acknowledged."""

    def take(self, event: Event) -> bool:
        """Take in an event; False when the feed lacks something, and the stream must begin again."""


def event_of(news: WatchNews) -> Event:
    """The news in the words of the feed."""
    if news.orders is not None:
        return Snapshot(news.sequence, news.time, tuple(map(_order, news.orders)))
    if news.order is not None:
        return Delta(news.sequence, news.time, _order(news.order))
    return Heartbeat(news.sequence, news.time)


def fed(feed: Feed, message: WatchEvent) -> WatchRequest:
    """Feed ``message``; the acknowledgement of what is in force now. Raises ``PdpError`` to begin again."""
    if not feed.take(event_of(news_from_proto(message))):
        raise AnswerUnusable("the watch has a gap")
    return acknowledged_to_proto(Acknowledged(sequence=feed.sequence))


class Outages:
    """Counts failed attempts, and tells the log once when the stream breaks and once when it is back."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._attempt = 0
        self.error: PdpError | None = NotReady("the watch has not begun")

    def over(self) -> None:
        """Something was heard and taken."""
        if self._attempt:
            log.info("the watch is back")
        self._attempt, self.error = 0, None

    def pause(self, error: Exception) -> float:
        """The stream ended by ``error``: seconds to wait before the next attempt."""
        self.error = error if isinstance(error, PdpError) else AnswerUnusable(f"{type(error).__name__} while watching")
        if not self._attempt:
            log.warning("the watch broke: %s: %s", self.error.code, self.error)
        self._attempt += 1
        return self._terms.pause(self._attempt - 1)


class Watch:
    """A thread that keeps one stream open."""

    def __init__(self, call: Call, feed: Feed, instance: str, terms: Terms, silence: float = SILENCE) -> None:
        self._call = call
        self._feed = feed
        self._hello = acknowledged_to_proto(Acknowledged(instance))
        self._silence = silence
        self._outages = Outages(terms)
        self._closed = threading.Event()
        self._stream: grpc.Call | None = None
        self._thread = threading.Thread(target=self._run, name="pdp-watch", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def error(self) -> PdpError | None:
        """Why no order would be heard now; None while the stream is open."""
        return self._outages.error

    def close(self) -> None:
        """Watch no more; the feed is stale soon after."""
        self._closed.set()
        stream = self._stream
        if stream is not None:
            stream.cancel()
        self._thread.join()

    def _run(self) -> None:
        while not self._closed.is_set():
            said: Said = queue.SimpleQueue()
            try:
                self._follow(said)
            except Exception as error:  # noqa: BLE001 - whatever it was, only a new stream helps
                self._rest(error_of_rpc(error) if isinstance(error, grpc.RpcError) else error)
            finally:
                said.put(None)

    def _rest(self, error: Exception) -> None:
        # The end that was asked for is no outage.
        if not self._closed.is_set():
            self._closed.wait(self._outages.pause(error))

    def _follow(self, said: Said) -> None:
        stream = self._call(self._say(said))
        self._stream = stream
        if self._closed.is_set():
            stream.cancel()
        try:
            for message in stream:
                said.put(fed(self._feed, message))
                self._outages.over()
        finally:
            stream.cancel()
        raise NotReady("the stream ended")

    def _say(self, said: Said) -> Iterator[Message]:
        """What goes out. gRPC asks for it in a thread of its own, which therefore notices when nothing comes in."""
        yield self._hello
        try:
            while (request := said.get(timeout=self._silence)) is not None:
                yield request
        except queue.Empty:
            stream = self._stream
            if stream is not None:
                stream.cancel()


def _order(report: OrderReport) -> Order:
    return Order(
        sequence=report.sequence,
        op=Op(report.kind),
        scope=Scope(report.scope),
        value=report.value,
        reason=report.reason,
        cause=report.cause,
        until=report.until or None,
        by=report.by,
        time=report.time,
    )
