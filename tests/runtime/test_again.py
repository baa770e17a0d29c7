"""Deciding again from records that the real flow wrote: the same answers, the same sessions, and no model."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pdp.audit.checkpoint import load_or_generate
from pdp.audit.prompts import Sealer, commitment
from pdp.audit.report import Sameness
from pdp.audit.verify import verify
from pdp.data_directory import CHECKPOINT_KEY, KEYS
from pdp.policy.model import Consequence, RuleEffect
from pdp.redeciding import Redecider
from pdp.runtime import Observed, Outcome
from pdp.session.drift import PurposeVector
from pdp.session.stored import to_bytes
from pdp.snapshot import Snapshot
from pdp.types import Agent, Effect, Principal, ReasonCode, SqlPayload, Target
from tests.builders import rule
from tests.runtime.conftest import Opens
from tests.runtime.house import GATEWAY, NOTIFY, READING, SENDING, House, ask, ask_to_send, budget, snapshot

BESIDE = "Paint the garden fence green"


def demand_same(house: House, session: str = "") -> None:
    """Every decision comes out the same, and the session stands as it is kept."""
    redecider, differing = house.redecided()
    assert differing == []
    if session:
        assert redecider.state(session) == house.state(session)


async def work(house: House) -> str:
    """A little of everything in one session."""
    session = await house.both(budget={"reads": 3.0})
    sql = replace(
        ask(session), payload=SqlPayload("SELECT * FROM invoices", "postgres"), target=Target("", ""),
        action=replace(ask().action, name=""),
    )  # fmt: skip
    for asked in (
        ask(session),
        ask(session, params={"limit": 9000, "token": "sk-live-0123456789abcdef0123456789abcdef"}),
        sql,
        ask_to_send(session),
        ask(session, utterance=BESIDE),
        ask(session, utterance=""),
        ask(session, action="drop"),
        ask(session),
        ask(),
    ):
        decision = await house.decide(asked)
        house.clock[0] += 1.5
        if decision.permit is not None:
            ran = decision.verdict.narrowed or asked
            await house.grants.consume(decision.permit.token, ran.target, ran.action, ran.payload, GATEWAY, None)
            done = Outcome(decision.decision_id, Observed.OCCURRED, decision.permit.id, ran.target, ran.action, rows=7)
            await house.grants.report(done, GATEWAY, None)
    await house.sessions.end(session, "done", GATEWAY, None)
    await house.decide(ask(session))
    return session


@pytest.mark.parametrize("sealed", [False, True])
async def test_a_whole_session_is_decided_again(opens: Opens, sealed: bool) -> None:
    """With prompts committed or encrypted: what the model said is recorded, so neither is needed."""
    async with opens(snapshot(), sealed=sealed) as house:
        session = await work(house)
        demand_same(house, session)
        effects = {r["effect"] for r in house.records("decision")}
        assert effects == {e.value for e in Effect}


@pytest.mark.parametrize("sealed", [False, True])
async def test_the_offline_program_finds_nothing_wrong(opens: Opens, tmp_path: Path, sealed: bool) -> None:
    """Hashes, signatures, links and decisions of a real log, an erased key included."""
    async with opens(snapshot(), sealed=sealed) as house:
        await work(house)
        await house.order("kill", "agent", "agent-1")
        await house.decide(ask())
        await house.order("kill", "intent", "send-reminder")
        await house.order("lift", "agent", "agent-1")
        await house.decide(ask_to_send())
        revision = house.snapshots.current()
    Sealer(tmp_path / "data").forget("noor")
    key = load_or_generate(tmp_path / "data" / KEYS / CHECKPOINT_KEY, "pdp").verifier
    report = verify(tmp_path / "data", [key], None, Redecider({"sha256:test": revision}.get))
    assert report.findings == ()
    assert report.exit_code == 0


async def test_no_prompt_and_no_grant_is_in_the_files(opens: Opens, tmp_path: Path) -> None:
    """Neither a word of an utterance nor a signature nor a secret, with prompts committed or sealed."""
    for sealed in (False, True):
        tokens = []
        async with opens(snapshot(), sealed=sealed) as house:
            for asked in (
                ask(utterance="Read the unpaid invoices of a zanzibarian customer"),
                ask(params={"limit": 3, "password": "hunter2hunter2"}),
                ask(utterance="Frobnicate the quuxiest dashboards"),
            ):
                decision = await house.decide(asked)
                tokens += [decision.permit.token] if decision.permit else []
            bodies = json.dumps(house.records())
        stored = b"".join(p.read_bytes() for p in (tmp_path / "data").rglob("*") if p.is_file())
        for word in ("zanzibarian", "hunter2", "quuxiest", "Frobnicate"):
            assert word not in bodies
            assert word.encode() not in stored
        assert tokens
        for token in tokens:
            assert token.rpartition(".")[2].encode() not in stored


async def test_a_sealed_prompt_is_the_one_that_was_committed(opens: Opens, tmp_path: Path) -> None:
    """Who has the subject's key reads the utterance and checks it against the commitment."""
    async with opens(snapshot(), sealed=True) as house:
        await house.decide(ask())
        (body,) = house.records("decision")
    kept, sealer = body["utterance"], Sealer(tmp_path / "data")
    salt = bytes.fromhex(sealer.open(kept["subject"], kept["sealed_salt"]))
    assert commitment(sealer.open(kept["subject"], kept["sealed"]), salt) == kept["commitment"]


