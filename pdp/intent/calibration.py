"""Log-odds to scores to bands. Every threshold of the matching is owned here.

``score = probability - weight * max(0, counter - exemplar + gap)``: the probability of being within the intent, less a
penalty when a counter-exemplar comes within ``gap`` of the nearest exemplar (both by cosine). Scores and thresholds are
compared in steps of 1/10,000, so the last bits of a float, which differ between processors, decide nothing.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass

from pdp.errors import BundleError, Problem
from pdp.scoring import CalibrationData, Risk, Thresholds

STEPS = 10_000
# A clause by itself says less than in its sentence, so it needs only this share of what the whole text needs.
CONTINUATION_SHARE = 0.5
FARTHEST = 40.0
LARGEST_WEIGHT = 100.0
LARGEST_GAP = 1.0


class Band(enum.Enum):
    """Where a score lies: at or above accept, between narrow and accept, or below narrow."""

    ACCEPT = "accept"
    NARROW = "narrow"
    OUT_OF_SCOPE = "out_of_scope"


@dataclass(frozen=True, slots=True)
class Calibration:
    """Thresholds per intent, by column, and the counter-exemplar penalty. Built by ``from_data`` only."""

    by_column: tuple[Thresholds, ...]
    weight: float
    gap: float

    @classmethod
    def from_data(cls, data: CalibrationData, intents: Sequence[tuple[str, Risk, Thresholds | None]]) -> Calibration:
        """Thresholds for each ``(id, risk, own thresholds)``.

        Its own, else those in ``data`` for its id, else for its risk, else the default. Raises ``BundleError`` naming
        every figure that is not finite, out of range or the wrong way round.
        """
        by_column = tuple(
            own or data.intents.get(name) or data.risks.get(risk, data.default) for name, risk, own in intents
        )
        named = [("the default", data.default), *((i[0], t) for i, t in zip(intents, by_column, strict=True))]
        wrong = [problem for name, thresholds in named for problem in _threshold_problems(name, thresholds)]
        wrong += _range_problems("counter_weight", data.counter_weight, LARGEST_WEIGHT)
        wrong += _range_problems("counter_gap", data.counter_gap, LARGEST_GAP)
        if wrong:
            raise BundleError(tuple(dict.fromkeys(wrong)))
        return cls(by_column, float(data.counter_weight), float(data.counter_gap))

    def score(self, odds: float, exemplar: float, counter: float | None) -> float:
        """The score in [0, 1], a multiple of 1/10,000; NaN when anything is not finite.

        ``odds``: log-odds of being within; ``exemplar``, ``counter``: cosines to the nearest (counter-)exemplar.
        """
        if not (math.isfinite(odds) and math.isfinite(exemplar) and (counter is None or math.isfinite(counter))):
            return math.nan
        probability = 1 / (1 + math.exp(-min(max(odds, -FARTHEST), FARTHEST)))
        near = 0.0 if counter is None else max(counter - exemplar + self.gap, 0.0)
        return round(min(max(probability - self.weight * near, 0.0), 1.0) * STEPS) / STEPS

    def thresholds(self, column: int) -> Thresholds:
        """The thresholds of an intent."""
        return self.by_column[column]

    def band(self, column: int, score: float) -> Band:
        """Where ``score`` lies for an intent. A score that is not finite is out of scope."""
        limits = self.by_column[column]
        if _reaches(score, limits.accept):
            return Band.ACCEPT
        return Band.NARROW if _reaches(score, limits.narrow) else Band.OUT_OF_SCOPE

    def continues(self, column: int, score: float) -> bool:
        """Whether a clause this near may belong to a request for this intent, though it would not be one by itself."""
        return _reaches(score, self.by_column[column].narrow * CONTINUATION_SHARE)


def _reaches(score: float, threshold: float) -> bool:
    return math.isfinite(score) and round(score * STEPS) >= round(threshold * STEPS)


def _threshold_problems(name: str, limits: Thresholds) -> list[Problem]:
    # The smallest step is the floor: at zero, texts that have nothing in common with the intent would pass.
    problems = [
        problem
        for label, value in (("narrow", limits.narrow), ("accept", limits.accept))
        for problem in _range_problems(f"{label} of {name}", value, 1.0, smallest=1 / STEPS)
    ]
    if not problems and limits.narrow > limits.accept:
        problems.append(_problem(f"narrow of {name} is {limits.narrow}, above accept {limits.accept}", "swap them"))
    return problems


def _range_problems(label: str, value: float, largest: float, smallest: float = 0.0) -> list[Problem]:
    if math.isfinite(value) and smallest <= value <= largest:
        return []
    return [_problem(f"{label} is {value}", f"choose a number from {smallest:g} to {largest:g}")]


def _problem(message: str, fix: str) -> Problem:
    return Problem("calibration.json", 0, 0, message, fix)
