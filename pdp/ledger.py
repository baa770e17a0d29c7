"""Where a decision becomes a fact: the kill switch before it, its record and its grant after it.

Order is everything here. Revocations are looked at before anything else (invariant 7); the session is read; the caller
judges; then one transaction checks that the session is still the one that was judged with (and judges again when it is
not), moves the session on and writes the record. Only when that is on disk is the grant signed, after a last look at
the revocations (invariant 6).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

from pdp import engine, gathering, metrics
from pdp.audit.record import Entry, RecordKind
from pdp.audit.transaction import Transaction
from pdp.engine import OUTSIDE_SESSIONS
from pdp.errors import AuditUnavailable
from pdp.gathering import Settled, Weight, live_grant, refusal_step
from pdp.grant.keys import KeyRing
from pdp.grant.model import Grant
from pdp.grant.token import sign
from pdp.intent.authority import risk
from pdp.inventory import Seen, after
from pdp.issuing import Issue, Issued, granted, issued
from pdp.matching import Asked
from pdp.memory import Recent
from pdp.orders import revoked, stops_of, subjects_of, targets_of
from pdp.policy.rules import Given
from pdp.revocation.order import Op, Order
from pdp.revocation.table import Subjects
from pdp.runtime import Caller
from pdp.session.state import SessionState, over
from pdp.session.stored import from_bytes, to_bytes
from pdp.snapshot import Snapshot
from pdp.stopping import Revocations, Stop, Stopping
from pdp.trail import NOTHING_KEPT, Inputs, Kept, decision_body, kept_of, textual_document, trace_id
from pdp.types import Access, Decision, Effect, JsonObject, Permit, ReasonCode, Request, Timings, Verdict

log = logging.getLogger(__name__)

SESSIONS, AGENTS = "session", "agent"
MOST_SEEN = 64


class Log(Protocol):
    """The audit log, as far as decisions need it."""

    async def commit(self, job: Callable[[Transaction], object], deadline: float | None = None) -> object:
        """What ``job`` returns, once what it wrote is on disk."""


class SignedLog(Log, Protocol):
    """The audit log with its checkpoints."""

    async def checkpoint(self, deadline: float | None = None) -> str:
        """A signed note over everything committed before."""


class Reader(Protocol):
    """Reads state that was committed."""

    def get(self, space: str, key: str) -> bytes | None:
        """The value there, if any."""

    def scan(self, space: str) -> Sequence[tuple[str, bytes]]:
        """Every key of a space with its value."""


Commit = Callable[[str, str], Awaitable[JsonObject]]
"""From an utterance and its subject to what is kept of it: a commitment, or its sealed form."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What is known before anything is judged. ``refusal``: nothing needs to be judged at all."""

    state: SessionState | None = None
    refusal: Verdict | None = None
    quarantine: Order | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was judged, with everything that judging it again takes. ``asked`` ``None``: it was refused before that."""

    verdict: Verdict
    inputs: Inputs
    timings: Timings
    asked: Asked | None = None
    weight: Weight | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """Everything that is to be written, ready. ``payload``: the grant's claims as they are signed."""

    decision: Decision
    grant: Grant | None
    entry: Entry
    settled: Settled | None = None
    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class Case:
    """One question on its way through the ledger."""

    request: Request
    snapshot: Snapshot
    opened: Opened
    attempt: Attempt
    decision_id: str
    grant_id: str
    kept: Kept = NOTHING_KEPT


