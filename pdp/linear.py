"""A linear head: a bundle's own classifier over what the encoder reads, as plain numbers.

``training.retrain`` fits it on labelled requests (multinomial logistic regression) and writes ``head.json``::

    {
        "format": 1,
        "encoder": "sha256:…",
        "intents": [...],
        "mean": [...],
        "scale": [...],
        "weights": [[...]],
        "bias": [...],
    }

``weights`` has a row for each intent and a last one for "none of them".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdp.errors import BundleError, Problem
from pdp.types import Json

FILE = "head.json"
FORMAT = 1
FIX = "make it again with python -m training.retrain, or remove it"
FARTHEST = 30.0

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class LinearHead:
    """Weights over standardised features. ``intents`` are the rows' ids, without the last row ("none of them")."""

    encoder: str
    intents: tuple[str, ...]
    mean: Vector
    scale: Vector
    weights: NDArray[np.float64]
    bias: Vector

    def log_odds(self, features: Vector) -> Vector:
        """``log(p / (1 - p))`` of each intent, [intents], for one text's features [width]. NaN in, NaN out."""
        with np.errstate(invalid="ignore", over="ignore"):
            scores = self.weights @ ((features - self.mean) / self.scale) + self.bias
            # p / (1 - p) is one score against all the others together.
            top = scores.max()
            parts = np.exp(scores - top)
            rest = np.maximum(parts.sum() - parts, np.exp(-FARTHEST))
            odds: Vector = np.clip(scores - top - np.log(rest), -FARTHEST, FARTHEST)
        return odds[:-1]


def parse(data: bytes, intents: Sequence[str] | None, encoder: str) -> LinearHead:
    """Read ``head.json``. ``intents`` are the ids that there are (``None``: unknown). Raises ``BundleError``."""
    try:
        document = json.loads(data)
    except ValueError as error:
        raise _wrong(f"is no JSON ({error})") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise _wrong(f"is not a head of format {FORMAT}")
    if document.get("encoder") != encoder:
        raise _wrong(f"was made for encoder {document.get('encoder')!r}, calibration.json for {encoder!r}")
    names = document.get("intents")
    if not isinstance(names, list) or not all(isinstance(n, str) for n in names) or len(set(names)) != len(names):
        raise _wrong("'intents' is no list of different ids")
    if intents is not None and (unknown := sorted(set(names) - set(intents))):
        raise _wrong(f"there is no intent {unknown[0]!r}")
    mean = _numbers(document, "mean", (-1,))
    shape = (len(names) + 1, mean.size)
    head = LinearHead(
        encoder=encoder,
        intents=tuple(names),
        mean=mean,
        scale=_numbers(document, "scale", (mean.size,)),
        weights=_numbers(document, "weights", shape),
        bias=_numbers(document, "bias", shape[:1]),
    )
    if not (head.scale > 0).all():
        raise _wrong("'scale' holds a number that is not above zero")
    return head


def document(head: LinearHead) -> dict[str, Json]:
    """``head`` as it stands in the file, five significant digits a number."""

    def short(values: NDArray[np.float64]) -> list[float]:
        return [float(f"{v:.5g}") for v in values.tolist()]

    return {
        "format": FORMAT,
        "encoder": head.encoder,
        "intents": list(head.intents),
        "mean": short(head.mean),
        "scale": short(head.scale),
        "weights": [short(row) for row in head.weights],
        "bias": short(head.bias),
    }


def _numbers(document: Mapping[str, Json], name: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    try:
        found = np.array(document[name], np.float64)
    except (KeyError, TypeError, ValueError) as error:
        raise _wrong(f"{name!r} is missing or no table of numbers") from error
    expected = found.shape if shape == (-1,) and found.ndim == 1 else shape
    if found.shape != expected:
        raise _wrong(f"{name!r} has the shape {list(found.shape)}, not {list(expected)}")
    if not np.isfinite(found).all():
        raise _wrong(f"{name!r} holds something that is no finite number")
    return found


def _wrong(message: str) -> BundleError:
    return BundleError((Problem(FILE, 1, 1, message, FIX),))
