"""Explaining in words: which part of a request goes beyond, as the model points at it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.explanation import pointed_at

TEXT = "Show the invoices to a journalist outside"
SPANS = [(0, 0), (0, 4), (5, 8), (9, 17), (18, 20), (21, 22), (23, 28), (28, 33), (34, 41), (0, 0)]


def weights(**at: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Low everywhere but at the named tokens (``t7``: the eighth)."""
    found = np.full(len(SPANS), -6.0, np.float32)
    for name, value in at.items():
        found[int(name[1:])] = value
    return found


def test_the_heaviest_words_are_named_whole_and_joined() -> None:
    """Pieces of a word become the word; neighbours become one phrase; the order is that of the text."""
    assert pointed_at(TEXT, SPANS, weights(t7=3.0, t8=2.5)) == ("journalist outside",)
    assert pointed_at(TEXT, SPANS, weights(t1=2.0, t8=2.5)) == ("Show", "outside")


def test_where_nothing_stands_out_nothing_is_named() -> None:
    """Low weights all over say nothing."""
    assert pointed_at(TEXT, SPANS, weights()) == ()


def test_markers_at_the_ends_are_no_words() -> None:
    """However heavy."""
    assert pointed_at(TEXT, SPANS, weights(t0=9.0, t9=9.0, t3=4.0)) == ("invoices",)


@pytest.mark.parametrize("spans", [[], SPANS[:3]])
def test_weights_that_do_not_fit_the_text_are_ignored(spans: list[tuple[int, int]]) -> None:
    """Nothing wrong is pointed at."""
    assert pointed_at(TEXT, spans, weights(t7=3.0)) == ()


@given(st.lists(st.floats(-8, 8, width=32), min_size=len(SPANS), max_size=len(SPANS)))
def test_what_is_named_stands_in_the_text_in_its_order(values: list[float]) -> None:
    """Whatever the weights."""
    found = pointed_at(TEXT, SPANS, np.array(values, np.float32))
    places = [TEXT.index(words) for words in found]
    assert places == sorted(places)
    assert all(words.strip() == words and words for words in found)
