"""The sentence model: texts to unit vectors, and a request judged against one intent.

The encoder graph reads a text once and gives its vector, for the index, and its token states half-way up. The pair
graph reads those states together with the *memory* of an intent, the keys and values of its description and exemplars,
which the memory graph made beforehand: a request pays for its own tokens only (PreTTR, arXiv:2004.14255; MORES,
arXiv:2010.10137). ``training.model`` draws it; a model directory is written by ``training.export``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from tokenizers import Tokenizer

from pdp.errors import EncoderError, InvalidRequest, LimitExceeded
from pdp.intent.manifest import (
    MEMORY_FILE,
    MODEL_FILE,
    PAIR_FILE,
    TOKENIZER_FILE,
    Manifest,
    read_manifest,
    verify_file,
)
from pdp.intent.memories import Memory
from pdp.intent.recollection import Recollection
from pdp.scoring import Head

DEFAULT_MODEL = "authority-minilm"
LENGTH_TOLERANCE = 1e-3
PROBE_COSINE = 0.98


Vector = NDArray[np.float32]
DESCRIPTION, EXEMPLAR = 0, 1
KINDS = (
    "verb", "object", "scope", "recipient", "negation", "compound", "injection", "obfuscation", "privilege", "purpose",
)  # fmt: skip
"""In what a request can go beyond an intent, in the order of the pair model's output."""


