"""The Decide use case: snapshot once, admit, read, encode, decide, observe."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from time import perf_counter_ns

from pdp import engine, metrics
from pdp.encoding import EncodingQueue
from pdp.errors import EncoderError, PdpError
from pdp.evidence import Evidence
from pdp.explanation import explain
from pdp.intent.encoder import Encoder
from pdp.matching import match
from pdp.memory import Memory, matching_key
from pdp.snapshot import Snapshot, Snapshots
from pdp.types import Decision, ReasonCode, Request, Timings, Verdict

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


Evaluate = Callable[[Request, float | None, Snapshot, Stopwatch], Awaitable[tuple[Verdict, Timings]]]


class DecisionPoint:
    """Answers ``Decide`` and ``Explain``. ``now`` gives epoch seconds, ``new_id`` a fresh decision id."""

    def __init__(
        self,
        snapshots: Snapshots,
        encoder: Encoder,
        encoding: EncodingQueue,
        now: Callable[[], float],
        new_id: Callable[[], str],
        memory: Memory,
    ) -> None:
        self._snapshots = snapshots
        self._encoder = encoder
        self._encoding = encoding
        self._now = now
        self._new_id = new_id
        self._memory = memory

    async def decide(self, request: Request, deadline: float | None) -> Decision:
        """Decide. ``deadline`` is in seconds of the event loop's clock, ``None`` for no limit.

        A deny is an answer. Raises ``InvalidRequest``, ``Overloaded``, ``DeadlineTooShort`` or ``NotReady`` where there
        is none; a caller reads every error as deny.
        """
        decision = await self._run(request, deadline, self._evaluate)
        metrics.observe_decision(decision)
        return decision

    async def explain(self, request: Request, deadline: float | None) -> Decision:
        """The same evaluation with ``verdict.trace`` set; nothing is granted, nothing counted."""
        return await self._run(request, deadline, self._explain)

    async def _run(self, request: Request, deadline: float | None, evaluate: Evaluate) -> Decision:
        snapshot = self._snapshots.current()
        watch = Stopwatch()
        try:
            verdict, timings = await evaluate(request, deadline, snapshot, watch)
        except EncoderError:
            log.exception("encoder failed", extra={"request_id": request.request_id})
            verdict, timings = (
                engine.deny(ReasonCode.ENCODER_FAILED, "the sentence model failed"),
                Timings(total=watch.total()),
            )
        except PdpError:
            raise
        except Exception:
            # Fail closed: whatever went wrong, the answer is a deny with its own reason, and the cause is in the log.
            log.exception("decision failed", extra={"request_id": request.request_id})
            verdict, timings = (
                engine.deny(ReasonCode.INTERNAL_ERROR, "the PDP failed; see its log"),
                Timings(total=watch.total()),
            )
        return Decision(
            decision_id=self._new_id(),
            request_id=request.request_id,
            verdict=verdict,
            revision=snapshot.bundle.revision,
            encoder=snapshot.encoder,
            timings=timings,
            traceparent=request.traceparent,
        )

    async def _evaluate(
        self, request: Request, deadline: float | None, snapshot: Snapshot, watch: Stopwatch
    ) -> tuple[Verdict, Timings]:
        asked = engine.admit(request, snapshot)
        admit = watch.lap()
        if isinstance(asked, Verdict):
            return asked, Timings(admit=admit, total=watch.total())
        reading = self._memory.read(request.utterance)
        refused = engine.screen(asked, reading)
        text = watch.lap()
        if refused:
            return refused, Timings(admit, text, total=watch.total())
        key = matching_key(asked, reading, snapshot)
        matching = self._memory.recall(key)
        metrics.LOOKUPS["miss" if matching is None else "hit"].inc()
        encode = 0
        if matching is None:
            evidence = Evidence(snapshot, self._encoder)
            job = partial(match, asked, reading, evidence, snapshot)
            matching = await self._encoding.run(job, deadline)
            encode = watch.lap()
            if matching.column >= 0:  # a score that is no number is an error, and no error is remembered
                self._memory.keep(key, matching)
        verdict = engine.judge(asked, reading, matching, snapshot, self._now())
        return verdict, Timings(admit, text, encode, watch.lap(), watch.total())

    async def _explain(
        self, request: Request, deadline: float | None, snapshot: Snapshot, watch: Stopwatch
    ) -> tuple[Verdict, Timings]:
        reading = self._memory.read(request.utterance)
        text = watch.lap()
        evidence, now = Evidence(snapshot, self._encoder), self._now()
        verdict = await self._encoding.run(partial(explain, request, reading, evidence, snapshot, now), deadline)
        return verdict, Timings(0, text, watch.lap(), 0, watch.total())
