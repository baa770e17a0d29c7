"""What holds whatever is asked and ordered, in whatever order: on real files, for drawn histories."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from pdp.errors import InvalidRequest
from pdp.grant.canonical import action_digest
from pdp.policy.model import Cause, Consequence, DriftSettings, Reach, Stop, Trigger
from pdp.revocation.order import Op
from pdp.revocation.table import Subjects
from pdp.runtime import Observed, Outcome
from pdp.snapshot import Snapshot
from pdp.types import Agent, Decision, Effect, ReasonCode, Request
from tests.builders import HERE
from tests.runtime.conftest import Opens
from tests.runtime.house import (
    AGENT,
    GATEWAY,
    NOTIFY,
    OTHER_GATEWAY,
    PRINCIPAL,
    House,
    ask,
    ask_to_send,
    budget,
    open_house,
    snapshot,
)

BESIDE = "Paint the garden fence green"
RANK = {Effect.DENY: 0, Effect.NARROW: 1, Effect.ALLOW: 2}
FEW = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))

REQUESTS = {
    "read": ask(),
    "read much": ask(params={"limit": 9000}),
    "read little": ask(params={"limit": 3}),
    "beside": ask(utterance=BESIDE),
    "nothing said": ask(utterance=""),
    "drop": ask(action="drop"),
    "send": ask_to_send(),
    "read as send": replace(ask_to_send(), target=ask().target, action=ask().action),
    "in doubt": ask(utterance="Read the unpaid invoices of a customer in the garden tonight"),
    "stranger": ask(agent=Agent("agent-2")),
}
SCOPES = {
    "session": "",
    "agent": "agent-1",
    "instance": "agent-1/run-7",
    "principal": "noor",
    "target": "table/invoices",
    "intent": "send-reminder",
    "gateway": "gateway-1",
    "everything": "",
}
STEPS = st.one_of(
    st.tuples(st.just("decide"), st.sampled_from(sorted(REQUESTS)), st.booleans()),
    st.tuples(st.just("decide"), st.sampled_from(sorted(REQUESTS)), st.just(True)),
    st.tuples(st.sampled_from(("kill", "quarantine", "lift")), st.sampled_from(sorted(SCOPES))),
    st.tuples(st.just("wait"), st.sampled_from((0.5, 30.0, 400.0))),
    st.tuples(st.just("use")),
    st.tuples(st.just("report"), st.integers(0, 10**6)),
    st.tuples(st.just("end")),
)
BUDGETS = st.lists(
    st.builds(
        budget,
        st.sampled_from(("decisions", "denied", "reads", "changes", "targets", "live_authority", "rows", "drift")),
        st.sampled_from((0.0, 1.0, 2.0, 50.0)),
        st.sampled_from(Consequence),
        st.sampled_from(("b1", "b2")),
        st.just(NOTIFY),
    ),
    max_size=2,
).map(tuple)
TRIGGERS = st.lists(
    st.builds(
        Trigger,
        st.sampled_from((Cause.DENIALS, Cause.BUDGET, Cause.DRIFT)),
        st.sampled_from(Stop),
        st.sampled_from(Reach),
        st.just(HERE),
        st.just(2),
        st.sampled_from((None, 60)),
    ),
    max_size=1,
).map(tuple)
DRIFTS = st.builds(DriftSettings, st.just(2), st.sampled_from((0.2, 0.6)), st.sampled_from((0.7, 1.0)))
BUNDLES = st.builds(lambda b, t, d: snapshot(budgets=b, triggers=t, drift=d), BUDGETS, TRIGGERS, DRIFTS)


class Player:
    """Plays steps in a house and looks at every answer."""

    def __init__(self, house: House, session: str) -> None:
        self.house = house
        self.session = session
        self.granted: list[tuple[Request, Decision]] = []

    async def play(self, step: tuple[Any, ...]) -> None:
        match step:
            case "decide", name, in_session:
                await self.decide(replace(REQUESTS[name], session_id=self.session if in_session else ""))
            case ("kill" | "quarantine" | "lift") as kind, scope:
                await self.house.order(kind, scope, SCOPES[scope] or (self.session if scope == "session" else ""))
            case "wait", seconds:
                self.house.clock[0] += seconds
            case ("use",):
                await self.use()
            case "report", rows:
                await self.report(rows)
            case ("end",):
                await self.house.sessions.end(self.session, "", GATEWAY, None)

    async def decide(self, asked: Request) -> None:
        decision = await self.house.decide(asked)
        about = Subjects(
            session=asked.session_id,
            agent=asked.agent.id,
            instance=asked.agent.instance,
            principal=asked.principal.id,
            target_kind=asked.target.kind,
            target_name=asked.target.name,
            intent=decision.verdict.match.intent if decision.verdict.match else "",
            gateway=GATEWAY.name,
        )
        order = self.house.data.journal.find(about, self.house.clock[0])
        (record,) = [r for r in self.house.records("decision") if r["decision_id"] == decision.decision_id]
        withheld = [r for r in self.house.records("revocation") if r.get("withheld") == decision.decision_id]
        if decision.permit is None:
            assert decision.verdict.effect is Effect.DENY
            assert record["effect"] == "deny" or withheld
            return
        assert decision.verdict.effect is not Effect.DENY
        assert record["effect"] == decision.verdict.effect.value
        assert record["grant"]["jti"] == decision.permit.id
        grant = self.house.opened(decision, asked)  # its digest is that of the narrowed request, and of nothing else
        narrowed = decision.verdict.narrowed
        if narrowed is not None and (narrowed.target, narrowed.action) != (asked.target, asked.action):
            assert grant.digest != action_digest(asked.target, asked.action, asked.payload)
        assert order is None or (order.op is Op.QUARANTINE and grant.detail.reads)
        self.granted.append((asked, decision))

    async def use(self) -> None:
        for asked, decision in self.granted[-1:]:
            ran = decision.verdict.narrowed or asked
            assert decision.permit is not None
            await self.house.grants.consume(decision.permit.token, ran.target, ran.action, ran.payload, GATEWAY, None)

    async def report(self, rows: int) -> None:
        for _, decision in self.granted[-1:]:
            await self.house.grants.report(
                Outcome(decision.decision_id, Observed.OCCURRED, rows=rows, bytes=3 * rows), GATEWAY, None
            )


@FEW
@given(BUNDLES, st.lists(STEPS, max_size=14))
def test_nothing_is_granted_without_its_record_and_every_record_says_why_again(
    current: Snapshot, steps: list[tuple[Any, ...]]
) -> None:
    """No allow or narrow without a durable record and a grant for exactly the narrowed request; the log replays."""

    async def run(directory: Path) -> None:
        async with open_house(directory, current) as house:
            session = await house.both(seconds=600.0)
            player = Player(house, session)
            for step in steps:
                await player.play(step)
            redecider, differing = house.redecided()
            assert differing == []
            assert redecider.state(session) == house.state(session)

    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(run(Path(directory)))


@FEW
@given(BUNDLES, st.lists(st.sampled_from(sorted(REQUESTS)), min_size=1, max_size=8))
def test_a_session_never_widens(current: Snapshot, names: list[str]) -> None:
    """Budgets, drift and purpose only take away: what a session is given it would be given outside of one, or more."""

    async def run(directory: Path) -> None:
        async with open_house(directory, current) as house:
            session = await house.both()
            for name in names:
                inside = (await house.decide(replace(REQUESTS[name], session_id=session))).verdict
                await house.order("lift", "session", session)
                await house.order("lift", "agent", "agent-1")
                await house.order("lift", "instance", "agent-1/run-7")
                await house.order("lift", "principal", "noor")
                outside = (await house.decide(REQUESTS[name])).verdict
                assert RANK[inside.effect] <= RANK[outside.effect]
                if outside.narrowed is not None and inside.narrowed is not None:
                    assert inside.narrowed == outside.narrowed  # this bundle's budgets only add obligations
                assert set(outside.obligations) <= set(inside.obligations) or inside.effect is Effect.DENY

    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(run(Path(directory)))


@pytest.mark.parametrize("name", sorted(REQUESTS))
async def test_quarantine_leaves_only_reading(name: str, opens: Opens) -> None:
    """Whatever else is granted is not granted any more, and nothing that was denied is granted for it."""
    async with opens(snapshot()) as house:
        before = await house.decide(REQUESTS[name])
        await house.order("quarantine", "everything")
        after = await house.decide(REQUESTS[name])
        reads = before.permit is not None and house.opened(before, REQUESTS[name]).detail.reads
        assert (after.permit is not None) == reads
        if before.permit is not None and not reads:
            assert after.verdict.reasons[0].code is ReasonCode.QUARANTINED


async def test_a_session_is_exact_through_two_processes_at_once(opens: Opens) -> None:
    """Through two logs on one directory: every decision is counted once, as its record says, and replays the same."""
    names = ("read", "send", "beside", "drop", "read much")
    async with opens(snapshot()) as one, opens(snapshot(), prefix="other") as two:
        session = await one.both()
        asks = [
            (one, two)[n % 2].decide(replace(REQUESTS[names[n % len(names)]], session_id=session)) for n in range(60)
        ]
        answers = await asyncio.gather(*asks)
        counters, records = two.state(session).counters, one.records("decision")
        assert len(records) == len({r["decision_id"] for r in records}) == 60
        for effect in Effect:
            answered = sum(a.verdict.effect is effect for a in answers)
            recorded = sum(r["effect"] == effect.value for r in records)
            counted = {Effect.ALLOW: counters.allowed, Effect.NARROW: counters.narrowed, Effect.DENY: counters.denied}
            assert answered == recorded == counted[effect]
        assert one.state(session).version == 60
        redecider, differing = one.redecided()
        assert differing == []
        assert redecider.state(session) == one.state(session) == two.state(session)


async def test_a_budget_holds_to_the_last_one_under_concurrency(opens: Opens) -> None:
    """Forty at once in two processes, seven may: seven do."""
    current = snapshot(budgets=(budget("reads", 7, Consequence.DENY),))
    async with opens(current) as one, opens(current, prefix="other") as two:
        session = await one.both()
        answers = await asyncio.gather(*((one, two)[n % 2].decide(ask(session)) for n in range(40)))
        assert sum(a.permit is not None for a in answers) == 7
        refused = [a for a in answers if a.permit is None]
        assert {a.verdict.reasons[0].code for a in refused} == {ReasonCode.BUDGET_EXCEEDED}
        assert one.redecided()[1] == []


async def test_a_grant_is_used_as_often_as_it_says_under_concurrency(opens: Opens) -> None:
    """Two shared gateways, one use: one of them gets it; the other is told it is a replay."""
    async with opens(snapshot()) as one, opens(snapshot(), prefix="other") as two:
        asked = ask(await one.both())
        decision = await one.decide(asked)
        assert decision.permit is not None
        uses = [
            house.grants.consume(decision.permit.token, asked.target, asked.action, None, GATEWAY, None)
            for house in (one, two) * 8
        ]
        taken = await asyncio.gather(*uses)
        assert sum(c.consumed for c in taken) == 1
        assert {c.refusal for c in taken if not c.consumed} == {"replayed"}
        elsewhere = await two.grants.consume(
            decision.permit.token, asked.target, asked.action, None, OTHER_GATEWAY, None
        )
        assert elsewhere.refusal == "wrong_audience"


async def test_sessions_and_orders_survive_a_restart(opens: Opens) -> None:
    """The next process knows what the last one counted, ended, killed and spent."""
    async with opens(snapshot()) as house:
        session, ended = await house.both(), await house.both()
        asked = ask(session)
        first = await house.decide(asked)
        assert first.permit is not None
        await house.sessions.end(ended, "done", GATEWAY, None)
        await house.order("kill", "target", "mailbox/*")
        assert (
            await house.grants.consume(first.permit.token, asked.target, asked.action, None, GATEWAY, None)
        ).consumed
        before = house.state(session)
    async with opens(snapshot(), prefix="later") as house:
        assert house.state(session) == before
        assert (await house.decide(ask(ended))).verdict.reasons[0].code is ReasonCode.SESSION_OVER
        assert (await house.decide(ask_to_send(session))).verdict.reasons[0].code is ReasonCode.REVOKED
        again = await house.grants.consume(first.permit.token, asked.target, asked.action, None, GATEWAY, None)
        assert again.refusal == "replayed"
        assert (await house.decide(ask(session))).permit is not None
        assert house.redecided()[1] == []


async def test_a_session_is_started_once_by_its_request_id(opens: Opens) -> None:
    """Retries at once and in two processes give the one session; another question under the same id is an error."""
    async with opens(snapshot()) as one, opens(snapshot(), prefix="other") as two:
        answers = await asyncio.gather(*((one, two)[n % 2].start(request_id="r1", task="T-1") for n in range(10)))
        assert len({a.session_id for a in answers}) == 1
        assert len(one.records("session")) == 1
        for changes in (
            {"task": "T-2"},
            {"agent": Agent("agent-2")},
            {"agent": replace(AGENT, instance="run-8")},
            {"principal": replace(PRINCIPAL, id="kim")},
            {"purpose": "Show open invoices of one customer"},
        ):
            with pytest.raises(InvalidRequest, match="request_id"):
                await one.start(**{"request_id": "r1", "task": "T-1", **changes})
        assert (await one.start(request_id="r2", task="T-1")).session_id != answers[0].session_id
