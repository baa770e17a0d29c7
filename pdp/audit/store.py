"""The log's files, used by one thread at a time: the lock of the writers, one transaction, the tree."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeAlias

from pdp.audit.failures import CUT, DAMAGED, FAILURES, REPLACED, unavailable
from pdp.audit.heads import Head, Heads
from pdp.audit.merkle import CompactRange
from pdp.audit.schema import COPY_BACK_PAGES, DATABASE, LOCK, connect, copy_back
from pdp.audit.transaction import Transaction
from pdp.errors import AuditUnavailable

Commit: TypeAlias = Callable[[sqlite3.Connection], None]
Run: TypeAlias = Callable[[Transaction], bool]

# How many pages of the write-ahead log a commit takes, rather too many than too few: the ends of tables and indexes,
# and the pages of the links, whose ids are in no order.
PAGES_PER_COMMIT = 8
PAGES_PER_RECORD = 2


def commit(connection: sqlite3.Connection) -> None:
    """End the transaction; returns when it is on disk."""
    connection.execute("COMMIT")


class Store:
    """One process's hold on the log in ``directory``. After an error everything is opened anew at the next batch."""

    def __init__(self, directory: Path, heads: Heads, commit: Commit = commit) -> None:
        self._directory = directory
        self._database = directory / DATABASE
        self._heads = heads
        self._commit = commit
        self._connection: sqlite3.Connection | None = None
        self._lock: int | None = None
        self._file: tuple[int, int] | None = None
        self._tree = CompactRange()
        self._frontier = b""
        self._pages = 0

    @property
    def behind(self) -> bool:
        """Whether there are records that no checkpoint covers, as far as this process knows."""
        return self._tree.size > self._heads.size

    def batch(self, run: Run) -> Head | None:
        """Let ``run`` write in one transaction that is on disk when this returns; its answer asks for a checkpoint.

        Returns the newest checkpoint if it was looked at. Raises ``AuditUnavailable``; nothing is kept then.
        """
        try:
            with self._locked():
                connection = self._begin()
                transaction = Transaction(connection, self._tree.size)
                wanted = run(transaction)
                transaction.flush(self._tree)
                head = self._heads.sign(connection, self._tree, wanted=wanted)
                self._commit(connection)
        except FAILURES as error:
            self.close()
            raise unavailable(error) from error
        except BaseException:
            self.close()
            raise
        self._frontier = self._tree.to_bytes()
        self._pages += transaction.rows * PAGES_PER_RECORD + PAGES_PER_COMMIT
        return head

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # SQLite would poll for its own lock, with sleeps of up to 100 ms; the kernel wakes the next writer at once.
        if self._lock is None:
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = os.open(self._directory / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        lock = self._lock
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(lock, fcntl.LOCK_UN)

    def _begin(self) -> sqlite3.Connection:
        fresh = self._connection is None
        if fresh and self._file:
            self._check_file()  # never make a new log in the place of a lost one
        connection = self._connection = self._connection or connect(self._directory)
        self._check_file()
        connection.execute("BEGIN IMMEDIATE")
        (frontier,) = connection.execute("SELECT frontier FROM tree").fetchone()
        if frontier != self._frontier:  # another process has written
            self._tree, self._frontier = CompactRange.from_bytes(frontier), frontier
        if fresh:
            self._check_whole(connection)
        return connection

    def _check_file(self) -> None:
        """What is written to a file that is no longer there would be acknowledged and lost."""
        try:
            found = self._database.stat()
        except FileNotFoundError as error:
            raise AuditUnavailable(f"the audit log cannot be written: {REPLACED}") from error
        file = (found.st_dev, found.st_ino)
        self._file = self._file or file
        if file != self._file:
            raise AuditUnavailable(f"the audit log cannot be written: {REPLACED}")

    def _check_whole(self, connection: sqlite3.Connection) -> None:
        """A log that has lost records must not sign a second tree of a size that it has signed before."""
        (last,) = connection.execute("SELECT max(idx) FROM records").fetchone()
        (signed,) = connection.execute("SELECT max(size) FROM checkpoints").fetchone()
        if (-1 if last is None else last) + 1 != self._tree.size:
            raise AuditUnavailable(f"the audit log cannot be written: {DAMAGED}")
        if (signed or 0) > self._tree.size:
            raise AuditUnavailable(f"the audit log cannot be written: {CUT}")

    def tidy(self) -> None:
        """Between batches: copy the write-ahead log back before it outgrows what is reserved for it."""
        if self._connection is not None and self._pages >= COPY_BACK_PAGES:
            self._pages = 0
            copy_back(self._connection)

    def close(self) -> None:
        """Let go of all files; an open transaction is undone. The next batch opens them again."""
        connection, lock = self._connection, self._lock
        self._connection = self._lock = None
        self._frontier = b""
        self._heads.forget()
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()
        if lock is not None:
            os.close(lock)