@dataclass(frozen=True, slots=True)
class Readout:
    """One text as the encoder read it: its unit ``vector`` [dimension] and the token ``states`` [1, t, width]."""

    vector: Vector
    states: NDArray[np.float32]

    @property
    def features(self) -> NDArray[np.float64]:
        """What a linear head reads: the vector and the mean of the token states, [dimension + width]."""
        return np.concatenate((self.vector, self.states[0].mean(axis=0))).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the pair model says of a request and an intent.

    ``logit``: higher is more surely within; ``excess`` [t]: per token of the request, how much it points beyond (the
    markers at both ends included); ``kinds`` [10]: which of ``KINDS`` goes beyond, as logits.
    """

    logit: float
    excess: NDArray[np.float32]
    kinds: NDArray[np.float32]


class Encoder(Protocol):
    """Reads texts and judges requests against intents. Safe to call from several threads."""

    @property
    def fingerprint(self) -> str:
        """``sha256:`` plus a hex digest over everything that decides the vectors. Calibrations are bound to it."""

    @property
    def readings(self) -> str:
        """What stored readings are kept under: the fingerprint, and what this machine and runtime make of a text."""

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

    @property
    def head(self) -> Head:
        """The head that the model was calibrated with."""

    def read(self, text: str) -> Readout:
        """One text, read for the index and the pair model. Raises as ``encode`` does."""

    def remember(self, text: str, role: int) -> Memory:
        """The memory of one text of an intent as ``DESCRIPTION`` or ``EXEMPLAR``. Raises as ``encode`` does."""

    def save_memories(self) -> None:
        """Keep the memories for the next start, if there is a file for them and it lacks many."""

    def judge(self, request: Readout, memory: Memory) -> Judgement:
        """Judge a request against an intent's texts, joined along the tokens. Raises ``EncoderError``."""

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Start and end in ``text`` of each token, both markers included: what ``Judgement.excess`` counts by."""


class OnnxEncoder:
    """A sentence model in onnxruntime, on the CPU.

    Every text is run by itself, unpadded: the model scales its activations by the largest value in the tensor, so a
    text run beside others would get another vector (cosine 0.998). Running alone keeps the promise of
    ``Encoder.encode`` for any model on any processor, and costs little: eight texts of 24 tokens took 11.5 ms one by
    one, 9.8 ms in one run.
    """

    def __init__(self, sessions: Sequence[ort.InferenceSession], tokenizer: Tokenizer, manifest: Manifest) -> None:
        self._encode, self._remember, self._judge = sessions
        self._tokenizer = tokenizer
        self._recollection = Recollection(self._make)
        self.head = manifest.head
        self.name = manifest.name
        self.fingerprint = self.readings = manifest.fingerprint
        self.dimension = manifest.dimension
        self.max_tokens = manifest.max_tokens

    @classmethod
    def load(cls, directory: Path, threads: int = 1, memories: Path | None = None) -> OnnxEncoder:
        """Load, verify and warm the model in ``directory``. ``threads`` work on one text.

        ``memories``: a file for memories of intents' texts, so that a restart need not make them again.

        Raises ``EncoderError`` when a file is missing or differs from the manifest's digest, or when this machine does
        not reproduce the manifest's probe vector.
        """
        manifest = read_manifest(directory)
        for name, digest in manifest.digests.items():
            verify_file(directory / name, digest)
        try:
            # Loaded by path, not from the bytes that were hashed: onnxruntime would hold on to those, 23 MB a process.
            sessions = [
                ort.InferenceSession(directory / name, _session_options(threads), providers=["CPUExecutionProvider"])
                for name in (MODEL_FILE, MEMORY_FILE, PAIR_FILE)
            ]
            tokenizer = Tokenizer.from_file(str(directory / TOKENIZER_FILE))
        except Exception as error:  # both libraries raise bare Exception subclasses of their own
            raise EncoderError(f"the sentence model in {directory} cannot be loaded; export it again") from error
        tokenizer.no_truncation()
        tokenizer.no_padding()
        encoder = cls(sessions, tokenizer, manifest)
        probe = encoder.read(manifest.probe_text)
        _check_probe(probe.vector, manifest)
        # Int8 kernels differ between processors and versions: what one read is not what another would have read.
        heard = sha256(probe.vector.tobytes() + probe.states.tobytes()).hexdigest()
        encoder.readings = f"{manifest.fingerprint} {heard}"
        if memories is not None:
            encoder._recollection.persist(memories, encoder.readings)
        return encoder

    def save_memories(self) -> None:
        """See ``Encoder.save_memories``; the file is the one that was named at ``load``."""
        self._recollection.save()

    def count_tokens(self, text: str) -> int:
        """See ``Encoder.count_tokens``."""
        return len(self._token_ids(text))

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See ``Encoder.encode``. The work happens outside the GIL."""
        # All texts are counted before the first is run: limits before work.
        tokens = {text: self._within_limit(text) for text in texts}
        vectors = {text: self._vector(ids) for text, ids in tokens.items()}
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

    def read(self, text: str) -> Readout:
        """See ``Encoder.read``."""
        rows, states = _run(self._encode, ["embedding", "states"], _tokens(self._within_limit(text)))
        return Readout(self._unit(rows[0]), states)

    def remember(self, text: str, role: int) -> Memory:
        """See ``Encoder.remember``. Kept, as long as there is room."""
        return self._recollection.get(text, role)

    def _make(self, text: str, role: int) -> Memory:
        feeds: dict[str, NDArray[Any]] = {"states": self.read(text).states, "role": np.array([role], np.int64)}
        (memory,) = _run(self._remember, ["memory"], feeds)
        return memory

    def judge(self, request: Readout, memory: Memory) -> Judgement:
        """See ``Encoder.judge``."""
        feeds = {"states": request.states, "memory": memory}
        logit, excess, kinds = _run(self._judge, ["logit", "excess", "kinds"], feeds)
        return Judgement(float(logit[0]), excess[0], kinds[0])

    def spans(self, text: str) -> list[tuple[int, int]]:
        """See ``Encoder.spans``."""
        offsets: list[tuple[int, int]] = self._tokenizer.encode(text).offsets
        return offsets

    def _vector(self, ids: list[int]) -> Vector:
        (rows,) = _run(self._encode, ["embedding"], _tokens(ids))
        return self._unit(rows[0])

    def _unit(self, vector: Vector) -> Vector:
        # Also false for NaN, which no comparison satisfies.
        if vector.shape != (self.dimension,) or not abs(float(vector @ vector) - 1.0) <= LENGTH_TOLERANCE:
            raise EncoderError("the sentence model gave no unit vector")
        return vector


def _tokens(ids: list[int]) -> dict[str, NDArray[np.int64]]:
    """One text as the encoder graph takes it."""
    tokens = np.array([ids], np.int64)
    return {"input_ids": tokens, "attention_mask": np.ones_like(tokens)}


def _run(
    session: ort.InferenceSession, outputs: Sequence[str], feeds: Mapping[str, NDArray[Any]]
) -> list[NDArray[np.float32]]:
    try:
        found: list[NDArray[np.float32]] = session.run(outputs, feeds)
    except Exception as error:  # onnxruntime's error classes share no base but Exception
        raise EncoderError("the sentence model failed") from error
    return found


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


def _check_probe(vector: Vector, manifest: Manifest) -> None:
    if manifest.probe_vector.shape != vector.shape:
        raise EncoderError("the manifest's probe vector has another width than the model's vectors")
    if not float(vector @ manifest.probe_vector) >= PROBE_COSINE:
        raise EncoderError("this machine does not reproduce the model's probe vector; its vectors cannot be trusted")
