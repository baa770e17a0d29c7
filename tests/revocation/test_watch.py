"""Every watcher is told every order once and in order, or is dropped; who holds what is counted."""

from __future__ import annotations

import asyncio
import time

import pytest

from pdp.revocation.events import Delta, Event, Heartbeat, Snapshot
from pdp.revocation.watch import Acknowledged, Watcher, WatcherDropped, Watchers
from tests.revocation.orders import NOW, order

EMPTY = Snapshot(0, NOW, ())


def delta(sequence: int) -> Delta:
    return Delta(sequence, NOW, order(sequence))


async def drained(watcher: Watcher) -> list[Event]:
    """What waits for the watcher now."""
    found = []
    try:
        while True:
            async with asyncio.timeout(0.01):
                found.append(await watcher.next())
    except TimeoutError:
        return found


async def test_a_snapshot_comes_first_then_what_is_told() -> None:
    watchers = Watchers()
    watchers.tell(delta(1), 0)
    watcher = watchers.subscribe("g", "1", Snapshot(1, NOW, (order(1),)), 0)
    watchers.tell(delta(2), 0)
    watchers.tell(delta(3), 0)
    assert await drained(watcher) == [Snapshot(1, NOW, (order(1),)), delta(2), delta(3)]


async def test_who_waits_is_woken() -> None:
    watchers = Watchers()
    watcher = watchers.subscribe("g", "1", EMPTY, 0)
    await watcher.next()
    waiting = asyncio.create_task(watcher.next())
    await asyncio.sleep(0)
    watchers.tell(delta(1), 0)
    assert await waiting == delta(1)


async def test_who_does_not_drain_is_dropped() -> None:
    """The others are not; it hears of it at once and may subscribe again."""
    watchers = Watchers(room=3)
    slow, quick = (watchers.subscribe("g", i, EMPTY, 0) for i in "12")
    for n in range(1, 5):
        watchers.tell(delta(n), 0)
        await drained(quick)
    assert len(watchers) == 1
    with pytest.raises(WatcherDropped, match="3 events waiting"):
        await slow.next()
    watchers.leave(slow, 0)
    again = watchers.subscribe("g", "1", Snapshot(4, NOW, ()), 0)
    assert await again.next() == Snapshot(4, NOW, ())
    assert len(watchers) == 2


async def test_heartbeats_do_not_pile_up() -> None:
    """They never drop anybody, and are left out where something else waits."""
    watchers = Watchers(room=2)
    watcher = watchers.subscribe("g", "1", EMPTY, 0)
    for n in range(10):
        watchers.tell(Heartbeat(0, NOW + n), n)
    assert await drained(watcher) == [EMPTY]
    watchers.tell(Heartbeat(0, NOW), 0)
    assert await drained(watcher) == [Heartbeat(0, NOW)]


async def test_a_snapshot_replaces_what_waits() -> None:
    watchers = Watchers(room=2)
    watcher = watchers.subscribe("g", "1", EMPTY, 0)
    watchers.tell(delta(1), 0)
    watchers.tell(Snapshot(9, NOW, ()), 0)
    assert await drained(watcher) == [Snapshot(9, NOW, ())]


async def test_a_second_stream_of_an_instance_takes_the_place_of_the_first() -> None:
    """The end of the first, which comes late, does not end the second."""
    watchers = Watchers()
    first = watchers.subscribe("g", "1", EMPTY, 0)
    await first.next()
    waiting = asyncio.create_task(first.next())
    await asyncio.sleep(0)
    second = watchers.subscribe("g", "1", EMPTY, 0)
    with pytest.raises(WatcherDropped, match="subscribed again"):
        await waiting
    watchers.leave(first, 0)
    assert len(watchers) == 1
    assert await second.next() == EMPTY
    assert watchers.counts(1, 0) == Acknowledged(0, 1, 0)


async def test_counts() -> None:
    """Those that hold the order, those that do not yet, and those that are silent or gone and do not hold it."""
    watchers = Watchers(stale_after=3, remembered=10)
    holds, waits, silent, gone, gone_before = (watchers.subscribe("g", i, EMPTY, 0) for i in "12345")
    watchers.leave(gone_before, 0)
    watchers.tell(delta(1), 8)
    for watcher in (holds, waits, silent, gone):
        await drained(watcher)
    watchers.acknowledge(holds, 1, 8)
    watchers.acknowledge(waits, 0, 8)
    watchers.leave(gone, 8)
    assert watchers.counts(1, 9) == Acknowledged(acknowledged=1, pending=1, stale=3)
    assert watchers.counts(1, 10.5) == Acknowledged(acknowledged=1, pending=1, stale=2)
    assert watchers.counts(1, 30) == Acknowledged(acknowledged=1, pending=0, stale=2)
    assert watchers.counts(0, 30) == Acknowledged(acknowledged=3, pending=0, stale=0)


async def test_what_was_not_sent_cannot_be_acknowledged() -> None:
    watchers = Watchers()
    watcher = watchers.subscribe("g", "1", EMPTY, 0)
    watchers.tell(delta(1), 0)
    await watcher.next()
    watchers.acknowledge(watcher, 10**9, 0)
    assert watchers.counts(1, 0).pending == 1
    await watcher.next()
    watchers.acknowledge(watcher, 10**9, 0)
    watchers.acknowledge(watcher, 0, 0)
    assert watchers.counts(1, 0).acknowledged == 1
    assert watchers.counts(2, 0).pending == 1


async def test_one_may_wait_until_all_hold_an_order() -> None:
    """And no longer than one wishes; who leaves is not waited for."""
    watchers = Watchers()
    one, two = (watchers.subscribe("g", i, Snapshot(1, NOW, ()), 0) for i in "12")
    began = time.monotonic()
    await watchers.settle(1, 0.02)
    assert 0.01 < time.monotonic() - began < 20
    waiting = asyncio.create_task(watchers.settle(1, 30))
    await one.next()
    watchers.acknowledge(one, 1, 0)
    await asyncio.sleep(0.01)
    assert not waiting.done()
    watchers.leave(two, 0)
    await asyncio.wait_for(waiting, 1)
    await watchers.settle(1, 30)


async def test_two_hundred_are_told_within_milliseconds() -> None:
    """From the order to the last acknowledgement; the best of some tries, for the machine may be busy."""
    watchers = Watchers()
    streams = [watchers.subscribe("g", str(n), EMPTY, 0) for n in range(200)]

    async def stream(watcher: Watcher) -> None:
        while True:
            event = await watcher.next()
            watchers.acknowledge(watcher, event.sequence, 0)

    tasks = [asyncio.create_task(stream(watcher)) for watcher in streams]
    await asyncio.sleep(0.01)
    took = []
    for n in range(1, 20):
        began = time.perf_counter()
        watchers.tell(delta(n), 0)
        await watchers.settle(n, 10)
        took.append(time.perf_counter() - began)
        assert watchers.counts(n, 0) == Acknowledged(200, 0, 0)
    for task in tasks:
        task.cancel()
    assert min(took) < 1
