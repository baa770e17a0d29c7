"""Canonical text: one spelling for everything that reads the same, and a note of every disguise found on the way.

Findings are stable words::

    control_characters    terminal codes and other controls (removed)
    invisible_characters  zero-width characters inside a word (removed)
    format_characters     the same elsewhere, soft hyphens: they come along with copied text (removed)
    tag_characters        text written in invisible tag or variation characters (removed)
    bidi_control          characters that reorder what a person sees (removed)
    styled_letters        words in mathematical or enclosed letters (made plain)
    stacked_marks         strokes over letters, towers of accents (removed)
    mixed_script          Cyrillic, Greek or other letters that imitate Latin ones (made Latin)
    letter_spacing        words spelled with gaps (joined)
    digits_for_letters    words spelled with digits (spelled out)
    encoded_text          text in base64, hex, rot13, percent or character codes (left)
    reversed_text         words written backwards (left)
    planted_instruction   text that poses as system, tool or authority, or tells the reader to ignore its instructions
    unread_language       a part that is not English, which nothing here can judge
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pdp.errors import InvalidRequest, LimitExceeded
from pdp.intent.characters import fold_lookalikes, strip_hidden
from pdp.intent.clauses import split
from pdp.intent.disguise import fold_digits, join_spaced
from pdp.intent.manipulation import encoded_text, reversed_text, unread_language
from pdp.intent.planted import planted_instruction

# Findings that nobody writes by accident: on their own reason enough to refuse. The others are for policies to weigh.
MANIPULATIONS = frozenset(
    {
        "bidi_control",
        "digits_for_letters",
        "encoded_text",
        "invisible_characters",
        "letter_spacing",
        "mixed_script",
        "planted_instruction",
        "reversed_text",
        "stacked_marks",
        "styled_letters",
        "tag_characters",
    }
)

_WORDS = re.compile(r"[^\W\d_]+")
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r" ?\n[ \n]*")
# Each pass only removes or simplifies, so a text settles after a few; one that does not is not a text.
_PASSES = 12
_DETECTORS = (
    ("encoded_text", encoded_text),
    ("reversed_text", reversed_text),
    ("planted_instruction", planted_instruction),
    ("unread_language", unread_language),
)


@dataclass(frozen=True, slots=True)
class TextLimits:
    """``characters`` counts code points before and after normalisation, ``clauses`` the pieces asking for one thing."""

    characters: int = 4000
    clauses: int = 32


@dataclass(frozen=True, slots=True)
class Reading:
    """An utterance as read. ``clauses`` are pieces of ``canonical``, in order; empty only when it is.

    Every non-space character of ``canonical`` lies in exactly one clause. ``findings`` are sorted.
    """

    original: str
    canonical: str
    clauses: tuple[str, ...]
    findings: tuple[str, ...]


def read(utterance: str, limits: TextLimits) -> Reading:
    """Read an utterance. Reading a canonical text again gives the same text.

    Raises ``InvalidRequest`` for text that is not Unicode, ``LimitExceeded`` for text over a limit: never cut silently.
    """
    _check_length(len(utterance), limits.characters)
    findings: set[str] = set()
    canonical = _canonical(utterance, findings, limits)
    words = frozenset(_WORDS.findall(canonical.lower()))
    findings.update(name for name, detect in _DETECTORS if detect(canonical, words))
    clauses = split(canonical)
    if len(clauses) > limits.clauses:
        raise LimitExceeded(
            "utterance", f"asks for {len(clauses)} things at once, at most {limits.clauses} are read; split it"
        )
    return Reading(utterance, canonical, clauses, tuple(sorted(findings)))


def _canonical(text: str, findings: set[str], limits: TextLimits) -> str:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            message = f"is not Unicode text: character {error.start + 1} is half of a surrogate pair"
            raise InvalidRequest("utterance", message) from error
    for _ in range(_PASSES):
        simpler = _simplify(text, findings)
        _check_length(len(simpler), limits.characters)
        if simpler == text:
            return text
        text = simpler
    raise InvalidRequest("utterance", "does not settle under normalisation; send plain text")


def _simplify(text: str, findings: set[str]) -> str:
    text = strip_hidden(text, findings)
    text = fold_digits(fold_lookalikes(join_spaced(text, findings), findings), findings)
    return _LINES.sub("\n", _SPACES.sub(" ", text)).strip()


def _check_length(seen: int, most: int) -> None:
    if seen > most:
        raise LimitExceeded("utterance", f"has {seen} characters, at most {most} are read; shorten it")
