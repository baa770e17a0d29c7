from pdp.v1 import types_pb2 as _types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetStatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetStatusResponse(_message.Message):
    __slots__ = ("version", "bundle", "revision", "path", "encoder", "intents", "exemplars", "rules", "agents", "uptime_seconds", "bundle_age_seconds", "problems", "workers", "serving")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    ENCODER_FIELD_NUMBER: _ClassVar[int]
    INTENTS_FIELD_NUMBER: _ClassVar[int]
    EXEMPLARS_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    AGENTS_FIELD_NUMBER: _ClassVar[int]
    UPTIME_SECONDS_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_AGE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    WORKERS_FIELD_NUMBER: _ClassVar[int]
    SERVING_FIELD_NUMBER: _ClassVar[int]
    version: str
    bundle: str
    revision: str
    path: str
    encoder: str
    intents: int
    exemplars: int
    rules: int
    agents: int
    uptime_seconds: float
    bundle_age_seconds: float
    problems: _containers.RepeatedCompositeFieldContainer[Problem]
    workers: int
    serving: bool
    def __init__(self, version: _Optional[str] = ..., bundle: _Optional[str] = ..., revision: _Optional[str] = ..., path: _Optional[str] = ..., encoder: _Optional[str] = ..., intents: _Optional[int] = ..., exemplars: _Optional[int] = ..., rules: _Optional[int] = ..., agents: _Optional[int] = ..., uptime_seconds: _Optional[float] = ..., bundle_age_seconds: _Optional[float] = ..., problems: _Optional[_Iterable[_Union[Problem, _Mapping]]] = ..., workers: _Optional[int] = ..., serving: _Optional[bool] = ...) -> None: ...

class ActivateBundleRequest(_message.Message):
    __slots__ = ("path", "expected_revision")
    PATH_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_REVISION_FIELD_NUMBER: _ClassVar[int]
    path: str
    expected_revision: str
    def __init__(self, path: _Optional[str] = ..., expected_revision: _Optional[str] = ...) -> None: ...

class ActivateBundleResponse(_message.Message):
    __slots__ = ("revision", "previous_revision", "tests")
    REVISION_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_REVISION_FIELD_NUMBER: _ClassVar[int]
    TESTS_FIELD_NUMBER: _ClassVar[int]
    revision: str
    previous_revision: str
    tests: TestReport
    def __init__(self, revision: _Optional[str] = ..., previous_revision: _Optional[str] = ..., tests: _Optional[_Union[TestReport, _Mapping]] = ...) -> None: ...

class CheckBundleRequest(_message.Message):
    __slots__ = ("path",)
    PATH_FIELD_NUMBER: _ClassVar[int]
    path: str
    def __init__(self, path: _Optional[str] = ...) -> None: ...

class CheckBundleResponse(_message.Message):
    __slots__ = ("usable", "revision", "problems", "tests")
    USABLE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    TESTS_FIELD_NUMBER: _ClassVar[int]
    usable: bool
    revision: str
    problems: _containers.RepeatedCompositeFieldContainer[Problem]
    tests: TestReport
    def __init__(self, usable: _Optional[bool] = ..., revision: _Optional[str] = ..., problems: _Optional[_Iterable[_Union[Problem, _Mapping]]] = ..., tests: _Optional[_Union[TestReport, _Mapping]] = ...) -> None: ...

class AddExemplarRequest(_message.Message):
    __slots__ = ("intent", "text", "counter")
    INTENT_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    COUNTER_FIELD_NUMBER: _ClassVar[int]
    intent: str
    text: str
    counter: bool
    def __init__(self, intent: _Optional[str] = ..., text: _Optional[str] = ..., counter: _Optional[bool] = ...) -> None: ...

class RemoveExemplarRequest(_message.Message):
    __slots__ = ("intent", "text", "counter")
    INTENT_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    COUNTER_FIELD_NUMBER: _ClassVar[int]
    intent: str
    text: str
    counter: bool
    def __init__(self, intent: _Optional[str] = ..., text: _Optional[str] = ..., counter: _Optional[bool] = ...) -> None: ...

class EditExemplarResponse(_message.Message):
    __slots__ = ("revision", "previous_revision", "position", "tests")
    REVISION_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_REVISION_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    TESTS_FIELD_NUMBER: _ClassVar[int]
    revision: str
    previous_revision: str
    position: _types_pb2.Position
    tests: TestReport
    def __init__(self, revision: _Optional[str] = ..., previous_revision: _Optional[str] = ..., position: _Optional[_Union[_types_pb2.Position, _Mapping]] = ..., tests: _Optional[_Union[TestReport, _Mapping]] = ...) -> None: ...

class Problem(_message.Message):
    __slots__ = ("position", "message", "fix")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    FIX_FIELD_NUMBER: _ClassVar[int]
    position: _types_pb2.Position
    message: str
    fix: str
    def __init__(self, position: _Optional[_Union[_types_pb2.Position, _Mapping]] = ..., message: _Optional[str] = ..., fix: _Optional[str] = ...) -> None: ...

class TestReport(_message.Message):
    __slots__ = ("passed", "failed", "failures")
    PASSED_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    FAILURES_FIELD_NUMBER: _ClassVar[int]
    passed: int
    failed: int
    failures: _containers.RepeatedCompositeFieldContainer[TestFailure]
    def __init__(self, passed: _Optional[int] = ..., failed: _Optional[int] = ..., failures: _Optional[_Iterable[_Union[TestFailure, _Mapping]]] = ...) -> None: ...

class TestFailure(_message.Message):
    __slots__ = ("name", "position", "message")
    NAME_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    name: str
    position: _types_pb2.Position
    message: str
    def __init__(self, name: _Optional[str] = ..., position: _Optional[_Union[_types_pb2.Position, _Mapping]] = ..., message: _Optional[str] = ...) -> None: ...
