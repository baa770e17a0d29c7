"""Calibration: monotone, exact at the threshold, closed to whatever is not a number."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.errors import BundleError
from pdp.intent.calibration import Band, Calibration
from pdp.intent.index import IntentScores
from pdp.types import CalibrationData, Thresholds

RANK = [Band.OUT_OF_SCOPE, Band.NARROW, Band.ACCEPT]
steps = st.integers(1, 10_000).map(lambda n: n / 10_000)
similarity = st.floats(-1, 1, width=32)
weights = st.floats(0, 100)
gaps = st.floats(0, 1)
limits = st.tuples(steps, steps).map(lambda pair: Thresholds(accept=max(pair), narrow=min(pair)))


def data(
    accept: float = 0.6, narrow: float = 0.5, weight: float = 1.0, gap: float = 0.0, **intents: Thresholds
) -> CalibrationData:
    return CalibrationData("sha256:e", Thresholds(accept, narrow), intents, weight, gap)


def calibration(of: CalibrationData | None = None) -> Calibration:
    """For three intents, the second of which has thresholds of its own."""
    return Calibration.from_data(of or data(), [("a", None), ("b", Thresholds(0.8, 0.7)), ("c", None)])


def similarities(exemplar: object, counter: object = None) -> IntentScores:
    """``[texts, columns]``; without counters when ``counter`` is ``None``."""
    near = np.atleast_2d(np.array(exemplar, np.float32))
    without = np.full(near.shape, -1)
    far = without.astype(np.float32) if counter is None else np.atleast_2d(np.array(counter, np.float32))
    place = without if counter is None else np.zeros(near.shape)
    return IntentScores(near, np.zeros(near.shape, np.int32), far, place.astype(np.int32))


@pytest.mark.parametrize(
    ("exemplar", "counter", "weight", "gap", "score"),
    [
        (0.7, 0.4, 1.0, 0.0, 0.7),
        (0.7, 0.75, 1.0, 0.0, 0.65),
        (0.7, 0.75, 4.0, 0.0, 0.5),
        (0.7, 0.65, 1.0, 0.1, 0.65),
        (0.7, 0.75, 0.0, 0.5, 0.7),
        (0.2, 0.9, 10.0, 0.0, -1.0),
        (0.123449, -1.0, 1.0, 0.0, 0.1234),
    ],
)
def test_the_formula(exemplar: float, counter: float, weight: float, gap: float, score: float) -> None:
    """The nearest exemplar, less what a counter-exemplar within the gap takes, in steps of 1/10,000."""
    table = calibration(data(weight=weight, gap=gap)).scores(similarities(exemplar, counter))
    assert table.dtype == np.float32
    assert table.item() == np.float32(score)


@given(similarity, weights, gaps)
def test_no_counter_exemplars_no_penalty(exemplar: float, weight: float, gap: float) -> None:
    """An intent without counter-exemplars keeps its similarity, whatever weight and gap."""
    table = calibration(data(weight=weight, gap=gap)).scores(similarities(exemplar))
    assert table.item() == pytest.approx(exemplar, abs=0.5001e-4)


@given(similarity, similarity, similarity, similarity, weights, gaps)
def test_scores_are_monotone(e1: float, e2: float, c1: float, c2: float, weight: float, gap: float) -> None:
    """Nearer to an exemplar never scores less, nearer to a counter-exemplar never more; all lie in [-1, 1]."""
    owner = calibration(data(weight=weight, gap=gap))
    low, high = sorted((e1, e2))
    far, near = sorted((c1, c2))
    best, worst = owner.scores(similarities([[high], [low]], [[far], [near]])).ravel()
    assert -1 <= worst <= best <= 1


@given(limits, st.floats(-2, 2), st.floats(-2, 2))
def test_bands_are_monotone(own: Thresholds, a: float, b: float) -> None:
    """A higher score never lies in a lower band, and what is accepted also continues."""
    owner = Calibration.from_data(data(), [("a", own)])
    low, high = sorted((a, b))
    assert RANK.index(owner.band(0, low)) <= RANK.index(owner.band(0, high))
    assert owner.continues(0, high) >= owner.continues(0, low)
    assert owner.continues(0, high) or owner.band(0, high) is Band.OUT_OF_SCOPE


@given(limits, st.sampled_from([math.nan, math.inf, -math.inf]))
def test_what_is_not_finite_is_out_of_scope(own: Thresholds, score: float) -> None:
    """No threshold accepts NaN or infinity, and no clause continues with it."""
    owner = Calibration.from_data(data(), [("a", own)])
    assert owner.band(0, score) is Band.OUT_OF_SCOPE
    assert not owner.continues(0, score)


broken = st.sampled_from([math.nan, math.inf, -math.inf])


@given(broken, similarity, weights, gaps)
def test_a_broken_similarity_never_becomes_a_score(bad: float, fine: float, weight: float, gap: float) -> None:
    """NaN or infinity on either side gives NaN, without a warning; the other intents of the text keep their scores."""
    owner = calibration(data(weight=weight, gap=gap))
    table = owner.scores(similarities([[bad, fine, fine]], [[fine, bad, -1.0]]))
    assert np.isnan(table[0, :2]).all()
    assert np.isfinite(table[0, 2])
    assert owner.band(0, float(table[0, 0])) is Band.OUT_OF_SCOPE


@given(limits)
def test_the_threshold_itself_is_enough(own: Thresholds) -> None:
    """A score that equals the threshold as written reaches it, although float32 cannot hold most decimals."""
    owner = Calibration.from_data(data(), [("a", own)])
    accept, narrow = owner.scores(similarities([[own.accept], [own.narrow]])).ravel()
    assert owner.band(0, float(accept)) is Band.ACCEPT
    assert owner.band(0, float(narrow)) in {Band.NARROW, Band.ACCEPT}
    assert owner.band(0, own.narrow - 1e-4) is Band.OUT_OF_SCOPE


@given(st.lists(st.tuples(similarity, similarity, similarity), min_size=1, max_size=6), weights, gaps)
def test_texts_are_scored_independently(rows: list[tuple[float, float, float]], weight: float, gap: float) -> None:
    """A text's scores are the same bits alone and in a batch."""
    owner = calibration(data(weight=weight, gap=gap))
    counters = [row[::-1] for row in rows]
    whole = owner.scores(similarities(rows, counters))
    for at, (row, counter) in enumerate(zip(rows, counters, strict=True)):
        assert whole[at].tobytes() == owner.scores(similarities([row], [counter])).tobytes()


