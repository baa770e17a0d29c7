"""A gateway lets nothing run that is killed, and nothing at all once it cannot know."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.client.feed import RevocationFeed
from pdp.revocation.events import Delta, Event, Heartbeat, Snapshot
from pdp.revocation.order import FEED_STALE
from pdp.revocation.table import Op, Order, RevocationTable, Scope, Subjects
from tests.revocation.orders import NOW, SUBJECTS, drawn, order

OTHER = Subjects(agent="other")


class Clock:
    """A clock that is set by hand; where it begins means nothing."""

    def __init__(self) -> None:
        self.now = 5_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def feed(clock: Clock) -> RevocationFeed:
    return RevocationFeed(3.0, clock)


def snapshot(sequence: int, *orders: Order, time: float = NOW) -> Snapshot:
    return Snapshot(sequence, time, orders)


def delta(one: Order) -> Delta:
    return Delta(one.sequence, NOW, one)


def cause(feed: RevocationFeed, subjects: Subjects = SUBJECTS) -> str:
    found = feed.find(subjects)
    return found.cause if found else ""


def test_before_anything_was_heard_everything_is_killed(feed: RevocationFeed) -> None:
    """A heartbeat or an order is not enough: only a snapshot tells everything."""
    assert cause(feed) == FEED_STALE
    assert not feed.take(Heartbeat(0, NOW))
    assert not feed.take(delta(order(1)))
    found = feed.find(OTHER)
    assert found
    assert (found.op, found.scope, found.reason) == (Op.KILL, Scope.EVERYTHING, "nothing was heard yet")
    assert feed.take(snapshot(7))
    assert (cause(feed), feed.sequence, feed.stale) == ("", 7, "")


def test_orders_are_in_force_at_once(feed: RevocationFeed) -> None:
    feed.take(snapshot(7, order(3, scope=Scope.SESSION)))
    assert feed.find(SUBJECTS) == order(3, scope=Scope.SESSION)
    assert feed.take(delta(order(8, Op.LIFT, Scope.SESSION)))
    assert feed.find(SUBJECTS) is None
    assert feed.take(delta(order(9, Op.QUARANTINE)))
    assert feed.find(SUBJECTS) == order(9, Op.QUARANTINE)
    assert feed.sequence == 9


def test_silence_kills_everything_until_something_is_heard(feed: RevocationFeed, clock: Clock) -> None:
    feed.take(snapshot(7))
    clock.now += 2.99
    assert cause(feed, OTHER) == ""
    feed.take(Heartbeat(7, NOW + 2.99))
    clock.now += 2.99
    assert cause(feed, OTHER) == ""
    clock.now += 0.02
    assert cause(feed, OTHER) == FEED_STALE
    assert feed.stale == "nothing was heard for 3 seconds"
    assert feed.take(Heartbeat(7, NOW + 6))
    assert cause(feed, OTHER) == ""


def test_a_clock_that_goes_back_is_not_trusted(feed: RevocationFeed, clock: Clock) -> None:
    feed.take(snapshot(7))
    clock.now -= 1
    assert cause(feed, OTHER) == FEED_STALE


@pytest.mark.parametrize("missed", [delta(order(9, value="x")), Heartbeat(8, NOW), Heartbeat(6, NOW), snapshot(6)])
def test_a_gap_kills_everything_until_the_next_snapshot(feed: RevocationFeed, missed: Event) -> None:
    """An order may be about anything; a server that went back has lost some."""
    feed.take(snapshot(7))
    assert not feed.take(missed)
    assert cause(feed, OTHER) == FEED_STALE
    assert not feed.take(delta(order(8, value="x")))
    assert not feed.take(Heartbeat(8, NOW))
    assert cause(feed, OTHER) == FEED_STALE
    assert feed.take(snapshot(9))
    assert cause(feed, OTHER) == ""


def test_an_order_told_twice_counts_once(feed: RevocationFeed) -> None:
    """It may have been lifted meanwhile."""
    for event in (snapshot(7), delta(order(8)), delta(order(9, Op.LIFT)), delta(order(8))):
        assert feed.take(event)
    assert (cause(feed), feed.sequence) == ("", 9)


def test_an_order_under_another_sequence_is_a_gap(feed: RevocationFeed) -> None:
    feed.take(snapshot(7))
    assert not feed.take(Delta(8, NOW, order(9)))


def test_orders_end_by_the_clock_of_the_server(feed: RevocationFeed, clock: Clock) -> None:
    """A gateway's own may be hours off; what passes between events is counted."""
    feed.take(snapshot(1, order(1, until=NOW + 5), time=NOW))
    clock.now += 2
    feed.take(Heartbeat(1, NOW + 2))
    clock.now += 2.9
    assert cause(feed) == "operator-action"
    feed.take(Heartbeat(1, NOW + 4.9))
    clock.now += 0.2
    assert cause(feed) == ""


@given(st.lists(drawn(), max_size=20), st.integers(0, 20))
def test_a_feed_knows_what_the_server_knows(some: list[Order], joined: int) -> None:
    """Whenever it joins."""
    orders = [replace(o, sequence=n) for n, o in enumerate(some, 1)]
    before = RevocationTable().apply_all(orders[:joined])
    feed, whole = RevocationFeed(3.0, Clock()), RevocationTable().apply_all(orders)
    feed.take(Snapshot(before.sequence, NOW, before.active(NOW)))
    for one in orders[joined:]:
        assert feed.take(delta(one))
    found, there = feed.find(SUBJECTS), whole.find(SUBJECTS, NOW)
    assert (found and found.op) == (there and there.op)
    assert feed.sequence == whole.sequence


heard_or_waited = st.one_of(
    st.integers(0, 4).map(snapshot),
    st.integers(1, 4).map(lambda n: delta(order(n, value=str(n)))),
    st.integers(0, 4).map(lambda n: Heartbeat(n, NOW)),
    st.floats(0, 4),
)


@given(st.lists(heard_or_waited))
def test_whatever_is_heard_nothing_runs_on_guesses(events: list[Event | float]) -> None:
    """Something is let through only after a snapshot, within the limit, with every order since."""
    clock = Clock()
    feed = RevocationFeed(3.0, clock)
    known, heard = None, 0.0
    for event in events:
        if isinstance(event, float):
            clock.now += event
            continue
        feed.take(event)
        heard = clock.now
        if isinstance(event, Snapshot):
            known = event.sequence if event.sequence >= feed.sequence else None
        elif known is not None and isinstance(event, Delta) and event.sequence == known + 1:
            known += 1
        elif (
            known is not None and event.sequence != known and not (isinstance(event, Delta) and event.sequence < known)
        ):
            known = None
        assert (known is not None) == (not feed.stale)
    through = cause(feed, OTHER) == ""
    assert through == (known is not None and clock.now - heard < 3.0)


def test_many_threads_may_ask_and_tell(feed: RevocationFeed) -> None:
    """Nobody ever sees the kill missing while it is moved about."""
    feed.take(snapshot(0))
    feed.take(delta(order(1)))
    missing: list[int] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            if cause(feed) != "operator-action":
                missing.append(feed.sequence)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for n in range(2, 600):
        feed.take(delta(order(n, value=f"a{n}")))
        if n % 100 == 0:
            feed.take(snapshot(n, order(1)))
    done.set()
    for thread in threads:
        thread.join()
    assert missing == []
