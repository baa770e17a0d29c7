"""Texts to vectors at the edge of the pure core: cache, bounded queue, encoder threads.

Every text is encoded by itself, so a vector never depends on what else is in the queue (invariant 9).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from pdp import metrics
from pdp.errors import DeadlineTooShort, Overloaded
from pdp.intent.encoder import Encoder
from pdp.intent.vectors import VectorCache

Matrix = NDArray[np.float32]

# Weight of the newest sample in the running estimate of the time one text takes.
SMOOTHING = 0.1
FIRST_GUESS_SECONDS = 0.003


class EncodingQueue:
    """A bounded queue in front of one encoder. ``depth`` counts texts waiting or running."""

    def __init__(self, encoder: Encoder, cache: VectorCache, threads: int, capacity: int) -> None:
        self.encoder = encoder
        self._cache = cache
        self._threads = threads
        self._capacity = capacity
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="encoder")
        self._seconds = FIRST_GUESS_SECONDS
        self.depth = 0

    async def vectors(self, texts: Sequence[str], revision: str, deadline: float | None) -> Matrix:
        """Float32 [texts, dimension], unit length. ``deadline`` is in seconds of the event loop's clock.

        Raises ``LimitExceeded`` for a text with too many tokens, ``Overloaded`` when the queue is full,
        ``DeadlineTooShort`` when the work cannot finish in time, ``EncoderError`` when the model fails.
        """
        found = [self._cache.get(revision, t) for t in texts]
        missing = [i for i, v in enumerate(found) if v is None]
        metrics.HIT.inc(len(texts) - len(missing))
        if missing:
            metrics.MISS.inc(len(missing))
            fresh = await self._encode([texts[i] for i in missing], deadline)
            for i, vector in zip(missing, fresh, strict=True):
                self._cache.put(revision, texts[i], vector)
                found[i] = vector
        return np.stack([v for v in found if v is not None])

    async def _encode(self, texts: Sequence[str], deadline: float | None) -> Matrix:
        loop = asyncio.get_running_loop()
        self._admit(len(texts), deadline, loop.time())
        self.depth += len(texts)
        metrics.QUEUE.set(self.depth)
        started = loop.time()
        work = loop.run_in_executor(self._pool, self.encoder.encode, texts)
        work.add_done_callback(lambda _: self._done(len(texts)))
        try:
            async with asyncio.timeout_at(deadline):
                vectors = await work
        except TimeoutError as late:
            raise DeadlineTooShort("the deadline passed while the utterance was encoded") from late
        if self.depth <= self._threads:
            # Only an unqueued run says how long the encoder itself takes.
            self._seconds += SMOOTHING * ((loop.time() - started) / len(texts) - self._seconds)
        return vectors

    def _admit(self, texts: int, deadline: float | None, now: float) -> None:
        wait = (self.depth + texts) * self._seconds / self._threads
        if self.depth + texts > self._capacity:
            raise Overloaded(f"the encoder queue is full ({self.depth} of {self._capacity} texts)", retry_after=wait)
        if deadline is not None and now + wait > deadline:
            raise DeadlineTooShort(f"the encoder needs about {wait * 1e3:.0f} ms, the deadline leaves {(deadline - now) * 1e3:.0f}")

    def _done(self, texts: int) -> None:
        self.depth -= texts
        metrics.QUEUE.set(self.depth)

    def close(self) -> None:
        """Wait for running work, refuse new."""
        self._pool.shutdown(wait=True, cancel_futures=True)
