"""What SQL syntax trees do: statement classes, access, relations read and written, limit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlglot import exp

from pdp.native.agreement import NotUnderstood
from pdp.native.sql_findings import NESTED, STATEMENTS, Findings
from pdp.native.sql_nodes import VISITORS, nested_change, noted, read_table, typed_function
from pdp.native.sql_relations import is_cte, relation_name, targets, whole_row_names
from pdp.native.sql_text import MYSQL_FAMILY, TSQL_FAMILY
from pdp.types import Access

_RELATION_KINDS: Final = frozenset({"TABLE", "VIEW", "INDEX", "MATERIALIZED VIEW"})
_NO_WHOLE_ROWS: Final = MYSQL_FAMILY | TSQL_FAMILY | {"oracle", "sqlite", "snowflake", "teradata"}


def examine(statements: Sequence[exp.Expr], dialect: str) -> Findings:
    """Walk ``statements``. Raises ``NotUnderstood`` for a kind of statement whose effect is not known."""
    findings = Findings(dialect)
    for statement in statements:
        _examine_statement(statement, findings)
    return findings


def limit_of(statement: exp.Expr) -> int | None:
    """The most rows a query can return, where it says so with a plain number."""
    while isinstance(statement, (exp.Subquery, exp.Describe)) and statement.args.get("limit") is None:
        statement = statement.this
    if isinstance(statement, exp.Values):
        return len(statement.expressions)
    limit = statement.args.get("limit")
    if limit is None:
        return None
    if limit.args.get("expressions"):
        return None  # ClickHouse: LIMIT n BY ... counts within groups
    options = limit.args.get("limit_options")
    if options is not None and (options.args.get("percent") or options.args.get("with_ties")):
        return None
    count = limit.args.get("count") or limit.args.get("expression")
    return int(count.name) if isinstance(count, exp.Literal) and not count.is_string and count.name.isdigit() else None


def _examine_statement(statement: exp.Expr, findings: Findings) -> None:
    known = STATEMENTS.get(type(statement))
    if known is None:
        raise NotUnderstood(f"sql.text: {type(statement).__name__.lower()} is not a statement whose effect is known")
    word, access = known
    if isinstance(statement, exp.Describe):
        word, access = _explain(statement, findings)
    elif isinstance(statement, (exp.Create, exp.Drop)):
        access = _definition(statement, access)
    elif isinstance(statement, exp.Copy):
        access = _copy(statement, findings)
    elif isinstance(statement, exp.Select) and _makes_table(statement):
        word, access = "create", Access.WRITE
    elif isinstance(statement, exp.Show):
        _show(statement, findings)
    findings.classes.append((word, access))
    findings.at_least(access)
    _walk(statement, findings)
    if "where" in statement.arg_types and statement.args.get("where") is None:
        findings.has_where = False


def _makes_table(statement: exp.Select) -> bool:
    into = statement.args.get("into")
    return into is not None and isinstance(into.this, exp.Table) and isinstance(into.this.this, exp.Identifier)


def _explain(statement: exp.Describe, findings: Findings) -> tuple[str, Access]:
    """EXPLAIN only plans, EXPLAIN ANALYZE executes: it counts as what it explains."""
    style = statement.args.get("style")
    inner = statement.this
    if isinstance(inner, exp.Table):
        return "show", Access.READ
    if style is None or "ANALY" not in str(getattr(style, "name", style)).upper():
        return "explain", Access.READ
    findings.at_least(Access.READ, "explain_analyze")
    known = STATEMENTS.get(type(inner))
    if known is None:
        raise NotUnderstood("sql.text: what EXPLAIN ANALYZE would execute is not known")
    return known


def _definition(statement: exp.Expr, access: Access) -> Access:
    kind = str(statement.args.get("kind") or "").upper()
    if kind not in _RELATION_KINDS:
        return access
    replaces = isinstance(statement, exp.Drop) or statement.args.get("replace")
    return Access.DELETE if replaces else Access.WRITE


def _copy(statement: exp.Copy, findings: Findings) -> Access:
    """Rows sent to the client are a read and rows from it a write; the server's files and programs are its own."""
    files = [f for f in statement.args.get("files") or () if f is not None]
    streams = all(
        isinstance(f, exp.Identifier) and not f.quoted and f.name.upper() in {"STDIN", "STDOUT"} for f in files
    )
    if streams and len(files) == 1 and files[0].name.upper() == ("STDIN" if statement.args.get("kind") else "STDOUT"):
        return Access.WRITE if statement.args.get("kind") else Access.READ
    findings.flags["copies_file_or_program"] = None
    return Access.ADMINISTER


