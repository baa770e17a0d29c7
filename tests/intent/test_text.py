"""Canonical text: one spelling for what reads the same, every disguise noted, limits before work."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.errors import InvalidRequest, LimitExceeded
from pdp.intent import text as module
from pdp.intent.text import MANIPULATIONS, Reading, TextLimits, read
from tests.intent.drawn import disguised, outcome, utterances

LIMITS = TextLimits()
WIDE = TextLimits(characters=100_000, clauses=100_000)


def findings(text: str) -> tuple[str, ...]:
    return read(text, LIMITS).findings


def canonical(text: str) -> str:
    return read(text, LIMITS).canonical


# ── what is kept and what becomes of it ──────────────────────────────────────────────────────────


def test_an_ordinary_text_is_left_as_it_is() -> None:
    """Nothing is changed, nothing is noted, and it is one clause."""
    text = "Show me the invoices of customer 4711 that are due in May."
    assert read(text, LIMITS) == Reading(text, text, (text,), ())


@pytest.mark.parametrize("text", ["", " ", "\n \t\n", "\u200b\u2060", "\ufeff"])
def test_nothing_to_read_has_no_clause(text: str) -> None:
    """Empty, blank and wholly invisible texts are empty: the only ones without a clause."""
    reading = read(text, LIMITS)
    assert (reading.canonical, reading.clauses) == ("", ())


def test_the_original_is_kept() -> None:
    """What was sent stays beside what was read."""
    assert read("  de\u200blete  ", LIMITS).original == "  de\u200blete  "


@pytest.mark.parametrize(
    ("written", "reads"),
    [
        ("list   the\tfiles", "list the files"),
        ("list\u00a0the\u3000files", "list the files"),
        ("first line \n\n  second line", "first line\nsecond line"),
        ("one\r\ntwo\u2028three\x0bfour\x85five", "one\ntwo\nthree\nfour\nfive"),
        ("don\u2019t \u201cquote\u201d", 'don\'t "quote"'),
        ("\uff33\uff28\uff2f\uff37 files", "SHOW files"),
        ("\ufb01le", "file"),
        ("cafe\u0301", "caf\u00e9"),
        ("non\u2011breaking", "non-breaking"),
    ],
)
def test_spellings_of_the_same_text_are_one(written: str, reads: str) -> None:
    """Widths, ligatures, accents, quotes and white space are unified, which alone is no finding."""
    assert canonical(written) == reads
    assert findings(written) == ()


@pytest.mark.parametrize(
    "text",
    [
        "Send a \u2764\ufe0f to the team",
        "Family \U0001f468\u200d\U0001f469\u200d\U0001f467 photo",
        "Flag \U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f of England",
        "Press 1\ufe0f\u20e3 to continue",
        "\u06a9\u062a\u0627\u0628\u200c\u0647\u0627 are books",
        "\u0915\u094d\u200d\u0937 is a letter",
        "\u05e9\u05dc\u05d5\u05dd\u200f is hello",
        "\ufeffShow the report",
    ],
)
def test_invisible_characters_that_writing_needs_are_no_finding(text: str) -> None:
    """Emoji sequences, flags, joiners of Persian and Hindi, direction marks beside Hebrew, a byte order mark."""
    assert not MANIPULATIONS.intersection(findings(text))
    assert "format_characters" not in findings(text)


# ── disguises ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("written", "reads", "finding"),
    [
        ("de\u200blete the files", "delete the files", "invisible_characters"),
        ("d\u2060r\u2060o\u2060p it", "drop it", "invisible_characters"),
        ("list\u200b the files", "list the files", "format_characters"),
        ("docu\u00adment", "document", "format_characters"),
        ("list the files\U000e0064\U000e0065\U000e006c", "list the files", "tag_characters"),
        ("list\ufe01\ufe02\ufe03 the files", "list the files", "tag_characters"),
        ("show \u202eselif\u202c now", "show selif now", "bidi_control"),
        ("show \u2066me\u2069 files", "show me files", "bidi_control"),
        ("list\x00 the\x1b[31m files\x08", "list the files", "control_characters"),
        ("list \ufdd0the files\U0001ffff", "list the files", "control_characters"),
        ("d\u0336e\u0336l\u0336e\u0336t\u0336e\u0336 it", "delete it", "stacked_marks"),
        ("\U0001d41d\U0001d41e\U0001d425\U0001d41e\U0001d42d\U0001d41e it", "delete it", "styled_letters"),
        ("\U0001f173\U0001f174\U0001f17b it", "DEL it", "styled_letters"),
        ("d\u0435l\u0435t\u0435 it", "delete it", "mixed_script"),
        ("\u0391dmin rights", "Admin rights", "mixed_script"),
        ("\u0441\u043e\u0440\u0443 it", "copy it", "mixed_script"),
        ("\u1d05\u1d07\u029f\u1d07\u1d1b\u1d07 it", "delete it", "mixed_script"),
        ("please d e l e t e it", "please delete it", "letter_spacing"),
        ("please d.r.o.p it", "please drop it", "letter_spacing"),
        ("please D-E-L-E-T-E it", "please DELETE it", "letter_spacing"),
        ("list it,  a n d  w i p e  a l l", "list it, and wipe all", "letter_spacing"),
        ("list it and g1ve me 4dm1n rights", "list it and give me admin rights", "digits_for_letters"),
        ("list it and d3l3t3 it", "list it and delete it", "digits_for_letters"),
    ],
)
def test_a_disguise_is_removed_and_noted(written: str, reads: str, finding: str) -> None:
    """The text reads as a person sees it, or would after a second look, and says how it was dressed."""
    assert canonical(written) == reads
    assert finding in findings(written)


@pytest.mark.parametrize(
    "text",
    [
        "\u041f\u0440\u0438\u0432\u0435\u0442 from Moscow",
        "a sensor of 5 \u03bcm and 3 k\u03a9",
        "TNF\u03b1 levels and \u0394t",
        "ask \u039d\u03af\u03ba\u03bf\u03c2 about it",
        "columns A B C D E F",
        "set x y z to a, b, c",
        "J. R. R. Tolkien and the U.S.S.R.",
        "e.g. the i.e. case at 10 a.m.",
        "host db1, bucket s3, k8s, i18n, mp3 and h264",
        "vol-0d11fe in eu-west-1a, version v1.2.3-rc4",
        "room B2B and gate A4",
        "Guðmundur, Océane and Łukasz",
        "row a b c d \u0130",
    ],
)
def test_honest_texts_are_not_folded(text: str) -> None:
    """Names, units, enumerations, initials and identifiers stay letter for letter."""
    assert canonical(text) == unicodedata.normalize("NFKC", text)
    assert not MANIPULATIONS.intersection(findings(text))


def test_a_word_half_cyrillic_beyond_lookalikes_is_noted_but_left() -> None:
    """What imitates nothing is not rewritten into nonsense; the mixture is still told."""
    reading = read("the API\u0448\u043d\u044b\u0439 call", LIMITS)
    assert reading.canonical == "the API\u0448\u043d\u044b\u0439 call"
    assert "mixed_script" in reading.findings


def test_several_disguises_are_all_noted_in_order() -> None:
    """Findings are sorted, each once."""
    assert findings("d\u200be\u200bl\u0435t\u0435 i\u202et") == ("bidi_control", "invisible_characters", "mixed_script")


def test_every_finding_is_documented() -> None:
    """The list in the module's docstring is the list of findings; manipulations are among them."""
    named = {line.split()[0] for line in (module.__doc__ or "").splitlines() if line.startswith("    ")}
    assert named >= MANIPULATIONS
    assert {"planted_instruction", "unread_language", "format_characters", "control_characters"} <= named


