"""The encoder queue: bounded, in time, never remembering a failure."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from pdp.encoding import EncodingQueue
from pdp.errors import DeadlineTooShort, EncoderError, Overloaded


class Gate:
    """Work that is done when the gate is open; counts calls; fails while ``broken``."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.calls: list[str] = []
        self.broken = False

    def job(self, text: str) -> Callable[[], str]:
        """What an encoder thread is to do."""
        return partial(self._work, text)

    def _work(self, text: str) -> str:
        self.calls.append(text)
        self.gate.wait(5)
        if self.broken:
            raise EncoderError("broken")
        return text.upper()


@pytest.fixture
def encoder() -> Gate:
    return Gate()


@pytest.fixture
def queue(encoder: Gate) -> Iterator[EncodingQueue]:
    queue = EncodingQueue(threads=1, capacity=3)
    yield queue
    encoder.gate.set()
    queue.close()


async def test_a_full_queue_refuses_at_once(queue: EncodingQueue, encoder: Gate) -> None:
    """Beyond the capacity nothing waits: the caller is told when to come back."""
    encoder.gate.clear()
    waiting = [asyncio.create_task(queue.run(encoder.job(t), None)) for t in "abc"]
    await asyncio.sleep(0.05)
    with pytest.raises(Overloaded) as refused:
        await queue.run(encoder.job("d"), None)
    assert refused.value.retry_after > 0
    encoder.gate.set()
    assert await asyncio.gather(*waiting) == ["A", "B", "C"]
    assert queue.depth == 0
    assert await queue.run(encoder.job("d"), None) == "D"


async def test_work_that_cannot_finish_is_refused(queue: EncodingQueue, encoder: Gate) -> None:
    """A deadline too near is refused before the work; one that passes meanwhile ends the wait."""
    now = asyncio.get_running_loop().time()
    with pytest.raises(DeadlineTooShort):
        await queue.run(encoder.job("a"), now + 0.0001)
    assert encoder.calls == []
    encoder.gate.clear()
    with pytest.raises(DeadlineTooShort):
        await queue.run(encoder.job("a"), now + 0.1)
    encoder.gate.set()


async def test_a_failure_is_not_remembered(queue: EncodingQueue, encoder: Gate) -> None:
    """An error is never cached, and the queue is free again after it."""
    encoder.broken = True
    with pytest.raises(EncoderError):
        await queue.run(encoder.job("a"), None)
    encoder.broken = False
    assert await queue.run(encoder.job("a"), None) == "A"
    assert encoder.calls == ["a", "a"]
    assert queue.depth == 0


async def test_a_text_takes_its_time_however_many_threads_there_are(encoder: Gate) -> None:
    """Four idle threads do not make one text four times as fast: what cannot finish is refused before the work."""
    queue = EncodingQueue(threads=4, capacity=8)
    try:
        now = asyncio.get_running_loop().time()
        with pytest.raises(DeadlineTooShort):
            await queue.run(encoder.job("a"), now + 0.004)
        assert encoder.calls == []
    finally:
        queue.close()


async def test_a_model_that_is_slower_than_its_callers_are_patient_is_not_asked_in_vain_for_ever() -> None:
    """What a run takes counts, whether or not anybody waited for it; and it is asked again after a while."""
    queue, loop = EncodingQueue(threads=1, capacity=8), asyncio.get_running_loop()
    asked: list[float] = []

    def slow() -> None:
        asked.append(loop.time())
        time.sleep(0.3)

    async def ask() -> None:
        with pytest.raises(DeadlineTooShort):
            await queue.run(slow, loop.time() + 0.15)

    try:
        for _ in range(8):
            await ask()
            await queue.run(lambda: None, None)  # the thread is free again
        few = len(asked)
        assert few < 8
        for _ in range(300):
            await ask()
            await asyncio.sleep(0)
        assert len(asked) > few
    finally:
        queue.close()
