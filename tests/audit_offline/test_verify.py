"""Whatever somebody does to a log without its key, or with the log of another, is found and named."""

import shutil
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.audit.note import Signer
from pdp.audit.report import EXIT_CODES, FindingKind, Redecided, Report, Sameness
from pdp.audit.verify import verify
from pdp.errors import NotFound
from tests.audit_offline.logs import (
    ORIGIN,
    SIGNER,
    START,
    check,
    decision,
    opened,
    regrow,
    resign,
    rewritten,
    usual,
    write,
)

TAMPERED, GAP, UNVERIFIABLE, DISAGREEMENT = (
    FindingKind.TAMPERED,
    FindingKind.GAP,
    FindingKind.UNVERIFIABLE,
    FindingKind.DISAGREEMENT,
)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of 27 records with checkpoints of 1, 5, 10, 15, 20, 25 and 27; never changed."""
    return write(tmp_path_factory.mktemp("log"), usual())


@pytest.fixture
def log(written: Path, tmp_path: Path) -> Path:
    """A copy to change."""
    return Path(shutil.copytree(written, tmp_path / "copy"))


def newest(directory: Path) -> str:
    with opened(directory) as connection:
        return connection.execute("SELECT note FROM checkpoints ORDER BY size DESC").fetchone()[0]


def expect(report: Report, kind: FindingKind, index: int | None, words: str = "") -> None:
    """The first finding is this one, and the exit code says so."""
    first = report.findings[0]
    assert (first.kind, first.index, report.exit_code) == (kind, index, EXIT_CODES[kind]), report.findings
    assert words in first.text
    assert index is None or str(index) in first.text


def test_an_honest_log_verifies(log: Path) -> None:
    """Every record counted, all of it signed for, also against an anchor."""
    report = check(log, newest(log))
    assert report.findings == ()
    assert report.exit_code == 0
    assert (report.records, report.signed, report.checkpoints) == (27, 27, 7)
    assert report.kinds == {"session": 2, "decision": 9, "consumption": 8, "outcome": 8}


def test_an_earlier_anchor_is_enough(log: Path) -> None:
    """The log has grown since."""
    with opened(log) as connection:
        (note,) = connection.execute("SELECT note FROM checkpoints WHERE size = 10").fetchone()
    assert check(log, note).exit_code == 0


def test_one_flipped_bit_names_the_record(log: Path) -> None:
    """Not one of several: this one."""
    with opened(log) as connection:
        (stored,) = connection.execute("SELECT entry FROM records WHERE idx = 7").fetchone()
        changed = bytearray(stored)
        changed[20] ^= 1
        connection.execute("UPDATE records SET entry = ? WHERE idx = 7", (bytes(changed),))
    report = check(log)
    expect(report, TAMPERED, 7, "record 7")
    assert report.found == {TAMPERED: 1}


@given(st.data())
def test_any_changed_byte_of_any_record_is_found(written: Path, data: st.DataObject) -> None:
    """Wherever it is and whatever it becomes."""
    index = data.draw(st.integers(0, 26))
    with sqlite3.connect(f"{written.as_uri()}/audit.db?mode=ro", uri=True) as source:
        copy = sqlite3.connect("file:changed?mode=memory&cache=shared", uri=True)
        source.backup(copy)
    source.close()
    try:
        (stored,) = copy.execute("SELECT entry FROM records WHERE idx = ?", (index,)).fetchone()
        at = data.draw(st.integers(0, len(stored) - 1))
        byte = data.draw(st.integers(0, 255).filter(lambda b: b != stored[at]))
        copy.execute(
            "UPDATE records SET entry = ? WHERE idx = ?", (stored[:at] + bytes([byte]) + stored[at + 1 :], index)
        )
        copy.commit()
        directory = written.parent / "changed"
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir()
        with sqlite3.connect(directory / "audit.db") as target:
            copy.backup(target)
        target.close()
    finally:
        copy.close()
    expect(check(directory), TAMPERED, index)


def test_a_dropped_record_is_a_gap(log: Path) -> None:
    """Also when everything that can be made to fit without the key was made to fit."""
    with opened(log) as connection:
        connection.execute("DELETE FROM records WHERE idx = 12")
        connection.execute("DELETE FROM links WHERE idx = 12")
    expect(check(log), GAP, 12, "missing")


def test_a_dropped_record_whose_place_was_closed_is_found(log: Path) -> None:
    """The rest moved up by one, hashes and all: the next checkpoint says otherwise."""
    with opened(log) as connection:
        connection.execute("DELETE FROM records WHERE idx = 12")
        connection.execute("UPDATE records SET idx = -idx WHERE idx > 12")
        connection.execute("UPDATE records SET idx = -idx - 1 WHERE idx < 0")
        regrow(connection)
    expect(check(log), TAMPERED, 10, "one of the records 10 to 14")


def test_two_reordered_records_are_found(log: Path) -> None:
    """Each is whole; their order is not what was signed."""
    with opened(log) as connection:
        connection.execute("UPDATE records SET idx = -1 WHERE idx = 16")
        connection.execute("UPDATE records SET idx = 16 WHERE idx = 17")
        connection.execute("UPDATE records SET idx = 17 WHERE idx = -1")
        regrow(connection)
    expect(check(log), TAMPERED, 15, "one of the records 15 to 19")


def test_a_rewritten_record_with_a_new_leaf_is_found(log: Path) -> None:
    """Its hash fits, the tree was grown anew: the signature is of another root."""
    rewritten(log, 26, lambda body: body.update(agent="other"))
    expect(check(log), TAMPERED, 25, "one of the records 25 to 26")


def test_an_inserted_record_is_found(log: Path) -> None:
    """A decision that was never made, at the end: the newest checkpoint does not reach it, and the frontier differs."""
    entry = decision(50)
    with opened(log) as connection:
        connection.execute("UPDATE checkpoints SET time = ?", (START,))
        connection.execute(
            "INSERT INTO records VALUES (27, 'decision', ?, ?, ?)", (entry.time, bytes(32), entry.to_bytes())
        )
        regrow(connection)
    report = check(log)
    expect(report, DISAGREEMENT, 27, "after its end")
    assert report.found[UNVERIFIABLE] == 1


def test_a_checkpoint_signed_with_another_key_is_found(log: Path) -> None:
    """The tree fits perfectly; who signed it is a stranger with the log's name."""
    with opened(log) as connection:
        resign(connection, Signer.generate(ORIGIN))
    expect(check(log), TAMPERED, None, "is not signed as it must be")


