"""What single nodes of a SQL syntax tree tell: relations, columns, functions, conditions, locks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from sqlglot import exp

from pdp.native.agreement import NotUnderstood
from pdp.native.sql_conditions import always_true
from pdp.native.sql_findings import STATEMENTS, Findings
from pdp.native.sql_functions import TYPED, access_of
from pdp.native.sql_relations import is_cte, relation_name
from pdp.types import Access

_SYSTEM_SCHEMAS: Final = frozenset(
    {"information_schema", "pg_catalog", "pg_toast", "mysql", "performance_schema", "sys", "master", "msdb"}
)
_FILE_SUFFIXES: Final = (
    ".csv",
    ".tsv",
    ".parquet",
    ".json",
    ".jsonl",
    ".ndjson",
    ".xlsx",
    ".db",
    ".duckdb",
    ".gz",
    ".arrow",
    ".txt",
)


def noted(table: exp.Table, findings: Findings) -> str:
    """The relation's name, with what is odd about it flagged."""
    name = relation_name(table)
    schema = table.db.lower()
    if (
        schema in _SYSTEM_SCHEMAS
        or table.catalog.lower() in _SYSTEM_SCHEMAS
        or name.startswith(("pg_", "sqlite_", "sys."))
    ):
        findings.flags["system_catalog"] = None
    if not name.isascii():
        findings.flags["non_ascii_name"] = None
    if any(p.quoted and p.name != p.name.lower() for p in table.parts if isinstance(p, exp.Identifier)):
        findings.flags["case_folded_name"] = None
    bare = table.name.lower()
    if "*" in bare:
        findings.flags["wildcard_relation"] = None
    if "@" in name.lstrip("@") or len(table.parts) > 3:
        findings.at_least(Access.EXECUTE, "database_link")
    if any(c in bare for c in "/\\:") or bare.endswith(_FILE_SUFFIXES):
        findings.at_least(Access.EXECUTE, "reads_file")
    return name


def read_table(table: exp.Table, findings: Findings) -> None:
    if isinstance(table.parent, (exp.Use, exp.Execute)):
        return
    alias = table.args.get("alias")
    if alias is not None and alias.args.get("columns"):
        findings.star = True
        findings.flags["renamed_columns"] = None
    if isinstance(table.this, (exp.Identifier, exp.Dot)):
        if not is_cte(table, findings.dialect):
            findings.read[noted(table, findings)] = table
    elif table.this is not None and not isinstance(table.this, exp.Func):
        findings.at_least(Access.EXECUTE, "unusual_source")


def nested_change(node: exp.Expr, findings: Findings) -> None:
    """A change inside another statement: a common table expression with DML, a branch of MERGE."""
    word, access = STATEMENTS[type(node)]
    if isinstance(node.parent, exp.When):
        findings.at_least(access)
        return
    if not isinstance(node.parent, (exp.Describe, exp.Alter)):
        findings.classes.append((word, access))
        findings.flags["nested_write"] = None
    findings.at_least(access)


def typed_function(node: exp.Func, findings: Findings) -> None:
    if isinstance(node, (exp.And, exp.Or, exp.Case, exp.Cast, exp.If)) or not isinstance(node, exp.Expr):
        return
    access = TYPED.get(type(node), Access.READ)
    findings.functions.setdefault(node.sql_name().lower(), access)
    _judge_function(access, findings)


def _anonymous(node: exp.Expr, findings: Findings) -> None:
    name = node.name.lower()
    if isinstance(node.parent, exp.Dot) and node.arg_key == "expression":
        name = f"{node.parent.this.sql().lower()}.{name}"
    access = access_of(name)
    findings.functions[name] = access
    _judge_function(access, findings)


def _judge_function(access: Access | None, findings: Findings) -> None:
    if access is None:
        findings.at_least(Access.EXECUTE, "unknown_function")
    elif access is not Access.READ:
        findings.at_least(access, "dangerous_function")


