"""A stop that comes between any two steps, and stops while disk or model are stuck."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pdp.audit.read import AuditReader
from pdp.audit.transaction import Transaction
from pdp.errors import AuditUnavailable
from pdp.ledger import Log
from pdp.revocation.journal import RevocationJournal
from pdp.revocation.order import Op, Scope
from pdp.revocation.table import Subjects
from pdp.runtime import AttenuationRequest
from pdp.types import Agent, Decision, Effect, ReasonCode
from tests.builders import NOW
from tests.runtime.conftest import Opens
from tests.runtime.house import (
    ENCODER,
    GATEWAY,
    House,
    ask,
    ask_to_send,
    snapshot,
)

SCOPES = {
    "session": "",
    "task": "T-1",
    "agent": "agent-1",
    "instance": "agent-1/run-7",
    "principal": "noor",
    "target": "mailbox/*",
    "intent": "send-reminder",
    "gateway": "gateway-1",
    "everything": "",
}


class Between:
    """The log as the ledger sees it, with something that happens at a step of each commit."""

    def __init__(self, log: Log, step: str, happen: Callable[[], None]) -> None:
        self._log = log
        self._step = step
        self._happen = happen
        self.happened = 0

    async def commit(self, job: Callable[[Transaction], object], deadline: float | None = None) -> object:
        def inside(transaction: Transaction) -> object:
            self._at("in the transaction, first")
            done = job(transaction)
            self._at("in the transaction, last")
            return done

        self._at("before the commit")
        done = await self._log.commit(inside, deadline)
        self._at("after the commit")
        return done

    def _at(self, step: str) -> None:
        if step == self._step and not self.happened:
            self.happened += 1
            self._happen()


STEPS = ("before the commit", "in the transaction, first", "in the transaction, last", "after the commit")


@pytest.mark.parametrize(
    ("op", "scope"),
    [*((Op.KILL, scope) for scope in sorted(SCOPES)), (Op.QUARANTINE, "agent"), (Op.QUARANTINE, "intent")],
)
@pytest.mark.parametrize("step", STEPS)
async def test_an_order_between_two_steps_lets_no_grant_leave(
    step: str, scope: str, op: Op, opens: Opens, tmp_path: Path
) -> None:
    """Another process orders, at a step of ours: the answer is a deny, and the log says so or that it was withheld."""
    hooks: list[Between] = []
    sessions: list[str] = []

    def order() -> None:
        with RevocationJournal.open(tmp_path / "data" / "revocations.jsonl") as other:
            value = sessions[0] if scope == "session" else SCOPES[scope]
            other.append(op, Scope(scope), value, reason="a test", by="other", time=NOW)

    def hook(log: Log) -> Log:
        hooks.append(Between(log, step, order))
        return hooks[0]

    async with opens(snapshot(), hook=hook, begin=False) as house:
        sessions.append(await house.both(task="T-1"))
        decision = await house.decide(ask_to_send(sessions[0]))
        assert hooks[0].happened == 1
        demand_stopped(house, decision)


def demand_stopped(house: House, decision: Decision) -> None:
    """Nothing left, and the log does not say otherwise."""
    assert decision.permit is None
    assert decision.verdict.effect is Effect.DENY
    assert decision.verdict.reasons[0].code in {ReasonCode.REVOKED, ReasonCode.QUARANTINED}
    (record,) = house.records("decision")
    withheld = [r["withheld"] for r in house.records("revocation") if "withheld" in r]
    assert record["effect"] == "deny" or withheld == [decision.decision_id]


async def test_an_order_while_the_model_reads_is_obeyed(opens: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model is stuck, the order comes, the model goes on: nothing is granted."""
    reads, goes_on, whole = threading.Event(), threading.Event(), type(ENCODER).encode

    def stuck(self: Any, texts: Any) -> Any:
        reads.set()
        assert goes_on.wait(10)
        return whole(self, texts)

    async with opens(snapshot()) as house:
        monkeypatch.setattr(type(ENCODER), "encode", stuck)
        answer = asyncio.create_task(house.decide(ask_to_send()))
        assert await asyncio.to_thread(reads.wait, 10)
        receipt = await house.order("kill", "agent", "agent-1")
        goes_on.set()
        assert receipt.audited
        demand_stopped(house, await answer)


