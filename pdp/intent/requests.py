"""Which verbs of a clause are really requested, and which are declined.

One pass over the words: a *slot* is open where the next base form would be a request ("please …", "can you …", "I want
to …", after a separator), half open after a comma or conjunction, else closed. What stands in no slot is background
("Finance complains that …", "the link to reset my password") and asks for nothing. Each kind of word has a handler.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pdp.intent import grammar
from pdp.intent.reader import ASKED, CLOSED, DECLINED, HALF, NOWHERE, OPEN, WAIVED, Reader, Requests
from pdp.intent.verbs import BASE, GERUNDS, PARTICIPLES, THIRD_PERSONS, Verb, VerbClass

QUESTION = Verb("question", frozenset({VerbClass.READ}))
LET_GO = Verb("can go", frozenset({VerbClass.DELETE, VerbClass.UPDATE, VerbClass.EXECUTE}))
_BEGINNINGS = frozenset("start begin continue keep".split())
_FIRM = frozenset("please pls to you and then -> =>".split())


def read_requests(raw: list[str]) -> Requests:
    """The requests of one clause, given its ``tokens``. Linear in their number, never raises."""
    reader = Reader(raw)
    find = _HANDLERS.get
    for at, word in enumerate(reader.words):
        reader.at = at
        handler = find(word)
        if handler is not None:
            handler(reader)
        else:
            _other(reader)
    return reader.out


def _other(r: Reader) -> None:
    if not (r.slot == OPEN and r.here.endswith("ly")):
        r.close()


def _separator(r: Reader) -> None:
    r.restart()


def _comma(r: Reader) -> None:
    r.frame = r.gerund = r.causative = r.passive = NOWHERE
    r.asking = False
    if r.slot != OPEN:
        r.slot = HALF
        if r.word(-1) not in BASE:
            r.denied = ASKED


def _conjunction(r: Reader) -> None:
    r.passive = NOWHERE
    if r.slot == OPEN:
        return
    if r.word(-1) in BASE and (r.out.asks or r.out.declines):  # "find and delete the file"
        r.slot = OPEN
        return
    r.slot = OPEN if r.here == "then" else HALF
    if r.here not in ("or", "nor"):
        r.denied, r.gerund = ASKED, NOWHERE


def _please(r: Reader) -> None:
    r.slot = OPEN


def _stay(_: Reader) -> None:
    """An adverb between slot and verb changes nothing."""


def _wishful(r: Reader) -> None:
    r.wishful = True
    if r.here in ("wish", "hope", "happy", "prefer"):
        _frame(r)
    else:
        _verb_or_other(r)


def _negation(r: Reader) -> None:
    if r.word(1) in ("just", "only", "merely") and r.here != "never":
        return
    if r.slot:
        r.denied, r.slot = DECLINED, OPEN
    else:
        r.negative = True
        r.tell()


def _waive(r: Reader) -> None:
    """``you needn't …``: released, neither asked nor forbidden."""
    r.denied, r.slot, r.out.statement = WAIVED, OPEN, True


def _exempt(r: Reader) -> None:
    """``do not forget to …`` asks; "don't bother …ing" releases."""
    if r.slot != OPEN or r.denied == ASKED:
        _verb_or_other(r)
    elif r.here == "bother":
        r.denied, r.gerund, r.slot = WAIVED, r.at, CLOSED
        r.out.statement = True
    else:
        r.denied, r.frame, r.slot = ASKED, r.at, CLOSED


def _modal(r: Reader) -> None:
    word, before, after = r.here, r.word(-1), r.word(1)
    if r.raw[r.at] == "May" and r.at:  # the month
        r.close()
        return
    refused = word.endswith("n't") or word == "cannot" or after == "not"
    unable = refused and word.startswith(("can", "could")) and before in ("i", "we", "it")
    if unable:
        r.tell()
    elif r.asking:
        r.close()
    elif after in ("you", "we", "u"):
        r.slot = OPEN
    elif before in grammar.SPEAKERS:
        r.slot, r.denied = OPEN, DECLINED if refused else r.denied
    elif r.slot == OPEN and not r.out.asks and r.at < 2:  # "Can X …", "So could X …"
        _question(r)
    else:
        r.tell()
        if after == "go" and r.word(2) in ("", ".", ",", "!", ";", "now", "too"):
            r.out.asks.append(LET_GO)


def _contracted_will(r: Reader) -> None:
    r.slot = OPEN if r.here in ("i'll", "we'll", "you'll") else CLOSED


def _pronoun(r: Reader) -> None:
    if r.slot == OPEN and r.word(-1) in grammar.MODALS:  # "can you …"
        return
    r.close()


