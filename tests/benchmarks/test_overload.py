"""What is said of an overload follows from its answers."""

from __future__ import annotations

import itertools

from benchmarks import load, overload
from benchmarks.load import Answered
from benchmarks.overload import WINDOW, forbidden, granted, phase, questions, reached, recovery
from pdp.v1 import types_pb2


def answered(due: float, took: float = 0.01, status: str = load.OK, effect: int = types_pb2.EFFECT_ALLOW) -> Answered:
    return Answered(due, took, status, load.question(f"text {due}"), effect if status == load.OK else 0)


CALM = [answered(n / 100) for n in range(300)]


def test_recovery_is_the_end_of_the_last_bad_window() -> None:
    """Slow answers and refusals are bad; calm from the drop on is no time at all."""
    assert recovery(CALM, 1.0, 3.0, 0.05) == 0.0
    assert recovery([*CALM, answered(1.05, 0.2)], 1.0, 3.0, 0.05) == WINDOW
    bad = [answered(1.05 + n * WINDOW, 0.2) for n in range(4)]
    assert recovery([*CALM, *bad], 1.0, 3.0, 0.05) == 0.4
    assert recovery([*CALM, answered(1.05, 0.001, "RESOURCE_EXHAUSTED")], 1.0, 3.0, 0.05) == WINDOW


def test_one_calm_window_between_bad_ones_is_no_recovery() -> None:
    """A slow answer long after is another matter: it is in the percentiles."""
    assert recovery([*CALM, answered(1.05, 0.2), answered(1.25, 0.2)], 1.0, 3.0, 0.05) == 0.3
    assert recovery([*CALM, answered(1.05, 0.2), answered(2.55, 0.2)], 1.0, 3.0, 0.05) == WINDOW


def test_never_well_is_all_the_time_there_was() -> None:
    """Not less."""
    assert recovery([answered(1 + n / 100, 0.2) for n in range(200)], 1.0, 3.0, 0.05) == 2.0


def test_a_phase_counts_what_was_due_in_it() -> None:
    """Served and refused apart, refusals by their status."""
    found = [*CALM, answered(1.5, 0.004, "RESOURCE_EXHAUSTED"), answered(1.6, 0.2, "DEADLINE_EXCEEDED")]
    row = phase(found, 1.0, 2.0)
    assert row["offered_per_second"] == 102
    assert row["served_per_second"] == 100
    assert row["refused"]["RESOURCE_EXHAUSTED"]["p50_ms"] == 4.0
    assert row["refused"]["DEADLINE_EXCEEDED"]["count"] == 1
    assert row["effects"] == {"allow": 100}


def test_only_what_grants_is_checked() -> None:
    """Narrow grants too; deny and unspecified do not."""
    effects = (types_pb2.EFFECT_ALLOW, types_pb2.EFFECT_NARROW, types_pb2.EFFECT_DENY, 0)
    found = [answered(n, effect=e) for n, e in enumerate(effects)]
    assert granted([*found, answered(9, status="UNAVAILABLE")]) == [found[0].question, found[1].question]


def test_one_in_five_questions_must_be_denied() -> None:
    """By text, by rule or by call; the ordinary ones are all different."""
    asked = list(itertools.islice(questions(1), 2_000))
    ordinary = [q for q in asked if not _is_forbidden(q)]
    assert 0.75 < len(ordinary) / len(asked) < 0.85
    assert len({q.utterance for q in ordinary}) == len(ordinary)
    assert all(_is_forbidden(forbidden("Show it", which)) for which in range(3))


def _is_forbidden(asked: load.Question) -> bool:
    return (
        asked.utterance.startswith("Delete")
        or asked.action.name != "read"
        or asked.action.params.fields["limit"].number_value > 1_000
    )


def test_goals_hold_only_for_what_was_measured() -> None:
    """Where nothing was served there is no p99 within the budget."""
    figures = {"overload": {"served": {"count": 0}}, "wrongly_allowed": 0, "recovery_seconds": 0.3}
    assert reached(figures) == {"served_p99_ms": False, "wrongly_allowed": True, "recovery_seconds": True}
    assert set(overload.GOALS) == set(reached(figures))
