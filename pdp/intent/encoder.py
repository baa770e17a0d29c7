"""Texts to unit vectors: the ``Encoder`` protocol and its ONNX implementation.

A model directory holds ``model.onnx``, ``tokenizer.json`` and ``manifest.json`` as written by ``training.export``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from tokenizers import Tokenizer

from pdp.errors import EncoderError, InvalidRequest, LimitExceeded

DEFAULT_MODEL = "all-minilm-l6-v2"
MANIFEST_FORMAT = 1
MODEL_FILE = "model.onnx"
TOKENIZER_FILE = "tokenizer.json"
LENGTH_TOLERANCE = 1e-3
PROBE_COSINE = 0.98


class Encoder(Protocol):
    """Turns texts into unit vectors. Safe to call from several threads."""

    @property
    def fingerprint(self) -> str:
        """``sha256:`` plus a hex digest over everything that decides the vectors. Calibrations are bound to it."""

    @property
    def dimension(self) -> int:
        """The width of a vector."""

    @property
    def max_tokens(self) -> int:
        """The longest text in tokens, markers at both ends included."""

    def count_tokens(self, text: str) -> int:
        """The length of a text in tokens, markers included. Raises ``InvalidRequest`` when it is not valid Unicode."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, ``[len(texts), dimension]``. A text's vector does not depend on the other texts.

        Raises ``LimitExceeded`` when a text has more than ``max_tokens`` tokens (nothing is ever cut off) and
        ``EncoderError`` when the model fails.
        """


@dataclass(frozen=True, slots=True)
class Manifest:
    """What ``manifest.json`` promises. ``probe`` is a text with the unit vector it had on the exporting machine."""

    name: str
    dimension: int
    max_tokens: int
    digests: Mapping[str, str]
    probe_text: str
    probe_vector: NDArray[np.float32]

    @property
    def fingerprint(self) -> str:
        """Covers the files and the settings that change vectors; not the figures and the provenance beside them."""
        files = [self.digests[name] for name in (MODEL_FILE, TOKENIZER_FILE)]
        settings = json.dumps([MANIFEST_FORMAT, self.dimension, self.max_tokens, *files])
        return "sha256:" + hashlib.sha256(settings.encode()).hexdigest()


class OnnxEncoder:
    """A sentence model in onnxruntime, on the CPU.

    Every text is run by itself, unpadded: the model scales its activations by the largest value in the tensor, so a
    text run beside others would get another vector (cosine 0.998). Running alone keeps the promise of
    ``Encoder.encode`` for any model on any processor, and costs little: eight texts of 24 tokens took 11.5 ms one by
    one, 9.8 ms in one run.
    """

    def __init__(self, session: ort.InferenceSession, tokenizer: Tokenizer, manifest: Manifest) -> None:
        self._session = session
        self._tokenizer = tokenizer
        self.name = manifest.name
        self.fingerprint = manifest.fingerprint
        self.dimension = manifest.dimension
        self.max_tokens = manifest.max_tokens

    @classmethod
    def load(cls, directory: Path, threads: int = 1) -> OnnxEncoder:
        """Load, verify and warm the model in ``directory``. ``threads`` work on one text.

        Raises ``EncoderError`` when a file is missing or differs from the manifest's digest, or when this machine does
        not reproduce the manifest's probe vector.
        """
        manifest = read_manifest(directory)
        for name, digest in manifest.digests.items():
            _verify(directory / name, digest)
        try:
            # Loaded by path, not from the bytes that were hashed: onnxruntime would hold on to those, 23 MB a process.
            session = ort.InferenceSession(
                directory / MODEL_FILE, _session_options(threads), providers=["CPUExecutionProvider"]
            )
            tokenizer = Tokenizer.from_file(str(directory / TOKENIZER_FILE))
        except Exception as error:  # both libraries raise bare Exception subclasses of their own
            raise EncoderError(f"the sentence model in {directory} cannot be loaded; export it again") from error
        tokenizer.no_truncation()
        tokenizer.no_padding()
        encoder = cls(session, tokenizer, manifest)
        _check_probe(encoder, manifest)
        return encoder

    def count_tokens(self, text: str) -> int:
        """See ``Encoder.count_tokens``."""
        return len(self._token_ids(text))

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See ``Encoder.encode``. The work happens outside the GIL."""
        # All texts are counted before the first is run: limits before work.
        tokens = {text: self._within_limit(text) for text in texts}
        vectors = {text: self._run(ids) for text, ids in tokens.items()}
        if not vectors:
            return np.empty((0, self.dimension), np.float32)
        return np.stack([vectors[text] for text in texts])

    def _token_ids(self, text: str) -> list[int]:
        try:
            ids: list[int] = self._tokenizer.encode(text).ids
        except (TypeError, ValueError) as error:  # a lone surrogate is a str to Python and not to the tokenizer
            raise InvalidRequest("utterance", "is not valid Unicode text") from error
        return ids

    def _within_limit(self, text: str) -> list[int]:
        ids = self._token_ids(text)
        if len(ids) > self.max_tokens:
            raise LimitExceeded("utterance", f"has {len(ids)} tokens, the limit is {self.max_tokens}; shorten it")
        return ids

    def _run(self, ids: list[int]) -> NDArray[np.float32]:
        tokens = np.array([ids], np.int64)
        try:
            (rows,) = self._session.run(["embedding"], {"input_ids": tokens, "attention_mask": np.ones_like(tokens)})
        except Exception as error:  # onnxruntime's error classes share no base but Exception
            raise EncoderError("the sentence model failed") from error
        vector: NDArray[np.float32] = rows[0]
        # Also false for NaN, which no comparison satisfies.
        if vector.shape != (self.dimension,) or not abs(float(vector @ vector) - 1.0) <= LENGTH_TOLERANCE:
            raise EncoderError("the sentence model gave no unit vector")
        return vector


