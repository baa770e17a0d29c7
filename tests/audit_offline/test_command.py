"""``pdp audit`` on real data directories: what it prints and how it ends."""

import json
import stat
from pathlib import Path

import pytest

from pdp.audit.checkpoint import load_or_generate
from pdp.audit.prompts import Sealer, commitment
from pdp.audit.read import AuditReader
from pdp.audit.record import Entry, RecordKind
from pdp.audit.report import EXIT_CODES, FindingKind
from pdp.cli import main
from pdp.cli.exits import Exit
from tests.audit_offline.logs import (
    ORIGIN,
    START,
    claims,
    consumption,
    decision,
    opened,
    outcome,
    revocation,
    rewritten,
    session,
    usual,
    write,
)

PROMPT = "Show me the unpaid invoices of customer 4711"
SALT = bytes(32)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory whose first decision has a sealed prompt."""
    directory = tmp_path / "data"
    signer = load_or_generate(directory / "keys" / "checkpoint.key", ORIGIN)
    sealed = Sealer(directory).seal("alice", PROMPT, bytes(12))
    kept = {
        "commitment": commitment(PROMPT, SALT),
        "salt": SALT.hex(),
        "characters": 44,
        "sealed": sealed,
        "subject": "alice",
    }
    narrower = claims(7, tctx={"decision": "d2"}, exp=int(START) + 40)
    entries = [
        session("started", 0),
        decision(1, utterance=kept),
        consumption(1, 1.1),
        outcome(1, 1.2),
        decision(2, "narrow"),
        Entry(RecordKind.GRANT, START + 3, ("g7", "g2", "s1"), {"parent": "g2", "claims": narrower}),
        outcome(2, 3.5, grant_id="g7", agreement="disagree", text="something else ran"),
        decision(3, "deny", reasons=[{"code": "out_of_scope", "text": "no intent covers “…”"}]),
        revocation("kill", "session", "s1", 4),
        session("ended", 5),
    ]
    return write(directory, entries, every=4, signer=signer)


def run(*argv: object) -> int:
    return main(["audit", *map(str, argv)])


def test_exit_codes_are_those_of_the_findings() -> None:
    """Scripts depend on them."""
    assert {kind.name: code for kind, code in EXIT_CODES.items()} == {k.name: int(Exit[k.name]) for k in FindingKind}


def test_verify_says_that_all_is_well(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Counts, root, what was signed, and on whose word the keys are."""
    assert run("verify", "--data-dir", data, "--no-redecide") == Exit.UNVERIFIABLE  # this log's bundle is not kept
    capsys.readouterr()
    write(data, [], signer=load_or_generate(data / "keys" / "checkpoint.key", ORIGIN))
    (data / "bundles").mkdir()
    assert run("verify", "--data-dir", data, "--no-redecide", "--json") == Exit.UNVERIFIABLE
    report = json.loads(capsys.readouterr().out)
    assert (report["records"], report["signed"], report["found"]) == (10, 10, {"unverifiable": 1})
    assert any("the keys are those in the data directory" in n for n in report["notes"])


