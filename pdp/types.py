"""The values that flow through a decision: frozen, complete when built, free of protobuf and of I/O.

Words are those of the glossary in ``README.md``; one word per thing everywhere.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
JsonObject: TypeAlias = Mapping[str, Json]


class Effect(enum.Enum):
    """The three answers. ``DENY`` is the default everywhere."""

    DENY = "deny"
    NARROW = "narrow"
    ALLOW = "allow"


class ReasonCode(enum.Enum):
    """Why. Stable: values are part of the wire contract and never change meaning."""

    ALLOWED = "allowed"
    NARROWED_BY_RULE = "narrowed_by_rule"
    NARROWED_BY_SCORE = "narrowed_by_score"
    UNKNOWN_AGENT = "unknown_agent"
    NOT_ADMITTED = "not_admitted"
    OUT_OF_SCOPE = "out_of_scope"
    CLAUSE_NOT_COVERED = "clause_not_covered"
    COUNTER_EXEMPLAR = "counter_exemplar"
    AUTHORITY_EXCEEDED = "authority_exceeded"
    NEGATED = "negated"
    TEXT_MANIPULATED = "text_manipulated"
    NO_UTTERANCE = "no_utterance"
    RULE_DENY = "rule_deny"
    RULE_REQUIRE = "rule_require"
    RULE_ERROR = "rule_error"
    RULE_NOT_BOOLEAN = "rule_not_boolean"
    ATTRIBUTE_MISSING = "attribute_missing"
    NARROW_IMPOSSIBLE = "narrow_impossible"
    PAYLOAD_MISMATCH = "payload_mismatch"
    PAYLOAD_UNPARSEABLE = "payload_unparseable"
    SCORE_INVALID = "score_invalid"
    ENCODER_FAILED = "encoder_failed"
    INTERNAL_ERROR = "internal_error"
    REVOKED = "revoked"
    QUARANTINED = "quarantined"
    SESSION_REQUIRED = "session_required"
    SESSION_OVER = "session_over"
    SESSION_MISMATCH = "session_mismatch"
    PURPOSE_NOT_APPROVED = "purpose_not_approved"
    UTTERANCE_OUTSIDE_PURPOSE = "utterance_outside_purpose"
    CALL_OUTSIDE_PURPOSE = "call_outside_purpose"
    BUDGET_EXCEEDED = "budget_exceeded"
    NARROWED_BY_BUDGET = "narrowed_by_budget"
    DRIFTED = "drifted"
    NARROWED_BY_DRIFT = "narrowed_by_drift"
    AUDIT_UNAVAILABLE = "audit_unavailable"
    SESSION_STARTED = "session_started"


class Access(enum.IntEnum):
    """What an operation does to its target, from harmless to most dangerous. What cannot be told is ``UNKNOWN``."""

    READ = 1
    WRITE = 2
    DELETE = 3
    EXECUTE = 4
    ADMINISTER = 5
    UNKNOWN = 6


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a bundle file. ``line`` and ``column`` count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Exemplar:
    """An approved sample utterance, or (in ``counter_exemplars``) one that looks alike and is not approved."""

    text: str
    position: Position


@dataclass(frozen=True, slots=True)
class Agent:
    """The non-human identity that acts."""

    id: str
    instance: str = ""
    attributes: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Principal:
    """The human or service on whose behalf the agent acts. An empty id means there is none."""

    id: str = ""
    attributes: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Target:
    """What is acted on."""

    kind: str
    name: str
    attributes: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Action:
    """The operation and its parameters."""

    name: str
    params: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SqlPayload:
    """SQL text as the gateway would send it. ``dialect`` is a sqlglot dialect name, empty for the generic one."""

    text: str
    dialect: str = ""
    database: str = ""


@dataclass(frozen=True, slots=True)
class McpPayload:
    """An MCP ``tools/call``: server name, tool name, arguments (MCP 2025-06-18, tools/call params)."""

    server: str
    tool: str
    arguments: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HttpPayload:
    """An HTTP request. ``path`` carries the query, percent-encoded as on the wire."""

    method: str
    host: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KubernetesPayload:
    """The attributes of a Kubernetes API request (SubjectAccessReview resourceAttributes)."""

    verb: str
    resource: str
    group: str = ""
    namespace: str = ""
    name: str = ""
    subresource: str = ""


@dataclass(frozen=True, slots=True)
class SshPayload:
    """A command line to run on a host."""

    host: str
    command: str
    user: str = ""


@dataclass(frozen=True, slots=True)
class CloudPayload:
    """A cloud API call: provider (``aws``), service (``s3``), operation (``DeleteBucket``), resource, parameters."""

    provider: str
    service: str
    operation: str
    resource: str = ""
    region: str = ""
    params: JsonObject = field(default_factory=dict)


Payload: TypeAlias = SqlPayload | McpPayload | HttpPayload | KubernetesPayload | SshPayload | CloudPayload


@dataclass(frozen=True, slots=True)
class Request:
    """One question to the PDP, parsed and within limits. Caller identity is not here: it comes from the channel."""

    request_id: str
    agent: Agent
    utterance: str
    target: Target
    action: Action
    principal: Principal = field(default_factory=Principal)
    session_id: str = ""
    payload: Payload | None = None
    context: JsonObject = field(default_factory=dict)
    traceparent: str = ""


@dataclass(frozen=True, slots=True)
class Derived:
    """What a native payload really does, derived by parsing and never taken from the caller.

    ``facts`` holds what the payload kind knows (``statement``, ``relations``, ``columns``, ``limit``, ``method`` ...);
    the CEL variable ``payload`` exposes them. ``parsed`` is False when the payload could not be understood: then
    ``access`` is ``UNKNOWN`` and the decision is a deny.
    """

    kind: str
    target: Target
    action: Action
    access: Access
    parsed: bool
    facts: JsonObject
    mismatches: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Obligation:
    """What a PEP must do for a narrow to be safe; a PEP that cannot must treat the answer as deny."""

    type: str
    properties: JsonObject = field(default_factory=dict)
    rule_id: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason, with the rule and the place in the bundle it comes from, when there is one."""

    code: ReasonCode
    text: str
    rule_id: str = ""
    position: Position | None = None


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An exemplar near the utterance. ``similarity`` is a cosine in [-1, 1]."""

    intent: str
    text: str
    similarity: float
    position: Position | None = None


@dataclass(frozen=True, slots=True)
class IntentMatch:
    """The intent the utterance was matched to, with everything needed to see why. Scores are in [0, 1]."""

    intent: str
    score: float
    accept: float
    narrow: float
    margin: float
    nearest: Neighbour | None = None
    counter: Neighbour | None = None
    runner_up: str = ""
    runner_up_score: float = 0.0


@dataclass(frozen=True, slots=True)
class NarrowedRequest:
    """What may run instead of what was asked: never more (invariant 3)."""

    target: Target
    action: Action
    payload: Payload | None = None
    read_only: bool = False
    row_limit: int | None = None


@dataclass(frozen=True, slots=True)
class RuleTrace:
    """One rule as it was evaluated, for ``Explain``. ``result`` is ``true``, ``false`` or the error text."""

    rule_id: str
    effect: str
    when: str
    result: str
    position: Position
    values: JsonObject = field(default_factory=dict)
    shadow: bool = False


@dataclass(frozen=True, slots=True)
class CandidateTrace:
    """One candidate intent with its score, for ``Explain``."""

    intent: str
    score: float
    accept: float
    narrow: float
    band: str
    admitted: bool
    nearest: Neighbour | None = None
    shadow: bool = False


@dataclass(frozen=True, slots=True)
class ClauseTrace:
    """One clause of the utterance and what covers it, for ``Explain``."""

    text: str
    covered_by: str
    score: float
    authority: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """The whole evaluation as a person would want it; built only when asked for."""

    canonical: str = ""
    clauses: tuple[ClauseTrace, ...] = ()
    candidates: tuple[CandidateTrace, ...] = ()
    rules: tuple[RuleTrace, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShadowFinding:
    """What a shadow intent or rule would have changed."""

    source: str
    would_be: Effect
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the pure engine answers. The same inputs give the same verdict, byte for byte (invariant 4)."""

    effect: Effect
    reasons: tuple[Reason, ...]
    match: IntentMatch | None = None
    obligations: tuple[Obligation, ...] = ()
    narrowed: NarrowedRequest | None = None
    derived: Derived | None = None
    shadow: tuple[ShadowFinding, ...] = ()
    trace: Trace | None = None


@dataclass(frozen=True, slots=True)
class Timings:
    """Per-stage time in microseconds. A stage that did not run is 0."""

    admit: int = 0
    text: int = 0
    encode: int = 0
    decide: int = 0
    total: int = 0
    record: int = 0


@dataclass(frozen=True, slots=True)
class Permit:
    """The signed grant as it leaves: compact JWS, its ``jti``, its end in epoch seconds."""

    token: str
    id: str
    expires: float


@dataclass(frozen=True, slots=True)
class Decision:
    """The finished answer: verdict plus what the process adds around it. ``permit`` goes with allow and narrow only."""

    decision_id: str
    request_id: str
    verdict: Verdict
    revision: str
    encoder: str
    timings: Timings
    traceparent: str = ""
    permit: Permit | None = None
