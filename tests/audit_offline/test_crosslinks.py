"""A log whose hashes and signatures are good still has to make sense: whoever holds the key cannot make up records."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.audit.findings import ObservationKind
from pdp.audit.orders import Kills
from pdp.audit.record import Entry, RecordKind
from pdp.audit.report import FindingKind
from pdp.revocation.patterns import Patterns
from tests.audit_offline.logs import (
    START,
    check,
    claims,
    consumption,
    decision,
    outcome,
    revocation,
    session,
    usual,
    write,
)

GAP, DISAGREEMENT, TAMPERED = FindingKind.GAP, FindingKind.DISAGREEMENT, FindingKind.TAMPERED
NARROWER = {"tctx": {"decision": "d1", "revision": "sha256:aa"}}


def attenuated(parent: str, number: int, **changes: object) -> Entry:
    made = claims(number, **{"exp": int(START) + 30, **NARROWER, **changes})
    return Entry(RecordKind.GRANT, START + 2, (parent, made["jti"]), {"parent": parent, "claims": made})


def without_grant() -> Entry:
    entry = decision(1)
    body = dict(entry.body)
    del body["grant"]
    return Entry(entry.kind, entry.time, entry.ids, body)


BEGIN, END = session("started", 0), session("ended", 5)
KILL = revocation("kill", "agent", "bot", 0.5)
FORGED = {
    "allow without a grant": ([BEGIN, without_grant()], GAP, 1, "no grant goes with it"),
    "deny with a grant": ([BEGIN, decision(1, "deny", grant=claims(1))], DISAGREEMENT, 1, "carries a grant"),
    "grant of another decision": ([BEGIN, decision(1, grant=claims(2))], DISAGREEMENT, 1, "is of decision d2"),
    "decision twice": ([BEGIN, decision(1, "deny"), decision(1, "deny")], DISAGREEMENT, 2, "twice"),
    "grant twice": (
        [BEGIN, decision(1), decision(2, grant=claims(1, tctx={"decision": "d2"}))],
        DISAGREEMENT,
        2,
        "issued twice",
    ),
    "allow in no session": ([decision(1)], GAP, 0, "start is not recorded"),
    "allow after the session": ([BEGIN, session("ended", 1), decision(2)], DISAGREEMENT, 2, "after its end"),
    "session ends from nowhere": ([END], GAP, 0, "start is not recorded"),
    "use of no grant": ([BEGIN, consumption(1, 1)], GAP, 1, "grant g1"),
    "use twice": ([BEGIN, decision(1), consumption(1, 2), consumption(1, 3)], DISAGREEMENT, 3, "once more"),
    "use after expiry": ([BEGIN, decision(1), consumption(1, 64)], DISAGREEMENT, 2, "after its end"),
    "use after the session": ([BEGIN, decision(1), END, consumption(1, 6)], DISAGREEMENT, 3, "end of its session"),
    "use after kill": (
        [BEGIN, decision(1), revocation("kill", "grant", "g1", 2), consumption(1, 3)],
        DISAGREEMENT,
        3,
        "killed grant:g1",
    ),
    "allow after kill": ([BEGIN, KILL, decision(1)], DISAGREEMENT, 2, "killed (agent:bot)"),
    "allow after kill of everything": (
        [BEGIN, revocation("kill", "everything", "", 0.5), decision(1)],
        DISAGREEMENT,
        2,
        "everything:",
    ),
    "allow on a killed target": (
        [BEGIN, revocation("kill", "target", "table/inv*", 0.5), decision(1)],
        DISAGREEMENT,
        2,
        "table/inv*",
    ),
    "attenuated from nothing": ([BEGIN, decision(1), attenuated("g9", 7)], GAP, 2, "comes from grant g9"),
    "attenuated to more": ([BEGIN, decision(1), attenuated("g1", 7, exp=int(START) + 90)], DISAGREEMENT, 2, "wider"),
    "use of a child beyond its parent": (
        [
            BEGIN,
            decision(1),
            attenuated("g1", 7, origins=[{"jti": "g1", "uses": 1}]),
            consumption(1, 2),
            consumption(7, 3),
        ],
        DISAGREEMENT,
        4,
        "uses grant g1 once more",
    ),
    "outcome of no decision that agrees": ([BEGIN, outcome(9, 1)], GAP, 1, "decision d9"),
    "no body of its kind": ([Entry(RecordKind.DECISION, START, (), {"effect": 3})], TAMPERED, 0, "not formed"),
}
HONEST = {
    "usual": usual(3),
    "use within the leeway": [BEGIN, decision(1), consumption(1, 62)],
    "refused uses": [BEGIN, decision(1), consumption(1, 2), consumption(1, 90, refusal="expired")],
    "session refused": [Entry(RecordKind.SESSION, START, ("r1",), {"event": "refused", "agent": "bot"})],
    "withheld": [BEGIN, KILL, decision(1), Entry(RecordKind.REVOCATION, START + 2, ("d1",), {"withheld": "d1"})],
    "lifted": [BEGIN, KILL, revocation("lift", "agent", "bot", 0.7), decision(1)],
    "kill that ended": [BEGIN, revocation("kill", "agent", "bot", 0.5, until=START + 0.9), decision(1)],
    "kill of another": [BEGIN, revocation("kill", "agent", "other", 0.5), decision(1)],
    "quarantine": [BEGIN, revocation("quarantine", "agent", "bot", 0.5), decision(1)],
    "asked before the kill, recorded after it": [BEGIN, revocation("kill", "agent", "bot", 1.5), decision(1)],
    "attenuated": [BEGIN, decision(1), attenuated("g1", 7), consumption(7, 3)],
    "outcome of no decision, known as such": [BEGIN, outcome(9, 1, agreement="one-sided")],
    "a kind of another day": [BEGIN, Entry(RecordKind.READING, START, (), {"by": "x"})],
}


@pytest.mark.parametrize("name", FORGED)
def test_records_that_contradict_each_other_are_found(tmp_path: Path, name: str) -> None:
    """Kind, record and reason."""
    entries, kind, index, words = FORGED[name]
    report = check(write(tmp_path, entries))
    assert [(f.kind, f.index) for f in report.findings] == [(kind, index)], report.findings
    assert words in report.findings[0].text


@pytest.mark.parametrize("name", HONEST)
def test_honest_logs_have_no_findings(tmp_path: Path, name: str) -> None:
    """An alarm that rings for nothing is soon switched off."""
    assert check(write(tmp_path, HONEST[name])).findings == ()


def test_what_was_not_exercised_is_observed(tmp_path: Path) -> None:
    """No fault of the log, so the exit code stays; it is counted and told."""
    entries = [
        BEGIN,
        decision(1),  # never used
        decision(2),
        consumption(2, 3),  # used, nothing reported
        decision(3),
        outcome(3, 4, agreement="disagree", text="deleted instead"),
        outcome(9, 5, agreement="one_sided", grant_id=""),
        decision(4),
        attenuated("g4", 7, tctx={"decision": "d4"}),
        outcome(4, 6, grant_id="g7"),
        decision(300),  # has not ended yet
    ]
    report = check(write(tmp_path, entries))
    assert report.exit_code == 0, report.findings
    assert {(o.kind, o.index) for o in report.observations} == {
        (ObservationKind.NOT_EXERCISED, 1),
        (ObservationKind.WITHOUT_OUTCOME, 2),
        (ObservationKind.OUTSIDE_GRANT, 5),
        (ObservationKind.WITHOUT_DECISION, 6),
    }
    assert sum(report.observed.values()) == 4


@given(st.text(alphabet="ab*?[/", max_size=12), st.text(alphabet="ab[/", max_size=12))
def test_target_patterns_mean_what_they_mean_in_service(pattern: str, name: str) -> None:
    """The verifier reads them by itself; the two must not part."""
    kills = Kills()
    kills.take(0, 0.0, {"kind": "kill", "scope": "target", "value": f"table/{pattern}"})
    wild = f"target:table/{pattern}"
    served = list(Patterns().put({wild: True}).fitting(f"target:table/{name}")) or pattern == name
    assert bool(kills.find((f"target:table/{name}",), 1.0)) == bool(served)
