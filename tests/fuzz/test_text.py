"""Long runs over text: reading, clauses and authority are total, stable and quick."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.intent.authority import beyond, declined, profile, read_authority
from pdp.intent.text import TextLimits, read
from tests.intent.drawn import outcome, utterances

pytestmark = pytest.mark.fuzz

WIDE = TextLimits(characters=100_000, clauses=100_000)
GRANTED = profile(["Show me the invoices of a customer", "Send a reminder to a customer"], ["read_invoice"])
anything = (
    utterances | st.text(max_size=400) | st.lists(st.sampled_from("a1 @$.'\"`<#[%\\x&;:-\n"), max_size=300).map("".join)
)


@given(anything)
def test_any_text_is_read_stably_or_refused_clearly(text: str) -> None:
    """A reading is stable and loses nothing; every failure is an InvalidRequest on the utterance."""
    once = outcome(text, WIDE)
    if isinstance(once, str):
        assert once == "utterance"
        return
    again = read(once.canonical, WIDE)
    assert (again.canonical, again.clauses) == (once.canonical, once.clauses)
    assert "".join("".join(once.clauses).split()) == "".join(once.canonical.split())


@given(anything)
def test_any_clause_has_an_authority(clause: str) -> None:
    """Reading authority never fails, and what asks for nothing goes beyond nothing but a reach or a secret."""
    authority = read_authority(clause)
    excess = beyond(authority, GRANTED)
    if authority.asks_nothing:
        assert not [e.phrase for e in excess if e.phrase.startswith(("wants other", "goes to", "serves"))]
    assert str(authority)
    assert set(declined([authority], GRANTED)) <= {verb.lemma for verb in authority.declines}


@given(
    st.text(st.sampled_from("a1@$.'\"`<#[%\\&;:-!? \n"), min_size=1, max_size=5),
    st.sampled_from(["", "-", "!", "=.eyJ"]),
)
def test_no_text_takes_long(unit: str, end: str) -> None:
    """A text at the limit, however repetitive, is read within a second even on a busy machine."""
    text = (unit * 4000)[:3990] + end
    begun = time.perf_counter()
    read_authority(text)
    read(text, WIDE)
    assert time.perf_counter() - begun < 1
