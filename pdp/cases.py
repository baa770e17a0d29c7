"""A bundle's own tests: each case is decided as a request would be, and compared with what it expects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pdp import engine
from pdp.errors import PdpError
from pdp.evidence import Evidence
from pdp.intent.encoder import Encoder
from pdp.intent.text import TextLimits, read
from pdp.policy.model import Case
from pdp.reports import CaseFailure, CaseReport
from pdp.snapshot import Snapshot
from pdp.types import ReasonCode, Request, Verdict


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One test: the verdict it got, and what was wrong with it (empty: passed)."""

    case: Case
    verdict: Verdict
    wrong: tuple[str, ...]


def report(results: Sequence[CaseResult]) -> CaseReport:
    """Count what passed and keep what failed."""
    failures = tuple(CaseFailure(r.case.name, r.case.position, "; ".join(r.wrong)) for r in results if r.wrong)
    return CaseReport(len(results) - len(failures), len(failures), failures)


def decide_once(
    request: Request, snapshot: Snapshot, encoder: Encoder, now: float, limits: TextLimits | None = None
) -> Verdict:
    """Decide one request in this thread, without queue, cache or metrics. ``now`` is epoch seconds."""
    asked = engine.admit(request, snapshot)
    if isinstance(asked, Verdict):
        return asked
    reading = read(request.utterance, limits or TextLimits())
    refused = engine.screen(asked, reading)
    return refused or engine.decide(asked, reading, Evidence(snapshot, encoder), snapshot, now)


def run_cases(snapshot: Snapshot, encoder: Encoder) -> tuple[CaseResult, ...]:
    """Decide every case of the snapshot's bundle, at the case's own time."""
    return tuple(_run(case, snapshot, encoder) for case in snapshot.bundle.cases)


def _run(case: Case, snapshot: Snapshot, encoder: Encoder) -> CaseResult:
    try:
        verdict = decide_once(case.request, snapshot, encoder, case.now)
    except PdpError as error:
        return CaseResult(case, engine.deny(ReasonCode.INTERNAL_ERROR, str(error)), (f"{error.code}: {error}",))
    return CaseResult(case, verdict, tuple(_wrong(case, verdict)))


def _wrong(case: Case, verdict: Verdict) -> list[str]:
    expect, got = case.expect, verdict.effect
    codes = [r.code.value for r in verdict.reasons]
    types = [o.type for o in verdict.obligations]
    intent = verdict.match.intent if verdict.match else ""
    wrong = []
    if got is not expect.effect:
        why = "; ".join(f"{r.code.value}: {r.text}" for r in verdict.reasons)
        wrong.append(f"expected {expect.effect.value}, got {got.value} ({why})")
    if expect.intent is not None and intent != expect.intent:
        wrong.append(f"expected intent {expect.intent}, got {intent or 'none'}")
    wrong += [f"expected reason {c}, got {', '.join(codes)}" for c in expect.reasons if c not in codes]
    wrong += [
        f"expected obligation {t}, got {', '.join(types) or 'none'}" for t in expect.obligations if t not in types
    ]
    params = verdict.narrowed.action.params if verdict.narrowed else case.request.action.params
    if expect.params is not None and dict(params) != dict(expect.params):
        wrong.append(f"expected params {dict(expect.params)}, got {dict(params)}")
    return wrong
