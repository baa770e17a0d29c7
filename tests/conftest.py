"""Shared fixtures: a small real-interface encoder, a bundle builder, the released model."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence

import hypothesis
import numpy as np
import pytest
from numpy.typing import NDArray

from pdp.intent.encoder import OnnxEncoder, default_model_directory

hypothesis.settings.register_profile("default", max_examples=60, deadline=None, derandomize=True)
hypothesis.settings.register_profile("fuzz", max_examples=100_000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


class WordEncoder:
    """A small deterministic encoder with the real interface: the unit sum of one fixed random vector per word."""

    fingerprint = "sha256:words"
    dimension = 64
    max_tokens = 256

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.stack([self._one(t) for t in texts]) if texts else np.empty((0, self.dimension), np.float32)

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
