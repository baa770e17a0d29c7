"""Which of an agent's intents a declared purpose admits. Pure: the model's work is done by the caller."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from pdp.session.state import MOST_INTENTS


@dataclass(frozen=True, slots=True)
class Covering:
    """One intent that a clause of the purpose was held against. ``granted``: its score reaches at least ``narrow``."""

    intent: str
    score: float
    granted: bool


def admitted(clauses: Sequence[Collection[Covering]]) -> tuple[str, ...]:
    """The intents that cover the clauses of a purpose, the likeliest first; none unless every clause is covered.

    A purpose of which one part is not approved is not approved. Beyond ``MOST_INTENTS`` the least likely are left out.
    """
    covered = [[c for c in clause if c.granted and math.isfinite(c.score)] for clause in clauses]
    if not covered or not all(covered):
        return ()
    best: dict[str, float] = {}
    for one in (c for clause in covered for c in clause):
        best[one.intent] = max(one.score, best.get(one.intent, one.score))
    return _ranked(best)


def within(wanted: Collection[str], usable: Collection[str]) -> tuple[str, ...]:
    """The intents that a caller names for a session, when all of them are usable by the agent; else none."""
    named = sorted(set(wanted))
    return tuple(named) if len(named) <= MOST_INTENTS and set(named) <= set(usable) else ()


def _ranked(scores: Mapping[str, float]) -> tuple[str, ...]:
    return tuple(sorted(scores, key=lambda name: (-scores[name], name))[:MOST_INTENTS])
