"""Work beside decisions gives way to them."""

from __future__ import annotations

import gc
import sys

import pytest

from pdp import background
from pdp.background import giving_way, uncollected


def busy(calls: int) -> int:
    """So many calls."""
    return sum(len(str(n)) for n in range(calls))


def test_whoever_computes_for_long_pauses_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once it has had its time; the work is the same, and the hook that was there is put back."""
    pauses: list[float] = []
    monkeypatch.setattr(background, "sleep", pauses.append)
    monkeypatch.setattr(background, "KEPT_SECONDS", 0.0)
    before = sys.getprofile()
    with giving_way():
        done = busy(1_000)
    assert sys.getprofile() is before
    assert done == busy(1_000)
    assert len(pauses) > 50
    monkeypatch.setattr(background, "KEPT_SECONDS", 1_000.0)
    pauses.clear()
    with giving_way():
        busy(1_000)
    assert pauses == []


def test_an_error_ends_the_giving_way() -> None:
    before = sys.getprofile()
    with pytest.raises(ZeroDivisionError), giving_way():
        busy(1 // 0)
    assert sys.getprofile() is before


def test_garbage_is_looked_for_again_when_the_last_of_several_is_done() -> None:
    """Checks and reloads may overlap, in any order."""
    for _ in range(2):
        outer, inner = uncollected(), uncollected()
        assert gc.isenabled()
        outer.__enter__()
        inner.__enter__()
        outer.__exit__(None, None, None)
        assert not gc.isenabled()
        inner.__exit__(None, None, None)
        assert gc.isenabled()
