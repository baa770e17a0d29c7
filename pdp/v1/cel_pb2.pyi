from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

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

class Session(_message.Message):
    __slots__ = ("id", "task", "age_seconds", "decisions", "allowed", "narrowed", "denied", "denials_in_a_row", "reads", "changes", "criticals", "targets", "privileges", "live_authority", "peak_authority", "rows", "bytes", "read_then_send", "drift", "intents")
    ID_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    AGE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    DECISIONS_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_FIELD_NUMBER: _ClassVar[int]
    NARROWED_FIELD_NUMBER: _ClassVar[int]
    DENIED_FIELD_NUMBER: _ClassVar[int]
    DENIALS_IN_A_ROW_FIELD_NUMBER: _ClassVar[int]
    READS_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    CRITICALS_FIELD_NUMBER: _ClassVar[int]
    TARGETS_FIELD_NUMBER: _ClassVar[int]
    PRIVILEGES_FIELD_NUMBER: _ClassVar[int]
    LIVE_AUTHORITY_FIELD_NUMBER: _ClassVar[int]
    PEAK_AUTHORITY_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    READ_THEN_SEND_FIELD_NUMBER: _ClassVar[int]
    DRIFT_FIELD_NUMBER: _ClassVar[int]
    INTENTS_FIELD_NUMBER: _ClassVar[int]
    id: str
    task: str
    age_seconds: int
    decisions: int
    allowed: int
    narrowed: int
    denied: int
    denials_in_a_row: int
    reads: int
    changes: int
    criticals: int
    targets: int
    privileges: int
    live_authority: float
    peak_authority: float
    rows: int
    bytes: int
    read_then_send: int
    drift: float
    intents: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, id: _Optional[str] = ..., task: _Optional[str] = ..., age_seconds: _Optional[int] = ..., decisions: _Optional[int] = ..., allowed: _Optional[int] = ..., narrowed: _Optional[int] = ..., denied: _Optional[int] = ..., denials_in_a_row: _Optional[int] = ..., reads: _Optional[int] = ..., changes: _Optional[int] = ..., criticals: _Optional[int] = ..., targets: _Optional[int] = ..., privileges: _Optional[int] = ..., live_authority: _Optional[float] = ..., peak_authority: _Optional[float] = ..., rows: _Optional[int] = ..., bytes: _Optional[int] = ..., read_then_send: _Optional[int] = ..., drift: _Optional[float] = ..., intents: _Optional[_Iterable[str]] = ...) -> None: ...

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

