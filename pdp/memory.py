"""What need not be worked out again: readings of texts, and matchings of texts to intents.

Both are pure functions of their key, so remembering changes no answer. A matching's key holds the policy revision, the
encoder fingerprint, the canonical text with its findings, and the intents that were in question (invariant 11); only
finished values are put in, so no error is ever remembered.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import Generic, TypeVar

from pdp.intent.text import Reading, TextLimits, read
from pdp.matching import Asked, Matching
from pdp.snapshot import Snapshot

V = TypeVar("V")
MOST_CHARACTERS = 2000


class Recent(Generic[V]):
    """The most recently used values, at most ``capacity``. For one event loop: not locked."""

    __slots__ = ("_capacity", "_values")

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._values: OrderedDict[bytes, V] = OrderedDict()

    def get(self, key: bytes) -> V | None:
        """The value of ``key``, now the most recently used one."""
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def put(self, key: bytes, value: V) -> None:
        """Remember ``value``; the least recently used one goes when there are too many."""
        self._values[key] = value
        self._values.move_to_end(key)
        while len(self._values) > self._capacity:
            self._values.popitem(last=False)


class Memory:
    """Readings and matchings of one process."""

    def __init__(self, capacity: int, limits: TextLimits) -> None:
        self._limits = limits
        self._readings: Recent[Reading] = Recent(capacity)
        self._matchings: Recent[Matching] = Recent(capacity)

    def read(self, utterance: str) -> Reading:
        """The reading of ``utterance``. Raises ``InvalidRequest`` or ``LimitExceeded``."""
        if len(utterance) > MOST_CHARACTERS:
            return read(utterance, self._limits)
        key = utterance.encode("utf-8", "surrogatepass")
        reading = self._readings.get(key)
        if reading is None:
            reading = read(utterance, self._limits)
            self._readings.put(key, reading)
        return reading

    def recall(self, key: bytes) -> Matching | None:
        """The matching remembered under ``key``."""
        return self._matchings.get(key)

    def keep(self, key: bytes, matching: Matching) -> None:
        """Remember ``matching``."""
        self._matchings.put(key, matching)


def matching_key(asked: Asked, reading: Reading, snapshot: Snapshot) -> bytes:
    """SHA-256 over everything a matching depends on, the lengths of all parts before them."""
    # What the call does counts too: a question carries no change.
    call = (asked.request.action.name, asked.derived.access.name if asked.derived else "")
    texts = (snapshot.bundle.revision, snapshot.encoder, *call, reading.canonical, *reading.clauses, *reading.findings)
    columns = (asked.admitted.tobytes(), asked.usable.tobytes(), asked.outside.tobytes())
    parts = [*(t.encode("utf-8", "surrogatepass") for t in texts), *columns]
    lengths = b"".join([len(part).to_bytes(8, "big") for part in parts])
    return hashlib.sha256(b"".join([len(parts).to_bytes(8, "big"), lengths, *parts])).digest()
