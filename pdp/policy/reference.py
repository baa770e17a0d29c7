"""The same rules evaluated by cel-python, an implementation that shares no code with the one in force.

Needs the ``differential`` extra and is imported only where both are compared. cel-python 0.5.0 departs from the CEL
specification of today in some places; these are put right here, so that what remains different is worth a look:

- values of different types are unequal instead of an error, and numbers of different types compare by value;
- ``&&`` and ``||`` over a value that is no boolean are an error instead of that value;
- a boolean is not a number.

Left as they are: ``has(a.b)`` where ``a`` is no map is false there and an error here; ``map``, ``filter`` and
``exists_one`` take an error in their condition for true there; ``string()`` of a double is spelt differently.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import celpy
from celpy import celtypes

from pdp.policy.rules import RuleContext, RuleOutcome, RuleSet
from pdp.types import ReasonCode

ERROR: Final = "error"


@dataclass(frozen=True, slots=True)
class Difference:
    """One rule on which the two disagree. ``case`` counts contexts from 0; answers are true, false or error."""

    rule_id: str
    case: int
    ours: str
    theirs: str

    def __str__(self) -> str:
        return f"case {self.case}: rule {self.rule_id}: in force {self.ours}, cel-python {self.theirs}"


def compare(rules: RuleSet, contexts: Sequence[RuleContext]) -> tuple[Difference, ...]:
    """Evaluate every rule over every context with both and tell where they disagree.

    Rules that fail before they run (a missing attribute, an unreadable value) or that the budget of the runtime stops
    are left out: there is no answer to compare.
    """
    with _recursion_limit():
        programs = {r.when: _program(r.when) for r in rules.rules}
        found = [
            Difference(o.rule.id, case, ours, theirs)
            for case, context in enumerate(contexts)
            for o, values in _evaluated(rules, context)
            if (ours := _ours(o)) != (theirs := evaluate(programs[o.rule.when], values))
        ]
    return tuple(found)


def evaluate(program: Callable[[Any], Any], values: Mapping[str, Any]) -> str:
    """What cel-python says: ``true``, ``false`` or ``error``, which stands for any answer that is not a boolean too."""
    try:
        answer = program({name: celpy.json_to_cel(value) for name, value in values.items()})
    except Exception:  # noqa: BLE001  (it raises errors of many classes, some of them its own bugs)
        return ERROR
    return str(bool(answer)).lower() if isinstance(answer, celtypes.BoolType) else ERROR


def _evaluated(rules: RuleSet, context: RuleContext) -> Iterator[tuple[RuleOutcome, Mapping[str, Any]]]:
    seen = rules.variables(context)
    before = frozenset(seen.unreadable.values())
    for outcome in rules.evaluate(context):
        early = outcome.code is ReasonCode.ATTRIBUTE_MISSING or outcome.error in before
        if not early and "turns" not in outcome.error:
            yield outcome, seen.values


def _ours(outcome: RuleOutcome) -> str:
    return ERROR if outcome.code is not None else str(outcome.result).lower()


def _program(when: str) -> Callable[[Any], Any]:
    environment = celpy.Environment()
    run: Callable[[Any], Any] = environment.program(environment.compile(when), functions=_FUNCTIONS).evaluate
    return run


@contextmanager
def _recursion_limit() -> Iterator[None]:
    """Creating a ``celpy.Environment`` raises the limit of the whole process; this puts it back."""
    before = sys.getrecursionlimit()
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, celtypes.BoolType)


def _equal(left: Any, right: Any) -> bool:
    if _is_number(left) and _is_number(right):
        return bool(operator.eq(_plain(left), _plain(right)))
    if isinstance(left, celtypes.ListType) and isinstance(right, celtypes.ListType):
        return len(left) == len(right) and all(_equal(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, celtypes.MapType) and isinstance(right, celtypes.MapType):
        return left.keys() == right.keys() and all(_equal(left[k], right[k]) for k in left)
    return type(left) is type(right) and bool(left == right)


def _plain(number: Any) -> float:
    return float(number) if isinstance(number, float) else int(number)


def _settled(function: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Any]:
    """An operator over two values; an error among them is the answer."""

    def apply(left: Any, right: Any) -> Any:
        for value in (left, right):
            if isinstance(value, Exception):
                return value
        return celtypes.BoolType(function(left, right))

    return apply


def _ordered(compare_values: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Any]:
    def apply(left: Any, right: Any) -> bool:
        if _is_number(left) and _is_number(right):
            return compare_values(_plain(left), _plain(right))
        if type(left) is not type(right) or left is None or isinstance(left, (celtypes.ListType, celtypes.MapType)):
            raise TypeError(f"no such overload: {type(left)} and {type(right)}")
        return bool(compare_values(left, right))

    return _settled(apply)


def _reckoned(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def apply(left: Any, right: Any) -> Any:
        if isinstance(left, celtypes.BoolType) or isinstance(right, celtypes.BoolType):
            raise TypeError("no such overload: a boolean is no number")
        return function(left, right)

    return apply


def _within(item: Any, container: Any) -> bool:
    if not isinstance(container, (celtypes.ListType, celtypes.MapType)):
        raise TypeError(f"no such overload: in {type(container)}")
    return any(_equal(item, c) for c in container)


def _joined(settling: bool) -> Callable[[Any, Any], Any]:  # noqa: FBT001  (the value that settles: False for &&, True for ||)
    def apply(left: Any, right: Any) -> Any:
        booleans = [v for v in (left, right) if isinstance(v, celtypes.BoolType)]
        if any(bool(b) is settling for b in booleans):
            return celtypes.BoolType(settling)
        if len(booleans) == 2:
            return celtypes.BoolType(not settling)
        error = next((v for v in (left, right) if isinstance(v, Exception)), None)
        if error is None:
            raise TypeError("no such overload")
        return error

    return apply


_FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "_==_": _settled(_equal),
    "_!=_": _settled(lambda left, right: not _equal(left, right)),
    "_<_": _ordered(operator.lt),
    "_<=_": _ordered(operator.le),
    "_>_": _ordered(operator.gt),
    "_>=_": _ordered(operator.ge),
    "_in_": _settled(_within),
    "_+_": _reckoned(operator.add),
    "_-_": _reckoned(operator.sub),
    "_*_": _reckoned(operator.mul),
    "_/_": _reckoned(operator.truediv),
    "_%_": _reckoned(operator.mod),
    "_&&_": _joined(settling=False),
    "_||_": _joined(settling=True),
}
