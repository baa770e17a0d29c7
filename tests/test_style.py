"""The bars for the code: short files, short functions, everything annotated, names that say something."""

import ast
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from pdp.server.logs import FIELDS, TEXTS

ROOT = Path(__file__).parents[1]
PACKAGES = ("pdp", "training", "benchmarks")
VAGUE = {"utils", "helpers", "common", "manager", "misc"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources() -> Iterator[Path]:
    for package in PACKAGES:
        yield from (p for p in (ROOT / package).rglob("*.py") if "_pb2" not in p.name)


def functions() -> Iterator[tuple[Path, Function]]:
    for path in sources():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        yield from ((path, node) for node in ast.walk(tree) if isinstance(node, Function))


def length(node: Function) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_files_are_short() -> None:
    """None above 400 lines, half of them at most 150."""
    lengths = {str(p.relative_to(ROOT)): p.read_text(encoding="utf-8").count("\n") for p in sources()}
    assert {name: n for name, n in lengths.items() if n > 400} == {}
    assert statistics.median(lengths.values()) <= 150


def test_functions_are_short() -> None:
    """None above 60 lines, half of them at most 12."""
    long = [f"{path.relative_to(ROOT)}:{node.lineno} {node.name}" for path, node in functions() if length(node) > 60]
    assert long == []
    assert statistics.median(length(node) for _, node in functions()) <= 12


def test_names_say_something() -> None:
    """No module is called after nothing in particular."""
    assert [str(p) for p in sources() if p.stem in VAGUE] == []


def test_ruff_is_content() -> None:
    """Every rule but the few in the commented list of pyproject.toml, and the format."""
    for command in (["check", "--quiet", "--no-cache"], ["format", "--check", "--quiet", "--no-cache"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_logged_beside_a_message_is_shown() -> None:
    """A field that the log's list does not know is withheld: whoever adds one decides whether it may be shown."""
    used = {
        field
        for path in (ROOT / "pdp").rglob("*.py")
        for extra in re.findall(r"extra=\{([^}]*)\}", path.read_text())
        for field in re.findall(r'"(\w+)":', extra)
    }
    assert used <= FIELDS | TEXTS
