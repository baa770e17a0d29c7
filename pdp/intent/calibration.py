"""Similarities to scores to bands. Every threshold of the matching is owned here.

``score = exemplar - weight * max(0, counter - exemplar + gap)``: the similarity to the nearest exemplar, less a penalty
when a counter-exemplar comes within ``gap`` of it. Scores and thresholds are compared in steps of 1/10,000, so the last
bits of a float, which differ between processors, decide nothing.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdp.errors import BundleError, Problem
from pdp.intent.index import NO_PLACE, Columns, IntentScores
from pdp.types import CalibrationData, Thresholds

Scores = NDArray[np.float32]

STEPS = 10_000
# Measured with all-MiniLM-L6-v2: texts that have nothing to do with an intent stay below half of a sensible narrow.
CONTINUATION_SHARE = 0.5
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
    def from_data(cls, data: CalibrationData, intents: Sequence[tuple[str, Thresholds | None]]) -> Calibration:
        """Thresholds for each ``(id, own thresholds)``: its own, else those in ``data`` for its id, else the default.

        Raises ``BundleError`` naming every figure that is not finite, out of range or the wrong way round.
        """
        by_column = tuple(own or data.intents.get(name, data.default) for name, own in intents)
        named = [("the default", data.default), *((name, t) for (name, _), t in zip(intents, by_column, strict=True))]
        wrong = [problem for name, thresholds in named for problem in _threshold_problems(name, thresholds)]
        wrong += _range_problems("counter_weight", data.counter_weight, LARGEST_WEIGHT)
        wrong += _range_problems("counter_gap", data.counter_gap, LARGEST_GAP)
        if wrong:
            raise BundleError(tuple(dict.fromkeys(wrong)))
        return cls(by_column, float(data.counter_weight), float(data.counter_gap))

    def scores(self, similarities: IntentScores) -> Scores:
        """Scores ``[texts, columns]`` in [-1, 1], multiples of 1/10,000. What is not finite stays NaN."""
        exemplar, counter = similarities.exemplar.astype(np.float64), similarities.counter.astype(np.float64)
        with np.errstate(invalid="ignore"):
            excess = np.where(similarities.counter_at == NO_PLACE, 0.0, np.maximum(counter - exemplar + self.gap, 0.0))
            raw = np.clip(exemplar - self.weight * excess, -1.0, 1.0)
        known = np.isfinite(exemplar) & np.isfinite(counter)
        scores: Scores = np.where(known, np.rint(raw * STEPS) / STEPS, np.nan).astype(np.float32)
        return scores

    def thresholds(self, column: int) -> Thresholds:
        """The thresholds of an intent."""
        return self.by_column[column]

    def accepts(self, columns: Columns) -> Scores:
        """The accept thresholds of ``columns``, in their order, to take margins from."""
        return np.array([self.by_column[column].accept for column in columns], np.float32)

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
