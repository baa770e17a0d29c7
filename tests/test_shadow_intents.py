"""An intent in shadow shows live what it would have granted, and grants nothing."""

from __future__ import annotations

from pathlib import Path

from pdp.types import Effect
from tests.recorded import APPROVED, FOREIGN, READ, UNSURE, asks, record, write


async def test_a_shadow_intent_shows_live_what_it_would_grant(tmp_path: Path) -> None:
    """By its band, with its score; of a request that it has nothing to do with it says nothing."""
    bundle = write(tmp_path / "b", {"intents/read.yaml": READ + "mode: shadow\n"})
    (bundle / "tests" / "all.yaml").unlink()
    _, found = await record(tmp_path, [asks(APPROVED), asks(UNSURE), asks(FOREIGN)], bundle)
    assert {d.verdict.effect for d in found} == {Effect.DENY}
    shown = [[(f.source, f.would_be) for f in d.verdict.shadow] for d in found]
    assert shown == [[("intent read-invoices", Effect.ALLOW)], [("intent read-invoices", Effect.NARROW)], []]
    assert not any(d.permit for d in found)


async def test_a_shadow_intent_that_changes_nothing_is_silent(tmp_path: Path) -> None:
    """Where as much is granted without it, there is nothing to report."""
    twin = READ.replace("read-invoices", "read-bills").replace("  - ", "  - Please ") + "mode: shadow\n"
    _, found = await record(tmp_path, [asks(APPROVED)], write(tmp_path / "b", {"intents/twin.yaml": twin}))
    assert found[0].verdict.effect is Effect.ALLOW
    assert not found[0].verdict.shadow
