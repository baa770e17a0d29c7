"""``google.protobuf.Struct`` to plain JSON values and back.

Numbers travel as doubles. An integral double within ±2^53 becomes an ``int``, so the same message always gives the same
value; NaN, infinities and integers a double cannot hold are refused in both directions. Keys come out sorted, because
protobuf map order differs between processes and a decision must not.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from google.protobuf.struct_pb2 import NULL_VALUE, ListValue, Struct, Value

from pdp.errors import InvalidRequest, LimitExceeded
from pdp.types import Json, JsonObject
from pdp.wire.bounds import Bounds

EXACT = 2**53
"""Every integer up to this size has its own double."""

# Control characters, line and paragraph separators, direction marks, zero-width and tag characters: none belongs in a
# name, and each makes two different names look alike in a log.
HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]")
# What a text may not hold: controls other than tab, line feed, vertical tab, form feed and carriage return.
CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f]")


class _Refused(Exception):
    """A value was refused; ``steps`` is filled from the inside out while the stack unwinds."""

    def __init__(self, message: str, *, limit: bool = False) -> None:
        super().__init__(message)
        self.limit = limit
        self.steps: list[str] = []

    def as_error(self, field: str) -> InvalidRequest:
        kind = LimitExceeded if self.limit else InvalidRequest
        return kind(field + "".join(reversed(self.steps)), str(self))


def name(text: str, field: str, bounds: Bounds) -> str:
    """``text`` itself when it can be a name: short enough and free of control and invisible characters."""
    if len(text) > bounds.name_characters:
        raise LimitExceeded(field, _too_long(text, bounds.name_characters))
    if not text.isprintable() and (found := HIDDEN.search(text)):
        raise InvalidRequest(field, _hidden(found))
    return text


def text(value: str, field: str, characters: int) -> str:
    """``value`` itself when it can be a text: short enough and free of control characters other than white space."""
    if len(value) > characters:
        raise LimitExceeded(field, _too_long(value, characters))
    if not value.isprintable() and (found := CONTROL.search(value)):
        raise InvalidRequest(field, _hidden(found))
    return value


def json_from_struct(struct: Struct, field: str, bounds: Bounds) -> dict[str, Json]:
    """Read ``struct``; ``field`` is its dotted path for errors. Raises ``InvalidRequest`` or ``LimitExceeded``."""
    size = struct.ByteSize()
    if size > bounds.struct_bytes:
        raise LimitExceeded(field, f"has {size} bytes; the limit is {bounds.struct_bytes}")
    try:
        return _object(struct, bounds, bounds.depth, [bounds.values])
    except _Refused as refused:
        raise refused.as_error(field) from None


def fill_struct(struct: Struct, values: JsonObject, field: str) -> None:
    """Write ``values`` into the empty ``struct``. Raises ``InvalidRequest`` for what JSON or text cannot hold."""
    try:
        _fill_object(struct, values)
    except _Refused as refused:
        raise refused.as_error(field) from None


def _object(struct: Struct, bounds: Bounds, depth: int, left: list[int]) -> dict[str, Json]:
    fields = struct.fields
    _spend(len(fields), bounds, depth, left)
    result: dict[str, Json] = {}
    for key in sorted(fields):
        try:
            _check_key(key, bounds)
            result[key] = _value(fields[key], bounds, depth, left)
        except _Refused as refused:
            refused.steps.append("." + ascii(key)[1:-1][:64])
            raise
    return result


def _check_key(key: str, bounds: Bounds) -> None:
    if len(key) > bounds.name_characters:
        raise _Refused(_too_long(key, bounds.name_characters), limit=True)
    if not key.isprintable() and (found := HIDDEN.search(key)):
        raise _Refused(_hidden(found))


def _list(values: ListValue, bounds: Bounds, depth: int, left: list[int]) -> list[Json]:
    _spend(len(values.values), bounds, depth, left)
    result: list[Json] = []
    for place, value in enumerate(values.values):
        try:
            result.append(_value(value, bounds, depth, left))
        except _Refused as refused:
            refused.steps.append(f"[{place}]")
            raise
    return result


def _spend(entries: int, bounds: Bounds, depth: int, left: list[int]) -> None:
    if depth <= 0:
        raise _Refused(f"is nested more than {bounds.depth} deep; the limit is {bounds.depth}", limit=True)
    left[0] -= entries
    if left[0] < 0:
        seen = bounds.values - left[0]
        raise _Refused(f"has {seen} or more entries; the limit is {bounds.values}, nested ones included", limit=True)


def _value(value: Value, bounds: Bounds, depth: int, left: list[int]) -> Json:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return _string(value.string_value, bounds)
    if kind == "number_value":
        return _number(value.number_value)
    if kind == "bool_value":
        return value.bool_value
    if kind == "struct_value":
        return _object(value.struct_value, bounds, depth - 1, left)
    if kind == "list_value":
        return _list(value.list_value, bounds, depth - 1, left)
    if kind == "null_value":
        return None
    raise _Refused("has no value; set one, or null_value")


def _string(value: str, bounds: Bounds) -> str:
    if len(value) > bounds.string_characters:
        raise _Refused(_too_long(value, bounds.string_characters), limit=True)
    if "\0" in value:
        raise _Refused("contains the control character U+0000; remove it")
    return value


def _number(value: float) -> int | float:
    if value.is_integer():
        return int(value) if -EXACT <= value <= EXACT else value
    if not math.isfinite(value):
        raise _Refused(f"is {value}; only finite numbers are accepted")
    return value


def _fill_object(struct: Struct, values: JsonObject) -> None:
    fields = struct.fields
    for key, value in values.items():
        try:
            _fill(fields[key], value)
        except _Refused as refused:
            refused.steps.append(f".{key}")
            raise
        except UnicodeError:
            raise _Refused("has a key that is not valid Unicode; remove lone surrogates") from None


def _fill_list(target: ListValue, values: Sequence[Json]) -> None:
    target.SetInParent()
    for place, value in enumerate(values):
        try:
            _fill(target.values.add(), value)
        except _Refused as refused:
            refused.steps.append(f"[{place}]")
            raise


def _fill(target: Value, value: Json) -> None:
    if isinstance(value, str):
        try:
            target.string_value = value
        except UnicodeError:
            raise _Refused("is not valid Unicode; remove lone surrogates") from None
    elif value is None:
        target.null_value = NULL_VALUE
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, int | float):
        target.number_value = _double(value)
    elif isinstance(value, Mapping):
        target.struct_value.SetInParent()
        _fill_object(target.struct_value, value)
    else:
        _fill_list(target.list_value, value)


def _double(value: float) -> float:
    if isinstance(value, int) and not -EXACT <= value <= EXACT:
        raise _Refused(f"is an integer beyond ±2^53 ({value.bit_length()} bits); send it as a string")
    if not math.isfinite(value):
        raise _Refused(f"is {value}; only finite numbers are accepted")
    return value


def _too_long(value: str, limit: int) -> str:
    return f"has {len(value)} characters; the limit is {limit}"


def _hidden(found: re.Match[str]) -> str:
    return f"contains the control or invisible character U+{ord(found[0]):04X} at place {found.start()}; remove it"
