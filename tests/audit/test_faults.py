"""Real faults on real files: kill -9, several processes, a full disk, a read-only file, a file that is taken away."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from pdp.audit.log import AuditLog
from pdp.audit.merkle import CompactRange, leaf_hash
from pdp.audit.read import AuditReader
from pdp.audit.schema import DATABASE
from pdp.errors import AuditUnavailable
from tests.audit.entries import adding, assert_whole, entry, numbers

ROOT = Path(__file__).parents[2]

# Arguments: directory, name, tasks at once, records. A line "name number index" follows each acknowledged record.
WRITER = """
import asyncio, sys, time
from pathlib import Path
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pdp.audit.log import AuditLog
from pdp.audit.note import Signer
from pdp.audit.record import Entry, RecordKind

directory, name, tasks, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])

async def main():
    signer = Signer("pdp.example/log", Ed25519PrivateKey.from_private_bytes(b"k" * 32))
    log = AuditLog.open(Path(directory), signer, interval=0.05)
    numbers = iter(range(count))

    async def write():
        for number in numbers:
            ids = (f"{name}{number}", name)
            entry = Entry(RecordKind.DECISION, time.time(), ids, {"name": name, "number": number})
            index = await log.commit(lambda transaction: transaction.append(entry))
            print(name, number, index, flush=True)

    await asyncio.gather(*(write() for _ in range(tasks)))
    log.close()

asyncio.run(main())
"""


def start_writer(directory, name, tasks, count=10**9):
    command = [sys.executable, "-c", WRITER, str(directory), name, str(tasks), str(count)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def acknowledged(output):
    """(name, number, index) of every whole line."""
    lines = output.rpartition("\n")[0].split("\n")
    return [(name, int(number), int(index)) for name, number, index in (line.split() for line in lines if line)]


def assert_each_is_there(reader, lines):
    """Where it was said to be, and by its id."""
    for name, number, index in lines:
        record = reader.record(index)
        assert record.entry().body == {"name": name, "number": number}
        assert reader.find(f"{name}{number}") == (record,)


@pytest.mark.parametrize("tasks", [1, 40])
def test_kill_9_loses_no_acknowledged_record(open_log, open_reader, tmp_path, tasks):
    """Nor leaves half a commit; and the log goes on where it was."""
    child = start_writer(tmp_path / "data", "a", tasks)
    first = [child.stdout.readline() for _ in range(120)]
    child.send_signal(signal.SIGKILL)
    lines = acknowledged("".join(first) + child.communicate()[0])
    assert len(lines) >= 120
    log, reader = open_log(), open_reader()
    assert_each_is_there(reader, lines)
    size = reader.size()
    assert log.commit_now(adding(0)) == size
    assert_whole(reader, log.verifier)


def test_two_processes_share_one_log(open_log, open_reader, tmp_path):
    """One order, no gap, the root of what lies there; each process's own records in the order it wrote them."""
    children = [start_writer(tmp_path / "data", name, 30, 400) for name in "ab"]
    lines = [line for child in children for line in acknowledged(child.communicate(timeout=100)[0])]
    reader = open_reader()
    assert sorted(index for _, _, index in lines) == list(range(800)) == [r.index for r in reader.records()]
    assert_each_is_there(reader, lines)
    bodies = [record.entry().body for record in reader.records()]
    for name in "ab":
        assert [b["number"] for b in bodies if b["name"] == name] == list(range(400))
    assert_whole(reader, open_log().verifier)


def test_one_of_two_writers_is_killed_and_the_other_goes_on(open_reader, open_log, tmp_path):
    """The lock of the dead is free at once."""
    dies, lives = start_writer(tmp_path / "data", "a", 20), start_writer(tmp_path / "data", "b", 20, 300)
    first = [dies.stdout.readline() for _ in range(50)]
    dies.send_signal(signal.SIGKILL)
    lines = acknowledged("".join(first) + dies.communicate()[0])
    lines += acknowledged(lives.communicate(timeout=100)[0])
    reader = open_reader()
    assert len(reader.find("b")) == 300
    assert_each_is_there(reader, lines)
    assert_whole(reader, open_log().verifier)


async def test_two_logs_of_one_process_compare_and_set(open_log, open_reader):
    """State is as exact between processes as within one: every step sees the newest."""
    logs = [open_log(), open_log()]
    await logs[0].commit(lambda t: t.put("n", "n", b"0"))

    def step(transaction):
        transaction.put("n", "n", b"%d" % (int(transaction.get("n", "n")) + 1))
        transaction.append(entry(int(transaction.get("n", "n"))))

    await asyncio.gather(*(logs[n % 2].commit(step) for n in range(200)))
    assert open_reader().get("n", "n") == b"200"
    assert numbers(open_reader()) == list(range(1, 201))


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 30 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=30m", "none", str(place)]
    if os.geteuid() or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount a small file system")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


async def test_a_full_disk_fails_closed_and_heals(small_disk, signer):
    """Everything acknowledged stays; once there is room the log works, without a restart."""
    log = AuditLog.open(small_disk, signer)
    await log.commit(adding(0))
    (small_disk / "ballast").write_bytes(bytes(shutil.disk_usage(small_disk).free - 300_000))
    written = 1

    async def fill():
        nonlocal written
        for n in range(1, 1000):
            await log.commit(lambda t, n=n: t.append(replace(entry(n), body={"number": n, "text": "x" * 40_000})))
            written += 1

    with pytest.raises(AuditUnavailable, match="disk is full; free space"):
        await fill()
    (small_disk / "ballast").unlink()
    assert await log.commit(adding(written)) == written
    await asyncio.to_thread(log.close)
    with AuditReader.open(small_disk) as reader:
        assert numbers(reader) == list(range(written + 1))
        assert_whole(reader, log.verifier)


