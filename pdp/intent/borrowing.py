"""Words that a text borrows from approved exemplars, and what it says besides. Pure.

Approved wording put around a request must not speak for the request, so the rest is judged by itself.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

# So many words in a row are borrowed from an exemplar.
RUN = 4
# So much of an exemplar counts as all of it: a word put into its middle does not make it another text.
MOSTLY = 0.75
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Borrowed:
    """``rest``: the text without its ``runs`` of borrowed words. ``whole``: exemplars that are all but whole in it."""

    rest: str
    runs: int
    whole: int

    @property
    def words(self) -> int:
        """How many words the rest has."""
        return len(_WORD.findall(self.rest))


def without_exemplars(text: str, exemplars: Sequence[str]) -> Borrowed:
    """``text`` without the runs of ``RUN`` or more words that stand in an exemplar too."""
    pieces = [(m.start(), m.end(), m[0].casefold()) for m in _WORD.finditer(text)]
    said = _runs([word for _, _, word in pieces])
    asked = frozenset(said)
    runs: set[tuple[str, ...]] = set()
    whole = 0
    for exemplar in exemplars:
        theirs = _runs_of(exemplar)
        shared = [at for at, run in enumerate(theirs) if run in asked]
        if shared:
            runs.update(theirs[at] for at in shared)
            whole += len({at + k for at in shared for k in range(RUN)}) >= MOSTLY * (len(theirs) + RUN - 1)
    taken = [False] * len(pieces)
    for at, run in enumerate(said):
        if run in runs:
            taken[at : at + RUN] = [True] * RUN
    borrowed = sum(here and not before for before, here in pairwise([False, *taken]))
    kept = [text[start:end] for (start, end, _), gone in zip(pieces, taken, strict=True) if not gone]
    return Borrowed(" ".join(kept), borrowed, whole)


@functools.lru_cache(4096)
def _runs_of(exemplar: str) -> tuple[tuple[str, ...], ...]:
    return _runs([m[0].casefold() for m in _WORD.finditer(exemplar)])


def _runs(words: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1))
