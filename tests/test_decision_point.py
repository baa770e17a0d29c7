"""The Decide use case on real parts: one snapshot, fail closed, errors where there is no answer."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pdp.audit.prompts import Sealer
from pdp.config import Config
from pdp.data_directory import DataDirectory
from pdp.decision_point import DecisionPoint
from pdp.encoding import EncodingQueue
from pdp.errors import EncoderError, LimitExceeded, NotReady
from pdp.intent.text import TextLimits
from pdp.ledger import Ledger
from pdp.memory import Memory
from pdp.policy.model import SessionSettings, Settings
from pdp.runtime import Caller
from pdp.snapshot import Snapshot, Snapshots
from pdp.types import Decision, Effect, ReasonCode, Request
from pdp.wiring import keeper
from tests.builders import NOW, intent, request, rule, snapshot_of
from tests.conftest import WordEncoder


class FailingEncoder(WordEncoder):
    """Raises what it is told to raise."""

    error: Exception | None = None

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if self.error:
            raise self.error
        return super().encode(texts)


ENCODER = FailingEncoder()


@dataclass(frozen=True)
class Asking:
    """The decision point as one gateway asks it."""

    point: DecisionPoint

    async def decide(self, asked: Request) -> Decision:
        return await self.point.decide(asked, Caller("gateway-1"), None)

    async def explain(self, asked: Request) -> Decision:
        return await self.point.explain(asked, Caller("gateway"), None)


def current(*args: object, **kwargs: object) -> Snapshot:
    """A bundle that allows requests outside of sessions."""
    settings = Settings(sessions=SessionSettings(required=False))
    return snapshot_of(ENCODER, *args, settings=settings, **kwargs)


@pytest.fixture
def snapshots() -> Snapshots:
    return Snapshots(current())


@pytest.fixture
async def point(snapshots: Snapshots, tmp_path: Path) -> AsyncIterator[Asking]:
    async with asking(snapshots, tmp_path) as opened:
        yield opened


@asynccontextmanager
async def asking(snapshots: Snapshots, directory: Path) -> AsyncIterator[Asking]:
    """A decision point with a real ledger in ``directory``."""
    queue, ids = EncodingQueue(threads=1, capacity=100), (f"d{n}" for n in itertools.count(1))
    config = Config(bundle=directory, data_dir=directory)
    data = DataDirectory.open(config, lambda: NOW, time.monotonic)
    keep = keeper(Sealer(directory), sealed=False)
    ledger = Ledger(data.log, data.reader, data.journal, data.keys, keep, lambda: next(ids), "pdp", 10.0)
    memory = Memory(100, TextLimits())
    try:
        yield Asking(DecisionPoint(snapshots, ENCODER, queue, lambda: NOW, lambda: next(ids), memory, ledger))
    finally:
        await data.close()
        queue.close()


async def test_a_decision_says_what_it_was_made_from(point: Asking) -> None:
    """Id, revision, encoder and timings come with every decision."""
    decision = await point.decide(request(traceparent="00-a-b-01"))
    assert decision.verdict.effect is Effect.ALLOW
    assert (decision.decision_id, decision.request_id, decision.traceparent) == ("d1", "q1", "00-a-b-01")
    assert (decision.revision, decision.encoder) == ("sha256:test", "sha256:words")
    assert decision.timings.total >= decision.timings.encode > 0


async def test_what_nothing_admits_never_reaches_the_model(point: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    """Denied by target and action alone, even while the model is broken."""
    monkeypatch.setattr(ENCODER, "error", EncoderError("down"))
    decision = await point.decide(request(action="drop"))
    assert decision.verdict.reasons[0].code is ReasonCode.NOT_ADMITTED
    assert decision.timings.encode == 0


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (EncoderError("down"), ReasonCode.ENCODER_FAILED),
        (RuntimeError("bug"), ReasonCode.INTERNAL_ERROR),
        (MemoryError(), ReasonCode.INTERNAL_ERROR),
    ],
)
async def test_a_failing_part_denies(
    point: Asking, monkeypatch: pytest.MonkeyPatch, error: Exception, code: ReasonCode
) -> None:
    """Fail closed: a broken model or a bug is a deny with a reason of its own, without internals in the text."""
    monkeypatch.setattr(ENCODER, "error", error)
    decision = await point.decide(request("Show open invoices of one customer please"))
    assert decision.verdict.effect is Effect.DENY
    assert decision.verdict.reasons[0].code is code
    assert "bug" not in decision.verdict.reasons[0].text


async def test_no_bundle_no_answer(tmp_path: Path) -> None:
    """Before the first activation there is no decision at all."""
    async with asking(Snapshots(), tmp_path) as point:
        with pytest.raises(NotReady):
            await point.decide(request())


async def test_a_text_over_the_limit_is_an_error_not_a_truncation(point: Asking) -> None:
    """Nothing is cut silently."""
    with pytest.raises(LimitExceeded, match="utterance"):
        await point.decide(request("read " * 5000))


async def test_explain_gives_the_same_verdict_with_a_trace(point: Asking) -> None:
    """Explain shows clauses, candidates and rules, and decides as Decide does."""
    for asked in (request(), request("Paint the fence"), request(action="drop"), request("")):
        plain, full = (await point.decide(asked)).verdict, (await point.explain(asked)).verdict
        assert (full.effect, full.reasons, full.match) == (plain.effect, plain.reasons, plain.match)
        assert plain.trace is None
        assert full.trace is not None
    trace = (await point.explain(request())).verdict.trace
    assert trace is not None
    assert trace.candidates[0].intent == "read-invoices"
    assert trace.clauses[0].covered_by == "read-invoices"


async def test_a_decision_keeps_its_snapshot_while_bundles_are_swapped(point: Asking, snapshots: Snapshots) -> None:
    """Under activation no answer is mixed or a stray default deny: revision and effect always fit together."""
    allow = current(revision="sha256:allow")
    refuse = current(rules=(rule("true"),), revision="sha256:refuse")
    narrow = current((intent("other"),), revision="sha256:other")
    seen = set()

    async def ask(number: int) -> None:
        decision = await point.decide(request(f"Read the unpaid invoices of a customer {'' if number % 3 else number}"))
        matched = decision.verdict.match.intent if decision.verdict.match else ""
        seen.add((decision.revision, decision.verdict.effect, matched))

    for round_ in range(60):
        snapshots.swap((allow, refuse, narrow)[round_ % 3])
        asks = [asyncio.create_task(ask(round_ * 10 + n)) for n in range(5)]
        await asyncio.sleep(0)
        snapshots.swap((allow, refuse, narrow)[(round_ + 1) % 3])
        await asyncio.gather(*asks)
    assert seen == {
        ("sha256:allow", Effect.ALLOW, "read-invoices"),
        ("sha256:refuse", Effect.DENY, "read-invoices"),
        ("sha256:other", Effect.ALLOW, "other"),
    }


async def test_a_question_that_was_allowed_carries_no_change_from_memory(point: Asking, snapshots: Snapshots) -> None:
    """The same words with another call are judged again: what is remembered of a read does not pass a cancellation."""
    snapshots.swap(current((intent("tend", ("How many invoices are open?",), actions=("list", "cancel")),)))
    first = await point.decide(request("How many invoices are open?", "list"))
    second = await point.decide(request("How many invoices are open?", "cancel"))
    assert first.verdict.effect is Effect.ALLOW
    assert second.verdict.effect is Effect.DENY
