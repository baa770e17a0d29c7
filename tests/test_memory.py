"""What is remembered never changes an answer."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from pdp import engine
from pdp.evidence import Evidence
from pdp.intent.text import Reading, TextLimits, read
from pdp.matching import Asked, match
from pdp.memory import Memory, Recent, matching_key
from pdp.types import Action
from tests.builders import intent, request, snapshot_of
from tests.conftest import WordEncoder

WORDS = WordEncoder()
TWO = (intent(), intent("list-orders", ("List the orders of a shop",)))
SNAPSHOT = snapshot_of(WORDS, TWO)


def asked_of(text: str = "Read the unpaid invoices of a customer") -> tuple[Asked, Reading]:
    asked = engine.admit(request(text), SNAPSHOT)
    assert isinstance(asked, Asked)
    return asked, read(text, TextLimits())


def test_the_key_holds_everything_a_matching_depends_on() -> None:
    """Another revision, encoder, text, finding, clause, call or set of intents is another key (invariant 11)."""
    asked, reading = asked_of()
    others = [
        (asked, reading, replace(SNAPSHOT, encoder="sha256:other")),
        (asked, reading, replace(SNAPSHOT, bundle=replace(SNAPSHOT.bundle, revision="sha256:other"))),
        (asked, replace(reading, canonical="x"), SNAPSHOT),
        (asked, replace(reading, findings=("mixed_script",)), SNAPSHOT),
        (asked, replace(reading, clauses=("a", "b")), SNAPSHOT),
        (replace(asked, admitted=asked.admitted[:1]), reading, SNAPSHOT),
        (replace(asked, usable=asked.usable[1:]), reading, SNAPSHOT),
        (replace(asked, request=replace(asked.request, action=Action("drop"))), reading, SNAPSHOT),
    ]
    keys = {matching_key(*o) for o in others} | {matching_key(asked, reading, SNAPSHOT)}
    assert len(keys) == len(others) + 1


@given(st.lists(st.text(max_size=5), min_size=1, max_size=4), st.lists(st.text(max_size=5), min_size=1, max_size=4))
def test_parts_never_run_together(first: list[str], second: list[str]) -> None:
    """Lengths keep the parts of a key apart: other clauses, other key."""
    asked, reading = asked_of()
    keys = [matching_key(asked, replace(reading, clauses=tuple(c)), SNAPSHOT) for c in (first, second)]
    assert (keys[0] == keys[1]) == (first == second)


def test_a_remembered_matching_is_the_one_that_would_be_found() -> None:
    """Recalling gives what matching again would give."""
    memory = Memory(10, TextLimits())
    asked, reading = asked_of()
    evidence = Evidence(SNAPSHOT, WORDS)
    key = matching_key(asked, reading, SNAPSHOT)
    assert memory.recall(key) is None
    memory.keep(key, match(asked, reading, evidence, SNAPSHOT))
    assert memory.recall(key) == match(asked, reading, Evidence(SNAPSHOT, WORDS), SNAPSHOT)


@given(st.lists(st.binary(max_size=1), max_size=30))
def test_memory_is_bounded_and_keeps_the_latest(keys: list[bytes]) -> None:
    """Never more than the capacity, and the newest are there."""
    recent: Recent[bytes] = Recent(3)
    for key in keys:
        recent.put(key, b"v" + key)
    latest = list(dict.fromkeys(reversed(keys)))
    assert [recent.get(k) for k in latest[:3]] == [b"v" + k for k in latest[:3]]
    assert all(recent.get(k) is None for k in latest[3:])


def test_long_texts_are_read_but_not_remembered() -> None:
    """A flood of long texts cannot fill the memory."""
    memory = Memory(10, TextLimits())
    text = "read the invoices " * 150
    assert memory.read(text) is not memory.read(text)
    assert memory.read("read it") is memory.read("read it")
