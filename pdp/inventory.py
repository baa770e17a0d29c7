"""Every agent that asked for anything, as the log keeps it: bounded, one small value for each. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from pdp.types import Effect

# Made once, for this is written with every decision.
_ENCODE = json.JSONEncoder(separators=(",", ":")).encode
MOST_NAMES = 256
"""Intents and targets that are remembered for each agent; more are not named."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one agent did. Times are epoch seconds; ``unnamed``: further targets that were not remembered."""

    first: float
    last: float
    allowed: int = 0
    narrowed: int = 0
    denied: int = 0
    intents: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    unnamed: int = 0

    def to_bytes(self) -> bytes:
        """As it is kept."""
        return _ENCODE({n: getattr(self, n) for n in self.__slots__}).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Seen:
        """Raises ``ValueError`` or ``TypeError`` for anything else."""
        found = json.loads(data)
        found["intents"], found["targets"] = tuple(found["intents"]), tuple(found["targets"])
        return cls(**found)


def after(seen: Seen | None, effect: Effect, intent: str, target: str, now: float) -> Seen:
    """What is known of an agent after one decision. ``intent`` and ``target`` count for what was granted only."""
    seen = seen or Seen(now, now)
    if effect is Effect.DENY:
        return replace(seen, last=max(seen.last, now), denied=seen.denied + 1)
    known = target in seen.targets
    room = known or len(seen.targets) < MOST_NAMES
    return replace(
        seen,
        last=max(seen.last, now),
        allowed=seen.allowed + (effect is Effect.ALLOW),
        narrowed=seen.narrowed + (effect is Effect.NARROW),
        intents=seen.intents if intent in seen.intents else (*seen.intents, intent)[:MOST_NAMES],
        targets=seen.targets if known or not room else (*seen.targets, target),
        unnamed=seen.unnamed + (not room),
    )
