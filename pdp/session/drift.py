"""How far the requests of a session have moved from its declared purpose. Pure.

Each request has a *distance* from 0 (on purpose) to 1: the probability that it is beside the purpose, by a logistic
model of two readings, the cosine of its vector to that of the purpose and the best score that an intent of the session
gave it. *Drift* is Page's CUSUM (Biometrika 41, 1954) over the last requests: how much the distances of the latest run
of them exceed ``ALLOWANCE``, as a share of the most they could. Nothing is learnt from the session itself: earlier
requests that were accepted would let it move its own purpose, one small step at a time.

The constants were fitted on simulated sessions by ``python -m benchmarks.drift``.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

WINDOW: Final = 8
LARGEST_WINDOW: Final = 32
ALLOWANCE: Final = 0.5
NARROW_AT: Final = 0.4
KILL_AT: Final = 0.6
# Log-odds of being beside the purpose.
BIAS: Final = 4.0
COSINE: Final = -8.9
SCORE: Final = -5.0
_STEPS: Final = 127


class Drift(enum.IntEnum):
    """What drift asks for. It never widens anything."""

    WITHIN = 0
    NARROW = 1
    KILL = 2


@dataclass(frozen=True, slots=True)
class PurposeVector:
    """A unit vector in whole steps of ``scale``, one signed byte each. A cosine told from it is off by at most 0.02."""

    steps: bytes
    scale: float


def quantise(vector: NDArray[np.float32]) -> PurposeVector:
    """The vector of a purpose as it is kept. Raises ``ValueError`` unless it is finite and not zero."""
    largest = float(np.abs(vector).max(initial=0.0))
    if not 0 < largest < math.inf:
        raise ValueError("the vector of a purpose is zero or not finite")
    scale = largest / _STEPS
    return PurposeVector(np.rint(vector / scale).astype(np.int8).tobytes(), scale)


def similarity(purpose: PurposeVector, vector: NDArray[np.float32]) -> float:
    """The cosine of a request's unit vector to the purpose, -1 to 1; NaN where they cannot be compared."""
    kept = np.frombuffer(purpose.steps, np.int8).astype(np.float32)
    if kept.shape != vector.shape:
        return math.nan
    return float(np.clip(kept @ vector / max(float(np.linalg.norm(kept)), 1.0), -1.0, 1.0))


def distance(cosine: float, score: float | None) -> float:
    """How far one request is from the purpose, 0 to 1.

    ``score``: the best calibrated score (0 to 1) of an intent of the session; ``None`` when none was judged, which
    counts as 0. What is not finite is as far as can be.
    """
    odds = BIAS + COSINE * cosine + SCORE * (score or 0.0)
    if not math.isfinite(odds):
        return 1.0
    return 1 / (1 + math.exp(-max(-40.0, min(40.0, odds))))


def drift(distances: Sequence[float], window: int = WINDOW) -> float:
    """Drift over the last ``window`` distances, 0 to 1: 1 when all of a full window are as far as can be."""
    held = largest = 0.0
    for one in distances[-window:]:
        held = max(0.0, held + one - ALLOWANCE)
    largest = window * (1 - ALLOWANCE)
    return min(1.0, held / largest)


def judge(value: float, narrow: float | None = None, kill: float | None = None) -> Drift:
    """What a drift asks for; thresholds that are ``None`` are the calibrated ones. NaN kills."""
    if not value < (KILL_AT if kill is None else kill):
        return Drift.KILL
    return Drift.NARROW if value >= (NARROW_AT if narrow is None else narrow) else Drift.WITHIN
