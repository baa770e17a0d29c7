"""What a review found: each test failed once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from pdp.audit.transaction import Transaction
from pdp.errors import RevocationsUnavailable
from pdp.policy.model import Cause, Reach, Stop, Trigger
from pdp.runtime import OrderReceipt, OrderWanted
from pdp.snapshot import Snapshot
from tests.builders import HERE
from tests.runtime.conftest import Opens
from tests.runtime.house import GATEWAY, House, ask, snapshot


def triggered(cause: Cause, do: Stop = Stop.KILL, reach: Reach = Reach.AGENT) -> Snapshot:
    """A bundle with one trigger, due the first time."""
    return snapshot(triggers=(Trigger(cause, do, reach, HERE, 1, None),))


async def ordered(house: House) -> None:
    """Wait for the first order."""
    for _ in range(500):
        if house.data.journal.table.sequence:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("no order was given")


class CutOff:
    """A log whose caller is cut off once its record is on disk."""

    def __init__(self, log: Any) -> None:
        self.log = log
        self.task: asyncio.Task[Any] | None = None

    async def commit(self, job: Callable[[Transaction], object], deadline: float | None = None) -> object:
        found = await self.log.commit(job, deadline)
        if self.task is not None:
            self.task.cancel()
            await asyncio.sleep(10)
        return found


async def test_who_leaves_before_the_answer_does_not_escape_the_stop(opens: Opens) -> None:
    """A caller whose deadline passes while its deny is written would otherwise never be stopped."""
    logs: list[CutOff] = []

    def hook(log: Any) -> Any:
        logs.append(CutOff(log))
        return logs[0]

    async with opens(triggered(Cause.DENIALS), hook=hook) as house:
        session = await house.both()
        logs[0].task = asyncio.ensure_future(house.decide(ask(session, action="drop")))
        with pytest.raises(asyncio.CancelledError):
            await logs[0].task
        await ordered(house)
        logs[0].task = None
        assert (await house.decide(ask())).permit is None


async def test_a_quarantined_agent_cannot_fill_the_journal_by_being_denied(opens: Opens) -> None:
    """One order while it is in force, however many denials follow; another once it was lifted."""
    async with opens(triggered(Cause.DENIALS, Stop.QUARANTINE)) as house:
        session = await house.both()
        for _ in range(5):
            await house.decide(ask(session, action="drop"))
        assert house.data.journal.table.sequence == 1
        await house.order("lift", "agent", "agent-1")
        await house.decide(ask(session, action="drop"))
        assert house.data.journal.table.sequence == 3


class NoOrders:
    """A kill switch whose disk is gone."""

    async def order(self, _wanted: OrderWanted, _by: str) -> OrderReceipt:
        raise RevocationsUnavailable("gone")


async def test_the_end_of_a_session_is_made_whole_when_it_is_asked_for_again(opens: Opens) -> None:
    """The session ended and its grants were not stopped: asking again stops them, once."""
    async with opens(snapshot()) as house:
        session = await house.both()
        assert (await house.decide(ask(session))).permit is not None
        whole, house.sessions._stops = house.sessions._stops, NoOrders()
        with pytest.raises(RevocationsUnavailable):
            await house.sessions.end(session, "", GATEWAY, None)
        house.sessions._stops = whole
        for _ in range(2):
            assert not (await house.sessions.end(session, "", GATEWAY, None)).was_open
            assert [o.value for o in house.data.journal.table.active(house.clock[0])] == [session]
        assert house.data.journal.table.sequence == 1


async def test_a_caller_that_is_cut_off_while_it_ends_a_session_ends_its_grants(opens: Opens) -> None:
    async with opens(snapshot()) as house:
        session = await house.both()
        assert (await house.decide(ask(session))).permit is not None
        ending = asyncio.ensure_future(house.sessions.end(session, "", GATEWAY, None))
        await asyncio.sleep(0)
        ending.cancel()
        await ordered(house)
        assert house.state(session).ended
