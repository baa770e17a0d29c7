"""An order is in force in every process at once, none is lost or given twice, and a damaged file kills everything."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pdp.errors import InvalidRequest, RevocationsUnavailable
from pdp.revocation.journal import RevocationJournal
from pdp.revocation.order import JOURNAL_CORRUPT, from_line, to_line
from pdp.revocation.table import Op, Order, Scope, Subjects
from tests.effort import calls
from tests.revocation.orders import NOW, order

ROOT = Path(__file__).parents[2]
BYSTANDER = Subjects(agent="somebody else")


def child(*arguments: object, **options: object) -> subprocess.Popen[str]:
    command = [sys.executable, str(Path(__file__).with_name("child.py")), *map(str, arguments)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, **options
    )


def kill(journal: RevocationJournal, agent: str = "a", **fields: object) -> Order:
    return journal.append(Op.KILL, Scope.AGENT, agent, **({"reason": "r", "by": "olga", "time": NOW} | fields))


def killed(journal: RevocationJournal, agent: str = "a") -> str:
    """The cause with which an agent is killed; empty when it is not."""
    found = journal.find(Subjects(agent=agent), NOW)
    return found.cause if found else ""


def lines(path: Path) -> list[Order]:
    return [from_line(line) for line in path.read_bytes().splitlines()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "revocations.jsonl"


@pytest.fixture
def journal(path: Path) -> Iterator[RevocationJournal]:
    with RevocationJournal.open(path) as opened:
        yield opened


@pytest.fixture
def other(journal: RevocationJournal, path: Path) -> Iterator[RevocationJournal]:
    """The same file, opened a second time."""
    with RevocationJournal.open(path, wait=0.1) as opened:
        yield opened


def test_a_new_journal_is_empty_and_private(journal: RevocationJournal, path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (journal.fault, journal.table.sequence, killed(journal)) == ("", 0, "")


def test_an_order_is_in_force_at_once_and_after_a_restart(
    journal: RevocationJournal, other: RevocationJournal, path: Path
) -> None:
    given = kill(journal, until=NOW + 1)
    assert given == Order(1, Op.KILL, Scope.AGENT, "a", "r", "operator-action", NOW + 1, "olga", NOW)
    assert killed(journal) == killed(other) == "operator-action"
    with RevocationJournal.open(path) as again:
        assert again.table.active(NOW) == (given,)


def test_looking_tells_whether_there_was_anything(journal: RevocationJournal, other: RevocationJournal) -> None:
    assert not journal.refresh()
    kill(other)
    assert journal.refresh()
    assert not journal.refresh()
    assert not journal.examine()


def test_looking_is_a_handful_of_calls(journal: RevocationJournal) -> None:
    """Every request does it."""
    kill(journal)
    assert calls(journal.refresh) < 10


def test_another_process_sees_a_kill(journal: RevocationJournal, path: Path) -> None:
    """By its very next look, before anything was synced."""
    with child("follow", path, stdin=subprocess.PIPE) as process:

        def look() -> str:
            process.stdin.write("\n")
            process.stdin.flush()
            return process.stdout.readline().strip()

        assert look() == "0 0"
        for n in range(1, 50):
            kill(journal, f"a{n}")
            assert look() == f"{n} {n}"
        with path.open("ab") as file:
            file.write(b"no order\n")
        assert look().startswith("49 1 revocations.jsonl:50: ")
        process.stdin.close()


def test_processes_and_threads_share_one_sequence(journal: RevocationJournal, path: Path) -> None:
    """Whoever writes at the same time: no sequence is given twice, none is left out, each writer gets its own."""
    mine: list[int] = []

    def give(name: str) -> None:
        mine.extend(kill(journal, f"{name}-{n}").sequence for n in range(50))

    processes = [child("append", path, 50, name) for name in ("p", "q")]
    threads = [threading.Thread(target=give, args=(name,)) for name in ("t", "u")]
    for thread in threads:
        thread.start()
    theirs = [int(line) for process in processes for line in process.communicate(timeout=60)[0].split()]
    for thread in threads:
        thread.join()
    assert sorted(mine + theirs) == list(range(1, 201))
    assert [o.sequence for o in lines(path)] == list(range(1, 201))
    journal.refresh()
    assert len(journal.table.active(NOW)) == 200


def test_a_killed_writer_loses_nothing_that_was_given(journal: RevocationJournal, path: Path) -> None:
    """SIGKILL in the middle of appends, again and again: what was acknowledged is there, and writing goes on."""
    acknowledged: list[int] = []
    for delay in (0.0, 0.003, 0.01):
        with child("append", path, 100_000, f"p{delay}") as process:
            acknowledged.append(int(process.stdout.readline()))
            time.sleep(delay)
            process.kill()
            acknowledged += [int(line) for line in process.stdout.read().splitlines(keepends=True) if line[-1] == "\n"]
        acknowledged.append(kill(journal, f"after {delay}").sequence)
    assert not journal.fault
    given = lines(path)
    assert [o.sequence for o in given] == list(range(1, len(given) + 1))
    assert set(acknowledged) <= {o.sequence for o in given}


@pytest.mark.parametrize("keep", [1, 30, -1])
def test_a_torn_last_line_is_no_order_and_the_next_append_mends_it(
    journal: RevocationJournal, other: RevocationJournal, path: Path, keep: int
) -> None:
    """For those who hold the file open as for those who start later."""
    kill(journal)
    with path.open("ab") as file:
        file.write(to_line(order(2, value="torn"))[:keep])
    for opened in (journal, other):
        assert killed(opened, "torn") == ""
        assert killed(opened) == "operator-action"
    with RevocationJournal.open(path) as late:
        assert (late.fault, killed(late, "torn"), late.table.sequence) == ("", "", 1)
        kill(late, "b")
        assert [killed(o, "b") for o in (journal, other, late)] == ["operator-action"] * 3
    assert [o.value for o in lines(path)] == ["a", "b"]


def test_a_line_as_long_as_the_torn_one_before_is_not_missed(
    journal: RevocationJournal, other: RevocationJournal, path: Path
) -> None:
    """The size of the file alone would not tell."""
    line = to_line(order(1, value="b"))
    path.write_bytes(b"x" * len(line))
    journal.refresh()
    path.write_bytes(line)
    assert killed(journal, "b") == "operator-action"


def test_torn_bytes_that_are_not_written_by_us_are_mended_too(journal: RevocationJournal, path: Path) -> None:
    """After a power cut a file may end in zeros."""
    kill(journal)
    with path.open("ab") as file:
        file.write(b"\0" * 5_000)
    kill(journal, "b")
    assert [o.value for o in lines(path)] == ["a", "b"]


@pytest.mark.parametrize(
    "bad", [b"{}\n", b"\n", to_line(order(1)), to_line(order(3)), to_line(order(2)).replace(b"kill", b"kilt")]
)
def test_a_corrupt_line_kills_everything_until_it_is_mended(
    journal: RevocationJournal, path: Path, caplog: pytest.LogCaptureFixture, bad: bytes
) -> None:
    """For those who run and those who start; file and line are told, and nothing is written meanwhile."""
    kill(journal)
    good = path.read_bytes()
    path.write_bytes(good + bad + to_line(order(3, value="c")))
    with RevocationJournal.open(path) as late:
        for opened in (journal, late):
            assert killed(opened, "a bystander") == JOURNAL_CORRUPT
            found = opened.find(BYSTANDER, NOW)
            assert found
            assert found.scope is Scope.EVERYTHING
            assert found.reason.startswith("revocations.jsonl:2: ")
            assert opened.fault.startswith("revocations.jsonl:2: ")
            with pytest.raises(RevocationsUnavailable, match=r"everything is killed: revocations\.jsonl:2: "):
                kill(opened)
        assert "everything is killed: revocations.jsonl:2: " in caplog.text
        path.write_bytes(good + to_line(order(2, value="b")) + to_line(order(3, value="c")))
        for opened in (journal, late):
            assert opened.refresh()
            assert opened.fault == ""
            assert [killed(opened, agent) for agent in ("a", "b", "c", "x")] == ["operator-action"] * 3 + [""]
            assert kill(opened, "d").sequence in {4, 5}


def test_a_file_that_does_not_change_is_not_read_again(journal: RevocationJournal, path: Path) -> None:
    """A corrupt file may be long, and somebody looks at it for every request."""
    with path.open("ab") as file:
        file.write(b"x\n" * 100_000)
    assert journal.refresh()
    journal.refresh()
    assert calls(journal.refresh) < 50


def remove(path: Path) -> None:
    path.unlink()


def cut(path: Path) -> None:
    os.truncate(path, 10)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def replace(path: Path) -> None:
    """By one that is as long, as well-formed, and kills somebody else."""
    text = path.read_bytes().replace(b'"a"', b'"x"')
    path.unlink()
    path.touch(0o600)
    path.write_bytes(text)


def replace_though_it_lives_on(path: Path) -> None:
    os.link(path, path.with_name("backup"))
    replace(path)


@pytest.mark.parametrize("harm", [remove, cut, empty, replace, replace_though_it_lives_on])
def test_a_file_that_is_not_the_same_kills_everything_until_it_is_mended(
    journal: RevocationJournal, path: Path, harm: object
) -> None:
    """Well-formed is not enough: it must begin with the orders that were known."""
    for agent in "ab":
        kill(journal, agent)
    good = path.read_bytes()
    harm(path)
    journal.examine()
    for _ in range(3):
        assert killed(journal, "a bystander") == JOURNAL_CORRUPT
        with pytest.raises(RevocationsUnavailable):
            kill(journal)
    if path.exists():
        path.unlink()
    path.touch(0o600)
    path.write_bytes(good + to_line(order(3, value="c")))
    journal.examine()
    assert (journal.fault, killed(journal, "c"), killed(journal, "bystander")) == ("", "operator-action", "")
    assert kill(journal, "d").sequence == 4
    assert len(lines(path)) == 4


def test_a_look_alone_notices_most_of_that(journal: RevocationJournal, path: Path) -> None:
    """Every decision does, though it asks for nothing but the size."""
    kill(journal)
    shutil.copy(path, path.with_name("copy"))
    path.with_name("copy").rename(path)
    assert journal.refresh()
    assert "was replaced or removed" in journal.fault
    assert journal.refresh()
    assert journal.fault == ""


def test_others_may_not_write_the_journal(path: Path) -> None:
    """Who can write it can lift a kill."""
    path.touch(0o600)
    path.chmod(0o620)
    with RevocationJournal.open(path) as journal:
        assert killed(journal) == JOURNAL_CORRUPT
        assert journal.fault.startswith("revocations.jsonl has mode 0620; ")
        path.chmod(0o600)
        assert killed(journal) == ""


def test_a_file_that_lost_its_end_while_nobody_looked(journal: RevocationJournal, path: Path) -> None:
    """It cannot be told from the file; whoever knows which sequence was reached can say so."""
    for agent in "ab":
        kill(journal, agent)
    os.truncate(path, path.read_bytes().index(b"\n") + 1)
    with RevocationJournal.open(path, floor=2) as late:
        assert late.fault == "revocations.jsonl ends with order 1, and order 2 was given"
        assert killed(late, "bystander") == JOURNAL_CORRUPT
    with RevocationJournal.open(path, floor=1) as late:
        assert late.fault == ""


def test_where_there_can_be_no_journal_nothing_starts(tmp_path: Path) -> None:
    with pytest.raises(RevocationsUnavailable, match=r"r\.jsonl cannot be opened \(No such file or directory\)"):
        RevocationJournal.open(tmp_path / "missing" / "r.jsonl")


def test_an_order_that_means_nothing_is_not_written(journal: RevocationJournal, path: Path) -> None:
    for fields in ({"agent": ""}, {"cause": "made-up"}, {"reason": "x" * 10_000}):
        with pytest.raises(InvalidRequest):
            kill(journal, **fields)
    assert path.read_bytes() == b""


def test_more_causes_may_be_allowed(path: Path) -> None:
    with RevocationJournal.open(path, causes=frozenset({"made-up"})) as journal:
        assert kill(journal, cause="made-up").cause == "made-up"


def test_a_writer_that_hangs_delays_nobody_for_long(
    journal: RevocationJournal, other: RevocationJournal, path: Path
) -> None:
    """Another append gives up in time, and looking does not wait at all."""
    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        began = time.monotonic()
        with pytest.raises(RevocationsUnavailable, match="stays locked"):
            kill(other)
        assert 0.1 <= time.monotonic() - began < 10
        with path.open("ab") as file:
            file.write(to_line(order(1, value="b")))
        threads = [threading.Thread(target=kill, args=(journal, f"w{n}")) for n in range(3)]
        for thread in threads:
            thread.start()
        began = time.monotonic()
        assert killed(journal, "b") == "operator-action"
        assert time.monotonic() - began < 5
    for thread in threads:
        thread.join()
    assert journal.table.sequence == 4


def test_a_disk_that_is_stuck_delays_no_kill(
    journal: RevocationJournal, other: RevocationJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one thread waits for the disk, orders are given and seen."""
    stuck, moves = threading.Event(), threading.Event()
    monkeypatch.setattr(os, "fsync", lambda _: (stuck.set(), moves.wait(10)))
    kill(journal)
    thread = threading.Thread(target=journal.sync)
    thread.start()
    assert stuck.wait(10)
    kill(journal, "b")
    assert killed(other, "b") == "operator-action"
    assert thread.is_alive()
    moves.set()
    thread.join()


