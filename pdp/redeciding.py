"""Deciding again from records, in log order: does the same bundle give the same answer? Pure.

The session's state is not in a decision's record: it follows from the record of its start and every record since, so it
is carried along. What the utterance itself would be needed for, and is withheld, is told apart from a disagreement.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pdp import engine, gathering
from pdp.audit.masking import mask
from pdp.audit.record import RecordKind
from pdp.audit.report import Redecided, Sameness
from pdp.engine import admit, screen
from pdp.errors import PdpError
from pdp.gathering import Weight, live_grant, refusal_step
from pdp.grant.claims import to_claims
from pdp.grant.model import Grant
from pdp.intent.authority import risk
from pdp.intent.text import Reading
from pdp.issuing import Issue, granted, issued
from pdp.matching import RANK, Asked, Matching
from pdp.policy.facts import Facts
from pdp.runtime import Caller
from pdp.session.state import SessionState, consumed, ended, reported
from pdp.session.stored import from_bytes
from pdp.snapshot import Snapshot
from pdp.trail import (
    WORDS_FACT,
    band_of,
    masked_claims,
    match_of,
    narrowed_document,
    obligation_document,
    textual_of,
)
from pdp.types import Effect, JsonObject, Reason, ReasonCode, Request, Verdict
from pdp.wire.document import request_from_document

Body = Mapping[str, Any]
Rulebook = Callable[[str], Snapshot | None]
"""Gives the bundle of a revision, ready to judge what is matched already; ``None`` when it is not kept."""

RUNTIME_REASONS = frozenset(
    {
        ReasonCode.REVOKED,
        ReasonCode.QUARANTINED,
        ReasonCode.SESSION_REQUIRED,
        ReasonCode.SESSION_OVER,
        ReasonCode.SESSION_MISMATCH,
        ReasonCode.AUDIT_UNAVAILABLE,
        ReasonCode.ENCODER_FAILED,
        ReasonCode.INTERNAL_ERROR,
        ReasonCode.SCORE_INVALID,
    }
)
"""Denials that the state of the service gave, not the bundle: there is nothing to judge again."""


@dataclass(frozen=True, slots=True)
class Redecision:
    """One decision, decided again. ``effect`` is the one it would get; ``text`` says what differs or is missing."""

    sameness: Sameness
    text: str = ""
    effect: Effect = Effect.DENY
    reasons: tuple[str, ...] = ()


class Redecider:
    """Takes every record of a log in order and decides each decision again."""

    def __init__(self, rulebook: Rulebook) -> None:
        self._rulebook = rulebook
        self._states: dict[str, SessionState] = {}
        self._doubted: set[str] = set()

    def __call__(self, _index: int, kind: RecordKind, time: float, body: JsonObject) -> Redecided | None:
        """As ``pdp.audit.verify`` wants it."""
        found = self.take(kind, time, body)
        return Redecided(found.sameness, found.text) if found is not None else None

    def take(self, kind: RecordKind, time: float, body: Body) -> Redecision | None:
        """``None`` for records that are no decisions. Never raises for what a record holds."""
        try:
            if kind is RecordKind.DECISION:
                return self._decision(body)
            self._follow(kind, time, body)
        except (KeyError, TypeError, ValueError, AttributeError, PdpError) as error:
            return Redecision(Sameness.UNVERIFIABLE, f"the record cannot be read: {error}")
        return None

    def state(self, session_id: str) -> SessionState | None:
        """The session as the records until now leave it."""
        return self._states.get(session_id)

    def _follow(self, kind: RecordKind, time: float, body: Body) -> None:
        session = str(body.get("session_id", ""))
        state = self._states.get(session)
        if kind is RecordKind.SESSION and body["event"] == "started":
            self._states[session] = from_bytes(json.dumps(body["state"]).encode())
        elif state is None:
            return
        elif kind is RecordKind.SESSION and body["event"] == "ended":
            self._states[session] = ended(state, str(body["reason"]), time)
        elif kind is RecordKind.CONSUMPTION and body.get("uses_left") == 0:
            self._states[session] = consumed(state, str(body["grant_id"]))
        elif kind is RecordKind.OUTCOME and body.get("counted", True):
            self._states[session] = reported(state, int(body["rows"]), int(body["bytes"]))

    def _decision(self, body: Body) -> Redecision:
        session = str(body["request"].get("session_id", ""))
        snapshot = self._rulebook(str(body["revision"]))
        if snapshot is None:
            self._doubted.add(session)
            return Redecision(Sameness.UNVERIFIABLE, f"bundle {body['revision']} is not kept")
        request = request_from_document({k: v for k, v in body["request"].items() if k != "traceparent"})
        state = self._states.get(session)
        verdict, weight, grant = redecide(body, request, state, snapshot)
        found = _compare(body, verdict, grant, snapshot)
        if found.sameness is Sameness.UNVERIFIABLE:
            self._doubted.add(session)
            verdict = replace(verdict, effect=Effect(body["effect"]))
        elif found.sameness is Sameness.DIFFERENT and session and session in self._doubted:
            text = f"{found.text}; an earlier decision of session {session} cannot be made again"
            found = replace(found, sameness=Sameness.UNVERIFIABLE, text=text)
        if state is not None and body.get("counted", True):
            self._states[session] = _next(state, request, verdict, weight, body, snapshot)
        return found


def redecide(
    body: Body, request: Request, state: SessionState | None, snapshot: Snapshot
) -> tuple[Verdict, Weight | None, Grant | None]:
    """Judge a recorded request again with ``snapshot``, which may be another bundle's."""
    first = ReasonCode(body["reasons"][0]["code"])
    if first in RUNTIME_REASONS:
        # What was judged before an order or the session's end came in between moves the session all the same.
        weight = _judged(body, request, state, snapshot)[1] if "matching" in body else None
        return engine.deny(first, str(body["reasons"][0]["text"])), weight, None
    verdict, weight, asked = _judged(body, request, state, snapshot)
    if asked is None or verdict.match is None:
        return verdict, weight, None
    issue = _issue(body, asked, verdict, snapshot)
    found = issued(request, asked.request, verdict, snapshot, state, issue)
    return found.verdict, weight, found.grant


