"""Patterns that are tried only where one of their trigger words stands, so that ordinary texts stay cheap."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """``pattern`` is searched in texts whose lower-case words meet ``triggers``."""

    triggers: frozenset[str]
    pattern: re.Pattern[str]


def rule(triggers: str, *parts: str) -> Rule:
    """A rule from trigger words and the parts of a pattern, joined as they stand; case does not matter."""
    return Rule(frozenset(triggers.split()), re.compile("".join(parts), re.IGNORECASE))


def found(rules: Iterable[Rule], text: str, words: frozenset[str]) -> Iterator[str]:
    """The first hit of each rule, in the order of ``rules``. ``words`` are the lower-case words of ``text``."""
    for each in rules:
        if not each.triggers.isdisjoint(words):
            hit = each.pattern.search(text)
            if hit:
                yield hit[0].strip()
