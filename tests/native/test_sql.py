"""What SQL text does: class, access, relations, columns, limit and flags, each shape once."""

from dataclasses import dataclass, field

import pytest

from pdp.native import derive
from pdp.types import Access, Action, SqlPayload, Target


@dataclass(frozen=True)
class Case:
    """One statement and what must come out; ``None`` is not compared."""

    text: str
    action: str
    access: Access
    read: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    dialect: str = "postgres"
    columns: list[str] | None = None
    flags: set[str] | None = None
    limit: int | None = None
    star: bool | None = None


R, W, D, E, A = Access.READ, Access.WRITE, Access.DELETE, Access.EXECUTE, Access.ADMINISTER

READS = [
    Case("SELECT 1", "select", R, columns=[], star=False),
    Case("SELECT name FROM parts WHERE id = 7", "select", R, ["parts"], columns=["name", "id"], flags=set(),
        star=False),
    Case("SELECT * FROM parts", "select", R, ["parts"], star=True),
    Case("SELECT COUNT(*) FROM parts", "select", R, ["parts"], star=False),
    Case("SELECT p.* FROM parts p", "select", R, ["parts"], star=True),
    Case("SELECT a FROM parts LIMIT 20", "select", R, ["parts"], limit=20),
    Case("SELECT a FROM parts LIMIT 20 OFFSET 5", "select", R, ["parts"], limit=20),
    Case("SELECT a FROM parts FETCH FIRST 3 ROWS ONLY", "select", R, ["parts"], limit=3),
    Case("SELECT a FROM parts FETCH FIRST 3 ROWS WITH TIES", "select", R, ["parts"]),
    Case("SELECT a FROM parts LIMIT ALL", "select", R, ["parts"]),
    Case("SELECT a FROM parts LIMIT 5 + 5", "select", R, ["parts"]),
    Case("SELECT TOP 10 a FROM parts", "select", R, ["parts"], dialect="tsql", limit=10),
    Case("SELECT TOP 10 PERCENT a FROM parts", "select", R, ["parts"], dialect="tsql"),
    Case("SELECT a FROM parts LIMIT 5 BY b", "select", R, ["parts"], dialect="clickhouse"),
    Case("SELECT a FROM x UNION ALL SELECT b FROM y LIMIT 4", "select", R, ["x", "y"], limit=4),
    Case("VALUES (1), (2), (3)", "select", R, limit=3),
    Case("TABLE parts", "select", R, ["parts"], star=True),
    Case("(SELECT a FROM parts LIMIT 2)", "select", R, ["parts"], limit=2),
    Case("SELECT a FROM stock.parts JOIN stock.bins USING (bin)", "select", R, ["stock.parts", "stock.bins"],
         columns=["a", "bin"]),
    Case("SELECT a FROM x NATURAL JOIN y", "select", R, ["x", "y"], star=True),
    Case("SELECT a FROM x WHERE b IN (SELECT c FROM y)", "select", R, ["x", "y"], columns=["a", "b", "c"]),
    Case("SELECT (SELECT max(v) FROM y) FROM x", "select", R, ["y", "x"]),
    Case("WITH big AS (SELECT a FROM x) SELECT a FROM big", "select", R, ["x"]),
    Case("WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT n FROM t", "select", R),
    Case("SELECT a FROM x, LATERAL (SELECT b FROM y) l", "select", R, ["x", "y"]),
    Case("SELECT date_trunc('month', sold), sum(v) FROM x GROUP BY 1", "select", R, ["x"], flags=set()),
    Case("SELECT age(now(), born), to_char(v, '999') FROM x", "select", R, ["x"], flags=set()),
    Case("SELECT pg_catalog.now()", "select", R, flags=set()),
    Case("EXPLAIN SELECT a FROM x", "explain", R, ["x"]),
    Case("EXPLAIN DELETE FROM x", "explain", R, ["x"], flags=set()),
    Case("EXPLAIN (ANALYZE false) DELETE FROM x", "explain", R, ["x"]),
    Case("EXPLAIN QUERY PLAN SELECT a FROM x", "explain", R, ["x"], dialect="sqlite"),
    Case("SHOW search_path", "show", R),
    Case("SHOW COLUMNS FROM parts", "show", R, ["parts"], dialect="mysql"),
    Case("DESCRIBE parts", "show", R, ["parts"], dialect="mysql"),
    Case("COPY parts TO STDOUT", "copy", R, ["parts"]),
    Case("BEGIN; SELECT a FROM x; COMMIT", "select", R, ["x"], flags={"multi_statement"}),
    Case("BEGIN", "transaction", R),
    Case("SELECT a FROM `shop`.`parts`", "select", R, ["shop.parts"], dialect="mysql"),
    Case("SELECT a FROM `acme.shop.parts`", "select", R, ["acme.shop.parts"], dialect="bigquery"),
    Case("SELECT a FROM x WHERE b = 'it''s -- no comment'", "select", R, ["x"]),
    Case("SELECT a /* which part */ FROM x -- end", "select", R, ["x"], flags={"comment"}),
    Case('SELECT "Name" FROM "Parts"', "select", R, ["parts"], flags={"case_folded_name"}),
    Case('SELECT a FROM "stock.parts"', "select", R, ['"stock.parts"']),
    Case("SELECT a FROM information_schema.tables", "select", R, ["information_schema.tables"],
        flags={"system_catalog"}),
    Case("SELECT a FROM `acme.logs.day_*`", "select", R, ['acme.logs."day_*"'], dialect="bigquery",
         flags={"wildcard_relation"}),
]  # fmt: skip

