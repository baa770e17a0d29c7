"""A bundle's files, read once: what is parsed is what was digested."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from pdp.errors import BundleError, Problem

FIXED = ("agents.yaml", "bundle.yaml", "calibration.json")
FOLDERS = ("intents", "rules", "tests")
YAML = (".yaml", ".yml")
MOST_FILES = 20_000
MOST_TOTAL_BYTES = 256 * 1024 * 1024
# Left behind by editors and file managers; never part of a bundle.
LEFTOVERS = ("~", ".bak", ".orig", ".swp", ".tmp")


def read_files(directory: Path) -> dict[str, bytes]:
    """Every file of the bundle by its name in it, in name order. Raises ``BundleError`` when it cannot be read whole."""
    if not directory.is_dir():
        raise BundleError((Problem(str(directory), 0, 0, "no such directory", "give the directory that holds bundle.yaml"),))
    problems: list[Problem] = []
    files: dict[str, bytes] = {}
    names = _names(directory, problems)
    if len(names) > MOST_FILES:
        raise BundleError((Problem(str(directory), 0, 0, f"{len(names):,} files, at most {MOST_FILES:,}", "split the bundle"),))
    # A Kubernetes volume links each file to ..data/FILE, and ..data to a directory beside it: all below the volume.
    root = directory.resolve()
    for name in names:
        data = _read(directory / name, name, root, problems)
        if data is not None:
            files[name] = data
    if sum(map(len, files.values())) > MOST_TOTAL_BYTES:
        raise BundleError((Problem(str(directory), 0, 0, "the bundle is too large", f"keep it below {MOST_TOTAL_BYTES:,} bytes"),))
    problems += [Problem(n, 0, 0, "the file is missing", "write it; pdp bundle init shows one") for n in FIXED if n not in names]
    if problems:
        raise BundleError(tuple(problems))
    return files


def digest(files: Mapping[str, bytes]) -> str:
    """``sha256:`` and the hex digest over names and contents, each with its length before it."""
    total = hashlib.sha256()
    for name in sorted(files):
        for part in (name.encode("utf-8", "surrogateescape"), files[name]):
            total.update(len(part).to_bytes(8, "big"))
            total.update(part)
    return f"sha256:{total.hexdigest()}"


def _names(directory: Path, problems: list[Problem]) -> list[str]:
    names = [n for n in FIXED if (directory / n).exists()]
    for path in sorted(directory.iterdir()):
        if path.name in FIXED or _leftover(path.name) or path.name in FOLDERS:
            continue
        if path.suffix in YAML:
            problems.append(Problem(path.name, 0, 0, "not a file of a bundle", f"move it into one of: {', '.join(FOLDERS)}"))
    for folder in FOLDERS:
        names += _folder(directory / folder, folder, problems)
    return sorted(names)


def _folder(path: Path, folder: str, problems: list[Problem]) -> list[str]:
    if not path.exists():
        return []
    if not path.is_dir():
        problems.append(Problem(folder, 0, 0, "must be a directory", f"make a directory {folder}/ with YAML files"))
        return []
    found = []
    for entry in sorted(path.iterdir()):
        name = f"{folder}/{entry.name}"
        if _leftover(entry.name):
            continue
        if entry.suffix in YAML and entry.is_file():
            found.append(name)
        else:
            problems.append(Problem(name, 0, 0, "only YAML files belong here", "rename it to end in .yaml, or move it away"))
    return found


def _leftover(name: str) -> bool:
    return name.startswith((".", "#")) or name.endswith(LEFTOVERS)


def _read(path: Path, name: str, root: Path, problems: list[Problem]) -> bytes | None:
    try:
        if not path.resolve().is_relative_to(root):
            problems.append(Problem(name, 0, 0, "links out of the bundle", "copy the file into the bundle"))
            return None
        return path.read_bytes()
    except OSError as error:
        problems.append(Problem(name, 0, 0, f"cannot be read: {error.strerror}", "check that it exists and may be read"))
        return None
