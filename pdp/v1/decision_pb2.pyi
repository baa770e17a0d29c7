from google.protobuf import struct_pb2 as _struct_pb2
from pdp.v1 import types_pb2 as _types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DecideRequest(_message.Message):
    __slots__ = ("request_id", "agent", "principal", "session_id", "utterance", "target", "action", "payload", "context")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    UTTERANCE_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    agent: _types_pb2.Agent
    principal: _types_pb2.Principal
    session_id: str
    utterance: str
    target: _types_pb2.Target
    action: _types_pb2.Action
    payload: _types_pb2.Payload
    context: _struct_pb2.Struct
    def __init__(self, request_id: _Optional[str] = ..., agent: _Optional[_Union[_types_pb2.Agent, _Mapping]] = ..., principal: _Optional[_Union[_types_pb2.Principal, _Mapping]] = ..., session_id: _Optional[str] = ..., utterance: _Optional[str] = ..., target: _Optional[_Union[_types_pb2.Target, _Mapping]] = ..., action: _Optional[_Union[_types_pb2.Action, _Mapping]] = ..., payload: _Optional[_Union[_types_pb2.Payload, _Mapping]] = ..., context: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class DecideResponse(_message.Message):
    __slots__ = ("effect", "decision_id", "request_id", "reasons", "match", "obligations", "narrowed", "revision", "encoder", "timings", "shadow", "traceparent", "grant", "grant_id", "grant_expires")
    EFFECT_FIELD_NUMBER: _ClassVar[int]
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    MATCH_FIELD_NUMBER: _ClassVar[int]
    OBLIGATIONS_FIELD_NUMBER: _ClassVar[int]
    NARROWED_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    ENCODER_FIELD_NUMBER: _ClassVar[int]
    TIMINGS_FIELD_NUMBER: _ClassVar[int]
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    TRACEPARENT_FIELD_NUMBER: _ClassVar[int]
    GRANT_FIELD_NUMBER: _ClassVar[int]
    GRANT_ID_FIELD_NUMBER: _ClassVar[int]
    GRANT_EXPIRES_FIELD_NUMBER: _ClassVar[int]
    effect: _types_pb2.Effect
    decision_id: str
    request_id: str
    reasons: _containers.RepeatedCompositeFieldContainer[_types_pb2.Reason]
    match: _types_pb2.IntentMatch
    obligations: _containers.RepeatedCompositeFieldContainer[_types_pb2.Obligation]
    narrowed: _types_pb2.NarrowedRequest
    revision: str
    encoder: str
    timings: _types_pb2.Timings
    shadow: _containers.RepeatedCompositeFieldContainer[_types_pb2.ShadowFinding]
    traceparent: str
    grant: str
    grant_id: str
    grant_expires: float
    def __init__(self, effect: _Optional[_Union[_types_pb2.Effect, str]] = ..., decision_id: _Optional[str] = ..., request_id: _Optional[str] = ..., reasons: _Optional[_Iterable[_Union[_types_pb2.Reason, _Mapping]]] = ..., match: _Optional[_Union[_types_pb2.IntentMatch, _Mapping]] = ..., obligations: _Optional[_Iterable[_Union[_types_pb2.Obligation, _Mapping]]] = ..., narrowed: _Optional[_Union[_types_pb2.NarrowedRequest, _Mapping]] = ..., revision: _Optional[str] = ..., encoder: _Optional[str] = ..., timings: _Optional[_Union[_types_pb2.Timings, _Mapping]] = ..., shadow: _Optional[_Iterable[_Union[_types_pb2.ShadowFinding, _Mapping]]] = ..., traceparent: _Optional[str] = ..., grant: _Optional[str] = ..., grant_id: _Optional[str] = ..., grant_expires: _Optional[float] = ...) -> None: ...

class DecideBatchRequest(_message.Message):
    __slots__ = ("items",)
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[DecideRequest]
    def __init__(self, items: _Optional[_Iterable[_Union[DecideRequest, _Mapping]]] = ...) -> None: ...

class DecideBatchResponse(_message.Message):
    __slots__ = ("items",)
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[DecideBatchItem]
    def __init__(self, items: _Optional[_Iterable[_Union[DecideBatchItem, _Mapping]]] = ...) -> None: ...

class DecideBatchItem(_message.Message):
    __slots__ = ("decision", "error")
    DECISION_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    decision: DecideResponse
    error: ItemError
    def __init__(self, decision: _Optional[_Union[DecideResponse, _Mapping]] = ..., error: _Optional[_Union[ItemError, _Mapping]] = ...) -> None: ...

class ItemError(_message.Message):
    __slots__ = ("code", "reason", "message", "retry_after")
    CODE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_FIELD_NUMBER: _ClassVar[int]
    code: int
    reason: str
    message: str
    retry_after: float
    def __init__(self, code: _Optional[int] = ..., reason: _Optional[str] = ..., message: _Optional[str] = ..., retry_after: _Optional[float] = ...) -> None: ...

class DecideStreamResponse(_message.Message):
    __slots__ = ("request_id", "decision", "error")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    decision: DecideResponse
    error: ItemError
    def __init__(self, request_id: _Optional[str] = ..., decision: _Optional[_Union[DecideResponse, _Mapping]] = ..., error: _Optional[_Union[ItemError, _Mapping]] = ...) -> None: ...

class ExplainRequest(_message.Message):
    __slots__ = ("request",)
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    request: DecideRequest
    def __init__(self, request: _Optional[_Union[DecideRequest, _Mapping]] = ...) -> None: ...

class ExplainResponse(_message.Message):
    __slots__ = ("decision", "trace")
    DECISION_FIELD_NUMBER: _ClassVar[int]
    TRACE_FIELD_NUMBER: _ClassVar[int]
    decision: DecideResponse
    trace: Trace
    def __init__(self, decision: _Optional[_Union[DecideResponse, _Mapping]] = ..., trace: _Optional[_Union[Trace, _Mapping]] = ...) -> None: ...

class Trace(_message.Message):
    __slots__ = ("canonical", "clauses", "candidates", "rules", "notes")
    CANONICAL_FIELD_NUMBER: _ClassVar[int]
    CLAUSES_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    canonical: str
    clauses: _containers.RepeatedCompositeFieldContainer[ClauseTrace]
    candidates: _containers.RepeatedCompositeFieldContainer[CandidateTrace]
    rules: _containers.RepeatedCompositeFieldContainer[RuleTrace]
    notes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, canonical: _Optional[str] = ..., clauses: _Optional[_Iterable[_Union[ClauseTrace, _Mapping]]] = ..., candidates: _Optional[_Iterable[_Union[CandidateTrace, _Mapping]]] = ..., rules: _Optional[_Iterable[_Union[RuleTrace, _Mapping]]] = ..., notes: _Optional[_Iterable[str]] = ...) -> None: ...