def test_a_disk_that_refuses_is_told(journal: RevocationJournal, monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """Nothing half-written stays behind, and nothing that was refused is in force."""

    def full(descriptor: int, data: bytes, write=os.write) -> int:
        return write(descriptor, data[:20])

    def broken(*_: object) -> int:
        raise OSError(28, "No space left on device")

    kill(journal)
    before = path.read_bytes()
    for fails in (full, broken):
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", fails)
            with pytest.raises(RevocationsUnavailable, match=r"[Nn]o space"):
                kill(journal, "b")
        assert path.read_bytes() == before
        assert killed(journal, "b") == ""
    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(RevocationsUnavailable, match="cannot be synced"):
        journal.sync()
    assert kill(journal, "b").sequence == 2


def test_sync_returns_when_the_disk_has_it(journal: RevocationJournal) -> None:
    kill(journal)
    journal.sync()


def test_news_are_what_was_not_known(journal: RevocationJournal, other: RevocationJournal, path: Path) -> None:
    given = [kill(other, f"a{n}") for n in range(5)]
    journal.refresh()
    assert [journal.news(n).orders for n in (0, 3, 5)] == [tuple(given), tuple(given[3:]), ()]
    assert journal.news(6).orders is None
    os.truncate(path, 0)
    journal.refresh()
    assert journal.news(5).orders is None
    assert journal.news(5).table is journal.table


def test_starting_with_100_000_orders_takes_seconds_not_minutes(path: Path) -> None:
    """Processor time, for the machine may have other things to do."""
    path.touch(0o600)
    path.write_bytes(b"".join(to_line(order(n, value=f"spiffe://example/agent/{n}")) for n in range(1, 100_001)))
    began = time.process_time()
    with RevocationJournal.open(path) as journal:
        assert time.process_time() - began < 20
        assert journal.table.sequence == 100_000
        assert journal.news(0).orders is None
        assert len(journal.news(99_000).orders or ()) == 1_000


def test_on_a_full_disk_the_reserve_takes_orders(journal: RevocationJournal, path: Path, monkeypatch) -> None:
    """A kill must not fail for want of a hundred bytes: space is held for some."""
    reserve = path.with_name(path.name + ".reserve")
    assert reserve.stat().st_size == 64 * 1024
    real = os.write

    def write(descriptor: int, data: bytes) -> int:
        if reserve.stat().st_size:
            raise OSError(errno.ENOSPC, "no space left")
        return real(descriptor, data)

    monkeypatch.setattr("pdp.revocation.storage.os.write", write)
    kill(journal)
    assert killed(journal) == "operator-action"
    assert reserve.stat().st_size == 0
