"""What is installed and shipped: exact, free to use, complete."""

import importlib.metadata
import os
import re
import stat
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.lock", "deploy/requirements.lock", "training/requirements.lock")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PINNED = re.compile(
    r"^([a-z0-9-]+)==([^ ;\\]+)(?: ;[^\\]*)? \\(?:\n    --hash=sha256:[0-9a-f]{64}(?: \\)?)+", re.MULTILINE
)


def pins(lock: str) -> dict[str, str]:
    """Names and versions in a lock file that carry at least one hash."""
    return {m[1]: m[2] for m in PINNED.finditer((ROOT / lock).read_text())}


def names(requirements: list[str]) -> set[str]:
    """The normalised names of requirements."""
    return {re.split(r"[^A-Za-z0-9._-]", r)[0].lower().replace(".", "-") for r in requirements}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_is_exact_and_names_no_place(lock: str) -> None:
    """Every package has one version and its hashes; where they come from is the business of who installs."""
    text = (ROOT / lock).read_text()
    requirements = re.findall(r"^[^\s#].*", text, re.MULTILINE)
    assert len(requirements) == len(PINNED.findall(text))
    assert not re.search(r"://|--(?:extra-)?index|find-links|@ ", text)


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ("requirements.lock", PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["dev"]),
        ("deploy/requirements.lock", PROJECT["project"]["dependencies"]),
        ("training/requirements.lock", PROJECT["project"]["optional-dependencies"]["train"]),
    ],
)
def test_a_lock_covers_what_the_project_asks_for(lock: str, wanted: list[str]) -> None:
    """A dependency that is added without `make lock` is noticed here, not in a fresh clone."""
    assert names(wanted) <= set(pins(lock))


def test_development_and_deployment_use_the_same_versions() -> None:
    """What was tested is what runs."""
    tested = pins("requirements.lock")
    assert {n: v for n, v in pins("deploy/requirements.lock").items() if tested.get(n) != v} == {}


def test_nothing_that_runs_is_under_the_gpl() -> None:
    """Nor under its relatives; the wheel may be shipped under Apache-2.0."""
    restricted = []
    for name in pins("deploy/requirements.lock"):
        try:
            about = importlib.metadata.metadata(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # for another platform
        told = [about.get("License-Expression") or about.get("License") or "", *(about.get_all("Classifier") or [])]
        restricted += [name for text in told if re.search(r"\b[AL]?GPL|GNU .*General Public", text[:200])]
    assert restricted == []


def test_the_wheel_is_complete(tmp_path: Path) -> None:
    """Sentence model, type marker and the bundle to start from are inside; tests and training are not."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", tmp_path]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    inside = zipfile.ZipFile(wheel).namelist()
    for part in ("manifest.json", "model.onnx", "tokenizer.json"):
        assert any(n.startswith("pdp/_models/") and n.endswith(part) for n in inside), part
    assert {"pdp/py.typed", "pdp/cli/template/bundle.yaml", "pdp/v1/decision_pb2.pyi"} <= set(inside)
    assert {n.partition("/")[0] for n in inside if "dist-info" not in n} == {"pdp"}


@pytest.mark.parametrize(
    ("suite", "status", "wanted"),
    [
        ('tests="3" skipped="1"', 0, 0),
        ('tests="3" skipped="1"', 2, 2),
        ('tests="0" skipped="0"', 0, 1),
        ('tests="3" skipped="3"', 0, 1),
        (None, 0, 1),
    ],
)
def test_the_build_fails_unless_tests_ran_and_passed(
    tmp_path: Path, suite: str | None, status: int, wanted: int
) -> None:
    """`.ci/run` with a stand-in for make that reports so many tests and ends so; None: it reports nothing at all."""
    report = (
        f"""echo '<testsuites><testsuite name="pytest" {suite} time="1"></testsuite></testsuites>' > "${{2#*=*=}}"; """
    )
    make = tmp_path / "make"
    make.write_text(f"#!/bin/sh\n{report if suite else ''}exit {status}\n")
    make.chmod(make.stat().st_mode | stat.S_IEXEC)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run([ROOT / ".ci/run"], env=environment, capture_output=True, timeout=30, check=False)
    assert done.returncode == wanted, done.stderr
