"""Texts as the shipped encoder reads them, kept in a file, and more texts for it to read than the corpus has."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from pdp.intent.encoder import OnnxEncoder
from training.batches import JOINTS

SEED = 20261126


@dataclass(frozen=True, slots=True)
class Readings:
    """Texts as the teacher reads them: token ``ids`` and ``states`` of text i at ``starts[i]:starts[i + 1]``, its
    ``vectors[i]``. States are float16 [tokens, width], vectors float32 [n, dimension].
    """

    starts: NDArray[np.int64]
    ids: NDArray[np.int64]
    states: NDArray[np.float16]
    vectors: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each text."""
        return np.diff(self.starts)

    def of(self, row: int) -> slice:
        """Where the tokens of a text are."""
        return slice(int(self.starts[row]), int(self.starts[row + 1]))


def read(encoder: OnnxEncoder, tokenizer: Tokenizer, texts: Sequence[str], cache: Path) -> Readings:
    """The teacher's reading of ``texts``; from ``cache`` when it holds these texts as this model reads them."""
    key = hashlib.sha256("\0".join((encoder.fingerprint, *texts)).encode()).hexdigest()
    if cache.is_file():
        with np.load(cache) as held:
            if str(held["key"]) == key:
                return Readings(held["starts"], held["ids"], held["states"], held["vectors"])
    states, vectors = [], []
    for at, text in enumerate(texts):
        found = encoder.read(text)
        states.append(found.states[0].astype(np.float16))
        vectors.append(found.vector)
        if at % 10_000 == 9_999:
            print(f"read {at + 1} of {len(texts)}", flush=True)
    starts = np.cumsum([0, *map(len, states)])
    ids = np.concatenate([np.array(tokenizer.encode(t).ids, np.int64) for t in texts])
    readings = Readings(starts, ids, np.concatenate(states), np.stack(vectors))
    cache.parent.mkdir(parents=True, exist_ok=True)
    unfinished = cache.with_suffix(".new.npz")
    np.savez(unfinished, key=key, starts=starts, ids=ids, states=readings.states, vectors=readings.vectors)
    unfinished.replace(cache)
    return readings


def made_up(texts: Mapping[str, str], words: Sequence[str], count: int) -> dict[str, str]:
    """``count`` more texts with a domain each, from ``texts`` (text: domain): joined, cut, or with other words in them.

    Another word is one of any text, or of ``words``.
    """
    chance = random.Random(SEED)
    pool = list(texts)
    spoken = [word for text in pool for word in text.split()]
    found: dict[str, str] = {}
    while len(found) < count:
        text = chance.choice(pool)
        parts = text.split()
        way = chance.random()
        if way < 0.2:
            other = chance.choice(pool)
            new = f"{text.rstrip('.!? ')}{chance.choice(JOINTS)}{other[:1].lower()}{other[1:]}"
        elif way < 0.35 and len(parts) > 4:
            first = chance.randrange(len(parts) - 3)
            new = " ".join(parts[first : first + chance.randint(3, len(parts))])
        else:
            share = chance.uniform(0.1, 0.5)
            new = " ".join(
                (chance.choice(spoken) if chance.random() < 0.5 else chance.choice(words))
                if chance.random() < share
                else part
                for part in parts
            )
        if new not in texts:
            found[new] = texts[text]
    return found
