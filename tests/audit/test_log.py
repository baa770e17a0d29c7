"""What the log promises those who write it: on disk before it is said, in order, each job for itself."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time

import pytest

from pdp.audit.checkpoint import open_checkpoint
from pdp.audit.record import Entry, RecordKind
from pdp.audit.schema import DATABASE, RESERVE_BYTES
from pdp.audit.store import commit
from pdp.errors import AuditUnavailable
from tests.audit.entries import adding, assert_whole, entry, numbers


class Gate:
    """A disk that does not answer until it is opened."""

    def __init__(self):
        self.open = threading.Event()
        self.open.set()
        self.reached = threading.Event()
        self.commits = 0

    def __call__(self, connection):
        self.reached.set()
        self.open.wait(20)
        commit(connection)
        self.commits += 1

    async def hold(self, log):
        """Close it, and wait until the commit of record 0 stands before it; returns who waits for that."""
        self.open.clear()
        self.reached.clear()
        first = asyncio.ensure_future(log.commit(adding(0)))
        assert await asyncio.to_thread(self.reached.wait, 20)
        return first


@pytest.fixture
def gate():
    gate = Gate()
    yield gate
    gate.open.set()


async def test_a_record_is_there_when_commit_returns(open_log, open_reader):
    """For every other process, and a job's result is what it returned."""
    log = open_log()
    assert [await log.commit(adding(n)) for n in range(3)] == [0, 1, 2]
    assert numbers(open_reader()) == [0, 1, 2]
    assert log.commit_now(adding(3)) == 3
    assert_whole(open_reader(), log.verifier)


async def test_what_waits_is_one_commit(open_log, open_reader, gate):
    """At most 256 jobs, in the order in which they came."""
    log = open_log(commit=gate)
    first = await gate.hold(log)
    others = [asyncio.ensure_future(log.commit(adding(n))) for n in range(1, 301)]
    await asyncio.sleep(0)
    before = gate.commits
    gate.open.set()
    assert await asyncio.gather(first, *others) == list(range(301))
    assert gate.commits - before == 3  # the first alone, 256, the rest
    assert numbers(open_reader()) == list(range(301))


async def test_nothing_is_said_before_it_is_on_disk(open_log, gate):
    log = open_log(commit=gate)
    waiting = await gate.hold(log)
    done, _ = await asyncio.wait([waiting], timeout=0.1)
    assert not done
    gate.open.set()
    assert await waiting == 0


async def test_a_job_that_raises_harms_no_neighbour(open_log, open_reader, gate):
    """It leaves nothing, whether it raised before or after it wrote; its caller alone hears of it."""
    log = open_log(commit=gate)
    await log.commit(lambda t: t.put("s", "kept", b"1"))

    def half_done(transaction):
        transaction.append(entry(666))
        transaction.put("s", "kept", b"2")
        transaction.put("s", "new", b"2")
        transaction.delete("s", "other")
        raise LookupError("no")

    def refused(transaction):
        raise StopIteration

    first = await gate.hold(log)
    jobs = [half_done, adding(1), refused, lambda t: t.append("no entry"), adding(2)]
    waiting = [first, *(asyncio.ensure_future(log.commit(job)) for job in jobs)]
    await asyncio.sleep(0)
    gate.open.set()
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert [found[0], found[2], found[5]] == [0, 1, 2]
    assert [type(found[n]) for n in (1, 3, 4)] == [LookupError, RuntimeError, AttributeError]
    reader = open_reader()
    assert numbers(reader) == [0, 1, 2]
    assert reader.scan("s") == (("kept", b"1"),)
    assert_whole(reader, log.verifier)


