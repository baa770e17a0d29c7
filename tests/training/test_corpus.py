"""The corpus follows its guide, keeps the held-out domains apart, and its reader names what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.corpus.check import problems
from training.corpus.contrast import rows
from training.corpus.read import CALIBRATION, HELD_OUT, HERE, CorpusError, read_corpus, read_domain

GOOD = """## family notes
a: read-notes | note | read
  Read one's own notes.
  - Show my notes
b: drop-notes | note | delete
  Delete one's own notes.
  - Delete my old notes
---
+a -b:verb | chat | what did i write down
+b -a:verb | ticket | old notes -> gone
"""


@pytest.mark.parametrize("path", sorted(HERE.glob("*.txt")), ids=lambda p: p.stem)
def test_every_file_follows_the_guide(path: Path) -> None:
    """Labels for every sibling, enough covered requests, every kind in every family, no sentence twice."""
    assert list(problems(path)) == []


def test_held_out_and_calibration_domains_are_apart() -> None:
    """No domain serves two ends, and no sentence of one stands in another."""
    assert not set(HELD_OUT) & set(CALIBRATION)
    seen: dict[str, str] = {}
    for family in read_corpus():
        for request in family.requests:
            key = request.text.lower()
            assert seen.setdefault(key, family.domain) == family.domain, request.text


def test_a_file_is_read_as_it_stands(tmp_path: Path) -> None:
    """Intents with their exemplars, requests with a label for each."""
    (tmp_path / "notes.txt").write_text(GOOD)
    (family,) = read_domain(tmp_path / "notes.txt")
    assert [i.id for i in family.intents] == ["read-notes", "drop-notes"]
    assert family.intents[1].actions == ("delete",)
    assert [r.kinds for r in family.requests] == [("", "verb"), ("verb", "")]
    first, second = rows([family])
    assert first["paraphrases"] == ["what did i write down"]
    assert second["contrasts"] == [{"kind": "verb", "text": "what did i write down"}]


def test_near_lines_join_their_family(tmp_path: Path) -> None:
    """They come from a file of their own."""
    (tmp_path / "notes.txt").write_text(GOOD)
    (tmp_path / "near").mkdir()
    (tmp_path / "near" / "notes.txt").write_text("## family notes\n-a:scope -b:verb | near | Show everybody's notes\n")
    (family,) = read_domain(tmp_path / "notes.txt")
    assert family.requests[-1].style == "near"
    assert family.requests[-1].kinds == ("scope", "verb")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("+b -a:verb", "+b", r"notes\.txt:10: no label for a"),
        ("-a:verb", "-a:size", r"neither \+letters nor -letter:kind"),
        ("| ticket |", "| sonnet |", "unknown style 'sonnet'"),
        ("+b -a:verb", "+b -b:verb", "labelled twice or names no intent"),
        ("---\n", "", "has no line '---'"),
        ("## family notes\n", "", "no family"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    """Whoever writes the corpus is told where and what."""
    (tmp_path / "notes.txt").write_text(GOOD.replace(old, new))
    with pytest.raises(CorpusError, match=message):
        read_domain(tmp_path / "notes.txt")
