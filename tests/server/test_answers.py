"""Answers under request ids: what is repeated, what is refused, what is never kept."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.errors import InvalidRequest, Overloaded
from pdp.server import answers as module
from pdp.server.answers import Answers
from pdp.v1.decision_pb2 import DecideRequest, DecideResponse
from pdp.v1.types_pb2 import REASON_CODE_ENCODER_FAILED, Reason


class Clock:
    """Seconds that move only when told."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


class Work:
    """Counts how often it is done; each answer is different."""

    def __init__(self, revision: str = "r", error: Exception | None = None, **fields) -> None:
        self.done = 0
        self.revision, self.error, self.fields = revision, error, fields

    async def __call__(self) -> DecideResponse:
        self.done += 1
        await asyncio.sleep(0)
        if self.error:
            raise self.error
        return DecideResponse(decision_id=f"d{self.done}", revision=self.revision, **self.fields)


def ask(request_id: str = "q", utterance: str = "u") -> DecideRequest:
    message = DecideRequest(request_id=request_id, utterance=utterance)
    message.context.update({"b": 1, "a": [1, 2]})
    return message


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def kept(clock):
    return Answers(3, 10.0, clock)


async def test_answers_are_repeated_within_the_window_only(kept, clock):
    """The same id and question give the same answer until the window ends."""
    work = Work()
    first = await kept.once("c", ask(), lambda: "r", work)
    clock.now += 9.9
    assert await kept.once("c", ask(), lambda: "r", work) == first
    clock.now += 0.2
    assert (await kept.once("c", ask(), lambda: "r", work)).decision_id == "d2"


async def test_callers_do_not_see_each_others_answers(kept):
    """The caller is part of the key, length-prefixed: ``ab``+``c`` is not ``a``+``bc``."""
    work = Work()
    await kept.once("ab", ask("c"), lambda: "r", work)
    await kept.once("a", ask("bc"), lambda: "r", work)
    assert work.done == 2


async def test_an_activation_makes_every_question_new(kept):
    """An answer under an old revision is not repeated under a new one."""
    await kept.once("c", ask(), lambda: "r", Work())
    answer = await kept.once("c", ask(), lambda: "s", Work("s"))
    assert answer.revision == "s"
    assert len(kept) == 1


async def test_an_answer_from_another_revision_than_asked_under_is_not_kept(kept):
    """An activation while the work ran: the answer goes out, and is not repeated."""
    work = Work("s")
    await kept.once("c", ask(), lambda: "r", work)
    assert len(kept) == 0


async def test_no_answer_outlives_an_order(kept):
    """The revision carries the sequence of the kill switch: after a kill a retry is judged anew."""
    now = "r@1"
    work = Work()
    await kept.once("c", ask(), lambda: now, work)
    assert (await kept.once("c", ask(), lambda: now, work)).decision_id == "d1"
    now = "r@2"
    assert (await kept.once("c", ask(), lambda: now, work)).decision_id == "d2"


async def test_an_answer_during_which_an_order_came_is_not_kept(kept):
    """It was decided before the kill, or after; nobody can tell."""
    now = "r@1"

    async def work() -> DecideResponse:
        nonlocal now
        now = "r@2"
        return DecideResponse(decision_id="d", revision="r")

    await kept.once("c", ask(), lambda: now, work)
    assert len(kept) == 0


async def test_who_waited_for_an_answer_while_an_order_came_asks_anew(kept):
    """The answer was kept, and the order came before the waiting retry took it: at the fourth look."""
    looks = iter(["r@1"] * 3)
    work = Work()
    tasks = [asyncio.ensure_future(kept.once("c", ask(), lambda: next(looks, "r@2"), work)) for _ in range(2)]
    assert [(await task).decision_id for task in tasks] == ["d1", "d2"]