@pytest.mark.parametrize(
    "bad",
    [
        lambda t: t.put("s", "k", "text"),
        lambda t: t.put("s", "\ud800", b""),
        lambda t: t.delete("\ud800", "k"),
        lambda t: t.append(Entry(RecordKind.GRANT, float("nan"), (), {})),
        lambda t: t.append(Entry(RecordKind.GRANT, 0.0, ("\ud800",), {})),
        lambda t: t.append(Entry(RecordKind.GRANT, 0.0, (3,), {})),
    ],
    ids=["text", "half a key", "half a space", "no time", "half an id", "a number"],
)
async def test_what_the_database_would_refuse_is_refused_to_its_caller(open_log, bad):
    """Nothing reaches the statement that all jobs of a commit share."""
    log = open_log()
    found = await asyncio.gather(log.commit(adding(0)), log.commit(bad), log.commit(adding(1)), return_exceptions=True)
    assert isinstance(found[1], (TypeError, ValueError))
    assert (found[0], found[2]) == (0, 1)


async def test_a_transaction_sees_what_was_written_before(open_log, open_reader):
    """By itself, by the jobs of the same commit, and by earlier ones."""
    log = open_log()
    await log.commit(lambda t: [t.put("s", k, k.encode()) for k in "abc"] and t.put("other", "a", b"x"))

    def change(transaction):
        transaction.put("s", "b", b"B")
        transaction.delete("s", "c")
        transaction.put("s", "d", b"D")
        return transaction.get("s", "b"), transaction.get("s", "c"), dict(transaction.scan("s"))

    def look(transaction):
        return transaction.get("s", "b"), transaction.get("s", "c"), dict(transaction.scan("s"))

    wanted = (b"B", None, {"a": b"a", "b": b"B", "d": b"D"})
    assert await asyncio.gather(log.commit(change), log.commit(look)) == [wanted, wanted]
    assert await log.commit(look) == wanted
    reader = open_reader()
    assert (reader.get("s", "b"), reader.get("s", "c"), reader.get("other", "a")) == (b"B", None, b"x")
    assert dict(reader.scan("s")) == wanted[2]


async def test_compare_and_set_is_exact_under_concurrency(open_log):
    """One of many takes the last use: the check and the write are one step."""
    log = open_log()
    await log.commit(lambda t: t.put("uses", "g", b"5"))

    def take(transaction):
        left = int(transaction.get("uses", "g"))
        if left:
            transaction.put("uses", "g", b"%d" % (left - 1))
        return left > 0

    assert sum(await asyncio.gather(*(log.commit(take) for _ in range(100)))) == 5


async def test_a_job_whose_caller_gave_up_is_left_out(open_log, open_reader, gate):
    """Cancelled, or past its deadline; the caller is told why."""
    log = open_log(commit=gate)
    first = await gate.hold(log)
    cancelled = asyncio.ensure_future(log.commit(adding(1)))
    late = asyncio.ensure_future(log.commit(adding(2), asyncio.get_running_loop().time() + 0.05))
    await asyncio.sleep(0)
    cancelled.cancel()
    with pytest.raises(AuditUnavailable, match="before the deadline"):
        await late
    with pytest.raises(AuditUnavailable, match="before the deadline"):
        await asyncio.to_thread(log.commit_now, adding(3), 0.05)
    gate.open.set()
    assert (await first, await log.commit(adding(4))) == (0, 1)
    assert numbers(open_reader()) == [0, 4]


async def test_a_timeout_of_the_job_is_its_own(open_log):
    """It is not taken for one of the log."""

    def job(transaction):
        raise TimeoutError("mine")

    log = open_log()
    with pytest.raises(TimeoutError, match="mine"):
        await log.commit(job, asyncio.get_running_loop().time() + 5)
    with pytest.raises(TimeoutError, match="mine"):
        await asyncio.to_thread(log.commit_now, job, 5)


