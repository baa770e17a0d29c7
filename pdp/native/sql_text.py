"""From SQL text to syntax trees, refusing text that the database could read differently from the parser."""

from __future__ import annotations

import functools
import logging
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from sqlglot import ErrorLevel, Token, TokenType, exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError

from pdp.native.agreement import NotUnderstood

MAX_CHARACTERS: Final = 20_000
MAX_TOKENS: Final = 2_000
MAX_NESTING: Final = 32
MAX_STATEMENTS: Final = 32

# The fallback warnings of sqlglot quote the statement; statements do not belong in the log.
logging.getLogger("sqlglot").setLevel(logging.CRITICAL)

DIALECTS: Final[Mapping[str, str]] = {
    **{
        name: name
        for name in (
            "athena bigquery clickhouse databricks doris drill druid duckdb exasol fabric hive materialize mysql oracle"
            " postgres presto redshift risingwave singlestore snowflake spark sqlite starrocks teradata trino tsql"
        ).split()
    },
    "": "",
    "generic": "",
    "postgresql": "postgres",
    "cockroachdb": "postgres",
    "mariadb": "mysql",
    "mssql": "tsql",
    "sqlserver": "tsql",
    "sparksql": "spark",
}
MYSQL_FAMILY: Final = frozenset({"mysql", "doris", "singlestore", "starrocks"})
TSQL_FAMILY: Final = frozenset({"tsql", "fabric"})

_OPENING: Final = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE, TokenType.CASE})
_CLOSING: Final = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE, TokenType.END})
_PREFIX: Final = frozenset({TokenType.NOT, TokenType.DASH, TokenType.PLUS, TokenType.TILDE, TokenType.INTERVAL})
_TEXTS: Final = frozenset(
    {TokenType.STRING, TokenType.IDENTIFIER, TokenType.NATIONAL_STRING, TokenType.RAW_STRING, TokenType.HEREDOC_STRING,
     TokenType.UNICODE_STRING, TokenType.BYTE_STRING}
)  # fmt: skip
_CHANGES: Final[Mapping[str, type[exp.Expr]]] = {
    "INSERT": exp.Insert,
    "UPDATE": exp.Update,
    "DELETE": exp.Delete,
    "MERGE": exp.Merge,
}
# In T-SQL a statement needs no separator in front of it, so one of these in the middle of a statement begins another.
_TSQL_STARTERS: Final = frozenset(
    """ALTER BACKUP BREAK BULK CHECKPOINT CREATE DBCC DENY DROP EXEC EXECUTE GRANT KILL PRINT RAISERROR RECONFIGURE
    RESTORE
    RETURN REVERT REVOKE SHUTDOWN THROW TRUNCATE USE WAITFOR WRITETEXT UPDATETEXT""".split()
)
# What may stand right before INSERT, UPDATE or DELETE without a statement of that kind beginning there.
_MENTIONS: Final = frozenset(
    {"ON", "FOR", "THEN", "BEFORE", "AFTER", "OF", "OR", "DO", "AS", ".", "KEY", "GRANT", "REVOKE", ","}
)
_UNICODE_NAME: Final = re.compile(r"\b[uU]&\"")
_EXPLAIN_OPTIONS: Final = re.compile(
    r"\s*(?:\((?P<list>[\w\s,.]*)\)|(?P<words>(?:\b(?:QUERY\s+PLAN|ANALYZE|ANALYSE|VERBOSE|EXTENDED|FORMATTED|COST|CODEGEN)\b\s*)*))\s*",
    re.IGNORECASE,
)
_ANALYZES: Final = re.compile(r"\banaly[sz]e\b(?!\s*(?:false|off|0)\b)", re.IGNORECASE)


@functools.cache
def dialect_of(name: str) -> Dialect:
    """The sqlglot dialect. Raises ``NotUnderstood`` for one we do not know."""
    known = DIALECTS.get(name.lower())
    if known is None:
        raise NotUnderstood("sql.dialect: unknown; name one that sqlglot knows, such as postgres, mysql or bigquery")
    return Dialect.get_or_raise(known)


def parse(text: str, name: str) -> list[exp.Expr]:
    """The statements in ``text``, empty ones dropped. Raises ``NotUnderstood`` where anything about it is uncertain."""
    dialect = dialect_of(name)
    if len(text) > MAX_CHARACTERS:
        raise NotUnderstood(f"sql.text: more than {MAX_CHARACTERS} characters")
    family = DIALECTS[name.lower()]
    if not family and "\\" in text:
        raise NotUnderstood("sql.dialect: a backslash means different things in different dialects; name the dialect")
    if _UNICODE_NAME.search(text):
        raise NotUnderstood('sql.text: U&"..." spells a name in escapes')
    try:
        tokens = dialect.tokenize(text)
        _check_tokens(text, tokens, family)
        parsed = dialect.parser(error_level=ErrorLevel.IMMEDIATE).parse(tokens, text)
    except SqlglotError:
        # The parser's own message quotes the statement and underlines with terminal codes.
        raise NotUnderstood(f"sql.text: not understood as {family or 'generic'} SQL") from None
    statements = [s for s in parsed if s is not None]
    if not statements or len(statements) > MAX_STATEMENTS:
        raise NotUnderstood(f"sql.text: holds {len(statements)} statements; expected 1 to {MAX_STATEMENTS}")
    opened = [s for statement in statements for s in _opened(statement, name)]
    _check_accounted(tokens, opened, family)
    return opened


