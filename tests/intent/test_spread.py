"""A distance that does not count how exemplars of one intent differ among themselves."""

from __future__ import annotations

import numpy as np
import pytest

from pdp.intent.index import ExemplarIndex
from pdp.intent.spread import FEWEST, MOST_EXEMPLARS, Spread
from pdp.types import Exemplar, Position

HERE = Position("a.yaml", 1, 1)
WIDTH, INTENTS, EACH = 16, 8, 12


def made(noise: float = 1.0):
    """Intents that differ in the last half of the directions and vary among themselves in the first."""
    chance = np.random.default_rng(7)
    middles = np.concatenate([np.zeros((INTENTS, WIDTH // 2)), chance.normal(size=(INTENTS, WIDTH // 2)) * 0.3], axis=1)
    wide = np.concatenate([np.full(WIDTH // 2, noise), np.full(WIDTH // 2, 0.1)])

    def draw(count: int):
        rows = middles[:, None] + chance.normal(size=(INTENTS, count, WIDTH)) * wide
        return (rows / np.linalg.norm(rows, axis=2, keepdims=True)).astype(np.float32)

    return draw(EACH), draw(40)


def spread_of(known):
    first = np.arange(INTENTS, dtype=np.intp) * EACH
    return Spread.of(known.reshape(-1, WIDTH), first, np.full(INTENTS, EACH, np.intp))


def test_intents_are_told_apart_where_they_differ():
    """What varies within every intent does not hide what tells them apart."""
    known, asked = made()
    spread = spread_of(known)
    every = np.arange(INTENTS, dtype=np.intp)
    middles = known.mean(axis=1)
    middles /= np.linalg.norm(middles, axis=1, keepdims=True)
    plain = np.mean([(asked[i] @ middles.T).argmax(1) == i for i in range(INTENTS)])
    turned = np.mean([[spread.nearness(v, every).argmax() == i for v in asked[i]] for i in range(INTENTS)])
    assert turned > plain + 0.2


def test_few_exemplars_tell_nothing_of_their_spread():
    """Below twice as many exemplars as dimensions, and beyond what fits, the plain order stays."""
    known, _ = made()
    rows = known.reshape(-1, WIDTH)
    few = np.array([FEWEST * WIDTH // 2 - 1, FEWEST * WIDTH // 2], np.intp)
    assert Spread.of(rows, np.array([0, few[0]], np.intp), few) is None
    one = np.array([len(rows)], np.intp)
    assert Spread.of(rows, np.array([0], np.intp), one) is None
    many = np.full((MOST_EXEMPLARS + 2, 2), 0.5, np.float32)
    half = len(many) // 2
    assert Spread.of(many, np.array([0, half], np.intp), np.array([half, half], np.intp)) is None


def test_intents_that_are_all_the_same_are_no_error():
    """A covariance of nothing is shrunk to something that can be inverted."""
    rows = np.tile(np.eye(4, dtype=np.float32)[:1], (16, 1))
    spread = Spread.of(rows, np.array([0, 8], np.intp), np.array([8, 8], np.intp))
    assert np.isfinite(spread.nearness(rows[0], np.array([0, 1], np.intp))).all()


@pytest.mark.parametrize("columns", [[0], [3, 1], list(range(INTENTS))])
def test_the_order_of_an_index_uses_it(columns):
    """A ranking is of the columns asked for, in their order; some may have no exemplar at all."""
    known, asked = made()
    texts = {f"{i}-{n}": known[i, n] for i in range(INTENTS) for n in range(EACH)}
    intents = [(str(i), [Exemplar(f"{i}-{n}", HERE) for n in range(EACH)], []) for i in range(INTENTS)]
    index = ExemplarIndex.build([*intents, ("none", [], [])], lambda names: np.stack([texts[n] for n in names]))
    every = index.ranking(asked[3, 0], np.arange(INTENTS + 1, dtype=np.intp))
    assert np.allclose(index.ranking(asked[3, 0], np.array(columns, np.intp)), every[columns], atol=1e-6)
    assert every.shape == (INTENTS + 1,)