class Ledger:
    """``wait``: seconds that a record may take to reach the disk before the answer is a deny."""

    def __init__(
        self,
        log: Log,
        reader: Reader,
        revocations: Revocations,
        keys: KeyRing,
        keep: Commit,
        new_id: Callable[[], str],
        issuer: str,
        wait: float,
    ) -> None:
        self._log = log
        self._reader = reader
        self._revocations = revocations
        self._keys = keys
        self._keep = keep
        self._new_id = new_id
        self._issuer = issuer
        self._wait = wait
        self._stopping: Stopping | None = None
        # What was written of agents lately, by its bytes; of the log's thread alone.
        self._seen: Recent[Seen] = Recent(MOST_SEEN)

    def stops_through(self, stop: Stop) -> None:
        """Give the stops that bundles ask for through ``stop`` from now on."""
        self._stopping = Stopping(stop, self._revocations)

    def killed(self, request: Request, caller: Caller, now: float) -> Verdict | None:
        """A deny when what the request is about, or who asks, is killed."""
        order = self._revocations.find(subjects_of(request, caller), now)
        return revoked(order) if order is not None and order.op is Op.KILL else None

    def open(self, request: Request, caller: Caller, *, required: bool, now: float) -> Opened:
        """What stands before judging: revocations first, then the session."""
        order = self._revocations.find(subjects_of(request, caller), now)
        if order is not None and order.op is Op.KILL:
            return Opened(refusal=revoked(order))
        if not request.session_id:
            if required:
                text = "this bundle wants every request to belong to a session; start one with StartSession"
                return Opened(refusal=engine.deny(ReasonCode.SESSION_REQUIRED, text))
            return Opened(quarantine=order)
        try:
            state = self.session(request.session_id)
        except AuditUnavailable as error:
            log.error("session not read", extra={"request_id": request.request_id, "why": str(error)})  # noqa: TRY400
            text = "the session cannot be read from the audit log, so nothing is granted"
            return Opened(refusal=engine.deny(ReasonCode.AUDIT_UNAVAILABLE, text))
        refusal = _session_refusal(request, state, now)
        if refusal is None and state is not None and state.task:
            task = self._revocations.find(Subjects(task=state.task), now)
            if task is not None and task.op is Op.KILL:
                refusal = revoked(task)
            order = order or task
        return Opened(state, refusal, order)

    def against(self, about: Subjects, asked: Asked, now: float) -> Order | None:
        """The order that speaks against any target of a call; a kill before a quarantine."""
        found: Order | None = None
        for target in targets_of(asked):
            if (target.kind, target.name) != (about.target_kind, about.target_name):
                about = replace(about, target_kind=target.kind, target_name=target.name)
            order = self._revocations.find(about, now)
            if order is not None and order.op is Op.KILL:
                return order
            found = found or order
        return found

    def session(self, session_id: str) -> SessionState | None:
        """The session as it was committed last."""
        stored = self._reader.get(SESSIONS, session_id)
        return from_bytes(stored) if stored is not None else None

    async def record(self, case: Case, caller: Caller, now: float) -> Decision:
        """Write it down, and only then let it go. An answer that cannot be written is a deny with its own reason."""
        deadline = asyncio.get_running_loop().time() + self._wait
        try:
            written = await self._written(case, caller, now, deadline)
        except AuditUnavailable as error:
            log.error("decision not recorded", extra={"decision_id": case.decision_id, "why": str(error)})  # noqa: TRY400
            text = "the decision could not be written to the audit log, so nothing is granted"
            return self._decision(case, engine.deny(ReasonCode.AUDIT_UNAVAILABLE, text))
        if self._stopping is not None:
            await self._stopping.give(stops_of(case.request, written.settled), _asked_by(caller), now)
        return await self._leave(case, written, caller, now)

    async def _written(self, case: Case, caller: Caller, now: float, deadline: float) -> Draft:
        request = case.request
        kept = await self._keep(request.utterance, request.principal.id or request.agent.id)
        case = replace(case, kept=kept_of(request, kept))
        draft = self._draft(case, case.opened.state, caller, now)
        try:
            written = await self._log.commit(lambda txn: self._write(txn, case, draft, caller, now), deadline)
        except asyncio.CancelledError:
            # Whoever leaves before the answer does not escape the stop that is due.
            if self._stopping is not None:
                self._stopping.begin(stops_of(case.request, draft.settled), _asked_by(caller), now)
            raise
        if not isinstance(written, Draft):
            raise TypeError(f"the log gave {type(written).__name__}")
        return written

    def _write(self, txn: Transaction, case: Case, draft: Draft, caller: Caller, now: float) -> Draft:
        """In the log's thread and transaction: nothing is written for a session that has moved on meanwhile."""
        before = case.opened.state
        if before is not None:
            stored = txn.get(SESSIONS, before.id)
            state = from_bytes(stored) if stored is not None else None
            if state is None or state.version != before.version:
                draft = self._draft(_again(case, state, now), state, caller, now)
            if draft.settled is not None:
                txn.put(SESSIONS, before.id, to_bytes(draft.settled.state))
        self._note_agent(txn, case.request, draft.decision, now)
        txn.append(draft.entry)
        return draft

    def _note_agent(self, txn: Transaction, request: Request, decision: Decision, now: float) -> None:
        stored = txn.get(AGENTS, request.agent.id)
        seen = self._seen.get(stored) or Seen.from_bytes(stored) if stored is not None else None
        match = decision.verdict.match
        target = f"{request.target.kind}/{request.target.name}"
        known = after(seen, decision.verdict.effect, match.intent if match else "", target, now)
        written = known.to_bytes()
        self._seen.put(written, known)
        txn.put(AGENTS, request.agent.id, written)

    def _draft(self, case: Case, state: SessionState | None, caller: Caller, now: float) -> Draft:
        request, snapshot, attempt = case.request, case.snapshot, case.attempt
        found = self._granted(case, state, caller, now)
        verdict, grant = found.verdict, found.grant
        decision = self._decision(case, verdict)
        settled = _settled(case, state, verdict, grant, now)
        body = decision_body(case.kept, decision, attempt.inputs, snapshot, found.claims)
        if request.session_id and settled is None:
            body["counted"] = False
        if textual := _textual(attempt, snapshot):
            body["textual"] = textual_document(textual)
        entry = Entry(RecordKind.DECISION, now, _ids(request, decision, grant), body)
        return Draft(decision, grant, entry, settled, found.payload)

    def _granted(self, case: Case, state: SessionState | None, caller: Caller, now: float) -> Issued:
        """The verdict and its grant; what may not be granted after all is a deny."""
        verdict, quarantine = case.attempt.verdict, case.opened.quarantine
        if verdict.effect is Effect.DENY:
            return Issued(verdict)
        if quarantine is not None and access(case.attempt, case.snapshot) is not Access.READ:
            return Issued(revoked(quarantine))
        asked = case.attempt.asked
        issue = Issue(
            self._issuer,
            caller,
            case.grant_id,
            case.decision_id,
            case.snapshot.bundle.revision,
            access(case.attempt, case.snapshot),
            now,
        )
        return issued(case.request, asked.request if asked else case.request, verdict, case.snapshot, state, issue)

    async def _leave(self, case: Case, draft: Draft, caller: Caller, now: float) -> Decision:
        """The last look before a grant leaves: what was killed meanwhile is not granted."""
        decision, grant = draft.decision, draft.grant
        if grant is None:
            return decision
        key, verdict = self._keys.signing_key(now), decision.verdict
        token = sign(draft.payload, key)
        about = subjects_of(case.request, caller, verdict, case.opened.state, (key.id,))
        about, asked = replace(about, grant=grant.id), case.attempt.asked
        order = self.against(about, asked, now) if asked is not None else self._revocations.find(about, now)
        if order is not None and (order.op is Op.KILL or access(case.attempt, case.snapshot) is not Access.READ):
            await self._withhold(case, order, now)
            return self._decision(case, revoked(order))
        metrics.GRANTS.labels("issued").inc()
        return replace(decision, permit=Permit(token, grant.id, float(grant.expires_at)))

    async def _withhold(self, case: Case, order: Order, now: float) -> None:
        """Say in the log that the grant of a record never left. It has not left, whether or not the log hears of it."""
        body: JsonObject = {"withheld": case.decision_id, "sequence": order.sequence}
        entry = Entry(RecordKind.REVOCATION, now, (case.decision_id, case.grant_id), body)
        with suppress(AuditUnavailable):
            await self._log.commit(lambda txn: txn.append(entry), asyncio.get_running_loop().time() + self._wait)

    def _decision(self, case: Case, verdict: Verdict) -> Decision:
        return Decision(
            decision_id=case.decision_id,
            request_id=case.request.request_id,
            verdict=verdict,
            revision=case.snapshot.bundle.revision,
            encoder=case.snapshot.encoder,
            timings=case.attempt.timings,
            traceparent=case.request.traceparent,
        )


