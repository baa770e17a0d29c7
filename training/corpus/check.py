"""Check corpus files against GUIDE.md: ``python -m training.corpus.check [FILE ...]``. Exit 1 when one fails."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from training.corpus.read import HERE, KINDS, CorpusError, CorpusIntent, CorpusRequest, Family, read_domain

LEAST_COVERED = 6
LEAST_KINDS = 6
LEAST_STYLES = 7
LEAST_EXEMPLARS, MOST_EXEMPLARS = 4, 8


def words(text: str) -> tuple[str, ...]:
    """Lower-case words: what two sentences are compared by."""
    return tuple(re.findall(r"\w+", text.lower()))


def problems(path: Path) -> Iterator[str]:
    """What is to be mended in one file, each with its place."""
    try:
        families = read_domain(path)
    except CorpusError as error:
        yield str(error)
        return
    names = Counter(i.id for f in families for i in f.intents)
    yield from (f"{path.name}: intent id {name} is used {n} times" for name, n in names.items() if n > 1)
    for family in families:
        for at, intent in enumerate(family.intents):
            yield from _intent(path, family, at, intent)
        used = {kind for r in family.requests for kind in r.kinds}
        if missing := [k for k in KINDS if k not in used]:
            yield f"{path.name}: {family.name}: no contrast of kind {', '.join(missing)}"
    requests = [r for f in families for r in f.requests]
    yield from _repeats(path, families, requests)
    styles = Counter(r.style for r in requests)
    if len(styles) < LEAST_STYLES:
        yield f"{path.name}: only the styles {', '.join(styles)}; {LEAST_STYLES} different ones at least"


def _intent(path: Path, family: Family, at: int, intent: CorpusIntent) -> Iterator[str]:
    where = f"{path.name}: {family.name}/{intent.id}"
    labels = Counter(r.kinds[at] for r in family.requests)
    if labels[""] < LEAST_COVERED:
        yield f"{where}: {labels['']} covered requests; {LEAST_COVERED} at least"
    if sum(n > 0 for kind, n in labels.items() if kind) < LEAST_KINDS:
        yield f"{where}: contrasts of fewer than {LEAST_KINDS} kinds"
    if not LEAST_EXEMPLARS <= len(intent.exemplars) <= MOST_EXEMPLARS:
        yield f"{where}: {len(intent.exemplars)} exemplars; {LEAST_EXEMPLARS} to {MOST_EXEMPLARS}"
    if not intent.description:
        yield f"{where}: no description"


def _repeats(path: Path, families: tuple[Family, ...], requests: list[CorpusRequest]) -> Iterator[str]:
    first: dict[tuple[str, ...], int] = {}
    exemplars = {words(e) for f in families for i in f.intents for e in i.exemplars}
    for request in requests:
        key = words(request.text)
        if key in first:
            yield f"{path.name}:{request.line}: says the same as line {first[key]}; word it differently"
        elif key in exemplars:
            yield f"{path.name}:{request.line}: is an exemplar word for word"
        first.setdefault(key, request.line)


def main(arguments: list[str]) -> int:
    """Print every problem and a line of figures for each file."""
    found = 0
    for path in [Path(a) for a in arguments] or sorted(HERE.glob("*.txt")):
        for problem in problems(path):
            found += 1
            print(problem)
        try:
            families = read_domain(path)
        except CorpusError:
            continue
        kinds = [k for f in families for r in f.requests for k in r.kinds]
        print(
            f"{path.name}: {len(families)} families, {sum(len(f.intents) for f in families)} intents, "
            f"{sum(len(f.requests) for f in families)} requests, {kinds.count('')} covered and "
            f"{len(kinds) - kinds.count('')} beyond"
        )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