def test_a_rewritten_log_signed_with_another_key_is_found(log: Path) -> None:
    """Record, tree and signatures all anew."""
    rewritten(log, 3, lambda body: body.update(observed="none"))
    with opened(log) as connection:
        resign(connection, Signer.generate(ORIGIN))
    report = check(log)
    expect(report, TAMPERED, None)
    assert report.signed == 0


def test_an_unsigned_checkpoint_is_found(log: Path) -> None:
    """The right root without a signature is a claim like any other."""
    with opened(log) as connection:
        (note,) = connection.execute("SELECT note FROM checkpoints WHERE size = 15").fetchone()
        connection.execute("UPDATE checkpoints SET note = ? WHERE size = 15", (note.partition("\n\n")[0] + "\n\n",))
    expect(check(log), TAMPERED, None, "15 records")


def test_a_checkpoint_filed_under_another_size_is_found(log: Path) -> None:
    """A good signature, in the wrong row."""
    with opened(log) as connection:
        connection.execute("UPDATE checkpoints SET size = 16 WHERE size = 15")
    expect(check(log), TAMPERED, None, "16 records")


def test_a_log_without_a_checkpoint_cannot_be_verified(log: Path) -> None:
    """Everything in it may have been written by anybody."""
    with opened(log) as connection:
        connection.execute("DELETE FROM checkpoints")
    expect(check(log), UNVERIFIABLE, None, "no checkpoint")


@pytest.mark.parametrize("anchored", [False, True])
def test_a_cut_tail_is_a_gap(log: Path, anchored: bool) -> None:
    """The later checkpoint says how long the log was; without it the anchor does."""
    anchor = newest(log)
    with opened(log) as connection:
        connection.execute("DELETE FROM records WHERE idx >= 20")
        if anchored:
            connection.execute("DELETE FROM checkpoints WHERE size > 20")
        regrow(connection)
    expect(check(log, anchor if anchored else None), GAP, 20, "from the end")


def test_a_cut_tail_beyond_the_last_checkpoint_shows_in_the_frontier(log: Path) -> None:
    """When only records and checkpoints were deleted."""
    with opened(log) as connection:
        connection.execute("DELETE FROM records WHERE idx >= 20")
        connection.execute("DELETE FROM checkpoints WHERE size > 20")
        connection.execute("DELETE FROM links WHERE idx >= 20")
    expect(check(log), GAP, 20)


def test_another_log_of_another_key_is_found(log: Path, tmp_path: Path) -> None:
    """A whole file swapped for a valid one that somebody else signed."""
    other = write(tmp_path / "other", usual(3), signer=Signer.generate(ORIGIN))
    shutil.copy(other / "audit.db", log / "audit.db")
    expect(check(log), TAMPERED, None)