async def test_rules_that_read_the_utterance_are_kept_by_what_they_gave(opens: Opens) -> None:
    """The words are withheld, and the decision still comes out the same."""
    careful = rule('request.utterance.contains("garden")', RuleEffect.DENY, name="no-gardens")
    reading = replace(READING, rules=(*READING.rules, careful))
    async with opens(snapshot(intents=(reading, SENDING))) as house:
        await house.decide(ask(utterance="Read the unpaid invoices of a customer garden"))
        await house.decide(ask())
        demand_same(house)


async def test_what_an_order_denies_moves_the_session_as_it_did(opens: Opens) -> None:
    """Quarantined: the utterance was read and counts for drift; decided again it counts as much."""
    async with opens(snapshot()) as house:
        session = await house.both()
        await house.order("quarantine", "agent", "agent-1")
        await house.decide(ask_to_send(session))
        assert len(house.state(session).distances) == 1
        demand_same(house, session)


async def test_what_no_grant_can_hold_is_denied_again(opens: Opens) -> None:
    """More than a token has room for, and a session that is all but over: nothing is recorded as granted."""
    async with opens(snapshot()) as house:
        session = await house.both(seconds=10.0)
        wide = {"limit": 3, "note": "\N{PILE OF POO}" * 480}
        target = Target("table", "x" * 900, {"note": "\N{PILE OF POO}" * 480})
        who = {"agent": Agent("agent-1", "i" * 1000), "principal": Principal("p" * 1000)}
        huge = await house.decide(ask(params=wide, target=target, **who))
        assert huge.permit is None
        assert huge.verdict.reasons[0].code is ReasonCode.NARROW_IMPOSSIBLE
        house.clock[0] += 9.5
        late = await house.decide(ask(session))
        assert late.verdict.reasons[0].code is ReasonCode.SESSION_OVER
        assert len(house.state(session).distances) == 1
        demand_same(house, session)


async def test_a_session_whose_purpose_the_model_cannot_compare_drifts(opens: Opens) -> None:
    """After the model was exchanged for one of another size: as far as can be, and a record that can be written."""
    async with opens(snapshot()) as house:
        session = await house.both()
        strange = replace(house.state(session), purpose=PurposeVector(b"\x01" * 7, 0.1))
        house.data.log.commit_now(lambda txn: txn.put("session", session, to_bytes(strange)))
        await house.decide(ask(session))
        assert house.state(session).distances[-1] > 0.9


async def test_another_answer_in_a_record_is_told(opens: Opens) -> None:
    """A deny turned into an allow, another reason, another narrowing: each is a disagreement."""
    async with opens(snapshot()) as house:
        await house.decide(ask(params={"limit": 9000}))
        (record,) = list(house.data.reader.records())
        body = json.loads(record.stored)["body"]
        for changes in (
            {"effect": "allow"},
            {"reasons": [{"code": "allowed", "text": ""}]},
            {"narrowed": {**body["narrowed"], "action": {"name": "read", "params": {"limit": 501}}}},
            {"request": {**body["request"], "action": {"name": "read", "params": {"limit": 3}}}},
            {"matching": {**body["matching"], "band": "out_of_scope"}},
        ):
            redecider = Redecider({"sha256:test": house.snapshots.current()}.get)
            found = redecider.take(record.entry().kind, record.time, {**body, **changes})
            assert found is not None
            assert found.sameness is Sameness.DIFFERENT, changes


async def test_a_bundle_that_is_not_kept_is_told_apart(opens: Opens) -> None:
    """Neither same nor different."""
    async with opens(snapshot()) as house:
        await house.decide(ask())
        (record,) = list(house.data.reader.records())
        found = Redecider(lambda _: None).take(record.entry().kind, record.time, record.entry().body)
        assert found is not None
        assert found.sameness is Sameness.UNVERIFIABLE


@pytest.mark.parametrize("then", list(Consequence))
async def test_budgets_of_every_consequence_are_decided_again(opens: Opens, then: Consequence) -> None:
    """Narrow, deny, end and kill, and what follows them."""
    current: Snapshot = snapshot(budgets=(budget("reads", 1, then, scope=NOTIFY),))
    async with opens(current) as house:
        session = await house.both()
        for asked in (ask(session), ask(session), ask(session), ask_to_send(session)):
            await house.decide(asked)
        demand_same(house, session)
