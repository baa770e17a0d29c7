"""What is killed is found, whatever else happens, until it is lifted or expires."""

from __future__ import annotations

import itertools
import time
import timeit
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.revocation.table import Op, Order, RevocationTable, Scope, Subjects
from tests.effort import allocated, calls
from tests.revocation.orders import ABOUT, NOW, SUBJECTS, drawn, order

EMPTY = RevocationTable()
orders = st.lists(drawn(), max_size=30).map(lambda some: [replace(o, sequence=n) for n, o in enumerate(some, 1)])


def about(*given: Order) -> RevocationTable:
    return EMPTY.apply_all(given)


def slot(one: Order) -> tuple[Scope, str]:
    return one.scope, one.value


@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize("op", [Op.KILL, Op.QUARANTINE])
def test_every_scope_is_found(scope: Scope, op: Op) -> None:
    """And nothing else than the subject named; lifting ends it."""
    given = order(1, op, scope)
    table = about(given)
    assert table.find(SUBJECTS, NOW) is given
    other = Subjects("x", "x", "x", "x", "x", "x", "x", "x", "x", "x", ("x",))
    assert (table.find(other, NOW) is None) == (scope is not Scope.EVERYTHING)
    assert table.apply(order(2, Op.LIFT, scope)).find(SUBJECTS, NOW) is None


@pytest.mark.parametrize("scope", [s for s in Scope if s is not Scope.EVERYTHING])
def test_what_is_not_known_is_not_about_an_order(scope: Scope) -> None:
    assert about(order(scope=scope)).find(Subjects(), NOW) is None


def test_everything_speaks_against_those_of_whom_nothing_is_known() -> None:
    assert about(order(scope=Scope.EVERYTHING)).find(Subjects(), NOW)


@given(orders, st.sampled_from(list(Scope)), orders)
def test_a_killed_subject_is_found_whatever_else_happens(before: list[Order], scope: Scope, after: list[Order]) -> None:
    """Only a lift of exactly that scope and value ends a kill."""
    kill = order(scope=scope)
    rest = [o for o in after if not (o.op is Op.LIFT and slot(o) == slot(kill))]
    found = about(*before, kill, *rest).find(SUBJECTS, NOW)
    assert found is not None
    assert found.op is Op.KILL


@given(orders, st.sampled_from(list(Scope)), st.sampled_from([Op.KILL, Op.QUARANTINE]))
def test_a_lift_undoes(before: list[Order], scope: Scope, op: Op) -> None:
    """Afterwards all is as if there never had been an order on that scope and value."""
    mine = order(1, op, scope)
    with_it = about(*before, mine, order(2, Op.LIFT, scope))
    without = about(*(o for o in before if slot(o) != slot(mine)))
    assert set(with_it.active(NOW)) == set(without.active(NOW))
    assert (with_it.find(SUBJECTS, NOW) is None) == (without.find(SUBJECTS, NOW) is None)


@given(orders, st.randoms(use_true_random=False))
def test_the_order_of_unrelated_orders_is_irrelevant(given: list[Order], random) -> None:
    """Orders on one thing keep their order; how they lie between those on others is all the same."""
    queues = {k: list(g) for k, g in itertools.groupby(sorted(given, key=lambda o: (o.scope.value, o.value)), slot)}
    mixed: list[Order] = []
    while queues:
        chosen = random.choice(sorted(queues, key=str))
        mixed.append(queues[chosen].pop(0))
        if not queues[chosen]:
            del queues[chosen]
    one, other = about(*given), about(*mixed)
    assert one.active(NOW) == other.active(NOW)
    assert one.sequence == other.sequence
    found = [t.find(SUBJECTS, NOW) for t in (one, other)]
    assert (found[0] and found[0].op) == (found[1] and found[1].op)


@given(orders)
def test_one_by_one_or_all_at_once(given: list[Order]) -> None:
    """Both give the same, and a table that was given out never changes."""
    tables = [EMPTY]
    for one in given:
        tables.append(tables[-1].apply(one))
    assert tables[-1].active(NOW) == about(*given).active(NOW)
    assert all(table.active(NOW) == about(*given[:n]).active(NOW) for n, table in enumerate(tables))
    assert [t.sequence for t in tables] == list(range(len(given) + 1))


@given(orders)
def test_a_snapshot_tells_all(given: list[Order]) -> None:
    """From what is active the table can be made again."""
    table = about(*given)
    again = RevocationTable.of(table.active(NOW), table.sequence)
    assert again.active(NOW) == table.active(NOW)
    assert again.sequence == table.sequence
    for later in (NOW, NOW + 10, NOW + 100):
        found = [t.find(SUBJECTS, later) for t in (table, again)]
        assert (found[0] and found[0].op) == (found[1] and found[1].op)


@given(orders)
def test_find_and_active_agree(given: list[Order]) -> None:
    """What is found is active, and is a kill exactly when an active kill is about the subjects."""
    table = about(*given)
    found, active = table.find(SUBJECTS, NOW), table.active(NOW)
    mine = [
        o
        for o in active
        if o.value == ABOUT[o.scope]
        or (o.scope is Scope.TARGET and o.value in {"table/billing.*", "table/b?lling.invoices"})
    ]
    assert (found is None) == (not mine)
    if found:
        assert found in mine
        assert (found.op is Op.KILL) == any(o.op is Op.KILL for o in mine)


