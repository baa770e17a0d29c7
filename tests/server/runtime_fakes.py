"""Small real points of runtime authority for tests of the wire: the interfaces over plain dictionaries."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

from pdp.errors import AuditUnavailable, GrantRefused, InvalidRequest, NotFound
from pdp.runtime import (
    AgentReport,
    Agreement,
    Attenuation,
    AttenuationRequest,
    Caller,
    Consistency,
    Consumption,
    Inclusion,
    OrderReceipt,
    OrderReport,
    OrderWanted,
    Outcome,
    OutcomeAnswer,
    RecordPage,
    SessionAnswer,
    SessionEnd,
    SessionReport,
    SessionRequest,
    StoredRecord,
    TraceReport,
    WatchNews,
)
from pdp.server.runtime_points import RuntimePoints
from pdp.types import Action, Payload, Reason, ReasonCode, Target


class FakeSessionPoint:
    """``deny`` in a purpose refuses, ``stuck`` means that the trail cannot be written."""

    def __init__(self) -> None:
        self.sessions: dict[str, SessionReport] = {}
        self.asked: list[tuple[SessionRequest, Caller]] = []

    async def start(self, wanted: SessionRequest, caller: Caller, deadline: float | None) -> SessionAnswer:
        self.asked.append((wanted, caller))
        if "stuck" in wanted.purpose:
            raise AuditUnavailable("the disk is full; free some space")
        if "deny" in wanted.purpose:
            return SessionAnswer("", (Reason(ReasonCode.PURPOSE_NOT_APPROVED, "nobody approved it"),), revision="r1")
        session = f"s{len(self.sessions) + 1}"
        self.sessions[session] = SessionReport(
            session, wanted.agent.id, wanted.agent.instance, wanted.principal.id, wanted.task, caller.name,
            wanted.intents or ("read-mail",), 100.0, 100.0 + (wanted.seconds or 60.0), "", {"rows": 7, "drift": 0.25},
        )  # fmt: skip
        reason = Reason(ReasonCode.SESSION_STARTED, "within read-mail")
        return SessionAnswer(session, (reason,), self.sessions[session].intents, 160.0, "r1")

    async def end(self, session_id: str, reason: str, caller: Caller, deadline: float | None) -> SessionEnd:
        found = await self.get(session_id, caller)
        self.sessions[session_id] = replace(found, ended=found.ended or reason or "ended")
        return SessionEnd(0 if found.ended else 2, not found.ended)

    async def get(self, session_id: str, caller: Caller) -> SessionReport:
        if session_id not in self.sessions:
            raise NotFound(f"no session {session_id!r}")
        return self.sessions[session_id]

    async def list(self, *, only_open: bool, agent: str, limit: int) -> tuple[SessionReport, ...]:
        newest = reversed(self.sessions.values())
        return tuple(s for s in newest if agent in ("", s.agent) and not (only_open and s.ended))[:limit]

    async def agents(self) -> tuple[AgentReport, ...]:
        return (
            AgentReport(
                "mail-agent", "it@example.org", True, True, ("read-mail",), ("send-mail",), ("mailbox/me",), 1.0, 2.0,
                3, 4, 5, 6.5, 1, (),
            ),
            AgentReport("stray", "", False, True, (), (), (), 1.0, 2.0, 0, 0, 5, 0.0, 0, ("unowned", "unknown")),
        )  # fmt: skip


class FakeGrantPoint:
    """The grant ``good`` has two uses for reading; ``forged`` is refused as an error, anything else as an answer."""

    def __init__(self) -> None:
        self.left = 2
        self.outcomes: list[Outcome] = []
        self.callers: list[Caller] = []

    async def consume(
        self,
        grant: str,
        target: Target,
        action: Action,
        payload: Payload | None,
        caller: Caller,
        deadline: float | None,
    ) -> Consumption:
        self.callers.append(caller)
        if grant == "forged":
            raise GrantRefused("bad_signature", "nobody signed this")
        if grant != "good" or action.name != "read":
            return Consumption(False, refusal="wrong_action", text="it is for reading", grant_id="g1")
        if not self.left:
            return Consumption(False, refusal="replayed", text="it is used up", grant_id="g1")
        self.left -= 1
        return Consumption(True, self.left, grant_id="g1")

    async def attenuate(self, wanted: AttenuationRequest, caller: Caller, deadline: float | None) -> Attenuation:
        if wanted.grant != "good":
            return Attenuation(refusal="not_contained", text="asks for more than its parent")
        return Attenuation("narrower", "g2", 130.0)

    async def report(self, outcome: Outcome, caller: Caller, deadline: float | None) -> OutcomeAnswer:
        if outcome.decision_id != "d1":
            raise NotFound(f"no decision {outcome.decision_id!r}")
        self.outcomes.append(outcome)
        return OutcomeAnswer(Agreement.AGREE, "what was granted ran")

    def keys(self) -> str:
        return '{"keys": []}'

    def holds(self, grant: str, caller: Caller) -> bool:
        return grant == "good"


class FakeWatching:
    """One watching gateway; its queue holds what it was not told yet."""

    def __init__(self, point: FakeRevocationPoint, gateway: str, instance: str) -> None:
        self._point = point
        self.gateway, self.instance = gateway, instance
        self.acknowledged = 0
        self.queue: asyncio.Queue[WatchNews] = asyncio.Queue()

    async def news(self) -> AsyncIterator[WatchNews]:
        yield WatchNews(self._point.sequence, 100.0, orders=tuple(self._point.held.values()))
        while True:
            yield await self.queue.get()

    def acknowledge(self, sequence: int) -> None:
        self.acknowledged = sequence
        self._point.changed.set()

    def close(self) -> None:
        self._point.watchers.remove(self)


class FakeRevocationPoint:
    """Orders in a dictionary. The reason ``hold`` waits for ``release``."""

    def __init__(self) -> None:
        self.sequence = 0
        self.held: dict[tuple[str, str], OrderReport] = {}
        self.watchers: list[FakeWatching] = []
        self.seen: list[tuple[str, str]] = []
        self.changed = asyncio.Event()
        self.release = asyncio.Event()

    async def order(self, wanted: OrderWanted, by: str) -> OrderReceipt:
        if wanted.cause == "nonsense":
            raise InvalidRequest("cause", "'nonsense' is unknown")
        if wanted.reason == "hold":
            await self.release.wait()
        self.sequence += 1
        until = 100.0 + wanted.seconds if wanted.seconds else 0.0
        order = OrderReport(
            self.sequence, wanted.kind, wanted.scope, wanted.value, wanted.reason, wanted.cause or "operator-action",
            until, by, 100.0,
        )  # fmt: skip
        if wanted.kind == "lift":
            self.held.pop((wanted.scope, wanted.value), None)
        else:
            self.held[wanted.scope, wanted.value] = order
        self.tell(WatchNews(self.sequence, 100.0, order=order))
        acknowledged = await self._acknowledged(wanted.wait)
        durable = wanted.reason != "slow disk"
        return OrderReceipt(self.sequence, durable, durable, acknowledged, len(self.watchers) - acknowledged, 0)

    def tell(self, news: WatchNews) -> None:
        for watcher in self.watchers:
            watcher.queue.put_nowait(news)

    def orders(self) -> tuple[int, tuple[OrderReport, ...]]:
        return self.sequence, tuple(self.held.values())

    def watch(self, gateway: str, instance: str) -> FakeWatching:
        watcher = FakeWatching(self, gateway, instance)
        self.watchers.append(watcher)
        self.seen.append((gateway, instance))
        return watcher

    async def _acknowledged(self, wait: float) -> int:
        try:
            async with asyncio.timeout(wait):
                while any(w.acknowledged < self.sequence for w in self.watchers):
                    self.changed.clear()
                    await self.changed.wait()
        except TimeoutError:
            pass
        return sum(w.acknowledged >= self.sequence for w in self.watchers)


class FakeAuditPoint:
    """Three records; every reading is noted."""

    def __init__(self) -> None:
        self.records_held = tuple(StoredRecord(i, b'{"n":%d}' % i) for i in range(3))
        self.read: list[tuple[str, str]] = []

    async def trace(self, any_id: str, by: str) -> TraceReport:
        self.read.append(("trace", by))
        if any_id != "d1":
            raise NotFound(f"no record has the id {any_id!r}")
        proofs = tuple(Inclusion(r.index, 3, (b"\0" * 32,)) for r in self.records_held)
        return TraceReport(self.records_held, proofs, "note")

    async def records(self, start: int, limit: int, kind: str, by: str) -> RecordPage:
        self.read.append(("records", by))
        records = self.records_held[start : start + limit]
        after = start + limit
        return RecordPage(records, after if after < 3 else 0, 3)

    async def checkpoint(self, by: str) -> tuple[str, str]:
        self.read.append(("checkpoint", by))
        return "note", "key"

    async def inclusion(self, index: int, size: int, by: str) -> Inclusion:
        if index >= 3:
            raise InvalidRequest("index", "is beyond the tree of 3 records")
        return Inclusion(index, size or 3, (b"\1" * 32,))

    async def consistency(self, first: int, second: int, by: str) -> Consistency:
        return Consistency(first, second or 3, ())

    async def forget(self, subject: str, by: str) -> bool:
        return subject == "noor"


@dataclass(slots=True)
class FakeRuntime:
    """All of them. Build it inside the running event loop."""

    sessions: FakeSessionPoint = field(default_factory=FakeSessionPoint)
    grants: FakeGrantPoint = field(default_factory=FakeGrantPoint)
    revocations: FakeRevocationPoint = field(default_factory=FakeRevocationPoint)
    audit: FakeAuditPoint = field(default_factory=FakeAuditPoint)

    def points(self) -> RuntimePoints:
        return RuntimePoints(self.sessions, self.grants, self.revocations, self.audit)