class Request(_message.Message):
    __slots__ = ("id", "utterance", "context")
    ID_FIELD_NUMBER: _ClassVar[int]
    UTTERANCE_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    id: str
    utterance: str
    context: _struct_pb2.Struct
    def __init__(self, id: _Optional[str] = ..., utterance: _Optional[str] = ..., context: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class Match(_message.Message):
    __slots__ = ("intent", "score", "accept", "narrow", "margin")
    INTENT_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    ACCEPT_FIELD_NUMBER: _ClassVar[int]
    NARROW_FIELD_NUMBER: _ClassVar[int]
    MARGIN_FIELD_NUMBER: _ClassVar[int]
    intent: str
    score: float
    accept: float
    narrow: float
    margin: float
    def __init__(self, intent: _Optional[str] = ..., score: _Optional[float] = ..., accept: _Optional[float] = ..., narrow: _Optional[float] = ..., margin: _Optional[float] = ...) -> None: ...

class Payload(_message.Message):
    __slots__ = ("kind", "parsed", "access", "flags", "server", "tool", "argument_names", "target_in_arguments", "method", "host", "port", "path", "segments", "query", "query_keys", "headers", "verb", "resource", "subresource", "group", "namespace", "name", "cluster_scoped", "provider", "service", "operation", "region", "dialect", "database", "statement", "statements", "statement_count", "relations", "relations_read", "relations_written", "schemas", "columns", "star", "has_where", "every_row", "functions", "unknown_functions", "dangerous_functions", "limit", "user", "commands", "command_count", "programs", "actions", "operands", "paths", "writes", "hosts", "privileged")
    KIND_FIELD_NUMBER: _ClassVar[int]
    PARSED_FIELD_NUMBER: _ClassVar[int]
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    SERVER_FIELD_NUMBER: _ClassVar[int]
    TOOL_FIELD_NUMBER: _ClassVar[int]
    ARGUMENT_NAMES_FIELD_NUMBER: _ClassVar[int]
    TARGET_IN_ARGUMENTS_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    HOST_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    QUERY_KEYS_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    VERB_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_FIELD_NUMBER: _ClassVar[int]
    SUBRESOURCE_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    CLUSTER_SCOPED_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    DIALECT_FIELD_NUMBER: _ClassVar[int]
    DATABASE_FIELD_NUMBER: _ClassVar[int]
    STATEMENT_FIELD_NUMBER: _ClassVar[int]
    STATEMENTS_FIELD_NUMBER: _ClassVar[int]
    STATEMENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    RELATIONS_FIELD_NUMBER: _ClassVar[int]
    RELATIONS_READ_FIELD_NUMBER: _ClassVar[int]
    RELATIONS_WRITTEN_FIELD_NUMBER: _ClassVar[int]
    SCHEMAS_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    STAR_FIELD_NUMBER: _ClassVar[int]
    HAS_WHERE_FIELD_NUMBER: _ClassVar[int]
    EVERY_ROW_FIELD_NUMBER: _ClassVar[int]
    FUNCTIONS_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_FUNCTIONS_FIELD_NUMBER: _ClassVar[int]
    DANGEROUS_FUNCTIONS_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    COMMANDS_FIELD_NUMBER: _ClassVar[int]
    COMMAND_COUNT_FIELD_NUMBER: _ClassVar[int]
    PROGRAMS_FIELD_NUMBER: _ClassVar[int]
    ACTIONS_FIELD_NUMBER: _ClassVar[int]
    OPERANDS_FIELD_NUMBER: _ClassVar[int]
    PATHS_FIELD_NUMBER: _ClassVar[int]
    WRITES_FIELD_NUMBER: _ClassVar[int]
    HOSTS_FIELD_NUMBER: _ClassVar[int]
    PRIVILEGED_FIELD_NUMBER: _ClassVar[int]
    kind: str
    parsed: bool
    access: str
    flags: _containers.RepeatedScalarFieldContainer[str]
    server: str
    tool: str
    argument_names: _containers.RepeatedScalarFieldContainer[str]
    target_in_arguments: bool
    method: str
    host: str
    port: int
    path: str
    segments: _containers.RepeatedScalarFieldContainer[str]
    query: _struct_pb2.Struct
    query_keys: _containers.RepeatedScalarFieldContainer[str]
    headers: _containers.RepeatedScalarFieldContainer[str]
    verb: str
    resource: str
    subresource: str
    group: str
    namespace: str
    name: str
    cluster_scoped: bool
    provider: str
    service: str
    operation: str
    region: str
    dialect: str
    database: str
    statement: str
    statements: _containers.RepeatedScalarFieldContainer[str]
    statement_count: int
    relations: _containers.RepeatedScalarFieldContainer[str]
    relations_read: _containers.RepeatedScalarFieldContainer[str]
    relations_written: _containers.RepeatedScalarFieldContainer[str]
    schemas: _containers.RepeatedScalarFieldContainer[str]
    columns: _containers.RepeatedScalarFieldContainer[str]
    star: bool
    has_where: bool
    every_row: bool
    functions: _containers.RepeatedScalarFieldContainer[str]
    unknown_functions: _containers.RepeatedScalarFieldContainer[str]
    dangerous_functions: _containers.RepeatedScalarFieldContainer[str]
    limit: int
    user: str
    commands: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Struct]
    command_count: int
    programs: _containers.RepeatedScalarFieldContainer[str]
    actions: _containers.RepeatedScalarFieldContainer[str]
    operands: _containers.RepeatedScalarFieldContainer[str]
    paths: _containers.RepeatedScalarFieldContainer[str]
    writes: _containers.RepeatedScalarFieldContainer[str]
    hosts: _containers.RepeatedScalarFieldContainer[str]
    privileged: bool
    def __init__(self, kind: _Optional[str] = ..., parsed: _Optional[bool] = ..., access: _Optional[str] = ..., flags: _Optional[_Iterable[str]] = ..., server: _Optional[str] = ..., tool: _Optional[str] = ..., argument_names: _Optional[_Iterable[str]] = ..., target_in_arguments: _Optional[bool] = ..., method: _Optional[str] = ..., host: _Optional[str] = ..., port: _Optional[int] = ..., path: _Optional[str] = ..., segments: _Optional[_Iterable[str]] = ..., query: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., query_keys: _Optional[_Iterable[str]] = ..., headers: _Optional[_Iterable[str]] = ..., verb: _Optional[str] = ..., resource: _Optional[str] = ..., subresource: _Optional[str] = ..., group: _Optional[str] = ..., namespace: _Optional[str] = ..., name: _Optional[str] = ..., cluster_scoped: _Optional[bool] = ..., provider: _Optional[str] = ..., service: _Optional[str] = ..., operation: _Optional[str] = ..., region: _Optional[str] = ..., dialect: _Optional[str] = ..., database: _Optional[str] = ..., statement: _Optional[str] = ..., statements: _Optional[_Iterable[str]] = ..., statement_count: _Optional[int] = ..., relations: _Optional[_Iterable[str]] = ..., relations_read: _Optional[_Iterable[str]] = ..., relations_written: _Optional[_Iterable[str]] = ..., schemas: _Optional[_Iterable[str]] = ..., columns: _Optional[_Iterable[str]] = ..., star: _Optional[bool] = ..., has_where: _Optional[bool] = ..., every_row: _Optional[bool] = ..., functions: _Optional[_Iterable[str]] = ..., unknown_functions: _Optional[_Iterable[str]] = ..., dangerous_functions: _Optional[_Iterable[str]] = ..., limit: _Optional[int] = ..., user: _Optional[str] = ..., commands: _Optional[_Iterable[_Union[_struct_pb2.Struct, _Mapping]]] = ..., command_count: _Optional[int] = ..., programs: _Optional[_Iterable[str]] = ..., actions: _Optional[_Iterable[str]] = ..., operands: _Optional[_Iterable[str]] = ..., paths: _Optional[_Iterable[str]] = ..., writes: _Optional[_Iterable[str]] = ..., hosts: _Optional[_Iterable[str]] = ..., privileged: _Optional[bool] = ...) -> None: ...

