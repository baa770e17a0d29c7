"""The exemplar index: how near is a text to every intent's exemplars and counter-exemplars?

Every figure is exact, and the same to the last bit in whatever order, batch or subset it is computed
(``pdp.intent.grid``). Only which of very many intents are looked at is told from less (``pdp.intent.cut``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from pdp.errors import EncoderError
from pdp.intent import cut
from pdp.intent.grid import Columns, Vectors, on_grid, products, products_at
from pdp.intent.spread import Spread
from pdp.types import Exemplar

Places = NDArray[np.int32]
Encode = Callable[[Sequence[str]], Vectors]

LENGTH_TOLERANCE = 0.01
NO_SIMILARITY = np.float32(-1)
NO_PLACE = -1
NO_ROW = np.int32(np.iinfo(np.int32).max)
ONE_BY_ONE = 6
NEAREST_SHARE = np.float32(0.3)


@dataclass(frozen=True, slots=True)
class IntentScores:
    """Best similarities per text and intent, all ``[texts, intents]``; ``*_at`` says which (counter-)exemplar it was.

    Where an intent has none the similarity is -1 and the place -1. A NaN in a text's vector gives NaN similarities.
    """

    exemplar: Vectors
    exemplar_at: Places
    counter: Vectors
    counter_at: Places


class ExemplarIndex:
    """Every intent's exemplars and counter-exemplars as vectors. Immutable; safe to share between threads.

    One matrix holds all rows intent by intent, the exemplars of each before its counter-exemplars. Group ``2 * column``
    is the exemplars of a column, the group after it its counter-exemplars; ``bounds`` are the groups' first rows and
    the end.
    """

    def __init__(self, ids: tuple[str, ...], samples: tuple[Exemplar, ...], matrix: Vectors, bounds: Columns) -> None:
        self.ids = ids
        self._samples = samples
        self._matrix = matrix
        self._first = bounds[:-1]
        self._size = np.diff(bounds)
        self._centres = _centres(matrix, self._first[::2], self._size[::2])
        self._reach = cut.Reach.of(matrix, self._first[::2], self._size[::2], self._centres)
        self._spread = Spread.of(matrix, self._first[::2], self._size[::2])

    @classmethod
    def build(
        cls,
        intents: Sequence[tuple[str, Sequence[Exemplar], Sequence[Exemplar]]],
        encode: Encode,
        known: Mapping[str, Vectors] | None = None,
    ) -> ExemplarIndex:
        """Index ``(id, exemplars, counter-exemplars)`` of each intent; its place is its column.

        ``known`` saves encoding texts again; it must come from the same encoder. Raises ``EncoderError`` when a vector
        is not of unit length, and whatever ``encode`` raises.
        """
        groups = [group for _, exemplars, counters in intents for group in (exemplars, counters)]
        samples = tuple(chain.from_iterable(groups))
        bounds = np.cumsum([0, *(len(group) for group in groups)], dtype=np.intp)
        return cls(tuple(name for name, _, _ in intents), samples, _matrix(samples, encode, known or {}), bounds)

    def score(self, vectors: Vectors, intents: Columns | None = None) -> IntentScores:
        """Score texts ``[n, dimension]`` against all intents, or only the columns in ``intents``, in that order."""
        texts, columns = len(vectors), len(self.ids) if intents is None else len(intents)
        if intents is not None and 0 < texts * columns <= ONE_BY_ONE:
            return self._score_few(on_grid(vectors), intents)
        if intents is None:
            rows, size = None, self._size
        else:
            groups = np.stack([2 * intents, 2 * intents + 1], axis=1).ravel()
            size = self._size[groups]
            rows = _runs(self._first[groups], size)
        with np.errstate(invalid="ignore"):  # what is not finite is refused by its score, not by a warning
            similarity, place = _best(self._similarities(on_grid(vectors), rows), size)
        if rows is not None and rows.size:
            place = np.where(place == NO_PLACE, NO_PLACE, rows.astype(np.int32)[place])
        similarity, place = similarity.reshape(texts, columns, 2), place.reshape(texts, columns, 2)
        return IntentScores(similarity[..., 0], place[..., 0], similarity[..., 1], place[..., 1])

    def nearness(self, vector: Vectors, intents: Columns, best: Vectors | None = None) -> Vectors:
        """How near one text [dimension] is to each of ``intents``: its best exemplar and the middle of all, [intents].

        ``NEAREST_SHARE`` parts of the best cosine, the rest the cosine to the mean exemplar: with ten exemplars an
        intent, the mix told 150 intents apart better than either (accuracy 0.894; best alone 0.880).
        ``best`` [intents]: the best cosines, where they are known already.
        """
        rounded = on_grid(vector)
        with np.errstate(invalid="ignore"):
            return _mixed(self._middle(rounded, intents), self._best(rounded, intents) if best is None else best)

    def ranking(self, vector: Vectors, intents: Columns) -> Vectors:
        """What to order ``intents`` by for one text [dimension], [intents]: higher is likelier, and means nothing else.

        ``nearness``; where the bundle has many exemplars, together with what they tell of their own spread: 150 intents
        of ten exemplars are then told apart in 0.930 of cases instead of 0.920.
        """
        near = self.nearness(vector, intents)
        if self._spread is None or not len(intents):
            return near
        return np.add(near, self._spread.nearness(on_grid(vector), intents), dtype=np.float32)

    def foremost(self, vector: Vectors, intents: Columns, most: int) -> tuple[Columns, Vectors]:
        """Those of ``intents``, in their order, that are worth a look for the ``most`` nearest, and their ranking.

        All of them where they are not very many, or ``most`` is.
        """
        if self._reach is None or len(intents) <= cut.MOST_LOOKED or most > cut.FIRST_LOOK:
            return intents, self.ranking(vector, intents)
        rounded = on_grid(vector)
        with np.errstate(invalid="ignore"):
            middle = self._middle(rounded, intents)
            apart = np.zeros_like(middle) if self._spread is None else self._spread.nearness(rounded, intents)
            hoped = _mixed(middle, middle + cut.HOPE * (self._reach.best(middle, intents) - middle)) + apart

            def exact(at: Columns) -> Vectors:
                return _mixed(middle[at], self._best(rounded, intents[at])) + apart[at]

            places, ranking = cut.look(hoped, exact, most)
        return intents[places], ranking

    def nearest(self, vector: Vectors, intent: int, most: int) -> tuple[str, ...]:
        """At most ``most`` exemplars of an intent, those nearest to a text [dimension]."""
        first, size = int(self._first[2 * intent]), int(self._size[2 * intent])
        if size <= most:
            return tuple(s.text for s in self._samples[first : first + size])
        products = np.dot(self._matrix[first : first + size], on_grid(vector))
        return tuple(self._samples[first + int(at)].text for at in np.argsort(-products, kind="stable")[:most])

    def _score_few(self, vectors: Vectors, intents: Columns) -> IntentScores:
        """The same for a few texts and intents, where setting up one large product costs more than it saves."""
        shape = (2, len(vectors), len(intents))
        similarity, place = np.full(shape, NO_SIMILARITY), np.full(shape, NO_PLACE, np.int32)
        for at, column in enumerate(intents.tolist()):
            for kind in (0, 1):
                first, size = int(self._first[2 * column + kind]), int(self._size[2 * column + kind])
                if not size:
                    continue
                rows = self._matrix[first : first + size]
                for text, vector in enumerate(vectors):
                    products = np.dot(rows, vector)
                    best = int(products.argmax())
                    similarity[kind, text, at], place[kind, text, at] = products[best], first + best
        return IntentScores(similarity[0], place[0], similarity[1], place[1])

    def exemplar(self, place: int) -> Exemplar:
        """The exemplar that ``IntentScores.exemplar_at`` points at."""
        return self._samples[place]

    def counter(self, place: int) -> Exemplar:
        """The counter-exemplar that ``IntentScores.counter_at`` points at."""
        return self._samples[place]

    def vectors_by_text(self) -> Mapping[str, Vectors]:
        """Every text's vector, rounded as it is compared, for ``build`` with the same encoder."""
        return {sample.text: row for sample, row in zip(self._samples, self._matrix, strict=True)}

    def _similarities(self, vectors: Vectors, rows: Columns | None) -> Vectors:
        return products(vectors, self._matrix) if rows is None else products_at(vectors, self._matrix, rows)

    def _middle(self, vector: Vectors, intents: Columns) -> Vectors:
        """The cosine of a rounded text to the mean exemplar of each of ``intents``."""
        found: Vectors = products_at(vector[None], self._centres, intents)[0]
        return found

    def _best(self, vector: Vectors, intents: Columns) -> Vectors:
        """``IntentScores.exemplar`` of one rounded text, without anything else."""
        size = self._size[2 * intents]
        best, filled = np.full(len(intents), NO_SIMILARITY), np.flatnonzero(size)
        if filled.size:
            size = size[filled]
            rows = _runs(self._first[2 * intents[filled]], size)
            found = products_at(vector[None], self._matrix, rows)[0]
            best[filled] = np.maximum.reduceat(found, np.cumsum(size) - size)
        return best


