"""Sessions, grants, orders and the trail for ``Client``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TypeVar

from pdp.client import runtime_operations as operations
from pdp.client.operations import Operation
from pdp.client.refusals import no_grant, no_session, no_use
from pdp.client.terms import Terms
from pdp.runtime import (
    AgentReport,
    Attenuation,
    AttenuationRequest,
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
)
from pdp.types import Action, Payload, Target
from pdp.wire.grant import Use

R = TypeVar("R")


class RuntimeCalls(ABC):
    """The methods of runtime authority. ``timeout`` is in seconds; without it the terms' applies.

    An order names a scope (``agent``, ``session`` ...) and in it a value; it holds for ``seconds`` (0: until it is
    lifted) and waits ``wait`` seconds for gateways to acknowledge it, beyond the time that a call takes.

    ``start_session``, ``consume`` and ``attenuate`` never raise for want of an answer: they refuse, and say why. All
    others raise ``PdpError``.
    """

    _terms: Terms

    @abstractmethod
    def _run(self, operation: Operation[R], timeout: float | None) -> R:
        """Carry out a call. Raises ``PdpError``."""

    def start_session(self, wanted: SessionRequest, timeout: float | None = None) -> SessionAnswer:
        """Open a session. Refused: its ``session_id`` is empty."""
        try:
            return self._run(operations.start_session(self._terms.named_session(wanted)), timeout)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong, there is no session
            return no_session(self._terms.settled(error))

    def end_session(self, session_id: str, reason: str = "", timeout: float | None = None) -> SessionEnd:
        """End a session and every grant of it. Raises ``NotFound``."""
        return self._run(operations.end_session(session_id, reason), timeout)

    def session(self, session_id: str, timeout: float | None = None) -> SessionReport:
        """How a session stands. Raises ``NotFound``."""
        return self._run(operations.session(session_id), timeout)

    def sessions(
        self, *, only_open: bool = False, agent: str = "", limit: int = 0, timeout: float | None = None
    ) -> tuple[SessionReport, ...]:
        """Sessions, the newest first; 0: at most 100."""
        return self._run(operations.sessions(only_open=only_open, agent=agent, limit=limit), timeout)

    def agents(self, timeout: float | None = None) -> tuple[AgentReport, ...]:
        """Every agent that was declared or seen."""
        return self._run(operations.agents(), timeout)

    def consume(
        self, grant: str, target: Target, action: Action, payload: Payload | None = None, timeout: float | None = None
    ) -> Consumption:
        """Take one use of a grant for exactly this. Only ``consumed`` lets it run."""
        try:
            return self._run(operations.consume(Use(grant, target, action, payload)), timeout)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong, nothing may run
            return no_use(self._terms.settled(error))

    def attenuate(self, wanted: AttenuationRequest, timeout: float | None = None) -> Attenuation:
        """A narrower grant for a sub-agent. Refused: its ``grant`` is empty."""
        try:
            return self._run(operations.attenuate(wanted), timeout)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong, there is no grant
            return no_grant(self._terms.settled(error))

    def keys(self, timeout: float | None = None) -> str:
        """The public keys that verify grants, as a JSON Web Key Set."""
        return self._run(operations.keys(), timeout)

    def report_outcome(self, outcome: Outcome, timeout: float | None = None) -> OutcomeAnswer:
        """Say what really ran. Raises ``NotFound`` for a decision nobody made."""
        return self._run(operations.report_outcome(outcome), timeout)

    def kill(
        self,
        scope: str,
        value: str = "",
        *,
        reason: str = "",
        cause: str = "",
        seconds: float = 0.0,
        wait: float = 0.0,
        timeout: float | None = None,
    ) -> OrderReceipt:
        """Nothing of a scope is allowed any more, and its grants end."""
        return self._order(OrderWanted("kill", scope, value, reason, cause, seconds, wait), timeout)

    def quarantine(
        self,
        scope: str,
        value: str = "",
        *,
        reason: str = "",
        cause: str = "",
        seconds: float = 0.0,
        wait: float = 0.0,
        timeout: float | None = None,
    ) -> OrderReceipt:
        """Only reads of a scope are allowed."""
        return self._order(OrderWanted("quarantine", scope, value, reason, cause, seconds, wait), timeout)

    def lift(
        self, scope: str, value: str = "", *, reason: str = "", wait: float = 0.0, timeout: float | None = None
    ) -> OrderReceipt:
        """End the kill or quarantine of exactly this scope and value."""
        return self._order(OrderWanted("lift", scope, value, reason, wait=wait), timeout)

    def orders(self, timeout: float | None = None) -> tuple[int, tuple[OrderReport, ...]]:
        """The newest sequence and what is in force."""
        return self._run(operations.orders(), timeout)

    def trace(self, any_id: str, timeout: float | None = None) -> TraceReport:
        """Everything recorded about an id. Raises ``NotFound``."""
        return self._run(operations.trace(any_id), timeout)

    def records(self, start: int = 0, limit: int = 0, kind: str = "", timeout: float | None = None) -> RecordPage:
        """Records from an index on; 0: at most 100."""
        return self._run(operations.records(start, limit, kind), timeout)

    def checkpoint(self, timeout: float | None = None) -> tuple[str, str]:
        """The newest checkpoint and the key that verifies it."""
        return self._run(operations.checkpoint(), timeout)

    def inclusion(self, index: int, size: int = 0, timeout: float | None = None) -> Inclusion:
        """The proof that a record is in the tree of ``size`` records; 0: of the newest checkpoint."""
        return self._run(operations.inclusion(index, size), timeout)

    def consistency(self, first: int, second: int = 0, timeout: float | None = None) -> Consistency:
        """The proof that the tree of ``first`` records only grew; ``second`` 0: to the newest checkpoint."""
        return self._run(operations.consistency(first, second), timeout)

    def forget(self, subject: str, timeout: float | None = None) -> bool:
        """Erase the key of a subject's prompts; whether there was one."""
        return self._run(operations.forget(subject), timeout)

    def _order(self, wanted: OrderWanted, timeout: float | None) -> OrderReceipt:
        return self._run(operations.order(wanted), self._terms.timeout + wanted.wait if timeout is None else timeout)
