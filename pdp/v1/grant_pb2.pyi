from google.protobuf import struct_pb2 as _struct_pb2
from pdp.v1 import types_pb2 as _types_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ObservedEffect(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OBSERVED_EFFECT_UNSPECIFIED: _ClassVar[ObservedEffect]
    OBSERVED_EFFECT_OCCURRED: _ClassVar[ObservedEffect]
    OBSERVED_EFFECT_NONE: _ClassVar[ObservedEffect]
    OBSERVED_EFFECT_UNKNOWN: _ClassVar[ObservedEffect]

class Agreement(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    AGREEMENT_UNSPECIFIED: _ClassVar[Agreement]
    AGREEMENT_AGREE: _ClassVar[Agreement]
    AGREEMENT_DISAGREE: _ClassVar[Agreement]
    AGREEMENT_NOT_EXERCISED: _ClassVar[Agreement]
    AGREEMENT_ONE_SIDED: _ClassVar[Agreement]
OBSERVED_EFFECT_UNSPECIFIED: ObservedEffect
OBSERVED_EFFECT_OCCURRED: ObservedEffect
OBSERVED_EFFECT_NONE: ObservedEffect
OBSERVED_EFFECT_UNKNOWN: ObservedEffect
AGREEMENT_UNSPECIFIED: Agreement
AGREEMENT_AGREE: Agreement
AGREEMENT_DISAGREE: Agreement
AGREEMENT_NOT_EXERCISED: Agreement
AGREEMENT_ONE_SIDED: Agreement

class ConsumeRequest(_message.Message):
    __slots__ = ("grant", "target", "action", "payload")
    GRANT_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    grant: str
    target: _types_pb2.Target
    action: _types_pb2.Action
    payload: _types_pb2.Payload
    def __init__(self, grant: _Optional[str] = ..., target: _Optional[_Union[_types_pb2.Target, _Mapping]] = ..., action: _Optional[_Union[_types_pb2.Action, _Mapping]] = ..., payload: _Optional[_Union[_types_pb2.Payload, _Mapping]] = ...) -> None: ...

class ConsumeResponse(_message.Message):
    __slots__ = ("consumed", "uses_left", "refusal", "text", "grant_id")
    CONSUMED_FIELD_NUMBER: _ClassVar[int]
    USES_LEFT_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    GRANT_ID_FIELD_NUMBER: _ClassVar[int]
    consumed: bool
    uses_left: int
    refusal: str
    text: str
    grant_id: str
    def __init__(self, consumed: _Optional[bool] = ..., uses_left: _Optional[int] = ..., refusal: _Optional[str] = ..., text: _Optional[str] = ..., grant_id: _Optional[str] = ...) -> None: ...

class AttenuateRequest(_message.Message):
    __slots__ = ("grant", "agent", "audience", "seconds", "uses", "target", "action", "read_only", "row_limit")
    GRANT_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    AUDIENCE_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    USES_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    READ_ONLY_FIELD_NUMBER: _ClassVar[int]
    ROW_LIMIT_FIELD_NUMBER: _ClassVar[int]
    grant: str
    agent: _types_pb2.Agent
    audience: str
    seconds: float
    uses: int
    target: _types_pb2.Target
    action: _types_pb2.Action
    read_only: bool
    row_limit: int
    def __init__(self, grant: _Optional[str] = ..., agent: _Optional[_Union[_types_pb2.Agent, _Mapping]] = ..., audience: _Optional[str] = ..., seconds: _Optional[float] = ..., uses: _Optional[int] = ..., target: _Optional[_Union[_types_pb2.Target, _Mapping]] = ..., action: _Optional[_Union[_types_pb2.Action, _Mapping]] = ..., read_only: _Optional[bool] = ..., row_limit: _Optional[int] = ...) -> None: ...

class AttenuateResponse(_message.Message):
    __slots__ = ("grant", "grant_id", "expires", "refusal", "text")
    GRANT_FIELD_NUMBER: _ClassVar[int]
    GRANT_ID_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    grant: str
    grant_id: str
    expires: float
    refusal: str
    text: str
    def __init__(self, grant: _Optional[str] = ..., grant_id: _Optional[str] = ..., expires: _Optional[float] = ..., refusal: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...

class GetKeysRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetKeysResponse(_message.Message):
    __slots__ = ("jwks",)
    JWKS_FIELD_NUMBER: _ClassVar[int]
    jwks: str
    def __init__(self, jwks: _Optional[str] = ...) -> None: ...

class ReportOutcomeRequest(_message.Message):
    __slots__ = ("decision_id", "grant_id", "observed", "target", "action", "payload", "rows", "bytes", "exit_code", "operation_digest", "values")
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    GRANT_ID_FIELD_NUMBER: _ClassVar[int]
    OBSERVED_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    EXIT_CODE_FIELD_NUMBER: _ClassVar[int]
    OPERATION_DIGEST_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    decision_id: str
    grant_id: str
    observed: ObservedEffect
    target: _types_pb2.Target
    action: _types_pb2.Action
    payload: _types_pb2.Payload
    rows: int
    bytes: int
    exit_code: int
    operation_digest: str
    values: _struct_pb2.Struct
    def __init__(self, decision_id: _Optional[str] = ..., grant_id: _Optional[str] = ..., observed: _Optional[_Union[ObservedEffect, str]] = ..., target: _Optional[_Union[_types_pb2.Target, _Mapping]] = ..., action: _Optional[_Union[_types_pb2.Action, _Mapping]] = ..., payload: _Optional[_Union[_types_pb2.Payload, _Mapping]] = ..., rows: _Optional[int] = ..., bytes: _Optional[int] = ..., exit_code: _Optional[int] = ..., operation_digest: _Optional[str] = ..., values: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class ReportOutcomeResponse(_message.Message):
    __slots__ = ("agreement", "text")
    AGREEMENT_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    agreement: Agreement
    text: str
    def __init__(self, agreement: _Optional[_Union[Agreement, str]] = ..., text: _Optional[str] = ...) -> None: ...