def _mixed(middle: Vectors, best: Vectors) -> Vectors:
    mixed: Vectors = NEAREST_SHARE * best + (1 - NEAREST_SHARE) * middle
    return mixed


def _runs(first: Columns, size: Columns) -> Columns:
    """Count up from each ``first`` for its ``size``: rows of several groups, one group after the other."""
    ends = np.cumsum(size)
    runs: Columns = np.arange(size.sum(), dtype=np.intp) + np.repeat(first - ends + size, size)
    return runs


def _best(similarities: Vectors, size: Columns) -> tuple[Vectors, Places]:
    """The largest of each group of columns and its place, the first of equals: ``[n, rows]`` to two ``[n, groups]``."""
    texts, rows = similarities.shape
    value = np.full((texts, len(size)), NO_SIMILARITY)
    place = np.full((texts, len(size)), NO_PLACE, np.int32)
    filled = np.flatnonzero(size)
    if not filled.size:
        return value, place
    starts = (np.cumsum(size) - size)[filled]
    # One flat run over all texts: numpy reduces along the second axis of a table several times more slowly.
    flat = similarities.ravel()
    flat_starts = (np.arange(texts)[:, None] * rows + starts).ravel()
    largest = np.maximum.reduceat(flat, flat_starts)
    reached = flat == np.repeat(largest, np.tile(size[filled], texts))
    reached[flat_starts] |= np.isnan(largest)  # NaN equals nothing; its place is the group's first
    counted = np.where(reached, np.tile(np.arange(rows, dtype=np.int32), texts), NO_ROW)
    value[:, filled] = largest.reshape(texts, filled.size)
    place[:, filled] = np.minimum.reduceat(counted, flat_starts).reshape(texts, filled.size)
    return value, place


