"""A call that very many intents admit is decided as if all of them had been looked at."""

from __future__ import annotations

import pytest

from pdp.cases import decide_once
from pdp.intent import cut
from pdp.types import Effect, Exemplar
from tests.builders import HERE, NOW, intent, request, snapshot_of
from tests.conftest import WordEncoder

WORDS = WordEncoder()
THINGS = [
    f"{quality} {thing}" for quality in ("unpaid", "open", "old", "new") for thing in map("thing{}".format, range(75))
]
ASKED = [f"Read the {thing} of a customer" for thing in THINGS[::20]]


@pytest.fixture(scope="module")
def snapshot():
    """300 intents that all admit the call, each with what looks like it and is not approved."""
    intents = [
        intent(
            f"read-{number}",
            [f"Read the {thing} of a customer", f"Show me {thing} today"],
        )
        for number, thing in enumerate(THINGS)
    ]
    return snapshot_of(WORDS, intents)


def verdicts(snapshot, texts):
    return {text: decide_once(request(text), snapshot, WORDS, NOW) for text in texts}


def test_decisions_are_those_of_an_exact_search(snapshot, monkeypatch):
    """The same verdicts to the last figure: intent, score, runner-up, reasons."""
    assert len(THINGS) > cut.MOST_LOOKED
    texts = [*ASKED, "Burn the paper archive", "Show me unpaid thing3 and open thing9 today", "Delete the old thing7"]
    found = verdicts(snapshot, texts)
    monkeypatch.setattr(cut, "MOST_LOOKED", len(THINGS))
    assert verdicts(snapshot, texts) == found
    assert [found[text].effect for text in ASKED] == [Effect.ALLOW] * len(ASKED)
    assert found["Burn the paper archive"].effect is Effect.DENY


def test_no_decision_depends_on_the_others(snapshot):
    """Asked in another order, or alone: the same."""
    together = verdicts(snapshot, ASKED)
    assert verdicts(snapshot, ASKED[::-1]) == together
    assert verdicts(snapshot_of(WORDS, list(snapshot.bundle.intents)), ASKED[:2]) == {t: together[t] for t in ASKED[:2]}


def test_a_counter_exemplar_is_seen_also_in_a_large_bundle(snapshot):
    """What speaks against a request is that of the intent it is held against, and is never left out."""
    at = THINGS.index("unpaid thing20")
    intents = list(snapshot.bundle.intents)
    text = "Read the unpaid thing20 of a customer tomorrow"
    exemplars = [e.text for e in intents[at].exemplars]
    intents[at] = intent(intents[at].id, exemplars, counter_exemplars=(Exemplar(text, HERE),))
    found = verdicts(snapshot_of(WORDS, intents), [text])[text].match
    assert (found.intent, found.counter.text) == (intents[at].id, text)
    assert found.counter.similarity > found.nearest.similarity
