"""How much authority a grant is: sensitivity times breadth, for as long as it can be used. Pure.

*Sensitivity* is 1 for reading, 3 for changing, 10 for what is critical (deletes, runs, shares, administers, moves
money). *Breadth* is 1 for a grant on one named target that can be used once, and multiplied

- by 10 when the target has no name, or one with ``*`` or ``?``;
- by 2 when it reads and nothing limits the rows;
- by the number of uses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from pdp.scoring import Risk
from pdp.types import Target

SENSITIVITY: Final[Mapping[Risk, float]] = {Risk.READ: 1.0, Risk.CHANGE: 3.0, Risk.CRITICAL: 10.0}
ANY_TARGET: Final = 10.0
ANY_ROWS: Final = 2.0
_WILD: Final = frozenset("*?")


@dataclass(frozen=True, slots=True)
class LiveGrant:
    """A grant that may still be used. ``expires``: epoch seconds. An empty ``jti`` stands for several, added up."""

    jti: str
    expires: float
    sensitivity: float
    breadth: float

    @property
    def weight(self) -> float:
        """Authority for each second."""
        return self.sensitivity * self.breadth


def breadth(target: Target, risk: Risk, row_limit: int | None, uses: int = 1) -> float:
    """How broad a grant is. ``row_limit``: the most rows it gives, from the narrowed request or its payload."""
    wild = not target.name.strip() or not _WILD.isdisjoint(target.name)
    endless = risk is Risk.READ and row_limit is None
    return (ANY_TARGET if wild else 1.0) * (ANY_ROWS if endless else 1.0) * max(1, uses)


def total(grants: Iterable[LiveGrant], now: float) -> float:
    """The sum over unexpired grants of remaining seconds, sensitivity and breadth; never negative."""
    return sum((max(0.0, g.expires - now) * g.weight for g in grants), 0.0)


def added(grants: tuple[LiveGrant, ...], one: LiveGrant, now: float, most: int) -> tuple[LiveGrant, ...]:
    """``grants`` without those that have expired, and ``one``. Where they would be more than ``most``, the two that end
    first are added up until the later of them ends: more authority than there is, never less.
    """
    live = sorted((*(g for g in grants if g.expires > now), one), key=lambda g: (g.expires, g.jti))
    while len(live) > most:
        first, second, *others = live
        live = [LiveGrant("", second.expires, first.weight + second.weight, 1.0), *others]
    return tuple(live)