def _asked_by(caller: Caller) -> str:
    return f"pdp, asked by {caller.name}"


def access(attempt: Attempt, snapshot: Snapshot) -> Access:
    """What the call does that would be granted."""
    match = attempt.verdict.match
    column = next((c for c, i in enumerate(snapshot.bundle.intents) if match and i.id == match.intent), -1)
    if attempt.asked is None or column < 0:
        return Access.UNKNOWN
    return gathering.access_of(attempt.asked, snapshot.profiles[column])


def _textual(attempt: Attempt, snapshot: Snapshot) -> Mapping[str, Given]:
    matching = attempt.inputs.matching
    if attempt.asked is None or matching is None:
        return {}
    standing = attempt.weight.standing if attempt.weight else OUTSIDE_SESSIONS
    return engine.ask_textual(attempt.asked, attempt.inputs.facts, matching, snapshot, standing)


def _again(case: Case, state: SessionState | None, now: float) -> Case:
    """The case judged with the session as it is now."""
    attempt = case.attempt
    refusal = _session_refusal(case.request, state, now)
    if refusal is not None:
        return replace(case, attempt=replace(attempt, verdict=refusal, weight=None))
    if attempt.asked is None or attempt.inputs.matching is None:
        return case
    inputs = attempt.inputs
    verdict, weight = gathering.judge(
        attempt.asked, inputs.facts, attempt.inputs.matching, case.snapshot, state, inputs.closeness, inputs.now
    )
    return replace(case, attempt=replace(attempt, verdict=verdict, weight=weight))


