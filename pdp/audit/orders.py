"""Which kills were in force at a place in the log. Written for the verifier alone, apart from what served the orders.

Quarantines are not followed: whether a request only reads is not for the log to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pdp.types import JsonObject


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill: ``scope:value``, where it stands in the log, when it was given and until when it holds (epoch s)."""

    what: str
    index: int
    time: float
    until: float

    def holds(self, now: float) -> bool:
        """Whether it was in force for something that was asked after it was given."""
        return self.time < now < self.until


class Kills:
    """The kills in force after the records so far."""

    __slots__ = ("_kills", "_patterns")

    def __init__(self) -> None:
        self._kills: dict[str, Kill] = {}
        self._patterns: dict[str, re.Pattern[str]] = {}

    def take(self, index: int, time: float, body: JsonObject) -> None:
        """A revocation record."""
        what = f"{body.get('scope')}:{body.get('value') or ''}"
        if body.get("kind") == "lift":
            self._kills.pop(what, None)
            self._patterns.pop(what, None)
        elif body.get("kind") == "kill":
            until = body.get("until")
            end = float(until) if isinstance(until, int | float) and until else float("inf")
            known = self._kills.get(what)
            if known is None or not known.holds(time):
                self._kills[what] = Kill(what, index, time, end)
            elif end > known.until:
                self._kills[what] = Kill(what, known.index, known.time, end)
            if what.startswith("target:") and ("*" in what or "?" in what):
                self._patterns[what] = _compiled(what)

    def __bool__(self) -> bool:
        return bool(self._kills)

    def find(self, subjects: Iterable[str], now: float) -> Kill | None:
        """A kill of any of ``subjects`` (``agent:bot``, ``target:table/x``) that something asked at ``now`` met."""
        for what in ("everything:", *subjects):
            kill = self._kills.get(what)
            if kill is not None and kill.holds(now):
                return kill
            if what.startswith("target:"):
                for pattern, expression in self._patterns.items():
                    if expression.fullmatch(what) and self._kills[pattern].holds(now):
                        return self._kills[pattern]
        return None


def _compiled(pattern: str) -> re.Pattern[str]:
    # Each star takes as little as it can and never gives back: linear, and enough for patterns of nothing but stars.
    first, *rest = re.split(r"\*+", pattern)
    parts = [_literal(first)]
    for number, part in enumerate(rest):
        last = number == len(rest) - 1
        parts.append(f".*{_literal(part)}" if last else f"(?>.*?{_literal(part)})")
    return re.compile("".join(parts), re.DOTALL)


def _literal(part: str) -> str:
    return "".join("." if c == "?" else re.escape(c) for c in part)
