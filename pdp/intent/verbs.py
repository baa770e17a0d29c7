"""The lexicon: what English request verbs ask a system to do.

Each verb carries *every* class it may mean ("transfer" moves money or files), because a judgement is only sure when
all its readings lie outside what was approved. Inflections are generated once at import: reading is a look-up.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass


class VerbClass(enum.Enum):
    """What a request wants done. Values are stable words used in reasons."""

    READ = "read"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    SEND = "send"
    SHARE = "share"
    EXECUTE = "execute"
    ADMINISTER = "administer"
    TRANSFER = "transfer money"


Classes = frozenset[VerbClass]


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb. ``noun`` marks words that are as often nouns ("update"), ``rarely`` those that mostly are ("fire").

    Such words need more evidence around them to be read as verbs.
    """

    lemma: str
    classes: Classes
    noun: bool = False
    rarely: bool = False

    @property
    def harmful(self) -> bool:
        """Every reading changes, moves or opens something that cannot simply be taken back."""
        return self.classes <= _HARMFUL


_HARMFUL = frozenset(
    {VerbClass.DELETE, VerbClass.SHARE, VerbClass.EXECUTE, VerbClass.ADMINISTER, VerbClass.TRANSFER, VerbClass.UPDATE}
)
_LETTERS: Mapping[str, VerbClass] = {
    "R": VerbClass.READ,
    "C": VerbClass.CREATE,
    "U": VerbClass.UPDATE,
    "D": VerbClass.DELETE,
    "S": VerbClass.SEND,
    "H": VerbClass.SHARE,
    "X": VerbClass.EXECUTE,
    "A": VerbClass.ADMINISTER,
    "T": VerbClass.TRANSFER,
}


def classes(letters: str) -> Classes:
    """The classes behind a code such as ``"CU"``: Read Create Update Delete Send sHare eXecute Administer Transfer."""
    return frozenset(_LETTERS[letter] for letter in letters)


