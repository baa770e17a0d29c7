"""A bundle's labelled requests, judged by the real engine with thresholds that only its other checks refuse at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pdp import snapshot
from pdp.cases import decide_once
from pdp.errors import PdpError
from pdp.evaluation import Labelled
from pdp.intent.authority import risk
from pdp.intent.encoder import Encoder
from pdp.policy.bundle import load
from pdp.scoring import Risk, Thresholds
from pdp.snapshot import Snapshot
from pdp.types import Effect, Verdict

NOW = 1_767_607_200.0
OPEN = Thresholds(1e-4, 1e-4)


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
