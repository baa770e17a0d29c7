"""Work that several ask for at once is done once, and nobody gets another's failure."""

from __future__ import annotations

import asyncio

import pytest

from pdp.errors import DeadlineTooShort
from pdp.single_flight import SingleFlight


def always(_: int) -> bool:
    return True


class Work:
    """Counts how often it is begun; ends when told to."""

    def __init__(self, *results: int | Exception) -> None:
        self.results = list(results)
        self.begun = 0
        self.go = asyncio.Event()

    async def __call__(self) -> int:
        result = self.results[self.begun]
        self.begun += 1
        await self.go.wait()
        await asyncio.sleep(0)
        if isinstance(result, Exception):
            raise result
        return result


async def test_ten_at_once_are_one_piece_of_work() -> None:
    flights: SingleFlight[int] = SingleFlight()
    work = Work(7)
    asked = [asyncio.create_task(flights.run(b"k", work, always, None)) for _ in range(10)]
    await asyncio.sleep(0)
    work.go.set()
    assert await asyncio.gather(*asked) == [7] * 10
    assert work.begun == 1


async def test_another_key_and_a_later_question_are_work_of_their_own() -> None:
    flights: SingleFlight[int] = SingleFlight()
    work = Work(1, 2, 3)
    work.go.set()
    assert await asyncio.gather(*(flights.run(k, work, always, None) for k in (b"a", b"b"))) == [1, 2]
    assert await flights.run(b"a", work, always, None) == 3


async def test_a_failure_is_told_to_the_one_whose_it_is() -> None:
    flights: SingleFlight[int] = SingleFlight()
    work = Work(ValueError("mine"), 5)
    work.go.set()  # every piece of work still lets the others run once
    first, second, third = await asyncio.gather(
        *(flights.run(b"k", work, always, None) for _ in range(3)), return_exceptions=True
    )
    assert isinstance(first, ValueError)
    assert (second, third, work.begun) == (5, 5, 2)


async def test_who_leaves_takes_nothing_from_the_others() -> None:
    flights: SingleFlight[int] = SingleFlight()
    work = Work(1, 2)
    leader, waiter, other = (asyncio.create_task(flights.run(b"k", work, always, None)) for _ in range(3))
    await asyncio.sleep(0)
    waiter.cancel()
    leader.cancel()
    await asyncio.sleep(0)
    work.go.set()
    assert await other == 2
    assert leader.cancelled()
    assert waiter.cancelled()


async def test_what_is_not_to_be_shared_is_done_by_each() -> None:
    flights: SingleFlight[int] = SingleFlight()
    work = Work(-1, -2)
    work.go.set()
    found = await asyncio.gather(*(flights.run(b"k", work, lambda r: r >= 0, None) for _ in range(2)))
    assert found == [-1, -2]


async def test_a_deadline_ends_the_wait_for_another() -> None:
    flights: SingleFlight[int] = SingleFlight()
    work = Work(1)
    leader = asyncio.create_task(flights.run(b"k", work, always, None))
    await asyncio.sleep(0)
    with pytest.raises(DeadlineTooShort, match="for another caller"):
        await flights.run(b"k", work, always, asyncio.get_running_loop().time() + 0.01)
    work.go.set()
    assert await leader == 1
