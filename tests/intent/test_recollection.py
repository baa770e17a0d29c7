"""Memories of intents' texts: bounded, made once, failures not kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.errors import EncoderError
from pdp.intent.recollection import Recollection

CAPACITY = 20


class Maker:
    """Makes a memory as long as the text; counts; fails while ``broken``."""

    def __init__(self) -> None:
        self.made: list[tuple[str, int]] = []
        self.broken = False

    def __call__(self, text: str, role: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        if self.broken:
            raise EncoderError("broken")
        self.made.append((text, role))
        return np.full((2, len(text), 3), role, np.float32)


@given(st.lists(st.tuples(st.text("ab", min_size=1, max_size=12), st.integers(0, 1)), max_size=40))
def test_it_is_bounded_and_gives_what_would_be_made(asked: list[tuple[str, int]]) -> None:
    """Never more tokens than the capacity (one text may always stay), and never another text's memory."""
    kept = Recollection(Maker(), CAPACITY)
    for text, role in asked:
        memory = kept.get(text, role)
        assert memory.shape == (2, len(text), 3)
        assert (memory == role).all()
        assert kept.tokens <= max(CAPACITY, len(text))


def test_a_text_is_made_once_per_role() -> None:
    """A description and an exemplar of the same words are two memories."""
    maker = Maker()
    kept = Recollection(maker, CAPACITY)
    for _ in range(3):
        kept.get("a", 0)
        kept.get("a", 1)
    assert maker.made == [("a", 0), ("a", 1)]


def test_a_memory_cannot_be_changed_by_who_reads_it() -> None:
    """It is shared by all decisions."""
    with pytest.raises(ValueError, match="read-only"):
        Recollection(Maker(), CAPACITY).get("a", 1)[0] = 9


def test_a_failure_is_not_remembered() -> None:
    """The next one who asks gets a memory."""
    maker = Maker()
    kept = Recollection(maker, CAPACITY)
    maker.broken = True
    with pytest.raises(EncoderError):
        kept.get("a", 0)
    maker.broken = False
    assert kept.get("a", 0).shape == (2, 1, 3)


def test_threads_share_it() -> None:
    """Concurrent readers get whole memories, and the count of tokens stays right."""
    kept = Recollection(Maker(), CAPACITY)
    with ThreadPoolExecutor(8) as pool:
        lengths = list(pool.map(lambda n: kept.get("a" * (n % 7 + 1), 0).shape[1], range(400)))
    assert lengths == [n % 7 + 1 for n in range(400)]
    assert kept.tokens <= CAPACITY
