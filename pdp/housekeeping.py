"""What has to be done now and then: signing keys are renewed, what nobody can use any more is forgotten."""

from __future__ import annotations

import asyncio
import json
import logging
import math
from collections.abc import Callable, Sequence
from functools import partial

from pdp.audit.log import AuditLog
from pdp.audit.transaction import Transaction
from pdp.grant.keys import KeyRing
from pdp.grant_point import GRANTS
from pdp.ledger import SESSIONS, Reader

log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
PURGE_SECONDS = 600.0
KEPT_SECONDS = 7 * 86_400.0
"""How long a session that is over can still be shown. Its records stay."""
MOST_AT_ONCE = 100


class Housekeeping:
    """``rotation``: seconds that a key signs, 0 for ever. Several processes may do this: nothing is done twice."""

    def __init__(
        self, keys: KeyRing, log_: AuditLog, reader: Reader, now: Callable[[], float], rotation: float
    ) -> None:
        self._keys = keys
        self._log = log_
        self._reader = reader
        self._now = now
        self._rotation = rotation
        self._purged = now()

    async def run(self) -> None:
        """Until cancelled. What goes wrong is logged and tried again."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await asyncio.to_thread(self.look_at_keys)
                if self._now() - self._purged >= PURGE_SECONDS:
                    self._purged = self._now()
                    await self.purge()
            except Exception as error:
                log.warning("housekeeping failed and is tried again", exc_info=error)

    def look_at_keys(self) -> None:
        """Take in keys that another process made; make the next one when it is time."""
        self._keys.refresh()
        now = self._now()
        if self._rotation and now - self._keys.signing_key(math.inf).signs_from >= self._rotation:
            self._keys.rotate(now)

    async def purge(self) -> int:
        """Forget uses of grants that have ended and sessions that were over long ago; how many.

        Looked for beside the log, and forgotten a few at a time: whoever wants to write waits for no more than those.
        """
        past, gone = await asyncio.to_thread(self._past), 0
        for begin in range(0, len(past), MOST_AT_ONCE):
            gone += await self._log.commit(partial(self._forget, past[begin : begin + MOST_AT_ONCE]))
        return gone

    def _past(self) -> list[tuple[str, str]]:
        rows = ((space, *row) for space in (GRANTS, SESSIONS) for row in self._reader.scan(space))
        return [(space, key) for space, key, value in rows if self._is_past(space, value)]

    def _forget(self, past: Sequence[tuple[str, str]], txn: Transaction) -> int:
        found = [(space, key) for space, key in past if self._is_past(space, txn.get(space, key))]
        for space, key in found:
            txn.delete(space, key)
        return len(found)

    def _is_past(self, space: str, value: bytes | None) -> bool:
        if value is None:
            return False
        try:
            known = json.loads(value)
            ends = float(known[1] if space == GRANTS else known["expires"])
        except (ValueError, TypeError, LookupError):
            return False  # whoever needs it says that it is damaged
        return ends < self._now() - KEPT_SECONDS
