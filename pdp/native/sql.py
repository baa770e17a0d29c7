"""SQL text: what it does is the action, what it touches the target, whatever was declared.

The action is the class of the statement (``select``, ``update`` ...); several changing classes are joined with
``+``, the most
dangerous first. The target is ``table`` where exactly one relation is touched, else ``database``.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Final

from pdp.native.agreement import Description, Native, distinct, settle
from pdp.native.sql_findings import Findings
from pdp.native.sql_statements import examine, limit_of
from pdp.native.sql_text import DIALECTS, MYSQL_FAMILY, parse
from pdp.types import Access, Action, Derived, Json, SqlPayload, Target

REMEMBERED: Final = 512
# Declared words that name no verb of their own: they stand for the derived one.
SYNONYMS: Final[Mapping[str, frozenset[str]]] = {"select": frozenset({"query", "read"})}

_SCHEMA_IS_DATABASE: Final = MYSQL_FAMILY | {
    "",
    "sqlite",
    "hive",
    "spark",
    "databricks",
    "clickhouse",
    "athena",
    "druid",
    "drill",
}


def derive(payload: SqlPayload, target: Target, action: Action) -> Derived:
    """Derive from SQL text. Identical payloads are parsed once; nothing of the declared pair is remembered."""
    return settle(_read(payload), target, action)


@functools.lru_cache(REMEMBERED)
def _read(payload: SqlPayload) -> Native:
    # An exception leaves nothing behind in the memory, so a failure is never remembered.
    dialect = DIALECTS.get(payload.dialect.lower(), "")
    statements = parse(payload.text, payload.dialect)
    findings = examine(statements, dialect)
    limits = [limit_of(s) for s in statements]
    limit = max((n for n in limits if n is not None), default=None) if None not in limits else None
    relations = distinct((*findings.read, *findings.written))
    if len(statements) > 1:
        findings.flags["multi_statement"] = None
    if "--" in payload.text or "/*" in payload.text:
        findings.flags["comment"] = None
    facts: dict[str, Json] = {
        "dialect": dialect,
        "database": payload.database,
        "statement": _worst(findings),
        "statements": [word for word, _ in findings.classes],
        "statement_count": len(statements),
        "relations": relations,
        "relations_read": list(findings.read),
        "relations_written": list(findings.written),
        "schemas": distinct(t.db.lower() for t in (*findings.read.values(), *findings.written.values()) if t.db),
        "columns": list(findings.columns),
        "star": findings.star,
        "has_where": findings.has_where,
        "every_row": findings.every_row,
        "functions": list(findings.functions),
        "unknown_functions": [n for n, a in findings.functions.items() if a is None],
        "dangerous_functions": [n for n, a in findings.functions.items() if a is not None and a is not Access.READ],
        "flags": list(findings.flags),
    }
    if limit is not None:
        facts["limit"] = limit
    name = _action_name(findings)
    databases = _databases(payload, dialect, findings)
    return Native(
        kind="sql",
        target=Target("table", relations[0]) if len(relations) == 1 else Target("database", "+".join(databases)),
        action=Action(name),
        access=findings.access,
        facts=facts,
        descriptions=tuple(_descriptions(databases, findings, relations)),
        action_names=SYNONYMS.get(name, frozenset()),
    )


def _worst(findings: Findings) -> str:
    """The class of the most dangerous statement; the frame of a transaction only where there is nothing in it."""
    inside = [c for c in findings.classes if c[0] != "transaction"]
    return max(inside or findings.classes, key=lambda c: c[1])[0]


def _action_name(findings: Findings) -> str:
    """The worst class, with every other class that changes something: none of them may hide behind another."""
    changing = sorted({c for c in findings.classes if c[1] is not Access.READ}, key=lambda c: (-c[1], c[0]))
    return "+".join(distinct(word for word, _ in changing)) or _worst(findings)


def _databases(payload: SqlPayload, dialect: str, findings: Findings) -> list[str]:
    """Every database the statements touch, as far as known; unqualified names lie in the payload's."""
    default = payload.database.lower()
    tables = (*findings.read.values(), *findings.written.values())
    part = "db" if dialect in _SCHEMA_IS_DATABASE else "catalog"
    named = {t.text(part).lower() or default for t in tables} or {default}
    return sorted(payload.database if name == default else name for name in named if name)


def _descriptions(databases: list[str], findings: Findings, relations: list[str]) -> list[Description]:
    """True names of the target besides the derived one: the database or schema that every relation lies in."""
    found: list[Description] = []
    if len(relations) == 1 and len(databases) == 1:
        found.append(Description("table", f"{databases[0]}.{relations[0]}", Target("table", relations[0])))
    if len(databases) <= 1:
        found.append(Description("database", next(iter(databases), None)))
    tables = (*findings.read.values(), *findings.written.values())
    schemas = {t.db.lower() for t in tables} - {""}
    if len(schemas) <= 1:
        found.append(Description("schema", next(iter(schemas), None)))
    return found
