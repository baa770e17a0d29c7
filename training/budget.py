"""Thresholds with a stated error budget: the share of false allows is at most alpha, with confidence 1 - delta.

Learn then test (Angelopoulos, Bates, Candès, Jordan and Lei 2021, arXiv:2110.01052) with fixed-sequence testing: the
thresholds are tried from the strictest down, each by the exact binomial bound (Clopper and Pearson 1934) on held-out
labels, and the search stops at the first that fails. So the chance that the chosen one breaks the budget is at most
delta, whatever the model.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import beta

STEP = 0.0025
LEAST = 0.01
"""No threshold below: a bundle's own must not lie lower either."""


class TooFewLabels(Exception):
    """Too few labels for the budget; ``missing`` more of requests that must be refused are needed at the least."""

    def __init__(self, have: int, needed: int) -> None:
        self.missing = max(1, needed - have)
        super().__init__(f"{have} labelled requests that must be refused; {needed} are needed, {self.missing} more")


@dataclass(frozen=True, slots=True)
class Chosen:
    """A threshold and what was seen at it: ``allowed`` of ``refusable`` false allows, their share at most ``bound``."""

    threshold: float
    allowed: int
    refusable: int
    bound: float


def upper_bound(events: int, trials: int, delta: float) -> float:
    """The one-sided Clopper-Pearson bound: the true share is at most this with confidence 1 - delta."""
    if trials == 0 or events >= trials:
        return 1.0
    return float(beta.ppf(1 - delta, events + 1, trials - events))


def labels_needed(alpha: float, delta: float) -> int:
    """The least number of labels with which a budget can be met at all: with no event among them."""
    return math.ceil(math.log(delta) / math.log1p(-alpha))


def choose(negatives: Sequence[float], alpha: float, delta: float) -> Chosen:
    """The lowest threshold whose false allows are within the budget. ``negatives``: scores that must not pass.

    A request passes at ``score >= threshold``; one that a check refuses at any threshold has a score of minus
    infinity. Raises ``TooFewLabels`` when even a threshold that nothing passes could not be shown to be within alpha.
    """
    total, needed = len(negatives), labels_needed(alpha, delta)
    if total < needed:
        raise TooFewLabels(total, needed)
    best = Chosen(1.0, sum(s >= 1.0 for s in negatives), total, 1.0)
    for step in range(round(1 / STEP), round(LEAST / STEP) - 1, -1):
        threshold = round(step * STEP, 4)
        allowed = sum(score >= threshold for score in negatives)
        bound = upper_bound(allowed, total, delta)
        if bound > alpha:
            break
        best = Chosen(threshold, allowed, total, bound)
    return best
