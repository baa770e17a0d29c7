"""How far a clause reaches: over whom (scope), to whom (recipients, outsiders), to which secrets.

Each reader takes the clause in lower case with quoted strings blanked and its words, runs only when a trigger word is
present, and answers with what it found.
"""

from __future__ import annotations

import re

from pdp.intent.grammar import ADDRESS
from pdp.intent.verbs import plural

_POPULATIONS = frozenset(
    """
    account application asset bill box branch bucket building calendar case channel chat claim client cluster colleague
    company computer contact contract conversation customer dashboard database deal department deployment desktop device
    directory disk document domain drive email employee endpoint environment event export file folder group guest home
    host
    inbox instance invitation invoice item job joiner key laptop lead log machine mail mailbox manager meeting member
    message
    namespace node order organisation organization page partner patient payment payslip person phone pipeline player pod
    policy post prescription product profile project queue record region repo repository reservation room row salary
    schema
    secret server service session share site snapshot staff statement student supplier system table task team tenant
    ticket
    topic transaction transcript transfer user vendor vm volume wallet warehouse workspace
    """.split()
)
_PLURALS = {plural(word): word for word in _POPULATIONS} | {"people": "person", "staff": "staff"}
_QUANTIFIERS = frozenset("all each entire every everybody everybody's everyone everyone's whole".split())
_ALL = re.compile(
    r"\b(?:all|each|every)(?: (?:the|our|your|their|its|of|these|those|single|and|one))*(?=((?: [\w'-]+){1,4}))"
)
_NUMBER_OF_ALL = re.compile(r"\ball (?:of )?(?:the )?(\d[\d.,]*k?)\b(?! (?:days|hours|minutes|weeks))")
_EVERYONE = re.compile(
    r"\b(?:(?:to|of|for|with|from|invite|notify|email|tell|add|remove|ban|block|alert|message|give|grant"
    r"|show) (?:everyone|everybody)(?: else)?\b|(?:everyone|everybody)(?: else)?'s\b)(?! (?:on|in|from|of|at|who"
    r"|involved|invited|attending|except|mentioned))"
)
_WHOLE = re.compile(
    r"\b(?:entire|whole) (?:\w+ )?(?:account|bucket|cluster|company|customer base|database|db|department|directory"
    r"|domain|drive|estate|fleet|infrastructure|mailbox|namespace|network|organi[sz]ation|repository|schema|server"
    r"|share|site|staff|system|table|tenant|workforce)\b"
)
# Between "all" and its noun only adjectives stand; "all my files" is bound to its owner.
_NO_ADJECTIVES = frozenset(
    "and are at be by for from had has have if in is it mine my of on or own that to was were which who with".split()
)
# A population as such: "all customers who ever wrote" is still everybody, "all files that I opened" is not.
_CROWDS = frozenset(
    """
    account client cluster colleague company customer database device employee guest host joiner machine manager member
    node
    patient person player server staff student supplier tenant user vendor
    """.split()
)
_RELATIVES = frozenset("who who've who'd whose that which where since before after older newer created between".split())
_TAIL = re.compile(
    r" (who\S*|that|which|where|since|before|after|older|newer|created|between|of|for|on|from|in|under|within|with|by"
    r"|about|named|called|belonging|assigned|mentioned|listed|invited|attending|involved|affected|concerned|shown)(?: "
    r"|$)"
)
_BROAD = re.compile(
    r"(?:the |our |this |that |whole |entire |last |past |all |every |each )*(?:all|every|each|our|ever|company"
    r"|organi[sz]ation|firm|group|world|country|region|tenant|fleet|cluster|department|database|system|directory"
    r"|platform|estate|production|prod|year|month|quarter|history|20\d\d)\b"
)


def read_scope(text: str, words: frozenset[str]) -> tuple[str, ...]:
    """What "all", "every" and their kin reach over: singular nouns, ``everyone``, or the phrase itself."""
    if words.isdisjoint(_QUANTIFIERS):
        return ()
    found = [match[0] for match in _WHOLE.finditer(text)]
    found += ["everyone" for _ in _EVERYONE.finditer(text)]
    found += [f"all {match[1]}" for match in _NUMBER_OF_ALL.finditer(text)]
    for match in _ALL.finditer(text):
        following = match[1].split()
        at = next((i for i, word in enumerate(following) if word in _PLURALS or word in _POPULATIONS), None)
        if at is None or not _NO_ADJECTIVES.isdisjoint(following[:at]):
            continue
        population = _PLURALS.get(following[at], following[at])
        if not _is_bound(population, text, match.start(1) + len(" ".join(["", *following[: at + 1]]))):
            found.append(population)
    return tuple(dict.fromkeys(found))


def _is_bound(population: str, text: str, end: int) -> bool:
    """Whether what follows the noun ties "all" to something narrower than everything there is."""
    tail = _TAIL.match(text, end)
    if tail is None:
        return False
    if tail[1] in _RELATIVES:
        return population not in _CROWDS
    return not _BROAD.match(text, tail.end())


