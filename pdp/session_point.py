"""The session use cases: start, end, show, and the inventory of agents."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

from pdp import engine, metrics
from pdp.agent_reports import agent_reports
from pdp.audit.masking import mask_text
from pdp.audit.record import Entry, RecordKind
from pdp.audit.transaction import Transaction
from pdp.encoding import EncodingQueue
from pdp.errors import InvalidRequest, NotFound
from pdp.evidence import Evidence
from pdp.grant.model import LONGEST_LIFE
from pdp.intent.encoder import Encoder
from pdp.inventory import Seen
from pdp.ledger import AGENTS, SESSIONS, Commit, Log, Reader
from pdp.memory import Memory
from pdp.orders import revoked
from pdp.purposes import NO_PURPOSE, match_purpose
from pdp.revocation.order import MOST_REASON, Op
from pdp.revocation.table import Subjects
from pdp.runtime import AgentReport, Caller, OrderReceipt, OrderWanted, SessionAnswer, SessionEnd, SessionReport
from pdp.runtime import SessionRequest as Wanted
from pdp.session.drift import WINDOW, PurposeVector
from pdp.session.facts import session_facts, session_numbers
from pdp.session.state import Counters, SessionState, ended, over
from pdp.session.stored import from_bytes, to_bytes
from pdp.snapshot import Snapshot, Snapshots
from pdp.stopping import Revocations
from pdp.trail import reason_document
from pdp.types import Effect, JsonObject, Reason, ReasonCode, Verdict

_ASKED = ("agent", "instance", "principal", "task", "purpose", "limits")
"""What a retry under the same request id has in common with the first question."""


class Stops(Protocol):
    """Gives orders of the kill switch."""

    async def order(self, wanted: OrderWanted, by: str) -> OrderReceipt:
        """In force in every process before it returns."""


class SessionPoint:
    """``now`` gives epoch seconds, ``new_id`` a fresh id, ``wait`` bounds what a record may take, in seconds.

    ``secret``: what session ids are made with where the caller gives a request id.
    """

    def __init__(
        self,
        snapshots: Snapshots,
        encoder: Encoder,
        encoding: EncodingQueue,
        memory: Memory,
        log: Log,
        reader: Reader,
        revocations: Revocations,
        stops: Stops,
        keep: Commit,
        now: Callable[[], float],
        new_id: Callable[[], str],
        wait: float,
        secret: bytes,
    ) -> None:
        self._snapshots = snapshots
        self._encoder = encoder
        self._encoding = encoding
        self._memory = memory
        self._log = log
        self._reader = reader
        self._revocations = revocations
        self._stops = stops
        self._keep = keep
        self._now = now
        self._new_id = new_id
        self._wait = wait
        self._secret = secret
        self._ending: set[asyncio.Task[SessionEnd]] = set()

    async def start(self, wanted: Wanted, caller: Caller, deadline: float | None) -> SessionAnswer:
        """Open a session, or refuse it; both are recorded. Raises ``AuditUnavailable`` when neither can be."""
        now, snapshot = self._now(), self._snapshots.current()
        session_id = self._session_id(wanted, caller)
        order = self._revocations.find(_subjects(wanted, caller), now)
        if order is not None and order.op is Op.KILL:
            return await self._refuse(wanted, caller, revoked(order), snapshot, now)
        known = snapshot.admission.usable(wanted.agent.id)
        if known is None:
            text = f"no entry of agents.yaml names {wanted.agent.id!r}"
            return await self._refuse(wanted, caller, engine.deny(ReasonCode.UNKNOWN_AGENT, text), snapshot, now)
        reading = self._memory.read(wanted.purpose)
        work = partial(match_purpose, wanted, reading, known, Evidence(snapshot, self._encoder), snapshot)
        intents, vector, refusal = await self._encoding.run(work, deadline)
        if refusal is not None:
            return await self._refuse(wanted, caller, Verdict(Effect.DENY, (refusal,)), snapshot, now)
        state = self._state(session_id, wanted, caller, intents, vector, snapshot, now)
        state = await self._open(state, wanted, snapshot, now)
        metrics.SESSIONS.labels("started").inc()
        text = f"the purpose lies within {', '.join(state.intents)}"
        reason = Reason(ReasonCode.SESSION_STARTED, text)
        return SessionAnswer(state.id, (reason,), state.intents, state.expires, snapshot.bundle.revision)

    async def end(self, session_id: str, reason: str, caller: Caller, deadline: float | None) -> SessionEnd:
        """End a session: its grants end with it, at every gateway that watches, also when the caller is cut off."""
        ending = asyncio.ensure_future(self._end(session_id, mask_text(reason), caller, deadline))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)
        return await asyncio.shield(ending)

    async def _end(self, session_id: str, reason: str, caller: Caller, deadline: float | None) -> SessionEnd:
        now = self._now()
        body: JsonObject = {"event": "ended", "session_id": session_id, "reason": reason or "ended", "by": caller.name}
        entry = Entry(RecordKind.SESSION, now, (session_id,), body)

        def job(txn: Transaction) -> tuple[SessionState, bool]:
            state = _stored(txn.get(SESSIONS, session_id), session_id)
            if over(state, now):
                return state, False
            txn.put(SESSIONS, session_id, to_bytes(ended(state, reason or "ended", now)))
            txn.append(entry)
            return state, True

        found = await self._log.commit(job, self._until(deadline))
        state, was_open = _pair(found)
        if was_open:
            metrics.SESSIONS.labels("ended").inc()
        live = sum(g.expires > now for g in state.grants) if was_open else 0
        if live or (not was_open and self._half_ended(state, now)):
            why = f"session ended: {reason}"[:MOST_REASON] if reason else "session ended"
            wanted = OrderWanted("kill", "session", session_id, why, "session-ended", LONGEST_LIFE)
            await self._stops.order(wanted, caller.name)
        return SessionEnd(live, was_open)

    def _half_ended(self, state: SessionState, now: float) -> bool:
        """Whether the session ended lately, its grants may live on, and no order stops them: that one failed."""
        if not state.ended or now >= state.expires + LONGEST_LIFE:
            return False
        order = self._revocations.find(Subjects(session=state.id), now)
        return order is None or order.op is not Op.KILL

    async def get(self, session_id: str, _caller: Caller) -> SessionReport:
        """How a session stands."""
        return report_of(_stored(self._reader.get(SESSIONS, session_id), session_id), self._now(), self._window())

    async def list(self, *, only_open: bool, agent: str, limit: int) -> tuple[SessionReport, ...]:
        """Sessions, the newest first."""
        now, states = self._now(), await asyncio.to_thread(self._states)
        chosen = [s for s in states if (not only_open or not over(s, now)) and agent in {"", s.agent}]
        chosen.sort(key=lambda s: (-s.started, s.id))
        return tuple(report_of(s, now, self._window()) for s in chosen[: limit or 100])

    async def agents(self) -> tuple[AgentReport, ...]:
        """Every agent that was declared or seen, by id."""
        now, snapshot = self._now(), self._snapshots.current()

        def reports() -> tuple[AgentReport, ...]:
            seen = {name: Seen.from_bytes(data) for name, data in self._reader.scan(AGENTS)}
            return agent_reports(seen, [s for s in self._states() if not over(s, now)], snapshot, now)

        # There may be many, and nothing that is decided meanwhile may wait for them.
        return await asyncio.to_thread(reports)

    def _states(self) -> tuple[SessionState, ...]:
        return tuple(from_bytes(data) for _, data in self._reader.scan(SESSIONS))

    async def _open(self, state: SessionState, wanted: Wanted, snapshot: Snapshot, now: float) -> SessionState:
        body: JsonObject = {
            "event": "started",
            "session_id": state.id,
            "agent": state.agent,
            "principal": state.principal,
            "task": state.task,
            "gateway": state.gateway,
            "intents": state.intents,
            "revision": snapshot.bundle.revision,
            "purpose": await self._keep(wanted.purpose, wanted.principal.id or wanted.agent.id),
            "state": json.loads(to_bytes(state)),
        }
        ids = tuple(dict.fromkeys(i for i in (state.id, state.task, wanted.request_id) if i))
        entry = Entry(RecordKind.SESSION, now, ids, body)

        def job(txn: Transaction) -> SessionState:
            stored = txn.get(SESSIONS, state.id)
            if stored is not None:
                return _same(from_bytes(stored), state, now)
            txn.put(SESSIONS, state.id, to_bytes(state))
            txn.append(entry)
            return state

        opened = await self._log.commit(job, self._until(None))
        if not isinstance(opened, SessionState):
            raise TypeError(f"the log gave {type(opened).__name__}")
        return opened

    async def _refuse(
        self, wanted: Wanted, caller: Caller, verdict: Verdict, snapshot: Snapshot, now: float
    ) -> SessionAnswer:
        body: JsonObject = {
            "event": "refused",
            "agent": wanted.agent.id,
            "principal": wanted.principal.id,
            "task": wanted.task,
            "gateway": caller.name,
            "revision": snapshot.bundle.revision,
            "purpose": await self._keep(wanted.purpose, wanted.principal.id or wanted.agent.id),
            "reasons": [reason_document(r) for r in verdict.reasons],
        }
        ids = tuple(dict.fromkeys(i for i in (wanted.request_id, wanted.task) if i))
        entry = Entry(RecordKind.SESSION, now, ids, body)
        await self._log.commit(lambda txn: txn.append(entry), self._until(None))
        metrics.SESSIONS.labels("refused").inc()
        return SessionAnswer("", verdict.reasons, revision=snapshot.bundle.revision)

    def _state(
        self,
        session_id: str,
        wanted: Wanted,
        caller: Caller,
        intents: tuple[str, ...],
        vector: PurposeVector,
        snapshot: Snapshot,
        now: float,
    ) -> SessionState:
        longest = float(snapshot.bundle.settings.sessions.seconds)
        return SessionState(
            id=session_id,
            agent=wanted.agent.id,
            instance=wanted.agent.instance,
            principal=wanted.principal.id,
            task=wanted.task,
            purpose=vector,
            intents=intents,
            gateway=caller.name,
            started=now,
            expires=now + (min(wanted.seconds, longest) if wanted.seconds else longest),
            limits=tuple(sorted(check_budget(wanted.budget).items())),
        )

    def _window(self) -> int:
        return self._snapshots.current().bundle.settings.sessions.drift.window or WINDOW

    def _session_id(self, wanted: Wanted, caller: Caller) -> str:
        """A retry of the same caller opens no second session. Nobody else can tell the id from the request's."""
        if not wanted.request_id:
            return self._new_id()
        text = f"{len(caller.name)}:{caller.name}{wanted.request_id}"
        return hmac.digest(self._secret, text.encode("utf-8", "surrogatepass"), "sha256").hex()[:32]

    def _until(self, deadline: float | None) -> float:
        end = asyncio.get_running_loop().time() + self._wait
        return end if deadline is None else min(end, deadline)