# ── limits and errors ────────────────────────────────────────────────────────────────────────────


def test_a_text_at_the_limit_is_read_and_one_over_is_refused() -> None:
    """The error names the limit and the size seen; nothing is ever cut."""
    limits = TextLimits(characters=10)
    assert read("a" * 10, limits).canonical == "a" * 10
    with pytest.raises(LimitExceeded, match=r"utterance: has 11 characters, at most 10"):
        read("a" * 11, limits)


def test_a_text_that_grows_over_the_limit_is_refused() -> None:
    """One character may stand for eighteen; the limit holds for both."""
    with pytest.raises(LimitExceeded, match="at most 20"):
        read("\ufdfa\ufdfa", TextLimits(characters=20))


def test_too_many_clauses_are_refused() -> None:
    """Each clause costs an encoding, so their number is bounded too."""
    with pytest.raises(LimitExceeded, match="3 things at once, at most 2"):
        read("Read it. Copy it. Move it.", TextLimits(clauses=2))


@pytest.mark.parametrize("text", ["\ud800", "read \udfff it", "\udc80\udc81"])
def test_half_a_surrogate_pair_is_refused(text: str) -> None:
    """Python strings can hold what UTF-8 cannot; the error says where it stands."""
    with pytest.raises(InvalidRequest, match=rf"character {min(text.find(c) for c in text if c >= chr(0xD800)) + 1} "):
        read(text, LIMITS)


def test_a_text_that_never_settles_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Should two simplifications ever undo each other, the answer is an error, not a hang."""
    monkeypatch.setattr(module, "_simplify", lambda text, _: text + "x")
    with pytest.raises(InvalidRequest, match="does not settle"):
        read("read it", LIMITS)


# ── properties ───────────────────────────────────────────────────────────────────────────────────


@given(utterances)
def test_reading_a_canonical_text_changes_nothing(text: str) -> None:
    """Canonical is canonical: reading it again gives the same text and the same clauses."""
    once = read(text, WIDE)
    again = read(once.canonical, WIDE)
    assert (again.canonical, again.clauses) == (once.canonical, once.clauses)


@given(utterances)
def test_no_character_is_lost_between_clauses(text: str) -> None:
    """Every non-space character of the canonical text lies in exactly one clause, in order."""
    reading = read(text, WIDE)
    assert "".join("".join(reading.clauses).split()) == "".join(reading.canonical.split())
    assert all(clause.strip() == clause and clause for clause in reading.clauses)
    assert bool(reading.clauses) == bool(reading.canonical)


@given(utterances)
def test_canonical_text_is_normal_and_visible(text: str) -> None:
    """It is in NFKC and holds no control, no surrogate and no doubled space."""
    result = read(text, WIDE).canonical
    assert unicodedata.is_normalized("NFKC", result)
    assert "  " not in result
    assert not [c for c in result if unicodedata.category(c) in ("Cc", "Cs") and c != "\n"]


@given(disguised())
def test_a_disguised_word_reads_as_the_plain_one(pair: tuple[str, str]) -> None:
    """Zero-width characters, look-alikes and full-width letters, in any mixture, change nothing but the findings."""
    plain, dressed = pair
    assert canonical(dressed) == canonical(plain)


@given(st.text(max_size=200))
def test_reading_ends_in_a_reading_or_a_clear_error(text: str) -> None:
    """Whatever the text, the answer is a reading or an error that names the field."""
    result = outcome(text, LIMITS)
    assert result == "utterance" if isinstance(result, str) else result.original == text