def _issue(body: Body, asked: Asked, verdict: Verdict, snapshot: Snapshot) -> Issue:
    """For the same grant. A deny has no grant id; it would be as long as that of the decision."""
    columns = {i.id: c for c, i in enumerate(snapshot.bundle.intents)}
    profile = snapshot.profiles[columns[verdict.match.intent if verdict.match else ""]]
    caller = Caller(str(body["gateway"]), str(body.get("certificate", "")))
    decision, claims = str(body["decision_id"]), body.get("grant", {})
    name, issuer = str(claims.get("jti", decision)), str(claims.get("iss", "pdp"))
    does = gathering.access_of(asked, profile)
    return Issue(issuer, caller, name, decision, snapshot.bundle.revision, does, float(body["now"]))


def _judged(
    body: Body, request: Request, state: SessionState | None, snapshot: Snapshot
) -> tuple[Verdict, Weight | None, Asked | None]:
    """What the bundle says, and the request with its targets; ``None`` where it was refused before it was judged."""
    asked = admit(request, snapshot, state.intents if state else None)
    if isinstance(asked, Verdict):
        return asked, None, None
    text = body.get("text", {"clauses": 0, "findings": []})
    reading = Reading("", "", ("",) * int(text["clauses"]), tuple(text["findings"]))
    screened = screen(asked, reading)
    if screened is not None:
        return screened, None, None
    matching = matching_of(body, asked, snapshot)
    facts = body.get("facts", {"values": {}, "unusable": {}})
    cosine = body.get("matching", {}).get("closeness")
    # The words are not kept, only what rules made of them.
    values = {WORDS_FACT: [], **facts["values"]}
    given = textual_of(body.get("textual", {}))
    verdict, weight = gathering.judge(
        asked, Facts(values, facts["unusable"]), matching, snapshot, state, cosine, float(body["now"]), given
    )
    return verdict, weight, asked


