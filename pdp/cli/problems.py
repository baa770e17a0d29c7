"""A bundle's mistakes as a compiler would print them: place, message, the line itself, the fix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from pdp.errors import Problem


def print_problems(console: Console, problems: Sequence[Problem], directory: Path | None) -> None:
    """Print each problem. ``directory`` is the bundle, for the excerpts; without it there are none."""
    for problem in problems:
        console.print(Text.assemble((_place(problem), "bold"), ": ", (problem.message, "red")), soft_wrap=True)
        for line in excerpt(problem, directory):
            console.print(line, soft_wrap=True)
        console.print(Text.assemble(("  fix: ", "green"), problem.fix), soft_wrap=True)
    count = len(problems)
    console.print(f"{count} problem{'s' if count != 1 else ''}")


def excerpt(problem: Problem, directory: Path | None) -> Iterator[str]:
    """The line that the problem is on, with a mark below its column; nothing when it cannot be read."""
    if directory is None or problem.line < 1:
        return
    try:
        lines = (directory / problem.file).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return
    if problem.line <= len(lines):
        yield f"{problem.line:5} | {lines[problem.line - 1].replace(chr(9), ' ')}"
        yield f"      | {' ' * max(problem.column - 1, 0)}^"


def _place(problem: Problem) -> str:
    return f"{problem.file}:{problem.line}:{problem.column}" if problem.line else problem.file or "bundle"
