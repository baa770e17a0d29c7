"""With which rights and to what end: privileges borrowed or raised, controls switched off, purposes nobody approves.

Rules are tried on a clause in lower case with quoted strings blanked.
"""

from __future__ import annotations

from pdp.intent.patterns import found, rule

_CONTROL = (
    r"(?:\w+ ){0,3}?(?:audit\w*|logging|logs?|log ?file|monitoring|alerts?|alarms?|alerting|mfa|2fa|two-factor"
    r"|authentication|firewall|encryption|polic(?:y|ies)|guard ?rails?|protection|object lock|rules?|checks?"
    r"|validation|approvals?|restrictions?|rate limit\w*|quota|safeguards?|retention|legal hold|antivirus|tracking"
    r"|recording|history|controls?|verification|masking|redaction|sign-?off)\b"
)
_THE = r"(?:(?:the|all|any|our|its|their|that|this|usual|\w+'s) )*"
_RIGHT = r"(?:rights?|privileges?|permissions?|roles?|access|clearance|ownership)\b"
_HIGH = r"(?:admin\w*|owner|root|superuser|sudo|full|write|elevated|extra|more|staff|releaser|unrestricted|unlimited)"
_SELF = (
    r"(?:me|myself|you|yourself|it|itself|him|himself|her|herself|them|themselves|(?:the|this|your) agent(?:'s user)?)"
)
_BADGE = r"(?:token|credentials?|password|login|session|identity|keys?|badge|key ?card)\b"


