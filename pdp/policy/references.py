"""Which attributes a rule reads, and which of them must be there before it may run.

CEL absorbs errors: ``action.params.to == "x" || agent.id == "y"`` is true for agent ``y`` although ``to`` is missing.
So an attribute that a rule reads is *required*, and its absence refuses the request before the rule runs, unless the
rule itself says that it may be absent: inside ``has(p) && …``, ``!has(p) || …``, ``has(p) ? … : …``, the same with
``"key" in p`` for ``has``, and for the fields of a kind of payload with ``payload.kind == "sql"`` or
``payload.kind in [...]``. ``has(action.params.x)`` speaks for the facts of ``x`` too. Operands of ``&&`` and ``||``
guard each other in both directions, as CEL evaluates them in no fixed order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from pdp.policy.expression import Call, Field, Items, Literal, Loop, Name, Node, children
from pdp.policy.vocabulary import KINDS, PARAM_FACTS, Path, always_present

Paths: TypeAlias = frozenset[Path]
NONE: Final[Paths] = frozenset()


@dataclass(frozen=True, slots=True, order=True)
class Requirement:
    """``path`` must be present. The first ``optional`` segments may be absent as a whole (a guard covers them)."""

    path: Path
    optional: int = 0


@dataclass(frozen=True, slots=True)
class References:
    """What one rule reads. ``read``: every path with its offset, guarded or not; ``required``: what must be present."""

    read: Mapping[Path, int]
    required: frozenset[Requirement]


def find(root: Node) -> References:
    """The attributes that the tree reads. A path ends where a key is known only when the rule runs."""
    finder = _Finder()
    finder.visit(root, NONE)
    return References(finder.read, frozenset(finder.required))


def path_of(node: Node, bound: frozenset[str] = frozenset()) -> Path | None:
    """The path that a chain of names, fields and literal keys spells; ``None`` for anything else and loop variables."""
    match node:
        case Name(name=name):
            return None if name in bound or name.startswith("@") else tuple(name.split("."))
        case Field(operand=operand, field=last, tested=False):
            head = path_of(operand, bound)
        case Call(function="_[_]", arguments=(operand, Literal(value=str(last)))):
            head = path_of(operand, bound)
        case _:
            return None
    return None if head is None else (*head, last)


def tested_path(node: Node, bound: frozenset[str]) -> Path | None:
    """The path whose presence ``has(path)`` or ``"key" in path`` tells."""
    match node:
        case Field(operand=operand, field=last, tested=True):
            head = path_of(operand, bound)
        case Call(function="@in", arguments=(Literal(value=str(last)), operand)):
            head = path_of(operand, bound)
        case _:
            return None
    return None if head is None else (*head, last)


def _facts_of(path: Path) -> Paths:
    """The facts of a param: they are there exactly when the param is."""
    if path[:2] != ("action", "params"):
        return NONE
    return frozenset(("facts", fact, path[2]) for fact in PARAM_FACTS)


@dataclass(slots=True)
class _Finder:
    read: dict[Path, int] = field(default_factory=dict)
    required: set[Requirement] = field(default_factory=set)
    bound: frozenset[str] = frozenset()

    def visit(self, node: Node, present: Paths) -> None:
        """Note what ``node`` reads when it runs only where every path of ``present`` exists."""
        tested = tested_path(node, self.bound)
        if tested is not None:
            self.read.setdefault(tested, node.offset)
            if not always_present(tested[:-1]):
                self.visit(children(node)[-1], present)
            return
        path = path_of(node, self.bound)
        if path is not None:
            self._note(path, node.offset, present)
            return
        match node:
            case Loop():
                self._loop(node, present)
            case Call(function="_?_:_", arguments=(condition, then, other)):
                self.visit(condition, present)
                self.visit(then, present | self.if_true(condition))
                self.visit(other, present | self.if_false(condition))
            case Call(function="_&&_", arguments=(left, right)):
                self.visit(left, present | self.if_true(right))
                self.visit(right, present | self.if_true(left))
            case Call(function="_||_", arguments=(left, right)):
                self.visit(left, present | self.if_false(right))
                self.visit(right, present | self.if_false(left))
            case _:
                for child in children(node):
                    self.visit(child, present)

    def _loop(self, loop: Loop, present: Paths) -> None:
        self.visit(loop.over, present)
        outer = self.bound
        self.bound = outer | {loop.variable, loop.collected}
        for part in loop.parts:
            self.visit(part, present)
        self.bound = outer

    def _note(self, path: Path, offset: int, present: Paths) -> None:
        self.read.setdefault(path, offset)
        if path not in present and not always_present(path):
            optional = max((n for n in range(1, len(path)) if path[:n] in present), default=0)
            self.required.add(Requirement(path, optional))

    def if_true(self, node: Node) -> Paths:
        """The paths that exist whenever ``node`` is true."""
        tested = tested_path(node, self.bound)
        if tested is not None:
            return frozenset({tested}) | _facts_of(tested)
        match node:
            case Call(function="@in"):
                return self._of_kinds(node)
            case Call(function="!_", arguments=(operand,)):
                return self.if_false(operand)
            case Call(function="_&&_", arguments=(left, right)):
                return self.if_true(left) | self.if_true(right)
            case Call(function="_||_", arguments=(left, right)):
                return self.if_true(left) & self.if_true(right)
            case Call(function="_==_", arguments=(left, right)):
                return self._of_kind(left, right) | self._of_kind(right, left)
            case _:
                return NONE

    def if_false(self, node: Node) -> Paths:
        """The paths that exist whenever ``node`` is false."""
        match node:
            case Call(function="!_", arguments=(operand,)):
                return self.if_true(operand)
            case Call(function="_||_", arguments=(left, right)):
                return self.if_false(left) | self.if_false(right)
            case Call(function="_&&_", arguments=(left, right)):
                return self.if_false(left) & self.if_false(right)
            case Call(function="_!=_", arguments=(left, right)):
                return self._of_kind(left, right) | self._of_kind(right, left)
            case _:
                return NONE

    def _of_kinds(self, node: Node) -> Paths:
        """What ``payload.kind in ["sql", "ssh"]`` tells: the fields that payloads of all these kinds have."""
        match node:
            case Call(function="@in", arguments=(variable, Items(items=items))) if items:
                return frozenset.intersection(*(self._of_kind(variable, item) for item in items))
            case _:
                return NONE

    def _of_kind(self, variable: Node, literal: Node) -> Paths:
        if path_of(variable, self.bound) != ("payload", "kind") or not isinstance(literal, Literal):
            return NONE
        return frozenset(("payload", f) for f in KINDS.get(str(literal.value), ()))
