"""The figures of the benchmarks, held against their definitions."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.statistics import NaiveBayes, auroc, passed_at, threshold_for

scores = st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=12)


@given(scores, scores)
def test_auroc_is_the_chance_to_rank_right(positive: list[float], negative: list[float]) -> None:
    """Over all pairs: won, and half of the ties."""
    won = sum((p > n) + 0.5 * (p == n) for p in positive for n in negative)
    assert auroc(positive, negative) == pytest.approx(won / (len(positive) * len(negative)))


@given(scores, st.floats(0.01, 1))
def test_the_threshold_lets_the_share_pass_and_no_higher_one_does(positive: list[float], share: float) -> None:
    """It is the highest that at least the share reach."""
    threshold = threshold_for(positive, share)
    assert sum(p >= threshold for p in positive) >= share * len(positive) - 1e-9
    higher = [p for p in positive if p > threshold]
    assert not higher or sum(p >= min(higher) for p in positive) < share * len(positive)


def test_nothing_to_compare_is_no_number() -> None:
    """No figure is made up."""
    assert math.isnan(auroc([], [1.0]))
    assert math.isnan(passed_at([1.0], [], 0.8))
    with pytest.raises(ValueError, match="no positives"):
        threshold_for([], 0.5)


def test_naive_bayes_tells_wordings_apart() -> None:
    """What only one side says decides."""
    judge = NaiveBayes(["show the list", "show it"], ["wipe the list", "wipe it"])
    assert judge.score("show that") > 0 > judge.score("wipe that")