async def test_nothing_is_admitted_after_a_kill_has_returned(opens: Opens) -> None:
    """Two processes under load; the kill goes through one of them. What is asked or answered afterwards is denied."""
    async with opens(snapshot()) as one, opens(snapshot(), prefix="other") as two:
        returned: list[float] = []
        late: list[Decision] = []
        granted = 0

        async def load(house: House) -> None:
            nonlocal granted
            while not returned or time.monotonic() < returned[0] + 0.2:
                decision = await house.decide(ask())
                granted += decision.permit is not None
                if returned and decision.permit is not None:
                    late.append(decision)

        tasks = [asyncio.create_task(load(house)) for house in (one, two) * 8]
        await asyncio.sleep(0.3)
        await one.order("kill", "agent", "agent-1")
        returned.append(time.monotonic())
        await asyncio.gather(*tasks)
        assert granted > 10
        assert late == []


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("scope", ["session", "grant"])
async def test_a_use_is_not_taken_from_a_grant_that_is_killed_meanwhile(
    step: str, scope: str, opens: Opens, tmp_path: Path
) -> None:
    """The gateway waits for the use to be written down, the kill comes, and then it must not run."""
    async with opens(snapshot()) as house:
        session = await house.both()
        asked = ask_to_send(session)
        decision = await house.decide(asked)
        assert decision.permit is not None
        values = {"session": session, "agent": "agent-1", "grant": decision.permit.id, "target": "mailbox/own"}

        def order() -> None:
            with RevocationJournal.open(tmp_path / "data" / "revocations.jsonl") as other:
                other.append(Op.KILL, Scope(scope), values[scope], reason="a test", by="other", time=NOW)

        house.grants._log = Between(house.data.log, step, order)
        taken = await house.grants.consume(decision.permit.token, asked.target, asked.action, None, GATEWAY, None)
        assert (taken.consumed, taken.refusal) == (False, "revoked")


@pytest.mark.parametrize("step", STEPS)
async def test_no_attenuated_grant_leaves_after_a_kill(step: str, opens: Opens, tmp_path: Path) -> None:
    """The parent's session is killed while the narrower grant is written down."""
    async with opens(snapshot()) as house:
        session = await house.both()
        decision = await house.decide(ask_to_send(session))
        assert decision.permit is not None

        def order() -> None:
            with RevocationJournal.open(tmp_path / "data" / "revocations.jsonl") as other:
                other.append(Op.KILL, Scope.SESSION, session, reason="a test", by="other", time=NOW)

        house.grants._log = Between(house.data.log, step, order)
        wanted = AttenuationRequest(decision.permit.token, Agent("agent-sub"))
        child = await house.grants.attenuate(wanted, GATEWAY, None)
        assert (child.grant, child.refusal) == ("", "revoked")


