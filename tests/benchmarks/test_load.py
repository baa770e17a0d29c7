"""Load is offered as the schedule says, whatever comes back, and what is answered is counted."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from benchmarks import echo, load, serving
from benchmarks.load import Answered, arrivals, per_second, question

rates = st.floats(1.0, 200.0)
phases = st.lists(st.tuples(rates, st.floats(0.1, 3.0)), min_size=1, max_size=4)


@given(phases, st.integers())
def test_arrivals_are_in_order_and_within_the_phases(planned: list[tuple[float, float]], seed: int) -> None:
    """No question leaves before the one before it, or after the end."""
    moments = list(arrivals(planned, random.Random(seed)))
    assert moments == sorted(moments)
    assert all(0 <= m < sum(seconds for _, seconds in planned) for m in moments)


def test_each_phase_has_its_rate() -> None:
    """As many arrivals as the rate says, give or take four standard deviations."""
    moments = list(arrivals([(100.0, 20.0), (400.0, 20.0)], random.Random(1)))
    first = sum(m < 20 for m in moments)
    assert abs(first - 2_000) < 4 * 2_000**0.5
    assert abs(len(moments) - first - 8_000) < 4 * 8_000**0.5


def answered(due: float, took: float, status: str = load.OK) -> Answered:
    return Answered(due, took, status, question("text"))


def test_what_is_answered_after_the_last_question_does_not_count() -> None:
    """Or a queue that is emptied at leisure would look like throughput."""
    found = [answered(0.0, 0.1), answered(0.5, 0.1), answered(0.6, 9.0), answered(1.0, 0.1)]
    assert per_second(found) == 2.0
    assert per_second([*found, answered(0.7, 0.01, "RESOURCE_EXHAUSTED")]) == 2.0
    assert per_second([]) == 0.0


def test_refusals_have_no_time() -> None:
    """They are told apart."""
    assert load.times([answered(0, 0.25), answered(0, 0.5, "DEADLINE_EXCEEDED")]) == [0.25]


def test_load_reaches_a_real_server() -> None:
    """Many callers over several connections, closed and open; every question has its answer."""
    with serving.child(echo.COMMAND) as server:
        closed = load.closed(server.address, 8, 5.0, iter([question(f"text {n}") for n in range(40)]), echo.METHOD)
    assert len(closed) == 40
    assert {a.status for a in closed} == {load.OK}
    assert {a.question.utterance for a in closed} == {f"text {n}" for n in range(40)}
