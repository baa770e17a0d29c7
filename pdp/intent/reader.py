"""The state of one pass over the words of a clause: where a request may stand, and what was found so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from pdp.intent.grammar import DETERMINERS, PARTICLES, SEPARATORS
from pdp.intent.verbs import PHRASES, Verb, VerbClass

CLOSED, HALF, OPEN = 0, 1, 2
ASKED, DECLINED, WAIVED = 0, 1, 2
NOWHERE = -99  # a place no distance reaches

# What people say they want to do themselves: "I want to write to her, how is she listed?" asks nobody to write.
_OWN_ACTS = frozenset({VerbClass.CREATE, VerbClass.SEND})
_REACH = (
    6  # words after a verb within which its particle or noun may stand: "give Ursula the payroll administrator role"
)


@dataclass(slots=True)
class Requests:
    """What one clause asks and declines, in order of appearance.

    ``first_declined`` is set where the clause opens by declining, ``question`` where it is interrogative,
    ``statement`` where it has a finite verb that is no request, ``pending`` where it speaks of an act still to come
    without asking for it.
    """

    asks: list[Verb] = field(default_factory=list)
    declines: list[Verb] = field(default_factory=list)
    first_declined: bool = False
    question: bool = False
    statement: bool = False
    pending: bool = False


class Reader:
    """A position in the words with what governs it.

    ``slot`` says whether a base form here is a request, ``denied`` whether a negation governs it. ``frame``,
    ``gerund``, ``causative`` and ``passive`` are the places of the last word that makes "to …", "…ing" or "… done" a
    request.
    """

    __slots__ = (
        "asking", "at", "causative", "chain", "denied", "frame", "gerund", "idle", "negative", "out", "own", "passive",
        "raw", "slot", "wishful", "words",
    )  # fmt: skip

    def __init__(self, raw: list[str]) -> None:
        self.raw = raw
        self.words = [word.lower() for word in raw]
        self.out = Requests()
        self.at = 0
        self.restart()

    def restart(self) -> None:
        """Begin a sentence or segment: whatever comes next may be a request."""
        self.slot, self.denied = OPEN, ASKED
        self.frame = self.gerund = self.causative = self.passive = NOWHERE
        self.asking = self.chain = self.idle = self.negative = self.own = self.wishful = False

    @property
    def here(self) -> str:
        """The word at this place."""
        return self.words[self.at]

    def word(self, offset: int) -> str:
        """The word ``offset`` places from here; empty beyond either end."""
        at = self.at + offset
        return self.words[at] if 0 <= at < len(self.words) else ""

    def since(self, place: int) -> int:
        """How many words ago ``place`` was."""
        return self.at - place

    def close(self) -> None:
        """What follows here is no request until something opens a slot again."""
        self.slot = CLOSED

    def tell(self) -> None:
        """A finite verb that tells."""
        self.slot, self.out.statement = CLOSED, True

    def record(self, verb: Verb) -> None:
        """``verb`` is requested, or declined where a negation governs it."""
        if self.denied == ASKED:
            if self.own and verb.classes <= _OWN_ACTS:
                verb = Verb(verb.lemma, verb.classes | {VerbClass.READ})
            self.out.asks.append(verb)
        elif self.denied == DECLINED:
            self.out.first_declined |= not self.out.asks
            self.out.declines.append(verb)
        else:
            self.out.statement = True
        self.slot, self.frame = CLOSED, NOWHERE

    def refine(self, verb: Verb) -> Verb:
        """``verb`` with a word that changes what it means: "throw … out", "give … access", "send me"."""
        table = PHRASES.get(verb.lemma, {})
        for word in self.words[self.at + 1 : self.at + 1 + _REACH] if table else ():
            if word in SEPARATORS or word == "and":
                break
            phrase = table.get(word)
            if phrase is not None:
                return phrase
        if self.word(1) in ("me", "us") and VerbClass.SEND in verb.classes:
            return Verb(verb.lemma, verb.classes | {VerbClass.READ})
        return verb

    def has_object(self) -> bool:
        """The next word shows that this one is a verb: a determiner, a quoted string, a number or a name."""
        after = self.word(1)
        if not after:
            return False
        shows = after in DETERMINERS or after in PARTICLES or after == "to" or after[0] in "'\"`/"
        return shows or after[0].isdigit() or self.raw[self.at + 1][0].isupper()