CHANGES = [
    Case("INSERT INTO parts (a) VALUES (1)", "insert", W, [], ["parts"], columns=["a"]),
    Case("INSERT INTO x SELECT a FROM y", "insert", W, ["y"], ["x"]),
    Case("INSERT INTO x VALUES (1) RETURNING *", "insert", W, ["x"], ["x"], star=True),
    Case("INSERT INTO x (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET b = 2", "insert", W, [], ["x"]),
    Case("INSERT INTO x (a) VALUES (1) ON DUPLICATE KEY UPDATE b = 2", "insert", W, [], ["x"], dialect="mysql"),
    Case("UPDATE parts SET a = 1 WHERE id = 7", "update", W, [], ["parts"], columns=["a", "id"], flags=set()),
    Case("UPDATE parts SET a = 1", "update", W, [], ["parts"], flags={"every_row"}),
    Case("UPDATE x SET a = y.a FROM y WHERE x.id = y.id", "update", W, ["y"], ["x"]),
    Case("UPDATE x JOIN y ON x.i = y.i SET x.a = 1, y.b = 2 WHERE x.i = 3", "update", W, ["y"], ["x", "y"],
        dialect="mysql"),
    Case("UPDATE o SET a = 1 FROM orders o WHERE o.id = 3", "update", W, ["orders"], ["orders"], dialect="tsql"),
    Case("MERGE INTO x USING y ON x.i = y.i WHEN MATCHED THEN UPDATE SET a = 1", "merge", W, ["y"], ["x"]),
    Case("MERGE INTO x USING y ON x.i = y.i WHEN MATCHED THEN DELETE", "merge", D, ["y"], ["x"]),
    Case("SELECT a INTO fresh FROM x", "create", W, ["x"], ["fresh"], flags={"selects_into"}),
    Case("SELECT a FROM x WHERE id = 1 FOR UPDATE", "select", W, ["x"], flags={"locks_rows"}),
    Case("CREATE TABLE fresh AS SELECT a FROM x", "create", W, ["x"], ["fresh"]),
    Case("CREATE OR REPLACE TABLE x AS SELECT a FROM y", "create", D, ["y"], ["x"], dialect="snowflake"),
    Case("CREATE INDEX i ON x (a)", "create", W, [], ["x"]),
    Case("COPY parts FROM STDIN", "copy", W, [], ["parts"]),
    Case("DELETE FROM x WHERE id = 3", "delete", D, [], ["x"], flags=set()),
    Case("DELETE FROM x USING y WHERE x.i = y.i", "delete", D, ["y"], ["x"]),
    Case("DELETE o FROM orders o JOIN c ON o.i = c.i WHERE c.i = 1", "delete", D, ["orders", "c"], ["orders"],
        dialect="mysql"),
    Case("TRUNCATE x, y", "truncate", D, [], ["x", "y"]),
    Case("DROP TABLE IF EXISTS x", "drop", D, [], ["x"]),
    Case("EXPLAIN ANALYZE DELETE FROM x WHERE i = 1", "delete", D, [], ["x"], flags={"explain_analyze"}),
    Case("EXPLAIN (COSTS off, ANALYZE) UPDATE x SET a = 1 WHERE i = 2", "update", W, [], ["x"],
        flags={"explain_analyze"}),
    Case("WITH gone AS (DELETE FROM x WHERE i = 1 RETURNING *) SELECT a FROM gone", "delete", D, ["x"], ["x"],
         flags={"nested_write"}),
    Case("WITH gone AS (DELETE FROM x WHERE i = 1 RETURNING *) INSERT INTO y SELECT * FROM gone", "delete+insert", D,
         ["x"], ["y", "x"]),
    Case("ALTER TABLE x ADD COLUMN a INT", "alter", A, [], ["x"]),
    Case("ALTER TABLE x DELETE WHERE 1", "alter", A, [], ["x"], dialect="clickhouse"),
    Case("DROP FUNCTION f", "drop", A, [], ["f"]),
    Case("CREATE FUNCTION f() RETURNS int AS $$ SELECT 1 $$ LANGUAGE sql", "create", A, [], ["f"]),
    Case("GRANT SELECT ON x TO bob", "grant", A, [], ["x"]),
    Case("REVOKE ALL ON x FROM bob", "revoke", A, [], ["x"]),
    Case("SET search_path TO elsewhere", "set", A),
    Case("USE other", "use", A, dialect="mysql"),
    Case("KILL 5", "kill", A, dialect="mysql"),
    Case("ATTACH DATABASE 'f.db' AS f", "attach", A, dialect="sqlite"),
    Case("PRAGMA writable_schema = 1", "pragma", A, dialect="sqlite"),
    Case("COPY x TO '/tmp/x'", "copy", A, ["x"], flags={"copies_file_or_program"}),
    Case("COPY x FROM '/etc/passwd'", "copy", A, [], ["x"], flags={"copies_file_or_program"}),
    Case("COPY (SELECT a FROM x) TO PROGRAM 'sh'", "copy", A, ["x"], flags={"copies_file_or_program"}),
    Case("CALL close_month(3)", "call", E, flags={"unknown_function"}),
    Case("EXEC close_month 3", "call", E, dialect="tsql", flags={"unknown_function"}),
    Case("EXEC xp_cmdshell 'dir'", "call", A, dialect="tsql", flags={"dangerous_function"}),
    Case("SELECT a FROM x; DELETE FROM y WHERE i = 1", "delete", D, ["x"], ["y"], flags={"multi_statement"}),
    Case("DELETE FROM x WHERE i = 1; UPDATE y SET a = 1 WHERE i = 1", "delete+update", D, [], ["x", "y"]),
]  # fmt: skip