def test_whose_thresholds_count() -> None:
    """An intent's own, else those of the calibration for it, else the default."""
    special = Thresholds(0.9, 0.3)
    owner = calibration(data(b=special, c=special))
    assert owner.thresholds(0) == Thresholds(0.6, 0.5)
    assert owner.thresholds(1) == Thresholds(0.8, 0.7)
    assert owner.thresholds(2) == special
    assert owner.accepts(np.array([2, 0, 1], np.intp)).tolist() == np.float32([0.9, 0.6, 0.8]).tolist()
    assert owner.accepts(np.empty(0, np.intp)).shape == (0,)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (data(accept=math.nan), "accept of the default is nan"),
        (data(accept=1.01), "accept of the default is 1.01"),
        (data(narrow=0.0), "narrow of the default is 0.0"),
        (data(narrow=-0.5), "narrow of the default is -0.5"),
        (data(narrow=math.inf), "narrow of the default is inf"),
        (data(accept=0.4, narrow=0.5), "narrow of the default is 0.5, above accept 0.4"),
        (data(c=Thresholds(0.2, 0.3)), "narrow of c is 0.3, above accept 0.2"),
        (data(weight=-1.0), "counter_weight is -1.0"),
        (data(weight=math.nan), "counter_weight is nan"),
        (data(gap=1.5), "counter_gap is 1.5"),
    ],
)
def test_a_wrong_figure_is_refused_and_named(wrong: CalibrationData, message: str) -> None:
    """Thresholds are finite, between 0 and 1 and the right way round; so are weight and gap."""
    with pytest.raises(BundleError, match=message):
        calibration(wrong)


def test_every_wrong_figure_is_told_at_once() -> None:
    """Nobody mends a file one message at a time."""
    with pytest.raises(BundleError) as caught:
        calibration(data(accept=2.0, narrow=0.0, gap=-1.0))
    assert len(caught.value.problems) >= 3
    assert all(problem.file == "calibration.json" and problem.fix for problem in caught.value.problems)
