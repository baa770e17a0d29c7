"""A bundle as values: what has been approved. Built only by ``pdp.policy.bundle.load``, complete and validated."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from ipaddress import IPv4Network, IPv6Network
from typing import Final

from pdp.linear import LinearHead
from pdp.scoring import CalibrationData, Thresholds
from pdp.types import Effect, Exemplar, Json, JsonObject, Obligation, Position, Request


class Mode(enum.Enum):
    """``SHADOW`` is evaluated and reported without effect: a shadow intent grants, a shadow rule denies nothing."""

    ENFORCE = "enforce"
    SHADOW = "shadow"


class RuleEffect(enum.Enum):
    """``DENY``: true denies. ``REQUIRE``: anything but true denies. ``NARROW``: true narrows."""

    DENY = "deny"
    REQUIRE = "require"
    NARROW = "narrow"


class NarrowKind(enum.Enum):
    """How a request is cut down. Each is monotone: it can only take away (invariant 3)."""

    AT_MOST = "at_most"
    AT_LEAST = "at_least"
    ONE_OF = "one_of"
    PREFIX = "prefix"
    REMOVE = "remove"
    READ_ONLY = "read_only"
    ROW_LIMIT = "row_limit"


@dataclass(frozen=True, slots=True)
class Narrowing:
    """One cut. ``param`` is a top-level name in ``action.params``, empty for READ_ONLY and ROW_LIMIT."""

    kind: NarrowKind
    param: str
    value: Json
    position: Position


@dataclass(frozen=True, slots=True)
class Scope:
    """What a narrow leaves: cuts plus obligations. Empty means there is no narrowed scope."""

    narrowings: tuple[Narrowing, ...] = ()
    obligations: tuple[Obligation, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.narrowings or self.obligations)


@dataclass(frozen=True, slots=True)
class TextRun:
    """From code point ``offset`` of a text up to the next run, the file has it in ``line``, from ``column`` on."""

    offset: int
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Rule:
    """A CEL rule. ``when`` is the source; ``pdp.policy.rules`` compiles it. ``scope`` is set for NARROW only.

    ``position`` is where the rule stands, ``when_position`` the first character of its CEL text; ``when_runs`` says
    where the rest stands when indentation, folding or escapes moved it, and is empty when nothing did.
    """

    id: str
    effect: RuleEffect
    when: str
    message: str
    position: Position
    when_position: Position
    scope: Scope = field(default_factory=Scope)
    mode: Mode = Mode.ENFORCE
    when_runs: tuple[TextRun, ...] = ()

    def place(self, offset: int) -> Position:
        """Where in the file code point ``offset`` of ``when`` stands."""
        start = self.when_position
        run = TextRun(0, start.line, start.column)
        for later in self.when_runs:
            if later.offset > offset:
                break
            run = later
        return Position(start.file, run.line, run.column + offset - run.offset)


@dataclass(frozen=True, slots=True)
class TargetPattern:
    """Shell-style patterns (``*`` and ``?``), matched case-sensitively against ``target.kind`` and ``target.name``."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class GrantSettings:
    """How long (seconds, at most 300) and how often a grant may be used."""

    seconds: int = 60
    uses: int = 1


@dataclass(frozen=True, slots=True)
class Intent:
    """An approved purpose. ``narrow`` is the scope granted when the score lies between narrow and accept."""

    id: str
    description: str
    owner: str
    agents: tuple[str, ...]
    targets: tuple[TargetPattern, ...]
    actions: tuple[str, ...]
    exemplars: tuple[Exemplar, ...]
    position: Position
    counter_exemplars: tuple[Exemplar, ...] = ()
    thresholds: Thresholds | None = None
    narrow: Scope = field(default_factory=Scope)
    rules: tuple[Rule, ...] = ()
    grant: GrantSettings = field(default_factory=GrantSettings)
    mode: Mode = Mode.ENFORCE