class CheckedExpr(_message.Message):
    __slots__ = ("type_map", "expr", "source_info")
    class TypeMapEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: int
        value: Type
        def __init__(self, key: _Optional[int] = ..., value: _Optional[_Union[Type, _Mapping]] = ...) -> None: ...
    TYPE_MAP_FIELD_NUMBER: _ClassVar[int]
    EXPR_FIELD_NUMBER: _ClassVar[int]
    SOURCE_INFO_FIELD_NUMBER: _ClassVar[int]
    type_map: _containers.MessageMap[int, Type]
    expr: Expr
    source_info: SourceInfo
    def __init__(self, type_map: _Optional[_Mapping[int, Type]] = ..., expr: _Optional[_Union[Expr, _Mapping]] = ..., source_info: _Optional[_Union[SourceInfo, _Mapping]] = ...) -> None: ...

class SourceInfo(_message.Message):
    __slots__ = ("positions",)
    class PositionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: int
        value: int
        def __init__(self, key: _Optional[int] = ..., value: _Optional[int] = ...) -> None: ...
    POSITIONS_FIELD_NUMBER: _ClassVar[int]
    positions: _containers.ScalarMap[int, int]
    def __init__(self, positions: _Optional[_Mapping[int, int]] = ...) -> None: ...

class Expr(_message.Message):
    __slots__ = ("id", "const_expr", "ident_expr", "select_expr", "call_expr", "list_expr", "struct_expr", "comprehension_expr")
    class Ident(_message.Message):
        __slots__ = ("name",)
        NAME_FIELD_NUMBER: _ClassVar[int]
        name: str
        def __init__(self, name: _Optional[str] = ...) -> None: ...
    class Select(_message.Message):
        __slots__ = ("operand", "field", "test_only")
        OPERAND_FIELD_NUMBER: _ClassVar[int]
        FIELD_FIELD_NUMBER: _ClassVar[int]
        TEST_ONLY_FIELD_NUMBER: _ClassVar[int]
        operand: Expr
        field: str
        test_only: bool
        def __init__(self, operand: _Optional[_Union[Expr, _Mapping]] = ..., field: _Optional[str] = ..., test_only: _Optional[bool] = ...) -> None: ...
    class Call(_message.Message):
        __slots__ = ("target", "function", "args")
        TARGET_FIELD_NUMBER: _ClassVar[int]
        FUNCTION_FIELD_NUMBER: _ClassVar[int]
        ARGS_FIELD_NUMBER: _ClassVar[int]
        target: Expr
        function: str
        args: _containers.RepeatedCompositeFieldContainer[Expr]
        def __init__(self, target: _Optional[_Union[Expr, _Mapping]] = ..., function: _Optional[str] = ..., args: _Optional[_Iterable[_Union[Expr, _Mapping]]] = ...) -> None: ...
    class CreateList(_message.Message):
        __slots__ = ("elements",)
        ELEMENTS_FIELD_NUMBER: _ClassVar[int]
        elements: _containers.RepeatedCompositeFieldContainer[Expr]
        def __init__(self, elements: _Optional[_Iterable[_Union[Expr, _Mapping]]] = ...) -> None: ...
    class CreateStruct(_message.Message):
        __slots__ = ("message_name", "entries")
        class Entry(_message.Message):
            __slots__ = ("map_key", "value")
            MAP_KEY_FIELD_NUMBER: _ClassVar[int]
            VALUE_FIELD_NUMBER: _ClassVar[int]
            map_key: Expr
            value: Expr
            def __init__(self, map_key: _Optional[_Union[Expr, _Mapping]] = ..., value: _Optional[_Union[Expr, _Mapping]] = ...) -> None: ...
        MESSAGE_NAME_FIELD_NUMBER: _ClassVar[int]
        ENTRIES_FIELD_NUMBER: _ClassVar[int]
        message_name: str
        entries: _containers.RepeatedCompositeFieldContainer[Expr.CreateStruct.Entry]
        def __init__(self, message_name: _Optional[str] = ..., entries: _Optional[_Iterable[_Union[Expr.CreateStruct.Entry, _Mapping]]] = ...) -> None: ...
    class Comprehension(_message.Message):
        __slots__ = ("iter_var", "iter_range", "accu_var", "accu_init", "loop_condition", "loop_step", "result")
        ITER_VAR_FIELD_NUMBER: _ClassVar[int]
        ITER_RANGE_FIELD_NUMBER: _ClassVar[int]
        ACCU_VAR_FIELD_NUMBER: _ClassVar[int]
        ACCU_INIT_FIELD_NUMBER: _ClassVar[int]
        LOOP_CONDITION_FIELD_NUMBER: _ClassVar[int]
        LOOP_STEP_FIELD_NUMBER: _ClassVar[int]
        RESULT_FIELD_NUMBER: _ClassVar[int]
        iter_var: str
        iter_range: Expr
        accu_var: str
        accu_init: Expr
        loop_condition: Expr
        loop_step: Expr
        result: Expr
        def __init__(self, iter_var: _Optional[str] = ..., iter_range: _Optional[_Union[Expr, _Mapping]] = ..., accu_var: _Optional[str] = ..., accu_init: _Optional[_Union[Expr, _Mapping]] = ..., loop_condition: _Optional[_Union[Expr, _Mapping]] = ..., loop_step: _Optional[_Union[Expr, _Mapping]] = ..., result: _Optional[_Union[Expr, _Mapping]] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    CONST_EXPR_FIELD_NUMBER: _ClassVar[int]
    IDENT_EXPR_FIELD_NUMBER: _ClassVar[int]
    SELECT_EXPR_FIELD_NUMBER: _ClassVar[int]
    CALL_EXPR_FIELD_NUMBER: _ClassVar[int]
    LIST_EXPR_FIELD_NUMBER: _ClassVar[int]
    STRUCT_EXPR_FIELD_NUMBER: _ClassVar[int]
    COMPREHENSION_EXPR_FIELD_NUMBER: _ClassVar[int]
    id: int
    const_expr: Constant
    ident_expr: Expr.Ident
    select_expr: Expr.Select
    call_expr: Expr.Call
    list_expr: Expr.CreateList
    struct_expr: Expr.CreateStruct
    comprehension_expr: Expr.Comprehension
    def __init__(self, id: _Optional[int] = ..., const_expr: _Optional[_Union[Constant, _Mapping]] = ..., ident_expr: _Optional[_Union[Expr.Ident, _Mapping]] = ..., select_expr: _Optional[_Union[Expr.Select, _Mapping]] = ..., call_expr: _Optional[_Union[Expr.Call, _Mapping]] = ..., list_expr: _Optional[_Union[Expr.CreateList, _Mapping]] = ..., struct_expr: _Optional[_Union[Expr.CreateStruct, _Mapping]] = ..., comprehension_expr: _Optional[_Union[Expr.Comprehension, _Mapping]] = ...) -> None: ...

class Constant(_message.Message):
    __slots__ = ("null_value", "bool_value", "int64_value", "uint64_value", "double_value", "string_value", "bytes_value")
    NULL_VALUE_FIELD_NUMBER: _ClassVar[int]
    BOOL_VALUE_FIELD_NUMBER: _ClassVar[int]
    INT64_VALUE_FIELD_NUMBER: _ClassVar[int]
    UINT64_VALUE_FIELD_NUMBER: _ClassVar[int]
    DOUBLE_VALUE_FIELD_NUMBER: _ClassVar[int]
    STRING_VALUE_FIELD_NUMBER: _ClassVar[int]
    BYTES_VALUE_FIELD_NUMBER: _ClassVar[int]
    null_value: int
    bool_value: bool
    int64_value: int
    uint64_value: int
    double_value: float
    string_value: str
    bytes_value: bytes
    def __init__(self, null_value: _Optional[int] = ..., bool_value: _Optional[bool] = ..., int64_value: _Optional[int] = ..., uint64_value: _Optional[int] = ..., double_value: _Optional[float] = ..., string_value: _Optional[str] = ..., bytes_value: _Optional[bytes] = ...) -> None: ...

class Type(_message.Message):
    __slots__ = ("dyn", "null", "primitive", "wrapper", "well_known", "list_type", "map_type")
    class Primitive(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        PRIMITIVE_TYPE_UNSPECIFIED: _ClassVar[Type.Primitive]
        BOOL: _ClassVar[Type.Primitive]
        INT64: _ClassVar[Type.Primitive]
        UINT64: _ClassVar[Type.Primitive]
        DOUBLE: _ClassVar[Type.Primitive]
        STRING: _ClassVar[Type.Primitive]
        BYTES: _ClassVar[Type.Primitive]
    PRIMITIVE_TYPE_UNSPECIFIED: Type.Primitive
    BOOL: Type.Primitive
    INT64: Type.Primitive
    UINT64: Type.Primitive
    DOUBLE: Type.Primitive
    STRING: Type.Primitive
    BYTES: Type.Primitive
    class Dyn(_message.Message):
        __slots__ = ()
        def __init__(self) -> None: ...
    class ListType(_message.Message):
        __slots__ = ("elem_type",)
        ELEM_TYPE_FIELD_NUMBER: _ClassVar[int]
        elem_type: Type
        def __init__(self, elem_type: _Optional[_Union[Type, _Mapping]] = ...) -> None: ...
    class MapType(_message.Message):
        __slots__ = ("key_type", "value_type")
        KEY_TYPE_FIELD_NUMBER: _ClassVar[int]
        VALUE_TYPE_FIELD_NUMBER: _ClassVar[int]
        key_type: Type
        value_type: Type
        def __init__(self, key_type: _Optional[_Union[Type, _Mapping]] = ..., value_type: _Optional[_Union[Type, _Mapping]] = ...) -> None: ...
    DYN_FIELD_NUMBER: _ClassVar[int]
    NULL_FIELD_NUMBER: _ClassVar[int]
    PRIMITIVE_FIELD_NUMBER: _ClassVar[int]
    WRAPPER_FIELD_NUMBER: _ClassVar[int]
    WELL_KNOWN_FIELD_NUMBER: _ClassVar[int]
    LIST_TYPE_FIELD_NUMBER: _ClassVar[int]
    MAP_TYPE_FIELD_NUMBER: _ClassVar[int]
    dyn: Type.Dyn
    null: int
    primitive: Type.Primitive
    wrapper: Type.Primitive
    well_known: int
    list_type: Type.ListType
    map_type: Type.MapType
    def __init__(self, dyn: _Optional[_Union[Type.Dyn, _Mapping]] = ..., null: _Optional[int] = ..., primitive: _Optional[_Union[Type.Primitive, str]] = ..., wrapper: _Optional[_Union[Type.Primitive, str]] = ..., well_known: _Optional[int] = ..., list_type: _Optional[_Union[Type.ListType, _Mapping]] = ..., map_type: _Optional[_Union[Type.MapType, _Mapping]] = ...) -> None: ...
