"""Model work at the edge of the pure core: a bounded queue in front of the encoder threads.

Every text is run by itself, so what the model says never depends on what else is in the queue (invariant 9).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from time import perf_counter
from typing import Any, TypeVar

from pdp import metrics
from pdp.errors import DeadlineTooShort, Overloaded

T = TypeVar("T")
Job = tuple[Callable[[], Any], asyncio.AbstractEventLoop, "asyncio.Future[Any]", Callable[[float | None], None]]

# Weight of the newest sample in the running estimate of the time one request takes.
SMOOTHING = 0.1
# How much of the estimate an idle queue forgets with each text that it refuses.
FORGETTING = 0.01
# How much of the time that a deadline leaves the model may take, by the estimate: the rest is for the record, and for
# an estimate that is too low.
MODEL_SHARE = 0.6
FIRST_GUESS_SECONDS = 0.005


class Workers:
    """Threads that run jobs, one queue for all: an executor's futures take several locks for each hand-over."""

    def __init__(self, threads: int) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._threads = [Thread(target=self._run, name=f"encoder-{n}", daemon=True) for n in range(threads)]
        for thread in self._threads:
            thread.start()

    def submit(
        self, job: Callable[[], T], loop: asyncio.AbstractEventLoop, ended: Callable[[float | None], None]
    ) -> asyncio.Future[T]:
        """Run ``job`` in a thread; the future is the loop's own.

        ``ended`` is called in the loop when the thread is free, with the seconds it took (``None``: it was not run).
        """
        future: asyncio.Future[T] = loop.create_future()
        self._jobs.put((job, loop, future, ended))
        return future

    def _run(self) -> None:
        while (queued := self._jobs.get()) is not None:
            job, loop, future, ended = queued
            result, error, took = None, None, None
            if not future.cancelled():  # else nobody waits any more: the deadline passed or the caller went away
                began = perf_counter()
                try:
                    result = job()
                    took = perf_counter() - began
                except BaseException as raised:  # noqa: BLE001  # whatever happened belongs to the one who asked
                    error = raised
            with suppress(RuntimeError):  # the loop is closed: the process ends
                loop.call_soon_threadsafe(_tell, future, result, error, ended, took)

    def close(self) -> None:
        """Finish what is queued, then end."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()


def _tell(
    future: asyncio.Future[Any],
    result: object,
    error: BaseException | None,
    ended: Callable[[float | None], None],
    took: float | None,
) -> None:
    """In the loop: the thread is free, and whoever waits hears of it."""
    ended(took)
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error if isinstance(error, Exception) else RuntimeError(repr(error)))


class EncodingQueue:
    """A bounded queue in front of the encoder threads. ``depth`` counts requests waiting or running."""

    def __init__(self, threads: int, capacity: int) -> None:
        self._threads = threads
        self._capacity = capacity
        self._workers = Workers(threads)
        self._seconds = FIRST_GUESS_SECONDS
        self.depth = 0

    async def run(self, job: Callable[[], T], deadline: float | None) -> T:
        """What ``job`` returns or raises. ``deadline`` is in seconds of the event loop's clock.

        Raises ``Overloaded`` when the queue is full and ``DeadlineTooShort`` when the work cannot finish in time.
        """
        loop = asyncio.get_running_loop()
        self._admit(deadline, loop.time())
        self.depth += 1
        metrics.QUEUE.set(self.depth)
        # A job whose caller has left still holds its thread: it counts until the thread is free.
        work = self._workers.submit(job, loop, self._done)
        try:
            async with asyncio.timeout_at(deadline):
                result = await work
        except TimeoutError as late:
            raise DeadlineTooShort("the deadline passed while the utterance was judged") from late
        return result

    def _admit(self, deadline: float | None, now: float) -> None:
        rounds = -(-(self.depth + 1) // self._threads)  # a text is one thread's work, however many there are
        wait = rounds * self._seconds
        if self.depth + 1 > self._capacity:
            raise Overloaded(f"the encoder queue is full ({self.depth} of {self._capacity} requests)", retry_after=wait)
        if deadline is not None and wait > MODEL_SHARE * (deadline - now):
            if not self.depth:
                self._seconds *= 1 - FORGETTING  # nothing runs that would correct it
            raise DeadlineTooShort(
                f"the encoder needs about {wait * 1e3:.0f} ms, the deadline leaves {(deadline - now) * 1e3:.0f}"
            )

    def _done(self, took: float | None) -> None:
        if took is not None:
            self._seconds += SMOOTHING * (took - self._seconds)
        self.depth -= 1
        metrics.QUEUE.set(self.depth)

    def close(self) -> None:
        """Wait for running work, refuse new."""
        self._workers.close()
