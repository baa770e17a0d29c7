"""What a session counts: never less than happened, whatever the order, and always within its bounds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.scoring import Risk
from pdp.session.authority import LiveGrant, added, breadth, total
from pdp.session.facts import session_facts, session_numbers
from pdp.session.state import (
    MOST_COUNT,
    MOST_GRANTS,
    MOST_INTENTS,
    MOST_TARGETS,
    SessionState,
    Step,
    advance,
    consumed,
    ended,
    live_authority,
    over,
    reported,
)
from pdp.session.stored import to_bytes
from pdp.types import Access, Effect, Target
from tests.session.drawn import NOW, fresh, grants, sessions, steps

MAY_FALL = {"live_authority", "drift", "denials_in_a_row"}


def granted(name: str = "t", access: Access = Access.READ, risk: Risk = Risk.READ, **changes: object) -> Step:
    return replace(Step(Effect.ALLOW, risk, access, Target("table", name)), **changes)


def after(*taken: Step) -> SessionState:
    state = fresh()
    for step in taken:
        state = advance(state, step, NOW)
    return state


@given(sessions(), steps())
def test_nothing_counted_is_ever_taken_back(state: SessionState, step: Step) -> None:
    """But for what is of the moment: live authority, drift, denials in a row."""
    before, now = (session_numbers(s, NOW) for s in (state, advance(state, step, NOW)))
    assert all(now[name] >= before[name] for name in before.keys() - MAY_FALL)
    assert advance(state, step, NOW).version == state.version + 1


@given(sessions(), steps())
def test_a_decision_is_counted_once_under_its_effect_and_its_risk(state: SessionState, step: Step) -> None:
    """Decisions are the sum of the effects; what is granted is the sum of the risks."""
    found = session_numbers(advance(state, step, NOW), NOW)
    assert found["decisions"] == session_numbers(state, NOW)["decisions"] + 1
    assert found["allowed"] + found["narrowed"] == found["reads"] + found["changes"] + found["criticals"]
    assert found["allowed"] + found["narrowed"] + found["denied"] == found["decisions"]


@given(sessions(), st.floats(0, 1000), st.floats(0, 1000))
def test_live_authority_falls_with_time_and_is_never_negative(state: SessionState, first: float, more: float) -> None:
    """And it is gone when the last grant is."""
    assert live_authority(state, NOW + first) >= live_authority(state, NOW + first + more) >= 0
    assert live_authority(state, NOW + 301) == 0
    assert session_numbers(state, NOW)["peak_authority"] >= live_authority(state, NOW)


@given(st.lists(grants, max_size=30), st.integers(1, 8), st.floats(0, 300))
def test_adding_grants_up_never_makes_less_authority_of_them(given_: list[LiveGrant], most: int, later: float) -> None:
    """At the bound, now and at any later time."""
    kept: tuple[LiveGrant, ...] = ()
    for one in given_:
        kept = added(kept, one, NOW, most)
        assert len(kept) <= most + 0
    assert total(kept, NOW + later) >= total(given_, NOW + later) * (1 - 1e-9)


@given(sessions(), st.integers(-(10**30), 10**30), st.integers(-(10**30), 10**30))
def test_a_report_never_takes_anything_off(state: SessionState, rows: int, size: int) -> None:
    """Negative numbers count as none, and counts stop where a double is exact."""
    found = reported(state, rows, size).counters
    assert state.counters.rows <= found.rows <= MOST_COUNT
    assert state.counters.bytes <= found.bytes <= MOST_COUNT


@given(sessions(), st.sampled_from(["asked", "killed", ""]))
def test_an_end_is_final(state: SessionState, why: str) -> None:
    """No authority is left, and neither reason nor time changes afterwards."""
    done = ended(state, why, NOW + 9)
    assert over(done, NOW)
    assert live_authority(done, NOW) == 0
    assert ended(done, "again", NOW + 10) == done


def test_a_session_is_over_when_its_time_is() -> None:
    """The second it expires is outside."""
    assert over(fresh(), NOW + 899.9) == ""
    assert over(fresh(), NOW + 900) == "expired"


def test_targets_and_privileges_are_counted_once() -> None:
    """Two names, one kind and two accesses; a denied one was not granted."""
    state = after(
        granted("a"), granted("a"), granted("b"), granted("b", Access.WRITE), granted("c", effect=Effect.DENY)
    )
    found = session_numbers(state, NOW)
    assert (found["targets"], found["privileges"], found["denied"]) == (2, 2, 1)


def test_kind_and_name_do_not_run_together() -> None:
    """``ab`` and ``c`` are not ``a`` and ``bc``."""
    state = after(granted(target=Target("ab", "c")), granted(target=Target("a", "bc")))
    assert state.targets.count == 2


def test_beyond_the_bound_every_target_counts_as_new() -> None:
    """More than there were, never fewer; the size stays."""
    state = after(*(granted(str(n)) for n in range(MOST_TARGETS + 10)), granted("300"), granted("300"), granted("0"))
    assert state.targets.count == MOST_TARGETS + 12
    assert len(state.targets.seen) == MOST_TARGETS


def test_a_read_and_a_send_after_it_are_a_pair() -> None:
    """Sending first, or a denied read, makes none; what reads and sends at once is one."""
    send = granted(access=Access.EXECUTE, risk=Risk.CRITICAL, sends=True)
    read = granted()
    counts = {
        "send, read": after(send, read),
        "denied read, send": after(replace(read, effect=Effect.DENY), send),
        "read, send, send": after(read, send, send),
        "both at once": after(replace(read, sends=True)),
    }
    assert {k: s.counters.read_then_send for k, s in counts.items()} == {
        "send, read": 0, "denied read, send": 0, "read, send, send": 2, "both at once": 1,
    }  # fmt: skip


def test_denials_in_a_row_end_with_a_grant() -> None:
    """And only with one."""
    no = granted(effect=Effect.DENY)
    assert after(no, no, no).counters.denials_in_a_row == 3
    assert after(no, no, granted(effect=Effect.NARROW), no).counters.denials_in_a_row == 1


def test_a_used_grant_is_no_authority_any_more() -> None:
    """The others are; an unknown one changes nothing, nor does the name of those added up."""
    one, two = LiveGrant("one", NOW + 60, 3.0, 1.0), LiveGrant("two", NOW + 30, 1.0, 2.0)
    state = after(granted(grant=one), granted(grant=two))
    assert live_authority(state, NOW) == 60 * 3 + 30 * 2
    assert live_authority(state, NOW + 40) == 20 * 3
    assert live_authority(consumed(state, "one"), NOW) == 60
    assert consumed(state, "three") is state
    assert consumed(state, "") is state


def test_authority_is_told_by_a_rule_that_can_be_reckoned_by_hand() -> None:
    """One named target, once: 1. No name or a pattern: times 10. Endless reading: times 2. Each use: once more."""
    table, every, unnamed = (Target("table", n) for n in ("invoices", "inv*", " "))
    assert breadth(table, Risk.READ, 100) == 1
    assert breadth(table, Risk.READ, None) == 2
    assert breadth(table, Risk.CHANGE, None) == 1
    assert breadth(every, Risk.CRITICAL, None, uses=3) == 30
    assert breadth(unnamed, Risk.READ, None) == 20


def test_what_rules_see() -> None:
    """The whole of it, for one session."""
    grant = LiveGrant("g", NOW + 60, 1.0, 2.0)
    state = reported(after(granted(grant=grant, distance=1.0), granted(effect=Effect.DENY, distance=1.0)), 12, 3400)
    assert session_facts(state, NOW + 10.2) == {
        "task": "close-12", "intents": ("read-mail",), "age_seconds": 11, "decisions": 2, "allowed": 1, "narrowed": 0,
        "denied": 1, "denials_in_a_row": 1, "reads": 1, "changes": 0, "criticals": 0, "targets": 1, "privileges": 1,
        "live_authority": pytest.approx(99.6), "peak_authority": 120.0, "rows": 12, "bytes": 3400,
        "read_then_send": 0, "drift": 0.25,
    }  # fmt: skip
    assert "task" not in session_facts(fresh(task=""), NOW)


def test_a_state_stays_small() -> None:
    """Whatever happens in a session, it is written with every decision."""
    state = fresh(intents=tuple(f"{n:0128}" for n in range(MOST_INTENTS)))
    for n in range(1000):
        grant = LiveGrant(f"{n:036}", NOW + n, 3.0, 20.0)
        state = advance(state, granted(str(n), target=Target(str(n), str(n)), grant=grant, distance=0.123), NOW)
    assert len(state.grants) == MOST_GRANTS
    assert len(to_bytes(state)) < 40_000
    with pytest.raises(ValueError, match="at most 64"):
        fresh(intents=("i",) * (MOST_INTENTS + 1))
