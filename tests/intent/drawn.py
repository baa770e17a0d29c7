"""Strategies: utterances as people and attackers write them."""

from __future__ import annotations

from hypothesis import strategies as st

from pdp.errors import InvalidRequest
from pdp.intent.text import Reading, TextLimits, read

WORDS = (
    "read show delete send the my all every file invoice customer please and then not don't who is it to for with admin"
).split()
ODD = [
    "\u200b", "\u00ad", "\u202e", "\ufeff", "\u0301", "\u0336", "\ufe0f", "\U000e0041", "\x00", "\x1b[0m",
    "\r\n", "\t", "\u2028", "\u3164", "\uffa0", "\ufdfa", "\u0130", "\u1e9e", "\u00b4", "a b c d",
    "d.e.l.e.t.e", "4dm1n", "\u0430\u0435", "\u03bcm", "'quoted text'", '"x"', "1. ", "2. ", ";", "&&", "P.S.",
    "a@b.example", "https://a.example/x?y=%41", "- ", "(",
]  # fmt: skip

_pieces = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from(ODD),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
    st.sampled_from([" ", "  ", ", ", ". ", "\n", "? ", "! "]),
)
utterances = st.lists(_pieces, max_size=30).map("".join) | st.lists(st.sampled_from(WORDS), max_size=20).map(" ".join)

_LOOKALIKE = {"a": "\u0430", "c": "\u0441", "e": "\u0435", "o": "\u043e", "p": "\u0440", "x": "\u0445", "i": "\u0456"}
_TELLING = ["delete", "export", "password", "invoices", "replace", "approve", "backups", "disable"]


@st.composite
def disguised(draw: st.DrawFn) -> tuple[str, str]:
    """A plain request and the same with each letter of its words possibly dressed up; the first letter stays Latin."""
    words = draw(st.lists(st.sampled_from(_TELLING), min_size=1, max_size=4))
    dressed = []
    for word in words:
        letters = [word[0]]
        for letter in word[1:]:
            dress = draw(st.sampled_from(["plain", "lookalike", "wide", "hidden"]))
            letters.append(
                {
                    "plain": letter,
                    "lookalike": _LOOKALIKE.get(letter, letter),
                    "wide": chr(ord(letter) + 0xFEE0),
                    "hidden": "\u200b" + letter,
                }[dress]
            )
        dressed.append("".join(letters))
    return " ".join(words), " ".join(dressed)


def outcome(text: str, limits: TextLimits) -> Reading | str:
    """The reading of ``text``, or the field that its error names."""
    try:
        return read(text, limits)
    except InvalidRequest as error:
        return error.field
