"""Which of many shell patterns fit a text, without trying them all.

As in bundles, ``*`` is any run of characters, ``/`` included, ``?`` is one, and nothing else is special.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping

from pdp.revocation.shelf import Shelf

_WILD = re.compile(r"[*?]")


def is_pattern(text: str) -> bool:
    """Whether ``text`` has a character that stands for others."""
    return "*" in text or "?" in text


class _Pattern:
    """A pattern that is compiled when it is first tried: that takes 100 µs, and a start may read 100,000 of them."""

    __slots__ = ("_expression", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._expression: re.Pattern[str] | None = None

    def fits(self, text: str) -> bool:
        if self._expression is None:
            # fnmatch writes expressions that cannot backtrack without end.
            self._expression = re.compile(fnmatch.translate(self.text.replace("[", "[[]")))
        return self._expression.match(text) is not None


class Patterns:
    """A set of patterns, never changed, by the text that each begins with before its first wildcard.

    Trying costs one look-up for each length that these beginnings have, and then only those that begin as the text
    does. Patterns that begin alike are tried one by one.
    """

    __slots__ = ("_lengths", "_shelf")

    def __init__(self, shelf: Shelf[tuple[_Pattern, ...]] | None = None, lengths: frozenset[int] = frozenset()) -> None:
        self._shelf: Shelf[tuple[_Pattern, ...]] = Shelf() if shelf is None else shelf
        self._lengths = lengths

    def fitting(self, text: str) -> Iterator[str]:
        """The patterns that fit ``text``, in no particular order."""
        for length in self._lengths:
            for pattern in self._shelf.get(text[:length]) or ():
                if pattern.fits(text):
                    yield pattern.text

    def put(self, changes: Mapping[str, bool]) -> Patterns:
        """Another set, with the patterns that map to True and without those that map to False."""
        begun: dict[str, dict[str, bool]] = {}
        for text, present in changes.items():
            begun.setdefault(_WILD.split(text, maxsplit=1)[0], {})[text] = present
        shelf = self._shelf.put({begin: self._bucket(begin, some) for begin, some in begun.items()})
        return Patterns(shelf, self._lengths.union(map(len, begun)))

    def _bucket(self, begin: str, changes: Mapping[str, bool]) -> tuple[_Pattern, ...]:
        old = self._shelf.get(begin) or ()
        known = {pattern.text for pattern in old}
        kept = [pattern for pattern in old if changes.get(pattern.text, True)]
        new = [_Pattern(text) for text, present in changes.items() if present and text not in known]
        return (*kept, *new)

    def __bool__(self) -> bool:
        return bool(self._lengths)
