"""What a rule may cost at worst, estimated when it is loaded.

One step is about 10 ns. Everything from a request is taken at its largest: ``pdp.policy.variables`` refuses to hand a
rule a value with more than ``MOST_VALUES`` values or ``MOST_CHARACTERS`` characters, and the CEL runtime stops an
evaluation after ``MOST_ITERATIONS`` turns of its loops, nested ones included. Constants are taken as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pdp.policy.expression import Call, Field, Items, Kind, Literal, Loop, Name, Node, children
from pdp.policy.references import path_of
from pdp.types import Json, JsonObject

MOST_VALUES: Final = 2_000
MOST_CHARACTERS: Final = 65_536
MOST_ITERATIONS: Final = 10_000
MOST_STEPS: Final = 10_000_000
MOST_NESTED_LOOPS: Final = 2
MOST_DEPTH: Final = 24
MOST_RULE_CHARACTERS: Final = 4_000

MOST_FACT_CHARACTERS: Final = 512

_NAME_CHARACTERS: Final = 4_096
_COPIED_PER_STEP: Final = 16


@dataclass(frozen=True, slots=True)
class Size:
    """The most a value holds: ``values`` in a list or map, ``characters`` in all its strings together."""

    values: int
    characters: int

    @property
    def whole(self) -> int:
        """Steps to look at everything once."""
        return 1 + self.values + self.characters


LARGEST: Final = Size(MOST_VALUES, MOST_CHARACTERS)
SCALAR: Final = Size(0, 0)


def depth(node: Node) -> int:
    """How deep the tree nests; 1 is a single name or literal."""
    return 1 + max((depth(c) for c in children(node)), default=0)


def nested_loops(node: Node) -> int:
    """How deep loops nest."""
    return isinstance(node, Loop) + max((nested_loops(c) for c in children(node)), default=0)


def steps(root: Node, constants: JsonObject) -> int:
    """The most steps one evaluation takes."""
    return _Estimate(constants).steps(root, 1)


def measure(value: Json) -> Size:
    """The size of a value that is known."""
    if isinstance(value, str):
        return Size(0, len(value))
    if isinstance(value, Mapping):
        parts = [measure(v) for v in (*value.keys(), *value.values())]
    elif isinstance(value, Sequence):
        parts = [measure(v) for v in value]
    else:
        return SCALAR
    return Size(len(value) + sum(p.values for p in parts), sum(p.characters for p in parts))


@dataclass(slots=True)
class _Estimate:
    constants: JsonObject
    elements: dict[str, Size] = field(default_factory=dict)
    roots: dict[str, str] = field(default_factory=dict)

    def steps(self, node: Node, times: int) -> int:
        """Steps of ``node`` when it runs ``times`` times."""
        if isinstance(node, Loop):
            return self._loop(node, times)
        return self._own(node) * times + sum(self.steps(c, times) for c in children(node))

    def _loop(self, loop: Loop, times: int) -> int:
        before = self.steps(loop.over, times)
        over = self.size(loop.over)
        turns = min(times * max(over.values, 1), MOST_ITERATIONS)
        self.elements[loop.variable] = self._element(loop.over, over, times, turns)
        self.roots[loop.variable] = self._root(loop.over)
        return before + sum(self.steps(p, turns) for p in loop.parts)

    def _own(self, node: Node) -> int:
        match node:
            case Call(function="@in", arguments=(_, container)):
                return 1 if container.kind is Kind.MAP else 1 + self.size(container).values
            case Call(function="_==_" | "_!=_", arguments=(left, right)):
                return 1 + min(self.size(left).values, self.size(right).values)
            case Call(function="_+_", arguments=(left, right)) if node.kind in {
                Kind.STRING,
                Kind.LIST,
                Kind.BYTES,
                Kind.DYN,
            }:
                return 1 if _collects(left) else self.size(left).whole + self.size(right).whole
            case Call(function="contains" | "matches" | "string" | "bytes", arguments=(text, *_)):
                return self.size(text).whole
            case Call(function="size", arguments=(text,)) if text.kind in {Kind.STRING, Kind.DYN}:
                return 1 + self.size(text).characters // _COPIED_PER_STEP
            case _:
                return 1

    def size(self, node: Node) -> Size:
        """The size of what ``node`` gives."""
        if node.kind in {Kind.BOOL, Kind.INT, Kind.UINT, Kind.DOUBLE}:
            return SCALAR
        match node:
            case Literal(value=str() | bytes() as value):
                return Size(0, len(value))
            case Name(name=name) if name in self.elements:
                found = self.elements[name]
                return Size(0, found.characters) if node.kind is Kind.STRING else found
            case Items(items=items):
                parts = [self.size(i) for i in items]
                return Size(len(items) + sum(p.values for p in parts), sum(p.characters for p in parts))
            case Call(function="_+_", arguments=(left, right)):
                a, b = self.size(left), self.size(right)
                return Size(a.values + b.values, a.characters + b.characters)
            case Call(function="_?_:_", arguments=(_, left, right)):
                a, b = self.size(left), self.size(right)
                return Size(max(a.values, b.values), max(a.characters, b.characters))
            case Loop(over=over):
                return Size(max(self.size(over).values, 1), MOST_CHARACTERS)
            case _:
                return self._read(node)

    def _read(self, node: Node) -> Size:
        path = path_of(node, frozenset(self.elements))
        if path is None:
            return self._inside(node)
        if path[0] == "constants":
            return measure(_at(self.constants, path[1:]))
        return Size(0, _NAME_CHARACTERS) if node.kind is Kind.STRING else LARGEST

    def _inside(self, node: Node) -> Size:
        """A part of something else is no larger than that."""
        match node:
            case Field(operand=operand) | Call(function="_[_]", arguments=(operand, _)):
                found = self.size(operand)
                return Size(0, found.characters) if node.kind is Kind.STRING else found
            case _:
                return LARGEST

    def _element(self, over: Node, size: Size, times: int, turns: int) -> Size:
        path = path_of(over, frozenset(self.elements))
        if path and path[0] == "constants":
            known = _at(self.constants, path[1:])
            parts = [measure(i) for i in known] if isinstance(known, (Mapping, list, tuple)) else []
            return Size(max((p.values for p in parts), default=0), max((p.characters for p in parts), default=0))
        # The elements share what the whole holds, and each of the ``times`` passes looks at all of them once.
        values, characters = (total * times // turns + 1 for total in (size.values, size.characters))
        most = MOST_FACT_CHARACTERS if self._root(over) == "facts" else size.characters
        return Size(min(values, size.values), min(characters, most))

    def _root(self, node: Node) -> str:
        """The variable that ``node`` is a part of."""
        match node:
            case Name(name=name):
                return self.roots.get(name, name.split(".")[0])
            case Field(operand=operand) | Call(function="_[_]", arguments=(operand, _)):
                return self._root(operand)
            case _:
                return ""


def _at(value: Json, path: Sequence[str]) -> Json:
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _collects(node: Node) -> bool:
    return isinstance(node, Name) and node.name.startswith("@")
