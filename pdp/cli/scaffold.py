"""The bundle that ``pdp bundle init`` writes: small, commented, and it passes its own tests."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from pdp.cli.exits import Usage

TEMPLATE = resources.files("pdp.cli") / "template"


def write_bundle(directory: Path, calibration: str) -> list[Path]:
    """Write the bundle with this ``calibration.json``, the one that comes with the model; the files written.

    Raises ``Usage`` when the directory holds something already or cannot be written.
    """
    try:
        if directory.exists() and any(directory.iterdir()):
            raise Usage(f"{directory} is not empty; name a new directory")
        written = _copy(TEMPLATE, directory)
        path = directory / "calibration.json"
        path.write_text(calibration, encoding="utf-8")
    except OSError as error:
        raise Usage(f"{directory}: {error.strerror}") from error
    return [*written, path]


def _copy(source: Traversable, target: Path) -> list[Path]:
    target.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for entry in sorted(source.iterdir(), key=lambda e: e.name):
        if entry.is_dir():
            written += _copy(entry, target / entry.name)
        elif entry.name.endswith(".yaml"):
            path = target / entry.name
            path.write_text(entry.read_text(encoding="utf-8"), encoding="utf-8")
            written.append(path)
    return written