async def test_map_order_does_not_make_another_question(kept):
    """The same question built anew with its maps in another order is the same question."""
    other = DecideRequest(request_id="q", utterance="u")
    other.context.update({"a": [1, 2], "b": 1})
    work = Work()
    await kept.once("c", ask(), lambda: "r", work)
    await kept.once("c", other, lambda: "r", work)
    assert work.done == 1


async def test_another_question_under_the_id_is_refused_also_while_the_first_is_under_way(kept):
    """The id names the first question from the moment it is asked."""
    first = asyncio.ensure_future(kept.once("c", ask(), lambda: "r", Work()))
    await asyncio.sleep(0)
    with pytest.raises(InvalidRequest, match="request_id: was used for another question"):
        await kept.once("c", ask(utterance="v"), lambda: "r", Work())
    await first


async def test_a_retry_while_the_first_is_under_way_waits_for_its_answer(kept):
    """Two at once are decided once."""
    work = Work()
    answers = await asyncio.gather(*(kept.once("c", ask(), lambda: "r", work) for _ in range(3)))
    assert work.done == 1
    assert {a.decision_id for a in answers} == {"d1"}


async def test_a_waiter_who_gives_up_takes_the_answer_from_nobody(kept):
    """Cancelling one retry leaves the work and the other retry alone."""
    work = Work()
    tasks = [asyncio.ensure_future(kept.once("c", ask(), lambda: "r", work)) for _ in range(3)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    assert (await tasks[0]) == (await tasks[2])


async def test_when_the_first_is_cancelled_the_retry_does_the_work(kept):
    """A cancelled result is never kept."""
    work = Work()
    tasks = [asyncio.ensure_future(kept.once("c", ask(), lambda: "r", work)) for _ in range(2)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    assert (await tasks[1]).decision_id == "d2"
    assert len(kept) == 1


@pytest.mark.parametrize(
    "work", [Work(error=Overloaded("full", 1)), Work(reasons=[Reason(code=REASON_CODE_ENCODER_FAILED)])]
)
async def test_errors_and_failed_evaluations_are_never_kept(kept, work):
    """What says that the service failed is no answer to repeat."""
    for _ in range(2):
        with suppress(Overloaded):
            await kept.once("c", ask(), lambda: "r", work)
    assert (work.done, len(kept)) == (2, 0)


async def test_questions_without_id_and_a_capacity_of_nothing_keep_nothing(kept, clock):
    """No id, no memory."""
    await kept.once("c", ask(""), lambda: "r", Work())
    off = Answers(0, 10, clock)
    await off.once("c", ask(), lambda: "r", Work())
    assert (len(kept), len(off)) == (0, 0)


async def test_memory_is_bounded_in_entries_and_bytes(kept, clock, monkeypatch):
    """The oldest go first; expired ones go too."""
    for i in range(5):
        await kept.once("c", ask(f"q{i}"), lambda: "r", Work())
    assert len(kept) == 3
    monkeypatch.setattr(module, "BYTES", 1_000)
    await kept.once("c", ask("big", "x" * 900), lambda: "r", Work())
    assert len(kept) == 1
    clock.now += 11
    await kept.once("c", ask("new"), lambda: "r", Work())
    assert len(kept) == 1


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from("uv"), st.sampled_from("rs"), st.integers(0, 6)), max_size=30
    )
)
def test_an_answer_is_only_ever_repeated_for_its_own_question(steps):
    """Whatever the order of questions, revisions and time: an answer always belongs to the question it is given for."""

    async def run() -> None:
        clock = Clock()
        kept = Answers(2, 10.0, clock)
        for request_id, utterance, revision, pause in steps:
            clock.now += pause

            async def work(utterance=utterance, revision=revision) -> DecideResponse:
                return DecideResponse(decision_id=utterance, revision=revision)

            try:
                answer = await kept.once("c", ask(request_id, utterance), lambda revision=revision: revision, work)
            except InvalidRequest:
                continue
            assert (answer.decision_id, answer.revision) == (utterance, revision)
            assert len(kept) <= 2

    asyncio.run(run())