class Stuck:
    """A disk whose fsync does not return until it is released."""

    def __init__(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        self.release = threading.Event()
        store = house.data.log._writer._store
        commit, sync = store._commit, RevocationJournal.sync

        def stuck_commit(connection: Any) -> None:
            self.release.wait(20)
            commit(connection)

        def stuck_sync(journal: RevocationJournal) -> None:
            self.release.wait(20)
            sync(journal)

        monkeypatch.setattr(store, "_commit", stuck_commit)
        monkeypatch.setattr(RevocationJournal, "sync", stuck_sync)


async def test_a_stuck_disk_denies_and_delays_no_kill(
    opens: Opens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decide waits as long as it is told to, then denies; a kill is in force all the same and says what it is not."""
    async with opens(snapshot(), wait=0.3) as house:
        stuck = Stuck(house, monkeypatch)
        try:
            started = time.monotonic()
            decision = await house.decide(ask())
            assert 0.25 < time.monotonic() - started < 10
            assert decision.permit is None
            assert decision.verdict.reasons[0].code is ReasonCode.AUDIT_UNAVAILABLE
            with RevocationJournal.open(tmp_path / "data" / "revocations.jsonl") as elsewhere:
                started = time.monotonic()
                receipt = asyncio.create_task(house.order("kill", "agent", "agent-1"))
                while elsewhere.find(Subjects(agent="agent-1"), NOW) is None:
                    assert time.monotonic() - started < 5
                    await asyncio.sleep(0.001)
            again = await house.decide(ask())
            assert again.permit is None
            told = await receipt
            assert (told.durable, told.audited) == (False, False)
        finally:
            stuck.release.set()
        await asyncio.sleep(0.1)
        lifted = await house.order("lift", "agent", "agent-1")
        assert (lifted.durable, lifted.audited) == (True, True)
        assert (await house.decide(ask())).permit is not None


async def test_a_stuck_disk_does_not_wear_the_kill_switch_out(opens: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many kills wait for the disk, the next one is in force at once."""
    async with opens(snapshot(), wait=0.2) as house:
        stuck = Stuck(house, monkeypatch)
        try:
            for round_ in range(4):
                started = time.monotonic()
                tasks = [asyncio.create_task(house.order("kill", "agent", f"a-{round_}-{n}")) for n in range(12)]
                while any(house.data.journal.find(Subjects(agent=f"a-{round_}-{n}"), NOW) is None for n in range(12)):
                    assert time.monotonic() - started < 5, f"round {round_}"
                    await asyncio.sleep(0.002)
                told = await asyncio.gather(*tasks)
                assert not any(t.durable or t.audited for t in told)
        finally:
            stuck.release.set()


async def test_a_kill_is_obeyed_where_the_disk_no_longer_answers_for_sessions(
    opens: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log cannot even be read: decisions are denied with the log's reason, killed ones with the kill's."""

    def fails(*_: Any) -> Any:
        raise AuditUnavailable("the audit log cannot be read")

    async with opens(snapshot()) as house:
        session = await house.both()
        monkeypatch.setattr(AuditReader, "get", fails)
        decision = await house.decide(ask(session))
        assert decision.permit is None
        assert decision.verdict.reasons[0].code is ReasonCode.AUDIT_UNAVAILABLE
        await house.order("kill", "session", session)
        killed = await house.decide(ask(session))
        assert killed.verdict.reasons[0].code is ReasonCode.REVOKED
        monkeypatch.undo()


async def test_ending_a_session_ends_its_grants(opens: Opens) -> None:
    """By an order that every gateway hears of; ending it twice orders once."""
    async with opens(snapshot()) as house:
        session = await house.both()
        asked = ask(session)
        decision = await house.decide(asked)
        assert decision.permit is not None
        ended = await house.sessions.end(session, "done", GATEWAY, None)
        assert (ended.grants_ended, ended.was_open) == (1, True)
        taken = await house.grants.consume(decision.permit.token, asked.target, asked.action, None, GATEWAY, None)
        assert taken.refusal == "revoked"
        again = await house.sessions.end(session, "done", GATEWAY, None)
        assert (again.grants_ended, again.was_open) == (0, False)
        assert len([r for r in house.records("revocation") if r.get("kind") == "kill"]) == 1


async def test_a_kill_of_a_signing_key_stops_what_it_signs(opens: Opens) -> None:
    """And only that: the next key is trusted."""
    async with opens(snapshot()) as house:
        decision = await house.decide(ask())
        assert decision.permit is not None
        key = house.data.keys.signing_key(NOW)
        await house.order("kill", "key", key.id)
        assert (await house.decide(ask())).verdict.reasons[0].code is ReasonCode.REVOKED
        asked = ask()
        taken = await house.grants.consume(decision.permit.token, asked.target, asked.action, None, GATEWAY, None)
        assert taken.refusal == "revoked"
        house.data.keys.rotate(NOW - 60, announce=61.0)
        house.clock[0] = NOW + 2
        assert (await house.decide(replace(asked, request_id="q2"))).permit is not None
