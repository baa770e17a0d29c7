"""Products of vectors that are the same to the last bit in whatever order, batch or subset they are computed.

Vectors are rounded to multiples of 1/2048 first. Then every product and every partial sum is a multiple of 2**-22 below
4, which float32 holds exactly, on any processor. The rounding itself moves a similarity by about 0.0002.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Columns = NDArray[np.intp]

GRID = np.float32(2048)
ONE_BY_ONE = 6
# Below this share of the rows, copying the rows asked for is cheaper than comparing with all of them.
COPY_SHARE = 0.5


def on_grid(vectors: Vectors, out: Vectors | None = None) -> Vectors:
    """Round to multiples of 1/2048, into ``out`` where it is given. Rounding twice changes nothing."""
    rounded = np.multiply(vectors, GRID, out=out)
    np.rint(rounded, out=rounded)
    return np.divide(rounded, GRID, out=rounded)


def products(vectors: Vectors, matrix: Vectors) -> Vectors:
    """Each of ``vectors`` [n, d] with each row of ``matrix`` [rows, d]: [n, rows]."""
    found = np.empty((len(vectors), len(matrix)), np.float32)
    if not found.size:
        return found
    if len(vectors) > ONE_BY_ONE:
        return np.matmul(vectors, matrix.T, out=found)
    # For a few texts as many matrix-vector products are twice as fast as one matrix product; the bits are the same.
    for vector, row in zip(vectors, found, strict=True):
        np.dot(matrix, vector, out=row)
    return found


def products_at(vectors: Vectors, matrix: Vectors, rows: Columns) -> Vectors:
    """The same with the ``rows`` of ``matrix`` only, in their order: [n, rows]."""
    if rows.size < COPY_SHARE * len(matrix):
        return products(vectors, matrix.take(rows, axis=0))
    return products(vectors, matrix).take(rows, axis=1)
