"""The bundle that ``pdp bundle init`` writes: small, commented, and it passes its own tests."""

from __future__ import annotations

import json
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from pdp.cli.exits import Usage
from pdp.types import Thresholds

TEMPLATE = resources.files("pdp.cli") / "template"


def write_bundle(directory: Path, encoder: str, thresholds: Thresholds) -> list[Path]:
    """Write the bundle for the encoder with this fingerprint; the files written.

    Raises ``Usage`` when the directory holds something already or cannot be written.
    """
    try:
        if directory.exists() and any(directory.iterdir()):
            raise Usage(f"{directory} is not empty; name a new directory")
        written = _copy(TEMPLATE, directory)
        calibration = directory / "calibration.json"
        calibration.write_text(_calibration(encoder, thresholds), encoding="utf-8")
    except OSError as error:
        raise Usage(f"{directory}: {error.strerror}") from error
    return [*written, calibration]


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


def _calibration(encoder: str, thresholds: Thresholds) -> str:
    document = {
        "format": 1,
        "encoder": encoder,
        "default": {"accept": thresholds.accept, "narrow": thresholds.narrow},
        "intents": {},
        "counter_weight": 2.0,
        "counter_gap": 0.0,
        "notes": {"source": "start values of pdp bundle init; measure with pdp bundle evaluate and recalibrate"},
    }
    return json.dumps(document, indent=2) + "\n"
