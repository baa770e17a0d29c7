"""Small real points for tests of the wire: they implement the interface and decide by the action's name."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from pdp.errors import BundleError, NotFound, NotReady, Overloaded, Problem
from pdp.reports import Activation, CaseReport, Check, Edit, Status
from pdp.runtime import Caller
from pdp.server.points import Fleet, Parts
from pdp.types import (
    Action,
    Decision,
    Effect,
    IntentMatch,
    NarrowedRequest,
    Obligation,
    Position,
    Reason,
    ReasonCode,
    Request,
    Timings,
    Trace,
    Verdict,
)
from tests.server.runtime_fakes import FakeRuntime

NO_TESTS = CaseReport(0, 0, ())
BROKEN = Problem("intents/a.yaml", 3, 5, "no exemplars", "add at least one")


@dataclass(slots=True)
class FakeBundle:
    """What the fake points share: the revision in force and what is prepared."""

    revision: str = ""
    prepared: str = ""
    problems: tuple[Problem, ...] = ()


class FakeDecisionPoint:
    """``read*`` is allowed, ``list*`` narrowed, ``wait`` waits, ``busy`` is refused, ``crash`` fails, else deny."""

    def __init__(self, bundle: FakeBundle) -> None:
        self._bundle = bundle
        self.decided = 0
        self.cancelled = 0
        self.deadlines: list[float | None] = []
        self.callers: list[Caller] = []
        self.release = asyncio.Event()

    async def decide(self, request: Request, caller: Caller, deadline: float | None) -> Decision:
        self.callers.append(caller)
        if not self._bundle.revision:
            raise NotReady("no bundle is active yet")
        self.decided += 1
        self.deadlines.append(deadline)
        special = SPECIAL.get(request.action.name)
        if special is not None:
            await special(self)
        return self._decision(request, verdict_of(request))

    async def explain(self, request: Request, caller: Caller, deadline: float | None) -> Decision:
        verdict = Verdict(
            Effect.DENY, (Reason(ReasonCode.OUT_OF_SCOPE, "nothing matches"),), trace=Trace(canonical="x")
        )
        return self._decision(request, verdict)

    async def hold(self) -> None:
        try:
            await self.release.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    def _decision(self, request: Request, verdict: Verdict) -> Decision:
        return Decision(
            decision_id=f"d-{self.decided}",
            request_id=request.request_id,
            verdict=verdict,
            revision=self._bundle.revision,
            encoder="sha256:words",
            timings=Timings(1, 2, 3, 4, 10),
            traceparent=request.traceparent,
        )


def verdict_of(request: Request) -> Verdict:
    """A pure judgement by the action's name."""
    name = request.action.name
    match = IntentMatch("read-mail", 0.8, 0.6, 0.5, 0.2)
    if name.startswith(("read", "wait")):
        return Verdict(
            Effect.ALLOW, (Reason(ReasonCode.ALLOWED, "within read-mail", position=Position("i.yaml", 1, 1)),), match
        )
    if name.startswith("list"):
        return Verdict(
            Effect.NARROW,
            (Reason(ReasonCode.NARROWED_BY_RULE, "at most 10", "cap"),),
            match,
            obligations=(Obligation("notify", {"to": "owner"}, "cap"),),
            narrowed=NarrowedRequest(request.target, Action(name, {"max": 10}), row_limit=10),
        )
    if name == "failed":
        return Verdict(Effect.DENY, (Reason(ReasonCode.ENCODER_FAILED, "the sentence model failed"),))
    return Verdict(Effect.DENY, (Reason(ReasonCode.NOT_ADMITTED, f"no intent covers {name}"),))


async def _busy(_point: FakeDecisionPoint) -> None:
    raise Overloaded("the encode queue is full", 0.25)


async def _crash(_point: FakeDecisionPoint) -> None:
    raise ZeroDivisionError("a secret of the inside")


SPECIAL: dict[str, Callable[[FakeDecisionPoint], Awaitable[None]]] = {
    "wait": FakeDecisionPoint.hold,
    "busy": _busy,
    "crash": _crash,
}


