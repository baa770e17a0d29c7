"""What a scorer is worth: the chance to rank right, and what passes beside a share of what should."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """The chance that a positive scores above a negative; ties count half (Mann and Whitney, 1947). NaN when empty."""
    if not len(positive) or not len(negative):
        return math.nan
    values = np.concatenate((np.asarray(positive, np.float64), np.asarray(negative, np.float64)))
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks = (ends - (counts - 1) / 2)[inverse]
    n, m = len(positive), len(negative)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))


def threshold_for(positive: Sequence[float], share: float) -> float:
    """The highest threshold that at least ``share`` of ``positive`` reach. Raises ``ValueError`` when there is none."""
    if not len(positive):
        raise ValueError("no positives")
    ordered = sorted(positive, reverse=True)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def passed_at(positive: Sequence[float], negative: Sequence[float], share: float) -> float:
    """The share of ``negative`` that reaches the threshold that ``share`` of ``positive`` reach."""
    if not len(negative):
        return math.nan
    threshold = threshold_for(positive, share)
    return sum(n >= threshold for n in negative) / len(negative)


class NaiveBayes:
    """Multinomial naive Bayes on words and pairs of words, add-one: what the wording alone gives away."""

    def __init__(self, positive: Sequence[str], negative: Sequence[str]) -> None:
        self._counts = [Counter(f for t in texts for f in features(t)) for texts in (positive, negative)]
        known = len(self._counts[0] | self._counts[1]) + 1
        self._totals = [sum(c.values()) + known for c in self._counts]

    def score(self, text: str) -> float:
        """Log-odds of being positive, without the prior."""
        first, second = self._counts
        return sum(
            math.log((first[f] + 1) / self._totals[0]) - math.log((second[f] + 1) / self._totals[1])
            for f in features(text)
        )


def features(text: str) -> list[str]:
    """Lower-case words and their neighbours in pairs."""
    words = re.findall(r"\w+|[^\w\s]", text.lower())
    return words + [f"{a} {b}" for a, b in pairwise(words)]