def check_budget(budget: Mapping[str, float]) -> dict[str, float]:
    """Limits that a caller gives a session. Raises ``InvalidRequest`` naming the entry."""
    known = session_numbers(_blank(), 0.0)
    for name, most in budget.items():
        if name not in known:
            raise InvalidRequest(f"budget.{name}", f"a session has no such number; it has {', '.join(sorted(known))}")
        if not 0 <= most <= 2.0**53:
            raise InvalidRequest(f"budget.{name}", "is not a number from 0 to 2^53")
    return dict(budget)


def _blank() -> SessionState:
    return SessionState("", "", "", "", "", NO_PURPOSE, (), "", 0.0, 0.0, counters=Counters())


def report_of(state: SessionState, now: float, window: int) -> SessionReport:
    """A session as people see it. ``window``: over how many requests drift is told."""
    numbers = {n: v for n, v in session_facts(state, now, window).items() if n not in {"intents", "task"}}
    return SessionReport(
        id=state.id,
        agent=state.agent,
        instance=state.instance,
        principal=state.principal,
        task=state.task,
        gateway=state.gateway,
        intents=state.intents,
        started=state.started,
        expires=state.expires,
        ended=over(state, now),
        numbers=numbers,
    )


def _subjects(wanted: Wanted, caller: Caller) -> Subjects:
    return Subjects(
        task=wanted.task,
        agent=wanted.agent.id,
        instance=wanted.agent.instance,
        principal=wanted.principal.id,
        gateway=caller.name,
    )


def _stored(data: bytes | None, session_id: str) -> SessionState:
    if data is None:
        raise NotFound(f"there is no session {session_id}")
    return from_bytes(data)


def _same(known: SessionState, again: SessionState, now: float) -> SessionState:
    if any(getattr(known, name) != getattr(again, name) for name in _ASKED):
        raise InvalidRequest("request_id", "was used for another session; give each its own id")
    if over(known, now):
        raise InvalidRequest("request_id", "was used for a session that is over; give each its own id")
    return known


def _pair(found: object) -> tuple[SessionState, bool]:
    if isinstance(found, tuple) and isinstance(found[0], SessionState):
        return found[0], bool(found[1])
    raise TypeError(f"the log gave {type(found).__name__}")
