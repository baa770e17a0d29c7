"""Everything that decides, records and stops, wired as ``pdp.wiring`` does it, on a real data directory.

Only the clock, the ids, the salts of prompts and the sentence model (a small real one) are a test's own.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pdp.audit.prompts import Sealer
from pdp.config import Config
from pdp.data_directory import DataDirectory
from pdp.decision_point import DecisionPoint
from pdp.encoding import EncodingQueue
from pdp.grant.canonical import action_digest
from pdp.grant.model import Grant
from pdp.grant.token import Wanted, verify
from pdp.grant_point import GrantPoint
from pdp.intent.text import TextLimits
from pdp.ledger import SESSIONS, Commit, Ledger, Log
from pdp.memory import Memory
from pdp.policy.model import (
    Budget,
    Consequence,
    NarrowKind,
    RuleEffect,
    Scope,
    SessionSettings,
    Settings,
    TargetPattern,
)
from pdp.redeciding import Redecider
from pdp.runtime import Caller, OrderReceipt, OrderWanted, SessionAnswer, SessionRequest
from pdp.session.state import SessionState
from pdp.session.stored import from_bytes
from pdp.session_point import SessionPoint
from pdp.snapshot import Snapshot, Snapshots
from pdp.types import Action, Agent, Decision, JsonObject, Obligation, Principal, Request, Target
from pdp.wiring import keeper
from tests.builders import HERE, NOW, cut, intent, request, rule, snapshot_of
from tests.conftest import WordEncoder

GATEWAY = Caller("gateway-1")
OTHER_GATEWAY = Caller("gateway-2")
ENCODER = WordEncoder()
PURPOSE = "Read the unpaid invoices of a customer"
SEND = "Send the reminder letter to the debtor now"
AGENT, PRINCIPAL = Agent("agent-1", "run-7"), Principal("noor")

NOTIFY = Scope(obligations=(Obligation("notify"),))
AT_MOST_500 = rule(
    "has(action.params.limit) && action.params.limit > 500.0",
    RuleEffect.NARROW,
    name="cap",
    scope=Scope((cut(NarrowKind.AT_MOST, "limit", 500),)),
)
READING = intent(
    rules=(AT_MOST_500,),
    targets=(TargetPattern("table", "*"), TargetPattern("database", "*")),
    actions=("read", "list", "select"),
)
SENDING = intent("send-reminder", (SEND,), targets=(TargetPattern("mailbox", "*"),), actions=("send", "list"))


def budget(of: str, at_most: float, then: Consequence, name: str = "b", scope: Scope | None = None) -> Budget:
    """A budget of a bundle."""
    return Budget(name, of, at_most, then, f"message of {name}", HERE, scope or Scope())


def snapshot(*, required: bool = False, intents: Sequence[Any] = (READING, SENDING), **sessions: Any) -> Snapshot:
    """Reading invoices and sending reminders; ``sessions`` is what the bundle says of sessions."""
    settings = Settings(sessions=SessionSettings(required=required, **sessions))
    return snapshot_of(ENCODER, intents, settings=settings)


def ask(session: str = "", **changes: Any) -> Request:
    """A request to read invoices, of the one agent, in a session if there is one."""
    return request(**{"agent": AGENT, "principal": PRINCIPAL, "session_id": session, **changes})


def ask_to_send(session: str = "", utterance: str = SEND, **changes: Any) -> Request:
    """A request to send a reminder."""
    return ask(session, utterance=utterance, action="send", target=Target("mailbox", "own"), **changes)


async def fixed_keep(utterance: str, _subject: str) -> JsonObject:
    """A commitment that is the same every time."""
    return {"commitment": "00", "salt": "00", "characters": len(utterance)}


@dataclass
class House:
    """One process's parts on one data directory. ``clock`` is epoch seconds, moved by hand."""

    directory: Path
    snapshots: Snapshots
    data: DataDirectory
    encoding: EncodingQueue
    ledger: Ledger
    decisions: DecisionPoint
    sessions: SessionPoint
    grants: GrantPoint
    clock: list[float] = field(default_factory=lambda: [NOW])

    async def decide(self, asked: Request, caller: Caller = GATEWAY) -> Decision:
        """Ask."""
        return await self.decisions.decide(asked, caller, None)

    async def start(self, purpose: str = PURPOSE, **changes: Any) -> SessionAnswer:
        """Start a session of the one agent."""
        wanted = SessionRequest(**{"agent": AGENT, "purpose": purpose, "principal": PRINCIPAL, **changes})
        return await self.sessions.start(wanted, GATEWAY, None)

    async def both(self, **changes: Any) -> str:
        """A session within which both intents may be used."""
        answer = await self.start(intents=("read-invoices", "send-reminder"), **changes)
        assert answer.session_id, answer.reasons
        return answer.session_id

    async def order(self, kind: str, scope: str, value: str = "", **changes: Any) -> OrderReceipt:
        """Use the kill switch."""
        return await self.data.revocations.order(OrderWanted(kind, scope, value, "a test", **changes), "operator")

    def records(self, kind: str = "") -> list[JsonObject]:
        """The bodies of what is in the log, of one kind if one is named."""
        return [r.entry().body for r in self.data.reader.records() if kind in {"", r.kind}]

    def state(self, session: str) -> SessionState:
        """A session as it is kept."""
        stored = self.data.reader.get(SESSIONS, session)
        assert stored is not None
        return from_bytes(stored)

    def redecided(self, **snapshots: Snapshot) -> tuple[Redecider, list[str]]:
        """The whole log decided again: the one who did it, and everything that is not the same."""
        current = self.snapshots.current()
        known = {current.bundle.revision: current, **{s.bundle.revision: s for s in snapshots.values()}}
        redecider = Redecider(known.get)
        found = [
            (r.index, redecider.take(r.entry().kind, r.time, json.loads(r.stored)["body"]))
            for r in self.data.reader.records()
        ]
        return redecider, [f"{i}: {f.sameness.value} {f.text}" for i, f in found if f and f.sameness.value != "same"]

    def opened(self, decision: Decision, asked: Request, caller: Caller = GATEWAY) -> Grant:
        """The grant of a decision, verified for exactly what it narrows ``asked`` to."""
        assert decision.permit is not None
        narrowed = decision.verdict.narrowed or asked
        digest = action_digest(narrowed.target, narrowed.action, narrowed.payload)
        wanted = Wanted("pdp", caller.name, digest, caller.certificate)
        return verify(decision.permit.token, self.data.keys.public(NOW), wanted, self.clock[0])