def _centres(matrix: Vectors, first: Columns, size: Columns) -> Vectors:
    """The mean of each intent's exemplars, of unit length and on the grid; zero where there are none."""
    middle = np.zeros((len(size), matrix.shape[1]), np.float32)
    for at, (start, count) in enumerate(zip(first.tolist(), size.tolist(), strict=True)):
        if count:
            total = matrix[start : start + count].astype(np.float64).sum(axis=0)
            middle[at] = total / max(float(np.linalg.norm(total)), 1e-9)
    return on_grid(middle)


def _matrix(samples: Sequence[Exemplar], encode: Encode, known: Mapping[str, Vectors]) -> Vectors:
    missing = list(dict.fromkeys(sample.text for sample in samples if sample.text not in known))
    fresh = dict(zip(missing, encode(missing), strict=True)) if missing else {}
    if not samples:
        return np.empty((0, 0), np.float32)
    rows = [known[sample.text] if sample.text in known else fresh[sample.text] for sample in samples]
    # In place: of 100,000 exemplars each copy would be 150 MB.
    matrix = np.stack(rows, out=np.empty((len(rows), rows[0].size), np.float32))
    lengths = np.sqrt(np.einsum("ij,ij->i", matrix, matrix))
    # Also false for NaN, which no comparison satisfies.
    wrong = np.flatnonzero(~(np.abs(lengths - 1) <= LENGTH_TOLERANCE))
    if wrong.size:
        raise EncoderError(f"the vector of “{samples[wrong[0]].text}” is not of unit length")
    on_grid(matrix, matrix)
    matrix.setflags(write=False)
    return matrix
