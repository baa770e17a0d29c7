"""What a text borrows from exemplars is told from what it says itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.intent.borrowing import RUN, without_exemplars

EXEMPLAR = "Read the open bills of a firm"
OTHER = "Show what a customer owes us this year"
LOOK_ALIKE = "paint the garden fence green"


@given(st.lists(st.sampled_from("read the open bills of a firm and show them now".split()), max_size=14))
def test_borrowed_words_are_those_of_the_exemplars_and_the_rest_is_kept(said: list[str]) -> None:
    """Runs of four words or more that an exemplar has are taken out; every other word stays, in its order."""
    found = without_exemplars(" ".join(said), [EXEMPLAR])
    assert found.words <= len(said)
    assert (found.runs == 0) == (found.rest.split() == said)
    kept = iter(said)
    assert all(word in kept for word in found.rest.split())


@pytest.mark.parametrize(
    "text",
    [
        f"{EXEMPLAR}. {LOOK_ALIKE}",
        f"{LOOK_ALIKE}, that is how we {EXEMPLAR.lower()}",
        f"paint the garden (“{EXEMPLAR}”) fence green",
    ],
)
def test_a_whole_exemplar_is_seen_wherever_it_stands(text: str) -> None:
    """In front, behind and in the midst of a request, whatever its letter case and punctuation."""
    found = without_exemplars(text, [OTHER, EXEMPLAR])
    assert (found.runs, found.whole) == (1, 1)
    assert LOOK_ALIKE in found.rest.replace("  ", " ") or "that is how we" in found.rest


def test_a_word_put_into_an_exemplar_leaves_it_nearly_whole() -> None:
    """Nor does cutting off its first word: more than three quarters of it still stand there."""
    assert without_exemplars(f"the open bills of a firm. {LOOK_ALIKE}", [EXEMPLAR]).whole == 1


def test_exemplars_side_by_side_are_one_run_and_counted_each() -> None:
    """Nothing stands between them, so there is one rest; how many they are is told apart."""
    found = without_exemplars(f"{EXEMPLAR}. {OTHER}. {LOOK_ALIKE}", [EXEMPLAR, OTHER])
    assert (found.runs, found.whole, found.rest) == (1, 2, LOOK_ALIKE)


def test_a_few_words_in_common_are_not_borrowed() -> None:
    """Whoever speaks of the same thing uses some of the same words: fewer than a run of them say nothing."""
    found = without_exemplars("read the open letters of a firm", [EXEMPLAR])
    assert (found.runs, found.whole) == (0, 0)
    assert found.words > RUN
