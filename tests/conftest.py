"""Shared fixtures: a small real-interface encoder, a bundle builder, the released model."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence

import hypothesis
import numpy as np
import pytest
from numpy.typing import NDArray

from pdp.intent.encoder import EXEMPLAR, Judgement, OnnxEncoder, Readout, default_model_directory
from pdp.scoring import Head

hypothesis.settings.register_profile("default", max_examples=60, deadline=None, derandomize=True)
hypothesis.settings.register_profile("fuzz", max_examples=100_000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


class WordEncoder:
    """A small deterministic encoder with the real interface: the unit sum of one fixed random vector per word."""

    fingerprint = readings = "sha256:words"
    dimension = 64
    max_tokens = 256
    head = Head()

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.stack([self._one(t) for t in texts]) if texts else np.empty((0, self.dimension), np.float32)

    def read(self, text: str) -> Readout:
        (vector,) = self.encode([text])
        return Readout(vector, vector[None, None])

    def remember(self, text: str, role: int) -> NDArray[np.float32]:
        return self.encode([text])[None] if role == EXEMPLAR else np.empty((1, 0, self.dimension), np.float32)

    def save_memories(self) -> None:
        pass

    def judge(self, request: Readout, memory: NDArray[np.float32]) -> Judgement:
        """Log-odds such that the score is the cosine to the nearest exemplar."""
        cosine = float(np.clip(max(memory[0] @ request.vector), 1e-6, 1 - 1e-6))
        return Judgement(float(np.log(cosine / (1 - cosine))), np.zeros(1, np.float32), np.zeros(10, np.float32))

    def spans(self, text: str) -> list[tuple[int, int]]:
        return [(0, len(text))]

    def _one(self, text: str) -> NDArray[np.float32]:
        total = np.zeros(self.dimension, np.float32)
        for word in text.casefold().split():
            seed = int.from_bytes(hashlib.sha256(word.strip(".,;:!?").encode()).digest()[:8], "big")
            total += np.random.default_rng(seed).standard_normal(self.dimension).astype(np.float32)
        return total / max(float(np.linalg.norm(total)), 1e-6)


@pytest.fixture(scope="session")
def words() -> WordEncoder:
    """The small encoder."""
    return WordEncoder()


@pytest.fixture(scope="session")
def model() -> OnnxEncoder:
    """The released sentence model."""
    return OnnxEncoder.load(default_model_directory())
