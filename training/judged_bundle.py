"""A bundle's labelled requests, judged by the real engine with thresholds that only its other checks refuse at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pdp import snapshot
from pdp.cases import decide_once
from pdp.errors import PdpError
from pdp.evaluation import Labelled
from pdp.intent.authority import risk
from pdp.intent.calibration import Calibration
from pdp.intent.encoder import Encoder
from pdp.policy.bundle import load
from pdp.scoring import Risk, Thresholds
from pdp.snapshot import Snapshot
from pdp.types import Effect, ReasonCode, Verdict

NOW = 1_767_607_200.0
OPEN = Thresholds(1e-4, 1e-4)
ABOUT_TEXT = frozenset(
    {
        ReasonCode.OUT_OF_SCOPE,
        ReasonCode.CLAUSE_NOT_COVERED,
        ReasonCode.COUNTER_EXEMPLAR,
        ReasonCode.AUTHORITY_EXCEEDED,
        ReasonCode.NEGATED,
    }
)
"""Why a text is refused whatever the call beside it."""


@dataclass(frozen=True, slots=True)
class JudgedRequest:
    """A labelled request with what the engine said. ``score`` is minus infinity where another check refuses."""

    asked: Labelled
    intent: str
    score: float
    risk: Risk
    verdict: Verdict | None


def open_snapshot(directory: Path, encoder: Encoder, *, opened: bool = True) -> Snapshot:
    """The bundle with open thresholds (or, unless ``opened``, its own), whatever encoder it was calibrated for.

    A linear head of another encoder is left out: of this one's readings it says nothing.
    """
    bundle = load(directory)
    intents = tuple(replace(i, thresholds=OPEN if opened else i.thresholds) for i in bundle.intents)
    calibration = replace(bundle.calibration, encoder=encoder.fingerprint)
    linear = bundle.linear if bundle.linear and bundle.linear.encoder == encoder.fingerprint else None
    if linear is None and calibration.head and calibration.head.linear:
        calibration = replace(calibration, head=None)
    return snapshot.build(replace(bundle, intents=intents, calibration=calibration, linear=linear), encoder)


def judge_labelled(directory: Path, cases: Sequence[Labelled], encoder: Encoder) -> tuple[JudgedRequest, ...]:
    """Judge every case, in order. Raises ``BundleError`` for the bundle."""
    held = open_snapshot(directory, encoder)
    return tuple(_judge(case, held, encoder) for case in cases)


def _judge(case: Labelled, held: Snapshot, encoder: Encoder) -> JudgedRequest:
    try:
        verdict = decide_once(case.request, held, encoder, NOW)
    except PdpError:
        return JudgedRequest(case, "", float("-inf"), Risk.CRITICAL, None)
    columns = {i.id: at for at, i in enumerate(held.bundle.intents)}
    matched = verdict.match.intent if verdict.match else case.intent
    danger = risk(held.profiles[columns[matched]]) if matched in columns else Risk.CRITICAL
    passes = verdict.effect is not Effect.DENY and verdict.match is not None
    score = verdict.match.score if passes and verdict.match else float("-inf")
    return JudgedRequest(case, matched, score, danger, verdict)


def telling(bundle: Path, cases: Sequence[Labelled], encoder: Encoder) -> list[Labelled]:
    """The cases that say something about texts: all but those refused for the call, which no score would change."""
    found = [c for c in cases if c.expect is not Effect.DENY]
    denied = [c for c in cases if c.expect is Effect.DENY]
    for judged in judge_labelled(bundle, denied, encoder):
        verdict = judged.verdict
        if verdict and (verdict.effect is not Effect.DENY or any(r.code in ABOUT_TEXT for r in verdict.reasons)):
            found.append(judged.asked)
    return found


def allowed_in_force(
    directory: Path, cases: Sequence[Labelled], risks: Mapping[Risk, Thresholds], encoder: Encoder
) -> tuple[int, int]:
    """How many of the cases that must be refused the engine allows with ``risks`` in force, and how many there are.

    The thresholds were chosen on one score for each case; the engine may try several intents and cover it in pieces.
    """
    held = open_snapshot(directory, encoder, opened=False)
    data = replace(held.bundle.calibration, risks=risks, intents={})
    limits = [(i.id, risk(p), i.thresholds) for i, p in zip(held.bundle.intents, held.profiles, strict=True)]
    held = replace(held, calibration=Calibration.from_data(data, limits))
    refusable = [c for c in cases if c.expect is Effect.DENY]
    judged = [_judge(c, held, encoder) for c in refusable]
    return sum(j.verdict is not None and j.verdict.effect is Effect.ALLOW for j in judged), len(refusable)