async def test_a_full_queue_refuses_at_once(open_log, gate):
    """What was queued is still written."""
    log = open_log(commit=gate, capacity=3)
    waiting = [await gate.hold(log)]
    waiting += [asyncio.ensure_future(log.commit(adding(n))) for n in (1, 2, 3)]
    await asyncio.sleep(0)
    with pytest.raises(AuditUnavailable, match="3 jobs wait"):
        await log.commit(adding(4))
    gate.open.set()
    assert await asyncio.gather(*waiting) == [0, 1, 2, 3]


async def test_closing_finishes_what_is_queued(open_log, open_reader, gate):
    """And signs a checkpoint over all of it; afterwards nothing is taken."""
    log = open_log(commit=gate, interval=3600)
    waiting = [await gate.hold(log)]
    waiting += [asyncio.ensure_future(log.commit(adding(n))) for n in range(1, 400)]
    await asyncio.sleep(0)
    closing = asyncio.ensure_future(asyncio.to_thread(log.close))
    await asyncio.sleep(0.02)
    gate.open.set()
    await closing
    assert await asyncio.gather(*waiting) == list(range(400))
    with pytest.raises(AuditUnavailable, match="closed"):
        await log.commit(adding(0))
    reader = open_reader()
    assert open_checkpoint(reader.checkpoint(), [log.verifier]).size == 400
    assert_whole(reader, log.verifier)


async def test_closing_does_not_wait_for_a_stuck_disk_for_ever(open_log, gate):
    log = open_log(commit=gate)
    waiting = await gate.hold(log)
    with pytest.raises(AuditUnavailable, match="slow or stuck"):
        log.close(timeout=0.05)
    gate.open.set()
    assert await waiting == 0


async def test_a_slow_disk_slows_and_loses_nothing(open_log, open_reader):
    """200 ms for each commit: fifty callers wait for a few commits, not for fifty."""

    def slow(connection):
        time.sleep(0.2)
        commit(connection)

    log = open_log(commit=slow)
    begun = time.monotonic()
    assert await asyncio.gather(*(log.commit(adding(n)) for n in range(50))) == list(range(50))
    assert time.monotonic() - begun < 2
    assert numbers(open_reader()) == list(range(50))


async def test_a_failed_commit_fails_everyone_in_it_and_nobody_after(open_log, open_reader, caplog):
    """The error says what to do; when the disk works again so does the log, without a trace of what failed."""
    broken = threading.Event()

    def flaky(connection):
        if broken.is_set():
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorname = "SQLITE_IOERR_FSYNC"
            raise error
        commit(connection)

    log = open_log(commit=flaky)
    await log.commit(adding(0))
    broken.set()
    found = await asyncio.gather(*(log.commit(adding(n)) for n in range(1, 5)), return_exceptions=True)
    assert all(isinstance(e, AuditUnavailable) and "check the disk" in str(e) for e in found)
    assert len({id(e) for e in found}) == 4
    broken.clear()
    assert await log.commit(adding(5)) == 1
    reader = open_reader()
    assert numbers(reader) == [0, 5]
    assert_whole(reader, log.verifier)
    await asyncio.to_thread(log.close)
    assert "the audit log can be written again" in caplog.text


async def test_jobs_of_several_event_loops_are_answered_in_theirs(open_log, open_reader):
    """One process may run more than one."""
    log = open_log()

    async def some(start):
        return await asyncio.gather(*(log.commit(adding(n)) for n in range(start, start + 50)))

    found = await asyncio.gather(*(asyncio.to_thread(asyncio.run, some(k * 100)) for k in range(3)), some(300))
    assert sorted(i for part in found for i in part) == list(range(200))
    assert_whole(open_reader(), log.verifier)


async def test_the_write_ahead_log_does_not_grow_for_ever(open_log, tmp_path):
    """It is copied back between batches, and what is reserved for it is used again."""
    log = open_log()
    for start in range(0, 10_000, 500):
        await log.commit(lambda t, start=start: [t.append(entry(n)) for n in range(start, start + 500)])
    assert (tmp_path / "data" / f"{DATABASE}-wal").stat().st_size < 2 * RESERVE_BYTES
