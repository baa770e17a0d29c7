"""A rule's parsed form as a small tree, read from the checked expression that the CEL compiler serialises.

Source: cel.expr.CheckedExpr of cel-spec; ``protos/pdp/v1/cel.proto`` holds the part that is read. Offsets count code
points from the start of the rule's text.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from google.protobuf.any_pb2 import Any

from pdp.v1 import cel_pb2


class Kind(enum.Enum):
    """The static type of a node; ``DYN`` is known only when the rule runs."""

    DYN = "dyn"
    BOOL = "bool"
    INT = "int"
    UINT = "uint"
    DOUBLE = "double"
    STRING = "string"
    BYTES = "bytes"
    LIST = "list"
    MAP = "map"
    OTHER = "other"


LiteralValue: TypeAlias = bool | int | float | str | bytes | None


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant written in the rule."""

    offset: int
    kind: Kind
    value: LiteralValue


@dataclass(frozen=True, slots=True)
class Name:
    """A variable, maybe with dots (``facts.emails``), or a loop variable."""

    offset: int
    kind: Kind
    name: str


@dataclass(frozen=True, slots=True)
class Field:
    """``operand.field``; with ``tested`` it is ``has(operand.field)``."""

    offset: int
    kind: Kind
    operand: Node
    field: str
    tested: bool


@dataclass(frozen=True, slots=True)
class Call:
    """A function or operator (``_&&_``); a method's target is the first argument."""

    offset: int
    kind: Kind
    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Items:
    """A list, a map or a message written in the rule. ``message`` is empty for the first two."""

    offset: int
    kind: Kind
    items: tuple[Node, ...]
    message: str


@dataclass(frozen=True, slots=True)
class Loop:
    """A comprehension, the expansion of ``all``, ``exists``, ``exists_one``, ``map`` and ``filter``."""

    offset: int
    kind: Kind
    variable: str
    collected: str
    over: Node
    parts: tuple[Node, ...]


Node: TypeAlias = Literal | Name | Field | Call | Items | Loop

_PRIMITIVES = {
    cel_pb2.Type.BOOL: Kind.BOOL,
    cel_pb2.Type.INT64: Kind.INT,
    cel_pb2.Type.UINT64: Kind.UINT,
    cel_pb2.Type.DOUBLE: Kind.DOUBLE,
    cel_pb2.Type.STRING: Kind.STRING,
    cel_pb2.Type.BYTES: Kind.BYTES,
}
_KINDS = {"dyn": Kind.DYN, "list_type": Kind.LIST, "map_type": Kind.MAP}


def decode(serialised: bytes) -> Node:
    """The tree of one checked expression. Raises ``google.protobuf.message.DecodeError`` when the bytes are not one."""
    checked = cel_pb2.CheckedExpr.FromString(Any.FromString(serialised).value)
    return _Decoder(checked).node(checked.expr)


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below."""
    match node:
        case Field(operand=operand):
            return (operand,)
        case Call(arguments=nodes) | Items(items=nodes):
            return nodes
        case Loop(over=over, parts=parts):
            return (over, *parts)
        case _:
            return ()


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below, parents first."""
    yield node
    for child in children(node):
        yield from walk(child)


class _Decoder:
    def __init__(self, checked: cel_pb2.CheckedExpr) -> None:
        self._types = checked.type_map
        self._positions = checked.source_info.positions

    def node(self, expr: cel_pb2.Expr) -> Node:
        """One node with everything below it."""
        offset, kind = self._positions.get(expr.id, 0), self._kind(expr.id)
        match expr.WhichOneof("kind"):
            case "const_expr":
                return Literal(offset, kind, _literal(expr.const_expr))
            case "ident_expr":
                return Name(offset, kind, expr.ident_expr.name)
            case "select_expr":
                select = expr.select_expr
                return Field(offset, kind, self.node(select.operand), select.field, select.test_only)
            case "call_expr":
                call = expr.call_expr
                target = (call.target,) if call.HasField("target") else ()
                return Call(offset, kind, call.function, tuple(self.node(e) for e in (*target, *call.args)))
            case "list_expr":
                return Items(offset, kind, tuple(self.node(e) for e in expr.list_expr.elements), "")
            case "struct_expr":
                return self._struct(expr.struct_expr, offset, kind)
            case _:
                return self._loop(expr.comprehension_expr, offset, kind)

    def _struct(self, struct: cel_pb2.Expr.CreateStruct, offset: int, kind: Kind) -> Items:
        keys = [self.node(e.map_key) for e in struct.entries if e.HasField("map_key")]
        return Items(offset, kind, (*keys, *(self.node(e.value) for e in struct.entries)), struct.message_name)

    def _loop(self, loop: cel_pb2.Expr.Comprehension, offset: int, kind: Kind) -> Loop:
        parts = (loop.accu_init, loop.loop_condition, loop.loop_step, loop.result)
        return Loop(
            offset, kind, loop.iter_var, loop.accu_var, self.node(loop.iter_range), tuple(self.node(p) for p in parts)
        )

    def _kind(self, identity: int) -> Kind:
        if identity not in self._types:
            return Kind.OTHER
        found = self._types[identity]
        which = found.WhichOneof("type_kind") or ""
        if which == "primitive":
            return _PRIMITIVES.get(found.primitive, Kind.OTHER)
        return _KINDS.get(which, Kind.OTHER)


def _literal(constant: cel_pb2.Constant) -> LiteralValue:
    which = constant.WhichOneof("constant_kind")
    if which is None or which == "null_value":
        return None
    value: LiteralValue = getattr(constant, which)
    return value