async def test_a_database_that_may_not_grow_fails_closed(open_log, open_reader):
    """The same where nothing can be mounted: SQLite itself says that it is full."""
    limit = threading.Event()

    def commit(connection):
        connection.execute("COMMIT")
        if limit.is_set():
            limit.clear()
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages}").close()

    log = open_log(commit=commit)
    limit.set()
    await log.commit(adding(0))

    async def fill():
        for n in range(1, 10**4):
            await log.commit(lambda t, n=n: [t.put("s", f"{n}-{k}", bytes(4000)) for k in range(200)])

    with pytest.raises(AuditUnavailable, match="disk is full; free space"):
        await fill()
    assert await log.commit(adding(1)) == 1
    assert_whole(open_reader(), log.verifier)


READ_ONLY = """
import os, sys
from pathlib import Path
from pdp.audit.log import AuditLog
from pdp.audit.note import Signer
from pdp.audit.read import AuditReader
from pdp.errors import AuditUnavailable

if os.geteuid() == 0:
    os.setgroups([]), os.setgid(65534), os.setuid(65534)
try:
    AuditLog.open(Path(sys.argv[1]), Signer.generate("pdp.example/log"))
except AuditUnavailable as error:
    print(error)
print(AuditReader.open(Path(sys.argv[1])).size())
"""


def test_a_read_only_log_is_refused_with_the_fix_and_can_still_be_read(signer):
    """By a user who may only read: verification needs no more."""
    place = Path(tempfile.mkdtemp())
    try:
        with AuditLog.open(place, signer) as log:
            log.commit_now(adding(0))
        for path in place.iterdir():
            path.chmod(0o444)
        place.chmod(0o555)
        command = [sys.executable, "-c", READ_ONLY, str(place)]
        done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=60)
        refused, size = done.stdout.splitlines()
        assert refused.startswith("the audit log cannot be written: it is read-only; let the service write")
        assert size == "1"
    finally:
        place.chmod(0o755)
        shutil.rmtree(place)


@pytest.mark.parametrize("again", [False, True])
async def test_a_file_that_is_taken_away_is_noticed(open_log, tmp_path, again):
    """Nothing is acknowledged that went into a file nobody will find; nothing new is begun in its place."""
    log = open_log()
    await log.commit(adding(0))
    path = tmp_path / "data" / DATABASE
    path.rename(path.with_name("moved"))
    if again:
        shutil.copy(path.with_name("moved"), path)
    for _ in range(2):
        with pytest.raises(AuditUnavailable, match=r"audit\.db was moved or replaced.*restart"):
            await log.commit(adding(1))
    assert path.exists() == again


def damage(directory, *statements):
    with sqlite3.connect(directory / DATABASE) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("statements", "message"),
    [
        (["DELETE FROM records WHERE idx = 4"], "damaged"),
        (["UPDATE tree SET frontier = x'00'"], "damaged"),
        (["DELETE FROM records", "UPDATE tree SET frontier = zeroblob(8)"], "fewer records than its last checkpoint"),
    ],
    ids=["tail", "tree", "emptied"],
)
def test_a_log_that_lost_records_is_not_continued(open_log, tmp_path, signer, statements, message):
    """It would sign a second tree of a size that it has signed before."""
    with AuditLog.open(tmp_path / "data", signer) as log:
        for n in range(5):
            log.commit_now(adding(n))
    damage(tmp_path / "data", *statements)
    with pytest.raises(AuditUnavailable, match=message):
        open_log()


def test_a_file_that_is_no_database_is_refused(open_log, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / DATABASE).write_bytes(b"no database" * 1000)
    with pytest.raises(AuditUnavailable, match="damaged"):
        open_log()


def test_one_flipped_bit_is_seen_by_recomputation(open_log, open_reader, tmp_path, signer):
    """In any byte of any record: its leaf hash changes, and with it the root; the proofs tell which record it is."""
    log = open_log()
    for n in range(6):
        log.commit_now(adding(n))
    log.close()
    reader = open_reader()
    root, stored = reader.tree().root(), [r.stored for r in reader.records()]
    for index, at, bit in ((0, 0, 0), (3, 20, 5), (5, len(stored[5]) - 1, 7)):
        flipped = bytearray(stored[index])
        flipped[at] ^= 1 << bit
        with sqlite3.connect(tmp_path / "data" / DATABASE) as connection:
            connection.execute("UPDATE records SET entry = ? WHERE idx = ?", (bytes(flipped), index))
        connection.close()
        tree = CompactRange()
        for record in reader.records():
            tree.append(leaf_hash(record.stored))
        assert tree.root() != root
        assert [r.index for r in reader.records() if leaf_hash(r.stored) != r.leaf] == [index]
        with sqlite3.connect(tmp_path / "data" / DATABASE) as connection:
            connection.execute("UPDATE records SET entry = ? WHERE idx = ?", (stored[index], index))
        connection.close()
    assert_whole(reader, signer.verifier)
