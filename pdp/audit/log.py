"""The audit log as those who write it see it: ``await log.commit(job)`` returns when the record is on disk."""

from __future__ import annotations

import asyncio
import concurrent.futures
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from pdp.audit.anchor import Anchor, Anchoring
from pdp.audit.heads import Heads
from pdp.audit.jobs import Job, Work
from pdp.audit.note import Signer, Verifier
from pdp.audit.store import Commit, Store, commit
from pdp.audit.transaction import Transaction
from pdp.audit.writer import Writer
from pdp.errors import AuditUnavailable

T = TypeVar("T")

CAPACITY = 4096
CHECKPOINT_SECONDS = 1.0
LATE = (
    "the audit log did not confirm the record before the deadline: its disk is slow or stuck; check it, or wait longer"
)


class AuditLog:
    """One process's way to write the log in a directory; made by ``open``, after the process has forked.

    A job is called with a ``Transaction`` in the thread of the log, together with others in one commit. It must be
    quick, and check before it writes: what it raises goes to its caller, and its own writes are undone. A job whose
    caller has given up before it began is left out; one that had begun may be in the log although its caller was told
    ``AuditUnavailable``.
    """

    def __init__(self, writer: Writer, verifier: Verifier, anchoring: Anchoring | None) -> None:
        self._writer = writer
        self._anchoring = anchoring
        self.verifier = verifier

    @classmethod
    def open(
        cls,
        directory: Path,
        signer: Signer,
        *,
        capacity: int = CAPACITY,
        interval: float = CHECKPOINT_SECONDS,
        anchor: Anchor | None = None,
        clock: Callable[[], float] = time.time,
        commit: Commit = commit,
    ) -> Self:
        """The log in ``directory``, made if need be. Raises ``AuditUnavailable`` when it cannot be written.

        ``capacity`` bounds the jobs that wait; ``interval`` is the seconds between checkpoints while the log grows;
        ``anchor`` is called with their text; ``clock`` dates them, in seconds since the epoch.
        """
        heads = Heads(signer, interval, clock)
        store = Store(directory, heads, commit)
        store.batch(lambda _: False)
        anchoring = Anchoring(anchor) if anchor else None
        writer = Writer(store, capacity, interval, anchoring.put if anchoring else lambda _: None)
        return cls(writer, signer.verifier, anchoring)

    async def commit(self, job: Callable[[Transaction], T], deadline: float | None = None) -> T:
        """What ``job`` returns, once what it wrote is on disk. ``deadline`` is in seconds of the event loop's clock.

        Raises what ``job`` raises, and ``AuditUnavailable`` when nothing could be written or confirmed in time.
        """
        result: T = await self._ask(job, deadline)
        return result

    async def checkpoint(self, deadline: float | None = None) -> str:
        """A signed note that covers everything committed before; a new one if the log has grown."""
        note: str = await self._ask(None, deadline)
        return note

    def commit_now(self, job: Callable[[Transaction], T], timeout: float | None = None) -> T:
        """``commit`` for threads and the command line. ``timeout`` is in seconds."""
        result: T = self._ask_now(job, timeout)
        return result

    def checkpoint_now(self, timeout: float | None = None) -> str:
        """``checkpoint`` for threads and the command line."""
        note: str = self._ask_now(None, timeout)
        return note

    async def _ask(self, work: Work | None, deadline: float | None) -> Any:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._writer.submit(Job(work, future, loop, deadline))
        if deadline is None:
            return await future
        limit = asyncio.timeout_at(deadline)
        try:
            async with limit:
                return await future
        except TimeoutError as late:
            if not limit.expired():
                raise  # the job's own
            raise AuditUnavailable(LATE) from late

    def _ask_now(self, work: Work | None, timeout: float | None) -> Any:
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        deadline = None if timeout is None else time.monotonic() + timeout
        self._writer.submit(Job(work, future, None, deadline))
        try:
            return future.result(timeout)
        except TimeoutError as late:
            if future.cancel():
                raise AuditUnavailable(LATE) from late
            return future.result()  # it came just now, or the error is the job's own

    def close(self, timeout: float | None = 30.0) -> None:
        """Finish what is queued, sign a last checkpoint and anchor it.

        Raises ``AuditUnavailable`` when the disk keeps it for longer than ``timeout`` seconds.
        """
        done = self._writer.close(timeout)
        if self._anchoring:
            self._anchoring.close(timeout)
        if not done:
            raise AuditUnavailable(LATE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
