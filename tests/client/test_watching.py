"""A feed is kept told of every order, through outages, silence and nonsense."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import grpc
import pytest

from pdp.client import AsyncClient, Client, Terms
from pdp.client.aio_watching import AsyncWatch
from pdp.client.feed import RevocationFeed
from pdp.client.watching import Watch
from pdp.runtime import OrderWanted, WatchNews
from pdp.server.app import Server, ServerSettings
from pdp.v1 import revocation_pb2 as proto
from tests.server.fakes import make
from tests.server.test_guard import until

QUICK = Terms(first_pause=0.01, longest_pause=0.05)
KILL = OrderWanted("kill", "agent", "a", "astray")


@asynccontextmanager
async def watching_sync(address, feed):
    """The thread, in the words of the task."""
    client = await asyncio.to_thread(Client, address, terms=QUICK)
    watch = client.watching(feed, "gw-1")
    try:
        yield watch
    finally:
        await asyncio.to_thread(watch.close)
        await asyncio.to_thread(client.close)


@asynccontextmanager
async def watching_async(address, feed):
    """The task."""
    async with AsyncClient(address, terms=QUICK) as client, client.watching(feed, "gw-1") as watch:
        yield watch


@pytest.fixture(params=[watching_async, watching_sync], ids=["async", "sync"])
def watching(request):
    return request.param


async def test_a_feed_knows_every_order_and_the_server_what_it_holds(watching, running):
    """Snapshot first, then each order; acknowledged once it is in force in the feed."""
    point, feed = running.made.runtime.revocations, RevocationFeed()
    assert feed.stale
    await point.order(KILL, "op")
    async with watching(running.address, feed) as watch:
        await until(lambda: feed.sequence == 1)
        assert (feed.stale, watch.error) == ("", None)
        receipt = await point.order(OrderWanted("quarantine", "everything", "", "x", wait=3.0), "op")
        assert (receipt.acknowledged, receipt.pending, feed.sequence) == (1, 0, 2)
        assert point.seen == [("loopback", "gw-1")]
        await point.order(OrderWanted("lift", "agent", "a", "", wait=3.0), "op")
        point.tell(WatchNews(3, 200.0))
        await until(lambda: feed.sequence == 3)
    await until(lambda: not point.watchers)


async def test_a_feed_that_missed_an_order_gets_a_new_snapshot(watching, running):
    """A gap in the sequence is noticed, and the stream opened anew."""
    point, feed = running.made.runtime.revocations, RevocationFeed()
    async with watching(running.address, feed):
        await until(lambda: len(point.watchers) == 1 and not feed.stale)
        point.sequence = 4
        await point.order(KILL, "op")
        await until(lambda: feed.sequence == 5 and not feed.stale)
        assert len(point.seen) == 2


async def test_a_server_that_leaves_and_comes_back_is_found_again(watching, tmp_path):
    """Orders of the meantime come with the snapshot; until then the feed says that it cannot tell."""
    feed = RevocationFeed(max_stale=0.2)
    made = make(tmp_path)
    path = f"unix:{tmp_path}/s"
    first = Server(made.parts(), ServerSettings(listen=path, shutdown_grace=1))
    await first.open()
    async with watching(path, feed) as watch:
        await until(lambda: not feed.stale)
        await first.stop()
        await until(lambda: bool(feed.stale) and watch.error is not None)
        await made.runtime.revocations.order(KILL, "op")
        second = Server(made.parts(), ServerSettings(listen=path, shutdown_grace=1))
        await second.open()
        await until(lambda: feed.sequence == 1 and watch.error is None, 5.0)
        await second.stop()


async def test_a_server_that_falls_silent_is_left(running):
    """Nothing heard for a while: the stream is opened anew, which a server that hangs may survive."""
    point = running.made.runtime.revocations
    async with AsyncClient(running.address, terms=QUICK) as client:
        call = client._channel.stream_stream(
            "/pdp.v1.RevocationService/Watch", proto.WatchRequest.SerializeToString, proto.WatchEvent.FromString
        )
        async with AsyncWatch(call, RevocationFeed(), "i", QUICK, silence=0.2):
            await until(lambda: len(point.seen) >= 2)
    with grpc.insecure_channel(running.address) as channel:
        call = channel.stream_stream(
            "/pdp.v1.RevocationService/Watch", proto.WatchRequest.SerializeToString, proto.WatchEvent.FromString
        )
        before = len(point.seen)
        watch = Watch(call, RevocationFeed(), "i", QUICK, silence=0.2)
        await until(lambda: len(point.seen) >= before + 2)
        await asyncio.to_thread(watch.close)


async def test_what_is_not_understood_is_never_passed_over(watching):
    """An event of a later version, or a feed that fails: begin again, acknowledge nothing, tell why."""
    opened, acknowledged = [], []
    server = grpc.aio.server()

    async def watch(_requests, context):
        opened.append(proto.WatchRequest.FromString(await context.read()).instance)
        await context.write(proto.WatchEvent(sequence=1).SerializeToString())
        acknowledged.append(await context.read())

    methods = {"Watch": grpc.stream_stream_rpc_method_handler(watch)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("pdp.v1.RevocationService", methods),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    feed = RevocationFeed()
    async with watching(f"127.0.0.1:{port}", feed) as watch_:
        await until(lambda: len(opened) >= 3 and watch_.error is not None)
        assert watch_.error.code == "answer_unusable"
        assert feed.stale
    await server.stop(0)
    assert not any(isinstance(said, bytes) for said in acknowledged)


class Broken:
    """A feed that fails."""

    sequence = 0

    def take(self, _event) -> bool:
        raise LookupError("mine")


async def test_a_feed_that_fails_acknowledges_nothing(watching, running):
    """Its error is not lost, and the stream begins again."""
    point = running.made.runtime.revocations
    async with watching(running.address, Broken()) as watch:
        await until(lambda: len(point.seen) >= 2 and watch.error is not None)
        assert "LookupError" in str(watch.error)
        receipt = await point.order(KILL, "op")
        assert receipt.acknowledged == 0


async def test_a_watch_can_be_closed_at_any_time(watching, running):
    """Also while nobody answers, and at once."""
    async with asyncio.timeout(5):
        async with watching("unix:/nowhere", RevocationFeed()):
            pass
        for _ in range(5):
            async with watching(running.address, RevocationFeed()):
                pass
    await until(lambda: not running.made.runtime.revocations.watchers)
