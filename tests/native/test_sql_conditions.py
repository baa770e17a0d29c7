"""Conditions that hold for every row, told from their text."""

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st

from pdp.native.sql_conditions import always_true


def holds(condition: str, dialect: str = "postgres") -> bool:
    tree = sqlglot.parse_one(f"SELECT 1 FROM x WHERE {condition}", dialect=dialect)
    return always_true(tree.args["where"].this)


@pytest.mark.parametrize(
    "condition",
    [
        "1 = 1",
        "TRUE",
        "'a' = 'a'",
        "1 < 2",
        "2 >= 2",
        "1 <> 2",
        "-1 < 0",
        "NOT FALSE",
        "NOT 1 = 2",
        "id = id",
        "x.id = x.id",
        "id >= id",
        "id = 5 OR 1 = 1",
        "1 = 1 OR id = 5",
        "(id = 5) OR (TRUE)",
        "id = 5 OR name = 'a' OR 'x' = 'x'",
        "TRUE AND 1 = 1",
        "id IS NULL OR id IS NOT NULL",
        "id = 1 OR id <> 1",
        "id = 1 OR NOT id = 1",
        "name LIKE '%'",
        "name LIKE '%%'",
        "name ILIKE '%' ESCAPE '!'",
        "1 IN (1, 2)",
        "id IN (id)",
        "1 BETWEEN 0 AND 2",
        "id BETWEEN id AND id",
        "1 IS NOT NULL",
        "EXISTS (SELECT 1)",
        "(1 = 1) IS TRUE",
        "COALESCE(TRUE, id = 1)",
        "CAST(1 AS INT) = 1",
    ],
)
def test_tautologies_are_seen(condition):
    """What selects every row is no condition."""
    assert holds(condition)


@pytest.mark.parametrize("condition", ["1", "'a' = 'a' || id = 3", "TRUE XOR FALSE OR 1"])
def test_tautologies_of_mysql_are_seen(condition):
    """Bare numbers are conditions there, and ``||`` is OR."""
    assert holds(condition, "mysql")


@pytest.mark.parametrize(
    "condition",
    [
        "id = 5",
        "id = 5 AND 1 = 1",
        "1 = 2",
        "FALSE",
        "NOT TRUE",
        "id = other",
        "x.id = y.id",
        "id <> id",
        "name LIKE 'a%'",
        "name LIKE '_%'",
        "name NOT LIKE '%'",
        "1 NOT IN (1)",
        "1 NOT BETWEEN 0 AND 2",
        "1 IS NULL",
        "id IN (1, 2)",
        "id BETWEEN 1 AND 9",
        "id IS NOT NULL",
        "id IS NULL OR other IS NOT NULL",
        "id = 1 OR id <> 2",
        "EXISTS (SELECT 1 FROM y WHERE y.i = x.i)",
        "COALESCE(id, 1) = 1",
        "'1' = 1",
        "f(id)",
    ],
)
def test_real_conditions_are_left_alone(condition):
    """A condition that depends on the data is never called a tautology."""
    assert not holds(condition)


PARTS = st.sampled_from(["id = 5", "name = 'a'", "1 = 1", "1 = 2", "TRUE", "FALSE", "id > 3"])
VALUES = {
    "id = 5": None,
    "name = 'a'": None,
    "id > 3": None,
    "1 = 1": True,
    "TRUE": True,
    "1 = 2": False,
    "FALSE": False,
}


@given(st.lists(PARTS, min_size=1, max_size=6), st.sampled_from(["AND", "OR"]))
def test_connectors_follow_the_rules_of_logic(parts, connector):
    """OR holds when one part does, AND when all do; nothing that depends on data holds by itself."""
    known = [VALUES[p] for p in parts]
    wanted = any(v is True for v in known) if connector == "OR" else all(v is True for v in known)
    assert holds(f" {connector} ".join(parts)) == wanted


def test_a_missing_condition_holds():
    """No WHERE selects every row."""
    assert always_true(None)


@pytest.mark.parametrize("text", ["DELETE FROM x WHERE 1 = 1", "UPDATE x SET a = 1 WHERE id = id", "DELETE FROM x"])
def test_changes_of_every_row_are_told(sql, text):
    """``every_row`` is what a rule asks before it lets a change through."""
    assert sql(text).facts["every_row"]


def test_changes_of_some_rows_are_told(sql):
    """A condition inside a subquery that always holds does not make the change one of every row."""
    derived = sql("DELETE FROM x WHERE id IN (SELECT i FROM y WHERE 1 = 1)")
    assert not derived.facts["every_row"]
    assert "always_true_condition" in derived.facts["flags"]
