"""Secrets taken out of what is about to be written: by the name they stand under, and by their own shape.

What replaces a secret keeps its length class and nothing else. Every pattern is linear in the text: what repeats
without a bound cannot fail after it, or begins only where another of its own characters does not stand before it.
"""

from __future__ import annotations

import json
import re
from typing import Final

from pdp.audit.secret_shapes import (
    LONGEST_RUN,
    NAMES,
    Shapes,
    longest_run,
    public_name,
    secret_name,
    substituted,
    suspected,
    without_random,
)
from pdp.types import Json

_MARKER: Final = re.compile(r"\[masked (?:<16|16-63|>63)\]")
# Shorter texts hold no secret that could be told from a word: pwd=x
_SHORTEST: Final = 5
_OPEN, _CLOSE = "“", "”"
# Made once: json.dumps makes a new one at each call that asks for anything.
_AS_TEXT: Final = json.JSONEncoder(ensure_ascii=False).encode
REMOVED: Final = "“…”"
"""What is left of a quotation."""


def mask(value: Json) -> tuple[Json, list[str]]:
    """``value`` without its secrets, and where they stood: JSON pointers (RFC 6901), in order.

    A value without any is returned as it is. Keys that are secrets themselves are masked too, and so in the pointers.
    """
    if not value:
        return value, []
    text = _AS_TEXT(value)
    shapes, random = suspected(text), longest_run(text) >= LONGEST_RUN
    if shapes is None and not random:
        return value, []
    masking = _Masking(shapes or (), random)
    return masking.value(value, "", ""), masking.paths


def mask_text(text: str) -> str:
    """Free text without its secrets; what stands around them stays."""
    return _Masking(suspected(text) or (), longest_run(text) >= LONGEST_RUN).text(text)


def marker(secret: str) -> str:
    """What replaces ``secret``. A marker stands for itself, so that masking twice changes nothing."""
    if _MARKER.fullmatch(secret):
        return secret
    size = len(secret)
    return f"[masked {'<16' if size < 16 else '16-63' if size < 64 else '>63'}]"


def redact_quotes(text: str) -> str:
    """``text`` without what stands between “ and ”, where reasons quote the prompt.

    Quoted text may have such marks of its own: pairs nest, a “ that is never closed takes the rest with it, and a ”
    too many shows that what stood before it was still quoted.
    """
    kept: list[str] = []
    outside, open_ = "", 0
    for part in re.split(f"([{_OPEN}{_CLOSE}])", text):
        if part == _OPEN:
            if not open_:
                kept += [outside, REMOVED]
                outside = ""
            open_ += 1
        elif part == _CLOSE and open_:
            open_ -= 1
        elif part == _CLOSE:
            # What stands since the last pair was quoted after all.
            kept, outside = kept or [REMOVED], ""
        elif not open_:
            outside += part
    return "".join([*kept, outside])


class _Masking:
    """One value being masked; ``shapes`` and ``random`` say what may be in it at all. ``paths`` grows."""

    __slots__ = ("_random", "_shapes", "paths")

    def __init__(self, shapes: Shapes, random: bool) -> None:  # noqa: FBT001 - read beside its value, never alone
        self._shapes = shapes
        self._random = random
        self.paths: list[str] = []

    def value(self, value: Json, path: str, named: str) -> Json:
        """``named`` is the secret word in a key above, if any: then everything below is secret."""
        if isinstance(value, str):
            clean = marker(value) if named and value else self.text(value)
        elif isinstance(value, dict):
            return self._object(value, path, named)
        elif isinstance(value, list | tuple):
            return [self.value(item, f"{path}/{n}", named) for n, item in enumerate(value)]
        elif named in NAMES.numeric and isinstance(value, int | float) and not isinstance(value, bool):
            clean = marker(str(value))
        else:
            return value
        if clean != value:
            self.paths.append(path)
        return clean

    def text(self, text: str) -> str:
        """``text`` without secrets that have a shape."""
        if len(text) < _SHORTEST:
            return text
        clean = substituted(text, self._shapes, marker)
        return without_random(clean, marker) if self._random else clean

    def _object(self, value: dict[str, Json], path: str, named: str) -> dict[str, Json]:
        clean: dict[str, Json] = {}
        for key, inner in value.items():
            shown = _free(self.text(key), clean)
            at = f"{path}/{shown.replace('~', '~0').replace('/', '~1')}"
            if shown != key:
                self.paths.append(at)
            if self._random and isinstance(inner, str) and public_name(key) and not named:
                clean[shown] = _Masking(self._shapes, random=False).value(inner, at, "")
                if clean[shown] != inner:
                    self.paths.append(at)
            else:
                clean[shown] = self.value(inner, at, secret_name(key) or named)
        return clean


def _free(name: str, taken: dict[str, Json]) -> str:
    """``name``, told apart from other keys that are masked to the same."""
    number, free = 2, name
    while free in taken:
        free, number = f"{name}#{number}", number + 1
    return free
