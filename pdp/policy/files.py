"""Which files make up a bundle, read once: what is parsed and what the revision is made of are the same bytes.

::

    bundle.yaml  agents.yaml  calibration.json          one of each
    intents/*.yaml  rules/*.yaml  tests/*.yaml          or .yml; folders below these are not read

Hidden files and editors' backups are passed over, other YAML files are reported: a file that somebody believes to be in
force must not be left out in silence. Symbolic links are followed as far as the folder that holds the bundle, which is
what a mounted Kubernetes ConfigMap needs (``intents -> ..data/intents``, ``..data -> ..2026_01_05``).
"""

from __future__ import annotations

import difflib
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pdp.errors import Problem
from pdp.linear import FILE
from pdp.linear import MOST_BYTES as MOST_HEAD_BYTES

SINGLE_FILES = ("agents.yaml", "bundle.yaml", "calibration.json")
OPTIONAL_FILES = (FILE,)
FOLDERS = ("intents", "rules", "tests")
SUFFIXES = (".yaml", ".yml")
MOST_BYTES = 1_048_576
MOST_FILES = 10_000
MOST_BYTES_TOGETHER = 64 * MOST_BYTES
_READ_ATTEMPTS = 3
_BACKUPS = ("~", ".swp", ".swo", ".bak", ".orig", ".tmp")

Signature = tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True)
class BundleFile:
    """One file as read. ``name`` is relative to the bundle, with ``/``."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Contents:
    """The files of a bundle, by name, and what is wrong with the set of them."""

    files: tuple[BundleFile, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Listing:
    paths: dict[str, Path]
    problems: tuple[Problem, ...]


def read(directory: Path) -> Contents:
    """Every file of the bundle in ``directory``, read again when one changes meanwhile: no mixture gets out."""
    contents = Contents((), ())
    for _ in range(_READ_ATTEMPTS):
        before = signature(directory)
        contents = _read_once(directory)
        if signature(directory) == before:
            return contents
    changing = Problem(
        str(directory), 0, 0, "the files change while they are read", "try again when they have been written"
    )
    return Contents(contents.files, (*contents.problems, changing))


def revision_of(files: Iterable[BundleFile]) -> str:
    """``sha256:`` and the digest over names and contents, each with its length in front."""
    digest = hashlib.sha256()
    for name, data in sorted((os.fsencode(f.name), f.data) for f in files):
        for part in (name, data):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return f"sha256:{digest.hexdigest()}"


def signature(directory: Path) -> Signature:
    """What changes when any file of the bundle does: identity, size and times of every file, links followed."""
    listing = _list(directory)
    found = [(name, _stamp(path)) for name, path in listing.paths.items()]
    return (*sorted(found), *((str(p), ()) for p in listing.problems))


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        seen = path.stat()
    except OSError as error:
        return (error.errno or -1,)
    return (seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns)


def _read_once(directory: Path) -> Contents:
    listing = _list(directory)
    files: list[BundleFile] = []
    problems = list(listing.problems)
    together = 0
    for name, path in sorted(listing.paths.items()):
        try:
            data = _read_regular(path)
        except OSError as error:
            problems.append(
                Problem(name, 0, 0, f"cannot be read: {error.strerror or error}", "mend its type or its permissions")
            )
            continue
        together += len(data)
        if together > MOST_BYTES_TOGETHER:
            message = f"with this file the bundle has over {MOST_BYTES_TOGETHER:,} bytes"
            problems.append(Problem(name, 0, 0, message, "split the bundle"))
            break
        files.append(BundleFile(name, data))
    return Contents(tuple(files), tuple(problems))


def _read_regular(path: Path) -> bytes:
    """The bytes of a regular file, one more than allowed at most. A pipe or device is refused instead of waited for."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(handle, "rb") as file:  # noqa: PTH123 - the descriptor carries the flags
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(None, "not a regular file")
        return file.read((MOST_HEAD_BYTES if path.name in OPTIONAL_FILES else MOST_BYTES) + 1)


def _list(directory: Path) -> _Listing:
    try:
        return _list_readable(directory)
    except OSError as error:
        said = f"cannot be read: {error.strerror or error}"
        return _Listing({}, (Problem(str(directory), 0, 0, said, "mend its permissions"),))


