"""What runtime authority asks and answers, as values: sessions, orders, grants in use, outcomes, records.

Frozen, complete when built, free of protobuf and of I/O. Times are epoch seconds.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from pdp.types import Action, Agent, JsonObject, Payload, Principal, Reason, Target

NO_TARGET, NO_ACTION = Target("", ""), Action("")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, from the channel: its name, and the SHA-256 thumbprint of its certificate (base64url; empty: none)."""

    name: str
    certificate: str = ""


@dataclass(frozen=True, slots=True)
class SessionRequest:
    """What a gateway asks for at the start of a task. ``budget``: tighter limits by the name of a session number."""

    agent: Agent
    purpose: str
    principal: Principal = field(default_factory=Principal)
    task: str = ""
    seconds: float = 0.0
    intents: tuple[str, ...] = ()
    budget: Mapping[str, float] = field(default_factory=dict)
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class SessionAnswer:
    """A session was opened, or refused (``session_id`` empty)."""

    session_id: str
    reasons: tuple[Reason, ...]
    intents: tuple[str, ...] = ()
    expires: float = 0.0
    revision: str = ""


@dataclass(frozen=True, slots=True)
class SessionEnd:
    """A session ended: how many usable grants ended with it, and whether it was open until now."""

    grants_ended: int
    was_open: bool


@dataclass(frozen=True, slots=True)
class SessionReport:
    """A session as it stands. ``ended`` is empty while it is open; ``numbers`` are what rules see as ``session.*``."""

    id: str
    agent: str
    instance: str
    principal: str
    task: str
    gateway: str
    intents: tuple[str, ...]
    started: float
    expires: float
    ended: str
    numbers: JsonObject


@dataclass(frozen=True, slots=True)
class AgentReport:
    """One agent of the inventory. ``marks``: unowned, unknown, stale, over-scoped. Times are 0 for never."""

    id: str
    owner: str
    declared: bool
    seen: bool
    intents_used: tuple[str, ...]
    intents_unused: tuple[str, ...]
    targets: tuple[str, ...]
    first_seen: float
    last_seen: float
    allowed: int
    narrowed: int
    denied: int
    live_authority: float
    open_sessions: int
    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Consumption:
    """A use of a grant was taken, or refused with a stable word."""

    consumed: bool
    uses_left: int = 0
    refusal: str = ""
    text: str = ""
    grant_id: str = ""


@dataclass(frozen=True, slots=True)
class AttenuationRequest:
    """A narrower grant for a sub-agent. Zero and empty mean: as the parent."""

    grant: str
    agent: Agent
    audience: str = ""
    seconds: float = 0.0
    uses: int = 0
    target: Target = NO_TARGET
    action: Action = NO_ACTION
    read_only: bool = False
    row_limit: int | None = None


@dataclass(frozen=True, slots=True)
class Attenuation:
    """The narrower grant, or a refusal with a stable word."""

    grant: str = ""
    grant_id: str = ""
    expires: float = 0.0
    refusal: str = ""
    text: str = ""


class Observed(enum.Enum):
    """What a gateway saw of an action."""

    OCCURRED = "occurred"
    NONE = "none"
    UNKNOWN = "unknown"


class Agreement(enum.Enum):
    """What decision and observed effect say together (after draft-gilda-audit-agent-audit-record)."""

    AGREE = "agree"
    DISAGREE = "disagree"
    NOT_EXERCISED = "not-exercised"
    ONE_SIDED = "one-sided"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What really ran, as the gateway reports it."""

    decision_id: str
    observed: Observed
    grant_id: str = ""
    target: Target = NO_TARGET
    action: Action = NO_ACTION
    payload: Payload | None = None
    rows: int = 0
    bytes: int = 0
    exit_code: int = 0
    operation_digest: str = ""
    values: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OutcomeAnswer:
    """The derived agreement, and why in words."""

    agreement: Agreement
    text: str


@dataclass(frozen=True, slots=True)
class OrderWanted:
    """What an operator orders. ``scope`` and ``cause`` are the words of ``pdp.revocation``.

    ``seconds`` 0: until it is lifted. ``wait``: seconds to wait for gateways to acknowledge.
    """

    kind: str
    scope: str
    value: str
    reason: str
    cause: str = ""
    seconds: float = 0.0
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class OrderReceipt:
    """The order is in force. ``durable``, ``audited``: whether the disk answered in time. Then gateways that watch."""

    sequence: int
    durable: bool
    audited: bool
    acknowledged: int = 0
    pending: int = 0
    stale: int = 0


@dataclass(frozen=True, slots=True)
class OrderReport:
    """An order in force. ``until`` 0: until it is lifted."""

    sequence: int
    kind: str
    scope: str
    value: str
    reason: str
    cause: str
    until: float
    by: str
    time: float


@dataclass(frozen=True, slots=True)
class WatchNews:
    """What a watching gateway is told: one of a snapshot (``orders`` set), an ``order``, or a heartbeat (neither)."""

    sequence: int
    time: float
    orders: tuple[OrderReport, ...] | None = None
    order: OrderReport | None = None


@dataclass(frozen=True, slots=True)
class Holding:
    """Gateways that watch: how many hold an order, do not hold it yet, and were not heard of lately."""

    acknowledged: int = 0
    pending: int = 0
    stale: int = 0


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """An audit record as stored; its leaf hash is SHA-256(0x00 || stored)."""

    index: int
    stored: bytes


@dataclass(frozen=True, slots=True)
class Inclusion:
    """An RFC 6962 audit path of a record to the tree of ``size`` records."""

    index: int
    size: int
    hashes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Consistency:
    """An RFC 6962 consistency proof between two sizes of the tree."""

    first: int
    second: int
    hashes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class TraceReport:
    """Everything recorded about one id, in order, with a proof for each record to the checkpoint."""

    records: tuple[StoredRecord, ...]
    proofs: tuple[Inclusion, ...]
    checkpoint: str


@dataclass(frozen=True, slots=True)
class RecordPage:
    """Some records; ``next`` is where to go on, 0 at the end."""

    records: tuple[StoredRecord, ...]
    next: int
    size: int