def _session_refusal(request: Request, state: SessionState | None, now: float) -> Verdict | None:
    if state is None:
        return engine.deny(ReasonCode.SESSION_OVER, f"there is no session {request.session_id}")
    why = over(state, now)
    if why:
        return engine.deny(ReasonCode.SESSION_OVER, f"session {state.id} is over: {why}")
    pairs = (
        ("agent", request.agent.id, state.agent),
        ("instance", request.agent.instance, state.instance),
        ("principal", request.principal.id, state.principal),
    )
    for what, asked, opened in pairs:
        if asked != opened:
            return engine.deny(ReasonCode.SESSION_MISMATCH, f"the session was opened for another {what}")
    return None


def _settled(
    case: Case, state: SessionState | None, verdict: Verdict, grant: Grant | None, now: float
) -> Settled | None:
    if state is None or over(state, now) or verdict.reasons[0].code is ReasonCode.SESSION_MISMATCH:
        return None  # a stranger's request does nothing to the session
    inputs = case.attempt.inputs
    weight = case.attempt.weight or Weight(OUTSIDE_SESSIONS, refusal_step(case.request))
    live = None
    if grant is not None and verdict.match is not None:
        intents, profiles = case.snapshot.bundle.intents, case.snapshot.profiles
        column = next(c for c, i in enumerate(intents) if i.id == grant.intent)
        allowed = granted(case.request, verdict)
        live = live_grant(grant.id, risk(profiles[column]), allowed, float(grant.expires_at), grant.uses)
    return gathering.settle(state, weight, verdict, live, case.snapshot.bundle.settings.sessions, inputs.now)


def _ids(request: Request, decision: Decision, grant: Grant | None) -> tuple[str, ...]:
    found = (
        decision.decision_id,
        request.request_id,
        request.session_id,
        grant.id if grant is not None else "",
        trace_id(request.traceparent),
    )
    return tuple(dict.fromkeys(i for i in found if i))