class ClauseTrace(_message.Message):
    __slots__ = ("text", "covered_by", "score", "authority")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    COVERED_BY_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    AUTHORITY_FIELD_NUMBER: _ClassVar[int]
    text: str
    covered_by: str
    score: float
    authority: str
    def __init__(self, text: _Optional[str] = ..., covered_by: _Optional[str] = ..., score: _Optional[float] = ..., authority: _Optional[str] = ...) -> None: ...

class CandidateTrace(_message.Message):
    __slots__ = ("intent", "score", "accept", "narrow", "band", "admitted", "nearest", "shadow")
    INTENT_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    ACCEPT_FIELD_NUMBER: _ClassVar[int]
    NARROW_FIELD_NUMBER: _ClassVar[int]
    BAND_FIELD_NUMBER: _ClassVar[int]
    ADMITTED_FIELD_NUMBER: _ClassVar[int]
    NEAREST_FIELD_NUMBER: _ClassVar[int]
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    intent: str
    score: float
    accept: float
    narrow: float
    band: str
    admitted: bool
    nearest: _types_pb2.Neighbour
    shadow: bool
    def __init__(self, intent: _Optional[str] = ..., score: _Optional[float] = ..., accept: _Optional[float] = ..., narrow: _Optional[float] = ..., band: _Optional[str] = ..., admitted: _Optional[bool] = ..., nearest: _Optional[_Union[_types_pb2.Neighbour, _Mapping]] = ..., shadow: _Optional[bool] = ...) -> None: ...

class RuleTrace(_message.Message):
    __slots__ = ("rule_id", "effect", "when", "result", "position", "values", "shadow")
    RULE_ID_FIELD_NUMBER: _ClassVar[int]
    EFFECT_FIELD_NUMBER: _ClassVar[int]
    WHEN_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    rule_id: str
    effect: str
    when: str
    result: str
    position: _types_pb2.Position
    values: _struct_pb2.Struct
    shadow: bool
    def __init__(self, rule_id: _Optional[str] = ..., effect: _Optional[str] = ..., when: _Optional[str] = ..., result: _Optional[str] = ..., position: _Optional[_Union[_types_pb2.Position, _Mapping]] = ..., values: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., shadow: _Optional[bool] = ...) -> None: ...
