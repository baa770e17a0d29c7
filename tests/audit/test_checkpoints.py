"""When checkpoints are signed, and where they are copied."""

from __future__ import annotations

import asyncio
import threading

from pdp.audit.anchor import Anchoring, anchor_file
from pdp.audit.checkpoint import open_checkpoint, parse_checkpoint, sign_checkpoint
from tests.audit.entries import adding, assert_whole


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


async def test_one_is_signed_when_asked_and_covers_everything_before(open_log, open_reader):
    """Asked again without growth, the same one is the answer."""
    log = open_log(interval=3600)
    for n in range(5):
        await log.commit(adding(n))
    note = await log.checkpoint()
    assert open_checkpoint(note, [log.verifier]).size == 5
    assert await log.checkpoint() == note == await asyncio.to_thread(log.checkpoint_now)
    assert open_reader().checkpoint() == note
    assert_whole(open_reader(), log.verifier)


async def test_one_of_an_empty_log_can_be_had(open_log):
    assert open_checkpoint(await open_log().checkpoint(), [open_log().verifier]).size == 0


async def test_they_follow_the_clock_while_the_log_grows(open_log, open_reader):
    """Not sooner than the interval, and not never when the clock is set back."""
    clock = Clock()
    log = open_log(interval=10, clock=clock)
    for n, now in enumerate([1000, 1009.9, 1010, 1011, 500, 505, 510]):
        clock.now = now
        await log.commit(adding(n))
    assert [parse_checkpoint(note).size for note in open_reader().checkpoints()] == [1, 3, 5, 7]


async def test_the_last_records_are_covered_although_nothing_follows(open_log, open_reader):
    """Within the interval, without another commit."""
    log = open_log(interval=0.1)
    for n in range(3):
        await log.commit(adding(n))
    reader = open_reader()
    for _ in range(100):
        await asyncio.sleep(0.02)
        if parse_checkpoint(reader.checkpoint()).size == 3:
            break
    assert parse_checkpoint(reader.checkpoint()).size == 3
    await asyncio.sleep(0.3)
    assert len(reader.checkpoints()) <= 3


async def test_several_writers_do_not_sign_more_often(open_log, open_reader):
    """The interval is that of the log, not of each process."""
    clock = Clock()
    logs = [open_log(interval=10, clock=clock) for _ in range(3)]
    for n in range(30):
        clock.now += 1
        await logs[n % 3].commit(adding(n))
    assert len(open_reader().checkpoints()) == 3
    assert_whole(open_reader(), logs[0].verifier)


async def test_each_is_anchored(open_log, tmp_path):
    """In a thread of its own; one that raises stops nothing."""
    seen, threads = [], set()

    def anchor(note):
        seen.append(parse_checkpoint(note).size)
        threads.add(threading.current_thread())
        if len(seen) == 1:
            raise OSError("no network")

    log = open_log(interval=3600, anchor=anchor)
    for n in range(3):
        await log.commit(adding(n))
        await log.checkpoint()
    await log.commit(adding(3))
    await asyncio.to_thread(log.close)
    assert seen[-1] == 4
    assert len(threads) == 1
    assert threading.current_thread() not in threads


def test_a_slow_anchor_gets_the_newest():
    """It does not fall ever further behind."""
    go, seen = threading.Event(), []
    anchoring = Anchoring(lambda note: go.wait(10) and seen.append(note))
    for n in range(50):
        anchoring.put(str(n))
    go.set()
    anchoring.close(10)
    assert seen[-1] == "49"
    assert len(seen) <= 3


def test_a_file_keeps_the_newest_and_never_goes_back(tmp_path, signer):
    """A log that was cut does not hide it by anchoring again."""
    path = tmp_path / "away" / "anchor"
    anchor = anchor_file(path)
    for size in (3, 7, 5):
        anchor(sign_checkpoint(size, bytes(32), signer))
    assert open_checkpoint(path.read_text(), [signer.verifier]).size == 7
    anchor(sign_checkpoint(7, bytes(31) + b"x", signer))
    assert parse_checkpoint(path.read_text()).root == bytes(32)
    path.write_text("torn")
    anchor(sign_checkpoint(8, bytes(32), signer))
    assert parse_checkpoint(path.read_text()).size == 8
