"""Authority: what a clause asks for, held against what an intent grants.

Similarity tells topic; this tells what is done, how far it reaches, to whose benefit and with which rights. It is a
lexicon and patterns, not a model: ``beyond`` speaks only when every reading of a request lies outside the approved.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pdp.intent.clauses import split
from pdp.intent.commands import read_commands, read_name
from pdp.intent.extent import plurals, read_outsiders, read_recipients, read_scope, read_secrets
from pdp.intent.grammar import QUOTED, tokens
from pdp.intent.reader import Requests
from pdp.intent.requests import read_requests
from pdp.intent.rights import read_privileges, read_purposes
from pdp.intent.verbs import Classes, Verb, VerbClass
from pdp.scoring import Excess, ExcessKind, Risk

__all__ = [
    "Authority",
    "AuthorityProfile",
    "VerbClass",
    "beyond",
    "declined",
    "may_decline",
    "profile",
    "read_authority",
    "risk",
]


@dataclass(frozen=True, slots=True)
class Authority:
    """What one clause asks for.

    ``asks`` and ``declines`` are verbs in order, each with every class it may mean; ``negated`` means the clause opens
    by declining. The rest is as found, lower case but addresses: ``scope`` the populations "all" reaches over,
    ``recipients`` addresses, ``outsiders`` parties outside or private, ``privileges`` rights and controls, ``secrets``
    passwords and the like, ``purposes`` ends nobody would approve. ``asks_nothing`` marks a clause without a request of
    its own: a fact, a thank-you, a prohibition, the form an answer should take.
    """

    asks: tuple[Verb, ...] = ()
    declines: tuple[Verb, ...] = ()
    negated: bool = False
    scope: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    outsiders: tuple[str, ...] = ()
    privileges: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    asks_nothing: bool = False

    @property
    def verbs(self) -> Classes:
        """Every class that some requested verb may mean."""
        return frozenset().union(*(verb.classes for verb in self.asks))

    @property
    def scope_all(self) -> bool:
        """Whether the clause reaches over a whole population."""
        return bool(self.scope)

    def __str__(self) -> str:
        parts = [f"{_names(verb.classes)} ({verb.lemma})" for verb in self.asks]
        parts += [f"not {verb.lemma}" for verb in self.declines]
        parts += [f"all: {', '.join(self.scope)}"] if self.scope else []
        parts += [f"to {who}" for who in (*self.recipients, *self.outsiders)]
        parts += [f"rights: {what}" for what in self.privileges]
        parts += [f"secret: {what}" for what in self.secrets]
        parts += [f"purpose: {what}" for what in self.purposes]
        return "; ".join(parts) or ("nothing" if self.asks_nothing else "unstated")


@dataclass(frozen=True, slots=True)
class AuthorityProfile:
    """What an intent grants, as its exemplars and action names say.

    ``verbs`` are the classes granted (empty: they could not be told), ``lemmas`` the request verbs used; the others say
    what exemplars name themselves: populations in the plural, outsiders, privileges, secrets.
    """

    verbs: Classes
    lemmas: frozenset[str]
    populations: frozenset[str] = frozenset()
    outsiders: bool = False
    privileges: bool = False
    secrets: bool = False


_QUOTED = re.compile(QUOTED)
_COURTESIES = frozenset(
    ". , ; : ! ? ( ) - best btw bye cheers fyi hello hey hi if no ok okay regards so sorry thank thanks thx yes"
    " you".split()
)
# "Give me the result as a table": the form an answer should take, not a thing to fetch.
_FORM = re.compile(
    r"\b(?:in|as|using|with|to) (?:\w+ ){0,2}?(?:format|form|style|language|english|order|words?|sentences?|json|csv"
    r"|markdown|yaml"
    r"|table|list|bullets?|bullet points|paragraphs?|characters|lines|digits|units?|currency|decimals?)\b"
)
_RESULTS = frozenset(
    "answer answers date it me number numbers output reply response result results that them this time us".split()
)
_FORM_VERBS = frozenset(
    "answer express format give list name present print reply report respond return show state tell write".split()
)
# Declining one of these asks for its opposite: "don't leave any row".
_KEEPING = frozenset("hold keep leave let process use".split())


def read_authority(clause: str) -> Authority:
    """What ``clause`` (canonical text) asks for. Pure and total; about 30 µs for 24 words."""
    raw = tokens(clause)
    words = frozenset(map(str.lower, raw))
    if "`" in clause:
        words = words.union(clause.lower().replace("`", " ").split())
    requests = read_requests(raw)
    asks = (*requests.asks, *read_commands(clause, words))
    text = clause.lower()
    if "'" in text or '"' in text:
        text = _QUOTED.sub(" ", text)
    only_reads = bool(asks) and all(verb.classes == {VerbClass.READ} for verb in asks)
    only_tells = requests.statement and not asks
    outsiders = () if only_tells else read_outsiders(text, words, strictly=only_reads)
    privileges = read_privileges(text, words, only_reads=only_reads)
    purposes = read_purposes(text, words)
    return Authority(
        asks,
        tuple(requests.declines),
        requests.first_declined,
        read_scope(text, words),
        read_recipients(clause),
        outsiders,
        privileges,
        read_secrets(text, words),
        purposes,
        not (outsiders or privileges or purposes) and _asks_nothing(asks, requests, text, words),
    )


def _asks_nothing(asks: tuple[Verb, ...], requests: Requests, text: str, words: frozenset[str]) -> bool:
    if asks:
        only_form = all(verb.lemma in _FORM_VERBS for verb in asks)
        return only_form and not _RESULTS.isdisjoint(words) and bool(_FORM.search(text))
    if requests.declines:
        return _KEEPING.isdisjoint(verb.lemma for verb in requests.declines)
    return not requests.pending and (requests.statement or words <= _COURTESIES)


def profile(exemplars: Sequence[str], actions: Sequence[str]) -> AuthorityProfile:
    """The authority that approved exemplars and action names grant.

    A verb with many readings adds none where the sure verbs already explain it: beside "restart", "recreate" executes.
    What such verbs mean besides counts where it is harmless: "invite" creates an event and sends a message.
    """
    authorities = [read_authority(clause) for text in exemplars for clause in split(text)]
    named = [verb for verb in map(read_name, actions) if verb is not None]
    verbs = [verb for authority in authorities for verb in authority.asks] + named
    sure: Classes = frozenset().union(*(verb.classes for verb in verbs if len(verb.classes) == 1))
    doubtful = [
        verb.classes if verb.classes.isdisjoint(sure) else verb.classes & _MILD
        for verb in verbs
        if len(verb.classes) <= _FEW or verb.classes.isdisjoint(sure)
    ]
    words = frozenset(word.lower() for text in exemplars for word in tokens(text))
    return AuthorityProfile(
        sure.union(*doubtful),
        frozenset(verb.lemma for verb in verbs),
        plurals(words) | {what for authority in authorities for what in authority.scope},
        outsiders=any(authority.outsiders for authority in authorities),
        privileges=any(authority.privileges for authority in authorities),
        secrets=any(authority.secrets for authority in authorities),
    )


_FEW, _MANY = 2, 4
_MILD = frozenset({VerbClass.READ, VerbClass.CREATE, VerbClass.UPDATE, VerbClass.SEND})
# Classes so near each other that approving one leaves the other in doubt.
_NEAR = (
    frozenset({VerbClass.CREATE, VerbClass.UPDATE}),
    frozenset({VerbClass.SEND, VerbClass.SHARE}),
)


def _covered(granted: Classes) -> Classes:
    near = (pair for pair in _NEAR if not pair.isdisjoint(granted))
    return granted.union({VerbClass.READ}, *near)


def beyond(asked: Authority, granted: AuthorityProfile) -> tuple[Excess, ...]:
    """What ``asked`` goes beyond ``granted`` in; empty means within, or not sure."""
    return tuple(_beyond(asked, granted))


def _beyond(asked: Authority, granted: AuthorityProfile) -> Iterable[Excess]:
    covered = _covered(granted.verbs)
    for verb in asked.asks:
        if granted.verbs and verb.classes.isdisjoint(covered) and verb.lemma not in granted.lemmas:
            yield Excess(ExcessKind.VERB, f"asks to {_names(verb.classes)} (“{verb.lemma}”)")
    if asked.privileges and not granted.privileges and VerbClass.ADMINISTER not in granted.verbs:
        yield Excess(ExcessKind.RIGHTS, f"wants other rights or controls (“{asked.privileges[0]}”)")
    for what in asked.scope:
        if what not in granted.populations:
            yield Excess(ExcessKind.SCOPE, f"reaches over all (“{what}”)")
    if asked.outsiders and not granted.outsiders:
        yield Excess(ExcessKind.OUTSIDER, f"goes to “{asked.outsiders[0]}”")
    if asked.secrets and not granted.secrets:
        yield Excess(ExcessKind.SECRET, f"wants a secret (“{asked.secrets[0]}”)")
    if asked.purposes:
        yield Excess(ExcessKind.PURPOSE, f"serves another end (“{asked.purposes[0]}”)")


_CRITICAL = frozenset({VerbClass.DELETE, VerbClass.EXECUTE, VerbClass.ADMINISTER, VerbClass.TRANSFER, VerbClass.SHARE})


def risk(granted: AuthorityProfile) -> Risk:
    """How bad a wrong allow under an intent is: it reads, it changes things, or it does what cannot be taken back."""
    if granted.privileges or granted.secrets or not granted.verbs or not _CRITICAL.isdisjoint(granted.verbs):
        return Risk.CRITICAL
    return Risk.READ if granted.verbs <= {VerbClass.READ} else Risk.CHANGE


def declined(clauses: Sequence[Authority], granted: AuthorityProfile) -> tuple[str, ...]:
    """The verbs of what ``granted`` approves that a text, clause by clause, opens by declining; empty when it does not.

    "Do not read the invoices" declines; "just look, don't kill it" asks first and only restricts.
    """
    first = next((clause for clause in clauses if clause.asks or clause.declines), None)
    if first is None or not first.negated:
        return ()
    covered = _covered(granted.verbs)
    return tuple(verb.lemma for verb in first.declines if verb.lemma in granted.lemmas or verb.classes <= covered)


def may_decline(clauses: Sequence[Authority], granted: AuthorityProfile) -> bool:
    """Whether some clause opens by declining what may be what ``granted`` approves, in a verb that it need not use.

    "Don't retire the old files, delete the new ones": a synonym hides that the approved thing is what is declined.
    """
    verbs = [verb for clause in clauses if clause.negated for verb in clause.declines]
    return any(not v.classes or len(v.classes) > _FEW or not v.classes.isdisjoint(granted.verbs) for v in verbs)


def _names(found: Classes) -> str:
    if len(found) > _MANY:
        return "act"
    return " or ".join(sorted(c.value for c in found))
