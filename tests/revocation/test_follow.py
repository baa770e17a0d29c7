"""Orders of any process reach the watchers of this one, in order and soon; a damaged journal reaches them too."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from pdp.client.feed import RevocationFeed
from pdp.revocation.events import Delta, Heartbeat, Snapshot
from pdp.revocation.follow import Follower
from pdp.revocation.journal import RevocationJournal
from pdp.revocation.order import JOURNAL_CORRUPT
from pdp.revocation.table import Op, Scope, Subjects
from pdp.revocation.watch import Watcher, Watchers
from tests.revocation.orders import NOW
from tests.revocation.test_journal import child, kill


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "revocations.jsonl"


@pytest.fixture
def journal(path: Path) -> Iterator[RevocationJournal]:
    with RevocationJournal.open(path) as opened:
        yield opened


@pytest.fixture
def other(journal: RevocationJournal, path: Path) -> Iterator[RevocationJournal]:
    with RevocationJournal.open(path) as opened:
        yield opened


@pytest.fixture
def watchers() -> Watchers:
    return Watchers()


@pytest.fixture
def follower(journal: RevocationJournal, watchers: Watchers) -> Follower:
    """One that is not running."""
    return Follower(journal, watchers, lambda: NOW, time.monotonic, beat=0.05)


@pytest.fixture
async def running(follower: Follower) -> AsyncIterator[Follower]:
    task = asyncio.create_task(follower.run())
    yield follower
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def damage(path: Path) -> None:
    path.touch(0o600)
    with path.open("ab") as file:
        file.write(b"damage\n")


def size(path: Path) -> int:
    return path.stat().st_size


async def following(watcher: Watcher) -> object:
    """The next event that is no heartbeat."""
    async with asyncio.timeout(10):
        while isinstance(event := await watcher.next(), Heartbeat):
            pass
        return event


async def test_an_order_of_another_process_is_handed_on(running: Follower, other: RevocationJournal) -> None:
    first = kill(other)
    watcher = running.subscribe("g", "1")
    assert await following(watcher) == Snapshot(1, NOW, (first,))
    second = kill(other, "b")
    assert await following(watcher) == Delta(2, NOW, second)


async def test_a_poke_hands_on_at_once(follower: Follower, journal: RevocationJournal) -> None:
    """Without waiting for the next look, though a decision may have looked meanwhile."""
    watcher = follower.subscribe("g", "1")
    given = [await asyncio.to_thread(kill, journal, agent) for agent in "ab"]
    journal.refresh()
    follower.poke()
    follower.poke()
    assert [await following(watcher) for _ in range(3)] == [
        Snapshot(0, NOW, ()),
        *(Delta(o.sequence, NOW, o) for o in given),
    ]


async def test_who_subscribes_while_orders_come_misses_none(running: Follower, path: Path) -> None:
    """Feeds of gateways that come while another process gives orders end up with every one, without a gap."""
    feeds: list[RevocationFeed] = []

    async def gateway(watcher: Watcher) -> None:
        feeds.append(feed := RevocationFeed())
        while feed.sequence < 300:
            assert feed.take(await watcher.next())

    with child("append", path, 300, "p") as process:
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            for n in range(30):
                group.create_task(gateway(running.subscribe("g", str(n))))
                await asyncio.sleep(0.002)
        process.wait()
    assert len(feeds) == 30
    assert all(feed.find(Subjects(agent="p-299")) and not feed.find(Subjects(agent="x")) for feed in feeds)


async def test_there_are_heartbeats(running: Follower) -> None:
    watcher = running.subscribe("g", "1")
    assert await watcher.next() == Snapshot(0, NOW, ())
    async with asyncio.timeout(10):
        assert [await watcher.next() for _ in range(3)] == [Heartbeat(0, NOW)] * 3


async def test_a_damaged_journal_kills_everything_at_the_gateways_too(
    running: Follower, journal: RevocationJournal, path: Path
) -> None:
    """And when it is mended, they go on."""
    kill(journal)
    watcher, feed = running.subscribe("g", "1"), RevocationFeed()
    good = size(path)
    feed.take(await following(watcher))
    damage(path)
    feed.take(await following(watcher))
    found = feed.find(Subjects(agent="x"))
    assert found
    assert found.cause == JOURNAL_CORRUPT
    assert found.reason == "revocations.jsonl:2: is not JSON (Expecting value at character 1)"
    os.truncate(path, good)
    feed.take(await following(watcher))
    assert feed.find(Subjects(agent="x")) is None
    assert feed.find(Subjects(agent="a"))
    kill(journal, "b")
    assert feed.take(await following(watcher))
    assert feed.find(Subjects(agent="b"))


async def test_a_journal_that_opens_damaged_is_told_as_such(path: Path, watchers: Watchers) -> None:
    damage(path)
    with RevocationJournal.open(path) as journal:
        follower = Follower(journal, watchers, lambda: NOW, time.monotonic)
        watcher = follower.subscribe("g", "1")
        first = await watcher.next()
        assert isinstance(first, Snapshot)
        assert [o.cause for o in first.orders] == [JOURNAL_CORRUPT]
        os.truncate(path, 0)
        follower.poke()
        assert await watcher.next() == Snapshot(0, NOW, ())


async def test_more_orders_than_are_kept_become_a_snapshot(
    follower: Follower, journal: RevocationJournal, other: RevocationJournal
) -> None:
    """A process that was stopped for long catches up in one step."""
    watcher = follower.subscribe("g", "1")
    await watcher.next()
    journal._recent = type(journal._recent)(maxlen=3)
    for n in range(5):
        kill(other, f"a{n}")
    follower.poke()
    event = await watcher.next()
    assert isinstance(event, Snapshot)
    assert (event.sequence, len(event.orders)) == (5, 5)
    last = kill(other, "b")
    follower.poke()
    assert await watcher.next() == Delta(6, NOW, last)


async def test_what_goes_wrong_does_not_end_the_following(
    journal: RevocationJournal, watchers: Watchers, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, and the next look is made."""
    fails = [True]

    def clock() -> float:
        if fails:
            raise RuntimeError("no clock")
        return NOW

    follower = Follower(journal, watchers, clock, time.monotonic)
    task = asyncio.create_task(follower.run())
    watcher = watchers.subscribe("g", "1", Snapshot(0, NOW, ()), 0)
    await watcher.next()
    given = kill(journal)
    await asyncio.sleep(0.03)
    fails.clear()
    assert await following(watcher) == Delta(1, NOW, given)
    assert "following goes on" in caplog.text
    task.cancel()


async def test_a_lift_reaches_the_gateways(running: Follower, journal: RevocationJournal) -> None:
    watcher, feed = running.subscribe("g", "1"), RevocationFeed()
    feed.take(await following(watcher))
    kill(journal)
    feed.take(await following(watcher))
    assert feed.find(Subjects(agent="a"))
    journal.append(Op.LIFT, Scope.AGENT, "a", reason="", by="olga", time=NOW)
    feed.take(await following(watcher))
    assert feed.find(Subjects(agent="a")) is None
