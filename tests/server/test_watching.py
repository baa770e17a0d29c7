"""``Watch``: every gateway is told every order at its own pace, and one that is not read holds up nobody."""

from __future__ import annotations

import asyncio

import grpc
import pytest

from pdp.runtime import OrderReport, WatchNews
from pdp.server.app import ServerSettings
from pdp.server.limits import Limits
from pdp.v1 import revocation_pb2 as proto
from tests.server.conftest import reason
from tests.server.test_guard import until
from tests.server.test_tls import ADMIN, GATEWAY, authority, secure, settings

__all__ = ["authority", "settings"]


async def watch(running, instance: str = "i"):
    """An open stream that has named its instance."""
    stream = running.revocations.Watch(timeout=20)
    await stream.write(proto.WatchRequest(instance=instance))
    return stream


def kill(value: str = "a", wait: float = 0.0, **fields) -> proto.OrderRequest:
    return proto.OrderRequest(scope=proto.SCOPE_AGENT, value=value, wait=wait, **fields)


def order(sequence: int, size: int) -> WatchNews:
    text = "x" * size
    report = OrderReport(sequence, "kill", "agent", "a", text, "operator-action", 0.0, "op", 1.0)
    return WatchNews(sequence, 1.0, order=report)


async def drained(stream) -> None:
    """Read until the stream ends."""
    while await stream.read() is not grpc.aio.EOF:
        pass


async def test_every_watcher_gets_a_snapshot_and_then_every_order(running):
    """In their order, with the caller's name and the instance known to the point."""
    await running.revocations.Kill(kill("first"), timeout=2)
    streams = [await watch(running, f"i{n}") for n in range(5)]
    for stream in streams:
        snapshot = await stream.read()
        assert (snapshot.sequence, snapshot.snapshot.orders[0].value) == (1, "first")
    await running.revocations.Kill(kill("second"), timeout=2)
    await running.revocations.Lift(kill("first"), timeout=2)
    for stream in streams:
        events = [await stream.read(), await stream.read()]
        assert [e.sequence for e in events] == [2, 3]
        assert [e.order.kind for e in events] == [proto.ORDER_KIND_KILL, proto.ORDER_KIND_LIFT]
    assert sorted(running.made.runtime.revocations.seen) == [("loopback", f"i{n}") for n in range(5)]
    running.made.runtime.revocations.tell(WatchNews(3, 2.0))
    assert (await streams[0].read()).WhichOneof("event") == "heartbeat"


async def test_a_kill_waits_for_the_gateways_and_counts_them(running):
    """Those that acknowledge in time, and those that do not."""
    good, silent = await watch(running, "good"), await watch(running, "silent")
    for stream in (good, silent):
        await stream.read()
    killing = asyncio.ensure_future(running.revocations.Kill(kill(wait=0.5), timeout=5))
    await good.write(proto.WatchRequest(acknowledged=(await good.read()).sequence))
    receipt = await killing
    assert (receipt.acknowledged, receipt.pending) == (1, 1)


async def test_a_watcher_that_is_gone_is_forgotten(running):
    """Cancelled by its caller, or its connection."""
    stream = await watch(running)
    await stream.read()
    stream.cancel()
    await until(lambda: not running.made.runtime.revocations.watchers)
    assert ("Watch", "cancelled") in running.made.observed


async def test_a_watcher_that_says_no_more_still_listens(running):
    """Closing its own side ends no watch."""
    stream = await watch(running)
    await stream.done_writing()
    await stream.read()
    await running.revocations.Kill(kill(), timeout=2)
    assert (await stream.read()).sequence == 1


@pytest.mark.parametrize(
    "first", [proto.WatchRequest(), proto.WatchRequest(instance="a\u200bb"), None], ids=["empty", "hidden", "none"]
)
async def test_a_watcher_without_a_name_is_refused(running, first):
    """The first message names the instance; invisible characters or nothing at all are no name."""
    stream = running.revocations.Watch(timeout=5)
    if first is not None:
        await stream.write(first)
    await stream.done_writing()
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stream.read()
    assert (refused.value.code(), reason(refused.value)) == (grpc.StatusCode.INVALID_ARGUMENT, "invalid_request")
    assert running.made.runtime.revocations.seen == []