# Words are grouped by their readings. A trailing * marks a word that is as often a noun, ** one that mostly is.
_GROUPS: Mapping[str, str] = {
    "R": """
        analyse analyze ascertain ask assess audit browse calculate check choose classify collate collect compare
        compute
        confirm consider consult count* debug* describe detail** detect determine diagnose discover discuss display*
        double-check elaborate establish estimate* evaluate examine explain explore fetch figure find gather get
        grep guess hear help highlight identify illustrate inspect interpret investigate justify know learn
        list* listen locate look* lookup* measure* monitor* name** observe outline** peek plot* preview* profile** pull*
        query* quote* rank* read recall recap recommend retrieve review* scan* scrutinise scrutinize search* see show*
        sort* spot** study* suggest summarise summarize survey* tail* think total* trace* track* translate understand
        validate verify view* visualise visualize walk watch* wonder
    """,
    "RU": "convert",
    "RC": "plan* derive extract predict project** transcribe",
    "RCS": "export* download* dump* report* print*",
    "RS": "answer* tell point** state** mention**",
    "RSH": "bring hand",
    "RUSX": "call*",
    "RX": "test* benchmark* probe simulate ping*",
    "C": """
        back-up backup* brainstorm build coin compile compose craft create define design develop draft* form** found
        generate invent introduce make* prepare produce reserve schedule* snapshot* sketch** stage** store* word**
    """,
    "CU": """
        add allocate annotate append arrange attach book* calendar* code* comment* complete* configure copy* document*
        embed enter enrol enroll fill finish* format* implement include incorporate insert key log* note* organise
        organize paste* pen** pencil put queue* record* register* request* requisition save set* sign* slot** supplement
        type* tick* place* populate stick
    """,
    "CUX": "import* initialise initialize load* provision recreate reproduce apply restore* spin",
    "CUS": "write submit upload* post* file* pitch**",
    "CX": "launch* spawn raise",
    "RCX": "open",
    "CH": "clone* mirror* duplicate* replicate",
    "CS": "invite*",
    "U": """
        adapt adjust advance* alter amend anonymise anonymize bump* change* close compress correct cut* customise
        customize decrease edit* encrypt exclude extend falsify fake** flag* fix* forge halve improve increase label*
        limit*
        link* lower mark* mask* merge* migrate minimise modify normalise normalize optimise optimize overwrite pin*
        postpone prioritise prioritize prolong rearrange redact reduce refactor refine reformat relabel relocate rename
        reopen reorder reorganise rephrase reschedule resize resolve rewrite revise shift* shorten shuffle split* star**
        swap* tag* tamper tune* tweak* update* zip*
    """,
    "UC": "archive* adopt tidy",
    "UX": "deploy* patch* refresh* rebase reconfigure recover redeploy repair* replace roll* scale* upgrade* sync*",
    "UA": "assign reassign elevate demote loosen relax tighten promote",
    "UD": "clear* clean decline deduct detach dismiss hide omit reject strip* subtract unassign unlink "
    "unsubscribe abort",
    "UDT": "withdraw",
    "UDX": "reset* revert undo flush* unmount unload",
    "US": "escalate move* reroute redirect*",
    "UAX": "enable lock* activate freeze",
    "D": """
        annihilate axe bin** blow chuck cancel decommission delete demolish deprovision destroy discard ditch drop*
        empty eliminate
        eradicate erase expunge nuke obliterate prune purge raze remove scrap* scrub* shred tear trash* truncate wipe
        zap
        zero
    """,
    "DX": "drain* evict halt* kill shutdown terminate uninstall",
    "DAU": "deactivate depose disable suspend unlock oust expel",
    "DA": "revoke rescind fire** sack** invalidate ban*",
    "S": """
        alert* broadcast* contact* cc dispatch* dm email* e-mail* fax* forward inform mail* message* notify
        reply* remind respond send signal** text** tweet* warn telegraph transmit relay* deliver ship* congratulate
    """,
    "SH": "circulate distribute pass* leak* disclose divulge",
    "H": "expose publish reveal share* smuggle exfiltrate publicise publicize",
    "X": """
        bounce* boot* cordon cycle* execute failover install interrupt* invoke kick* pause*
        reboot* rebuild reload* relaunch repeat rerun re-run restart* resume retry* rollback* run* shut start* stop*
        taint
        trigger* unpause inject attack* exploit* hack* brute-force crack** mount* play*
    """,
    "XA": "rotate quarantine isolate",
    "XTH": "release*",
    "A": """
        authorise authorize bypass circumvent exempt grant* impersonate override*
        overrule permit* sudo waive whitelist allowlist blacklist blocklist unban
    """,
    "AU": "allow block* restrict delegate",
    "AUX": "accept approve",
    "T": """
        bill** buy charge* credit* debit* deposit* donate fund** invest pay* purchase* refund* reimburse remit repay
        sell spend trade* wire** bet** gamble overpay tip**
    """,
    "TC": "order* lease** rent** subscribe",
    "TUC": "renew settle balance**",
    "TUS": "transfer*",
    "RCUSXHT": """
        act adhere back** bear carry continue cover* do* drive** ensure follow fulfil fulfill give go handle hold* honor
        honour
        keep leave lend let obey opt perform pick pretend* proceed process* ring** satisfy switch* take* teach throw*
        try turn*
        use* want work*
    """,
}

# A verb with a following word means something of its own; the word may stand up to three words later ("turn it off").
_PHRASES: Mapping[str, str] = {
    "back up": "C", "blow away": "D", "chuck out": "D", "clean out": "D", "clear out": "D",
    "cut off": "DAU", "do away": "D", "do restart": "X", "do rollback": "X", "drop line": "S", "drop note": "S",
    "drop message": "S", "do delete": "D", "fill in": "CU", "get rid": "D", "get off": "UD", "get out": "RCUSXHTD",
    "give access": "AH", "give permission": "AH", "give permissions": "AH", "give rights": "AH", "give right": "AH",
    "give role": "A", "give privileges": "A", "give kick": "X",
    "hand over": "SH", "hand out": "SH", "key in": "CU", "kick out": "DA", "kick off": "X", "let go": "DA",
    "lock out": "A", "log out": "X", "let know": "RS", "look up": "R", "make sure": "RCUSXHT",
    "make it": "RCUSXHT", "make public": "H", "make payment": "T",
    "make transfer": "T", "opt out": "UD", "pass on": "SH", "pay back": "T", "put away": "CU", "put down": "CU",
    "put offline": "X", "roll back": "UX", "roll out": "UX", "send back": "ST", "set up": "CU", "set free": "DX",
    "shut down": "X", "shut off": "X", "sign off": "AU", "sign up": "C", "spin up": "CX",
    "stop there": "R", "strip down": "U", "switch off": "XAU", "switch on": "XAU", "switch over": "UX",
    "take away": "DAU", "take down": "DX", "take off": "UDX", "take offline": "X", "take out": "DT", "take over": "A",
    "take backup": "C", "take care": "RCUSXHT", "take copy": "CH", "take look": "R", "take snapshot": "C",
    "tear down": "DX", "throw away": "D", "throw out": "D", "tidy up": "UD", "turn back": "UX", "turn off": "XAU",
    "turn on": "XAU", "wipe out": "D", "write back": "S", "write down": "CU", "write off": "UT", "write to": "S",
}  # fmt: skip

