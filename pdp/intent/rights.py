"""With which rights and to what end: borrowed or raised privileges, controls switched off, purposes nobody would approve.

Rules are patterns over a clause in lower case with quoted strings blanked, each with words of which one must be present
before it is tried.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

Rule = tuple[frozenset[str], re.Pattern[str]]

_CONTROL = (
    r"(?:\w+ ){0,3}?(?:audit\w*|logging|logs?|log ?file|monitoring|alerts?|alarms?|alerting|mfa|2fa|two-factor"
    r"|authentication"
    r"|firewall|encryption|polic(?:y|ies)|guard ?rails?|protection|object lock|rules?|checks?|validation"
    r"|approvals?|restrictions?"
    r"|rate limit\w*|quota|safeguards?|retention|legal hold|antivirus|tracking|recording|history|controls?|verification"
    r"|masking"
    r"|redaction|sign-?off)\b"
)
_THE = r"(?:(?:the|all|any|our|its|their|that|this|usual|\w+'s) )*"
_RIGHT = r"(?:rights?|privileges?|permissions?|roles?|access|clearance|ownership)\b"
_HIGH = r"(?:admin\w*|owner|root|superuser|sudo|full|write|elevated|extra|more|staff|releaser|unrestricted|unlimited)"
_SELF = (
    r"(?:me|myself|you|yourself|it|itself|him|himself|her|herself|them|themselves|(?:the|this|your) agent(?:'s user)?)"
)
_BADGE = r"(?:token|credentials?|password|login|session|identity|keys?|badge|key ?card)\b"


def _rules(*table: tuple[str, str]) -> tuple[Rule, ...]:
    return tuple((frozenset(words.split()), re.compile(pattern)) for words, pattern in table)


# With whose rights something is done, even where it is only looked at.
_MEANS = _rules(
    ("sudo passwordless", r"\b(?:sudo|passwordless)\b"),
    ("root superuser su", r"\b(?:as|become|being|via) (?:the )?(?:root|superuser)\b|\bsu -"),
    (
        "admin administrator admins",
        r"\b(?:as|become|elevate to|switch to) (?:an? |the |org |domain |full |\w+ )?admin(?:istrator)?\b",
    ),
    (
        "token credential credentials password login session identity key keys badge keycard",
        rf"\b(?:with|using|under|through|borrow\w*) (?:[\w.]+(?: [\w.]+)?'s|his|her|their|somebody else's|someone"
        rf" else's) (?:\w+ )?{_BADGE}"
        rf"|\b(?:with|using|from|under) the (?:\w+ )?{_BADGE} of\b",
    ),
    (
        "account",
        r"\b(?:using|under|from) (?:[\w.]+(?: [\w.]+)?'s|(?:somebody|someone) else's) account\b|\b(?:using|under|from)"
        r" the account of\b",
    ),
    ("impersonate impersonating pose posing", r"\b(?:impersonat\w+|pos(?:e|ing) as)\b"),
    (
        "name",
        r"\bin the name of (?:the )?(?:\w+ ){0,2}(?:director|manager|head|ceo|cfo|boss|chief|president|admin\w*"
        r"|owner)\b",
    ),
    (
        "privileged --privileged hostpid hostnetwork hostpath",
        r"--privileged\b|\bprivileged ?[:=] ?true\b|\bhost(?:pid|network|ipc|path)\b",
    ),
    (
        "--no-verify --insecure --no-check-certificate --skip-checks",
        r"--(?:no-verify|no-check-certificate|insecure|skip-checks?)\b",
    ),
)
# Rights or controls that are to be changed. Who only reads may well read about them.
_CHANGES = _rules(
    (
        "right rights privilege privileges permission permissions role roles access ownership",
        rf"\b(?:giv|grant|assign|add|get|gain|obtain|acquir|join|rais)\w*(?: [\w'@.-]+){{0,5}}? {_HIGH} (?:\w+"
        rf" )?{_RIGHT}"
        rf"|\b(?:giv|grant|assign)\w* {_SELF}(?: \w+){{0,4}}? {_RIGHT}|\bwith (?:full |admin\w* |owner ){{1,2}}{_RIGHT}"
        rf"|\b(?:giv|grant)\w* (?:[\w'@.-]+ ){{1,6}}the right\b",
    ),
    (
        "admin administrator administrators superuser owner root",
        r"\b(?:mak|promot|appoint|elevat|turn)\w* (?:[\w'@.-]+ ){1,3}?(?:to |into )?(?:an? |the |full |org |domain"
        r" )*(?:admin(?:istrator)?s?|superuser)\b"
        rf"|\bmak\w* {_SELF} (?:the )?owner\b"
        r"|\b(?:set up|create|add|make|open|register) (?:an? |the |another |new )*(?:admin\w*|root|superuser"
        r"|privileged)(?:'s)? (?:login|account|user|role|access|token|key)\b",
    ),
    (
        "disable disabling deactivate deactivating bypass bypassing circumvent skip skipping evade mute silence weaken"
        " override waive "
        "suspend lift lifting off remove",
        rf"\b(?:disabl|deactivat|switch(?:ing)? off|turn(?:ing)? off|bypass|circumvent|skip|evad|mut(?:e|ing)|silenc"
        rf"|weaken|overrid|waiv|suspend"
        rf"|lift)\w* {_THE}{_CONTROL}|\b(?:switch|turn) {_THE}{_CONTROL} off\b|\bremove {_THE}(?:legal hold|object lock"
        rf"|guard ?rails?)\b",
    ),
    ("retention", r"\b(?:shorten|reduc\w+|lower|cut) (?:[\w']+ ){0,4}retention\b"),
    (
        "taking take",
        r"\btak(?:e|ing) over (?:[\w.']+ ){1,3}?(?:account|calendar|mailbox|session|role|identity|profile|phone)\b",
    ),
    (
        "chmod world-writable world-readable",
        r"\bworld-(?:writable|readable)\b|\bchmod (?:-r )?(?:0?777|a\+w|o\+w|u\+s)\b",
    ),
    (
        "approval approved review sign-off signoff authorisation authorization permission consent",
        r"\bwithout (?:\w+ ){0,2}?(?:approval|review|sign-?off|authori[sz]ation|permission|consent|being approved)\b"
        r"|\bwhether (?:or not )?(?:(?:it'?s|they'?re|they are) )?approved or not\b",
    ),
    ("unencrypted", r"\b(?:create|make|leave|store|send|keep|copy|export|upload|save|take)\b.{0,60}\bunencrypted\b"),
    ("above", r"\bput (?:me|yourself|myself) above\b"),
)
_ENDS = _rules(
    (
        "so",
        r"\bso (?:that )?(?:nobody|no one|none of them) (?:\w+ )?(?:notices?|finds? out|sees? it"
        r"|knows?|traces?|suspects?)\b"
        r"|\bso (?:that )?(?:he|she|they|my boss|the [\w-]+) (?:can't|cannot|won't|doesn't|don't|needn't|will not|does"
        r" not)"
        r" (?:\w+ )?(?:notice|find out|see it|know|trace|suspect|attend|prove)\b",
    ),
    (
        "without",
        r"\bwithout (?:him|her|them|anyone|anybody|my boss|the [\w-]+|\w+'s) (?:ever )?(?:know|notic|see|find|realis"
        r"|realiz)\w*\b",
    ),
    ("back", r"\bbehind (?:his|her|their|\w+'s) back\b"),
    ("quiet secret record", r"\bkeep (?:this|it) (?:quiet|secret|between us|off the record)\b"),
    ("tracks trace", r"\bcover (?:my|our|your|the) tracks\b|\bwithout (?:leaving )?(?:a|any) trace\b"),
    (
        "before",
        r"\bbefore the (?:auditor|investigator|inspector|regulator|police|prosecutor)s? (?:see|find|look|get|ask"
        r"|notice)s?\b",
    ),
    (
        "embarrass embarrassing humiliate blackmail spy stalk revenge intimidate punish harass discredit crush",
        r"\b(?:embarrass\w*|humiliate|blackmail|spy on|stalk|revenge|intimidate|punish|harass|discredit|crush on)\b",
    ),
    (
        "employer setting",
        r"\bmy (?:new|next|future) employer\b|\bsetting up my own (?:shop|company|business|startup)\b",
    ),
    ("me", r"\b(?:in case|before) (?:they|he|she) (?:let|fire|sack)s? me\b|\btake them with me\b"),
    ("quit resign", r"\b(?:before|when) i (?:quit|resign)\b"),
    ("look", r"\bmake it look (?:like|as)\b"),
    ("backdate backdated back-date", r"\bback-?dated?\b"),
    ("dark darkweb", r"\bdark ?web\b"),
)


def read_privileges(text: str, words: frozenset[str], *, only_reads: bool) -> tuple[str, ...]:
    """Rights beyond the asker's own, and controls to be changed, as the phrases found.

    Where a clause ``only_reads``, only the rights it is done with count: "find users with admin rights" changes none.
    """
    return _found(_MEANS if only_reads else (*_MEANS, *_CHANGES), text, words)


def read_purposes(text: str, words: frozenset[str]) -> tuple[str, ...]:
    """Ends a clause states that nobody would approve: hiding from those who check, private gain, harm to a person."""
    return _found(_ENDS, text, words)


def _found(rules: Iterable[Rule], text: str, words: frozenset[str]) -> tuple[str, ...]:
    hits = (rule.search(text) for triggers, rule in rules if not triggers.isdisjoint(words))
    return tuple(dict.fromkeys(hit[0].strip() for hit in hits if hit))
