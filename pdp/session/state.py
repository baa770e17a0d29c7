"""What a session has gathered so far: one frozen value, and the steps that lead from one to the next. Pure.

Everything in it is bounded. At a bound the count errs upwards: a target that is no longer remembered counts as new, and
grants that are no longer kept apart count until the last of them has ended.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import Final

from pdp.scoring import Risk
from pdp.session import authority
from pdp.session.authority import LiveGrant
from pdp.session.drift import LARGEST_WINDOW, PurposeVector
from pdp.types import Access, Effect, Target

MOST_INTENTS: Final = 64
MOST_TARGETS: Final = 256
MOST_PRIVILEGES: Final = 64
MOST_GRANTS: Final = 64
MOST_COUNT: Final = 2**53 - 1
"""Counts stop here: what follows still compares as a double exactly, in rules and in JSON."""
_HASH_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Distinct:
    """Different things counted: those remembered by their hashes, and how often one came that was not."""

    seen: frozenset[str] = frozenset()
    more: int = 0

    @property
    def count(self) -> int:
        """How many there were, or more."""
        return len(self.seen) + self.more

    def adding(self, key: str, most: int) -> Distinct:
        """The same after ``key``; at most ``most`` are remembered."""
        if key in self.seen:
            return self
        return Distinct(self.seen | {key}, self.more) if len(self.seen) < most else Distinct(self.seen, _sum(self.more))


@dataclass(frozen=True, slots=True)
class Counters:
    """What was decided and reported. By risk and by access only what was allowed or narrowed is counted.

    ``accesses`` has a count for each ``Access``, in its order. ``rows`` and ``bytes`` are what gateways reported.
    """

    allowed: int = 0
    narrowed: int = 0
    denied: int = 0
    denials_in_a_row: int = 0
    reads: int = 0
    changes: int = 0
    criticals: int = 0
    accesses: tuple[int, ...] = (0,) * len(Access)
    sends: int = 0
    read_then_send: int = 0
    rows: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class SessionState:
    """One run of one agent on one task. ``started`` and ``expires``: epoch seconds; ``version`` counts the changes.

    The purpose itself is not in it, only its vector and the ``intents`` it admits. ``limits`` are bounds on session
    numbers beside the bundle's budgets. ``ended``: why, empty while it is open. ``distances``: of the latest requests
    from the purpose, the newest last.
    """

    id: str
    agent: str
    instance: str
    principal: str
    task: str
    purpose: PurposeVector
    intents: tuple[str, ...]
    gateway: str
    started: float
    expires: float
    limits: tuple[tuple[str, float], ...] = ()
    ended: str = ""
    version: int = 0
    counters: Counters = field(default_factory=Counters)
    targets: Distinct = field(default_factory=Distinct)
    privileges: Distinct = field(default_factory=Distinct)
    grants: tuple[LiveGrant, ...] = ()
    peak: float = 0.0
    distances: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Raises ``ValueError`` for more intents than are kept: leaving some out is for the caller to decide."""
        if len(self.intents) > MOST_INTENTS:
            raise ValueError(f"a session admits at most {MOST_INTENTS} intents, not {len(self.intents)}")


@dataclass(frozen=True, slots=True)
class Step:
    """What one decision did, or would do. ``sends``: it hands data to somebody, outside too.

    ``distance``: that of ``pdp.session.drift``, ``None`` when the utterance was not read. A deny has no ``grant``.
    """

    effect: Effect
    risk: Risk
    access: Access
    target: Target
    sends: bool = False
    grant: LiveGrant | None = None
    distance: float | None = None


def over(state: SessionState, now: float) -> str:
    """Why nothing more may be decided in the session; empty while it is open."""
    return state.ended or ("expired" if now >= state.expires else "")


def live_authority(state: SessionState, now: float) -> float:
    """The sum over unexpired grants of remaining seconds times sensitivity times breadth."""
    return authority.total(state.grants, now)


def advance(state: SessionState, step: Step, now: float) -> SessionState:
    """The state after one decision."""
    distances = state.distances if step.distance is None else (*state.distances, _share(step.distance))
    state = replace(state, version=_sum(state.version), distances=distances[-LARGEST_WINDOW:])
    if step.effect is Effect.DENY:
        counters = state.counters
        denied, row = _sum(counters.denied), _sum(counters.denials_in_a_row)
        return replace(state, counters=replace(counters, denied=denied, denials_in_a_row=row))
    grants = state.grants if step.grant is None else authority.added(state.grants, step.grant, now, MOST_GRANTS)
    return replace(
        state,
        counters=_granted(state.counters, step),
        targets=state.targets.adding(_hash(step.target.kind, step.target.name), MOST_TARGETS),
        privileges=state.privileges.adding(_hash(step.target.kind, step.access.name), MOST_PRIVILEGES),
        grants=grants,
        peak=max(state.peak, authority.total(grants, now)),
    )


def reported(state: SessionState, rows: int, size: int) -> SessionState:
    """The state after a gateway reported what ran. ``size``: bytes. Negative numbers take nothing off."""
    counters = state.counters
    grown = replace(counters, rows=_sum(counters.rows, max(0, rows)), bytes=_sum(counters.bytes, max(0, size)))
    return replace(state, version=_sum(state.version), counters=grown)


def consumed(state: SessionState, jti: str) -> SessionState:
    """The state after the last use of a grant. One that is not kept apart goes on counting until it has expired."""
    left = tuple(g for g in state.grants if not jti or g.jti != jti)
    return state if len(left) == len(state.grants) else replace(state, version=_sum(state.version), grants=left)


def ended(state: SessionState, why: str, now: float) -> SessionState:
    """The state after its end, whose grants have ended with it. The first reason stays; so does the first end."""
    if state.ended:
        return state
    return replace(state, version=_sum(state.version), ended=why or "ended", expires=min(state.expires, now), grants=())


def _granted(counters: Counters, step: Step) -> Counters:
    accesses = list(counters.accesses)
    accesses[step.access - 1] = _sum(accesses[step.access - 1])
    reads = step.risk is Risk.READ or step.access is Access.READ
    # What reads and sends at once is a pair by itself.
    pair = step.sends and (reads or counters.reads > 0 or counters.accesses[Access.READ - 1] > 0)
    return replace(
        counters,
        allowed=_sum(counters.allowed, step.effect is Effect.ALLOW),
        narrowed=_sum(counters.narrowed, step.effect is Effect.NARROW),
        denials_in_a_row=0,
        reads=_sum(counters.reads, step.risk is Risk.READ),
        changes=_sum(counters.changes, step.risk is Risk.CHANGE),
        criticals=_sum(counters.criticals, step.risk is Risk.CRITICAL),
        accesses=tuple(accesses),
        sends=_sum(counters.sends, step.sends),
        read_then_send=_sum(counters.read_then_send, pair),
    )


def _sum(count: int, more: int = 1) -> int:
    return min(MOST_COUNT, count + more)


def _share(distance: float) -> float:
    """As it is kept: three digits, rounded; what is no share is as far as can be."""
    return round(distance, 3) if 0 <= distance <= 1 else 1.0


def _hash(*parts: str) -> str:
    """A short name for something; the lengths keep parts from running together."""
    text = "".join(f"{len(p)}:{p}" for p in parts)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_HASH_BYTES).hexdigest()
