"""What a session may add up to: the request at hand counted in, which budgets would be passed. Pure."""

from __future__ import annotations

import enum
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from pdp.session.drift import WINDOW
from pdp.session.facts import session_numbers
from pdp.session.state import SessionState, Step, advance


class BudgetLike(Protocol):
    """What is needed of a budget of a bundle (``pdp.policy.model.Budget``)."""

    @property
    def of(self) -> str:
        """A session number."""

    @property
    def at_most(self) -> float:
        """The most that it may be."""

    @property
    def then(self) -> enum.Enum:
        """What follows."""


B = TypeVar("B", bound=BudgetLike)

GRAVITY: Final = ("narrow", "deny", "end", "kill")
"""What may follow, from the mildest to the gravest."""
OWN_LIMIT: Final = "deny"


@dataclass(frozen=True, slots=True)
class Finding(Generic[B]):
    """A bound that would be passed. ``budget``: the bundle's; ``None`` for a limit that the session itself was given.

    ``used`` counts the request at hand in. ``then``: one of ``GRAVITY``.
    """

    of: str
    used: float
    at_most: float
    then: str
    budget: B | None = None


def findings(
    budgets: Sequence[B], state: SessionState, step: Step, now: float, window: int = WINDOW
) -> tuple[Finding[B], ...]:
    """Every bound that ``step`` would pass, the gravest first; empty when all is within."""
    numbers = session_numbers(advance(state, step, now), now, window)
    bounds = [
        *((b.of, b.at_most, str(b.then.value), b) for b in budgets),
        *((of, at_most, OWN_LIMIT, None) for of, at_most in state.limits),
    ]
    # A number that is not known, or no number, is never within.
    passed = [
        Finding(of, used, at_most, then, budget)
        for of, at_most, then, budget in bounds
        if not (used := numbers.get(of, float("inf"))) <= at_most
    ]
    return tuple(sorted(passed, key=lambda f: -GRAVITY.index(f.then)))


def gravest(found: Collection[Finding[B]]) -> str:
    """What follows from ``found``: the gravest of ``GRAVITY``, or ``""`` when nothing was passed."""
    return max((f.then for f in found), key=GRAVITY.index, default="")
