"""Bounds on what is under way, deadlines, and reading messages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.errors import DeadlineTooShort, InvalidRequest, LimitExceeded, Overloaded
from pdp.server.limits import Deadlines, InFlight, check_items, parse
from pdp.v1 import decision_pb2 as proto


class Left:
    """A call's context that knows only the time left."""

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds

    def time_remaining(self) -> float | None:
        return self._seconds


@given(st.lists(st.booleans(), max_size=40), st.integers(1, 5))
def test_never_more_are_under_way_than_the_limit(steps, limit):
    """Whatever the order of begin and end: the count is right, and one too many is refused without being counted."""
    in_flight = InFlight(limit, 0.5)
    count = 0
    for begin in steps:
        if not begin:
            if count:
                in_flight.leave()
                count -= 1
        elif count < limit:
            in_flight.enter()
            count += 1
        else:
            with pytest.raises(Overloaded) as refused:
                in_flight.enter()
            assert refused.value.retry_after == 0.5
        assert in_flight.count == count


def test_a_caller_without_deadline_gets_the_default():
    """And it is known that the caller set none, because then nobody else ends the call."""
    assert Deadlines(2.0, 0.1).of(Left(None), 100.0) == (102.0, False)


def test_the_callers_own_deadline_counts_even_when_it_is_longer():
    """The default is for those who set none."""
    assert Deadlines(2.0, 0.1).of(Left(50.0), 100.0) == (150.0, True)


@pytest.mark.parametrize("left", [0.05, 0.0, -3.0])
def test_too_little_time_is_refused_in_words(left):
    """The text says what is left and what is needed; a time already past is told as nothing."""
    with pytest.raises(DeadlineTooShort, match=r"(50|0)\.00 ms are left; an answer takes at least 100 ms"):
        Deadlines(2.0, 0.1).of(Left(left), 100.0)


@given(st.binary(max_size=80))
def test_any_bytes_are_a_message_or_refused_by_name(raw):
    """No other error comes out of reading."""
    try:
        assert isinstance(parse(proto.DecideRequest, raw), proto.DecideRequest)
    except InvalidRequest as refused:
        text = str(refused)
    else:
        text = "not a pdp.v1.DecideRequest"
    assert "not a pdp.v1.DecideRequest" in text


def test_a_batch_may_be_as_long_as_the_limit():
    """The limit itself is allowed, one more is not."""
    check_items([1, 2], 2)
    with pytest.raises(LimitExceeded, match="items: has 3 items; the limit is 2"):
        check_items([1, 2, 3], 2)