FUNCTIONS = [
    ("SELECT nextval('s')", W, {"dangerous_function"}, "postgres"),
    ("SELECT pg_sleep(9)", E, {"dangerous_function"}, "postgres"),
    ("SELECT pg_catalog.pg_sleep(9)", E, {"dangerous_function"}, "postgres"),
    ("SELECT a FROM dblink('host=x', 'DELETE FROM y') AS t(a int)", E, {"dangerous_function"}, "postgres"),
    ("SELECT query_to_xml('DELETE FROM x', true, true, '')", E, {"dangerous_function"}, "postgres"),
    ("SELECT pg_read_file('/etc/passwd')", A, {"dangerous_function"}, "postgres"),
    ("SELECT lo_export(1, '/tmp/x')", A, {"dangerous_function"}, "postgres"),
    ("SELECT set_config('role', 'root', false)", A, {"dangerous_function"}, "postgres"),
    ("SELECT load_file('/etc/passwd')", A, {"dangerous_function"}, "mysql"),
    ("SELECT sleep(5), benchmark(1, 2)", E, {"dangerous_function"}, "mysql"),
    ("SELECT load_extension('x')", A, {"dangerous_function"}, "sqlite"),
    ("SELECT a FROM OPENROWSET('p', 'c', 'q')", E, {"dangerous_function"}, "tsql"),
    ("SELECT utl_http.request('http://x') FROM dual", E, {"dangerous_function"}, "oracle"),
    ("SELECT a FROM url('http://x', 'CSV')", E, {"dangerous_function"}, "clickhouse"),
    ("INSERT INTO FUNCTION file('x') SELECT 1", E, {"dangerous_function"}, "clickhouse"),
    ("SELECT a FROM read_csv('/etc/passwd')", E, {"dangerous_function"}, "duckdb"),
    ("SELECT a FROM EXTERNAL_QUERY('c', 'DELETE FROM x')", E, {"dangerous_function"}, "bigquery"),
    ("SELECT reflect('java.lang.Runtime', 'x')", E, {"dangerous_function"}, "spark"),
    ("SELECT purge_all()", E, {"unknown_function"}, "postgres"),
    ("SELECT a FROM x ORDER BY purge_all(a)", E, {"unknown_function"}, "postgres"),
    ("SELECT mine.count(a) FROM x", E, {"unknown_function"}, "postgres"),
    ("SELECT mine.now()", E, {"unknown_function"}, "postgres"),
    ("SELECT 1 OPERATOR(mine.+) 2", E, {"named_operator"}, "postgres"),
    ("SELECT a FROM '/etc/passwd'", E, {"reads_file"}, "duckdb"),
    ("SELECT a FROM csv.`/data/x`", E, {"reads_file"}, "spark"),
    ("SELECT a FROM t@elsewhere", E, {"database_link"}, "oracle"),
    ("SELECT a FROM server.db.dbo.t", E, {"database_link"}, "tsql"),
    ("SELECT a FROM @stage", E, {"unusual_source"}, "snowflake"),
    ("SELECT TRANSFORM(*) USING 'sh' FROM x", A, {"runs_program"}, "spark"),
    ("INSERT OVERWRITE DIRECTORY '/x' SELECT a FROM t", A, {"writes_file"}, "hive"),
]