def default_model_directory() -> Path:
    """The model that comes with this package: in the wheel under ``pdp/_models``, in a checkout under ``models``.

    Raises ``EncoderError`` when neither is there.
    """
    package = Path(__file__).resolve().parents[1]
    for candidate in (package / "_models" / DEFAULT_MODEL, package.parent / "models" / DEFAULT_MODEL):
        if (candidate / "manifest.json").is_file():
            return candidate
    raise EncoderError(
        f"the sentence model {DEFAULT_MODEL} is not beside the package; name its directory in the settings"
    )


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
            digests={name: str(document["files"][name]["sha256"]) for name in (MODEL_FILE, TOKENIZER_FILE)},
            probe_text=str(document["probe"]["text"]),
            probe_vector=np.array(str(document["probe"]["vector"]).split(), np.float32),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise EncoderError(f"{path} lacks or garbles a field ({error}); export the model again") from error


def _session_options(threads: int) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    # The file is fused already; higher levels would join Add and LayerNormalization into a kernel five times as slow.
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    # Memory plans are kept per input shape: with texts of every length they cost more than they save.
    options.enable_mem_pattern = False
    # Idle threads would spin on cores that other workers need.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return options


def _verify(path: Path, digest: str) -> None:
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EncoderError(f"{path} cannot be read; export the model again") from error
    if found != digest:
        raise EncoderError(f"{path} has sha256 {found}, its manifest says {digest}; export the model again")


def _check_probe(encoder: OnnxEncoder, manifest: Manifest) -> None:
    (vector,) = encoder.encode([manifest.probe_text])
    if manifest.probe_vector.shape != vector.shape:
        raise EncoderError("the manifest's probe vector has another width than the model's vectors")
    if not float(vector @ manifest.probe_vector) >= PROBE_COSINE:
        raise EncoderError("this machine does not reproduce the model's probe vector; its vectors cannot be trusted")
