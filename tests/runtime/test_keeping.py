"""What a data directory keeps, forgets, renews and shows."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from pathlib import Path

import pytest

from pdp.archive import BundleArchive
from pdp.audit.merkle import leaf_hash, verify_consistency, verify_inclusion
from pdp.audit.prompts import Sealer
from pdp.audit_point import AuditPoint
from pdp.cli import main
from pdp.errors import BundleError, InvalidRequest, NotFound
from pdp.grant_point import GRANTS
from pdp.housekeeping import KEPT_SECONDS, Housekeeping
from pdp.ledger import SESSIONS
from pdp.policy.bundle import revision
from pdp.policy.model import Cause, Reach, Stop, Trigger
from pdp.runtime import Agreement, AttenuationRequest, Observed, Outcome
from pdp.types import Action, Agent, ReasonCode, Target
from tests.builders import HERE, NOW
from tests.runtime.conftest import Opens
from tests.runtime.house import GATEWAY, OTHER_GATEWAY, House, ask, ask_to_send, snapshot


def reading(house: House) -> AuditPoint:
    return AuditPoint(house.data.log, house.data.reader, Sealer(house.directory), lambda: house.clock[0], 10.0)


async def test_what_nobody_can_use_any_more_is_forgotten(opens: Opens) -> None:
    """Sessions and uses of grants of a week ago; what is newer stays, and so do all records."""
    async with opens(snapshot()) as house:
        old = await house.both()
        asked = ask(old)
        decision = await house.decide(asked)
        assert decision.permit is not None
        await house.grants.consume(decision.permit.token, asked.target, asked.action, None, GATEWAY, None)
        house.clock[0] += KEPT_SECONDS + 1000
        new = await house.both()
        keeping = Housekeeping(house.data.keys, house.data.log, house.data.reader, lambda: house.clock[0], 0.0)
        before = len(house.records())
        assert await keeping.purge() == 2
        assert await keeping.purge() == 0
        assert [key for key, _ in house.data.reader.scan(SESSIONS)] == [new]
        assert list(house.data.reader.scan(GRANTS)) == []
        assert len(house.records()) == before
        assert (await house.decide(ask(old))).verdict.reasons[0].code is ReasonCode.SESSION_OVER


async def test_signing_keys_are_renewed_once_for_all_processes(opens: Opens) -> None:
    """Two processes look; one key is made, and grants of the old one are still taken."""
    async with opens(snapshot()) as one, opens(snapshot(), prefix="other") as two:
        asked = ask()
        decision = await one.decide(asked)
        assert decision.permit is not None
        first = one.data.keys.signing_key(NOW).id
        for house in (one, two):
            house.clock[0] = NOW + 1000
            Housekeeping(house.data.keys, house.data.log, house.data.reader, lambda: NOW + 1000, 900.0).look_at_keys()
            Housekeeping(house.data.keys, house.data.log, house.data.reader, lambda: NOW + 1000, 900.0).look_at_keys()
        one.data.keys.refresh()
        assert len(json.loads(one.grants.keys())["keys"]) == len(json.loads(two.grants.keys())["keys"]) == 2
        later = NOW + 1000 + 61
        assert one.data.keys.signing_key(later).id == two.data.keys.signing_key(later).id != first


async def test_an_activation_is_recorded_once(opens: Opens) -> None:
    """Every worker says so; the log hears it once, and again when another bundle comes into force."""
    async with opens(snapshot()) as one, opens(snapshot(), prefix="other") as two:
        bundle = one.snapshots.current().bundle
        for house in (one, two, one):
            house.data.activated(bundle, "", "sha256:words")
        await asyncio.sleep(0)  # they are on their way into the queues now; what comes next is behind them
        for house in (one, two):
            await house.data.log.commit(lambda _: None)
        (record,) = one.records("activation")
        assert (record["revision"], record["encoder"]) == (bundle.revision, "sha256:words")


async def test_a_trace_shows_the_whole_chain_with_proofs(opens: Opens) -> None:
    """By any of its ids; each record is proven to be in the signed tree, and the reading is recorded."""
    async with opens(snapshot()) as house:
        session = await house.both(task="T-1")
        asked = ask(session, traceparent=f"00-{'a' * 32}-{'b' * 16}-01")
        decision = await house.decide(asked)
        assert decision.permit is not None
        await house.grants.consume(decision.permit.token, asked.target, asked.action, None, GATEWAY, None)
        done = Outcome(decision.decision_id, Observed.OCCURRED, decision.permit.id, asked.target, asked.action, rows=3)
        await house.grants.report(done, GATEWAY, None)
        point = reading(house)
        for any_id in (decision.decision_id, decision.permit.id, session, "q1", "a" * 32):
            found = await point.trace(any_id, "auditor")
            kinds = [json.loads(r.stored)["kind"] for r in found.records]
            assert kinds == ["session", "decision", "consumption", "outcome"]
            size, root = int(found.checkpoint.splitlines()[1]), found.checkpoint.splitlines()[2]
            for record, proof in zip(found.records, found.proofs, strict=True):
                assert (proof.index, proof.size) == (record.index, size)
                assert verify_inclusion(proof.index, size, leaf_hash(record.stored), proof.hashes, b64decode(root))
        readings = house.records("reading")
        assert [(r["by"], r["method"]) for r in readings] == [("auditor", "GetTrace")] * 5
        with pytest.raises(NotFound):
            await point.trace("nothing", "auditor")


async def test_the_log_is_read_page_by_page_and_proven_to_grow(opens: Opens) -> None:
    """Kinds and limits are checked; what was signed first is the beginning of what was signed later."""
    async with opens(snapshot()) as house:
        point = reading(house)
        for _ in range(3):
            await house.decide(ask())
        first, _ = await point.checkpoint("auditor")
        await house.decide(ask())
        second, _ = await point.checkpoint("auditor")
        page = await point.records(0, 2, "decision", "auditor")
        rest = await point.records(page.next, 100, "decision", "auditor")
        assert [r.index for r in (*page.records, *rest.records)] == [0, 1, 2, 4]
        old, new = (int(note.splitlines()[1]) for note in (first, second))
        proof = await point.consistency(old, new, "auditor")
        roots = [b64decode(note.splitlines()[2]) for note in (first, second)]
        assert verify_consistency(old, new, roots[0], roots[1], proof.hashes)
        for wrong in (point.records(0, 0, "gossip", "a"), point.records(0, 5000, "", "a"), point.inclusion(99, 3, "a")):
            with pytest.raises(InvalidRequest):
                await wrong


async def test_a_subject_is_forgotten_and_that_is_recorded(opens: Opens) -> None:
    """Once with a key, once without; nobody is no subject."""
    async with opens(snapshot(), sealed=True) as house:
        await house.decide(ask())
        point = reading(house)
        assert await point.forget("noor", "auditor")
        assert not await point.forget("noor", "auditor")
        assert [r["erased"] for r in house.records("erasure")] == [True, False]
        with pytest.raises(InvalidRequest, match="subject"):
            await point.forget("", "auditor")
        assert (await house.decide(ask())).permit is not None


async def test_what_ran_outside_its_grant_stops_who_ran_it(opens: Opens) -> None:
    """Another action than was granted: disagreement, counted in the session, and the bundle's trigger."""
    triggers = (Trigger(Cause.OUTCOME, Stop.KILL, Reach.SESSION, HERE),)
    async with opens(snapshot(triggers=triggers)) as house:
        session = await house.both()
        decision = await house.decide(ask(session))
        assert decision.permit is not None
        elsewhere, read = Target("table", "salaries"), Action("read")
        ran = Outcome(decision.decision_id, Observed.OCCURRED, decision.permit.id, elsewhere, read, rows=9)
        assert (await house.grants.report(ran, GATEWAY, None)).agreement is Agreement.DISAGREE
        assert house.state(session).counters.rows == 9
        assert (await house.decide(ask(session))).verdict.reasons[0].code is ReasonCode.REVOKED
        stray = Outcome("no-such-decision", Observed.OCCURRED)
        assert (await house.grants.report(stray, GATEWAY, None)).agreement is Agreement.ONE_SIDED
        assert house.redecided()[1] == []