def _show(statement: exp.Show, findings: Findings) -> None:
    name = statement.args.get("target")
    if isinstance(name, exp.Identifier):
        schema = statement.args.get("db")
        table = exp.Table(this=name.copy(), db=schema.copy() if isinstance(schema, exp.Identifier) else None)
        findings.read[relation_name(table)] = table


def _walk(statement: exp.Expr, findings: Findings) -> None:
    nodes = tuple(statement.walk())
    findings.plans_only = isinstance(statement, exp.Describe) and findings.classes[-1][0] in {"explain", "show"}
    not_read = set() if findings.plans_only else _written(statement, nodes, findings)
    rows = frozenset[str]() if findings.dialect in _NO_WHOLE_ROWS else whole_row_names(nodes)
    for node in nodes:
        kind = type(node)
        visit = VISITORS.get(kind)
        if visit is not None:
            visit(node, findings)
        elif isinstance(node, exp.Func):
            typed_function(node, findings)
        if isinstance(node, exp.Table):
            if id(node) not in not_read:
                read_table(node, findings)
        elif isinstance(node, exp.Column) and not node.table and node.name.lower() in rows:
            findings.star = True
            findings.flags["whole_row"] = None
        elif kind in NESTED and node is not statement and not findings.plans_only:
            nested_change(node, findings)
    if "writes_through" in findings.flags:
        findings.written.update(findings.read)


def _written(statement: exp.Expr, nodes: Sequence[exp.Expr], findings: Findings) -> set[int]:
    """Note every relation written; returns the identities of the nodes that name a target and read nothing."""
    heads: set[int] = set()
    for node in (statement, *(n for n in nodes if type(n) in NESTED and n is not statement)):
        if isinstance(node.parent, exp.When):
            continue
        tables = _targets(node, findings.dialect)
        for table in tables:
            if isinstance(table.this, exp.Identifier):
                findings.written[noted(table, findings)] = table
        if type(node) in NESTED and _writes_through(node, tables, findings):
            findings.flags["writes_through"] = None
        if node.args.get("returning") is None:
            named = (node.args.get("tables") or (node.this,)) if type(node) in NESTED else tables
            heads.update(id(n.this if isinstance(n, exp.Schema) else n) for n in named)
    return heads


def _writes_through(node: exp.Expr, tables: Sequence[exp.Table], findings: Findings) -> bool:
    """Whether the target is a query, or (in T-SQL) a common table expression: then what it reads is what is written."""
    if isinstance(node, exp.Insert) and node.args.get("is_function"):
        return False
    return not tables or (findings.dialect in TSQL_FAMILY and any(is_cte(t, findings.dialect) for t in tables))


def _targets(node: exp.Expr, dialect: str) -> list[exp.Table]:
    if isinstance(node, NESTED):
        return targets(node, dialect)
    if isinstance(node, exp.Select):
        into = node.args.get("into")
        return targets(into, dialect) if into is not None else []
    if isinstance(node, exp.Copy) and not node.args.get("kind"):
        return []
    if isinstance(node, exp.Drop):
        return [t for t in node.args.get("tables") or [node.this] if isinstance(t, exp.Table)]
    if isinstance(node, exp.TruncateTable):
        return [t for t in node.expressions if isinstance(t, exp.Table)]
    if isinstance(node, (exp.Grant, exp.Revoke)):
        securable = node.args.get("securable")
        return [securable] if isinstance(securable, exp.Table) else []
    if isinstance(node, (exp.Create, exp.Alter, exp.Comment, exp.Copy)):
        return targets(node, dialect)
    return []