@pytest.mark.parametrize("count, kind, index", [(9, TAMPERED, 0), (3, GAP, 12)])
def test_another_log_of_the_same_key_is_found_by_the_anchor(
    log: Path, tmp_path: Path, count: int, kind: FindingKind, index: int
) -> None:
    """Valid by itself. A longer one has another root where the anchor was taken; a shorter one ends before it."""
    anchor = newest(log)
    other = write(tmp_path / "other", [*usual(count)[:-2], decision(70, "deny"), decision(71, "deny")], every=100)
    shutil.copy(other / "audit.db", log / "audit.db")
    assert check(log).exit_code == 0
    expect(check(log, anchor), kind, index, "anchor")


def test_an_anchor_that_nobody_known_signed_is_found(log: Path) -> None:
    """Then either the anchor or the key is not the right one."""
    expect(check(log, newest(log).replace("—", "— x")), TAMPERED, None, "anchor")


def test_hidden_records_are_found(log: Path) -> None:
    """A record that no id leads to would be in the log and in no trace."""
    with opened(log) as connection:
        connection.execute("DELETE FROM links WHERE idx = 9 AND id = 'd3'")
    expect(check(log), TAMPERED, None, "index of ids")


def test_a_record_filed_under_another_kind_or_time_is_found(log: Path) -> None:
    """What it is searched by must be what it says."""
    with opened(log) as connection:
        connection.execute("UPDATE records SET kind = 'reading' WHERE idx = 4")
    expect(check(log), TAMPERED, 4, "another kind")


def test_a_changed_stored_hash_is_found(log: Path) -> None:
    """The leaf column alone."""
    with opened(log) as connection:
        connection.execute("UPDATE records SET leaf = zeroblob(32) WHERE idx = 4")
    expect(check(log), TAMPERED, 4)


def test_a_damaged_file_is_reported_and_raises_nothing(log: Path) -> None:
    """Garbage in the middle of it."""
    data = bytearray((log / "audit.db").read_bytes())
    data[100:9000] = bytes(8900)
    (log / "audit.db").write_bytes(data)
    assert check(log).worst is TAMPERED


def test_a_missing_file_cannot_be_verified(tmp_path: Path) -> None:
    """Nothing to say about it."""
    expect(check(tmp_path), UNVERIFIABLE, None)


def test_records_a_moment_newer_than_the_checkpoint_are_no_fault(log: Path) -> None:
    """A log that is being written always has some; ten seconds later something would have signed for them."""
    with opened(log) as connection:
        connection.execute("DELETE FROM checkpoints WHERE size > 25")
    report = check(log)
    assert report.exit_code == 0
    assert any("not signed for yet" in note for note in report.notes)
    with opened(log) as connection:
        connection.execute("UPDATE checkpoints SET time = ?", (START - 60,))
    expect(check(log), UNVERIFIABLE, 25)


def test_bundles_are_what_they_were(log: Path) -> None:
    """Missing: it cannot be decided again. Another one: somebody exchanged it."""
    assert verify(log, (SIGNER.verifier,), revision_of=lambda _: "sha256:aa").exit_code == 0
    other = verify(log, (SIGNER.verifier,), revision_of=lambda path: f"sha256:not-{path.name}")
    expect(other, TAMPERED, 1, "sha256:not-aa")

    def missing(path: Path) -> str:
        raise NotFound("no such bundle")

    expect(verify(log, (SIGNER.verifier,), revision_of=missing), UNVERIFIABLE, 1, "no such bundle")


@pytest.mark.parametrize(
    "sameness, kind", [(Sameness.SAME, None), (Sameness.DIFFERENT, DISAGREEMENT), (Sameness.UNVERIFIABLE, UNVERIFIABLE)]
)
def test_decisions_are_made_again(log: Path, sameness: Sameness, kind: FindingKind | None) -> None:
    """Every record is shown in order; what is answered for decisions counts."""
    seen: list[int] = []

    def redecide(index, record_kind, time, body):
        seen.append(index)
        return Redecided(sameness, "now deny") if body.get("decision_id") == "d2" and "effect" in body else None

    report = check(log, redecide=redecide)
    assert seen == list(range(27))
    assert report.redecided == {sameness: 1}
    if kind is not None:
        expect(report, kind, 4, "now deny")


def test_the_worst_finding_decides_the_exit_code(log: Path) -> None:
    """Codes are distinct, and tampering hides behind nothing."""
    with opened(log) as connection:
        connection.execute("DELETE FROM records WHERE idx = 12")
        connection.execute("UPDATE records SET leaf = zeroblob(32) WHERE idx = 20")
    report = check(log)
    assert report.found[GAP] == 1
    assert report.exit_code == EXIT_CODES[TAMPERED]
    assert len({*EXIT_CODES.values(), 0, 1, 2, 3}) == 8
