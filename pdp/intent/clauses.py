"""Clauses: a canonical text cut into pieces that each ask for one thing.

Cuts fall at sentence ends, lines, list items, statement separators (``;``, ``&&``, ``||``) and before a conjunction or
comma that begins another request. Quoted strings, addresses, file names, numbers and abbreviations are never cut, and
nothing but white space is lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pdp.intent.grammar import ADDRESS, DETERMINERS, PARTICLES, QUOTED
from pdp.intent.verbs import BASE, GERUNDS

_LITERAL = re.compile(f"{QUOTED}|{ADDRESS}")
_ABBREVIATIONS = frozenset(
    """
    adj al approx apr aug ave bldg ca capt cf cit co corp dec dept dr ed eds est etc excl ext feb fig figs fri gen gov
    hon
    i.e e.g inc incl inv jan jr jul jun lt ltd mar max min misc mon mr mrs ms mt mtg no nos nov nr oct op orig p pls pos
    pp
    prof p.s ps pt ref rev sat sec sep sept sgt sr st sun tel temp thu thur tue vol vs wed w.r.t yr z.b a.m p.m u.s u.k
    """.split()
)

_SENTENCE_END = re.compile(r"""(?<=\S)(?<![.!?])[.!?]+['")\]]*(?=\s)|(?<=['")])\.(?=[A-Z])|;|&&|\|\|""")
_LINE = re.compile(r"\n")
_ITEM = re.compile(r"(?:(?<=^)|(?<=\s))\(?(\d{1,2})[.)] ")
_BULLET = re.compile(r"[-*•–] ?\S|\(?\d{1,2}[.)] |[A-Z<\[#]")
_LAST_WORD = re.compile(r"[\w.'-]+\Z")

_FILLERS = (
    r"(?:(?:please|pls|kindly|also|then|just|now|next|afterwards|after that|finally|immediately|quickly|simply|maybe"
    r"|perhaps|once done|when done|at the end|in the end|at the same time|while (?:you're at it|in there|at it|there)"
    r"|instead|go ahead and|go and|again|to),? )*"
)
_AFTER_WORD = r"(?<=[\w\"')\]%/])"
_JOIN = re.compile(
    rf"(?:{_AFTER_WORD}(?P<comma>,) (?:and |but |or |then |plus |& )?"
    rf"|{_AFTER_WORD} (?P<and>(?:and|but|or|then|plus|&)) "
    r"|(?<= )(?P<dash>[-–—]{1,2}) )"
    rf"(?={_FILLERS}(?P<word>[a-z'-]+)(?: (?P<next>[\"\w'/*.-]+)| ?[,.;:!?)]|$))"
)
_REQUESTS = frozenset("don't dont never let's lets let can could would will i'll".split())
_OPENERS = frozenset(
    "after although as because before if in once since though unless until when whenever whereas while to for".split()
)
_RELATIVES = frozenset("who that which whose whom how what where when can could whether to".split())
_LEADS = frozenset("please to you and then just also not pls kindly".split())
_MIN_WORDS = 2


def split(canonical: str) -> tuple[str, ...]:
    """The clauses of a canonical text, in order. Empty only for an empty text."""
    masked = _LITERAL.sub(lambda m: '"' * len(m[0]), canonical)
    items = tuple(_item_cuts(masked))
    hard = sorted({*_sentence_cuts(masked, frozenset(items)), *_line_cuts(masked), *items})
    cuts: list[int] = []
    for start, end in zip([0, *hard], [*hard, len(masked)], strict=True):
        cuts += [start, *_join_cuts(masked, start, end)]
    return tuple(_pieces(canonical, cuts))


def _pieces(text: str, cuts: list[int]) -> Iterator[str]:
    """Cut ``text`` at ``cuts`` (ascending, from 0). What holds no letter or digit joins the piece before it."""
    pieces: list[str] = []
    begin = 0
    for end in [*cuts[1:], len(text)]:
        if any(map(str.isalnum, text[begin:end])) or (end == len(text) and not pieces):
            pieces.append(text[begin:end])
            begin = end
    if pieces and begin < len(text):
        pieces[-1] += text[begin:]
    return (stripped for piece in pieces if (stripped := piece.strip()))


def _sentence_cuts(masked: str, items: frozenset[int]) -> Iterator[int]:
    for match in _SENTENCE_END.finditer(masked):
        before = _LAST_WORD.search(masked, max(0, match.start() - 12), match.start())
        if match[0] == "." and before and (before.start() in items or _is_abbreviation(before[0].lower())):
            continue
        if match[0] == ";" and masked[match.start() - 1 : match.start()] == "\\":
            continue
        yield match.start() if match[0] in ("&&", "||") else match.end()


def _is_abbreviation(word: str) -> bool:
    return word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha() and word != "i")


def _line_cuts(masked: str) -> Iterator[int]:
    """A line begins a clause unless it merely continues a wrapped sentence."""
    for match in _LINE.finditer(masked):
        if masked[match.start() - 1] in ".!?:;)]>" or _BULLET.match(masked, match.end()):
            yield match.end()


def _item_cuts(masked: str) -> Iterator[int]:
    """Numbered items: only a run that counts 1, 2, ... is a list."""
    run: list[int] = []
    for match in _ITEM.finditer(masked):
        if int(match[1]) == len(run) + 1:
            run.append(match.start())
    if len(run) > 1:
        yield from run


def _join_cuts(masked: str, start: int, end: int) -> Iterator[int]:
    """Cuts between two requests of one sentence."""
    begin = start
    for match in _JOIN.finditer(masked.lower(), start, end):
        at = match.end("comma") if match["comma"] else match.start("and") if match["and"] else match.start("dash")
        left = masked[begin : match.start()].lower().split()
        if _is_request(
            match["word"], match["next"] or "", left, comma=bool(match["comma"] and match[0].strip() == ",")
        ):
            yield at
            begin = at


def _is_request(word: str, following: str, left: list[str], *, comma: bool) -> bool:
    """Whether ``word following`` after a conjunction begins a request of its own, ``left`` being what stands before."""
    if len(left) < _MIN_WORDS or (comma and (left[0] in _OPENERS or left[-1].endswith(","))):
        return False
    before = left[-2]
    if left[-1] in BASE and (before in _LEADS or before[0].isdigit() or before[-1] == ","):
        return False  # "check and update the rent": two verbs share one object
    has_object = following in DETERMINERS or following in PARTICLES or following.startswith('"') or following.isdigit()
    if word in _REQUESTS:
        return following in BASE or following in ("you", "we", "me", "us", "not") or word in ("don't", "dont")
    if word == "do":
        return following in ("not", "the", "a", "so")
    verb = BASE.get(word)
    if verb is None:
        return has_object and word in GERUNDS and any(w in GERUNDS for w in left)
    doubtful = verb.noun or not _RELATIVES.isdisjoint(left) or following in ("", "or", "and", "on", "of")
    return has_object or not doubtful
