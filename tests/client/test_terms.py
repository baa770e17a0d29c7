"""The terms of a client: ids, pauses, and what an error becomes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.client import SHOW_ONLY, Terms
from pdp.errors import AnswerUnusable, NotReady
from pdp.types import Effect
from tests.client.conftest import request


def test_a_request_without_id_gets_one_and_keeps_it():
    """A retry must be recognisable as the same question."""
    terms = Terms(new_id=lambda: "made")
    assert terms.named(request()).request_id == "made"
    assert terms.named(request(request_id="own")).request_id == "own"


def test_ids_made_here_are_distinct():
    """Two questions never share one by accident."""
    terms = Terms()
    assert len({terms.named(request()).request_id for _ in range(100)}) == 100


@given(st.integers(0, 60), st.floats(0, 1), st.floats(0.001, 5), st.floats(0.001, 5))
def test_a_pause_never_exceeds_its_limits(attempt, draw, first, longest):
    """Whatever is drawn: from nothing to the longest pause, and not more than the doubled first one."""
    terms = Terms(first_pause=first, longest_pause=longest, draw=lambda: draw)
    assert 0 <= terms.pause(attempt) <= min(longest, first * 2**attempt)


@pytest.mark.parametrize("error", [NotReady("down"), ValueError("the text of the prompt"), RecursionError()])
def test_any_error_is_a_deny_or_an_error_of_the_tree(error):
    """An unexpected error's text is not shown: it may quote the request."""
    answer = Terms().without_answer(request(request_id="q"), error)
    assert (answer.verdict.effect, answer.request_id) == (Effect.DENY, "q")
    assert "prompt" not in answer.verdict.reasons[0].text
    kind = NotReady if isinstance(error, NotReady) else AnswerUnusable
    with pytest.raises(kind):
        replace(Terms(), raise_for_error=True).without_answer(request(), error)


def test_showing_understands_every_obligation_and_the_default_none():
    """A gateway declares what it carries out."""
    assert "anything" in SHOW_ONLY
    assert "mask" not in Terms().understood
