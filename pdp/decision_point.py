"""The Decide use case: revocations, session, snapshot, admit, read, encode, judge, record, grant."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from time import perf_counter_ns

from pdp import engine, metrics
from pdp.encoding import EncodingQueue
from pdp.engine import OUTSIDE_SESSIONS, Standing
from pdp.errors import EncoderError, PdpError
from pdp.evidence import Evidence
from pdp.explanation import explain
from pdp.gathering import closeness, judge
from pdp.intent.encoder import Encoder
from pdp.intent.text import Reading
from pdp.ledger import Attempt, Case, Ledger, Opened
from pdp.matching import Asked, Matching, match
from pdp.memory import Memory, matching_key
from pdp.orders import revoked, subjects_of
from pdp.policy.facts import Facts
from pdp.revocation.order import Op
from pdp.runtime import Caller
from pdp.session.facts import session_facts
from pdp.session.state import SessionState
from pdp.single_flight import SingleFlight
from pdp.snapshot import Snapshot, Snapshots
from pdp.trail import Inputs
from pdp.types import Decision, ReasonCode, Request, Timings, Trace, Verdict

log = logging.getLogger(__name__)


class Stopwatch:
    """Laps in whole microseconds."""

    def __init__(self) -> None:
        self.started = self._last = perf_counter_ns()

    def lap(self) -> int:
        """Microseconds since the last lap."""
        now = perf_counter_ns()
        micros, self._last = (now - self._last) // 1000, now
        return micros

    def total(self) -> int:
        """Microseconds since the start."""
        return (perf_counter_ns() - self.started) // 1000


class DecisionPoint:
    """Answers ``Decide`` and ``Explain``. ``now`` gives epoch seconds, ``new_id`` a fresh id."""

    def __init__(
        self,
        snapshots: Snapshots,
        encoder: Encoder,
        encoding: EncodingQueue,
        now: Callable[[], float],
        new_id: Callable[[], str],
        memory: Memory,
        ledger: Ledger,
    ) -> None:
        self._snapshots = snapshots
        self._encoder = encoder
        self._encoding = encoding
        self._now = now
        self._new_id = new_id
        self._memory = memory
        self._ledger = ledger
        self._flights: SingleFlight[Matching] = SingleFlight()

    async def decide(self, request: Request, caller: Caller, deadline: float | None) -> Decision:
        """Decide, record, grant. ``deadline`` is in seconds of the event loop's clock, ``None`` for no limit.

        A deny is an answer. Raises ``InvalidRequest``, ``Overloaded``, ``DeadlineTooShort`` or ``NotReady`` where there
        is none; a caller reads every error as deny.
        """
        snapshot, watch, now = self._snapshots.current(), Stopwatch(), self._now()
        required = snapshot.bundle.settings.sessions.required
        opened = self._ledger.open(request, caller, required=required, now=now)
        try:
            attempt = await self._attempt(request, caller, opened, snapshot, watch, deadline, now)
        except Exception as error:  # noqa: BLE001  (fail closed: whatever went wrong is a deny with its own reason)
            attempt = _failed(error, request, caller, watch, now)
        case = Case(request, snapshot, opened, attempt, self._new_id(), self._new_id())
        decision = await self._ledger.record(case, caller, now)
        taken, recorded = decision.timings, watch.lap()
        timings = Timings(taken.admit, taken.text, taken.encode, taken.decide, watch.total(), recorded)
        decision = replace(decision, timings=timings)
        metrics.observe_decision(decision)
        return decision

    async def explain(self, request: Request, caller: Caller, deadline: float | None) -> Decision:
        """The same evaluation with ``verdict.trace`` set; nothing is granted, recorded or counted."""
        snapshot, watch = self._snapshots.current(), Stopwatch()
        killed = self._ledger.killed(request, caller, self._now())
        try:
            verdict, timings = (
                (replace(killed, trace=Trace()), Timings())
                if killed
                else await self._explain(request, deadline, snapshot, watch)
            )
        except Exception as error:  # noqa: BLE001  (as for decide)
            attempt = _failed(error, request, caller, watch, self._now())
            verdict, timings = attempt.verdict, attempt.timings
        return Decision(
            decision_id=self._new_id(),
            request_id=request.request_id,
            verdict=verdict,
            revision=snapshot.bundle.revision,
            encoder=snapshot.encoder,
            timings=timings,
            traceparent=request.traceparent,
        )

    async def _attempt(
        self,
        request: Request,
        caller: Caller,
        opened: Opened,
        snapshot: Snapshot,
        watch: Stopwatch,
        deadline: float | None,
        now: float,
    ) -> Attempt:
        inputs, state = Inputs(now, caller), opened.state
        if opened.refusal is not None:
            return Attempt(opened.refusal, inputs, Timings(admit=watch.lap()))
        asked = engine.admit(request, snapshot, state.intents if state else None)
        admit = watch.lap()
        if isinstance(asked, Verdict):
            return Attempt(asked, inputs, Timings(admit=admit))
        order = self._ledger.against(subjects_of(asked.request, caller), asked, now) if asked.derived else None
        if order is not None and order.op is Op.KILL:
            return Attempt(revoked(order), inputs, Timings(admit=admit))
        reading = self._memory.read(request.utterance)
        inputs = replace(inputs, reading=reading)
        refused = engine.screen(asked, reading)
        text = watch.lap()
        if refused:
            return Attempt(refused, inputs, Timings(admit, text))
        matching, encode = await self._match(asked, reading, snapshot, watch, deadline)
        facts = Facts() if engine.refused(matching) else engine.facts_of(asked, reading, matching, snapshot, now)
        cosine = closeness(state, matching) if state else None
        verdict, weight = judge(asked, facts, matching, snapshot, state, cosine, now)
        inputs = replace(inputs, matching=matching, facts=facts, closeness=cosine)
        return Attempt(verdict, inputs, Timings(admit, text, encode, watch.lap()), asked, weight)

    async def _match(
        self, asked: Asked, reading: Reading, snapshot: Snapshot, watch: Stopwatch, deadline: float | None
    ) -> tuple[Matching, int]:
        """The matching, remembered or made, and the microseconds it took to make."""
        key = matching_key(asked, reading, snapshot)
        matching = self._memory.recall(key)
        metrics.LOOKUPS["miss" if matching is None else "hit"].inc()
        if matching is not None:
            return matching, 0

        async def work() -> Matching:
            evidence = Evidence(snapshot, self._encoder)
            made = await self._encoding.run(partial(match, asked, reading, evidence, snapshot), deadline)
            if _sound(made):
                self._memory.keep(key, made)
            return made

        return await self._flights.run(key, work, _sound, deadline), watch.lap()

    async def _explain(
        self, request: Request, deadline: float | None, snapshot: Snapshot, watch: Stopwatch
    ) -> tuple[Verdict, Timings]:
        reading = self._memory.read(request.utterance)
        text = watch.lap()
        evidence, now = Evidence(snapshot, self._encoder), self._now()
        state = self._ledger.session(request.session_id) if request.session_id else None
        work = partial(explain, request, reading, evidence, snapshot, now, *_within(state, now))
        verdict = await self._encoding.run(work, deadline)
        return verdict, Timings(0, text, watch.lap(), 0, watch.total())


def _sound(matching: Matching) -> bool:
    """Whether it may be remembered: a score that is no number is an error, and no error is."""
    return matching.column >= 0


def _within(state: SessionState | None, now: float) -> tuple[tuple[str, ...] | None, Standing]:
    """The session's purpose and numbers, as ``Explain`` shows them."""
    if state is None:
        return None, OUTSIDE_SESSIONS
    return state.intents, Standing(session_facts(state, now))


def _failed(error: Exception, request: Request, caller: Caller, watch: Stopwatch, now: float) -> Attempt:
    """The deny of a failure; the cause is in the log. Raises what a caller is to get as an error."""
    if isinstance(error, EncoderError):
        log.error("encoder failed", exc_info=error, extra={"request_id": request.request_id})
        verdict = engine.deny(ReasonCode.ENCODER_FAILED, "the sentence model failed")
    elif isinstance(error, PdpError):
        raise error
    else:
        log.error("decision failed", exc_info=error, extra={"request_id": request.request_id})
        verdict = engine.deny(ReasonCode.INTERNAL_ERROR, "the PDP failed; see its log")
    return Attempt(verdict, Inputs(now, caller), Timings(total=watch.total()))
