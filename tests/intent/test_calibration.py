"""Calibration: monotone, exact at the threshold, closed to whatever is not a number."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.errors import BundleError
from pdp.intent.calibration import Band, Calibration
from pdp.scoring import CalibrationData, Risk, Thresholds

RANK = [Band.OUT_OF_SCOPE, Band.NARROW, Band.ACCEPT]
steps = st.integers(1, 10_000).map(lambda n: n / 10_000)
similarity = st.floats(-1, 1, width=32)
logits = st.floats(-60, 60)
weights = st.floats(0, 100)
gaps = st.floats(0, 1)
limits = st.tuples(steps, steps).map(lambda pair: Thresholds(accept=max(pair), narrow=min(pair)))


def data(
    accept: float = 0.6, narrow: float = 0.5, weight: float = 1.0, gap: float = 0.0, **intents: Thresholds
) -> CalibrationData:
    return CalibrationData("sha256:e", Thresholds(accept, narrow), intents, weight, gap)


def calibration(of: CalibrationData | None = None) -> Calibration:
    """For four intents, the second of which has thresholds of its own, the fourth of which is critical."""
    own = Thresholds(0.8, 0.7)
    intents = [("a", Risk.READ, None), ("b", Risk.READ, own), ("c", Risk.CRITICAL, None), ("d", Risk.CRITICAL, None)]
    return Calibration.from_data(of or data(), intents)


def odds(probability: float) -> float:
    """Log-odds."""
    return math.log(probability / (1 - probability))


@pytest.mark.parametrize(
    ("probability", "exemplar", "counter", "weight", "gap", "score"),
    [
        (0.7, 0.7, 0.4, 1.0, 0.0, 0.7),
        (0.7, 0.7, 0.75, 1.0, 0.0, 0.65),
        (0.7, 0.7, 0.75, 4.0, 0.0, 0.5),
        (0.7, 0.7, 0.65, 1.0, 0.1, 0.65),
        (0.7, 0.7, 0.75, 0.0, 0.5, 0.7),
        (0.2, 0.2, 0.9, 10.0, 0.0, 0.0),
        (0.123449, 0.5, None, 1.0, 0.0, 0.1234),
    ],
)
def test_the_formula(  # one column each
    probability: float, exemplar: float, counter: float | None, weight: float, gap: float, score: float
) -> None:
    """The probability, less what a counter-exemplar within the gap takes, in steps of 1/10,000."""
    owner = calibration(data(weight=weight, gap=gap))
    assert owner.score(odds(probability), exemplar, counter) == pytest.approx(score, abs=1e-9)


@given(logits, similarity, weights, gaps)
def test_no_counter_exemplars_no_penalty(logit: float, exemplar: float, weight: float, gap: float) -> None:
    """An intent without counter-exemplars keeps its probability, whatever weight and gap."""
    score = calibration(data(weight=weight, gap=gap)).score(logit, exemplar, None)
    assert score == pytest.approx(1 / (1 + math.exp(-min(max(logit, -40), 40))), abs=0.5001e-4)


@given(logits, logits, similarity, similarity, similarity, weights, gaps)
def test_scores_are_monotone(  # one draw each
    o1: float, o2: float, near: float, c1: float, c2: float, weight: float, gap: float
) -> None:
    """Surer never scores less, nearer to a counter-exemplar never more; all lie in [0, 1]."""
    owner = calibration(data(weight=weight, gap=gap))
    low, high = sorted((o1, o2))
    far, close = sorted((c1, c2))
    best, worst = owner.score(high, near, far), owner.score(low, near, close)
    assert 0 <= worst <= best <= 1


@given(limits, st.floats(-2, 2), st.floats(-2, 2))
def test_bands_are_monotone(own: Thresholds, a: float, b: float) -> None:
    """A higher score never lies in a lower band, and what is accepted also continues."""
    owner = Calibration.from_data(data(), [("a", Risk.READ, own)])
    low, high = sorted((a, b))
    assert RANK.index(owner.band(0, low)) <= RANK.index(owner.band(0, high))
    assert owner.continues(0, high) >= owner.continues(0, low)
    assert owner.continues(0, high) or owner.band(0, high) is Band.OUT_OF_SCOPE


@given(limits, st.sampled_from([math.nan, math.inf, -math.inf]))
def test_what_is_not_finite_is_out_of_scope(own: Thresholds, score: float) -> None:
    """No threshold accepts NaN or infinity, and no clause continues with it."""
    owner = Calibration.from_data(data(), [("a", Risk.READ, own)])
    assert owner.band(0, score) is Band.OUT_OF_SCOPE
    assert not owner.continues(0, score)


broken = st.sampled_from([math.nan, math.inf, -math.inf])


@given(broken, similarity, weights, gaps)
def test_a_broken_number_never_becomes_a_score(bad: float, fine: float, weight: float, gap: float) -> None:
    """NaN or infinity anywhere gives NaN, which no threshold accepts."""
    owner = calibration(data(weight=weight, gap=gap))
    for given_in in ((bad, fine, fine), (fine, bad, fine), (fine, fine, bad)):
        score = owner.score(*given_in)
        assert math.isnan(score)
        assert owner.band(0, score) is Band.OUT_OF_SCOPE


@given(limits)
def test_the_threshold_itself_is_enough(own: Thresholds) -> None:
    """A score that equals the threshold as written reaches it."""
    owner = Calibration.from_data(data(), [("a", Risk.READ, own)])
    assert owner.band(0, own.accept) is Band.ACCEPT
    assert owner.band(0, own.narrow) in {Band.NARROW, Band.ACCEPT}
    assert owner.band(0, own.narrow - 1e-4) is Band.OUT_OF_SCOPE


def test_whose_thresholds_count() -> None:
    """An intent's own, else those of the calibration for it, else for its risk, else the default."""
    special, risky = Thresholds(0.9, 0.3), Thresholds(0.95, 0.9)
    owner = calibration(replace(data(b=special, c=special), risks={Risk.CRITICAL: risky}))
    assert owner.thresholds(0) == Thresholds(0.6, 0.5)
    assert owner.thresholds(1) == Thresholds(0.8, 0.7)
    assert owner.thresholds(2) == special
    assert owner.thresholds(3) == risky


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