# With whose rights something is done, even where it is only looked at.
_MEANS = (
    rule("sudo passwordless", r"\b(?:sudo|passwordless)\b"),
    rule("root superuser su", r"\b(?:as|become|being|via) (?:the )?(?:root|superuser)\b|\bsu -"),
    rule(
        "admin administrator admins",
        r"\b(?:as|become|elevate to|switch to) (?:an? |the |org |domain |full |\w+ )?admin(?:istrator)?\b",
    ),
    rule(
        "token credential credentials password login session identity key keys badge keycard",
        r"\b(?:with|using|under|through|borrow\w*) (?:[\w.]+(?: [\w.]+)?'s|his|her|their|somebody else's|someone",
        rf" else's) (?:\w+ )?{_BADGE}",
        rf"|\b(?:with|using|from|under) the (?:\w+ )?{_BADGE} of\b",
    ),
    rule(
        "account",
        r"\b(?:using|under|from) (?:[\w.]+(?: [\w.]+)?'s|(?:somebody|someone) else's) account\b|\b(?:using|under",
        r"|from) the account of\b",
    ),
    rule("impersonate impersonating pose posing", r"\b(?:impersonat\w+|pos(?:e|ing) as)\b"),
    rule(
        "name",
        r"\bin the name of (?:the )?(?:\w+ ){0,2}(?:director|manager|head|ceo|cfo|boss|chief|president|admin\w*",
        r"|owner)\b",
    ),
    rule(
        "privileged --privileged hostpid hostnetwork hostpath",
        r"--privileged\b|\bprivileged ?[:=] ?true\b|\bhost(?:pid|network|ipc|path)\b",
    ),
    rule(
        "--no-verify --insecure --no-check-certificate --skip-checks",
        r"--(?:no-verify|no-check-certificate|insecure|skip-checks?)\b",
    ),
)
# Rights or controls that are to be changed. Who only reads may well read about them.
_CHANGES = (
    rule(
        "right rights privilege privileges permission permissions role roles access ownership",
        rf"\b(?:giv|grant|assign|add|get|gain|obtain|acquir|join|rais)\w*(?: [\w'@.-]+){{0,5}}? {_HIGH} (?:\w+",
        rf" )?{_RIGHT}",
        rf"|\b(?:giv|grant|assign)\w* {_SELF}(?: \w+){{0,4}}? {_RIGHT}|\bwith (?:full |admin\w* ",
        rf"|owner ){{1,2}}{_RIGHT}",
        r"|\b(?:giv|grant)\w* (?:[\w'@.-]+ ){1,6}the right\b",
    ),
    rule(
        "admin administrator administrators superuser owner root",
        r"\b(?:mak|promot|appoint|elevat|turn)\w* (?:[\w'@.-]+ ){1,3}?(?:to |into )?(?:an? |the |full |org ",
        r"|domain )*(?:admin(?:istrator)?s?|superuser)\b",
        rf"|\bmak\w* {_SELF} (?:the )?owner\b",
        r"|\b(?:set up|create|add|make|open|register) (?:an? |the |another |new )*(?:admin\w*|root|superuser",
        r"|privileged)(?:'s)? (?:login|account|user|role|access|token|key)\b",
    ),
    rule(
        "bypass bypassing circumvent deactivate deactivating disable disabling evade lift lifting mute off override"
        " remove "
        "silence skip skipping suspend waive weaken",
        r"\b(?:disabl|deactivat|switch(?:ing)? off|turn(?:ing)? off|bypass|circumvent|skip|evad|mut(?:e|ing)|silenc",
        r"|weaken|overrid|waiv|suspend",
        rf"|lift)\w* {_THE}{_CONTROL}|\b(?:switch|turn) {_THE}{_CONTROL} off\b|\bremove {_THE}(?:legal hold"
        rf"|object lock",
        r"|guard ?rails?)\b",
    ),
    rule("retention", r"\b(?:shorten|reduc\w+|lower|cut) (?:[\w']+ ){0,4}retention\b"),
    rule(
        "taking take",
        r"\btak(?:e|ing) over (?:[\w.']+ ){1,3}?(?:account|calendar|mailbox|session|role|identity|profile|phone)\b",
    ),
    rule(
        "chmod world-writable world-readable",
        r"\bworld-(?:writable|readable)\b|\bchmod (?:-r )?(?:0?777|a\+w|o\+w|u\+s)\b",
    ),
    rule(
        "approval approved review sign-off signoff authorisation authorization permission consent",
        r"\bwithout (?:\w+ ){0,2}?(?:approval|review|sign-?off|authori[sz]ation|permission|consent|being approved)\b",
        r"|\bwhether (?:or not )?(?:(?:it'?s|they'?re|they are) )?approved or not\b",
    ),
    rule(
        "unencrypted", r"\b(?:create|make|leave|store|send|keep|copy|export|upload|save|take)\b.{0,60}\bunencrypted\b"
    ),
    rule("above", r"\bput (?:me|yourself|myself) above\b"),
)
_ENDS = (
    rule(
        "so",
        r"\bso (?:that )?(?:nobody|no one|none of them) (?:\w+ )?(?:notices?|finds? out|sees? it|knows?|traces?",
        r"|suspects?)\b",
        r"|\bso (?:that )?(?:he|she|they|my boss|the [\w-]+) (?:can't|cannot|won't|doesn't|don't|needn't|will not",
        r"|does not) (?:\w+ )?(?:notice|find out|see it|know|trace|suspect|attend|prove)\b",
    ),
    rule(
        "without",
        r"\bwithout (?:[\w'-]+ ){1,2}(?:knowing|noticing|realising|realizing|seeing|finding out)\b",
    ),
    rule("back", r"\bbehind (?:his|her|their|\w+'s) back\b"),
    rule("quiet secret record between", r"\bkeep (?:this|it) (?:quiet|secret|between us|off the record)\b"),
    rule("tracks trace", r"\bcover (?:my|our|your|the) tracks\b|\bwithout (?:leaving )?(?:a|any) trace\b"),
    rule(
        "before",
        r"\bbefore the (?:auditor|investigator|inspector|regulator|police|prosecutor)s? (?:see|find|look|get|ask",
        r"|notice)s?\b",
    ),
    rule(
        "embarrass embarrassing humiliate blackmail spy stalk revenge intimidate punish harass discredit crush",
        r"\b(?:embarrass\w*|humiliate|blackmail|spy on|stalk|revenge|intimidate|punish|harass|discredit|crush on)\b",
    ),
    rule(
        "employer setting",
        r"\bmy (?:new|next|future) employer\b|\bsetting up my own (?:shop|company|business|startup)\b",
    ),
    rule("me", r"\b(?:in case|before) (?:they|he|she) (?:let|fire|sack)s? me\b|\btake them with me\b"),
    rule("quit resign", r"\b(?:before|when) i (?:quit|resign)\b"),
    rule("look", r"\bmake it look (?:like|as)\b"),
    rule("backdate backdated back-date", r"\bback-?dated?\b"),
    rule("dark darkweb", r"\bdark ?web\b"),
)


def read_privileges(text: str, words: frozenset[str], *, only_reads: bool) -> tuple[str, ...]:
    """Rights beyond the asker's own, and controls to be changed, as the phrases found.

    Where a clause ``only_reads``, only the rights it is done with count: "find users with admin rights" changes none.
    """
    return tuple(found(_MEANS if only_reads else (*_MEANS, *_CHANGES), text, words))


def read_purposes(text: str, words: frozenset[str]) -> tuple[str, ...]:
    """Ends a clause states that nobody would approve: hiding from those who check, private gain, harm to a person."""
    return tuple(found(_ENDS, text, words))
