"""Problems with source excerpts."""

import io
from pathlib import Path

from rich.console import Console

from pdp.cli.problems import excerpt, print_problems
from pdp.errors import Problem


def test_a_problem_shows_the_line_and_points_at_the_column(tmp_path: Path) -> None:
    """As a compiler would."""
    (tmp_path / "bundle.yaml").write_text("name: a\n\towner: b\n")
    assert list(excerpt(Problem("bundle.yaml", 2, 2, "tab", "use spaces"), tmp_path)) == [
        "    2 |  owner: b",
        "      |  ^",
    ]


def test_a_problem_without_a_line_has_no_excerpt(tmp_path: Path) -> None:
    """A whole file, a file that is missing or not text, a line beyond its end: only the message."""
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "short").write_text("one\n")
    for problem in (("short", 0), ("missing", 1), ("binary", 1), ("short", 9)):
        assert list(excerpt(Problem(problem[0], problem[1], 1, "m", "f"), tmp_path)) == []
    assert list(excerpt(Problem("short", 1, 1, "m", "f"), None)) == []


def test_every_problem_is_printed_with_place_and_fix(tmp_path: Path) -> None:
    """And counted."""
    out = io.StringIO()
    problems = (Problem("a.yaml", 3, 4, "unknown key", "remove it"), Problem("b.yaml", 0, 0, "missing", "add it"))
    print_problems(Console(file=out, width=100), problems, tmp_path)
    for part in ("a.yaml:3:4: unknown key", "fix: remove it", "b.yaml: missing", "2 problems"):
        assert part in out.getvalue()