def test_verify_names_the_record_that_was_changed(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In words, and as an exit code."""
    with opened(data) as connection:
        connection.execute("UPDATE records SET entry = replace(entry, 'alice', 'alicf') WHERE idx = 4")
        connection.execute("UPDATE records SET entry = cast(entry AS BLOB)")
    assert run("verify", "--data-dir", data, "--no-redecide") == Exit.TAMPERED
    out = capsys.readouterr().out
    assert out.startswith("TAMPERED")
    assert "record 4 (decision) is not the one that was hashed" in out


def test_verify_makes_decisions_again(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the bundle that was in force it says so, for each."""
    assert run("verify", "--data-dir", data) == Exit.UNVERIFIABLE
    assert "is not kept" in capsys.readouterr().out


def test_verify_with_an_anchor_and_a_key_from_elsewhere(data: Path, tmp_path: Path) -> None:
    """The whole directory rewritten, its keys exchanged: only what was kept elsewhere tells."""
    anchor, key = tmp_path / "anchor", tmp_path / "key"
    assert run("checkpoint", "--data-dir", data, "--out", anchor) == Exit.OK
    key.write_text((data / "keys" / "checkpoint.key.pub").read_text())
    forged = tmp_path / "forged"
    stranger = load_or_generate(forged / "keys" / "checkpoint.key", ORIGIN)
    write(forged, [decision(1, "deny", revision="")], signer=stranger)
    assert run("verify", "--data-dir", forged, "--no-redecide") == Exit.OK
    assert run("verify", "--data-dir", forged, "--no-redecide", "--anchor", anchor) == Exit.TAMPERED
    assert run("verify", "--data-dir", forged, "--no-redecide", "--key", key) == Exit.TAMPERED


@pytest.mark.parametrize("wrong", [["--key", "none"], ["--anchor", "none"]])
def test_files_that_are_not_there_are_wrong_usage(data: Path, wrong: list[str]) -> None:
    """Not a finding about the log."""
    assert run("verify", "--data-dir", data, *wrong) == Exit.USAGE


@pytest.mark.parametrize("name", ["d1", "r1", "g1"])
def test_trace_draws_the_chain_from_any_id(data: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Prompt, decision, grant, session, use and what ran, each with its proof; other decisions stay out."""
    assert run("trace", name, "--data-dir", data) == Exit.OK
    out = capsys.readouterr().out
    for words in (
        "session started s1",
        "decision ALLOW  billing-read 0.93  d1  read table invoices",
        "prompt (sealed, 44 characters",
        "because allowed: billing-read covers it",
        "grant g1  read table invoices",
        "used, 0 left",
        "action occurred  read table invoices  agree",
        "✓ proved",
        "session ended",
    ):
        assert words in out, out
    assert "d2" not in out
    assert PROMPT not in out


def test_trace_of_a_session_has_everything(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also what was handed on, what disagrees, and the kill."""
    assert run("trace", "s1", "--data-dir", data) == Exit.OK
    out = capsys.readouterr().out
    for words in (
        "d1",
        "d2",
        "d3",
        "handed on, narrower",
        "disagree something else ran",
        '"kind": "kill"',
        "outside-grant",
    ):
        assert words in out, out


def test_trace_from_a_grant_that_was_handed_on(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Back to the decision that it comes from."""
    assert run("trace", "g7", "--data-dir", data, "--json") == Exit.OK
    found = json.loads(capsys.readouterr().out)
    assert [r["index"] for r in found["records"]] == [0, 4, 5, 6, 9]
    assert {r["proof"] for r in found["records"]} == {"proved"}
    assert found["checkpoint"]["size"] == 10


def test_trace_shows_a_wrong_proof(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The record was rewritten and its hash too: the signed root does not lead to it."""
    rewritten(data, 3, lambda body: body.update(observed="none"))
    assert run("trace", "d1", "--data-dir", data) == Exit.TAMPERED
    assert "✗ PROOF WRONG" in capsys.readouterr().out


def test_trace_of_nothing(data: Path) -> None:
    """Says so."""
    assert run("trace", "nobody", "--data-dir", data) == Exit.NO


def test_prompts_are_shown_when_asked_for_and_until_they_are_forgotten(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Then the log still verifies, the commitment still stands, and the erasure is on record."""
    assert run("trace", "d1", "--data-dir", data, "--prompts") == Exit.OK
    assert f"“{PROMPT}”" in capsys.readouterr().out
    assert run("forget", "alice", "--data-dir", data) == Exit.OK
    assert run("trace", "d1", "--data-dir", data, "--prompts") == Exit.OK
    out = capsys.readouterr().out
    assert PROMPT not in out
    assert "prompt (key erased, 44 characters" in out
    assert run("forget", "alice", "--data-dir", data) == Exit.OK
    assert "there was no key" in capsys.readouterr().out
    assert run("verify", "--data-dir", data, "--no-redecide", "--json") == Exit.UNVERIFIABLE
    report = json.loads(capsys.readouterr().out)
    assert report["kinds"]["erasure"] == 2
    assert report["signed"] == 12
    assert set(report["found"]) == {"unverifiable"}
    with AuditReader.open(data) as reader:
        assert reader.record(10).entry().body["erased"] is True


@pytest.mark.parametrize("form, lines", [("ocsf", 13), ("cloudevents", 10)])
def test_export_writes_json_lines(data: Path, tmp_path: Path, form: str, lines: int) -> None:
    """Complete or not at all, readable by its owner only, without prompts."""
    out = tmp_path / "out.jsonl"
    assert run("export", "--data-dir", data, "--format", form, "--out", out) == Exit.OK
    written = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(written) == lines
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert "sealed" not in out.read_text()
    assert not list(tmp_path.glob("*.new"))


def test_export_stops_at_a_damaged_record(data: Path, tmp_path: Path) -> None:
    """Half a trail would look like a whole one."""
    with opened(data) as connection:
        connection.execute("UPDATE records SET entry = x'00' WHERE idx = 4")
    out = tmp_path / "out.jsonl"
    assert run("export", "--data-dir", data, "--format", "ocsf", "--out", out) == Exit.TAMPERED
    assert not list(tmp_path.glob("out*"))


def test_an_anchor_is_only_moved_forward_along_the_same_log(data: Path, tmp_path: Path) -> None:
    """Copying over it must not lose the one thing that shows a rewritten log."""
    anchor = tmp_path / "anchor"
    assert run("checkpoint", "--data-dir", data, "--out", anchor) == Exit.OK
    first = anchor.read_text()
    signer = load_or_generate(data / "keys" / "checkpoint.key", ORIGIN)
    write(data, usual(1)[:1], signer=signer)
    assert run("checkpoint", "--data-dir", data, "--out", anchor) == Exit.OK
    second = anchor.read_text()
    assert second != first
    other = tmp_path / "other"
    load_or_generate(other / "keys" / "checkpoint.key", ORIGIN)
    for name in ("checkpoint.key", "checkpoint.key.pub"):
        (other / "keys" / name).write_bytes((data / "keys" / name).read_bytes())
    write(other, usual(8), signer=signer)
    assert run("checkpoint", "--data-dir", other, "--out", anchor) == Exit.TAMPERED
    assert anchor.read_text() == second
