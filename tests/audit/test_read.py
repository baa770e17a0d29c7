"""What can be read: records by place, id, kind and time; proofs for all of them; from anywhere."""

from __future__ import annotations

import shutil
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pdp.audit.log import AuditLog
from pdp.audit.merkle import verify_consistency, verify_inclusion
from pdp.audit.read import AuditReader
from pdp.audit.record import Entry, RecordKind
from pdp.errors import AuditUnavailable, NotFound
from tests.audit.entries import adding, entry, numbers
from tests.audit.trees import plain_root

KINDS = (RecordKind.DECISION, RecordKind.GRANT, RecordKind.OUTCOME)
SIZE = 70_000  # beyond the first tile of the second level


@pytest.fixture
def reader(open_log, open_reader):
    """Thirty records of three kinds in turn; every fifth also has the id ``fifth``."""
    log = open_log()
    for n in range(30):
        log.commit_now(adding(n, kind=KINDS[n % 3], ids=(f"id{n}", *(["fifth"] if n % 5 == 0 else []))))
    return open_reader()


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A log of 70,000 records, and the leaves of it."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from pdp.audit.note import Signer

    directory = tmp_path_factory.mktemp("large")
    log = AuditLog.open(directory, Signer("large", Ed25519PrivateKey.from_private_bytes(b"k" * 32)))
    log.commit_now(lambda t: [t.append(Entry(RecordKind.READING, float(n), (), {})) for n in range(SIZE)] and None)
    log.close()
    with AuditReader.open(directory) as reader:
        yield reader, [record.leaf for record in reader.records()]


def found(records):
    return [record.entry().body["number"] for record in records]


def test_by_place(reader):
    assert reader.record(7).entry() == entry(7, kind=RecordKind.GRANT)
    assert found(reader.records(27)) == [27, 28, 29]
    assert found(reader.records(3, 6)) == [3, 4, 5]
    assert found(reader.records(30)) == found(reader.records(5, 5)) == []
    with pytest.raises(NotFound, match="no record 30; it has 30"):
        reader.record(30)


def test_by_id(reader):
    """Any of a record's ids, with all records that carry it."""
    assert found(reader.find("id7")) == [7]
    assert found(reader.find("fifth")) == [0, 5, 10, 15, 20, 25]
    assert found(reader.find("fifth", start=6, limit=2)) == [10, 15]
    assert reader.find("nobody") == ()


def test_by_kind_and_time(reader):
    """Ends of the time range: from, and up to but not including."""
    assert found(reader.search()) == list(range(30))
    assert found(reader.search([RecordKind.GRANT])) == list(range(1, 30, 3))
    assert found(reader.search([RecordKind.GRANT, RecordKind.OUTCOME], start=5, limit=3)) == [5, 7, 8]
    assert found(reader.search(since=10, until=12)) == [10, 11]
    assert found(reader.search([RecordKind.DECISION], since=10)) == [12, 15, 18, 21, 24, 27]
    assert reader.search([RecordKind.ERASURE]) == ()


def test_every_link_is_listed(reader):
    """So that a check can hold them against what the records say."""
    said = {(i, r.index) for r in reader.records() for i in r.entry().ids}
    listed = list(reader.links())
    assert set(listed) == said
    assert listed == sorted(said)


def test_a_reader_follows_the_log(open_log, open_reader):
    """And sees only what is committed."""
    log = open_log()
    reader = open_reader()
    assert (reader.size(), reader.checkpoint(), numbers(reader)) == (0, None, [])
    log.commit_now(adding(0))
    assert (reader.size(), numbers(reader)) == (1, [0])


def test_records_that_are_missing_are_passed_over_and_not_invented(reader, tmp_path, open_reader):
    """A damaged log is read as it lies there; its proofs say so."""
    import sqlite3

    with sqlite3.connect(tmp_path / "data" / "audit.db") as connection:
        connection.execute("DELETE FROM records WHERE idx BETWEEN 3 AND 5")
    connection.close()
    assert found(reader.records(0, 5)) == [0, 1, 2]
    assert found(reader.records(2, 8)) == [2, 6, 7]
    with pytest.raises(AuditUnavailable, match="hashes are missing"):
        reader.inclusion(2, 30)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_every_proof_from_the_file_verifies(large, data):
    """Of any leaf in any earlier state of the log."""
    reader, leaves = large
    second = data.draw(st.integers(1, SIZE))
    first, index = data.draw(st.integers(0, second)), data.draw(st.integers(0, second - 1))
    old, new = plain_root(leaves[:first]), plain_root(leaves[:second])
    assert reader.root(second) == new
    assert verify_inclusion(index, second, leaves[index], reader.inclusion(index, second), new)
    assert verify_consistency(first, second, old, new, reader.consistency(first, second))


def test_a_proof_takes_milliseconds(large):
    """Whatever the size, it reads at most a tile of each level."""
    reader, _ = large
    begun = time.thread_time()
    for n in range(20):
        reader.inclusion(n * (SIZE // 20), SIZE - n)
        reader.consistency(n * (SIZE // 20), SIZE - n)
    assert (time.thread_time() - begun) / 40 < 0.01


def test_there_are_no_proofs_of_what_is_not_there(reader):
    for ask in (
        lambda: reader.inclusion(30, 30),
        lambda: reader.inclusion(-1, 30),
        lambda: reader.inclusion(0, 31),
        lambda: reader.consistency(3, 31),
        lambda: reader.consistency(4, 3),
        lambda: reader.root(-1),
    ):
        with pytest.raises(NotFound):
            ask()


def test_a_copy_can_be_read(reader, open_log, tmp_path, signer):
    """Offline, elsewhere, after the service has ended."""
    with AuditLog.open(tmp_path / "data", signer):
        pass
    shutil.copytree(tmp_path / "data", tmp_path / "copy")
    with AuditReader.open(tmp_path / "copy") as copy:
        assert [r.stored for r in copy.records()] == [r.stored for r in reader.records()]
        assert copy.checkpoint() == reader.checkpoint()


def test_a_directory_without_a_log_is_refused(tmp_path):
    """And none is made there."""
    with pytest.raises(AuditUnavailable, match="cannot be read: its files cannot be opened"):
        AuditReader.open(tmp_path)
    assert list(tmp_path.iterdir()) == []