@pytest.mark.parametrize("case", READS + CHANGES, ids=lambda c: c.text[:60])
def test_statements_are_what_they_do(sql, case):
    """Class, access and relations of every shape come out as a database administrator would say."""
    derived = sql(case.text, case.dialect)
    assert derived.parsed, derived.facts
    assert (derived.action.name, derived.access) == (case.action, case.access)
    assert sorted(derived.facts["relations_read"]) == sorted(case.read)
    assert sorted(derived.facts["relations_written"]) == sorted(case.written)
    assert derived.facts.get("limit") == case.limit
    for name, wanted in (("columns", case.columns), ("star", case.star)):
        assert wanted is None or derived.facts[name] == wanted
    assert case.flags is None or set(derived.facts["flags"]) == case.flags


@pytest.mark.parametrize("text, access, flags, dialect", FUNCTIONS)
def test_a_query_is_no_read_when_what_it_calls_is_not(sql, text, access, flags, dialect):
    """Functions and sources that do more than compute raise the access and are flagged, wherever they stand."""
    derived = sql(text, dialect)
    assert derived.access is access
    assert flags <= set(derived.facts["flags"])


@pytest.mark.parametrize(
    "text, dialect, relations",
    [
        ("WITH pay AS (SELECT * FROM pay) SELECT * FROM pay", "postgres", ["pay"]),
        ("SELECT * FROM (WITH pay AS (SELECT 1 AS a) SELECT a FROM pay) x, pay", "postgres", ["pay"]),
        ("SELECT * FROM pay WHERE EXISTS (WITH pay AS (SELECT 1) SELECT 1 FROM pay)", "postgres", ["pay"]),
        ('WITH "Pay" AS (SELECT 1 AS a) SELECT a FROM pay', "postgres", ["pay"]),
        ('WITH pay AS (SELECT 1 AS a) SELECT a FROM "pay"', "snowflake", ["pay"]),
        ("WITH a AS (SELECT 1 FROM b), b AS (SELECT 1) SELECT 1 FROM a", "postgres", ["b"]),
        ("WITH pay AS (SELECT 1 AS a) SELECT a FROM hr.pay", "postgres", ["hr.pay"]),
        ("WITH x AS (SELECT 1 AS a) INSERT INTO x SELECT a FROM x", "postgres", ["x"]),
        ("SELECT a FROM x WHERE a IN pay", "sqlite", ["x", "pay"]),
        ("WITH x AS (SELECT a FROM pay) DELETE FROM x", "tsql", ["pay", "x"]),
        ("SELECT a FROM ONLY pay", "postgres", ["pay"]),
    ],
)
def test_no_relation_hides_behind_a_name(sql, text, dialect, relations):
    """A common table expression only hides a relation where the database would take it so."""
    assert sorted(sql(text, dialect).facts["relations"]) == sorted(relations)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT users FROM users",
        "SELECT u FROM users u",
        "SELECT row_to_json(u) FROM users u",
        "SELECT (u).password FROM users u",
        "SELECT password(users) FROM users",
        "SELECT b FROM users AS t(a, b)",
        "SELECT a FROM x NATURAL JOIN users",
        "DELETE FROM users WHERE id = 1 RETURNING *",
    ],
)
def test_columns_that_are_not_named_count_as_all(sql, text):
    """Whole rows, renamed columns and natural joins read columns that no rule about names could see."""
    assert sql(text).facts["star"]


def test_targets_are_one_table_or_the_database(sql):
    """One relation is the target itself; several, or none, are the database they lie in."""
    assert sql("SELECT a FROM sales.orders").target == Target("table", "sales.orders")
    assert sql("SELECT a FROM x JOIN y USING (i)", database="shop").target == Target("database", "shop")
    assert sql("SELECT 1", database="shop").target == Target("database", "shop")


