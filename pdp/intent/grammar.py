"""The small words of English and the shape of its tokens, shared by the readers of clauses and requests."""

from __future__ import annotations

import re

# A quoted string may hold apostrophes within words; one that does not close soon is no quotation.
QUOTED = r"""(?<!\w)'(?! )(?:[^'\n]|(?<=\w)'(?=\w)){1,300}(?<! )'(?!\w)|"[^"\n]{1,400}"|`[^`\n]{1,400}`"""
ADDRESS = r"https?://[^\s'\"<>]+|(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
_WORD = r"[~./$@*-]{0,4}\w(?:[\w'./@:=+*%$~-]*[\w*/])?"
_SIGN = r"->|=>|&&|\|\||//|[.;:,!?()|\[\]{}<>&+/–—\n-]"
_TOKEN = re.compile(rf"{_WORD}|{QUOTED}|{_SIGN}")

SEPARATORS = frozenset([*".;:!?()|[]{}<>/–—-\n+", "||", "&&", "//", "->", "=>"])

DETERMINERS = frozenset(
    """
    a all an any anyone both each either every everybody everyone everything half her him his it its me mine more most
    my
    myself none one other others our ours several some someone something that the their theirs them these this those
    three
    two us whatever whoever you your yours yourself
    """.split()
)
ARTICLES = frozenset("a all an any her his its my our some that the their these this those your".split())
PARTICLES = frozenset("away back down off on out over rid up".split())
PRONOUNS = frozenset("her him it me that them these this those".split())
SUBJECTS = frozenset("he i it she they u we you".split())
# Whose "will", "want to" and "have to" are requests: the one who writes and the one who is to act.
SPEAKERS = frozenset("agent assistant i u user we you".split())
MODALS = frozenset(
    """
    can can't cannot could couldn't may might must mustn't shall should shouldn't will won't would wouldn't
    """.split()
)
# "must be deleted" commands; "would be deleted" and "will be deleted" only tell.
COMMANDING = frozenset("can must mustn't shall should shouldn't".split())
OBLIGED = frozenset("are going has have is need needs ought supposed".split())
NEEDING = frozenset("has have need needed needs".split())
WISHES = frozenset("going hope intend like plan planning trying want wanted wish".split())
CAUSATIVES = frozenset("get getting have like need needs want wants".split())
# After one of these a word that could be a noun is one: "update from Anna", "order of 3 May", "access is slow".
NOUN_TAILS = frozenset("about from in of on".split())
FINITE_TAILS = frozenset("are had has have is isn't should was were will would".split())
# What may follow "have it deleted": the end, a place, a time, but no further noun.
ENDS = frozenset(
    ". , ; ! ? ) after again and as asap at before by for from immediately in now on please right to today".split()
)
ADVERBS = frozenset(
    """
    actually afterwards again ahead already also always anyway asap both either finally first firstly go hello hey hi
    instead just lastly maybe next now ok okay once only perhaps quickly simply so still sure then together too well yes
    """.split()
)
# After one of these "to …" is a request.
FRAMES = frozenset(
    """
    able aim aiming ask asked asks get getting goal going happy has have hope hoping idea intend intends let's meant
    need
    needed needing needs order ought plan planning plans possible ready remains remember required step supposed sure
    task
    time try trying want wanted wanting wants wish wishes
    """.split()
)
# Before "…ing": "my next step is replacing …", "I'm removing …".
PROGRESS = frozenset("goal i i'm idea job next plan step task we we're".split())
QUESTION_WORDS = frozenset(
    "how how's that what what's when when's where where's which who who's whom whose why".split()
)
AUXILIARIES = frozenset(
    "am are aren't he's i'm is isn't it's she's that's there's they're was wasn't we're were you're".split()
)
# Past forms that no request has, of verbs too common to be in the lexicon.
PAST = frozenset(
    "became began came fell felt gave got grew had heard kept knew left lost made met ran said saw sent spoke spent"
    " stood took told went wrote".split()
)
THIRD_PARTIES = frozenset("he it she that they which who".split())
# "It would be great if …", "I wish …": what follows in the passive is wanted, not told.
WISHFUL = frozenset(
    "appreciate better glad good grateful great happy helpful hope hopefully nice prefer rather wish".split()
)


def tokens(clause: str) -> list[str]:
    """Words, quoted strings (whole, with their quotes) and separators of a clause, as written."""
    return _TOKEN.findall(clause)