class FakeAdministrationPoint:
    """A bundle is a directory with one file ``revision``; content that starts with ``bad`` cannot be used."""

    def __init__(self, bundle: FakeBundle, path: Path) -> None:
        self._bundle = bundle
        self._path = path
        self._fleet: Fleet | None = None

    def join(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def status(self) -> Status:
        if not self._bundle.revision:
            raise NotReady("no bundle is active yet")
        workers = self._fleet.workers if self._fleet else 1
        return Status(
            version="1", bundle="fake", revision=self._bundle.revision, path=str(self._path), encoder="sha256:words",
            intents=1, exemplars=2, rules=3, agents=4, uptime_seconds=1.5, bundle_age_seconds=0.5,
            problems=self._bundle.problems, workers=workers, serving=True,
        )  # fmt: skip

    async def activate(self, path: Path | None = None, expected_revision: str = "") -> Activation:
        before = self._bundle.revision
        if self._fleet is None:
            self.commit(await self.prepare(path or self._path, expected_revision))
        else:
            await self._fleet.activate(path or self._path, expected_revision)
        return Activation(self._bundle.revision, before, NO_TESTS)

    async def check(self, path: Path | None = None) -> Check:
        try:
            return Check(True, self._read(path or self._path), (), NO_TESTS)
        except BundleError as error:
            return Check(False, "", error.problems, NO_TESTS)

    async def add_exemplar(self, intent: str, text: str, *, counter: bool = False) -> Edit:
        if intent != "read-mail":
            raise NotFound(f"no intent {intent!r}")
        return Edit("r2", "r1", Position("intents/read-mail.yaml", 9, 5), NO_TESTS)

    async def remove_exemplar(self, intent: str, text: str, *, counter: bool = False) -> Edit:
        return await self.add_exemplar(intent, text, counter=counter)

    async def prepare(self, path: Path, expected_revision: str = "") -> str:
        await asyncio.sleep(0)
        revision = self._read(path)
        if expected_revision and revision != expected_revision:
            raise BundleError(
                (Problem(str(path), 0, 0, f"revision is {revision}, not {expected_revision}", "ask for it"),)
            )
        self._bundle.prepared = revision
        return revision

    def commit(self, revision: str) -> None:
        if revision != self._bundle.prepared:
            raise BundleError((BROKEN,))
        self._bundle.revision = revision
        self._bundle.problems = ()

    def discard(self) -> None:
        self._bundle.prepared = ""

    def note_problems(self, problems: tuple[Problem, ...]) -> None:
        self._bundle.problems = problems

    def _read(self, path: Path) -> str:
        revision = (path / "revision").read_text()
        if revision.startswith("bad"):
            raise BundleError((BROKEN, BROKEN))
        return revision


@dataclass(frozen=True, slots=True)
class FakeConfig:
    """What ``build`` takes; picklable, as a real configuration is."""

    path: Path
    fail: str = ""


@dataclass(slots=True)
class Made:
    """Parts with the fakes behind them."""

    bundle: FakeBundle
    decisions: FakeDecisionPoint
    administration: FakeAdministrationPoint
    runtime: FakeRuntime | None = field(default_factory=FakeRuntime)
    observed: list[tuple[str, str]] = field(default_factory=list)
    closed: int = 0

    async def close(self) -> None:
        self.closed += 1

    def observe(self, method: str, code: str, seconds: float) -> None:
        self.observed.append((method, code))

    def parts(self) -> Parts:
        return Parts(
            self.decisions,
            self.administration,
            self.revision,
            self.close,
            self.observe,
            self.runtime.points() if self.runtime else None,
        )

    def revision(self) -> str:
        sequence = self.runtime.revocations.sequence if self.runtime else 0
        return f"{self.bundle.revision}@{sequence}" if self.bundle.revision else ""


def make(path: Path, revision: str = "r1") -> Made:
    """Fresh fakes with ``revision`` in force."""
    bundle = FakeBundle(revision)
    return Made(bundle, FakeDecisionPoint(bundle), FakeAdministrationPoint(bundle, path))


def build(config: FakeConfig) -> Parts:
    """What a worker process calls; nothing is in force yet."""
    if config.fail:
        raise BundleError((Problem("model", 0, 0, config.fail, "mend it"),))
    return make(config.path, "").parts()
