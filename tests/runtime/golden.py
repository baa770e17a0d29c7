"""The golden cases: each plays a few steps in a new house and tells what was answered and recorded."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from pdp.policy.model import Consequence, DriftSettings
from pdp.snapshot import Snapshot
from pdp.types import Action, Agent, Decision, Reason, SqlPayload, Target
from tests.runtime.house import GATEWAY, NOTIFY, House, ask, ask_to_send, budget, fixed_keep, open_house, snapshot

FILE = Path(__file__).with_name("golden.json")
Play = Callable[[House], Awaitable[Any]]
BESIDE = "Paint the garden fence green"


async def allow(house: House) -> Decision:
    return await house.decide(ask())


async def allow_in_session(house: House) -> Decision:
    return await house.decide(ask(await house.both(task="T-1")))


async def narrow(house: House) -> Decision:
    return await house.decide(ask(await house.both(), params={"limit": 9000, "password": "hunter2"}))


async def out_of_scope(house: House) -> Decision:
    return await house.decide(ask(utterance=BESIDE))


async def not_admitted(house: House) -> Decision:
    return await house.decide(ask(await house.both(), action="drop"))


async def revoked(house: House) -> Decision:
    await house.order("kill", "agent", "agent-1")
    return await house.decide(ask())


async def revoked_in_session(house: House) -> Decision:
    session = await house.both()
    await house.order("kill", "session", session, seconds=60.0)
    return await house.decide(ask(session))


async def revoked_task(house: House) -> Decision:
    session = await house.both(task="T-1")
    await house.order("kill", "task", "T-1")
    return await house.decide(ask(session))


async def revoked_relation(house: House) -> Decision:
    """The target is the database; the killed table is only found in the statement."""
    await house.order("kill", "target", "table/salaries")
    text = "SELECT * FROM invoices JOIN salaries ON invoices.owner = salaries.owner"
    payload = SqlPayload(text, "postgres")
    return await house.decide(replace(ask(), payload=payload, target=Target("", ""), action=Action("")))


async def revoked_intent(house: House) -> Decision:
    """Which intent it is comes out last: the record says what was decided, the next one that nothing left."""
    await house.order("kill", "intent", "read-invoices")
    return await house.decide(ask())


async def quarantined(house: House) -> Decision:
    session = await house.both()
    await house.order("quarantine", "agent", "agent-1")
    assert (await house.decide(ask(session))).permit is not None
    return await house.decide(ask_to_send(session))


async def session_required(house: House) -> Decision:
    return await house.decide(ask())


async def session_over(house: House) -> Decision:
    session = await house.both()
    await house.sessions.end(session, "done", GATEWAY, None)
    return await house.decide(ask(session))


async def session_unknown(house: House) -> Decision:
    return await house.decide(ask("nowhere"))


async def session_mismatch(house: House) -> Decision:
    return await house.decide(ask(await house.both(), agent=Agent("agent-2", "run-7")))


async def purpose_not_approved(house: House) -> Any:
    return await house.start(BESIDE)


async def utterance_outside_purpose(house: House) -> Decision:
    answer = await house.start()
    return await house.decide(replace(ask_to_send(answer.session_id), target=ask().target, action=Action("read")))


async def call_outside_purpose(house: House) -> Decision:
    answer = await house.start()
    return await house.decide(ask_to_send(answer.session_id))


async def budget_exceeded(house: House) -> Decision:
    session = await house.both()
    await house.decide(ask(session))
    return await house.decide(ask(session))


async def own_limit(house: House) -> Decision:
    session = await house.both(budget={"reads": 0.0})
    return await house.decide(ask(session))


async def budget_ends(house: House) -> Decision:
    session = await house.both()
    await house.decide(ask(session))
    await house.decide(ask(session))
    return await house.decide(ask(session))


async def narrowed_by_budget(house: House) -> Decision:
    session = await house.both()
    await house.decide(ask(session))
    return await house.decide(ask(session))


async def drifted(house: House) -> Decision:
    session = await house.both()
    for _ in range(3):
        await house.decide(ask(session, utterance=BESIDE))
    return await house.decide(ask(session, utterance=BESIDE))


async def narrowed_by_drift(house: House) -> Decision:
    session = await house.both()
    for _ in range(3):
        await house.decide(ask(session, utterance=BESIDE))
    return await house.decide(ask(session))


async def audit_unavailable(house: House) -> Decision:
    house.data.log.close()
    return await house.decide(ask())


DRIFTS = DriftSettings(narrow=0.1, kill=0.3)
CASES: dict[str, tuple[Snapshot, Play]] = {
    "allow": (snapshot(), allow),
    "allow_in_session": (snapshot(), allow_in_session),
    "narrow": (snapshot(), narrow),
    "out_of_scope": (snapshot(), out_of_scope),
    "not_admitted": (snapshot(), not_admitted),
    "revoked": (snapshot(), revoked),
    "revoked_in_session": (snapshot(), revoked_in_session),
    "revoked_task": (snapshot(), revoked_task),
    "revoked_relation": (snapshot(), revoked_relation),
    "revoked_intent": (snapshot(), revoked_intent),
    "quarantined": (snapshot(), quarantined),
    "session_required": (snapshot(required=True), session_required),
    "session_over": (snapshot(), session_over),
    "session_unknown": (snapshot(), session_unknown),
    "session_mismatch": (snapshot(), session_mismatch),
    "purpose_not_approved": (snapshot(), purpose_not_approved),
    "utterance_outside_purpose": (snapshot(), utterance_outside_purpose),
    "call_outside_purpose": (snapshot(), call_outside_purpose),
    "budget_exceeded": (snapshot(budgets=(budget("reads", 1, Consequence.DENY),)), budget_exceeded),
    "own_limit": (snapshot(), own_limit),
    "budget_ends": (snapshot(budgets=(budget("reads", 1, Consequence.END),)), budget_ends),
    "narrowed_by_budget": (
        snapshot(budgets=(budget("reads", 1, Consequence.NARROW, scope=NOTIFY),)),
        narrowed_by_budget,
    ),
    "drifted": (snapshot(drift=DRIFTS), drifted),
    "narrowed_by_drift": (snapshot(drift=DRIFTS), narrowed_by_drift),
    "audit_unavailable": (snapshot(), audit_unavailable),
}


async def outcome(name: str, directory: Path) -> dict[str, Any]:
    """Play a case: the answer in short, and the bodies of the records by kind, in order."""
    current, play = CASES[name]
    async with open_house(directory / "data", current, keep=fixed_keep) as house:
        answer = await play(house)
        return {"answer": _answer(answer), "records": [_record(r) for r in house.data.reader.records()]}


def _answer(answer: Any) -> dict[str, Any]:
    if isinstance(answer, Decision):
        verdict = answer.verdict
        return {
            "decision_id": answer.decision_id,
            "effect": verdict.effect.value,
            "reasons": [_reason(r) for r in verdict.reasons],
            "granted": answer.permit.id if answer.permit else None,
        }
    return {"session": answer.session_id, "reasons": [_reason(r) for r in answer.reasons]}


def _reason(reason: Reason) -> str:
    return f"{reason.code.value}: {reason.text}"


def _record(record: Any) -> dict[str, Any]:
    return dict(json.loads(record.stored))


def plain(value: Any) -> Any:
    """Numbers to six digits: the model's last bits depend on the machine. A purpose's vector is left out."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if k not in {"steps", "scale"}}
    if isinstance(value, list):
        return [plain(v) for v in value]
    return round(value, 6) if isinstance(value, float) else value


def main() -> None:
    """Write the file anew."""
    found = {}
    for name in CASES:
        with tempfile.TemporaryDirectory() as directory:
            found[name] = plain(asyncio.run(outcome(name, Path(directory))))
    FILE.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
