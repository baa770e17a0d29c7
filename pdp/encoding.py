"""Texts to vectors at the edge of the pure core: cache, bounded queue, encoder threads.

Every text is encoded by itself, so a vector never depends on what else is in the queue (invariant 9).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread

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


Job = tuple[Sequence[str], asyncio.AbstractEventLoop, "asyncio.Future[Matrix]"]


class Workers:
    """Threads that encode, one queue for all: an executor's futures take several locks for each hand-over."""

    def __init__(self, encoder: Encoder, threads: int) -> None:
        self._encoder = encoder
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._threads = [Thread(target=self._run, name=f"encoder-{n}", daemon=True) for n in range(threads)]
        for thread in self._threads:
            thread.start()

    def submit(self, texts: Sequence[str], loop: asyncio.AbstractEventLoop) -> asyncio.Future[Matrix]:
        """Encode ``texts``; the future is the loop's own."""
        future: asyncio.Future[Matrix] = loop.create_future()
        self._jobs.put((texts, loop, future))
        return future

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            texts, loop, future = job
            if future.cancelled():
                continue  # nobody waits any more: the deadline passed or the caller went away
            try:
                vectors = self._encoder.encode(texts)
            except BaseException as error:  # noqa: BLE001  # whatever happened belongs to the one who asked
                _tell(loop, future, None, error)
            else:
                _tell(loop, future, vectors, None)

    def close(self) -> None:
        """Finish what is queued, then end."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()


def _tell(
    loop: asyncio.AbstractEventLoop, future: asyncio.Future[Matrix], vectors: Matrix | None, error: BaseException | None
) -> None:
    def settle() -> None:
        if future.done():
            return
        if vectors is not None:
            future.set_result(vectors)
        else:
            future.set_exception(error if isinstance(error, Exception) else RuntimeError(repr(error)))

    with suppress(RuntimeError):  # the loop is closed: the process ends
        loop.call_soon_threadsafe(settle)


class EncodingQueue:
    """A bounded queue in front of one encoder. ``depth`` counts texts waiting or running."""

    def __init__(self, encoder: Encoder, cache: VectorCache, threads: int, capacity: int) -> None:
        self.encoder = encoder
        self._cache = cache
        self._threads = threads
        self._capacity = capacity
        self._workers = Workers(encoder, threads)
        self._seconds = FIRST_GUESS_SECONDS
        self.depth = 0

    async def vectors(self, texts: Sequence[str], revision: str, deadline: float | None) -> Matrix:
        """Float32 [texts, dimension], unit length. ``deadline`` is in seconds of the event loop's clock.

        Raises ``LimitExceeded`` for a text with too many tokens, ``Overloaded`` when the queue is full,
        ``DeadlineTooShort`` when the work cannot finish in time, ``EncoderError`` when the model fails.
        """
        found = [self._cache.get(revision, t) for t in texts]
        missing = [i for i, v in enumerate(found) if v is None]
        metrics.LOOKUPS["hit"].inc(len(texts) - len(missing))
        if missing:
            metrics.LOOKUPS["miss"].inc(len(missing))
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
        work = self._workers.submit(texts, loop)
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
            raise DeadlineTooShort(
                f"the encoder needs about {wait * 1e3:.0f} ms, the deadline leaves {(deadline - now) * 1e3:.0f}"
            )

    def _done(self, texts: int) -> None:
        self.depth -= texts
        metrics.QUEUE.set(self.depth)

    def close(self) -> None:
        """Wait for running work, refuse new."""
        self._workers.close()
