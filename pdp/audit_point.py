"""Reading the trail. Every reading is recorded, with who read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from pdp.audit.log import AuditLog
from pdp.audit.prompts import Sealer
from pdp.audit.read import AuditReader
from pdp.audit.record import Entry, Record, RecordKind
from pdp.errors import InvalidRequest, NotFound
from pdp.runtime import Consistency, Inclusion, RecordPage, StoredRecord, TraceReport
from pdp.types import Json

T = TypeVar("T")
MOST_RECORDS = 1_000
FEW_RECORDS = 100


class AuditPoint:
    """``now`` gives epoch seconds; ``wait`` bounds what a record may take, in seconds."""

    def __init__(
        self, log: AuditLog, reader: AuditReader, sealer: Sealer, now: Callable[[], float], wait: float
    ) -> None:
        self._log = log
        self._reader = reader
        self._sealer = sealer
        self._now = now
        self._wait = wait

    async def trace(self, any_id: str, by: str) -> TraceReport:
        """Everything recorded about an id. Raises ``NotFound``."""
        await self._note("GetTrace", any_id, by)
        return await asyncio.to_thread(self._trace, any_id, await self._log.checkpoint(self._until()))

    async def records(self, start: int, limit: int, kind: str, by: str) -> RecordPage:
        """Records from an index on. Raises ``InvalidRequest`` for a kind that there is not."""
        kinds = (_kind(kind),) if kind else ()
        if limit > MOST_RECORDS:
            raise InvalidRequest("limit", f"is {limit}; at most {MOST_RECORDS}")
        await self._note("ListRecords", kind, by)
        most = limit or FEW_RECORDS
        found = await asyncio.to_thread(lambda: self._reader.search(kinds, start=start, limit=most))
        size = await asyncio.to_thread(self._reader.size)
        after = found[-1].index + 1 if len(found) == most else 0
        return RecordPage(tuple(map(_stored, found)), after if after < size else 0, size)

    async def checkpoint(self, by: str) -> tuple[str, str]:
        """The newest checkpoint, over everything recorded until now, and the key that verifies it."""
        await self._note("GetCheckpoint", "", by)
        return await self._log.checkpoint(self._until()), str(self._log.verifier)

    async def inclusion(self, index: int, size: int, by: str) -> Inclusion:
        """The proof that a record is in the tree of ``size`` records (0: as many as there are)."""
        await self._note("GetInclusionProof", str(index), by)
        return await asyncio.to_thread(self._inclusion, index, size)

    async def consistency(self, first: int, second: int, by: str) -> Consistency:
        """The proof that one tree begins with the other."""
        await self._note("GetConsistencyProof", f"{first}..{second}", by)

        def prove() -> Consistency:
            end = second or self._reader.size()
            return Consistency(first, end, _checked(lambda: self._reader.consistency(first, end), "first"))

        return await asyncio.to_thread(prove)

    async def forget(self, subject: str, by: str) -> bool:
        """Erase the key of a subject's prompts; whether there was one. The erasure is recorded in any case."""
        if not subject:
            raise InvalidRequest("subject", "is empty; name the principal, or the agent that acted for itself")
        erased = await asyncio.to_thread(self._sealer.forget, subject)
        entry = Entry(RecordKind.ERASURE, self._now(), (subject,), {"subject": subject, "by": by, "erased": erased})
        await self._log.commit(lambda txn: txn.append(entry), self._until())
        return erased

    def _trace(self, any_id: str, checkpoint: str) -> TraceReport:
        found = self._reader.find(any_id)
        # One more step: what belongs to the same decisions and sessions.
        more = {i for r in found for i in r.entry().ids} - {any_id} if found else set()
        records = {r.index: r for r in found}
        for other in sorted(more):
            records |= {r.index: r for r in self._reader.find(other)}
        chosen = [records[i] for i in sorted(records) if records[i].kind != RecordKind.READING.value]
        if not chosen:
            raise NotFound(f"nothing is recorded about {any_id!r}")
        size = int(checkpoint.splitlines()[1])
        shown = [r for r in chosen if r.index < size][:MOST_RECORDS]
        return TraceReport(tuple(map(_stored, shown)), tuple(self._inclusion(r.index, size) for r in shown), checkpoint)

    def _inclusion(self, index: int, size: int) -> Inclusion:
        end = size or self._reader.size()
        return Inclusion(index, end, _checked(lambda: self._reader.inclusion(index, end), "index"))

    async def _note(self, method: str, what: str, by: str) -> None:
        body: dict[str, Json] = {"by": by, "method": method, "id": what}
        entry = Entry(RecordKind.READING, self._now(), (), body)
        await self._log.commit(lambda txn: txn.append(entry), self._until())

    def _until(self) -> float:
        return asyncio.get_running_loop().time() + self._wait


def _stored(record: Record) -> StoredRecord:
    return StoredRecord(record.index, record.stored)


def _kind(word: str) -> RecordKind:
    try:
        return RecordKind(word)
    except ValueError:
        raise InvalidRequest("kind", f"{word!r} is none of {', '.join(k.value for k in RecordKind)}") from None


def _checked(prove: Callable[[], T], field: str) -> T:
    try:
        return prove()
    except NotFound as error:
        raise InvalidRequest(field, str(error)) from error
