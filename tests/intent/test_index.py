"""The exemplar index: exact to the last bit, whatever the batch, the subset or the order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pdp.errors import EncoderError
from pdp.intent.encoder import OnnxEncoder
from pdp.intent.grid import on_grid
from pdp.intent.index import ExemplarIndex, IntentScores
from pdp.types import Exemplar, Position

WIDTH = 48
NOWHERE = Position("f.yaml", 1, 1)
Vectors = NDArray[np.float32]
Groups = list[tuple[str, list[Exemplar], list[Exemplar]]]


def vector(text: str) -> Vectors:
    """A unit vector that only the text decides."""
    drawn = np.random.default_rng(list(text.encode())).standard_normal(WIDTH)
    return (drawn / np.linalg.norm(drawn)).astype(np.float32)


def encode(texts: Sequence[str]) -> Vectors:
    return np.stack([vector(text) for text in texts])


def samples(*texts: str) -> list[Exemplar]:
    return [Exemplar(text, NOWHERE) for text in texts]


names = st.text("abc", min_size=1, max_size=3)
lists = st.lists(names, max_size=4).map(lambda texts: samples(*texts))
intents: st.SearchStrategy[Groups] = st.lists(st.tuples(names, lists, lists), min_size=1, max_size=6)
queries = st.lists(names, min_size=1, max_size=9).map(encode)


def by_hand(index_of: list[Exemplar], query: Vectors) -> float:
    """The best similarity in exact arithmetic; grid vectors are exact in float64 too."""
    rounded = on_grid(query).astype(np.float64)
    return max((float(rounded @ on_grid(vector(e.text)).astype(np.float64)) for e in index_of), default=-1.0)


def same(a: IntentScores, b: IntentScores) -> bool:
    """Bit for bit, NaN included."""
    fields = ("exemplar", "exemplar_at", "counter", "counter_at")
    return all(
        np.ascontiguousarray(getattr(a, f)).tobytes() == np.ascontiguousarray(getattr(b, f)).tobytes() for f in fields
    )


@given(intents, queries)
def test_scores_are_the_exact_maxima(groups: Groups, vectors: Vectors) -> None:
    """Each figure is the largest similarity in exact arithmetic, and its place names an exemplar that has it."""
    index = ExemplarIndex.build(groups, encode)
    scores = index.score(vectors)
    assert scores.exemplar.shape == scores.counter_at.shape == (len(vectors), len(groups))
    for row, query in enumerate(vectors):
        for column, (_, exemplars, counters) in enumerate(groups):
            assert scores.exemplar[row, column] == by_hand(exemplars, query)
            assert scores.counter[row, column] == by_hand(counters, query)
            if exemplars:
                place = int(scores.exemplar_at[row, column])
                assert index.exemplar(place) in exemplars
                assert by_hand([index.exemplar(place)], query) == scores.exemplar[row, column]
            if counters:
                assert index.counter(int(scores.counter_at[row, column])) in counters


@given(intents, queries, st.data())
def test_a_subset_of_columns_scores_as_in_the_whole(groups: Groups, vectors: Vectors, data: st.DataObject) -> None:
    """Cutting candidates changes no bit of those that stay, in whatever order they are asked for."""
    index = ExemplarIndex.build(groups, encode)
    columns = np.array(data.draw(st.lists(st.sampled_from(range(len(groups))), max_size=8)), np.intp)
    whole = index.score(vectors)
    cut = IntentScores(*(a[:, columns] for a in (whole.exemplar, whole.exemplar_at, whole.counter, whole.counter_at)))
    assert same(index.score(vectors, columns), cut)


@given(intents, queries)
def test_a_text_scores_alone_as_in_a_batch(groups: Groups, vectors: Vectors) -> None:
    """Batch items are independent: row by row the same bits, for small batches and large ones."""
    index = ExemplarIndex.build(groups, encode)
    whole = index.score(vectors)
    for row in range(len(vectors)):
        alone = index.score(vectors[row : row + 1])
        assert alone.exemplar.tobytes() == whole.exemplar[row : row + 1].tobytes()
        assert alone.counter_at.tobytes() == whole.counter_at[row : row + 1].tobytes()


@given(intents, queries, st.randoms(use_true_random=False))
def test_order_never_matters(groups: Groups, vectors: Vectors, random: object) -> None:
    """Shuffling intents and their exemplars moves the figures with them and changes none."""
    order = list(range(len(groups)))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = [(groups[at][0], groups[at][1][::-1], groups[at][2][::-1]) for at in order]
    before, after = (
        ExemplarIndex.build(groups, encode).score(vectors),
        ExemplarIndex.build(shuffled, encode).score(vectors),
    )
    assert np.array_equal(before.exemplar[:, order], after.exemplar)
    assert np.array_equal(before.counter[:, order], after.counter)


def test_of_equals_the_first_is_named() -> None:
    """A duplicated exemplar is harmless and its first place is reported."""
    index = ExemplarIndex.build([("a", samples("y", "x", "x"), samples("x"))], encode)
    scores = index.score(encode(["x"]))
    assert (scores.exemplar_at.item(), scores.counter_at.item()) == (1, 3)
    assert scores.exemplar.item() == scores.counter.item() > 0.999


def test_an_intent_without_samples_is_never_near() -> None:
    """No exemplars and no counter-exemplars give -1 and place -1, also when nobody has any."""
    for groups in ([("a", samples("x"), []), ("b", [], [])], [("a", [], []), ("b", [], [])]):
        scores = ExemplarIndex.build(groups, encode).score(encode(["x"]))
        assert (scores.exemplar[0, 1], scores.exemplar_at[0, 1]) == (-1, -1)
        assert (scores.counter[0, 1], scores.counter_at[0, 1]) == (-1, -1)


def test_no_intents_no_columns_no_texts() -> None:
    """The empty cases have the right shapes."""
    assert ExemplarIndex.build([], encode).score(encode(["x", "y"])).exemplar.shape == (2, 0)
    index = ExemplarIndex.build([("a", samples("x"), [])], encode)
    assert index.score(encode(["x"]), np.empty(0, np.intp)).counter_at.shape == (1, 0)
    assert index.score(np.empty((0, WIDTH), np.float32)).exemplar.shape == (0, 1)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_broken_vector_gives_no_usable_figure(bad: float) -> None:
    """Not a number stays not a number, and leaves the other texts of the batch alone."""
    index = ExemplarIndex.build([("a", samples("x", "y"), samples("z")), ("b", samples("y"), [])], encode)
    vectors = encode(["x", "y"])
    vectors[0, 3] = bad
    scores = index.score(vectors)
    assert not np.isfinite(scores.exemplar[0]).any()
    assert not np.isfinite(scores.counter[0, 0])
    assert scores.exemplar_at[0].min() >= 0
    assert scores.exemplar[1].tobytes() == index.score(encode(["y"])).exemplar[0].tobytes()


def test_each_text_is_encoded_once() -> None:
    """Duplicates and known texts cost nothing."""
    asked: list[str] = []

    def counting(texts: Sequence[str]) -> Vectors:
        asked.extend(texts)
        return encode(texts)

    groups = [("a", samples("x", "y", "x"), samples("z")), ("b", samples("y"), samples("x"))]
    ExemplarIndex.build(groups, counting, known={"y": vector("y")})
    assert asked == ["x", "z"]


@given(intents, queries)
def test_a_rebuild_from_its_own_vectors_is_the_same_index(groups: Groups, vectors: Vectors) -> None:
    """Vectors that an index gave back are exact: nothing is encoded, no bit changes."""

    def forbidden(texts: Sequence[str]) -> Vectors:
        raise AssertionError(texts)

    index = ExemplarIndex.build(groups, encode)
    again = ExemplarIndex.build(groups, forbidden, known=index.vectors_by_text())
    assert same(index.score(vectors), again.score(vectors))
    assert again.ids == tuple(name for name, _, _ in groups)


@pytest.mark.parametrize("bad", [np.zeros(WIDTH), np.ones(WIDTH), np.full(WIDTH, np.nan)])
def test_a_sample_without_a_unit_vector_is_refused(bad: NDArray[np.float64]) -> None:
    """An exemplar whose vector is not of unit length would distort every comparison; the message names it."""
    with pytest.raises(EncoderError, match="“x”"):
        ExemplarIndex.build([("a", samples("y", "x"), [])], encode, known={"x": bad.astype(np.float32)})


def test_an_index_cannot_be_changed() -> None:
    """Vectors given out are read-only: a snapshot is immutable."""
    index = ExemplarIndex.build([("a", samples("x"), [])], encode)
    with pytest.raises(ValueError, match="read-only"):
        index.vectors_by_text()["x"][0] = 1


@given(names, names)
def test_rounding_is_small_and_final(a: str, b: str) -> None:
    """The grid moves a similarity by less than 0.002, and rounding again changes nothing."""
    left, right = vector(a), vector(b)
    assert abs(float(on_grid(left) @ on_grid(right)) - float(left @ right)) < 2e-3
    assert np.array_equal(on_grid(on_grid(left)), on_grid(left))


def test_with_the_released_model(model: OnnxEncoder) -> None:
    """The nearest exemplar of a paraphrase is found under the right intent."""
    groups = [
        (
            "mail",
            samples("Show me my unread emails.", "Search my inbox for a message"),
            samples("Delete all my emails"),
        ),
        ("scale", samples("Scale the web deployment to five replicas"), []),
    ]
    index = ExemplarIndex.build(groups, model.encode)
    scores = index.score(model.encode(["Are there new messages in my inbox?", "Run three more replicas of checkout"]))
    assert scores.exemplar.argmax(axis=1).tolist() == [0, 1]
    assert index.exemplar(int(scores.exemplar_at[1, 1])).text.startswith("Scale")
