from google.protobuf import struct_pb2 as _struct_pb2
from pdp.v1 import types_pb2 as _types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class StartSessionRequest(_message.Message):
    __slots__ = ("agent", "principal", "purpose", "task_id", "seconds", "intents", "budget", "request_id")
    class BudgetEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    AGENT_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    INTENTS_FIELD_NUMBER: _ClassVar[int]
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    agent: _types_pb2.Agent
    principal: _types_pb2.Principal
    purpose: str
    task_id: str
    seconds: float
    intents: _containers.RepeatedScalarFieldContainer[str]
    budget: _containers.ScalarMap[str, float]
    request_id: str
    def __init__(self, agent: _Optional[_Union[_types_pb2.Agent, _Mapping]] = ..., principal: _Optional[_Union[_types_pb2.Principal, _Mapping]] = ..., purpose: _Optional[str] = ..., task_id: _Optional[str] = ..., seconds: _Optional[float] = ..., intents: _Optional[_Iterable[str]] = ..., budget: _Optional[_Mapping[str, float]] = ..., request_id: _Optional[str] = ...) -> None: ...

class StartSessionResponse(_message.Message):
    __slots__ = ("session_id", "reasons", "intents", "expires", "revision")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    INTENTS_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    reasons: _containers.RepeatedCompositeFieldContainer[_types_pb2.Reason]
    intents: _containers.RepeatedScalarFieldContainer[str]
    expires: float
    revision: str
    def __init__(self, session_id: _Optional[str] = ..., reasons: _Optional[_Iterable[_Union[_types_pb2.Reason, _Mapping]]] = ..., intents: _Optional[_Iterable[str]] = ..., expires: _Optional[float] = ..., revision: _Optional[str] = ...) -> None: ...

class EndSessionRequest(_message.Message):
    __slots__ = ("session_id", "reason")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    reason: str
    def __init__(self, session_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class EndSessionResponse(_message.Message):
    __slots__ = ("grants_ended", "was_open")
    GRANTS_ENDED_FIELD_NUMBER: _ClassVar[int]
    WAS_OPEN_FIELD_NUMBER: _ClassVar[int]
    grants_ended: int
    was_open: bool
    def __init__(self, grants_ended: _Optional[int] = ..., was_open: _Optional[bool] = ...) -> None: ...

class GetSessionRequest(_message.Message):
    __slots__ = ("session_id",)
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    def __init__(self, session_id: _Optional[str] = ...) -> None: ...

class Session(_message.Message):
    __slots__ = ("id", "agent", "instance", "principal", "task_id", "gateway", "intents", "started", "expires", "ended", "numbers")
    ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    TASK_ID_FIELD_NUMBER: _ClassVar[int]
    GATEWAY_FIELD_NUMBER: _ClassVar[int]
    INTENTS_FIELD_NUMBER: _ClassVar[int]
    STARTED_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_FIELD_NUMBER: _ClassVar[int]
    ENDED_FIELD_NUMBER: _ClassVar[int]
    NUMBERS_FIELD_NUMBER: _ClassVar[int]
    id: str
    agent: str
    instance: str
    principal: str
    task_id: str
    gateway: str
    intents: _containers.RepeatedScalarFieldContainer[str]
    started: float
    expires: float
    ended: str
    numbers: _struct_pb2.Struct
    def __init__(self, id: _Optional[str] = ..., agent: _Optional[str] = ..., instance: _Optional[str] = ..., principal: _Optional[str] = ..., task_id: _Optional[str] = ..., gateway: _Optional[str] = ..., intents: _Optional[_Iterable[str]] = ..., started: _Optional[float] = ..., expires: _Optional[float] = ..., ended: _Optional[str] = ..., numbers: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class ListSessionsRequest(_message.Message):
    __slots__ = ("open", "agent", "limit")
    OPEN_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    open: bool
    agent: str
    limit: int
    def __init__(self, open: _Optional[bool] = ..., agent: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class ListSessionsResponse(_message.Message):
    __slots__ = ("sessions",)
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    sessions: _containers.RepeatedCompositeFieldContainer[Session]
    def __init__(self, sessions: _Optional[_Iterable[_Union[Session, _Mapping]]] = ...) -> None: ...

class ListAgentsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListAgentsResponse(_message.Message):
    __slots__ = ("agents",)
    AGENTS_FIELD_NUMBER: _ClassVar[int]
    agents: _containers.RepeatedCompositeFieldContainer[AgentReport]
    def __init__(self, agents: _Optional[_Iterable[_Union[AgentReport, _Mapping]]] = ...) -> None: ...

class AgentReport(_message.Message):
    __slots__ = ("id", "owner", "declared", "seen", "intents_used", "intents_unused", "targets", "first_seen", "last_seen", "allowed", "narrowed", "denied", "live_authority", "open_sessions", "marks")
    ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    DECLARED_FIELD_NUMBER: _ClassVar[int]
    SEEN_FIELD_NUMBER: _ClassVar[int]
    INTENTS_USED_FIELD_NUMBER: _ClassVar[int]
    INTENTS_UNUSED_FIELD_NUMBER: _ClassVar[int]
    TARGETS_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEEN_FIELD_NUMBER: _ClassVar[int]
    LAST_SEEN_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_FIELD_NUMBER: _ClassVar[int]
    NARROWED_FIELD_NUMBER: _ClassVar[int]
    DENIED_FIELD_NUMBER: _ClassVar[int]
    LIVE_AUTHORITY_FIELD_NUMBER: _ClassVar[int]
    OPEN_SESSIONS_FIELD_NUMBER: _ClassVar[int]
    MARKS_FIELD_NUMBER: _ClassVar[int]
    id: str
    owner: str
    declared: bool
    seen: bool
    intents_used: _containers.RepeatedScalarFieldContainer[str]
    intents_unused: _containers.RepeatedScalarFieldContainer[str]
    targets: _containers.RepeatedScalarFieldContainer[str]
    first_seen: float
    last_seen: float
    allowed: int
    narrowed: int
    denied: int
    live_authority: float
    open_sessions: int
    marks: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, id: _Optional[str] = ..., owner: _Optional[str] = ..., declared: _Optional[bool] = ..., seen: _Optional[bool] = ..., intents_used: _Optional[_Iterable[str]] = ..., intents_unused: _Optional[_Iterable[str]] = ..., targets: _Optional[_Iterable[str]] = ..., first_seen: _Optional[float] = ..., last_seen: _Optional[float] = ..., allowed: _Optional[int] = ..., narrowed: _Optional[int] = ..., denied: _Optional[int] = ..., live_authority: _Optional[float] = ..., open_sessions: _Optional[int] = ..., marks: _Optional[_Iterable[str]] = ...) -> None: ...
