"""A linear head: a bundle's own classifier over what the encoder reads, as plain numbers.

``training.retrain`` fits it on labelled requests (multinomial logistic regression) and writes ``head.json``::

    {
        "format": 2,
        "encoder": "sha256:…",
        "intents": [...],
        "rivals": 0.03,
        "mean": [...],
        "scale": [...],
        "weights": [[...]],
        "bias": [...],
    }

``weights`` has a row for each intent and a last one for "none of them". ``rivals`` says how much the other intents
count against one, beside that last row; format 1 has none, and stands for 1.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pdp.errors import BundleError, Problem
from pdp.types import Json

FILE = "head.json"
FORMAT, FORMER = 2, 1
FIX = "make it again with python -m training.retrain, or remove it"
MOST_BYTES = 16 * 1_048_576
"""Room for 1,500 intents: 768 numbers each, some ten bytes a number."""
FARTHEST = 30.0
LARGEST = 1e6
SMALLEST_SCALE = 1e-6
LEAST_RIVALS = 0.001
"""At 0 a text that surely asks for one intent would pass for any other: each is likelier than none."""
DECIMALS = 6
"""Log-odds are rounded: the last bits of a sum differ between processors, and must not decide what comes first."""

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class LinearHead:
    """Weights over standardised features. ``intents`` are the rows' ids, without the last row ("none of them").

    ``rivals`` is the weight of the other intents beside "none of them". Below 1, being torn between two intents is less
    of a sign of neither; being surer of another one still is.
    """

    encoder: str
    intents: tuple[str, ...]
    mean: Vector
    scale: Vector
    weights: NDArray[np.float64]
    bias: Vector
    rivals: float = 1.0

    def log_odds(self, features: Vector) -> Vector:
        """``log(p / (p_none + rivals * p_others))`` of each intent, [intents], for one text's features [width].

        With ``rivals`` 1 that is ``log(p / (1 - p))``. NaN in, NaN out.
        """
        with np.errstate(invalid="ignore", over="ignore"):
            scores: Vector = self.weights @ ((features - self.mean) / self.scale) + self.bias
            top = scores.max()
            parts = np.exp(scores - top)
            own, none = parts[:-1], parts[-1]
            rest = np.maximum(none + self.rivals * (own.sum() - own), np.exp(-FARTHEST))
            odds: Vector = np.clip(scores[:-1] - top - np.log(rest), -FARTHEST, FARTHEST)
        return np.round(odds, DECIMALS)


def parse(data: bytes, intents: Sequence[str] | None, encoder: str) -> LinearHead:
    """Read ``head.json``. ``intents`` are the ids that there are (``None``: unknown).

    Raises ``BundleError`` with the first mistake, its line, and what to do about it.
    """
    found = _Document(data)
    number = found.given("format")
    if number not in (FORMAT, FORMER) or isinstance(number, bool):
        raise found.wrong("format", f"is not a head of format {FORMER} or {FORMAT}")
    if found.given("encoder") != encoder:
        raise found.wrong("encoder", f"was made for encoder {found.given('encoder')!r}, not for {encoder!r}")
    names = found.given("intents")
    if not isinstance(names, list) or not all(isinstance(n, str) for n in names) or len(set(names)) != len(names):
        raise found.wrong("intents", "'intents' is no list of different ids")
    if intents is not None and (unknown := sorted(set(names) - set(intents))):
        near = difflib.get_close_matches(unknown[0], intents, 1, 0.6)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise found.wrong("intents", f"there is no intent {unknown[0]!r}{hint}")
    mean = found.numbers("mean", (-1,))
    shape = (len(names) + 1, mean.size)
    return LinearHead(
        encoder=encoder,
        intents=tuple(names),
        mean=mean,
        scale=found.numbers("scale", (mean.size,), SMALLEST_SCALE),
        weights=found.numbers("weights", shape),
        bias=found.numbers("bias", shape[:1]),
        rivals=found.number("rivals", LEAST_RIVALS, 1.0) if number == FORMAT else 1.0,
    )


def document(head: LinearHead) -> dict[str, Json]:
    """``head`` as it stands in the file, five significant digits a number."""

    def short(values: NDArray[np.float64]) -> list[float]:
        return [float(f"{v:.5g}") for v in values.tolist()]

    return {
        "format": FORMAT,
        "encoder": head.encoder,
        "intents": list(head.intents),
        "rivals": head.rivals,
        "mean": short(head.mean),
        "scale": short(head.scale),
        "weights": [short(row) for row in head.weights],
        "bias": short(head.bias),
    }


class _Document:
    """The fields of the file, each checked when it is asked for."""

    def __init__(self, data: bytes) -> None:
        self._text = ""
        if len(data) > MOST_BYTES:
            raise self.wrong("", f"has over {MOST_BYTES:,} bytes")
        try:
            self._text = data.decode("utf-8")
            fields = json.loads(self._text, object_pairs_hook=_once)
        except (ValueError, RecursionError) as error:
            raise self.wrong("", f"is no JSON that can be read ({error})") from error
        if not isinstance(fields, dict):
            raise self.wrong("", "is no JSON object")
        self._fields: Mapping[str, Any] = fields

    def given(self, name: str) -> Any:
        """The value of a field; ``None`` when it is missing."""
        return self._fields.get(name)

    def numbers(self, name: str, shape: tuple[int, ...], least: float = -LARGEST) -> NDArray[np.float64]:
        """A table of numbers from ``least`` to ``LARGEST``; -1 in ``shape`` stands for any length."""
        value = self.given(name)
        rows = value if len(shape) == 2 and isinstance(value, list) else [value]
        for row in rows:
            if not isinstance(row, list):
                raise self.wrong(name, f"{name!r} is missing or no table of numbers")
            # Compared before anything is converted: a number of 400 digits is no float, and NaN compares as false.
            for number in row:
                self._checked(number, name, least, LARGEST)
        seen = (*((len(rows),) if len(shape) == 2 else ()), *sorted({len(row) for row in rows}))
        if len(seen) != len(shape) or any(w not in (-1, s) for w, s in zip(shape, seen, strict=True)):
            raise self.wrong(name, f"{name!r} has the shape {list(seen)}, not {list(shape)}")
        return np.array(value, np.float64)

    def number(self, name: str, least: float, most: float) -> float:
        """One number from ``least`` to ``most``."""
        value = self.given(name)
        self._checked(value, name, least, most)
        return float(value)

    def _checked(self, number: object, name: str, least: float, most: float) -> None:
        if isinstance(number, bool) or not isinstance(number, int | float) or not least <= number <= most:
            said = f"{name!r} holds {str(number)[:20]}, which is no finite number from {least:g} to {most:g}"
            raise self.wrong(name, said)

    def wrong(self, name: str, message: str) -> BundleError:
        """A mistake at the line of a field; at the top where the file has no such field."""
        at = max(0, self._text.find(f'"{name}"')) if name else 0
        return BundleError((Problem(FILE, self._text.count("\n", 0, at) + 1, 1, message, FIX),))


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is given twice")
    return found
