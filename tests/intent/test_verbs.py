"""The lexicon: readings, inflections, phrases."""

from __future__ import annotations

from collections import Counter

import pytest

from pdp.intent import verbs
from pdp.intent.verbs import (
    BASE,
    GERUNDS,
    PARTICIPLES,
    PHRASES,
    TELLING,
    THIRD_PERSONS,
    VerbClass,
    classes,
    gerund,
    participle,
    plural,
)


@pytest.mark.parametrize(
    ("lemma", "ing", "done", "third"),
    [
        ("delete", "deleting", "deleted", "deletes"),
        ("drop", "dropping", "dropped", "drops"),
        ("copy", "copying", "copied", "copies"),
        ("deploy", "deploying", "deployed", "deploys"),
        ("free", "freeing", "freed", "frees"),
        ("send", "sending", "sent", "sends"),
        ("overwrite", "overwriting", "overwritten", "overwrites"),
        ("set", "setting", "set", "sets"),
        ("wash", "washing", "washed", "washes"),
        ("fix", "fixing", "fixed", "fixes"),
    ],
)
def test_inflections(lemma: str, ing: str, done: str, third: str) -> None:
    """Regular, doubling and irregular verbs."""
    assert (gerund(lemma), participle(lemma), plural(lemma)) == (ing, done, third)


def test_each_verb_stands_in_one_group() -> None:
    """A verb has one entry with all its readings, not several that hide each other."""
    words = [word.rstrip("*") for group in verbs._GROUPS.values() for word in group.split()]
    assert [word for word, times in Counter(words).items() if times > 1] == []


def test_every_class_has_verbs() -> None:
    """No class is a name without words."""
    assert {c for verb in BASE.values() for c in verb.classes} == set(VerbClass)
    assert classes("RD") == {VerbClass.READ, VerbClass.DELETE}


def test_inflected_forms_lead_to_the_same_verb() -> None:
    """Gerund, participle and third person are keys to the entry of their base form."""
    assert GERUNDS["wiping"] is PARTICIPLES["wiped"] is THIRD_PERSONS["wipes"] is BASE["wipe"]


def test_nouns_are_no_third_persons() -> None:
    """ "reports" and "updates" are nouns far more often than verbs."""
    assert not {"reports", "updates", "orders", "backups"} & THIRD_PERSONS.keys()


def test_phrases_begin_with_a_known_verb() -> None:
    """Otherwise they would never be tried."""
    assert PHRASES.keys() <= BASE.keys() | {"do"}


@pytest.mark.parametrize(
    ("lemma", "harmful"), [("delete", True), ("pay", True), ("grant", True), ("show", False), ("write", False)]
)
def test_harm_is_what_cannot_simply_be_taken_back(lemma: str, harmful: bool) -> None:
    """Only where every reading is."""
    assert BASE[lemma].harmful is harmful


def test_telling_words_unmask_disguises() -> None:
    """Verbs in their forms and the nouns that attacks want."""
    assert {"delete", "deleting", "deleted", "password", "admin", "customers"} <= TELLING
