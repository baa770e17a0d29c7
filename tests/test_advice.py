"""Advice to policy authors: overlap, misplaced exemplars, monotony, and counter-exemplars worth adding."""

from __future__ import annotations

from pdp.advice import advise
from pdp.types import Exemplar
from tests.builders import HERE, intent, snapshot_of
from tests.conftest import WordEncoder

WORDS = WordEncoder()
READ = ("Show the open invoices", "Show the open bills", "List the open invoices", "List open bills")


def told(*intents: object) -> list[str]:
    """The messages for a bundle of these intents."""
    return [p.message for p in advise(snapshot_of(WORDS, intents), WORDS)]


def test_a_sound_bundle_gets_no_advice_from_the_model() -> None:
    """Intents that lie apart, exemplars that differ: only what the files show, such as a missing test, is said."""
    found = told(
        intent("read", READ), intent("post", ("Mow our green lawn", "Mow our front lawn", "Cut our green lawn"))
    )
    assert not [m for m in found if "overlap" in m or "nearer" in m or "nearly the same" in m or "accepts" in m]


def test_intents_that_grant_the_same_twice_overlap() -> None:
    """Each accepts the other's exemplars."""
    found = told(intent("first", READ), intent("second", tuple(e + " please" for e in READ)))
    assert any("first and second overlap" in m for m in found)


def test_an_exemplar_that_lies_elsewhere_is_named() -> None:
    """It is nearer to another intent's exemplars than to its own."""
    stray = ("Mow the lawn", "Paint the fence", "Show the open invoices now")
    found = told(intent("read", READ), intent("garden", stray))
    assert any("“Show the open invoices now” lies nearer to read than to its own intent garden" in m for m in found)


def test_exemplars_that_say_the_same_teach_little() -> None:
    """Monotony is told with a figure."""
    found = told(intent("read", ("show open invoices", "Show open invoices.", "show, open invoices!")))
    assert any("nearly the same" in m for m in found)


def test_a_graver_exemplar_that_a_milder_intent_accepts_is_suggested_as_a_counter_exemplar() -> None:
    """With where to put it; once it is there, the advice is gone."""
    hard = "Files of the old customer archive"
    grave = intent("drop", (hard, "Wipe that table", "Purge old rows"), actions=("delete",))
    mild = ("Files of the customer archive", "The old files of the customer archive", "Show the archive of files")
    text = f"read accepts “{hard}”"
    quiet = [p for p in advise(snapshot_of(WORDS, (intent("read", mild), grave)), WORDS) if p.message.startswith(text)]
    assert len(quiet) == 1
    assert quiet[0].fix == "add it to the counter_exemplars of read"
    guarded = intent("read", mild, counter_exemplars=(Exemplar(hard, HERE),))
    assert not [p for p in advise(snapshot_of(WORDS, (guarded, grave)), WORDS) if p.message.startswith(text)]
