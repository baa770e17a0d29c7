"""What has to be done now and then: signing keys are renewed, what nobody can use any more is forgotten."""

from __future__ import annotations

import asyncio
import json
import logging
import math
from collections.abc import Callable

from pdp.audit.transaction import Transaction
from pdp.errors import PdpError
from pdp.grant.keys import KeyRing
from pdp.grant_point import GRANTS
from pdp.ledger import SESSIONS, Log
from pdp.session.stored import from_bytes

log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
PURGE_SECONDS = 600.0
KEPT_SECONDS = 7 * 86_400.0
"""How long a session that is over can still be shown. Its records stay."""
MOST_AT_ONCE = 500


class Housekeeping:
    """``rotation``: seconds that a key signs, 0 for ever. Several processes may do this: nothing is done twice."""

    def __init__(self, keys: KeyRing, log_: Log, now: Callable[[], float], rotation: float) -> None:
        self._keys = keys
        self._log = log_
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
                    await self._log.commit(self.purge)
            except PdpError as error:
                log.warning("housekeeping failed and is tried again", exc_info=error)

    def look_at_keys(self) -> None:
        """Take in keys that another process made; make the next one when it is time."""
        self._keys.refresh()
        now = self._now()
        if self._rotation and now - self._keys.signing_key(math.inf).signs_from >= self._rotation:
            self._keys.rotate(now)

    def purge(self, txn: Transaction) -> int:
        """Forget uses of grants that have ended and sessions that were over long ago; how many."""
        now, gone = self._now(), 0
        for key, value in txn.scan(GRANTS):
            if gone < MOST_AT_ONCE and float(json.loads(value)[1]) < now - KEPT_SECONDS:
                txn.delete(GRANTS, key)
                gone += 1
        for key, value in txn.scan(SESSIONS):
            if gone < MOST_AT_ONCE and from_bytes(value).expires < now - KEPT_SECONDS:
                txn.delete(SESSIONS, key)
                gone += 1
        return gone
