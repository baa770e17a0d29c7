"""Relations and columns of a SQL syntax tree, with the names of common table expressions told apart from real ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sqlglot import exp

from pdp.native.sql_text import MYSQL_FAMILY, TSQL_FAMILY

# Without quotes these store identifiers in upper case, the others in lower case.
_UPPER: Final = frozenset({"oracle", "snowflake", "exasol"})
# A common table expression may refer to itself without the word RECURSIVE.
_SELF_REFERENCE: Final = frozenset({"tsql", "fabric", "oracle", "teradata"})
_ALIAS_TARGETS: Final = TSQL_FAMILY | MYSQL_FAMILY
_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_$#@-")


def relation_name(table: exp.Table) -> str:
    """``schema.table`` in lower case; parts with unusual characters keep their quotes so that dots stay unambiguous."""
    return ".".join(_part(p) for p in table.parts)


def _part(part: exp.Expr) -> str:
    name = part.name.lower()
    return name if name and _PLAIN.issuperset(name) else '"' + name.replace('"', '""') + '"'


def key_of(identifier: exp.Expr, dialect: str) -> str:
    """How the database stores the identifier, so that two spellings can be compared."""
    name = identifier.name
    if isinstance(identifier, exp.Identifier) and identifier.quoted:
        return name
    return name.upper() if dialect in _UPPER else name.lower()


def is_cte(table: exp.Table, dialect: str) -> bool:
    """Whether ``table`` names a common table expression in scope there, rather than a relation of the database."""
    if table.args.get("db") is not None or not isinstance(table.this, exp.Identifier):
        return False
    name = key_of(table.this, dialect)
    child: exp.Expr = table
    parent = table.parent
    while parent is not None:
        if isinstance(parent, exp.With):
            if name in _visible_inside(parent, child, dialect):
                return True
        else:
            scope = parent.args.get("with_")
            if scope is not None and scope is not child and name in _names(scope.expressions, dialect):
                return True
        child, parent = parent, parent.parent
    return False


def _visible_inside(scope: exp.With, child: exp.Expr, dialect: str) -> Iterator[str]:
    """Names that the body of one common table expression sees: those before it; all of them when RECURSIVE."""
    if scope.args.get("recursive"):
        return _names(scope.expressions, dialect)
    place = next(i for i, e in enumerate(scope.expressions) if e is child)
    return _names(scope.expressions[: place + (dialect in _SELF_REFERENCE)], dialect)


def _names(expressions: Iterable[exp.Expr], dialect: str) -> Iterator[str]:
    for expression in expressions:
        alias = expression.args.get("alias")
        if alias is not None and alias.this is not None:
            yield key_of(alias.this, dialect)


def targets(node: exp.Expr, dialect: str) -> list[exp.Table]:
    """The tables that a data-modifying node writes to. Aliases are resolved where the dialect lets a target be one."""
    if isinstance(node, exp.Delete):
        named = node.args.get("tables") or [node.this]
        joined = [node.this, *(node.args.get("joins") or ())]
    elif isinstance(node, exp.Update):
        named = [node.this, *(j.this for j in _joins(node.this))]
        joined = [node.args.get("from_"), node.this]
    else:
        named, joined = [node.this], []
    tables = [t for t in (_table(n) for n in named) if t is not None]
    if dialect not in _ALIAS_TARGETS:
        return tables
    return [_aliased(t, [j for j in joined if j is not None], dialect) for t in tables]


def _joins(table: exp.Expr | None) -> list[exp.Expr]:
    return list(table.args.get("joins") or ()) if table is not None else []


def _table(node: exp.Expr | None) -> exp.Table | None:
    if isinstance(node, (exp.Schema, exp.Into, exp.Index, exp.UserDefinedFunction, exp.StoredProcedure)):
        node = node.args.get("table") or node.this
    return node if isinstance(node, exp.Table) else None


def _aliased(target: exp.Table, places: list[exp.Expr], dialect: str) -> exp.Table:
    if target.args.get("db") is not None or not isinstance(target.this, exp.Identifier):
        return target
    name = key_of(target.this, dialect).lower()
    for place in places:
        for table in place.find_all(exp.Table):
            if table is not target and table.alias and table.alias.lower() == name:
                return table
    return target


def whole_row_names(nodes: Iterable[exp.Expr]) -> frozenset[str]:
    """Names that, used as a column, stand for a whole row: tables, aliases, common table expressions."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, (exp.Table, exp.TableAlias)):
            found.add(node.name.lower())
    return frozenset(found)
