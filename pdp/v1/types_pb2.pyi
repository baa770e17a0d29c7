from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Effect(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EFFECT_UNSPECIFIED: _ClassVar[Effect]
    EFFECT_DENY: _ClassVar[Effect]
    EFFECT_NARROW: _ClassVar[Effect]
    EFFECT_ALLOW: _ClassVar[Effect]

class ReasonCode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REASON_CODE_UNSPECIFIED: _ClassVar[ReasonCode]
    REASON_CODE_ALLOWED: _ClassVar[ReasonCode]
    REASON_CODE_NARROWED_BY_RULE: _ClassVar[ReasonCode]
    REASON_CODE_NARROWED_BY_SCORE: _ClassVar[ReasonCode]
    REASON_CODE_UNKNOWN_AGENT: _ClassVar[ReasonCode]
    REASON_CODE_NOT_ADMITTED: _ClassVar[ReasonCode]
    REASON_CODE_OUT_OF_SCOPE: _ClassVar[ReasonCode]
    REASON_CODE_CLAUSE_NOT_COVERED: _ClassVar[ReasonCode]
    REASON_CODE_COUNTER_EXEMPLAR: _ClassVar[ReasonCode]
    REASON_CODE_AUTHORITY_EXCEEDED: _ClassVar[ReasonCode]
    REASON_CODE_NEGATED: _ClassVar[ReasonCode]
    REASON_CODE_TEXT_MANIPULATED: _ClassVar[ReasonCode]
    REASON_CODE_NO_UTTERANCE: _ClassVar[ReasonCode]
    REASON_CODE_RULE_DENY: _ClassVar[ReasonCode]
    REASON_CODE_RULE_REQUIRE: _ClassVar[ReasonCode]
    REASON_CODE_RULE_ERROR: _ClassVar[ReasonCode]
    REASON_CODE_RULE_NOT_BOOLEAN: _ClassVar[ReasonCode]
    REASON_CODE_ATTRIBUTE_MISSING: _ClassVar[ReasonCode]
    REASON_CODE_NARROW_IMPOSSIBLE: _ClassVar[ReasonCode]
    REASON_CODE_PAYLOAD_MISMATCH: _ClassVar[ReasonCode]
    REASON_CODE_PAYLOAD_UNPARSEABLE: _ClassVar[ReasonCode]
    REASON_CODE_SCORE_INVALID: _ClassVar[ReasonCode]
    REASON_CODE_ENCODER_FAILED: _ClassVar[ReasonCode]
    REASON_CODE_INTERNAL_ERROR: _ClassVar[ReasonCode]
    REASON_CODE_REVOKED: _ClassVar[ReasonCode]
    REASON_CODE_QUARANTINED: _ClassVar[ReasonCode]
    REASON_CODE_SESSION_REQUIRED: _ClassVar[ReasonCode]
    REASON_CODE_SESSION_OVER: _ClassVar[ReasonCode]
    REASON_CODE_SESSION_MISMATCH: _ClassVar[ReasonCode]
    REASON_CODE_PURPOSE_NOT_APPROVED: _ClassVar[ReasonCode]
    REASON_CODE_UTTERANCE_OUTSIDE_PURPOSE: _ClassVar[ReasonCode]
    REASON_CODE_CALL_OUTSIDE_PURPOSE: _ClassVar[ReasonCode]
    REASON_CODE_BUDGET_EXCEEDED: _ClassVar[ReasonCode]
    REASON_CODE_NARROWED_BY_BUDGET: _ClassVar[ReasonCode]
    REASON_CODE_DRIFTED: _ClassVar[ReasonCode]
    REASON_CODE_NARROWED_BY_DRIFT: _ClassVar[ReasonCode]
    REASON_CODE_AUDIT_UNAVAILABLE: _ClassVar[ReasonCode]
    REASON_CODE_SESSION_STARTED: _ClassVar[ReasonCode]
EFFECT_UNSPECIFIED: Effect
EFFECT_DENY: Effect
EFFECT_NARROW: Effect
EFFECT_ALLOW: Effect
REASON_CODE_UNSPECIFIED: ReasonCode
REASON_CODE_ALLOWED: ReasonCode
REASON_CODE_NARROWED_BY_RULE: ReasonCode
REASON_CODE_NARROWED_BY_SCORE: ReasonCode
REASON_CODE_UNKNOWN_AGENT: ReasonCode
REASON_CODE_NOT_ADMITTED: ReasonCode
REASON_CODE_OUT_OF_SCOPE: ReasonCode
REASON_CODE_CLAUSE_NOT_COVERED: ReasonCode
REASON_CODE_COUNTER_EXEMPLAR: ReasonCode
REASON_CODE_AUTHORITY_EXCEEDED: ReasonCode
REASON_CODE_NEGATED: ReasonCode
REASON_CODE_TEXT_MANIPULATED: ReasonCode
REASON_CODE_NO_UTTERANCE: ReasonCode
REASON_CODE_RULE_DENY: ReasonCode
REASON_CODE_RULE_REQUIRE: ReasonCode
REASON_CODE_RULE_ERROR: ReasonCode
REASON_CODE_RULE_NOT_BOOLEAN: ReasonCode
REASON_CODE_ATTRIBUTE_MISSING: ReasonCode
REASON_CODE_NARROW_IMPOSSIBLE: ReasonCode
REASON_CODE_PAYLOAD_MISMATCH: ReasonCode
REASON_CODE_PAYLOAD_UNPARSEABLE: ReasonCode
REASON_CODE_SCORE_INVALID: ReasonCode
REASON_CODE_ENCODER_FAILED: ReasonCode
REASON_CODE_INTERNAL_ERROR: ReasonCode
REASON_CODE_REVOKED: ReasonCode
REASON_CODE_QUARANTINED: ReasonCode
REASON_CODE_SESSION_REQUIRED: ReasonCode
REASON_CODE_SESSION_OVER: ReasonCode
REASON_CODE_SESSION_MISMATCH: ReasonCode
REASON_CODE_PURPOSE_NOT_APPROVED: ReasonCode
REASON_CODE_UTTERANCE_OUTSIDE_PURPOSE: ReasonCode
REASON_CODE_CALL_OUTSIDE_PURPOSE: ReasonCode
REASON_CODE_BUDGET_EXCEEDED: ReasonCode
REASON_CODE_NARROWED_BY_BUDGET: ReasonCode
REASON_CODE_DRIFTED: ReasonCode
REASON_CODE_NARROWED_BY_DRIFT: ReasonCode
REASON_CODE_AUDIT_UNAVAILABLE: ReasonCode
REASON_CODE_SESSION_STARTED: ReasonCode

class Agent(_message.Message):
    __slots__ = ("id", "instance", "attributes")
    ID_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    id: str
    instance: str
    attributes: _struct_pb2.Struct
    def __init__(self, id: _Optional[str] = ..., instance: _Optional[str] = ..., attributes: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class Principal(_message.Message):
    __slots__ = ("id", "attributes")
    ID_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    id: str
    attributes: _struct_pb2.Struct
    def __init__(self, id: _Optional[str] = ..., attributes: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class Target(_message.Message):
    __slots__ = ("kind", "name", "attributes")
    KIND_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    kind: str
    name: str
    attributes: _struct_pb2.Struct
    def __init__(self, kind: _Optional[str] = ..., name: _Optional[str] = ..., attributes: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class Action(_message.Message):
    __slots__ = ("name", "params")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    name: str
    params: _struct_pb2.Struct
    def __init__(self, name: _Optional[str] = ..., params: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class SqlPayload(_message.Message):
    __slots__ = ("text", "dialect", "database")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    DIALECT_FIELD_NUMBER: _ClassVar[int]
    DATABASE_FIELD_NUMBER: _ClassVar[int]
    text: str
    dialect: str
    database: str
    def __init__(self, text: _Optional[str] = ..., dialect: _Optional[str] = ..., database: _Optional[str] = ...) -> None: ...

class McpPayload(_message.Message):
    __slots__ = ("server", "tool", "arguments")
    SERVER_FIELD_NUMBER: _ClassVar[int]
    TOOL_FIELD_NUMBER: _ClassVar[int]
    ARGUMENTS_FIELD_NUMBER: _ClassVar[int]
    server: str
    tool: str
    arguments: _struct_pb2.Struct
    def __init__(self, server: _Optional[str] = ..., tool: _Optional[str] = ..., arguments: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class HttpPayload(_message.Message):
    __slots__ = ("method", "host", "path", "headers")
    class HeadersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    METHOD_FIELD_NUMBER: _ClassVar[int]
    HOST_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    method: str
    host: str
    path: str
    headers: _containers.ScalarMap[str, str]
    def __init__(self, method: _Optional[str] = ..., host: _Optional[str] = ..., path: _Optional[str] = ..., headers: _Optional[_Mapping[str, str]] = ...) -> None: ...

class KubernetesPayload(_message.Message):
    __slots__ = ("verb", "resource", "group", "namespace", "name", "subresource")
    VERB_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SUBRESOURCE_FIELD_NUMBER: _ClassVar[int]
    verb: str
    resource: str
    group: str
    namespace: str
    name: str
    subresource: str
    def __init__(self, verb: _Optional[str] = ..., resource: _Optional[str] = ..., group: _Optional[str] = ..., namespace: _Optional[str] = ..., name: _Optional[str] = ..., subresource: _Optional[str] = ...) -> None: ...

class SshPayload(_message.Message):
    __slots__ = ("host", "command", "user")
    HOST_FIELD_NUMBER: _ClassVar[int]
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    host: str
    command: str
    user: str
    def __init__(self, host: _Optional[str] = ..., command: _Optional[str] = ..., user: _Optional[str] = ...) -> None: ...

class CloudPayload(_message.Message):
    __slots__ = ("provider", "service", "operation", "resource", "region", "params")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    provider: str
    service: str
    operation: str
    resource: str
    region: str
    params: _struct_pb2.Struct
    def __init__(self, provider: _Optional[str] = ..., service: _Optional[str] = ..., operation: _Optional[str] = ..., resource: _Optional[str] = ..., region: _Optional[str] = ..., params: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class Payload(_message.Message):
    __slots__ = ("sql", "mcp", "http", "kubernetes", "ssh", "cloud")
    SQL_FIELD_NUMBER: _ClassVar[int]
    MCP_FIELD_NUMBER: _ClassVar[int]
    HTTP_FIELD_NUMBER: _ClassVar[int]
    KUBERNETES_FIELD_NUMBER: _ClassVar[int]
    SSH_FIELD_NUMBER: _ClassVar[int]
    CLOUD_FIELD_NUMBER: _ClassVar[int]
    sql: SqlPayload
    mcp: McpPayload
    http: HttpPayload
    kubernetes: KubernetesPayload
    ssh: SshPayload
    cloud: CloudPayload
    def __init__(self, sql: _Optional[_Union[SqlPayload, _Mapping]] = ..., mcp: _Optional[_Union[McpPayload, _Mapping]] = ..., http: _Optional[_Union[HttpPayload, _Mapping]] = ..., kubernetes: _Optional[_Union[KubernetesPayload, _Mapping]] = ..., ssh: _Optional[_Union[SshPayload, _Mapping]] = ..., cloud: _Optional[_Union[CloudPayload, _Mapping]] = ...) -> None: ...

class Position(_message.Message):
    __slots__ = ("file", "line", "column")
    FILE_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    file: str
    line: int
    column: int
    def __init__(self, file: _Optional[str] = ..., line: _Optional[int] = ..., column: _Optional[int] = ...) -> None: ...

class Reason(_message.Message):
    __slots__ = ("code", "text", "rule_id", "position")
    CODE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    RULE_ID_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    code: ReasonCode
    text: str
    rule_id: str
    position: Position
    def __init__(self, code: _Optional[_Union[ReasonCode, str]] = ..., text: _Optional[str] = ..., rule_id: _Optional[str] = ..., position: _Optional[_Union[Position, _Mapping]] = ...) -> None: ...

class Neighbour(_message.Message):
    __slots__ = ("intent", "text", "similarity", "position")
    INTENT_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    SIMILARITY_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    intent: str
    text: str
    similarity: float
    position: Position
    def __init__(self, intent: _Optional[str] = ..., text: _Optional[str] = ..., similarity: _Optional[float] = ..., position: _Optional[_Union[Position, _Mapping]] = ...) -> None: ...

class IntentMatch(_message.Message):
    __slots__ = ("intent", "score", "accept", "narrow", "margin", "nearest", "counter", "runner_up", "runner_up_score")
    INTENT_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    ACCEPT_FIELD_NUMBER: _ClassVar[int]
    NARROW_FIELD_NUMBER: _ClassVar[int]
    MARGIN_FIELD_NUMBER: _ClassVar[int]
    NEAREST_FIELD_NUMBER: _ClassVar[int]
    COUNTER_FIELD_NUMBER: _ClassVar[int]
    RUNNER_UP_FIELD_NUMBER: _ClassVar[int]
    RUNNER_UP_SCORE_FIELD_NUMBER: _ClassVar[int]
    intent: str
    score: float
    accept: float
    narrow: float
    margin: float
    nearest: Neighbour
    counter: Neighbour
    runner_up: str
    runner_up_score: float
    def __init__(self, intent: _Optional[str] = ..., score: _Optional[float] = ..., accept: _Optional[float] = ..., narrow: _Optional[float] = ..., margin: _Optional[float] = ..., nearest: _Optional[_Union[Neighbour, _Mapping]] = ..., counter: _Optional[_Union[Neighbour, _Mapping]] = ..., runner_up: _Optional[str] = ..., runner_up_score: _Optional[float] = ...) -> None: ...

class Obligation(_message.Message):
    __slots__ = ("type", "properties", "rule_id")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    PROPERTIES_FIELD_NUMBER: _ClassVar[int]
    RULE_ID_FIELD_NUMBER: _ClassVar[int]
    type: str
    properties: _struct_pb2.Struct
    rule_id: str
    def __init__(self, type: _Optional[str] = ..., properties: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., rule_id: _Optional[str] = ...) -> None: ...

class NarrowedRequest(_message.Message):
    __slots__ = ("target", "action", "payload", "read_only", "row_limit")
    TARGET_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    READ_ONLY_FIELD_NUMBER: _ClassVar[int]
    ROW_LIMIT_FIELD_NUMBER: _ClassVar[int]
    target: Target
    action: Action
    payload: Payload
    read_only: bool
    row_limit: int
    def __init__(self, target: _Optional[_Union[Target, _Mapping]] = ..., action: _Optional[_Union[Action, _Mapping]] = ..., payload: _Optional[_Union[Payload, _Mapping]] = ..., read_only: _Optional[bool] = ..., row_limit: _Optional[int] = ...) -> None: ...

class ShadowFinding(_message.Message):
    __slots__ = ("source", "would_be", "text")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    WOULD_BE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    source: str
    would_be: Effect
    text: str
    def __init__(self, source: _Optional[str] = ..., would_be: _Optional[_Union[Effect, str]] = ..., text: _Optional[str] = ...) -> None: ...

class Timings(_message.Message):
    __slots__ = ("admit", "text", "encode", "decide", "total", "record")
    ADMIT_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    ENCODE_FIELD_NUMBER: _ClassVar[int]
    DECIDE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    admit: int
    text: int
    encode: int
    decide: int
    total: int
    record: int
    def __init__(self, admit: _Optional[int] = ..., text: _Optional[int] = ..., encode: _Optional[int] = ..., decide: _Optional[int] = ..., total: _Optional[int] = ..., record: _Optional[int] = ...) -> None: ...
