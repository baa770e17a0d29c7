"""What the server consumes: its points, given to it as ``Parts``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pdp.errors import Problem
from pdp.reports import Activation, Check, Edit, Status
from pdp.runtime import Caller, Holding
from pdp.server.runtime_points import RuntimePoints
from pdp.types import Decision, Request


class Fleet(Protocol):
    """All worker processes of this service."""

    @property
    def workers(self) -> int:
        """How many worker processes serve."""

    async def activate(self, path: Path, expected_revision: str) -> None:
        """Every worker prepares, then all commit. Raises ``BundleError``; then none has committed."""

    async def settled(self, sequence: int, wait: float) -> Holding:
        """Every other worker has seen the order ``sequence``; how their gateways stand after ``wait`` seconds."""


class DecisionPoint(Protocol):
    """Decides. ``deadline`` is in seconds of the event loop's clock (``time.monotonic``)."""

    async def decide(self, request: Request, caller: Caller, deadline: float | None) -> Decision:
        """Answer one question of ``caller``; a deny is an answer, an error is none."""

    async def explain(self, request: Request, caller: Caller, deadline: float | None) -> Decision:
        """The same evaluation with ``verdict.trace`` set."""


class AdministrationPoint(Protocol):
    """Administers one process, and through a fleet all of them."""

    def join(self, fleet: Fleet) -> None:
        """Activate through ``fleet`` from now on."""

    def status(self) -> Status:
        """What is in force."""

    async def activate(self, path: Path | None = None, expected_revision: str = "") -> Activation:
        """Bring a bundle into force everywhere, or nowhere."""

    async def check(self, path: Path | None = None) -> Check:
        """The same without activating."""

    async def add_exemplar(self, intent: str, text: str, *, counter: bool = False) -> Edit:
        """Add an exemplar and activate."""

    async def remove_exemplar(self, intent: str, text: str, *, counter: bool = False) -> Edit:
        """Remove an exemplar and activate."""

    async def prepare(self, path: Path, expected_revision: str = "") -> str:
        """First phase in this process: build and test beside what is in force; the revision."""

    def commit(self, revision: str) -> None:
        """Second phase in this process: put what was prepared in force."""

    def discard(self) -> None:
        """Forget what was prepared."""

    def note_problems(self, problems: tuple[Problem, ...]) -> None:
        """Remember why the newest files are not in force."""


Observe = Callable[[str, str, float], None]
"""Called once for each finished call or item: method, error code or ``ok``, seconds."""


def unobserved(method: str, code: str, seconds: float) -> None:
    """Record nothing."""


async def nothing_to_close() -> None:
    """Close nothing."""


def nothing_to_begin() -> None:
    """Begin nothing."""


def nothing_to_join(_fleet: Fleet) -> None:
    """Join nothing."""


Note = Callable[[str, str, str], Awaitable[None]]
"""Records what an administrator did: method, who, what. Raises ``AuditUnavailable``."""


async def nothing_noted(_method: str, _by: str, _what: str) -> None:
    """Note nothing."""


async def nobody_settled(_sequence: int, _wait: float) -> Holding:
    """Nobody watches."""
    return Holding()


@dataclass(frozen=True, slots=True)
class Parts:
    """What one process serves. ``begin`` is called in the event loop once the port is open, ``close`` awaited last.

    ``join``: take part in a fleet; ``settled``: this process has seen an order of another one;
    ``note``: record what an administrator did.
    ``revision`` gives a word for all that an answer hangs on besides the question: the revision in force, with what
    changes between activations (the newest order) behind it; empty while no bundle is in force. Without ``runtime``
    the services of sessions, grants, orders and the trail are UNIMPLEMENTED.
    """

    decisions: DecisionPoint
    administration: AdministrationPoint
    revision: Callable[[], str]
    close: Callable[[], Awaitable[None]] = nothing_to_close
    observe: Observe = unobserved
    runtime: RuntimePoints | None = None
    begin: Callable[[], None] = nothing_to_begin
    join: Callable[[Fleet], None] = nothing_to_join
    settled: Callable[[int, float], Awaitable[Holding]] = nobody_settled
    note: Note = nothing_noted
