"""A row limit written into SQL text."""

from __future__ import annotations

from sqlglot import exp, parse
from sqlglot.errors import SqlglotError


class NoRowLimit(Exception):
    """A row limit cannot be written into this text; the text of the error says why."""


def limit_rows(text: str, dialect: str, most: int) -> str:
    """``text`` with at most ``most`` rows; the very same text when it already has such a limit.

    Raises ``NoRowLimit`` for anything but a single query, for a limit that is not a plain number, and where writing the
    statement back would change anything else in it. ``dialect`` is a sqlglot dialect name.
    """
    query = query_of(text, dialect)
    before = row_limit(query)
    if before is not None and before <= most:
        return text
    limited = query.copy()
    limited.set("limit", exp.Limit(expression=exp.Literal.number(most)))
    written = limited.sql(dialect=dialect or None, comments=False)
    again = query_of(written, dialect)
    if row_limit(again) != most or without_limit(again) != without_limit(query):
        raise NoRowLimit("the query cannot be written back unchanged but for its limit")
    return written


def query_of(text: str, dialect: str) -> exp.Query:
    """The single query that ``text`` is. Raises ``NoRowLimit`` for anything else."""
    try:
        statements = [
            s for s in parse(text, dialect=dialect or None) if s is not None and not isinstance(s, exp.Semicolon)
        ]
    except (SqlglotError, ValueError, RecursionError) as error:
        raise NoRowLimit(f"the SQL cannot be parsed ({type(error).__name__})") from error
    if len(statements) != 1 or not isinstance(statements[0], (exp.Select, exp.SetOperation)):
        raise NoRowLimit("a row limit needs a single SELECT, alone or joined by UNION and the like")
    return statements[0]


def row_limit(query: exp.Query) -> int | None:
    """The number in the query's own limit, ``None`` without one. Raises ``NoRowLimit`` for any other limit."""
    limit = query.args.get("limit")
    if limit is None:
        return None
    count = limit.args.get("count") or limit.args.get("expression")
    options = limit.args.get("limit_options")
    unclear = limit.args.get("expressions") or (
        options is not None and (options.args.get("percent") or options.args.get("with_ties"))
    )
    if isinstance(count, exp.Literal) and not count.is_string and count.name.isdigit() and not unclear:
        return int(count.name)
    raise NoRowLimit("its limit is not a plain number of rows")


def without_limit(query: exp.Query) -> exp.Query:
    """The query but for its own limit, comments left out, to compare."""
    bare = query.copy()
    bare.set("limit", None)
    for node in bare.walk():
        node.pop_comments()
    return bare
