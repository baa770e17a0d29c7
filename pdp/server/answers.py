"""Answers given lately: a caller that asks again under the same request id gets the same decision.

Entries are found by caller and request id, length-prefixed, and hold the question itself and the revision: after an
activation or an order of the kill switch a retry is judged anew (no answer outlives a kill), and the same id with
another question is refused. Questions are compared as
messages, so a caller may order its maps differently when it builds the same question again. No error, cancelled work or
failed evaluation is ever kept.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from pdp.errors import InvalidRequest
from pdp.types import ReasonCode
from pdp.v1.decision_pb2 import DecideRequest, DecideResponse
from pdp.wire.decision import REASON_TO_PROTO

Work = Callable[[], Awaitable[DecideResponse]]
Revision = Callable[[], str]
"""What is in force now: the bundle's revision, and behind it what else changes answers, such as the newest order."""

# A decision that says the service itself failed is no answer to keep: the retry may find it well again.
FAILURES = frozenset(
    REASON_TO_PROTO[code]
    for code in (
        ReasonCode.AUDIT_UNAVAILABLE,
        ReasonCode.ENCODER_FAILED,
        ReasonCode.INTERNAL_ERROR,
        ReasonCode.SCORE_INVALID,
    )
)
BYTES = 16_777_216


class Entry:
    """One question, under way or answered. ``waiting`` exists only once somebody else asks while it is under way."""

    __slots__ = ("answer", "done", "question", "revision", "size", "until", "waiting")

    def __init__(self, question: DecideRequest, revision: str, until: float) -> None:
        self.question = question
        self.revision = revision
        self.until = until
        self.size = question.ByteSize()
        self.done = False
        self.answer: DecideResponse | None = None
        self.waiting: asyncio.Future[None] | None = None

    def finish(self, answer: DecideResponse | None) -> None:
        """The work has ended: with an answer to keep, or with None."""
        self.done, self.answer = True, answer
        if self.waiting is not None:
            self.waiting.set_result(None)

    async def result(self) -> DecideResponse | None:
        """The answer once the work has ended; None when there is none to keep."""
        if not self.done:
            if self.waiting is None:
                self.waiting = asyncio.get_running_loop().create_future()
            # Shielded: one waiter who gives up must not end the wait of the others.
            await asyncio.shield(self.waiting)
        return self.answer


class Answers:
    """At most ``capacity`` answers and 16 MiB of questions, each for ``seconds``. ``now`` is a monotonic clock."""

    def __init__(self, capacity: int, seconds: float, now: Callable[[], float]) -> None:
        self._capacity = capacity
        self._seconds = seconds
        self._now = now
        self._bytes = 0
        self._entries: OrderedDict[str, Entry] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    async def once(self, caller: str, question: DecideRequest, revision: Revision, work: Work) -> DecideResponse:
        """Answer ``question`` by ``work``, or as it was answered before while ``revision()`` has not changed.

        Raises ``InvalidRequest`` when the id was lately used by the same caller for another question.
        """
        request_id = question.request_id
        if not request_id or not self._capacity:
            return await work()
        key = f"{len(caller)}:{caller}{request_id}"
        while (entry := self._entries.get(key)) is not None and self._holds(entry, revision()):
            if entry.question != question:
                text = f"was used for another question within the last {self._seconds:g} s; give each its own id"
                raise InvalidRequest("request_id", text)
            # While this one waited an order may have come: what holds is asked again after the wait.
            if (answer := await entry.result()) is not None and self._holds(entry, revision()):
                return answer
        return await self._do(key, self._begin(key, question, revision()), revision, work)

    async def _do(self, key: str, entry: Entry, revision: Revision, work: Work) -> DecideResponse:
        kept: DecideResponse | None = None
        try:
            answer = await work()
            kept = answer if revision() == entry.revision and _lasting(answer, entry.revision) else None
        finally:
            if kept is None and self._entries.get(key) is entry:
                self._remove(key)
            entry.finish(kept)
        return answer

    def _begin(self, key: str, question: DecideRequest, revision: str) -> Entry:
        entry = Entry(question, revision, self._now() + self._seconds)
        self._remove(key)
        self._entries[key] = entry
        self._bytes += entry.size
        self._evict()
        return entry

    def _holds(self, entry: Entry, revision: str) -> bool:
        return entry.revision == revision and self._now() < entry.until

    def _remove(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= entry.size

    def _evict(self) -> None:
        entries, now = self._entries, self._now()
        while entries:
            oldest = next(iter(entries))
            if len(entries) <= self._capacity and self._bytes <= BYTES and now < entries[oldest].until:
                return
            self._remove(oldest)


def _lasting(answer: DecideResponse, revision: str) -> bool:
    # Two activations while the work ran, there and back: the answer is of the bundle between them.
    if not revision.startswith(answer.revision):
        return False
    return not any(reason.code in FAILURES for reason in answer.reasons)