def plurals(words: frozenset[str]) -> frozenset[str]:
    """Populations that ``words`` speak of in the plural, as singular nouns."""
    return frozenset(_PLURALS[word] for word in words if word in _PLURALS)


_ADDRESS = re.compile(ADDRESS)


def read_recipients(clause: str) -> tuple[str, ...]:
    """E-mail addresses and URLs in ``clause``, as written, in order."""
    return tuple(dict.fromkeys(_ADDRESS.findall(clause))) if "@" in clause or "://" in clause else ()


_OUTSIDE = frozenset(
    """
    account agency anonymous boyfriend broker brother bucket competitor competitor's competitors cousin dark darkweb
    dealer drive
    dropbox ex external father freelancer friend friend's friends girlfriend gmail headhunter home hotmail husband
    journalist
    journalists mother neighbor neighbour newspaper onedrive outside own party pastebin personal press private public
    recruiter
    reporter reporters reseller rival rival's rivals server share sister stranger strangers telegram third third-party
    unknown
    wetransfer wife
    """.split()
)
_WHOSE = r"(?:(?:an?|the|our|my|his|her|their|your|some) )?"
_PLACE = (
    r"(?:address|account|e-?mail|mailbox|inbox|one ?drive|drive|phone|cloud|server|usb(?: stick)?|laptop|gmail|dropbox"
    r"|computer|page|site|website|bucket|share)"
)
_PARTY = (
    r"(?:part(?:y|ies)|guest|host|company|firm|person|people|contact|recipient|partner|vendor|agency|caller|sender)"
)
_OUTSIDERS = (
    rf"(?:pastebin|wetransfer|dropbox|telegram|the dark ?web|the press|the public(?: internet)?|strangers?"
    rf"|{_WHOSE}anonymous \w+|{_WHOSE}(?:\w+ )?(?:competitors?|rivals?|journalists?|reporters?|newspaper|headhunter"
    rf"|recruiter|freelancer|broker|reseller|dealer|stranger)(?:'s)?|{_WHOSE}(?:external|outside|third[- ]party"
    rf"|unknown) (?:\w+ ){{0,2}}?(?:{_PLACE}|{_PARTY})|(?:my|his|her|their|your|a) (?:\w+ ){{0,2}}?(?:private|personal"
    rf"|home|gmail|hotmail|own) (?:\w+ )?{_PLACE}|{_WHOSE}(?:sub)?(?:contractor|supplier|vendor|partner|customer"
    rf"|consultant|agency)(?:'s|s') (?:own )?{_PLACE}|(?:my|his|her|an?) (?:\w+ )?(?:ex|friends?|neighbou?r|brother"
    rf"|sister|wife|husband|girlfriend|boyfriend|cousin|mother|father)(?:'s)?|(?:someone|somebody|anyone|anybody"
    rf"|people) outside|outside (?:of )?(?:the |our )?(?:company|organi[sz]ation|firm|team))"
)
_TOWARDS = re.compile(rf"\b(?:to|onto|into) ({_OUTSIDERS})(?!\w)")
_TOWARDS_OR_FOR = re.compile(rf"\b(?:to|onto|into|with|for|via|at|in|on|through) ({_OUTSIDERS})(?!\w)")


def read_outsiders(text: str, words: frozenset[str], *, strictly: bool) -> tuple[str, ...]:
    """Parties outside the organisation, or private ones, that something is to go to.

    ``strictly`` takes only "to" and its kin: who merely looks at something may do so for, with or at anybody.
    """
    if words.isdisjoint(_OUTSIDE):
        return ()
    pattern = _TOWARDS if strictly else _TOWARDS_OR_FOR
    return tuple(dict.fromkeys(match[1] for match in pattern.finditer(text)))


_SECRETS = re.compile(
    r"(?<!\w)(?:passwords?|passwd|passphrases?|private keys?|ssh keys?|api[ _-]?keys?|access tokens?|auth tokens?"
    r"|secret keys?|service account keys?|credentials?|key material|kms keys?|credit card numbers?|cvv"
    r"|social security numbers?|ssns?|passport scans?|/etc/shadow|\.env file|id_rsa)\b"
)
_SECRET_WORDS = frozenset(
    """
    .env /etc/shadow api-key apikey api_key card credential credentials cvv id_rsa key keys material passphrase
    passphrases passport passwd password passwords secret secrets social ssn ssns token tokens
    """.split()
)
_UPKEEP = re.compile(
    r"\b(?:reset\w*|forgot\w*|forget|expir\w+|rotat\w+|chang(?:e|ing) (?:\w+ ){1,3}password|(?:password|key"
    r"|credential)s? (?:policy|rotation|reset|manager|length|strength))\b"
)


def read_secrets(text: str, words: frozenset[str]) -> tuple[str, ...]:
    """Secrets a clause wants to see or pass on. Talk of resetting, changing or renewing one is not that."""
    if words.isdisjoint(_SECRET_WORDS) or _UPKEEP.search(text):
        return ()
    return tuple(dict.fromkeys(match[0] for match in _SECRETS.finditer(text)))
