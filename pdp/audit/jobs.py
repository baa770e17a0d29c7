"""What a caller asks of the writer, and how the answer gets back to where it is awaited."""

from __future__ import annotations

import asyncio
import concurrent.futures
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

from pdp.audit.transaction import Transaction

Work: TypeAlias = Callable[[Transaction], Any]


@dataclass(frozen=True, slots=True)
class Job:
    """``work`` to do in the next transaction; without it the newest checkpoint is asked for.

    ``loop`` is that of an asyncio future; ``deadline`` is in seconds of its clock (of ``time.monotonic`` without one).
    """

    work: Work | None
    future: asyncio.Future[Any] | concurrent.futures.Future[Any]
    loop: asyncio.AbstractEventLoop | None = None
    deadline: float | None = None

    def abandoned(self) -> bool:
        """Whether nobody waits any more."""
        if self.future.done():
            return True
        now = self.loop.time() if self.loop else time.monotonic()
        return self.deadline is not None and now >= self.deadline


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a job: a result, or the error that its caller gets."""

    job: Job
    result: Any = None
    error: Exception | None = None


def perform(jobs: Iterable[Job], transaction: Transaction) -> list[Outcome]:
    """Run the work of every job that somebody waits for; what one raises undoes its own writes only."""
    return [_perform(job, transaction) for job in jobs if not job.abandoned()]


def _perform(job: Job, transaction: Transaction) -> Outcome:
    if job.work is None:
        return Outcome(job)
    try:
        result = job.work(transaction)
    except sqlite3.Error:
        raise  # the database fails, not the job
    except BaseException as error:  # noqa: BLE001  # whatever happened belongs to the one who asked
        transaction.drop()
        return Outcome(job, error=_deliverable(error))
    transaction.keep()
    return Outcome(job, result)


def _deliverable(error: BaseException) -> Exception:
    """A future takes no StopIteration, and what ends a thread must not end the loop of the caller."""
    return error if isinstance(error, Exception) and not isinstance(error, StopIteration) else RuntimeError(repr(error))


def settle(outcomes: Sequence[Outcome]) -> None:
    """Tell everyone: one call into each event loop, however many wait there."""
    groups: dict[asyncio.AbstractEventLoop | None, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(outcome.job.loop, []).append(outcome)
    for loop, group in groups.items():
        if loop is None:
            _resolve(group)
        else:
            with suppress(RuntimeError):  # the loop is closed: the process ends
                loop.call_soon_threadsafe(_resolve, group)


def _resolve(outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        future = outcome.job.future
        if future.done():
            continue
        with suppress(concurrent.futures.InvalidStateError):  # a thread gave up just now
            if outcome.error is None:
                future.set_result(outcome.result)
            else:
                future.set_exception(outcome.error)
