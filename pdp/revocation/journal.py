"""The journal of orders: one file of JSON lines that every process of a data directory holds open.

An order is in force as soon as its line is in the page cache: every other process sees the file grow when it looks, and
looking costs one ``fstat``. Whether the disk has it too is asked apart, by ``sync``: a disk that is stuck delays no
kill. A file that cannot be trusted, because a line is corrupt or because it shrank, vanished or was exchanged, kills
everything until it is mended: it must be well-formed again and begin with all that had been read from it before.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from pdp.errors import RevocationsUnavailable
from pdp.revocation.lines import Read, begins_with, closed, read_on
from pdp.revocation.order import CAUSES, Op, Order, Scope, check, check_cause, to_line
from pdp.revocation.storage import (
    Identity,
    demand_private,
    identity,
    keep_reserve,
    locked,
    open_again,
    open_or_make,
    read_from,
    write_line,
)
from pdp.revocation.table import RevocationTable, Subjects

log = logging.getLogger(__name__)

# So many of the newest orders are kept as they were given, for those who follow the journal.
_KEPT = 4_096
_UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class News:
    """What came after some sequence. ``orders`` is None when only the whole ``table`` tells it.

    ``sound`` is False while the journal has a fault, and the table kills everything.
    """

    table: RevocationTable
    orders: tuple[Order, ...] | None
    sound: bool


class RevocationJournal:
    """The journal in ``path``, and the table that it makes. Safe to use from any thread.

    ``table`` and ``fault`` are as of the last look; ``fault`` is empty, or says with file and line why everything is
    killed. ``refresh``, ``examine``, ``find`` and ``news`` never wait for another process and never raise.
    """

    def __init__(self, path: Path, descriptor: int, floor: int, causes: frozenset[str], wait: float) -> None:
        self._path = path
        self._descriptor = descriptor
        self._causes = causes
        self._wait = wait
        # Held for as long as it takes to read what is new, never while a file lock or the disk is waited for.
        self._lock = threading.Lock()
        self._read = Read()
        self._floor = floor
        self._recent: deque[Order] = deque(maxlen=_KEPT)
        self._identity: Identity | None = None
        self._size = _UNKNOWN
        self.fault = "not read yet"
        self.table = closed(floor, self.fault)

    @classmethod
    def open(
        cls, path: Path, *, floor: int = 0, causes: frozenset[str] = CAUSES, wait: float = 1.0
    ) -> RevocationJournal:
        """Open the journal, and make an empty one if there is none. A file that is damaged opens with a ``fault``.

        ``floor`` is a sequence that the file must reach, when somebody else knows one: a file that was cut or exchanged
        while no process ran cannot be told otherwise. ``wait`` is how long an append waits for others, in seconds.
        Raises ``RevocationsUnavailable`` when it cannot be opened or made.
        """
        journal = cls(path, open_or_make(path), floor, causes, wait)
        keep_reserve(path)
        journal.refresh()
        return journal

    def find(self, subjects: Subjects, now: float) -> Order | None:
        """Look at the file, then find what speaks against ``subjects`` at ``now``, in epoch seconds."""
        self.refresh()
        return self.table.find(subjects, now)

    def refresh(self) -> bool:
        """Take in what was written since the last look; whether that was anything. About 1 µs when it was not."""
        try:
            found = os.fstat(self._descriptor)
        except OSError:
            return self._catch_up()
        # A file that was replaced or removed has no name any more.
        if found.st_size == self._size and found.st_nlink:
            return False
        return self._catch_up()

    def examine(self) -> bool:
        """As ``refresh``, and make sure that the path still leads to this file, even if that lives on elsewhere."""
        try:
            there, held = identity(self._path), os.fstat(self._descriptor)
        except OSError as error:
            return self._lose(f"cannot be looked at ({error.strerror})")
        if there is None or (there.device, there.inode) != (held.st_dev, held.st_ino):
            return self._lose("was replaced or removed")
        return self.refresh()

    def news(self, sequence: int) -> News:
        """What is known and was not at ``sequence``."""
        with self._lock:
            missing = self._read.table.sequence - sequence
            if self.fault or not 0 <= missing <= len(self._recent):
                return News(self.table, None, sound=not self.fault)
            return News(self.table, tuple(self._recent)[len(self._recent) - missing :], sound=True)

    def append(
        self,
        op: Op,
        scope: Scope,
        value: str = "",
        *,
        reason: str,
        by: str,
        time: float,
        cause: str = "operator-action",
        until: float | None = None,
    ) -> Order:
        """Give an order: it is in force in every process when this returns, and not yet sure to be on disk.

        Waits for other writers, so call it from a thread that may. Raises ``InvalidRequest`` for an order that means
        nothing, ``RevocationsUnavailable`` when it cannot be written; then it is not in force.
        """
        draft = Order(0, op, scope, value, reason, cause, until, by, time)
        check(draft)
        check_cause(cause, self._causes)
        try:
            with locked(self._path, self._wait) as descriptor:
                order = self._write(descriptor, draft)
        except OSError as error:
            raise RevocationsUnavailable(f"{self._path.name} cannot be written ({error.strerror})") from error
        self.refresh()
        return order

    def sync(self) -> None:
        """Return when every order that is in force is on disk; takes as long as the disk does.

        Raises ``RevocationsUnavailable`` when the disk refuses.
        """
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            raise RevocationsUnavailable(f"{self._path.name} cannot be synced ({error.strerror})") from error

    def close(self) -> None:
        """Close the file. Nothing may be asked afterwards."""
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write(self, descriptor: int, draft: Order) -> Order:
        """Write the next line. The file is locked, so nothing but a meddler can change it meanwhile."""
        self.examine()
        with self._lock:
            read, fault = self._read, self.fault
        held, there = os.fstat(self._descriptor), os.fstat(descriptor)
        if fault or (held.st_dev, held.st_ino) != (there.st_dev, there.st_ino):
            raise RevocationsUnavailable(f"everything is killed: {fault or self._path.name + ' was replaced'}")
        if there.st_size > read.offset:
            log.warning("%s ends in the middle of an order that was never given; the rest is cut off", self._path)
            os.ftruncate(descriptor, read.offset)
        order = replace(draft, sequence=read.table.sequence + 1)
        write_line(descriptor, to_line(order), read.offset, self._path)
        return order

    def _catch_up(self) -> bool:
        with self._lock:
            return self._mend() if self.fault else self._read_on()

    def _read_on(self) -> bool:
        """Read what the file has grown by."""
        try:
            found = os.fstat(self._descriptor)
            if not found.st_nlink:
                return self._fail("was replaced or removed")
            if found.st_size < self._read.offset:
                return self._fail("is shorter than it was")
            try:
                return self._read_rest()
            except ValueError:
                # A torn end may just have been mended while it was read. What is corrupt stays so.
                return self._read_rest()
        except ValueError as error:
            return self._fail(str(error))
        except OSError as error:
            return self._fail(f"cannot be read ({error.strerror})")

    def _read_rest(self) -> bool:
        data = read_from(self._descriptor, self._read.offset)
        orders, read = read_on(self._read, data)
        return self._accept(orders, read)

    def _mend(self) -> bool:
        """Read the file from its beginning, if it is another one or has changed since it was found wanting."""
        try:
            there = identity(self._path)
            if there is None or there == self._identity:
                return False
            descriptor = open_again(self._path)
            try:
                self._identity = there
                return self._reread(descriptor)
            finally:
                os.close(descriptor)
        except ValueError as error:
            return self._fail(str(error))
        except OSError as error:
            self._identity = None
            return self._fail(f"cannot be read ({error.strerror})")

    def _reread(self, descriptor: int) -> bool:
        demand_private(descriptor)
        data = read_from(descriptor, 0)
        if not begins_with(data, self._read):
            raise ValueError("does not begin with the orders that were read from it before")
        orders, read = read_on(Read(), data)
        if read.table.sequence < self._floor:
            raise ValueError(f"ends with order {read.table.sequence}, and order {self._floor} was given")
        # The number stays the same: another thread may be about to look at it.
        os.dup2(descriptor, self._descriptor, inheritable=False)
        self._recent.clear()
        return self._accept(orders, read)

    def _accept(self, orders: list[Order], read: Read) -> bool:
        changed = bool(orders or self.fault)
        self._recent.extend(orders)
        self._read = read
        self.fault = ""
        self.table = read.table
        # Last, for whoever sees the new size must see the new table. A torn end does not count: it is looked at again
        # and again, for the line that replaces it may be just as long.
        self._size = read.offset
        return changed

    def _lose(self, what: str) -> bool:
        with self._lock:
            return self._mend() if self.fault else self._fail(what)

    def _fail(self, what: str) -> bool:
        what = what if what.startswith(":") else f" {what}"
        # Gateways and callers are told this, and where the file lies is none of their business.
        fault = f"{self._path.name}{what}"
        if fault == self.fault:
            return False
        log.error("everything is killed: %s (in %s)", fault, self._path.parent)
        self.fault = fault
        self._size = _UNKNOWN
        self.table = closed(self._read.table.sequence, fault)
        return True
