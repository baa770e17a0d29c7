"""Words taken apart or written in digits are put together again: "d e l e t e", "d.r.o.p", "d3l3t3"."""

from __future__ import annotations

import re
from itertools import pairwise

from pdp.intent.verbs import TELLING

_SPACED = re.compile(r"(?<!\S)\S(?:[ \t\u00a0]{1,4}\S(?!\S)){3,}")
_GAP = re.compile(r"[ \t\u00a0]+")
_DOTTED = re.compile(r"(?<![\w.*~+|-])[^\W\d_]([.\-_*|~+])(?:[^\W\d_]\1){2,}[^\W\d_](?![\w*~+|-])")
_SHORTEST, _SURELY_DISGUISED, _FEWEST_DISTINCT = 4, 8, 3

_DIGIT_WORD = re.compile(r"(?<![\w@.:/=-])(?=[\w@$]{0,40}[A-Za-z])[A-Za-z@$]{0,40}[0134578@$][\w@$]*(?![\w@:/=-])")
_DIGITS = str.maketrans("034578@$", "oeastbas")
_LONG = 5


def join_spaced(text: str, findings: set[str]) -> str:
    """``text`` with words that were spelled out letter by letter joined. Wider gaps inside a spelled run part words."""
    text = _SPACED.sub(lambda m: _join(m[0], _despace(m[0]), findings), text)
    return _DOTTED.sub(lambda m: _join(m[0], m[0].replace(m[1], ""), findings), text)


def _despace(run: str) -> str:
    gaps = _GAP.findall(run)
    narrow = min(map(len, gaps))
    return _GAP.sub(lambda m: "" if len(m[0]) == narrow else " ", run)


def _join(run: str, joined: str, findings: set[str]) -> str:
    """``joined`` where ``run`` is words in pieces; ``run`` where it is an enumeration, initials or arithmetic."""
    letters = [c.lower()[0] for c in joined if c.isalpha() and c < "\u0530"]
    if (
        len(letters) < _SHORTEST
        or len(letters) * 10 < len(joined.replace(" ", "")) * 7
        or len(set(letters)) < _FEWEST_DISTINCT
    ):
        return run
    if all(ord(b) - ord(a) == 1 for a, b in pairwise(letters)) or (run.isupper() and "." in run):
        return run
    telling = any(word.strip(".,;:!?").lower() in TELLING for word in joined.split())
    if telling or len(letters) >= _SURELY_DISGUISED:
        findings.add("letter_spacing")
    elif " " in run:
        return run
    return joined


def fold_digits(text: str, findings: set[str]) -> str:
    """``text`` with words in digits ("4dm1n acc3ss") spelled out, where they are surely words.

    Sure means two telling words, or one long one with two digits in it: identifiers and version numbers stay.
    """
    found = {m[0]: word for m in _DIGIT_WORD.finditer(text) if (word := _undigit(m[0]))}
    sure = len(found) > 1 or any(len(w) >= _LONG and sum(not c.isalpha() for c in raw) > 1 for raw, w in found.items())
    if not sure:
        return text
    findings.add("digits_for_letters")
    return _DIGIT_WORD.sub(lambda m: found.get(m[0], m[0]), text)


def _undigit(raw: str) -> str:
    lowered = raw.lower()
    for one in "il":
        word = lowered.replace("1", one).translate(_DIGITS)
        if word in TELLING and word != lowered:
            return word
    return ""