def _check_tokens(text: str, tokens: Sequence[Token], family: str) -> None:
    if len(tokens) > MAX_TOKENS:
        raise NotUnderstood(f"sql.text: more than {MAX_TOKENS} tokens")
    depth = deepest = prefixes = 0
    for token in tokens:
        kind = token.token_type
        if kind in _OPENING:
            depth += 1
            deepest = max(deepest, depth + prefixes)
        elif kind in _CLOSING:
            depth -= 1
        prefixes = prefixes + 1 if kind in _PREFIX else 0
        deepest = max(deepest, depth + prefixes)
    if deepest > MAX_NESTING:
        raise NotUnderstood(f"sql.text: nested deeper than {MAX_NESTING}")
    if "/*" in text or "--" in text or "#" in text or "//" in text or not text.isascii():
        for gap in _gaps(text, tokens):
            _check_gap(gap, family)


def _gaps(text: str, tokens: Sequence[Token]) -> Iterator[str]:
    """What lies between tokens: white space and comments. Identifiers and strings are skipped over."""
    at = 0
    for token in tokens:
        if token.start > at:
            yield text[at : token.start]
        if token.token_type not in _TEXTS and not token.text.isascii() and not token.text.isidentifier():
            raise NotUnderstood("sql.text: an invisible or non-ASCII character outside of quotes")
        at = token.end + 1
    yield text[at:]


def _check_gap(gap: str, family: str) -> None:
    comment = gap.strip(" \t\r\n\f;")
    if not comment:
        return
    if not comment.startswith(("/*", "--", "#", "//")):
        raise NotUnderstood("sql.text: an invisible or non-ASCII character outside of quotes")
    if any(unicodedata.category(c) in {"Cc", "Cf", "Zl", "Zp"} and c not in "\t\r\n" for c in comment):
        raise NotUnderstood("sql.text: an invisible character in a comment")
    if comment.startswith(("/*!", "/*M!")) or "/*!" in comment:
        raise NotUnderstood("sql.text: an executable comment; the database runs what looks like a comment")
    if "\r" in comment.replace("\r\n", ""):
        raise NotUnderstood("sql.text: a lone carriage return in a comment, which ends it for some databases only")
    if comment.count("/*") > 1 and "/*" in comment.split("*/", 1)[0][2:]:
        raise NotUnderstood("sql.text: a comment inside a comment, which databases end at different places")
    if family in MYSQL_FAMILY and re.search(r"(?m)(?:^|\s)--[^\s]", gap):
        raise NotUnderstood("sql.text: -- without a space behind it is no comment in MySQL")


def _check_accounted(tokens: Sequence[Token], statements: Sequence[exp.Expr], family: str) -> None:
    """Every INSERT, UPDATE, DELETE and MERGE in the text must be one in the tree, else it was read as a name."""
    counts = dict.fromkeys(_CHANGES, 0)
    previous = ""
    for place, token in enumerate(tokens):
        text = token.text.upper()
        plain = token.token_type not in _TEXTS
        called = place + 1 < len(tokens) and tokens[place + 1].token_type is TokenType.L_PAREN
        if plain and text in counts and previous not in _MENTIONS and not (called and previous):
            counts[text] += 1
        if plain and family in TSQL_FAMILY and text in _TSQL_STARTERS and previous not in {"", ";", ".", "AS", ","}:
            raise NotUnderstood("sql.text: a second statement begins without a separator")
        previous = text if plain else "'"
    if any(counts.values()):
        kinds = {kind: word for word, kind in _CHANGES.items()}
        for statement in statements:
            for node in statement.walk():
                word = kinds.get(type(node))
                if word is not None and not isinstance(node.parent, exp.When):
                    counts[word] -= 1
        if any(left > 0 for left in counts.values()):
            raise NotUnderstood("sql.text: a statement keyword is used as a name")


def _opened(statement: exp.Expr, dialect: str) -> list[exp.Expr]:
    """``EXPLAIN`` and ``CALL`` as sqlglot leaves them (raw text behind a keyword), turned into trees."""
    if not isinstance(statement, exp.Command):
        return [statement]
    word = str(statement.this).upper()
    rest = statement.expression
    text = rest.name if isinstance(rest, exp.Literal) else str(rest or "")
    if word == "EXPLAIN":
        options = _EXPLAIN_OPTIONS.match(text)
        given = (options["list"] or options["words"] or "") if options else ""
        inner = parse(text[options.end() :] if options else text, dialect)
        style = exp.Var(this="ANALYZE") if _ANALYZES.search(given) else None
        return [exp.Describe(this=i, style=style) for i in inner]
    if word == "CALL":
        return [exp.Execute(this=i) for i in parse(f"SELECT {text}", dialect)]
    if word == "SHOW" and re.fullmatch(r"[\w\s.]{1,100}", text):
        return [exp.Show(this=text.strip().upper())]
    raise NotUnderstood(f"sql.text: {word.split()[0] if word else 'the statement'} is not understood")