def _let(r: Reader) -> None:
    if r.here != "let":
        r.slot = OPEN
    elif r.word(1) in ("me", "us") and r.word(2) != "know":
        r.slot, r.denied = OPEN, ASKED
        r.words[r.at + 1] = "just"  # the pronoun must not close the slot
    else:
        _verb(r)


def _to(r: Reader) -> None:
    """``to`` opens a slot after a word of wanting, unless a noun stands between: "want the link to …"."""
    place, frame = r.frame, r.words[r.frame] if r.frame >= 0 else ""
    between = r.words[place + 1 : r.at]
    near = r.since(place) <= 4 and (not r.asking or frame in ("is", "are"))
    r.frame, r.slot = NOWHERE, CLOSED
    if near and (grammar.ARTICLES.isdisjoint(between) or between[-1] in grammar.SPEAKERS):
        if r.negative:
            r.denied = WAIVED if frame in grammar.NEEDING else DECLINED
        r.slot = OPEN
        r.own = frame in grammar.WISHES and "you" not in between


def _frame(r: Reader) -> None:
    """A word after which "to …" or "… done" is a request: "want to", "sure to", "need it done"."""
    word, before, after = r.here, r.word(-1), r.word(1)
    if r.slot == OPEN and word in BASE and after != "to":
        _verb(r)
        return
    if before in grammar.THIRD_PARTIES or (word == "have" and before in grammar.SUBJECTS and after != "to"):
        r.tell()
        return
    if word not in ("have", "get") or after == "to":
        r.frame = r.at
    if word in grammar.CAUSATIVES:
        r.causative = r.at
    if word in grammar.NEEDING:
        r.gerund = r.at if word in ("need", "needs") and not r.denied else NOWHERE
        r.negative |= before == "no" or r.denied != ASKED
        r.denied = ASKED
    r.close()


def _like(r: Reader) -> None:
    """``I would like to …`` wishes, "I like to …" tells."""
    if r.word(-1) == "would" or r.word(-1).endswith("'d"):
        r.frame = r.causative = r.at
    r.close()


def _question_word(r: Reader) -> None:
    if r.slot == OPEN and not r.out.asks and r.here != "that":
        _question(r)
    r.frame, r.causative, r.asking = NOWHERE, NOWHERE, True
    r.close()


def _question(r: Reader) -> None:
    r.asking = True
    r.close()
    if not r.out.question:
        r.out.question = True
        r.out.asks.append(QUESTION)


def _auxiliary(r: Reader) -> None:
    word, after = r.here, r.word(1)
    if (
        r.slot == OPEN
        and not r.out.asks
        and r.denied == ASKED
        and word in ("is", "are", "was", "were", "am", "isn't", "aren't")
    ):
        if after == "it" and r.word(2) in ("possible", "ok", "okay", "fine"):
            r.frame = r.at + 2
            r.close()
            return
        _question(r)
        return
    r.tell()
    r.frame = r.at if after == "to" else NOWHERE
    if word not in ("was", "were"):
        r.passive = -r.at - 1  # told of, not asked for
    if r.word(-1) in grammar.PROGRESS or word in grammar.PROGRESS:
        r.gerund = r.at


def _do(r: Reader) -> None:
    after = r.word(1)
    if r.slot == CLOSED:
        r.idle = True
    elif r.here != "do" or after in ("i", "we", "you", "they"):
        _question(r)
    elif after != "not" and after not in BASE:  # "do include it" stresses, "do a restart" acts
        _verb(r)


def _be(r: Reader) -> None:
    before = r.word(-1)
    governed = r.word(-2) if before in ("not", "to", "also", "now", "then", "please", "never") else before
    asked = governed in grammar.COMMANDING or governed in grammar.OBLIGED or (before == "to" and r.slot == OPEN)
    asked = asked and r.here == "be"
    r.passive = r.at if asked else -r.at - 1
    if asked and before in ("not", "never"):
        r.denied = DECLINED
    r.out.statement |= r.slot == OPEN and not asked  # "be precise": a manner, nothing to do
    r.close()


def _means(r: Reader) -> None:
    """``by deleting …``, "after giving yourself …", "how about moving …" do what they name."""
    if r.here != "about" or r.word(-1) in ("how", "what"):
        r.gerund = r.at
    r.close()


def _instead(r: Reader) -> None:
    """``instead of archiving``, "without asking": the other thing is not asked; a bare "instead" is an adverb."""
    if r.here == "without" or r.word(1) in ("of", "than"):
        r.gerund, r.idle = NOWHERE, True
        r.close()


