"""One thread that commits what others ask for: everything that waits goes into one transaction, one fsync."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from queue import Empty, SimpleQueue
from threading import Lock, Thread

from pdp.audit.failures import unavailable
from pdp.audit.jobs import Job, Outcome, perform, settle
from pdp.audit.store import Store
from pdp.audit.transaction import Transaction
from pdp.errors import AuditUnavailable

log = logging.getLogger(__name__)

MAX_BATCH = 256


class Writer:
    """A bounded queue and the thread that serves it. ``signed`` hears of every checkpoint that this process signs."""

    def __init__(self, store: Store, capacity: int, interval: float, signed: Callable[[str], None]) -> None:
        self._store = store
        self._capacity = capacity
        self._interval = interval
        self._signed = signed
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._closing = Lock()
        self._closed = False
        self._failing = False
        self._thread = Thread(target=self._run, name="audit-writer", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Queue ``job``. Raises ``AuditUnavailable`` when the queue is full or closed."""
        if self._queue.qsize() >= self._capacity:
            raise AuditUnavailable(
                f"the audit log is too slow: {self._capacity} jobs wait for its disk; ask again later, or less often"
            )
        with self._closing:  # nothing may come after the end of the queue: nobody would answer it
            if self._closed:
                raise AuditUnavailable("the audit log is closed: the service is ending; ask another instance")
            self._queue.put(job)

    def close(self, timeout: float | None) -> bool:
        """Finish what is queued, sign a last checkpoint, let go of the files; false when that took too long (s)."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while self._serve():
            pass
        if self._store.behind:
            self._commit([], wanted=True)
        self._store.close()

    def _serve(self) -> bool:
        """Wait for jobs and commit them; false at the end of the queue."""
        try:
            first = self._queue.get(timeout=self._interval if self._store.behind else None)
        except Empty:
            self._commit([])  # nothing comes, but a checkpoint is due
            return True
        return first is not None and self._commit([first])

    def _commit(self, jobs: list[Job], *, wanted: bool = False) -> bool:
        """One transaction for ``jobs`` and what else waits once it is open; false at the end of the queue."""
        outcomes: list[Outcome] = []
        more = True

        def run(transaction: Transaction) -> bool:
            nonlocal more
            # Taken only now: while another process held the lock, more have come.
            more = not jobs or self._drain(jobs)
            outcomes.extend(perform(jobs, transaction))
            return wanted or any(job.work is None for job in jobs)

        try:
            head = self._store.batch(run)
        except Exception as error:  # noqa: BLE001  # whatever it is: those who wait hear of it, and the thread goes on
            self._fail(jobs, error)
            return more
        note = head.note if head else ""
        settle([o if o.job.work else replace(o, result=note) for o in outcomes])
        if head and head.fresh:
            self._signed(note)
        self._recover()
        return more

    def _drain(self, jobs: list[Job]) -> bool:
        """Add to ``jobs`` what waits by now; false at the end of the queue."""
        with suppress(Empty):
            while len(jobs) < MAX_BATCH:
                if (job := self._queue.get_nowait()) is None:
                    return False
                jobs.append(job)
        return True

    def _fail(self, jobs: list[Job], error: Exception) -> None:
        reason = unavailable(error)
        # Each has an error of its own: every task that raises one writes its traceback into it.
        settle([Outcome(job, error=_like(reason)) for job in jobs])
        if not self._failing:
            log.error("%s", reason, exc_info=error)
        self._failing = True

    def _recover(self) -> None:
        if self._failing:
            log.warning("the audit log can be written again")
            self._failing = False
        try:
            self._store.tidy()
        except Exception as error:  # noqa: BLE001  # everything is committed; the next batch meets the trouble itself
            log.warning("the write-ahead log could not be copied back: %s", unavailable(error))


def _like(reason: AuditUnavailable) -> AuditUnavailable:
    error = AuditUnavailable(str(reason))
    error.__cause__ = reason.__cause__
    return error
