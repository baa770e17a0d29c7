"""``docs/payloads.md`` says what is so: facts, flags, access tables."""

import re
from pathlib import Path

import pytest

from pdp.native import KINDS, derive
from pdp.native.http import METHODS
from pdp.native.kubernetes import VERBS
from pdp.native.sql_findings import STATEMENTS
from pdp.types import (
    Action,
    CloudPayload,
    HttpPayload,
    KubernetesPayload,
    McpPayload,
    SqlPayload,
    SshPayload,
    Target,
)

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "payloads.md").read_text(encoding="utf-8")

SAMPLES = {
    "sql": SqlPayload("SELECT a FROM x LIMIT 3", "postgres"),
    "mcp": McpPayload("srv", "get_mail", {"id": 1}),
    "http": HttpPayload("GET", "a.example", "/x?y=1"),
    "kubernetes": KubernetesPayload("get", "pods", "", "shop", "web"),
    "ssh": SshPayload("web-1", "df -h"),
    "cloud": CloudPayload("aws", "s3", "GetObject", "a/b"),
}
# Where the readers add a flag.
FLAG = re.compile(
    r'flags(?:\.(?:append|add|extend)\(\[?|\[)"(\w+)"|(?:at_least|_raises)\([^)"]*"(\w+)"'
    r'|words(?:\.append\(| = \[)"(\w+)"'
)


def rows(heading: str) -> list[list[str]]:
    section = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    table = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table]


def words(cell: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", cell))


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_every_fact_is_documented_and_exists(kind):
    """The table lists exactly what a payload of the kind yields."""
    documented = {w for row in rows("Facts") if kind in words(row[0]) for w in words(row[1])}
    facts = derive(SAMPLES[kind], Target("", ""), Action("")).facts
    assert documented == set(facts) - {"flags"}


def test_every_kind_is_documented():
    """Each payload type appears in the tables."""
    assert set(KINDS.values()) == set(SAMPLES) == {w for row in rows("Facts")[1:] for w in words(row[0])}


def test_every_flag_in_the_code_is_documented_and_the_other_way_round():
    """A flag that a rule may ask for is explained, and none is explained that cannot occur."""
    sources = "".join(p.read_text(encoding="utf-8") for p in sorted((ROOT / "pdp" / "native").glob("*.py")))
    in_code = {w for match in FLAG.finditer(sources) for w in match.groups() if w}
    documented = {w for row in rows("Flags")[1:] for w in words(row[1])}
    assert in_code - documented - {"not_understood"} == set()
    assert {f for f in documented if f'"{f}"' not in sources} == set()


@pytest.mark.parametrize("kind, table", [("http", METHODS), ("kubernetes", VERBS)])
def test_the_access_tables_are_those_of_the_code(kind, table):
    """Every word with the access it has."""
    documented = {w: row[2] for row in rows("Access") if kind in words(row[0]) for w in words(row[1])}
    assert documented == {word: access.name.lower() for word, access in table.items()}


def test_the_statement_classes_are_those_of_the_code():
    """Every class with the access it has before anything inside raises it."""
    documented = {w: row[2] for row in rows("Access") if "sql" in words(row[0]) for w in words(row[1])}
    assert documented == {word: access.name.lower() for word, access in STATEMENTS.values()}


def test_a_refused_payload_has_a_problem_and_one_flag():
    """As the text says, whatever the kind."""
    refused = derive(SqlPayload("", "postgres"), Target("", ""), Action(""))
    assert set(refused.facts) == {"problem", "flags"}
    assert refused.facts["flags"] == ["not_understood"]


def test_limits_in_the_text_are_those_of_the_code():
    """Numbers in the table of refusals."""
    from pdp.native import shell_grammar, shell_lexer, sql_text, url_paths

    for number in (sql_text.MAX_CHARACTERS, sql_text.MAX_TOKENS, url_paths.MAX_CHARACTERS, shell_lexer.MAX_CHARACTERS):
        assert f"{number:,}" in TEXT
    assert f"{sql_text.MAX_STATEMENTS} statements or {sql_text.MAX_NESTING} levels" in TEXT
    assert f"{shell_grammar.MAX_COMMANDS} commands or {shell_lexer.MAX_DEPTH} levels" in TEXT
