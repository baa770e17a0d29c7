"""Whether a SQL condition holds for every row, told from its text alone: ``1 = 1``, ``id = id``, ``x = 5 OR TRUE``.

A three-valued fold: ``True`` and ``False`` are certain, ``None`` means that it depends on the data. NULLs are taken
as absent,
so ``id = id`` counts as always true.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from sqlglot import exp

Verdict = bool | None
Constant = str | float | bool

_COMPARISONS: Final[Mapping[type[exp.Expr], Callable[[int], bool]]] = {
    exp.EQ: lambda order: order == 0,
    exp.NullSafeEQ: lambda order: order == 0,
    exp.NEQ: lambda order: order != 0,
    exp.LT: lambda order: order < 0,
    exp.LTE: lambda order: order <= 0,
    exp.GT: lambda order: order > 0,
    exp.GTE: lambda order: order >= 0,
}


def always_true(node: exp.Expr | None) -> bool:
    """Whether ``node`` (the inside of a WHERE) holds for every row. Sound for what it says True to, not complete."""
    return node is None or _fold(node) is True


def _fold(node: exp.Expr) -> Verdict:
    if isinstance(node, exp.Paren):
        return _fold(node.this)
    if isinstance(node, exp.Connector):
        return _fold_connector(node)
    if isinstance(node, exp.Not):
        inner = _fold(node.this)
        return None if inner is None else not inner
    compare = _COMPARISONS.get(type(node))
    if compare is not None:
        return _fold_comparison(node, compare)
    special = _SPECIAL.get(type(node))
    if special is not None:
        # For some dialects sqlglot keeps the NOT of IS NOT inside the node, for others around it.
        verdict = special(node)
        return None if verdict is None else verdict is not bool(node.args.get("negate"))
    value = _constant(node)
    return None if value is None or isinstance(value, str) else bool(value)


def _fold_connector(node: exp.Connector) -> Verdict:
    # Long chains lean to the left: walk them in a loop, or a hundred ORs would be a hundred frames.
    kind = type(node)
    decisive = kind is exp.Or
    operands: list[exp.Expr] = []
    pending: list[exp.Expr] = [node]
    while pending:
        item = pending.pop()
        if type(item) is kind:
            pending.extend((item.this, item.expression))
        else:
            operands.append(item)
    if kind not in {exp.And, exp.Or}:
        return None
    verdicts = [_fold(o) for o in operands]
    if decisive in verdicts or (decisive and _complementary(operands)):
        return decisive
    return None if None in verdicts else not decisive


def _complementary(operands: list[exp.Expr]) -> bool:
    """``a OR NOT a``, ``x IS NULL OR x IS NOT NULL``, ``x = 1 OR x <> 1``."""
    if not any(isinstance(o, (exp.Not, exp.NEQ, exp.Is)) for o in operands):
        return False
    plain = {_text(o) for o in operands}
    for operand in operands:
        inner = _negated(operand)
        if inner is not None and _text(inner) in plain:
            return True
        if (
            isinstance(operand, exp.EQ)
            and _text(exp.NEQ(this=operand.this.copy(), expression=operand.expression.copy())) in plain
        ):
            return True
    return False


def _negated(node: exp.Expr) -> exp.Expr | None:
    if isinstance(node, exp.Not) and isinstance(node.this, exp.Expr):
        return node.this
    if isinstance(node, exp.Is) and node.args.get("negate"):
        return exp.Is(this=node.this.copy(), expression=node.expression.copy())
    return None


def _fold_comparison(node: exp.Expr, compare: Callable[[int], bool]) -> Verdict:
    left, right = node.this, node.expression
    a, b = _constant(left), _constant(right)
    if a is not None and b is not None:
        order = _order(a, b)
        return None if order is None else compare(order)
    if isinstance(left, exp.Column) and isinstance(right, exp.Column) and _text(left) == _text(right):
        return compare(0)
    return None


def _order(a: Constant, b: Constant) -> int | None:
    if isinstance(a, str) and isinstance(b, str):
        # Collations differ; equality of the same text does not.
        return 0 if a == b else (1 if a > b else -1)
    if isinstance(a, str) or isinstance(b, str):
        return None
    return (a > b) - (a < b)


def _constant(node: exp.Expr) -> Constant | None:
    """The value of a literal, or of arithmetic on literals."""
    if isinstance(node, exp.Paren):
        return _constant(node.this)
    if isinstance(node, exp.Boolean):
        return bool(node.this)
    if isinstance(node, exp.Literal):
        return node.name if node.is_string else _number(node.name)
    if isinstance(node, exp.Neg):
        inner = _constant(node.this)
        return None if inner is None or isinstance(inner, str) else -inner
    if isinstance(node, exp.Cast):
        return _constant(node.this)
    return None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _fold_like(node: exp.Expr) -> Verdict:
    pattern = _constant(node.expression)
    return True if isinstance(pattern, str) and pattern and not pattern.strip("%") else None


def _fold_escape(node: exp.Expr) -> Verdict:
    return None if _constant(node.expression) == "%" else _fold(node.this)


def _fold_in(node: exp.Expr) -> Verdict:
    wanted = _text(node.this)
    return True if any(_text(e) == wanted for e in node.expressions) else None


def _fold_between(node: exp.Expr) -> Verdict:
    value, low, high = (_constant(node.args[a]) for a in ("this", "low", "high"))
    if value is None or low is None or high is None:
        return True if _text(node.this) == _text(node.args["low"]) == _text(node.args["high"]) else None
    below, above = _order(low, value), _order(value, high)
    return None if below is None or above is None else below <= 0 and above <= 0


def _fold_is(node: exp.Expr) -> Verdict:
    if isinstance(node.expression, exp.Null):
        return False if _constant(node.this) is not None else None
    if isinstance(node.expression, exp.Boolean):
        inner = _fold(node.this)
        return None if inner is None else inner is bool(node.expression.this)
    return None


def _fold_exists(node: exp.Expr) -> Verdict:
    inner = node.this.unnest() if isinstance(node.this, exp.Subquery) else node.this
    if isinstance(inner, exp.Select) and not any(inner.args.get(a) for a in ("from_", "where", "having", "limit")):
        return True
    return None


def _fold_coalesce(node: exp.Expr) -> Verdict:
    # COALESCE(x, TRUE) and IFNULL(x, 1) hold wherever x is NULL only; a constant first argument decides alone.
    return _fold(node.this) if _constant(node.this) is not None else None


_SPECIAL: Final[Mapping[type[exp.Expr], Callable[[exp.Expr], Verdict]]] = {
    exp.Like: _fold_like,
    exp.ILike: _fold_like,
    exp.Escape: _fold_escape,
    exp.In: _fold_in,
    exp.Between: _fold_between,
    exp.Is: _fold_is,
    exp.Exists: _fold_exists,
    exp.Coalesce: _fold_coalesce,
}


def _text(node: exp.Expr) -> str:
    return node.sql().lower()