@asynccontextmanager
async def open_house(
    directory: Path,
    current: Snapshot,
    *,
    wait: float = 10.0,
    keep: Commit | None = None,
    sealed: bool = False,
    hook: Callable[[Log], Log] = lambda log: log,
    begin: bool = True,
    prefix: str = "id",
) -> AsyncIterator[House]:
    """Open; ``hook`` wraps the log as the ledger sees it, ``prefix`` begins every id."""
    clock = [NOW]

    def now() -> float:
        return clock[0]

    numbers = itertools.count(1)

    def new_id() -> str:
        return f"{prefix}-{next(numbers)}"

    config = Config(bundle=directory, data_dir=directory, audit_wait=wait)
    data = DataDirectory.open(config, now, time.monotonic)
    keep = keep or keeper(Sealer(directory), sealed=sealed)
    encoding, memory, snapshots = EncodingQueue(1, 1000), Memory(100, TextLimits()), Snapshots(current)
    log, reader, journal, stops = data.log, data.reader, data.journal, data.revocations
    ledger = Ledger(hook(log), reader, journal, data.keys, keep, new_id, config.issuer, wait)
    ledger.stops_through(stops.order)
    house = House(
        directory,
        snapshots,
        data,
        encoding,
        ledger,
        DecisionPoint(snapshots, ENCODER, encoding, now, new_id, memory, ledger),
        SessionPoint(
            snapshots, ENCODER, encoding, memory, log, reader, journal, stops, keep, now, new_id, wait, b"s" * 32
        ),
        GrantPoint(
            log,
            reader,
            journal,
            stops,
            data.keys,
            lambda: snapshots.current().bundle.settings.sessions,
            now,
            new_id,
            config.issuer,
            wait,
        ),
        clock,
    )
    if begin:
        data.begin()
    try:
        yield house
    finally:
        await data.close()
        encoding.close()


def send_params(**params: Any) -> Action:
    """The action of sending, with parameters."""
    return Action("send", params)


def with_settings(current: Snapshot, **changes: Any) -> Snapshot:
    """The same bundle with other settings of sessions."""
    bundle = current.bundle
    settings = replace(bundle.settings, sessions=replace(bundle.settings.sessions, **changes))
    return replace(current, bundle=replace(bundle, settings=settings))