def test_databases_named_in_the_text_are_part_of_the_target(sql):
    """Where a schema is a database, reaching into another one shows in the target."""
    derived = sql("SELECT a FROM orders JOIN mysql.user USING (i)", "mysql", "shop")
    assert derived.target == Target("database", "mysql+shop")
    assert sql("SELECT a FROM hr.pay JOIN hr.staff USING (i)", "mysql", "shop").target == Target("database", "hr")


@pytest.mark.parametrize(
    "kind, name, text, database",
    [
        ("table", "orders", "SELECT a FROM orders", ""),
        ("table", "ORDERS", "SELECT a FROM orders", ""),
        ("table", "shop.orders", "SELECT a FROM orders", "shop"),
        ("", "orders", "SELECT a FROM orders", ""),
        ("table", "", "SELECT a FROM orders", ""),
        ("database", "shop", "SELECT a FROM orders", "shop"),
        ("database", "shop", "SELECT a FROM orders JOIN lines USING (i)", ""),
        ("schema", "sales", "SELECT a FROM sales.orders JOIN sales.lines USING (i)", ""),
        ("schema", "sales", "SELECT a FROM orders", ""),
    ],
)
def test_true_names_of_the_target_are_accepted(kind, name, text, database):
    """The relation itself, the database or the schema that everything lies in."""
    assert derive(SqlPayload(text, "postgres", database), Target(kind, name), Action("")).mismatches == ()


@pytest.mark.parametrize(
    "kind, name, text, dialect, database",
    [
        ("table", "orders", "SELECT a FROM pay", "postgres", ""),
        ("table", "orders", "SELECT a FROM hr.orders", "postgres", ""),
        ("table", "orders", "SELECT a FROM orders JOIN pay USING (i)", "postgres", ""),
        ("table", "orders", "SELECT a FROM orders; SELECT a FROM pay", "postgres", ""),
        ("database", "shop", "SELECT a FROM orders", "postgres", "hr"),
        ("database", "shop", "SELECT a FROM hr.pay", "mysql", "shop"),
        ("schema", "sales", "SELECT a FROM hr.pay", "postgres", ""),
        ("schema", "sales", "SELECT a FROM sales.orders JOIN hr.pay USING (i)", "postgres", ""),
        ("mailbox", "orders", "SELECT a FROM orders", "postgres", ""),
        ("view", "orders", "SELECT a FROM orders", "postgres", ""),
    ],
)
def test_lies_about_the_target_are_mismatches(kind, name, text, dialect, database):
    """What the statement does not touch, or not alone, cannot be declared."""
    derived = derive(SqlPayload(text, dialect, database), Target(kind, name), Action(""))
    assert len(derived.mismatches) == 1
    assert derived.mismatches[0].startswith("target: declared")


@pytest.mark.parametrize("declared", ["select", "SELECT", "query", "read", ""])
def test_words_for_select_become_select(declared):
    """Neutral words are replaced by the derived class, so intents list one word only."""
    derived = derive(SqlPayload("SELECT a FROM x", "postgres"), Target("", ""), Action(declared))
    assert (derived.action, derived.mismatches) == (Action("select"), ())


@pytest.mark.parametrize("declared", ["select", "query", "read", "update", "insert", "Delete From", "drop"])
def test_lies_about_the_verb_are_mismatches(declared):
    """An agent does not choose its own verb."""
    derived = derive(SqlPayload("DELETE FROM x WHERE i = 1", "postgres"), Target("", ""), Action(declared))
    assert [m.split(":")[0] for m in derived.mismatches] == ["action"]
    assert derived.action.name == "delete"


def test_declared_params_of_sql_are_never_taken_on_trust():
    """The text is the statement; a declared limit beside it would be the agent's word only."""
    derived = derive(SqlPayload("SELECT a FROM x", "postgres"), Target("", ""), Action("select", {"limit": 5}))
    assert derived.mismatches == ("action.params.limit: declared, but not borne out by the payload",)
    assert derived.action.params == {}


def test_a_where_of_its_own(sql):
    """``has_where`` speaks of the statements themselves, not of something inside them."""
    assert sql("SELECT a FROM x WHERE i = 1").facts["has_where"]
    assert not sql("SELECT a FROM (SELECT a FROM x WHERE i = 1) y").facts["has_where"]
    assert not sql("SELECT a FROM x WHERE i = 1; DELETE FROM x").facts["has_where"]


def test_the_same_text_in_other_dialects_is_another_payload(sql):
    """What is remembered is remembered for the whole payload: text, dialect and database."""
    text = 'SELECT a FROM x WHERE b = "c"'
    assert sql(text, "mysql").facts["columns"] == ["a", "b"]
    assert sql(text, "postgres").facts["columns"] == ["a", "b", "c"]
    assert sql(text, "mysql", "one").facts["database"] == "one"