async def test_a_grant_is_handed_on_only_narrower_and_by_its_owner(opens: Opens) -> None:
    """A sub-agent's use is one of the parent's; another gateway hands nothing on; a killed sub-agent uses nothing."""
    async with opens(snapshot()) as house:
        session = await house.both()
        asked = ask(session, params={"limit": 400})
        decision = await house.decide(asked)
        assert decision.permit is not None
        parent = decision.permit.token
        wanted = AttenuationRequest(parent, Agent("agent-sub"), seconds=5.0)
        assert (await house.grants.attenuate(wanted, OTHER_GATEWAY, None)).refusal == "wrong_audience"
        child = await house.grants.attenuate(wanted, GATEWAY, None)
        assert child.grant
        assert child.expires <= decision.permit.expires
        await house.order("kill", "agent", "agent-sub")
        taken = await house.grants.consume(child.grant, asked.target, asked.action, None, GATEWAY, None)
        assert taken.refusal == "revoked"
        await house.order("lift", "agent", "agent-sub")
        taken = await house.grants.consume(child.grant, asked.target, asked.action, None, GATEWAY, None)
        assert taken.consumed
        taken = await house.grants.consume(parent, asked.target, asked.action, None, GATEWAY, None)
        assert taken.refusal == "replayed"
        assert house.redecided()[1] == []


async def test_the_inventory_tells_who_is_at_work(opens: Opens) -> None:
    """Declared by a pattern, seen, with what it used and the authority it holds."""
    async with opens(snapshot()) as house:
        session = await house.both()
        await house.decide(ask(session))
        await house.decide(ask_to_send(session, utterance="Paint the fence"))
        await house.decide(ask(agent=Agent("stranger")))
        found = {a.id: a for a in await house.sessions.agents()}
        mine, stranger = found["agent-1"], found["stranger"]
        assert (mine.allowed, mine.denied, mine.intents_used, mine.open_sessions) == (1, 1, ("read-invoices",), 1)
        assert mine.live_authority > 0
        assert (stranger.denied, "unknown" in stranger.marks) == (1, True)


def test_a_bundle_is_kept_whole_or_not_at_all(tmp_path: Path) -> None:
    """Under its revision, once; files that changed meanwhile are not kept under it."""
    source = tmp_path / "first"
    assert main(["bundle", "init", str(source)]) == 0
    archive, current = BundleArchive(tmp_path / "data"), revision(source)
    archive.keep(source, current)
    archive.keep(source, current)
    assert revision(archive.place(current)) == current
    (source / "bundle.yaml").write_text((source / "bundle.yaml").read_text() + "# changed\n")
    archive.keep(source, current)  # kept already
    assert revision(archive.place(current)) == current
    with pytest.raises(BundleError, match="changed while"):
        archive.keep(source, "sha256:" + "0" * 64)
    assert [p.name for p in (tmp_path / "data" / "bundles").iterdir()] == [current.rpartition(":")[2]]
