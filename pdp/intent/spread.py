"""How exemplars of one intent differ among themselves, and a distance that does not count it.

Directions in which exemplars of the same intent vary tell little of which intent is meant. With many exemplars they can
be seen: the covariance within intents, shrunk towards the identity, is turned into the identity (linear discriminant
analysis; shrinkage as in Friedman, Regularized Discriminant Analysis, JASA 84, 1989). It only ranks intents; the scores
that thresholds are set on are told from plain cosines.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdp.intent.grid import Columns, Vectors, on_grid, products_at

SHRINKAGE = 0.3
FEWEST = 2
"""There must be so many times more exemplars than dimensions, or what is seen is chance."""
MOST_EXEMPLARS = 20_000
"""Beyond, seeing the spread would take seconds while a bundle is loaded."""
BLOCK = 1024
"""So many exemplars at a time are held in double precision."""


@dataclass(frozen=True, slots=True)
class Spread:
    """``turn`` [d, d] and ``mean`` [d] take a vector to where intents are round; ``middles`` [intents, d] lie there."""

    mean: Vectors
    turn: Vectors
    middles: Vectors

    @classmethod
    def of(cls, matrix: Vectors, first: Columns, size: Columns) -> Spread | None:
        """The spread of exemplars ``matrix[first[i] : first[i] + size[i]]``; ``None`` for too few or too many."""
        owners = np.repeat(np.arange(len(size)), size)
        if len(size) < FEWEST or not 0 < FEWEST * matrix.shape[1] <= len(owners) <= MOST_EXEMPLARS:
            return None
        places = np.arange(len(owners)) + np.repeat(first - (np.cumsum(size) - size), size)
        parts = [slice(at, at + BLOCK) for at in range(0, len(owners), BLOCK)]
        totals = np.zeros((len(size), matrix.shape[1]))
        for part in parts:
            np.add.at(totals, owners[part], matrix[places[part]].astype(np.float64))
        mean = totals.sum(axis=0) / len(owners)
        middles = totals / np.maximum(size, 1)[:, None]
        covariance = np.zeros((matrix.shape[1], matrix.shape[1]))
        for part in parts:
            within = matrix[places[part]] - middles[owners[part]]
            covariance += within.T @ within / len(owners)
        variance = float(np.trace(covariance)) / len(covariance)
        shrunk = (1 - SHRINKAGE) * covariance + SHRINKAGE * max(variance, 1e-9) * np.eye(len(covariance))
        turn = np.linalg.cholesky(np.linalg.inv(shrunk))
        return cls(mean.astype(np.float32), turn.astype(np.float32), _unit((middles - mean) @ turn))

    def nearness(self, vector: Vectors, intents: Columns) -> Vectors:
        """The cosine of one text [d] to the middle of each of ``intents``, there where they are round."""
        turned = (vector - self.mean) @ self.turn
        length = max(math.sqrt(float(turned @ turned)), 1e-9)
        found: Vectors = products_at(on_grid((turned / length).astype(np.float32))[None], self.middles, intents)[0]
        return found


def _unit(rows: NDArray[np.float64]) -> Vectors:
    lengths = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return on_grid((rows / lengths).astype(np.float32))
