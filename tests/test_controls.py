"""The table of controls is true: it is complete, names tests that exist, and the page shows what the data says.

``python -m tests.test_controls`` writes ``docs/controls.md`` from ``docs/controls.yaml``.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
DATA, PAGE = ROOT / "docs" / "controls.yaml", ROOT / "docs" / "controls.md"
OUTSIDE = "out of scope"
IDS = {
    "OWASP Top 10 for Agentic Applications": [f"ASI{n:02}" for n in range(1, 11)],
    "OWASP Non-Human Identities Top 10": [f"NHI{n}:2025" for n in range(1, 11)],
    "NIST AI RMF": (
        "GOVERN 1.6, GOVERN 1.7, GOVERN 2.1, GOVERN 3.2, MEASURE 2.4, MEASURE 2.6, MEASURE 2.7, MEASURE 2.8, "
        "MEASURE 2.10, MEASURE 3.1, MANAGE 2.4, MANAGE 4.1, MANAGE 4.3"
    ).split(", "),
    "NIST SP 800-207": [f"Tenet {n}" for n in range(1, 8)],
    "AARM": [f"R{n}" for n in range(1, 10)],
}
HEAD = """\
# Controls

What in this service supports which control of which framework. It is a statement about software and its tests: no
framework is met by a program alone, and none is met here. *In part* says so; *out of scope* means that nothing is
done. Each row names tests of this repository that fail when its control does. The data is
[controls.yaml](controls.yaml).
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One control of a framework, what supports it here, the tests that show it, and what is not done."""

    framework: str
    version: str
    id: str
    name: str
    control: str
    evidence: tuple[str, ...]
    limits: str


def rows() -> tuple[Row, ...]:
    """Every row of the data."""
    return tuple(
        Row(
            framework=group["framework"],
            version=group["version"],
            **{**row, "evidence": tuple(row["evidence"])},
        )
        for group in yaml.safe_load(DATA.read_text(encoding="utf-8"))
        for row in group["rows"]
    )


ROWS = rows()
EVIDENCE = sorted({one for row in ROWS for one in row.evidence})


@cache
def functions(path: Path) -> frozenset[str]:
    """The functions at the top of a module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


def page() -> str:
    """The document that the data makes."""
    parts = [HEAD]
    for framework in IDS:
        mine = [row for row in ROWS if row.framework == framework]
        parts.append(
            f"\n## {framework} ({mine[0].version})\n\n| id | name | what supports it | what it does not do | tests |"
        )
        parts.append("\n|---|---|---|---|---|\n")
        parts += [line(row) for row in mine]
    return "".join(parts)


def line(row: Row) -> str:
    """One row of a table."""
    tests = "<br>".join(f"[{one.partition('::')[2]}](../{one.partition('::')[0]})" for one in row.evidence)
    return f"| {row.id} | {row.name} | {row.control} | {row.limits} | {tests or 'none'} |\n"


@pytest.mark.parametrize("framework", IDS)
def test_every_control_of_a_framework_has_one_row(framework: str) -> None:
    """In the framework's own order and under its own identifiers; a control nobody looked at would be left out."""
    assert [row.id for row in ROWS if row.framework == framework] == IDS[framework]


def test_there_are_no_other_frameworks() -> None:
    """A row of a misspelt framework would be held to nothing."""
    assert {row.framework for row in ROWS} == set(IDS)


@pytest.mark.parametrize("one", EVIDENCE)
def test_evidence_is_a_test_that_exists(one: str) -> None:
    """Under this very name: a test that is renamed takes its claim along, or the claim goes."""
    path, _, name = one.partition("::")
    assert name.startswith("test_")
    assert name in functions(ROOT / path)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.framework} {row.id}")
def test_a_row_claims_no_more_than_it_shows(row: Row) -> None:
    """What is claimed has a test, what is not is said, every limit is told, and nothing claims conformity."""
    assert bool(row.evidence) is (row.control != OUTSIDE)
    assert len(set(row.evidence)) == len(row.evidence)
    assert all((row.name, row.control, row.limits))
    assert "|" not in row.name + row.control + row.limits
    words = f"{row.control} {row.limits}".lower()
    assert not any(word in words for word in ("complian", "conform", "certified"))


def test_the_page_shows_the_data() -> None:
    """``python -m tests.test_controls`` renews it."""
    assert PAGE.read_text(encoding="utf-8") == page()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