async def test_a_watcher_that_says_nothing_at_all_is_refused_after_a_while(serve):
    """An open stream takes a place; it must say who it is."""
    async with serve(ServerSettings(limits=Limits(watch_patience=0.1), shutdown_grace=1)) as running:
        stream = running.revocations.Watch(timeout=5)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stream.read()
        assert reason(refused.value) == "deadline_too_short"


async def test_bytes_that_are_no_acknowledgement_end_the_watch(running):
    """The gateway begins again with a snapshot."""
    stream = running.channel.stream_stream("/pdp.v1.RevocationService/Watch")(timeout=5)
    await stream.write(proto.WatchRequest(instance="i").SerializeToString())
    await stream.read()
    await stream.write(b"\xff\xff")
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stream.read()
    assert reason(refused.value) == "invalid_request"
    await until(lambda: not running.made.runtime.revocations.watchers)


async def test_there_is_room_for_so_many_watchers(serve):
    """One more is RESOURCE_EXHAUSTED; its place comes back when one leaves."""
    async with serve(ServerSettings(limits=Limits(watches=1), shutdown_grace=1)) as running:
        first = await watch(running)
        await first.read()
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await (await watch(running)).read()
        assert reason(refused.value) == "overloaded"
        first.cancel()
        await until(lambda: not running.made.runtime.revocations.watchers)
        assert (await (await watch(running)).read()).WhichOneof("event") == "snapshot"


async def test_watch_is_for_callers(serve, settings, authority):
    """An administrator is no gateway."""
    async with serve(settings, channel=secure(authority, authority.sign(uris=(ADMIN,)))) as running:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await (await watch(running)).read()
        assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
    async with serve(settings, channel=secure(authority, authority.sign(uris=(GATEWAY,)))) as running:
        await (await watch(running)).read()
        assert running.made.runtime.revocations.seen == [(GATEWAY, "i")]


async def test_a_watcher_that_does_not_read_holds_up_nobody_and_is_cut_off(serve):
    """Megabytes for it wait in its own stream; the other is told at once, and the slow one loses its place."""
    limits = Limits(watch_patience=0.5)
    async with serve(ServerSettings(limits=limits, shutdown_grace=5)) as running:
        point = running.made.runtime.revocations
        async with grpc.aio.insecure_channel(running.address) as channel:
            slow = channel.stream_stream("/pdp.v1.RevocationService/Watch")(timeout=20)
            await slow.write(proto.WatchRequest(instance="slow").SerializeToString())
            await slow.read()
            stream = await watch(running, "quick")
            await stream.read()
            for n in range(1, 101):
                point.tell(order(n, 100_000))
            for n in range(1, 101):
                assert (await stream.read()).sequence == n
            await until(lambda: [w.instance for w in point.watchers] == ["quick"], 5.0)
            with pytest.raises(grpc.aio.AioRpcError) as ended:
                await drained(slow)
            assert reason(ended.value) == "deadline_too_short"


async def test_watchers_are_told_that_the_service_ends_and_do_not_hold_it_up(serve):
    """UNAVAILABLE, so that the gateway opens the stream again elsewhere."""
    async with serve(ServerSettings(shutdown_grace=8)) as running:
        streams = [await watch(running), await watch(running)]
        for stream in streams:
            await stream.read()
        async with asyncio.timeout(2):
            assert await running.server.stop()
        for stream in streams:
            with pytest.raises(grpc.aio.AioRpcError) as ended:
                await stream.read()
            assert (ended.value.code(), reason(ended.value)) == (grpc.StatusCode.UNAVAILABLE, "not_ready")
        assert running.made.runtime.revocations.watchers == []


async def test_a_watcher_that_does_not_read_lets_the_service_end_with_its_grace(serve):
    """gRPC cannot drop one stream: what nobody reads goes with the grace period, and ``stop`` says so."""
    async with serve(ServerSettings(shutdown_grace=1)) as running:
        stream = await watch(running)
        await stream.read()
        for n in range(1, 101):
            running.made.runtime.revocations.tell(order(n, 100_000))
        await asyncio.sleep(0.3)
        async with asyncio.timeout(4):
            assert not await running.server.stop()
        assert running.made.runtime.revocations.watchers == []
