"""``manifest.json`` of a model directory, as ``training.export`` and ``training.calibrate`` write it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pdp.errors import EncoderError
from pdp.scoring import CERTAIN, ExcessKind, Head
from pdp.types import Json

MANIFEST_FORMAT = 2
MODEL_FILE, MEMORY_FILE, PAIR_FILE = "model.onnx", "memory.onnx", "pair.onnx"
TOKENIZER_FILE = "tokenizer.json"
FILES = (MODEL_FILE, MEMORY_FILE, PAIR_FILE, TOKENIZER_FILE)
CALIBRATION_FILE = "calibration.json"
"""The thresholds that come with the model; new bundles start with a copy."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What ``manifest.json`` promises. ``probe`` is a text with the unit vector it had on the exporting machine."""

    name: str
    dimension: int
    max_tokens: int
    digests: Mapping[str, str]
    head: Head
    probe_text: str
    probe_vector: NDArray[np.float32]

    @property
    def fingerprint(self) -> str:
        """Covers the files and the settings that change scores; not the figures and the provenance beside them."""
        files = [self.digests[name] for name in FILES]
        settings = json.dumps([MANIFEST_FORMAT, self.dimension, self.max_tokens, *files, head_document(self.head)])
        return "sha256:" + hashlib.sha256(settings.encode()).hexdigest()


def read_manifest(directory: Path) -> Manifest:
    """Read ``manifest.json``. Raises ``EncoderError`` naming what is wrong with it."""
    path = directory / "manifest.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EncoderError(f"{path} cannot be read; export the model again") from error
    if not isinstance(document, dict) or document.get("format") != MANIFEST_FORMAT:
        raise EncoderError(f"{path} is not a model manifest of format {MANIFEST_FORMAT}; export the model again")
    try:
        return Manifest(
            name=str(document["name"]),
            dimension=int(document["dimension"]),
            max_tokens=int(document["max_tokens"]),
            digests={name: str(document["files"][name]["sha256"]) for name in FILES},
            head=_head(document["head"]),
            probe_text=str(document["probe"]["text"]),
            probe_vector=np.array(str(document["probe"]["vector"]).split(), np.float32),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise EncoderError(f"{path} lacks or garbles a field ({error}); export the model again") from error


def _head(document: Mapping[str, Json]) -> Head:
    names = ("logit", "nearness", "bias")
    logit, nearness, bias = (_finite(document[name]) for name in names)
    penalties = document.get("penalties", {})
    if not isinstance(penalties, Mapping):
        raise TypeError("penalties of the head")
    costs = {ExcessKind(name): _finite(value) for name, value in penalties.items()}
    if min(costs.values(), default=0.0) < 0 or logit <= 0 or nearness < 0:
        raise ValueError("a weight or penalty of the head below zero")
    return Head(logit, nearness, bias, penalties=costs)


def _finite(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise TypeError(f"{value!r} is no number")
    return float(value)


def head_document(head: Head) -> dict[str, Json]:
    """``head`` as it stands in a manifest or a ``calibration.json``."""
    penalties = {kind.value: head.penalties.get(kind, CERTAIN) for kind in ExcessKind}
    found: dict[str, Json] = {"logit": head.logit, "nearness": head.nearness, "bias": head.bias}
    return {**found, **({"linear": head.linear} if head.linear else {}), "penalties": penalties}


def verify_file(path: Path, digest: str) -> None:
    """Raises ``EncoderError`` unless the file has this sha256."""
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EncoderError(f"{path} cannot be read; export the model again") from error
    if found != digest:
        raise EncoderError(f"{path} has sha256 {found}, its manifest says {digest}; export the model again")
