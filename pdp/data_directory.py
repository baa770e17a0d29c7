"""The lasting things of one process, opened together in the data directory: log, orders, keys."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from pdp.anchors import anchor_of
from pdp.audit.checkpoint import load_or_generate
from pdp.audit.log import AuditLog
from pdp.audit.read import AuditReader
from pdp.audit.record import Entry, RecordKind
from pdp.audit.transaction import Transaction
from pdp.errors import AuditUnavailable
from pdp.grant.keys import KeyRing
from pdp.housekeeping import Housekeeping
from pdp.policy.model import Bundle
from pdp.revocation.follow import Follower
from pdp.revocation.journal import RevocationJournal
from pdp.revocation.watch import Watchers
from pdp.revocation_point import META, SEQUENCE, RevocationPoint
from pdp.types import Json

log = logging.getLogger(__name__)

KEYS, JOURNAL, CHECKPOINT_KEY = "keys", "revocations.jsonl", "checkpoint.key"
IN_FORCE, SECRET = "bundle", "secret"
SECRET_BYTES = 32
AGAIN_SECONDS = 1.0
"""After so long what could not be recorded of an activation is tried again: its decisions are in the log too."""


class Settings(Protocol):
    """What is needed of the configuration."""

    @property
    def data_dir(self) -> Path:
        """Where everything lies."""

    @property
    def issuer(self) -> str:
        """The origin of the log."""

    @property
    def audit_wait(self) -> float:
        """Seconds that a record may take."""

    @property
    def audit_queue(self) -> int:
        """Records that may wait."""

    @property
    def checkpoint_interval(self) -> float:
        """Seconds between checkpoints."""

    @property
    def anchor_file(self) -> Path | None:
        """A copy of each checkpoint."""

    @property
    def anchor_url(self) -> str:
        """Where each checkpoint is sent."""

    @property
    def follow_interval(self) -> float:
        """Seconds between looks at the journal."""

    @property
    def key_rotation(self) -> float:
        """Seconds that a key signs."""


class DataDirectory:
    """What one process holds open. ``now`` gives epoch seconds."""

    def __init__(
        self,
        log_: AuditLog,
        reader: AuditReader,
        journal: RevocationJournal,
        keys: KeyRing,
        revocations: RevocationPoint,
        housekeeping: Housekeeping,
        now: Callable[[], float],
        wait: float,
        secret: bytes,
    ) -> None:
        self.log = log_
        self.reader = reader
        self.journal = journal
        self.keys = keys
        self.revocations = revocations
        self._housekeeping = housekeeping
        self._now = now
        self._wait = wait
        self.secret = secret
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    def open(cls, settings: Settings, now: Callable[[], float], monotonic: Callable[[], float]) -> DataDirectory:
        """Open everything below ``settings.data_dir``, and make what is not there.

        Raises ``AuditUnavailable``, ``RevocationsUnavailable`` or ``ConfigError``, each naming the file and the fix.
        """
        directory = settings.data_dir
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        keys = KeyRing.open(directory / KEYS, now())
        signer = load_or_generate(directory / KEYS / CHECKPOINT_KEY, settings.issuer)
        log_ = AuditLog.open(
            directory, signer, capacity=settings.audit_queue, interval=settings.checkpoint_interval,
            anchor=anchor_of(settings.anchor_file, settings.anchor_url), clock=now,
        )  # fmt: skip
        reader = AuditReader.open(directory)
        known = reader.get(META, SEQUENCE)
        journal = RevocationJournal.open(directory / JOURNAL, floor=int(known) if known is not None else 0)
        watchers = Watchers()
        follower = Follower(journal, watchers, now, monotonic, interval=settings.follow_interval)
        wait = settings.audit_wait
        revocations = RevocationPoint(journal, watchers, follower, log_, now, monotonic, wait)
        housekeeping = Housekeeping(keys, log_, reader, now, settings.key_rotation)
        return cls(log_, reader, journal, keys, revocations, housekeeping, now, wait, log_.commit_now(_secret))

    def sequence(self) -> int:
        """The newest order."""
        self.journal.refresh()
        return self.journal.table.sequence

    def begin(self) -> None:
        """Follow the orders, keep house; in the event loop that serves."""
        self.revocations.begin()
        self._spawn(self._housekeeping.run())

    async def close(self) -> None:
        """Write what is queued, sign the last checkpoint, let go."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.revocations.close()
        try:
            await asyncio.to_thread(self.log.close)
        except AuditUnavailable:
            log.exception("the audit log was not closed in order")
        self.reader.close()
        self.journal.close()

    def activated(self, bundle: Bundle, previous: str, encoder: str) -> None:
        """A bundle came into force in this process: record it, once for all processes."""
        body: dict[str, Json] = {
            "revision": bundle.revision,
            "previous": previous,
            "path": bundle.path,
            "name": bundle.name,
            "encoder": encoder,
        }
        entry = Entry(RecordKind.ACTIVATION, self._now(), (bundle.revision,), body)

        def job(txn: Transaction) -> None:
            if txn.get(META, IN_FORCE) == bundle.revision.encode():
                return
            txn.put(META, IN_FORCE, bundle.revision.encode())
            txn.append(entry)

        self._spawn(self._write(job))

    async def note(self, method: str, by: str, what: str) -> None:
        """Record what an administrator did. Raises ``AuditUnavailable``."""
        body: dict[str, Json] = {"event": method, "by": by, "what": what}
        entry = Entry(RecordKind.ADMINISTRATION, self._now(), (), body)
        await self.log.commit(lambda txn: txn.append(entry), asyncio.get_running_loop().time() + self._wait)

    async def _write(self, job: Callable[[Transaction], object]) -> None:
        while True:
            try:
                await self.log.commit(job)
                break
            except AuditUnavailable:
                log.exception("an activation is not recorded yet")
            await asyncio.sleep(AGAIN_SECONDS)
        with suppress(AuditUnavailable):  # the next checkpoint covers it
            await self.log.checkpoint()

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _secret(txn: Transaction) -> bytes:
    """Random bytes that stay with the data directory; made by whichever process comes first."""
    secret = txn.get(META, SECRET)
    if secret is None:
        secret = secrets.token_bytes(SECRET_BYTES)
        txn.put(META, SECRET, secret)
    return secret