_DOUBLED = frozenset(
    """ban bin commit cut dm drop flag forget get let log map mop nip pin plan plot pop put refer rip rub run scan scrap
    scrub set ship shred shrug shut skip slot spin split spot stop strip submit swap tag tap tip trim unpin wrap zap zip
    grep stir star bet""".split()
)

_IRREGULAR: Mapping[str, str] = {
    "bear": "borne", "bet": "bet", "blow": "blown", "bring": "brought", "build": "built", "buy": "bought",
    "choose": "chosen", "cut": "cut", "do": "done", "draft": "drafted", "drive": "driven", "find": "found",
    "freeze": "frozen", "get": "gotten", "give": "given", "go": "gone", "hear": "heard", "hide": "hidden",
    "hold": "held", "keep": "kept", "know": "known", "leave": "left", "lend": "lent", "let": "let", "make": "made",
    "overpay": "overpaid", "override": "overridden", "overwrite": "overwritten", "pay": "paid", "put": "put",
    "re-run": "re-run", "read": "read", "rebuild": "rebuilt", "redo": "redone", "repay": "repaid", "rerun": "rerun",
    "reset": "reset", "rewrite": "rewritten", "ring": "rung", "run": "run", "see": "seen", "sell": "sold",
    "send": "sent", "set": "set", "show": "shown", "shut": "shut", "spend": "spent", "spin": "spun", "split": "split",
    "stick": "stuck", "take": "taken", "teach": "taught", "tear": "torn", "tell": "told", "think": "thought",
    "throw": "thrown", "understand": "understood", "undo": "undone", "withdraw": "withdrawn", "write": "written",
}  # fmt: skip

_VOWELS = frozenset("aeiou")


def gerund(lemma: str) -> str:
    """The -ing form of a base form."""
    if lemma in _DOUBLED:
        return lemma + lemma[-1] + "ing"
    if lemma.endswith("e") and not lemma.endswith(("ee", "ye", "oe")):
        return lemma[:-1] + "ing"
    return lemma + "ing"


def participle(lemma: str) -> str:
    """The past participle of a base form."""
    irregular = _IRREGULAR.get(lemma)
    if irregular:
        return irregular
    if lemma in _DOUBLED:
        return lemma + lemma[-1] + "ed"
    if lemma.endswith("e"):
        return lemma + "d"
    if lemma.endswith("y") and lemma[-2] not in _VOWELS:
        return lemma[:-1] + "ied"
    return lemma + "ed"


def plural(word: str) -> str:
    """The -s form of a verb or noun."""
    if word.endswith(("s", "x", "ch", "sh", "z")):
        return word + "es"
    if word.endswith("y") and word[-2:-1] not in _VOWELS:
        return word[:-1] + "ies"
    return word + "s"


def _entries() -> Iterator[Verb]:
    for letters, words in _GROUPS.items():
        for word in words.split():
            lemma = word.rstrip("*")
            yield Verb(lemma, classes(letters), noun=word != lemma, rarely=word.endswith("**"))


BASE: Mapping[str, Verb] = {verb.lemma: verb for verb in _entries()}
GERUNDS: Mapping[str, Verb] = {gerund(verb.lemma): verb for verb in BASE.values()}
PARTICIPLES: Mapping[str, Verb] = {participle(verb.lemma): verb for verb in BASE.values()}
THIRD_PERSONS: Mapping[str, Verb] = {plural(verb.lemma): verb for verb in BASE.values() if not verb.noun}


def _phrases() -> dict[str, dict[str, Verb]]:
    table: dict[str, dict[str, Verb]] = {}
    for phrase, letters in _PHRASES.items():
        lemma, particle = phrase.split()
        table.setdefault(lemma, {})[particle] = Verb(phrase, classes(letters))
    return table


PHRASES: Mapping[str, Mapping[str, Verb]] = _phrases()

_TELLING_NOUNS = """
    access account accounts admin administrator all backup backups bypass credentials customer customers data database
    everyone everything instructions password passwords permission permissions previous private root secret secrets
    server
    servers system table tables token tokens user users
"""

# Words that unmask a disguise: a folded, reversed or decoded string counts only when it yields one of these.
TELLING: frozenset[str] = frozenset(_TELLING_NOUNS.split()) | frozenset(
    form for verb in BASE.values() for form in (verb.lemma, gerund(verb.lemma), participle(verb.lemma))
)
