"""Which of very many intents are worth an exact look.

How near an intent is counts its middle, which is cheap to compare for all, and its best exemplar, which is not: it
reads ten times as much memory. From the middle alone follows how near the best exemplar can be at most, since none
lies further from the middle than the farthest. Intents are looked at in the order of the value halfway between the two:
``FIRST_LOOK`` of them, and ``MOST_LOOKED`` where the next one might still be among those wanted.

What is looked at has its exact figures; the cut can only leave an intent out, and then another of the nearest is tried,
which must cover the text and pass its rules as ever. Whatever speaks against a request belongs to the intent that it is
held against (counter-exemplars, thresholds, words, rules) and is never cut. With vectors of the shipped model nothing
was left out that is among the four nearest (``recall`` of ``benchmarks.scale``).

The middles of 10,000 intents take 0.23 ms by numpy on one core, exactly. Graphs (10,000 random directions, 384 wide, 64
wanted; faiss-cpu 1.15.1, hnswlib 0.8.0, usearch 2.26.6, one thread) took 0.9, 0.9 and 2.4 ms, found 0.99 of the four
nearest, and needed 6 to 13 s to build; a flat index of faiss took 0.3 ms. So there is none here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pdp.intent.grid import Columns, Vectors

FIRST_LOOK, MOST_LOOKED = 32, 96
"""Up to ``MOST_LOOKED`` intents all are looked at. What is kept of the nearest: ``benchmarks.scale``."""
HOPE = np.float32(0.5)
"""How far from the middle's cosine towards what the best exemplar's can be."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far exemplars lie from the middle of their intent, [intents]: cosine and sine of the farthest."""

    cosine: Vectors
    sine: Vectors

    @classmethod
    def of(cls, matrix: Vectors, first: Columns, size: Columns, centres: Vectors) -> Reach | None:
        """Of exemplars ``matrix[first[i] : first[i] + size[i]]``; ``None`` where so few intents are never cut."""
        if len(size) <= MOST_LOOKED:
            return None
        cosine = np.ones(len(size), np.float32)
        for at, (start, count) in enumerate(zip(first.tolist(), size.tolist(), strict=True)):
            if count:
                cosine[at] = (matrix[start : start + count] @ centres[at]).min()
        return cls(cosine, _sine(cosine))

    def best(self, middle: Vectors, intents: Columns) -> Vectors:
        """The largest cosine that an exemplar of each of ``intents`` can have to a text, from that to its middle."""
        cosine, sine = self.cosine[intents], self.sine[intents]
        bound: Vectors = np.where(middle >= cosine, np.float32(1), middle * cosine + _sine(middle) * sine)
        return bound


def _sine(cosine: Vectors) -> Vectors:
    sine: Vectors = np.sqrt(np.maximum(1 - cosine * cosine, 0))
    return sine


def look(hoped: Vectors, exact: Callable[[Columns], Vectors], most: int) -> tuple[Columns, Vectors]:
    """The places in ``hoped`` that are worth a look for the ``most`` largest, ascending, and ``exact`` of them.

    Not a number counts as the largest, so that it is never passed over.
    """
    hoped = np.where(np.isnan(hoped), np.inf, hoped)
    places, beyond = _largest(hoped, FIRST_LOOK)
    found = exact(places)
    if np.sort(found)[-most] >= beyond:
        return places, found
    every, _ = _largest(hoped, MOST_LOOKED)
    ranking = np.empty(len(every), np.float32)
    seen = np.isin(every, places)
    ranking[seen], ranking[~seen] = found, exact(every[~seen])
    return every, ranking


def _largest(values: Vectors, size: int) -> tuple[Columns, np.float32]:
    """The places of the ``size`` largest of more ``values``, ascending, the first of equals; and the next largest."""
    tail = np.partition(values, -size - 1)[-size - 1 :]
    least = tail[1:].min()
    places = np.flatnonzero(values >= least)
    if places.size > size:
        kept = values[places] > least
        kept[np.flatnonzero(~kept)[: size - np.count_nonzero(kept)]] = True
        places = places[kept]
    return places, tail[0]
