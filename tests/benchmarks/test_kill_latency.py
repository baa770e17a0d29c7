"""The figures of kills: from when ``Kill`` was sent, over every watcher and every answer about what was killed."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.kill_figures import Asked, Killed, after_kill, figures, last_told
from benchmarks.kill_latency import SCOPES
from benchmarks.kill_load import Subject, question
from benchmarks.load import GRANTING
from pdp.revocation.order import Scope

KILL = Killed(turn=0, scope="session", sent=10.0, returned=10.020, sequence=7, kept=True)
SUBJECT = Subject("s-1", "bench-1", "run-1", "p-1", "t-1")


def asked(sent: float, answered: float, *, admitted: bool = True, turn: int = 0) -> Asked:
    return Asked(turn, sent, answered, admitted, "")


def test_the_last_admission_counts_from_sending_the_kill():
    """Those before it, denials, and those about others do not count."""
    mine = [
        asked(9.9, 9.95),
        asked(9.99, 10.004),
        asked(10.001, 10.012),
        asked(10.002, 10.030, admitted=False),
        asked(10.003, 10.040, turn=1),
    ]
    story = after_kill(KILL, mine)
    assert story["last_admission"] == pytest.approx(0.012)
    assert (story["admitted_before"], story["asked_after_return"], story["admitted_after_return"]) == (1, 0, 0)


def test_what_is_admitted_after_the_kill_has_returned_is_told():
    """Only a question that left after that is a fault; an answer on its way is told apart."""
    story = after_kill(KILL, [asked(10.01, 10.025), asked(10.021, 10.03), asked(10.022, 10.03, admitted=False)])
    assert (story["arrived_after_return"], story["asked_after_return"], story["admitted_after_return"]) == (1, 2, 1)


@given(st.lists(st.tuples(st.floats(9, 11), st.floats(0, 1), st.booleans())))
def test_no_admission_after_sending_is_no_time_at_all(rows):
    """The last admission is never negative, and 0 exactly when none came any more."""
    mine = [asked(sent, sent + took, admitted=admitted) for sent, took, admitted in rows]
    late = [a for a in mine if a.admitted and a.answered > KILL.sent]
    story = after_kill(KILL, mine)
    assert story["last_admission"] >= 0
    assert (story["last_admission"] > 0) == bool(late)
    assert story["admitted_before"] + len(late) == sum(a.admitted for a in mine)


def test_the_last_watcher_is_the_last_of_all():
    """One that was not told is no watcher that was told at once."""
    assert last_told([{7: 10.01}, {7: 10.03, 8: 11.0}], 7) == (2, 10.03)
    count, moment = last_told([{}], 7)
    assert count == 0
    assert math.isnan(moment)


def test_the_figures_hold_the_goals():
    """As issue 4 names them."""
    found = figures([KILL], [asked(9.99, 10.004), asked(10.03, 10.04, admitted=False)], [{7: 10.01}, {7: 10.03}])
    assert found["last_watcher_ms"]["p99"] == pytest.approx(30, abs=0.01)
    assert found["last_admission_ms"]["p50"] == pytest.approx(4, abs=0.01)
    assert (found["admitted_after_return"], found["asked_after_return"]) == (0, 1)
    assert found["reached"] == {"last_watcher": True, "last_admission": True, "admitted_after_return": True}


def test_a_goal_that_is_missed_is_not_reached():
    """Too late a watcher, and an admission after the return."""
    found = figures([KILL], [asked(10.03, 10.08)], [{7: 10.01}, {7: 10.0501}])
    assert found["reached"] == {"last_watcher": False, "last_admission": False, "admitted_after_return": False}


def test_a_watcher_that_was_never_told_is_no_figure():
    """Whoever missed an order would make the last one look early."""
    with pytest.raises(ValueError, match=r"orders \[7\]"):
        figures([KILL], [], [{7: 10.01}, {}])


def test_every_scope_names_something_of_the_subject():
    """An order on it is one that the service knows, and no two kills share a subject."""
    values = {scope: SUBJECT.named(scope) for scope in SCOPES}
    assert values["instance"] == "bench-1/run-1"
    assert set(values) <= {s.value for s in Scope}
    assert len(set(values.values())) == len(SCOPES)


def test_the_question_is_about_the_subject():
    """Session, agent, instance and principal are its own, so that any kill of it speaks against the question."""
    made = question(SUBJECT, "Show the invoices of account 1")
    assert (made.session_id, made.agent.id, made.agent.instance) == ("s-1", "bench-1", "run-1")
    assert made.principal.id == "p-1"
    assert len(GRANTING) == 2
