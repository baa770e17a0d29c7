"""The tables of SQL functions are consistent, and names are judged with their schema."""

import pytest

from pdp.native.sql_functions import DANGEROUS, HARMLESS, OWN_SCHEMAS, access_of
from pdp.types import Access


def test_no_function_is_both_harmless_and_dangerous():
    """The tables do not contradict each other."""
    assert HARMLESS & DANGEROUS.keys() == set()


def test_names_are_in_lower_case():
    """As they are looked up."""
    assert all(n == n.lower() for n in (*HARMLESS, *DANGEROUS))


@pytest.mark.parametrize("name", sorted(DANGEROUS))
def test_dangerous_functions_are_never_reads(name):
    """Also behind any schema: a schema does not make them harmless."""
    assert access_of(name) is DANGEROUS[name]
    assert access_of(name) is not Access.READ
    if "." not in name:
        assert access_of(f"anything.{name}") is DANGEROUS[name]


@pytest.mark.parametrize("schema", sorted(OWN_SCHEMAS))
def test_the_databases_own_schemas_change_nothing(schema):
    """``pg_catalog.now`` is ``now``."""
    assert access_of(f"{schema}.now") is Access.READ
    assert access_of(f"{schema}.frobnicate") is None


@pytest.mark.parametrize("name", ["frobnicate", "mine.now", "mine.count", "", ".", "now."])
def test_what_nobody_knows_is_unknown(name):
    """A user may have defined it, under a familiar name too."""
    assert access_of(name) is None


@pytest.mark.parametrize(
    "dialect", ["postgres", "mysql", "tsql", "sqlite", "snowflake", "bigquery", "duckdb", "oracle", "spark"]
)
@pytest.mark.parametrize("name", ["lower", "coalesce", "round", "count", "max", "substring", "now", "abs"])
def test_everyday_functions_read_in_every_dialect(sql, name, dialect):
    """Whether sqlglot knows them by type or the table by name."""
    arguments = "" if name == "now" else "a"
    derived = sql(f"SELECT {name}({arguments}) FROM x", dialect)
    assert (derived.access, derived.facts["flags"]) == (Access.READ, [])
