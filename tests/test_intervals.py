"""Wilson intervals: known values and the properties that make them worth reporting."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.intervals import Share, wilson

counts = st.integers(1, 5000).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total)))


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [
        (81, 263, 0.255289, 0.366205),  # Newcombe, Statistics in Medicine 17, 1998, table I, method 3
        (15, 148, 0.062387, 0.160518),
        (0, 20, 0.0, 0.161125),
        (1, 29, 0.006113, 0.171755),
    ],
)
def test_the_interval_has_the_published_value(count: int, total: int, low: float, high: float) -> None:
    """The four examples that Newcombe gives for the score interval come out."""
    assert wilson(count, total) == pytest.approx((low, high), abs=1e-4)


@given(counts)
def test_the_interval_holds_the_share_and_stays_within_bounds(pair: tuple[int, int]) -> None:
    """0 <= low <= share <= high <= 1, also for none and for all."""
    low, high = wilson(*pair)
    assert 0.0 <= low <= pair[0] / pair[1] <= high <= 1.0


@given(counts)
def test_the_interval_is_symmetrical(pair: tuple[int, int]) -> None:
    """Counting the others instead mirrors the interval."""
    count, total = pair
    low, high = wilson(count, total)
    assert wilson(total - count, total) == pytest.approx((1 - high, 1 - low))


@pytest.mark.parametrize(("count", "total"), [(0, 0), (-1, 5), (6, 5)])
def test_a_count_that_cannot_be_is_refused(count: int, total: int) -> None:
    """There is no interval of nothing, nor for more successes than trials."""
    with pytest.raises(ValueError, match="need 0 <= count <= total"):
        wilson(count, total)


def test_a_share_is_reported_with_count_and_interval() -> None:
    """The report carries a plain number under ``<name>_share`` and, beside it, what it rests on."""
    named = Share(9, 10).named("passed")
    assert named["passed_share"] == 0.9
    assert named["passed_count"] == 9
    assert named["passed_interval"] == pytest.approx([0.595850, 0.982124], abs=1e-6)
    assert str(Share(9, 10)) == "9/10 = 90.0% [59.6%, 98.2%]"


def test_a_share_of_nothing_has_no_value() -> None:
    """Nothing measured is reported as nothing, never as zero."""
    assert Share(0, 0).named("passed") == {"passed_share": None, "passed_count": 0, "passed_interval": None}
    assert str(Share(0, 0)) == "none"
