"""``pdp replay``: a sentence, the worst first, counts by intent, and the same for programs."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from pdp.cli import main
from pdp.cli.exits import Exit
from pdp.cli.replays import KINDS, by_intent, kind_of, severity, summary
from pdp.replaying import Replayed
from pdp.types import Effect
from tests.recorded import APPROVED, FOREIGN, READ, RULES, UNSURE, asks, record, write

REMINDER = asks("Send a reminder to the customer", "send", "mailbox")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six decisions, four of them about invoices."""
    place = tmp_path_factory.mktemp("recorded")
    requests = [asks(APPROVED), asks(APPROVED, limit=5000), asks(UNSURE), REMINDER, asks(FOREIGN), asks("", "drop")]
    return asyncio.run(record(place, requests))[0]


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A bundle that allows many rows, doubts longer, and sends no mail."""
    rules = RULES.replace("1000.0", "9000.0")
    rules += '  - id: no-mail\n    effect: deny\n    when: action.name == "send"\n    message: No mail.\n'
    return write(tmp_path / "other", {"rules/all.yaml": rules}, default={"accept": 0.8, "narrow": 0.72})


def run(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, str]:
    """Exit code and output."""
    code = main(["replay", *map(str, words)])
    return code, capsys.readouterr().out


def test_the_same_bundle_changes_nothing(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence says so, and the exit code."""
    code, out = run(capsys, "--against", write(tmp_path / "same"), "--data-dir", data)
    assert code == Exit.OK
    assert "6 decisions, and every one would be the same." in out


def test_a_sentence_the_worst_first_and_counts_by_intent(
    data: Path, other: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What grants more stands above what grants less."""
    code, out = run(capsys, "--against", other, "--data-dir", data)
    assert code == Exit.NO
    assert "Of 6 decisions, 1 would grant more and 2 less." in out
    cases = out[out.rindex("record") :]
    assert cases.index("ALLOW", cases.index("DENY")) < cases.index("No mail.")
    assert out.index("read-invoices") < out.index("send-reminders")
    assert "No mail." in out


def test_fewer_rows_on_request(data: Path, other: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``--most`` bounds the table and says what it leaves out; a negative number is wrong usage."""
    _, out = run(capsys, "--against", other, "--data-dir", data, "--most", "1")
    assert "and 2 more; --most N shows them, --json all" in out
    assert run(capsys, "--against", other, "--data-dir", data, "--most", "-1")[0] == Exit.USAGE


def test_json_for_programs(data: Path, other: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Everything the tables say, all cases, the worst first."""
    code, out = run(capsys, "--against", other, "--data-dir", data, "--json")
    told = json.loads(out)
    assert (code, told["decisions"], told["left_out"]) == (Exit.NO, 6, 0)
    assert told["counts"] == {"newly allowed": 1, "newly denied": 2, "the same": 3, "near a threshold": 1}
    assert list(told["intents"]) == ["read-invoices", "send-reminders", ""]
    assert told["intents"]["send-reminders"] == {"newly denied": 1}
    assert [c["change"] for c in told["changes"]] == ["newly allowed", "newly denied", "newly denied"]
    first = told["changes"][0]
    assert (first["before"], first["after"], first["intent"], first["unknown"]) == (
        "deny",
        "allow",
        "read-invoices",
        "",
    )
    assert told["summary"] == "Of 6 decisions, 1 would grant more and 2 less."


def test_what_is_not_known_has_no_effect_in_json(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """``after`` is null, the reason is given, and refusals that might fall come first; nothing changed for sure."""
    texts = {"intents/read.yaml": READ.replace("List invoices not paid yet", "Look for late invoices")}
    code, out = run(capsys, "--against", write(tmp_path / "texts", texts), "--data-dir", data, "--json")
    told = json.loads(out)
    assert code == Exit.OK
    assert [(c["after"], c["possible"]) for c in told["changes"]] == [(None, True)] * 2 + [(None, False)] * 2
    assert "for 4 it cannot be told, 2 of them denied then" in told["summary"]
    _, out = run(capsys, "--against", tmp_path / "texts", "--data-dir", data)
    assert "perhaps" in out


def test_a_bundle_with_mistakes_is_refused(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As everywhere: every mistake with its place."""
    broken = write(tmp_path / "broken", {"rules/all.yaml": RULES.replace("effect: deny", "effect: forbid")})
    assert run(capsys, "--against", broken, "--data-dir", data)[0] == Exit.NO


def replayed(before: str, after: str, index: int = 0, **changes: object) -> Replayed:
    """One decision, then and now."""
    made = Replayed(index, f"d{index}", "agent-1", "read", Effect(before), Effect(after), "why")
    return Replayed(**{**{n: getattr(made, n) for n in Replayed.__slots__}, **changes})


CASES = [
    replayed("deny", "allow"),
    replayed("narrow", "allow"),
    replayed("deny", "narrow"),
    replayed("deny", "deny", unknown="u", possible=True),
    replayed("allow", "deny"),
    replayed("allow", "narrow"),
    replayed("allow", "allow", near=True),
    replayed("allow", "deny", unknown="u"),
    replayed("allow", "allow"),
]


def test_more_authority_is_worse_than_less() -> None:
    """The order of severity, with the log's order among equals."""
    ranks = [severity(c)[0] for c in CASES]
    assert ranks == sorted(ranks)
    assert severity(replayed("deny", "allow", 3)) < severity(replayed("deny", "allow", 4))


def test_every_case_is_of_one_kind_and_counted() -> None:
    """Counts by intent add up to the decisions."""
    assert {kind_of(c) for c in CASES} == set(KINDS)
    counts = by_intent(CASES)
    assert sum(counts["read"][k] for k in KINDS) == len(CASES)
    assert summary(CASES, 2).startswith("Of 9 decisions, 3 would grant more and 2 less; for 2 it cannot be told, 1 of")
    assert "2 more were refused for the state of the service" in summary(CASES, 2)
