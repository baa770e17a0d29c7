"""The encoder queue: bounded, in time, never remembering a failure."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from pdp.encoding import EncodingQueue
from pdp.errors import DeadlineTooShort, EncoderError, Overloaded
from pdp.intent.vectors import VectorCache
from tests.conftest import WordEncoder


class GatedEncoder(WordEncoder):
    """Encodes when the gate is open; counts calls; fails while ``broken``."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.calls: list[str] = []
        self.broken = False

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.calls.extend(texts)
        self.gate.wait(5)
        if self.broken:
            raise EncoderError("broken")
        return super().encode(texts)


@pytest.fixture
def encoder() -> GatedEncoder:
    return GatedEncoder()


@pytest.fixture
def queue(encoder: GatedEncoder) -> Iterator[EncodingQueue]:
    queue = EncodingQueue(encoder, VectorCache(100, encoder.fingerprint), threads=1, capacity=3)
    yield queue
    encoder.gate.set()
    queue.close()


async def test_repeated_texts_are_encoded_once(queue: EncodingQueue, encoder: GatedEncoder) -> None:
    """A text of the same revision comes from the cache; a new revision starts afresh (invariant 11)."""
    first = await queue.vectors(["a b", "c"], "r1", None)
    again = await queue.vectors(["c", "a b"], "r1", None)
    assert encoder.calls == ["a b", "c"]
    assert np.array_equal(first[::-1], again)
    await queue.vectors(["c"], "r2", None)
    assert encoder.calls == ["a b", "c", "c"]


async def test_a_full_queue_refuses_at_once(queue: EncodingQueue, encoder: GatedEncoder) -> None:
    """Beyond the capacity nothing waits: the caller is told when to come back."""
    encoder.gate.clear()
    waiting = [asyncio.create_task(queue.vectors([t], "r", None)) for t in "abc"]
    await asyncio.sleep(0.05)
    with pytest.raises(Overloaded) as refused:
        await queue.vectors(["d"], "r", None)
    assert refused.value.retry_after > 0
    encoder.gate.set()
    assert all(v.shape == (1, encoder.dimension) for v in await asyncio.gather(*waiting))
    assert queue.depth == 0
    assert (await queue.vectors(["d"], "r", None)).shape == (1, encoder.dimension)


async def test_work_that_cannot_finish_is_refused(queue: EncodingQueue, encoder: GatedEncoder) -> None:
    """A deadline too near is refused before the work; one that passes meanwhile ends the wait."""
    now = asyncio.get_running_loop().time()
    with pytest.raises(DeadlineTooShort):
        await queue.vectors(["a"], "r", now + 0.0001)
    assert encoder.calls == []
    encoder.gate.clear()
    with pytest.raises(DeadlineTooShort):
        await queue.vectors(["a"], "r", now + 0.1)
    encoder.gate.set()


async def test_a_failure_is_not_remembered(queue: EncodingQueue, encoder: GatedEncoder) -> None:
    """An error is never cached, and the queue is free again after it."""
    encoder.broken = True
    with pytest.raises(EncoderError):
        await queue.vectors(["a"], "r", None)
    encoder.broken = False
    assert (await queue.vectors(["a"], "r", None)).shape == (1, encoder.dimension)
    assert encoder.calls == ["a", "a"]
    assert queue.depth == 0
