from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Scope(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SCOPE_UNSPECIFIED: _ClassVar[Scope]
    SCOPE_GRANT: _ClassVar[Scope]
    SCOPE_SESSION: _ClassVar[Scope]
    SCOPE_TASK: _ClassVar[Scope]
    SCOPE_AGENT: _ClassVar[Scope]
    SCOPE_INSTANCE: _ClassVar[Scope]
    SCOPE_PRINCIPAL: _ClassVar[Scope]
    SCOPE_TARGET: _ClassVar[Scope]
    SCOPE_INTENT: _ClassVar[Scope]
    SCOPE_GATEWAY: _ClassVar[Scope]
    SCOPE_KEY: _ClassVar[Scope]
    SCOPE_EVERYTHING: _ClassVar[Scope]

class OrderKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ORDER_KIND_UNSPECIFIED: _ClassVar[OrderKind]
    ORDER_KIND_KILL: _ClassVar[OrderKind]
    ORDER_KIND_QUARANTINE: _ClassVar[OrderKind]
    ORDER_KIND_LIFT: _ClassVar[OrderKind]
SCOPE_UNSPECIFIED: Scope
SCOPE_GRANT: Scope
SCOPE_SESSION: Scope
SCOPE_TASK: Scope
SCOPE_AGENT: Scope
SCOPE_INSTANCE: Scope
SCOPE_PRINCIPAL: Scope
SCOPE_TARGET: Scope
SCOPE_INTENT: Scope
SCOPE_GATEWAY: Scope
SCOPE_KEY: Scope
SCOPE_EVERYTHING: Scope
ORDER_KIND_UNSPECIFIED: OrderKind
ORDER_KIND_KILL: OrderKind
ORDER_KIND_QUARANTINE: OrderKind
ORDER_KIND_LIFT: OrderKind

class OrderRequest(_message.Message):
    __slots__ = ("scope", "value", "reason", "cause", "seconds", "wait")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    WAIT_FIELD_NUMBER: _ClassVar[int]
    scope: Scope
    value: str
    reason: str
    cause: str
    seconds: float
    wait: float
    def __init__(self, scope: _Optional[_Union[Scope, str]] = ..., value: _Optional[str] = ..., reason: _Optional[str] = ..., cause: _Optional[str] = ..., seconds: _Optional[float] = ..., wait: _Optional[float] = ...) -> None: ...

class OrderResponse(_message.Message):
    __slots__ = ("sequence", "durable", "audited", "acknowledged", "pending", "stale")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    DURABLE_FIELD_NUMBER: _ClassVar[int]
    AUDITED_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGED_FIELD_NUMBER: _ClassVar[int]
    PENDING_FIELD_NUMBER: _ClassVar[int]
    STALE_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    durable: bool
    audited: bool
    acknowledged: int
    pending: int
    stale: int
    def __init__(self, sequence: _Optional[int] = ..., durable: _Optional[bool] = ..., audited: _Optional[bool] = ..., acknowledged: _Optional[int] = ..., pending: _Optional[int] = ..., stale: _Optional[int] = ...) -> None: ...

class Order(_message.Message):
    __slots__ = ("sequence", "kind", "scope", "value", "reason", "cause", "until", "by", "time")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    BY_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    kind: OrderKind
    scope: Scope
    value: str
    reason: str
    cause: str
    until: float
    by: str
    time: float
    def __init__(self, sequence: _Optional[int] = ..., kind: _Optional[_Union[OrderKind, str]] = ..., scope: _Optional[_Union[Scope, str]] = ..., value: _Optional[str] = ..., reason: _Optional[str] = ..., cause: _Optional[str] = ..., until: _Optional[float] = ..., by: _Optional[str] = ..., time: _Optional[float] = ...) -> None: ...

class ListOrdersRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListOrdersResponse(_message.Message):
    __slots__ = ("sequence", "orders")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    orders: _containers.RepeatedCompositeFieldContainer[Order]
    def __init__(self, sequence: _Optional[int] = ..., orders: _Optional[_Iterable[_Union[Order, _Mapping]]] = ...) -> None: ...

class WatchRequest(_message.Message):
    __slots__ = ("instance", "acknowledged")
    INSTANCE_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGED_FIELD_NUMBER: _ClassVar[int]
    instance: str
    acknowledged: int
    def __init__(self, instance: _Optional[str] = ..., acknowledged: _Optional[int] = ...) -> None: ...

class WatchEvent(_message.Message):
    __slots__ = ("sequence", "time", "snapshot", "order", "heartbeat")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    time: float
    snapshot: OrderList
    order: Order
    heartbeat: Heartbeat
    def __init__(self, sequence: _Optional[int] = ..., time: _Optional[float] = ..., snapshot: _Optional[_Union[OrderList, _Mapping]] = ..., order: _Optional[_Union[Order, _Mapping]] = ..., heartbeat: _Optional[_Union[Heartbeat, _Mapping]] = ...) -> None: ...

class OrderList(_message.Message):
    __slots__ = ("orders",)
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    orders: _containers.RepeatedCompositeFieldContainer[Order]
    def __init__(self, orders: _Optional[_Iterable[_Union[Order, _Mapping]]] = ...) -> None: ...

class Heartbeat(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