def _list_readable(directory: Path) -> _Listing:
    if not directory.is_dir():
        fix = "name a directory that holds a bundle, or make one with pdp bundle init"
        return _Listing({}, (Problem(str(directory), 0, 0, "there is no such directory", fix),))
    bounds = _bounds(directory)
    paths: dict[str, Path] = {}
    problems: list[Problem] = []
    for path in _visible(directory, problems):
        if path.name in FOLDERS and path.is_dir():
            found = [(f"{path.name}/{p.name}", p) for p in _visible(path, problems) if _belongs(p, path.name, problems)]
        elif path.name in (*SINGLE_FILES, *OPTIONAL_FILES):
            found = [(path.name, path)]
        else:
            problems += _stray(path)
            continue
        for name, file in found:
            if _is_inside(file, bounds):
                paths[name] = file
            else:
                problems.append(
                    Problem(name, 0, 0, "is a link that leads out of the bundle", "put the file itself here")
                )
    return _Listing(paths, (*problems, *_missing(paths)))


def _visible(directory: Path, problems: list[Problem]) -> Iterator[Path]:
    try:
        names = sorted(entry.name for entry in directory.iterdir())
    except OSError as error:
        problems.append(Problem(directory.name, 0, 0, f"cannot be read: {error.strerror}", "mend its permissions"))
        return
    if len(names) > MOST_FILES:
        problems.append(
            Problem(directory.name, 0, 0, f"holds {len(names):,} files, at most {MOST_FILES:,}", "split the bundle")
        )
        names = names[:MOST_FILES]
    for name in names:
        if name.startswith((".", "#")) or name.endswith(_BACKUPS):
            continue
        if not name.isprintable():
            fix = "rename it with plain characters"
            problems.append(Problem(ascii(name), 0, 0, "the file name holds characters that cannot be shown", fix))
            continue
        yield directory / name


def _belongs(path: Path, folder: str, problems: list[Problem]) -> bool:
    if path.suffix in SUFFIXES:
        return True
    name = f"{folder}/{path.name}"
    if path.is_dir():
        problems.append(
            Problem(name, 0, 0, f"folders below {folder}/ are not read", f"move its files up into {folder}/")
        )
    elif path.suffix.lower() in {*SUFFIXES, ".json"}:
        better = PurePosixPath(name).with_suffix(".yaml")
        problems.append(
            Problem(name, 0, 0, f"only .yaml and .yml files are read in {folder}/", f"rename it to {better}")
        )
    return False


def _stray(path: Path) -> Iterator[Problem]:
    known = FOLDERS if path.is_dir() else (*SINGLE_FILES, *OPTIONAL_FILES)
    near = difflib.get_close_matches(path.name, known, 1, 0.8)
    what = "folder" if path.is_dir() else "file"
    if near or (not path.is_dir() and path.suffix.lower() in SUFFIXES):
        fix = f"did you mean {near[0]!r}?" if near else "move it to intents/, rules/ or tests/, or out of the bundle"
        yield Problem(path.name, 0, 0, f"a bundle has no {what} of this name", fix)


def _missing(paths: dict[str, Path]) -> Iterator[Problem]:
    makes = {
        "agents.yaml": "add it, with agents: [{id: ..., owner: ..., intents: [...]}]",
        "bundle.yaml": "add it, with name, description and owner",
        "calibration.json": "make it with python -m training.calibrate, or copy the one that pdp bundle init writes",
    }
    for name in SINGLE_FILES:
        if name not in paths:
            yield Problem(name, 0, 0, "the file is missing", makes[name])
    if not any(n.startswith("intents/") for n in paths):
        yield Problem(
            "intents", 0, 0, "there is no intent", "add one as intents/<id>.yaml; without any, every request is denied"
        )


def _bounds(directory: Path) -> Path:
    """How far links may lead: the folder around the bundle, unless that is the whole file system."""
    resolved = directory.resolve()
    return resolved if resolved.parent == Path(resolved.anchor) else resolved.parent


def _is_inside(path: Path, bounds: Path) -> bool:
    if not path.is_symlink() and not path.parent.is_symlink():
        return True
    try:
        return path.resolve().is_relative_to(bounds)
    except (OSError, RuntimeError):  # a loop of links
        return False
