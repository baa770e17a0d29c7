"""Of very many intents a few are looked at: the nearest are among them, with their exact figures."""

from __future__ import annotations

import numpy as np
import pytest

from pdp.intent import cut
from pdp.intent.grid import products_at
from pdp.intent.index import ExemplarIndex
from pdp.types import Exemplar, Position

HERE = Position("a.yaml", 1, 1)
WIDTH, INTENTS, EACH, MOST = 32, 400, 6, 4


def made(seed: int = 1, intents: int = INTENTS, width: int = WIDTH):
    """An index of families of ten confusable siblings, and texts near some of its exemplars."""
    chance = np.random.default_rng(seed)
    families = np.repeat(chance.normal(size=(intents // 10 + 1, width)), 10, axis=0)[:intents]
    middles = families + 0.6 * chance.normal(size=(intents, width))
    rows = middles[:, None] + 0.8 * chance.normal(size=(intents, EACH, width))
    rows = (rows / np.linalg.norm(rows, axis=2, keepdims=True)).astype(np.float32)
    known = {f"{i}-{n}": rows[i, n] for i in range(intents) for n in range(EACH)}
    groups = [(str(i), [Exemplar(f"{i}-{n}", HERE) for n in range(EACH)], []) for i in range(intents)]
    texts = rows.reshape(-1, width)[chance.permutation(intents * EACH)[:60]]
    texts = texts + 0.1 * chance.normal(size=texts.shape)
    unit = (texts / np.linalg.norm(texts, axis=1, keepdims=True)).astype(np.float32)
    return ExemplarIndex.build(groups, lambda _: rows[0, :0], known), unit


@pytest.fixture(scope="module", params=[WIDTH, 2048], ids=["spread", "plain"])
def index(request):
    """With what exemplars tell of their spread, and with too many dimensions for it."""
    return made(width=request.param)


def nearest(index, text, columns):
    return columns[np.argsort(-index.ranking(text, columns), kind="stable")[:MOST]].tolist()


def test_the_nearest_are_kept_in_their_order(index):
    """Against the exact order of all."""
    held, texts = index
    every = np.arange(INTENTS, dtype=np.intp)
    for text in texts:
        looked, ranking = held.foremost(text, every, MOST)
        assert looked[np.argsort(-ranking, kind="stable")[:MOST]].tolist() == nearest(held, text, every)


def test_few_are_looked_at(index, monkeypatch):
    """What is compared with all of its exemplars is at most a fixed number, however many there are."""
    held, texts = index
    compared: list[int] = []
    best = ExemplarIndex._best

    def counted(self, vector, intents):
        compared.append(len(intents))
        return best(self, vector, intents)

    monkeypatch.setattr(ExemplarIndex, "_best", counted)
    for text in texts:
        compared.clear()
        looked, _ = held.foremost(text, np.arange(INTENTS, dtype=np.intp), MOST)
        assert len(looked) == sum(compared)
        assert sum(compared) in {cut.FIRST_LOOK, cut.MOST_LOOKED}


def test_only_the_admitted_are_looked_at(index):
    """A filter that leaves most of the bundle out, or nearly none, holds; the order is that of the filter."""
    held, texts = index
    for count in (cut.MOST_LOOKED + 1, INTENTS - 1):
        admitted = np.sort(np.random.default_rng(count).permutation(INTENTS)[:count]).astype(np.intp)
        for text in texts[:20]:
            looked, ranking = held.foremost(text, admitted, MOST)
            assert np.isin(looked, admitted).all()
            assert (np.diff(looked) > 0).all()
            assert looked[np.argsort(-ranking, kind="stable")[:MOST]].tolist() == nearest(held, text, admitted)


def test_figures_are_those_without_the_cut(index):
    """To the last bit: of what is looked at, whichever others are in question, and each time."""
    held, texts = index
    every = np.arange(INTENTS, dtype=np.intp)
    for text in texts[:20]:
        looked, ranking = held.foremost(text, every, MOST)
        assert ranking.tobytes() == held.ranking(text, looked).tobytes()
        assert ranking.tobytes() == held.ranking(text, every)[looked].tobytes()
        again, same = held.foremost(text.copy(), every, MOST)
        assert (again.tobytes(), same.tobytes()) == (looked.tobytes(), ranking.tobytes())


def test_all_of_few_are_looked_at():
    """Up to the most that are looked at anyway nothing is left out, in a small bundle or of a large one."""
    small, texts = made(intents=cut.MOST_LOOKED)
    large, _ = made()
    every = np.arange(cut.MOST_LOOKED, dtype=np.intp)
    for held in (small, large):
        looked, ranking = held.foremost(texts[0], every, MOST)
        assert np.array_equal(looked, every)
        assert ranking.tobytes() == held.ranking(texts[0], every).tobytes()


def test_an_exemplar_of_a_wide_intent_is_found_again():
    """A text that is an exemplar word for word is found though the intent's middle lies far from it."""
    chance = np.random.default_rng(3)
    rows = chance.normal(size=(INTENTS, EACH, 384))  # exemplars with nothing in common
    rows = (rows / np.linalg.norm(rows, axis=2, keepdims=True)).astype(np.float32)
    known = {f"{i}-{n}": rows[i, n] for i in range(INTENTS) for n in range(EACH)}
    groups = [(str(i), [Exemplar(f"{i}-{n}", HERE) for n in range(EACH)], []) for i in range(INTENTS)]
    held = ExemplarIndex.build(groups, lambda _: rows[0, :0], known)
    every = np.arange(INTENTS, dtype=np.intp)
    for owner in range(0, INTENTS, 7):
        assert owner in held.foremost(rows[owner, 0], every, MOST)[0]


def test_no_exemplar_is_nearer_than_the_bound():
    """The bound is one: the best exemplar of an intent never exceeds it by more than rounding."""
    held, texts = made()
    every = np.arange(INTENTS, dtype=np.intp)
    for text in texts:
        middle = products_at(text[None], held._centres, every)[0]
        assert (held.score(text[None]).exemplar[0] <= held._reach.best(middle, every) + 2e-3).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_no_number_is_never_passed_over(bad):
    """A broken vector gives figures that nothing can be decided from, also where not all are looked at."""
    held, texts = made()
    broken = texts[0].copy()
    broken[3] = bad
    looked, ranking = held.foremost(broken, np.arange(INTENTS, dtype=np.intp), MOST)
    assert looked.size
    assert not np.isfinite(ranking).all()


def test_of_equals_the_first_are_looked_at():
    """Intents that are all the same do not make the look any longer."""
    values = np.array([0.5] * 200 + [0.9], np.float32)
    places, found = cut.look(values, lambda at: values[at], MOST)
    assert places.tolist() == [*range(cut.MOST_LOOKED - 1), 200] or places.tolist() == [*range(cut.FIRST_LOOK - 1), 200]
    assert found.tolist() == values[places].tolist()


def test_what_might_still_be_nearer_is_looked_at():
    """Hoped for more than found: then more are looked at."""
    hoped = np.linspace(1, 0, 300, dtype=np.float32)
    exact = np.where(np.arange(300) == 60, 0.99, 0.1).astype(np.float32)
    places, found = cut.look(hoped, lambda at: exact[at], MOST)
    assert places.tolist() == list(range(cut.MOST_LOOKED))
    assert places[found.argmax()] == 60
    certain, _ = cut.look(hoped, lambda at: hoped[at], MOST)
    assert certain.tolist() == list(range(cut.FIRST_LOOK))
