"""Where an event loop gives orders: what may wait for a lock or a disk waits in threads of its own.

The threads of the process at large may all be waiting for a stuck disk; an order must not queue behind them.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from pdp.revocation.journal import RevocationJournal
from pdp.revocation.order import Op, Order, Scope


@dataclass(slots=True, eq=False)
class _Sync:
    """One sync of the journal. Whatever was given before it has ``begun`` is on disk when ``done`` is."""

    done: asyncio.Future[None] | None = None
    begun: bool = False


class Desk:
    """Two threads, made when they are first needed: one that gives orders, one that waits for the disk."""

    def __init__(self, journal: RevocationJournal) -> None:
        self._journal = journal
        self._giving = ThreadPoolExecutor(1, "orders")
        self._syncing = ThreadPoolExecutor(1, "orders-sync")
        self._next = _Sync(begun=True)

    async def give(
        self, op: Op, scope: Scope, value: str, *, reason: str, by: str, time: float, cause: str, until: float | None
    ) -> Order:
        """``RevocationJournal.append``."""
        append = partial(
            self._journal.append, op, scope, value, reason=reason, by=by, time=time, cause=cause, until=until
        )
        return await asyncio.get_running_loop().run_in_executor(self._giving, append)

    async def sync(self) -> None:
        """Return when every order given before is on disk. Those who come while one sync runs share the next one.

        Raises ``RevocationsUnavailable``. Whoever gives up takes nothing from the others.
        """
        done = self._next.done
        if self._next.begun or done is None:
            self._next = sync = _Sync()
            sync.done = done = asyncio.get_running_loop().run_in_executor(self._syncing, self._sync, sync)
            done.add_done_callback(_look)
        await asyncio.shield(done)

    def close(self) -> None:
        """Give nothing any more. Does not wait for the disk."""
        self._giving.shutdown(wait=False)
        self._syncing.shutdown(wait=False)

    def _sync(self, sync: _Sync) -> None:
        sync.begun = True  # before the disk is asked: who comes from now on may have given an order too late for it
        self._journal.sync()


def _look(done: asyncio.Future[None]) -> None:
    """An error that nobody waits for any more is not to be told as one that was forgotten."""
    if not done.cancelled():
        done.exception()