def matching_of(body: Body, asked: Asked, snapshot: Snapshot) -> Matching:
    """The matching as recorded; out of scope when its intent is not among those that the bundle admits now."""
    document = body["matching"]
    found = match_of(document)
    columns = {snapshot.bundle.intents[c].id: c for c in asked.admitted.tolist()}
    column = columns.get(found.intent, -1) if document["matched"] else -1
    refusals = tuple(Reason(ReasonCode(r["code"]), str(r["text"])) for r in document["refusals"])
    band = band_of(document)
    if column < 0 and not refusals:
        refusals = (Reason(ReasonCode.NOT_ADMITTED, f"{found.intent} does not admit this call"),)
    return Matching(column, band, found, (), refusals)


def _next(
    state: SessionState, request: Request, verdict: Verdict, weight: Weight | None, body: Body, snapshot: Snapshot
) -> SessionState:
    now, claims = float(body["now"]), body.get("grant")
    weight = weight or Weight(engine.OUTSIDE_SESSIONS, refusal_step(request))
    grant = None
    if claims is not None and verdict.match is not None:
        columns = {i.id: c for c, i in enumerate(snapshot.bundle.intents)}
        danger = risk(snapshot.profiles[columns[verdict.match.intent]])
        grant = live_grant(
            str(claims["jti"]), danger, granted(request, verdict), float(claims["exp"]), int(claims["uses"])
        )
    return gathering.settle(state, weight, verdict, grant, snapshot.bundle.settings.sessions, now).state


def _compare(body: Body, verdict: Verdict, grant: Grant | None, snapshot: Snapshot) -> Redecision:
    reasons = tuple(r.code.value for r in verdict.reasons)
    recorded = tuple(str(r["code"]) for r in body["reasons"])
    wrong = _overstated(body, snapshot)
    if wrong:
        return Redecision(Sameness.DIFFERENT, wrong, verdict.effect, reasons)
    narrowed = mask(narrowed_document(verdict.narrowed))[0] if verdict.narrowed is not None else None
    obligations = [obligation_document(o) for o in verdict.obligations]
    same = (
        verdict.effect.value == body["effect"]
        and reasons == recorded
        and _plain(obligations) == _plain(body.get("obligations", []))
        and _plain(narrowed) == _plain(body.get("narrowed"))
    )
    if same and _claims(grant, body) == _shown(body.get("grant"), body):
        return Redecision(Sameness.SAME, "", verdict.effect, reasons)
    text = f"recorded {body['effect']} ({', '.join(recorded)}), again {verdict.effect.value} ({', '.join(reasons)})"
    text = f"{text}, with another grant" if same else text
    missing = [f"masked {m}" for m in body.get("masked", [])]
    if missing:
        return Redecision(Sameness.UNVERIFIABLE, f"{text}; not kept: {', '.join(missing)}", verdict.effect, reasons)
    return Redecision(Sameness.DIFFERENT, text, verdict.effect, reasons)


def _overstated(body: Body, snapshot: Snapshot) -> str:
    """In what a recorded matching claims more than the calibration gives its score; empty when it does not."""
    document = body.get("matching")
    if document is None or not document["matched"]:
        return ""
    column = next(c for c, i in enumerate(snapshot.bundle.intents) if i.id == document["intent"])
    limits = snapshot.calibration.thresholds(column)
    if (document["accept"], document["narrow"]) != (limits.accept, limits.narrow):
        return f"recorded with thresholds that are not those of {document['intent']}"
    band, most = band_of(document), snapshot.calibration.band(column, float(document["score"]))
    if RANK[band] > RANK[most]:
        return f"recorded as {band.value} at {document['score']}, which is {most.value}"
    return ""


def _claims(grant: Grant | None, body: Body) -> object:
    return _shown(masked_claims(to_claims(grant)), body) if grant is not None else None


def _shown(claims: Body | None, body: Body) -> object:
    """The claims of a grant that can be told from the record: a digest needs what was masked."""
    if claims is None or not body.get("masked"):
        return _plain(claims)
    hidden = {"params", "attributes"}
    details = [{k: v for k, v in d.items() if k not in hidden} for d in claims["authorization_details"]]
    return _plain({**claims, "rqd": "", "authorization_details": details})


def _plain(value: object) -> object:
    """Mappings and sequences as JSON has them, numbers as doubles, so that what was stored equals what is made."""
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value
