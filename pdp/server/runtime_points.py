"""What the server consumes for runtime authority: sessions, grants in use, the kill switch, the trail."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from pdp.runtime import (
    AgentReport,
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
    TraceReport,
    WatchNews,
)
from pdp.types import Action, Payload, Target


class SessionPoint(Protocol):
    """Opens, ends and shows sessions."""

    async def start(self, wanted: SessionRequest, caller: Caller, deadline: float | None) -> SessionAnswer:
        """Open a session, or refuse it."""

    async def end(self, session_id: str, reason: str, caller: Caller, deadline: float | None) -> SessionEnd:
        """End it and every grant of it. Raises ``NotFound``."""

    async def get(self, session_id: str, caller: Caller) -> SessionReport:
        """How it stands. Raises ``NotFound``."""

    async def list(self, *, only_open: bool, agent: str, limit: int) -> tuple[SessionReport, ...]:
        """Sessions, the newest first."""

    async def agents(self) -> tuple[AgentReport, ...]:
        """Every agent that was declared or seen."""


class GrantPoint(Protocol):
    """What happens to a grant after it was issued."""

    async def consume(
        self,
        grant: str,
        target: Target,
        action: Action,
        payload: Payload | None,
        caller: Caller,
        deadline: float | None,
    ) -> Consumption:
        """Take one use."""

    async def attenuate(self, wanted: AttenuationRequest, caller: Caller, deadline: float | None) -> Attenuation:
        """A narrower grant for a sub-agent."""

    async def report(self, outcome: Outcome, caller: Caller, deadline: float | None) -> OutcomeAnswer:
        """Record what ran, and what decision and effect say together."""

    def keys(self) -> str:
        """The public keys as a JSON Web Key Set."""

    def holds(self, grant: str, caller: Caller) -> bool:
        """Whether no order speaks against a grant that was just issued to ``caller``."""


class Watching(Protocol):
    """One watching gateway: iterate for its news; ``acknowledge`` what it holds; ``close`` when it is gone."""

    def news(self) -> AsyncIterator[WatchNews]:
        """A snapshot, then orders and heartbeats."""

    def acknowledge(self, sequence: int) -> None:
        """The gateway holds everything up to ``sequence``."""

    def close(self) -> None:
        """It is gone."""


class RevocationPoint(Protocol):
    """The kill switch."""

    async def order(self, wanted: OrderWanted, by: str) -> OrderReceipt:
        """Kill, quarantine or lift; in force in every process before it returns. Raises ``InvalidRequest``."""

    def orders(self) -> tuple[int, tuple[OrderReport, ...]]:
        """The newest sequence and what is in force."""

    def watch(self, gateway: str, instance: str) -> Watching:
        """Follow the orders."""


class AuditPoint(Protocol):
    """The trail. Each reading is recorded with who read."""

    async def trace(self, any_id: str, by: str) -> TraceReport:
        """Everything recorded about an id. Raises ``NotFound``."""

    async def records(self, start: int, limit: int, kind: str, by: str) -> RecordPage:
        """Records from an index on."""

    async def checkpoint(self, by: str) -> tuple[str, str]:
        """The newest checkpoint and the key that verifies it."""

    async def inclusion(self, index: int, size: int, by: str) -> Inclusion:
        """Raises ``InvalidRequest`` for an index or size beyond the tree."""

    async def consistency(self, first: int, second: int, by: str) -> Consistency:
        """Likewise."""

    async def forget(self, subject: str, by: str) -> bool:
        """Erase the key of a subject's prompts; whether there was one."""


@dataclass(frozen=True, slots=True)
class RuntimePoints:
    """All of them."""

    sessions: SessionPoint
    grants: GrantPoint
    revocations: RevocationPoint
    audit: AuditPoint
