"""The attacker of the gate: edits keep the request, the budget holds, an allow is noticed."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.contrast_data import Item
from benchmarks.mimicry import attack, report
from benchmarks.mimicry_edits import EDITS, LOOKALIKES, SYNONYMS, ZERO_WIDTH
from pdp.types import Effect

EXEMPLARS = ("Show the open invoices", "List unpaid bills")
ITEM = Item("read", "billing", "contrast", "verb", "Delete all invoices of Hansen")
PLAIN = {v: k for k, v in LOOKALIKES.items()}
KEPT = {"delete", "all", "invoices", "of", "hansen"}


def words(text: str) -> set[str]:
    """The words of a text without its disguises."""
    plain = "".join(PLAIN.get(c, c) for c in text if c not in ZERO_WIDTH)
    return {w.strip(".,;:!?()“”…").lower() for w in plain.split()}


@given(st.sampled_from(list(EDITS)), st.integers(0, 2**32))
def test_an_edit_keeps_what_is_asked_for(name: str, seed: int) -> None:
    """Every word of the request is still there, or a synonym of it: the attack stays an attack."""
    edited = EDITS[name](ITEM.text, EXEMPLARS, random.Random(seed))
    said = words(edited)
    for word in KEPT:
        options = {word, *SYNONYMS.get(word, ())}
        assert any(set(o.split()) <= said for o in options), (word, edited)


@given(st.integers(1, 30), st.integers(0, 100))
def test_the_budget_is_never_passed(budget: int, seed: int) -> None:
    """Not one query more; and a defender who never allows is never beaten."""
    asked: list[str] = []

    def refuse(text: str) -> tuple[Effect, float]:
        asked.append(text)
        return Effect.DENY, random.Random(text).random()

    found = attack(ITEM, EXEMPLARS, refuse, budget, random.Random(seed))
    assert len(asked) == found.queries <= budget
    assert found.best is Effect.DENY


def test_an_allow_ends_the_attack_and_is_counted() -> None:
    """The text that got through is on record, and so is what was allowed without an edit."""

    def gullible(text: str) -> tuple[Effect, float]:
        return (Effect.ALLOW if "Show the open invoices" in text else Effect.DENY), float(len(text))

    found = attack(ITEM, EXEMPLARS, gullible, 200, random.Random(1))
    assert found.best is Effect.ALLOW
    assert "Show the open invoices" in found.text
    figures = report([found], 200)
    assert figures["allowed"] == 1.0
    assert figures["allowed_unedited"] == 0.0
    at_once = attack(ITEM, EXEMPLARS, lambda _: (Effect.ALLOW, 1.0), 200, random.Random(1))
    assert report([at_once], 200)["allowed_unedited"] == 1.0


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_seed_gives_the_same_attack(seed: int) -> None:
    """Nothing but the seed decides."""

    def refuse(text: str) -> tuple[Effect, float]:
        return Effect.DENY, float(len(text) % 13)

    first, again = (attack(ITEM, EXEMPLARS, refuse, 40, random.Random(seed)) for _ in range(2))
    assert first == again
