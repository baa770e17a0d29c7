"""Activations under load: no call sees a mixture, an error or a deny for want of a bundle."""

from __future__ import annotations

import asyncio

from pdp.v1 import administration_pb2 as admin
from pdp.v1 import decision_pb2 as proto
from tests.server.conftest import question

ALLOW = 3


async def test_calls_during_many_activations_are_all_answered_from_one_revision_each(running, tmp_path):
    """Fifty activations while four callers ask without pause: every answer is an allow of a revision in force."""
    seen: list[str] = []
    done = asyncio.Event()

    async def ask() -> None:
        while not done.is_set():
            answer = await running.decisions.Decide(question(), timeout=2)
            assert answer.effect == ALLOW
            seen.append(answer.revision)

    async def swap() -> None:
        for number in range(2, 52):
            (tmp_path / "revision").write_text(f"r{number}")
            await running.administration.ActivateBundle(admin.ActivateBundleRequest(), timeout=2)
        done.set()

    await asyncio.gather(swap(), *(ask() for _ in range(4)))
    assert set(seen) <= {f"r{n}" for n in range(1, 52)}
    assert len(set(seen)) > 3


async def test_a_refused_activation_under_load_changes_nothing(running, tmp_path):
    """Bad bundles in a row while callers ask: every answer is of the last good revision."""
    (tmp_path / "revision").write_text("bad")
    done = asyncio.Event()

    async def ask() -> None:
        while not done.is_set():
            answer = await running.decisions.Decide(question(), timeout=2)
            assert (answer.effect, answer.revision) == (ALLOW, "r1")

    async def refuse() -> None:
        for _ in range(20):
            check = await running.administration.CheckBundle(admin.CheckBundleRequest(), timeout=2)
            assert not check.usable
        done.set()

    await asyncio.gather(refuse(), ask(), ask())


async def test_a_repeated_id_is_judged_anew_after_an_activation(running, tmp_path):
    """The remembered answer belongs to the revision that gave it."""
    before = await running.decisions.Decide(question(request_id="q"), timeout=2)
    (tmp_path / "revision").write_text("r2")
    await running.administration.ActivateBundle(admin.ActivateBundleRequest(), timeout=2)
    after = await running.decisions.Decide(question(request_id="q"), timeout=2)
    assert (before.revision, after.revision) == ("r1", "r2")


async def test_a_stream_and_a_batch_go_on_through_an_activation(running, tmp_path):
    """Open streams need not be opened again."""
    stream = running.decisions.DecideStream(timeout=5)
    await stream.write(question(request_id="a"))
    assert (await stream.read()).decision.revision == "r1"
    (tmp_path / "revision").write_text("r2")
    await running.administration.ActivateBundle(admin.ActivateBundleRequest(), timeout=2)
    await stream.write(question(request_id="b"))
    assert (await stream.read()).decision.revision == "r2"
    batch = proto.DecideBatchRequest(items=[question(), question()])
    answer = await running.decisions.DecideBatch(batch, timeout=2)
    assert {item.decision.revision for item in answer.items} == {"r2"}
    stream.cancel()