def _stop(r: Reader) -> None:
    """``stop sending …``, "avoid deleting …": declines what follows."""
    if r.slot and r.word(1) in GERUNDS:
        r.denied, r.gerund, r.slot = DECLINED, r.at, CLOSED
    else:
        _verb_or_other(r)


def _verb_or_other(r: Reader) -> None:
    if r.here in BASE:
        _verb(r)
    else:
        _other(r)


def _verb(r: Reader) -> None:
    verb, after = BASE[r.here], r.word(1)
    if r.slot == CLOSED:
        r.idle = True
        r.out.pending |= verb.harmful and not verb.noun
        if r.here in PARTICIPLES:
            _participle(r)
        return
    if r.word(-1) == "," and r.has_object():  # "don't archive, purge it"
        r.denied = ASKED
    firm = r.word(-1) in _FIRM or r.denied != ASKED
    named = after in grammar.FINITE_TAILS or (after in grammar.NOUN_TAILS and VerbClass.READ not in verb.classes)
    bare = (verb.rarely and not firm) or (r.slot == HALF and (verb.noun or r.idle or r.asking))
    if (verb.noun and not firm and named) or (bare and not r.has_object()):
        r.close()
    elif r.here in _BEGINNINGS and after in GERUNDS:
        r.gerund = r.at
        r.close()
    else:
        causative = r.here in grammar.CAUSATIVES
        r.record(r.refine(verb))
        r.causative = r.at if causative else r.causative


def _gerund(r: Reader) -> None:
    verb = GERUNDS[r.here]
    opening = r.slot == OPEN and r.word(1) in grammar.DETERMINERS
    chained = r.slot == HALF and r.chain and (r.has_object() or not verb.noun)
    if r.since(r.gerund) <= 2 or opening or chained:  # "by quickly deleting"
        r.record(r.refine(verb))
        r.gerund, r.chain = NOWHERE, True
    else:
        r.out.pending |= verb.harmful
        r.close()


def _participle(r: Reader) -> None:
    verb, after = PARTICIPLES[r.here], r.word(1)
    if r.passive >= 0 or r.wishful:
        r.passive = NOWHERE
        if after != "by":
            r.record(verb)
            return
    elif 1 < r.since(r.causative) <= 7 and (not after or after in grammar.ENDS):
        if r.word(-1) in grammar.PRONOUNS or r.words[r.causative] != "get":
            r.denied = DECLINED if r.negative else r.denied
            r.record(verb)
            return
    elif r.passive > NOWHERE:
        r.out.pending |= verb.harmful
    r.tell()


def _past(r: Reader) -> None:
    if r.here in PARTICIPLES:
        _participle(r)
    else:
        r.tell()


def _third_person(r: Reader) -> None:
    """``the script deletes …`` tells, yet of something that will be done."""
    r.out.pending |= THIRD_PERSONS[r.here].harmful
    r.tell()


_Handler = Callable[[Reader], None]
_KINDS: tuple[tuple[_Handler, Iterable[str]], ...] = (  # a later line wins where a word stands in two
    (_third_person, THIRD_PERSONS),
    (_participle, PARTICIPLES),
    (_gerund, GERUNDS),
    (_past, grammar.PAST - BASE.keys()),
    (_verb, BASE),
    (_stay, grammar.ADVERBS),
    (_separator, grammar.SEPARATORS),
    (_comma, (",",)),
    (_conjunction, ("and", "or", "but", "nor", "plus", "&", "then")),
    (_please, ("please", "pls", "plz", "kindly")),
    (_wishful, grammar.WISHFUL),
    (_negation, ("not", "don't", "dont", "never")),
    (_waive, ("needn't",)),
    (_exempt, ("forget", "hesitate", "fail", "bother")),
    (_modal, grammar.MODALS),
    (_contracted_will, ("i'll", "we'll", "you'll", "he'll", "she'll", "they'll", "it'll", "that'll")),
    (_pronoun, grammar.SUBJECTS),
    (_frame, grammar.FRAMES - grammar.WISHFUL),
    (_let, ("let", "let's", "lets")),
    (_to, ("to",)),
    (_like, ("like", "love")),
    (_question_word, grammar.QUESTION_WORDS),
    (_auxiliary, grammar.AUXILIARIES),
    (_do, ("do", "does", "did", "doesn't", "didn't")),
    (_be, ("be", "being")),
    (_means, ("by", "after", "about", "mind")),
    (_instead, ("instead", "rather", "without")),
    (_stop, ("stop", "avoid", "refrain", "quit", "cease")),
)
_HANDLERS: dict[str, _Handler] = {word: handler for handler, words in _KINDS for word in words}
