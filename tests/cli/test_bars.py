"""Score bars."""

import math

from hypothesis import given
from hypothesis import strategies as st

from pdp.cli.bars import ACCEPT, CELLS, EMPTY, FULL, NARROW, bar

UNIT = st.floats(0, 1)


@given(st.floats(), UNIT, UNIT)
def test_a_bar_has_its_width_and_both_marks_whatever_the_score(score: float, accept: float, gap: float) -> None:
    """Not finite, negative and beyond one included; where both thresholds meet, accept is shown."""
    drawn = bar(score, accept, max(accept - gap, 0.0)).plain
    assert len(drawn) == CELLS
    assert set(drawn) <= {FULL, EMPTY, ACCEPT, NARROW}
    assert drawn.count(ACCEPT) == 1


def test_a_bar_is_filled_up_to_the_score() -> None:
    """A quarter of it for a score of 0.25, and the marks stand where the thresholds are."""
    assert bar(0.25, 0.75, 0.5).plain == FULL * 6 + EMPTY * 6 + NARROW + EMPTY * 5 + ACCEPT + EMPTY * 5


def test_a_score_that_is_no_number_is_an_empty_bar() -> None:
    """It is nowhere near a threshold."""
    assert FULL not in bar(math.nan, 0.7, 0.5).plain


def test_bars_can_be_plain_ascii() -> None:
    """For logs and old terminals."""
    assert bar(0.5, 0.75, 0.25, ascii_only=True).plain.isascii()