@given(st.floats(NOW - 10, NOW + 10), st.floats(NOW - 20, NOW + 20))
def test_an_order_ends_when_it_says(until: float, now: float) -> None:
    """In force before that moment, and not from it on."""
    table = about(order(until=until, time=NOW - 50))
    assert (table.find(SUBJECTS, now) is not None) == (now < until) == bool(table.active(now))


def test_a_time_that_is_no_number_ends_nothing() -> None:
    assert about(order(until=NOW)).find(SUBJECTS, float("nan"))


def test_a_kill_beats_a_quarantine() -> None:
    """Even when the quarantine is about everything; when the kill ends first the quarantine stays."""
    table = about(order(1, Op.QUARANTINE, Scope.EVERYTHING), order(2, Op.KILL, until=NOW + 5))
    assert [o and o.op for o in (table.find(SUBJECTS, NOW), table.find(SUBJECTS, NOW + 5))] == [Op.KILL, Op.QUARANTINE]
    same = about(order(1, Op.KILL, until=NOW + 5), order(2, Op.QUARANTINE))
    assert [o and o.op for o in (same.find(SUBJECTS, NOW), same.find(SUBJECTS, NOW + 5))] == [Op.KILL, Op.QUARANTINE]


def test_everything_is_told_first() -> None:
    table = about(order(1), order(2, scope=Scope.EVERYTHING))
    found = table.find(SUBJECTS, NOW)
    assert found
    assert found.scope is Scope.EVERYTHING


def test_lifting_everything_ends_only_the_order_on_everything() -> None:
    table = about(order(1), order(2, scope=Scope.EVERYTHING), order(3, Op.LIFT, Scope.EVERYTHING))
    assert table.find(SUBJECTS, NOW) == order(1)


def test_the_same_kill_twice_changes_only_the_sequence() -> None:
    """Reason and giver stay those of the first."""
    table = about(order(1), order(7, reason="again"))
    assert table.active(NOW) == (order(1),)
    assert table.sequence == 7


@pytest.mark.parametrize(
    "first, second, longest", [(5, 9, 9), (9, 5, 9), (None, 5, None), (5, None, None), (5, 5, 5), (None, None, None)]
)
def test_the_later_end_wins(first: int | None, second: int | None, longest: int | None) -> None:
    untils = [None if n is None else NOW + n for n in (first, second, longest)]
    (held,) = about(order(1, until=untils[0]), order(2, until=untils[1], reason="again")).active(NOW)
    assert (held.until, held.reason, held.sequence) == (untils[2], "it misbehaved", 1)


def test_a_kill_after_the_end_of_another_is_its_own() -> None:
    (held,) = about(order(1, until=NOW, time=NOW - 9), order(2, until=NOW + 9, time=NOW + 1, reason="again")).active(
        NOW
    )
    assert (held.reason, held.sequence) == ("again", 2)


@pytest.mark.parametrize(
    "pattern, name, fits",
    [
        ("table/*", "billing.invoices", True),
        ("table/billing.*", "billing.invoices", True),
        ("table/billing.*", "billing/a/b", False),
        ("table/*.invoices", "billing.invoices", True),
        ("table/*.invoices", "billing.invoices2", False),
        ("table/b?lling.*", "billing.x", True),
        ("table/?", "", False),
        ("table/*", "", True),
        ("table/*", "a/b\nc", True),
        ("table/x[12]*", "x1", False),
        ("table/x[12]*", "x[12]3", True),
        ("table/x[12]", "x[12]", True),
        ("table/Billing*", "billing", False),
        ("host/*", "billing", False),
        ("table/a*b", "a*b", True),
    ],
)
def test_names_of_targets_may_be_patterns(pattern: str, name: str, fits: bool) -> None:
    """As in bundles: a star is any run of characters, a question mark one, and nothing else is special."""
    table = about(order(scope=Scope.TARGET, value=pattern))
    subjects = Subjects(target_kind="table", target_name=name)
    assert (table.find(subjects, NOW) is not None) == fits
    assert table.apply(order(2, Op.LIFT, Scope.TARGET, pattern)).find(subjects, NOW) is None


def test_a_pattern_cannot_run_away() -> None:
    """No name makes a pattern with many stars slow."""
    table = about(order(scope=Scope.TARGET, value="table/" + "*a" * 30 + "*b"))
    subjects = Subjects(target_kind="table", target_name="a" * 1_000)
    assert timeit.timeit(lambda: table.find(subjects, NOW), timer=time.process_time, number=1) < 1


def many(count: int) -> RevocationTable:
    """Orders of every scope, among them a thousand patterns."""
    scopes = [s for s in Scope if s is not Scope.EVERYTHING]
    return about(
        *(
            order(n, scope=(scope := scopes[n % 10]), value=f"x/tenant-{n}-*" if scope is Scope.TARGET else f"x/{n}")
            for n in range(1, count + 1)
        )
    )


@pytest.mark.parametrize("count, most", [(0, 10), (100, 150), (10_000, 150)])
def test_finding_costs_little(count: int, most: int) -> None:
    """Next to nothing when nothing is killed, and no more with 10,000 orders than with 100."""
    table = many(count)
    assert calls(lambda: table.find(SUBJECTS, NOW)) < most


def test_an_order_costs_little_however_many_there_are() -> None:
    """It does not copy all the others each time."""
    table = many(20_000)

    def give() -> None:
        nonlocal table
        table = table.apply(order(table.sequence + 1, value=f"a-{table.sequence}"))

    assert allocated(give) < 4_000
    assert len(table.active(NOW)) == 20_002
