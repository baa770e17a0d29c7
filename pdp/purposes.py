"""Which of an agent's intents a declared purpose is within, by the model. Pure; runs in an encoder thread."""

from __future__ import annotations

from pdp import engine
from pdp.evidence import Evidence
from pdp.intent.calibration import Band
from pdp.intent.text import MANIPULATIONS, Reading
from pdp.matching import MOST_TRIED
from pdp.policy.admission import Columns
from pdp.runtime import SessionRequest
from pdp.session.drift import PurposeVector, quantise
from pdp.session.purpose import Covering, admitted, within
from pdp.session.state import MOST_INTENTS
from pdp.snapshot import Snapshot
from pdp.types import Reason, ReasonCode

NO_PURPOSE = PurposeVector(b"", 0.0)


def match_purpose(
    wanted: SessionRequest, reading: Reading, usable: Columns, evidence: Evidence, snapshot: Snapshot
) -> tuple[tuple[str, ...], PurposeVector, Reason | None]:
    """The intents that a declared purpose admits, its vector, or why it admits none.

    Intents that the caller names must be the agent's; then the purpose says what drift is measured from and need not
    match by itself.
    """
    names = {snapshot.bundle.intents[c].id for c in usable.tolist()}
    unread = _unread(wanted, reading)
    if unread is not None:
        return (), NO_PURPOSE, unread
    vector = quantise(evidence.readout(reading.canonical).vector)
    if wanted.intents:
        named = within(wanted.intents, names)
        if named:
            return named, vector, None
        strange = ", ".join(sorted(set(wanted.intents) - names)) or f"more than {MOST_INTENTS} intents"
        text = f"{wanted.agent.id} may not use {strange}"
        return (), vector, Reason(ReasonCode.PURPOSE_NOT_APPROVED, text)
    covered = [_covering(clause, usable, evidence, snapshot) for clause in (reading.canonical, *reading.clauses)]
    # The whole may be one intent's; failing that its clauses may be several intents'.
    whole, parts = admitted(covered[:1]), admitted(covered[1:])
    found = tuple(dict.fromkeys((*whole, *parts)))[:MOST_INTENTS]
    if found:
        return found, vector, None
    return (), vector, Reason(ReasonCode.PURPOSE_NOT_APPROVED, "the declared purpose is not within what is approved")


def _unread(wanted: SessionRequest, reading: Reading) -> Reason | None:
    """Why nothing could be measured from a purpose: drift from one that says nothing would never be seen."""
    if not reading.clauses:
        return Reason(ReasonCode.NO_UTTERANCE, "the declared purpose is empty")
    disguises = MANIPULATIONS if wanted.intents else engine.REFUSED_FINDINGS
    disguised = sorted(disguises.intersection(reading.findings))
    if disguised:
        text = f"the declared purpose is disguised or cannot be read: {', '.join(disguised)}"
        return Reason(ReasonCode.TEXT_MANIPULATED, text)
    return None


def _covering(text: str, usable: Columns, evidence: Evidence, snapshot: Snapshot) -> list[Covering]:
    found = []
    for column in evidence.by_nearness(text, usable, MOST_TRIED):
        score = evidence.score(text, column, evidence.excess(text, column))
        granted = snapshot.calibration.band(column, score) is not Band.OUT_OF_SCOPE and bool(snapshot.enforced[column])
        found.append(Covering(snapshot.bundle.intents[column].id, score, granted))
    return found