@dataclass(frozen=True, slots=True)
class AgentEntry:
    """Who may use which intents. ``id`` may be a pattern; ``intents`` holds intent ids or patterns."""

    id: str
    owner: str
    intents: tuple[str, ...]
    position: Position
    description: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """A weekly time window. ``days`` are 0 (Monday) to 6; ``until`` before ``start`` means it crosses midnight."""

    days: frozenset[int]
    start: time
    until: time
    timezone: str


class Consequence(enum.Enum):
    """What follows when a budget is passed, from the mildest to the gravest."""

    NARROW = "narrow"
    DENY = "deny"
    END = "end"
    KILL = "kill"


@dataclass(frozen=True, slots=True)
class Budget:
    """A bound on a number of the session, the request at hand counted in. ``scope`` is set for NARROW only."""

    id: str
    of: str
    at_most: float
    then: Consequence
    message: str
    position: Position
    scope: Scope = field(default_factory=Scope)


APPROVAL: Final = Scope(obligations=(Obligation("approval", {}, "drift"),))
"""What is left of a request of a session that drifts, where the bundle says nothing else: a person decides."""


@dataclass(frozen=True, slots=True)
class DriftSettings:
    """Thresholds on ``session.drift`` (0 to 1) over so many requests. ``None``: those of ``pdp.session.drift``."""

    window: int | None = None
    narrow: float | None = None
    kill: float | None = None
    scope: Scope = APPROVAL


class Cause(enum.Enum):
    """What a trigger waits for. ``OUTCOME``: an effect outside the grant was reported; ``DENIALS``: many in a row."""

    DRIFT = "drift"
    BUDGET = "budget"
    REPLAY = "replay"
    OUTCOME = "outcome"
    DENIALS = "denials"


class Stop(enum.Enum):
    """What a trigger does. ``QUARANTINE`` leaves reading."""

    KILL = "kill"
    QUARANTINE = "quarantine"


class Reach(enum.Enum):
    """Whom a trigger stops."""

    SESSION = "session"
    AGENT = "agent"
    INSTANCE = "instance"
    PRINCIPAL = "principal"


@dataclass(frozen=True, slots=True)
class Trigger:
    """A stop without a person. ``at``: for DENIALS, how many in a row; ``seconds``: ``None`` until it is lifted."""

    cause: Cause
    do: Stop
    scope: Reach
    position: Position
    at: int = 0
    seconds: int | None = None


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """What a run of an agent may add up to. ``required``: a request outside a session is denied."""

    required: bool = True
    seconds: int = 900
    budgets: tuple[Budget, ...] = ()
    drift: DriftSettings = field(default_factory=DriftSettings)
    triggers: tuple[Trigger, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """What ``bundle.yaml`` says beside its head: named things that rules may use, and what sessions are held to."""

    constants: JsonObject = field(default_factory=dict)
    networks: Mapping[str, tuple[IPv4Network | IPv6Network, ...]] = field(default_factory=dict)
    windows: Mapping[str, Window] = field(default_factory=dict)
    sessions: SessionSettings = field(default_factory=SessionSettings)


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a test case wants. Only what is set is compared; ``reasons`` must all occur."""

    effect: Effect
    intent: str | None = None
    reasons: tuple[str, ...] = ()
    obligations: tuple[str, ...] = ()
    params: JsonObject | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One test of the bundle. ``now`` is seconds since the epoch, fixed so that time windows are testable."""

    name: str
    request: Request
    expect: Expectation
    now: float
    position: Position


@dataclass(frozen=True, slots=True)
class Bundle:
    """A validated bundle. ``revision`` is ``sha256:`` plus the hex digest of its files' contents and names."""

    name: str
    description: str
    owner: str
    revision: str
    path: str
    intents: tuple[Intent, ...]
    rules: tuple[Rule, ...]
    agents: tuple[AgentEntry, ...]
    calibration: CalibrationData
    cases: tuple[Case, ...] = ()
    settings: Settings = field(default_factory=Settings)
    linear: LinearHead | None = None
