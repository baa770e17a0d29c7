"""Imports go one way, and the libraries that decide about safety are imported in one place each."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

SOLE_IMPORTERS = {
    "grpc": ("pdp/server/", "pdp/client/", "pdp/wire/", "pdp/v1/"),
    "pdp.v1": ("pdp/server/", "pdp/client/", "pdp/wire/", "pdp/v1/", "pdp/policy/rules.py", "pdp/policy/expression.py"),
    "cel_expr_python": ("pdp/policy/rules.py",),
    "celpy": ("pdp/policy/reference.py",),
    "onnxruntime": ("pdp/intent/encoder.py",),
    "pickle": (),
    "requests": (),
    "urllib.request": ("pdp/anchors.py",),
}


def imported(path: Path) -> Iterator[str]:
    """The dotted names that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_the_layers_hold() -> None:
    """The contracts in pyproject.toml are kept: no import goes up, no module stands outside."""
    run = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-cache"]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("library", SOLE_IMPORTERS)
def test_a_library_that_matters_has_few_importers(library: str) -> None:
    """What speaks gRPC, evaluates CEL or runs the model can be found and exchanged; nothing unpickles or fetches."""
    allowed = SOLE_IMPORTERS[library]
    files = {str(p.relative_to(ROOT)): p for p in (ROOT / "pdp").rglob("*.py")}
    offenders = [
        name
        for name, path in files.items()
        if any(f"{i}.".startswith(f"{library}.") for i in imported(path)) and not name.startswith(allowed or ("-",))
    ]
    assert offenders == []