def _dotted(node: exp.Expr, findings: Findings) -> None:
    """``schema.function(...)`` where the bare name is one that sqlglot knows: the schema makes it somebody else's."""
    inner = node.args.get("expression")
    if isinstance(inner, exp.Func) and not isinstance(inner, exp.Anonymous):
        name = f"{node.this.sql().lower()}.{inner.sql_name().lower()}"
        access = access_of(name)
        findings.functions[name] = access
        _judge_function(access, findings)


def _column(node: exp.Expr, findings: Findings) -> None:
    if not isinstance(node.this, exp.Star):
        findings.columns[node.name.lower()] = None


def _star(node: exp.Expr, findings: Findings) -> None:
    if not isinstance(node.parent, exp.Count):
        findings.star = True


def _schema(node: exp.Expr, findings: Findings) -> None:
    for name in node.expressions:
        if isinstance(name, (exp.Identifier, exp.ColumnDef)):
            findings.columns[name.name.lower()] = None


def _join(node: exp.Expr, findings: Findings) -> None:
    for name in node.args.get("using") or ():
        findings.columns[name.name.lower()] = None
    if node.args.get("method") == "NATURAL":
        findings.star = True


def _changes_rows(node: exp.Expr, findings: Findings) -> None:
    if isinstance(node.parent, exp.When) or findings.plans_only:
        return
    where = node.args.get("where")
    if where is None or always_true(where.this):
        findings.every_row = True
        findings.flags["every_row"] = None
    if where is None:
        findings.has_where = False


def _where(node: exp.Expr, findings: Findings) -> None:
    if always_true(node.this):
        findings.flags["always_true_condition"] = None


def _merge(node: exp.Expr, findings: Findings) -> None:
    whens = node.args.get("whens")
    for when in whens.expressions if whens is not None else ():
        then = when.args.get("then")
        if isinstance(then, exp.Var) and then.name.upper() == "DELETE":
            findings.at_least(Access.DELETE)


def _in(node: exp.Expr, findings: Findings) -> None:
    """SQLite: ``x IN table`` reads the table, and sqlglot takes its name for a column."""
    column = node.args.get("field")
    if isinstance(column, exp.Column):
        table = exp.Table(this=column.this.copy(), db=column.args["table"].copy() if column.args.get("table") else None)
        findings.read[noted(table, findings)] = table
        findings.star = True


def _execute(node: exp.Expr, findings: Findings) -> None:
    """T-SQL EXEC names a procedure where other statements name a table; EXEC of a string is SQL nobody has seen."""
    if isinstance(node.this, exp.Table):
        name = relation_name(node.this)
        findings.functions[name] = access_of(name)
        _judge_function(findings.functions[name], findings)
    elif not isinstance(node.this, exp.Select):
        raise NotUnderstood("sql.text: runs SQL that is given as a string")


def _raises(access: Access, flag: str) -> Callable[[exp.Expr, Findings], None]:
    return lambda _node, findings: findings.at_least(access, flag)


def _refuse(node: exp.Expr, _findings: Findings) -> None:
    raise NotUnderstood(f"sql.text: {type(node).__name__.lower()} inside a statement is not understood")


VISITORS: Final[Mapping[type[exp.Expr], Callable[[exp.Expr, Findings], None]]] = {
    exp.Anonymous: _anonymous,
    exp.Dot: _dotted,
    exp.Column: _column,
    exp.Star: _star,
    exp.Columns: _star,
    exp.Schema: _schema,
    exp.Join: _join,
    exp.Update: _changes_rows,
    exp.Delete: _changes_rows,
    exp.Where: _where,
    exp.Merge: _merge,
    exp.In: _in,
    exp.Execute: _execute,
    exp.Lock: _raises(Access.WRITE, "locks_rows"),
    exp.Into: _raises(Access.WRITE, "selects_into"),
    exp.Operator: _raises(Access.EXECUTE, "named_operator"),
    exp.QueryTransform: _raises(Access.ADMINISTER, "runs_program"),
    exp.LocationProperty: _raises(Access.ADMINISTER, "file_location"),
    exp.Directory: _raises(Access.ADMINISTER, "writes_file"),
    exp.Command: _refuse,
    exp.Block: _refuse,
    exp.IfBlock: _refuse,
    exp.WhileBlock: _refuse,
}
