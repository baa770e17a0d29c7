"""SQL text that a database could read in another way than the parser, or that nobody can judge, is refused."""

import pytest

from pdp.native.sql_text import MAX_CHARACTERS, MAX_NESTING, MAX_STATEMENTS
from pdp.types import Access


@pytest.mark.parametrize(
    "dialect, text",
    [
        # Comments that run, that nest, or that are none.
        ("mysql", "SELECT 1 /*!50000 , sleep(5) */"),
        ("mysql", "SELECT 1 /*M! , sleep(5) */"),
        ("mysql", "SELECT 1 /* a /* b */ , sleep(5) */"),
        ("postgres", "SELECT 1 /* a /* b */ */"),
        ("mysql", "SELECT 1 /* no end"),
        ("mysql", "SELECT a FROM x WHERE i = 1 /* \r */"),
        ("starrocks", "DELETE FROM x WHERE i = 1 --1 OR 1=1\n"),
        # Characters that cannot be seen or are not what they seem.
        ("postgres", "SELECT\u00a01"),
        ("postgres", "SELECT a\u200b FROM x"),
        ("postgres", "SELECT 1 -- a\u202e\nFROM x"),
        ("postgres", "SELECT a FROM x\u2028; DROP TABLE x"),
        ("postgres", "SELECT \x00 1"),
        ("postgres", 'SELECT U&"pass\\0077ord" FROM users'),
        # No dialect given, and the dialects differ.
        ("", "SELECT 'a\\' OR 1=1 --'"),
        ("nosuch", "SELECT 1"),
        ("postgres, normalization_strategy=lowercase", "SELECT 1"),
        # A statement that the parser takes for a name.
        ("tsql", "SELECT 1 DELETE FROM x"),
        ("tsql", "SELECT (1) DELETE FROM x"),
        ("tsql", "SELECT 1 DELETE TOP (5) FROM x"),
        ("tsql", "SELECT * FROM x DROP TABLE y"),
        ("tsql", "SELECT * FROM x INSERT INTO y VALUES (1)"),
        ("tsql", "SELECT 1 SHUTDOWN"),
        ("tsql", "SELECT 1\nGO\nDROP TABLE x"),
        ("tsql", "xp_cmdshell 'dir'"),
        ("postgres", "SELECT 1 delete FROM x"),
        ("postgres", "LISTEN x"),
        ("mysql", "FLUSH PRIVILEGES"),
        # SQL inside a string, blocks, statements nobody has judged.
        ("tsql", "EXEC('DROP TABLE x')"),
        ("tsql", "IF 1=1 DROP TABLE x"),
        ("tsql", "DECLARE @x INT = 5; SELECT @x"),
        ("tsql", "BEGIN SELECT 1 DELETE FROM x END"),
        ("snowflake", "EXECUTE IMMEDIATE 'DROP TABLE x'"),
        ("oracle", "BEGIN EXECUTE IMMEDIATE 'x'; END;"),
        ("postgres", "DO $$ BEGIN PERFORM 1; END $$"),
        ("postgres", "PREPARE p AS DELETE FROM x"),
        ("postgres", "EXECUTE p"),
        ("postgres", "SET ROLE root"),
        ("postgres", "CREATE ROLE root SUPERUSER"),
        ("postgres", "CREATE EXTENSION dblink"),
        ("postgres", "ALTER SYSTEM SET x = 1"),
        ("postgres", "VACUUM x"),
        ("postgres", "EXPLAIN VACUUM x"),
        ("mysql", "SELECT a FROM x INTO OUTFILE '/tmp/x'"),
        ("mysql", "LOAD DATA INFILE 'x' INTO TABLE y"),
        ("mysql", "HANDLER x OPEN"),
        ("duckdb", "LOAD httpfs"),
        ("redshift", "UNLOAD ('select 1') TO 's3://x'"),
        ("spark", "ADD JAR x"),
        ("postgres", "\\! rm -rf /"),
        # Nothing, rubbish, broken.
        ("postgres", ""),
        ("postgres", " ; ; "),
        ("postgres", "please show me everything"),
        ("postgres", "SELECT FROM WHERE"),
        ("postgres", "SELECT 'open"),
        ("postgres", "42"),
    ],
)
def test_uncertain_text_is_refused(sql, dialect, text):
    """The most dangerous class, a reason in words, and nothing of the statement in it."""
    derived = sql(text, dialect)
    assert not derived.parsed
    assert derived.access is Access.UNKNOWN
    assert derived.facts["problem"].startswith(("sql.text: ", "sql.dialect: "))
    assert derived.facts["flags"] == ["not_understood"]
    assert "\x1b" not in derived.facts["problem"]


@pytest.mark.parametrize(
    "text",
    [
        "SELECT '" + "a" * MAX_CHARACTERS + "'",
        "SELECT " + "(" * (MAX_NESTING + 1) + "1" + ")" * (MAX_NESTING + 1),
        "SELECT " + "f(" * 300 + "1" + ")" * 300,
        "SELECT " + "NOT " * 300 + "TRUE",
        "SELECT " + "- " * 2000 + "1",
        "SELECT " + "CASE WHEN 1 = 1 THEN " * 60 + "1" + " END" * 60,
        "SELECT * FROM " + "(SELECT * FROM " * 60 + "x" + ")" * 60,
        "SELECT " + ", ".join(["1"] * 3000),
        "; ".join(["SELECT 1"] * (MAX_STATEMENTS + 1)),
    ],
    ids=["characters", "parentheses", "calls", "nots", "minuses", "cases", "subqueries", "tokens", "statements"],
)
def test_sizes_are_capped_before_the_work(sql, text):
    """Long, deep and wide texts are refused instead of burning time or the stack."""
    assert not sql(text).parsed


@pytest.mark.parametrize("length", [50, 300, 490])
def test_long_flat_texts_are_read(sql, length):
    """The caps leave room for what people write: long lists and long chains of conditions."""
    chain = " OR ".join(f"i = {n}" for n in range(length))
    assert sql(f"SELECT a FROM x WHERE {chain}").access is Access.READ
    values = ", ".join(str(n) for n in range(length))
    assert sql(f"SELECT a FROM x WHERE i IN ({values})").facts["relations"] == ["x"]


def test_an_exhausted_stack_is_a_refusal_and_not_remembered(sql):
    """Called from deep inside, the parser may run out of stack; called again from outside it answers."""
    text = "SELECT " + "(" * 30 + "1" + ")" * 30

    def deep(levels: int):
        return deep(levels - 1) if levels else sql(text)

    assert deep(0).parsed
    sql("SELECT 1")
    from pdp.native.sql import _read

    _read.cache_clear()
    refused = next(d for d in (deep(levels) for levels in range(900, 0, -50)) if not d.parsed)
    assert refused.access is Access.UNKNOWN
    assert sql(text).parsed


def test_nothing_is_written_to_the_log(sql, caplog):
    """sqlglot warns with the statement's text; statements do not belong in the log."""
    sql("VACUUM secret_table")
    sql("CREATE EXTENSION secret_thing")
    assert caplog.text == ""


@pytest.mark.parametrize(
    "text",
    [
        "SELECT a FROM x; DROP TABLE x",
        "EXPLAIN SELECT a FROM x; DROP TABLE x",
        "SELECT 1;;DELETE FROM x -- ",
        "SELECT 1;\nTRUNCATE x",
    ],
)
def test_the_worst_of_several_statements_counts(sql, text):
    """A harmless first statement lends nothing to the second."""
    derived = sql(text)
    assert derived.access >= Access.DELETE
    assert "multi_statement" in derived.facts["flags"]
