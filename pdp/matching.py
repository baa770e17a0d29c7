"""What the utterance asks for, judged against the intents that admit the call. Pure.

The index says which intents are near; the pair model says whether one of them covers what is asked; the words of each
clause (verb, scope, recipient, rights) count against it. One intent must cover the whole utterance; failing that,
several intents of the agent may cover it clause by clause, and one of them must admit the call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from pdp.evidence import Candidate, Evidence, NotFinite
from pdp.intent.authority import Authority, VerbClass, declined, may_decline
from pdp.intent.borrowing import without_exemplars
from pdp.intent.calibration import Band
from pdp.intent.clauses import split
from pdp.intent.commands import read_name
from pdp.intent.text import Reading
from pdp.policy.admission import Columns
from pdp.scoring import Excess, ExcessKind
from pdp.snapshot import Snapshot
from pdp.types import Access, ClauseTrace, Derived, Effect, IntentMatch, Reason, ReasonCode, Request, ShadowFinding

# How many of the nearest intents are judged.
MOST_TRIED = 4
# Longer texts must lie within one intent: each piece costs several judgements.
MOST_PIECES = 8
# What stands beside words borrowed from an exemplar is looked at from so many words on: from fewer beside a whole
# exemplar, fewer still beside several. Two separate runs of such words beside anything else are in doubt in any case.
FEWEST_WORDS, FEW_WORDS, MANY_WORDS = 2, 4, 15
MOST_RUNS = 1
RANK = {Band.OUT_OF_SCOPE: 0, Band.NARROW: 1, Band.ACCEPT: 2}


NO_COLUMNS: Columns = np.array([], np.intp)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that some intent admits. ``request`` has target and action filled in from the native payload.

    ``outside``: intents that the agent may use, and not within this session's purpose; ``usable`` and ``admitted`` hold
    none of them.
    """

    request: Request
    derived: Derived | None
    usable: Columns
    admitted: Columns
    outside: Columns = field(default_factory=lambda: NO_COLUMNS)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How one clause is covered. ``column`` is -1 where nothing covers it.

    ``score``: of the whole text where the clause is part of it, of the clause alone where it was looked at by itself.
    """

    text: str
    authority: Authority
    column: int
    score: float
    band: Band
    excess: tuple[Excess, ...] = ()


@dataclass(frozen=True, slots=True)
class Matching:
    """The intent matched (``column`` -1: none) with its band, the clauses, and every reason to refuse.

    ``vector``: that of the whole utterance, float16 bytes, for the distance to a session's purpose; empty where the
    model did not read it. ``shadow``: what intents in shadow would have matched, before any rule.
    """

    column: int
    band: Band
    match: IntentMatch
    clauses: tuple[Coverage, ...]
    refusals: tuple[Reason, ...]
    vector: bytes = b""
    shadow: tuple[ShadowFinding, ...] = ()


def match(asked: Asked, reading: Reading, evidence: Evidence, snapshot: Snapshot) -> Matching:
    """Match the utterance to one of the admitted intents and check that all of it is covered.

    Raises what the encoder raises.
    """
    admitted = _enforced(asked.admitted, snapshot)
    try:
        shadow = _shadow(asked, reading, evidence, snapshot) if admitted.size < asked.admitted.size else ()
        if not admitted.size:
            nothing = _nothing(ReasonCode.NOT_ADMITTED, "only shadow intents admit this call; they grant nothing")
            return replace(nothing, shadow=shadow)
        found = _match(asked, reading, admitted, evidence, snapshot)
        if found.refusals and asked.outside.size:
            found = replace(found, refusals=(*_outside(asked, reading, evidence, snapshot), *found.refusals))
    except NotFinite:
        return _nothing(ReasonCode.SCORE_INVALID, "a score is not a finite number")
    vector = evidence.readout(reading.canonical).vector.astype(np.float16).tobytes()
    return replace(found, vector=vector, shadow=shadow)


def _shadow(asked: Asked, reading: Reading, evidence: Evidence, snapshot: Snapshot) -> tuple[ShadowFinding, ...]:
    """What the intents in shadow that admit the call would have said."""
    columns = asked.admitted[~snapshot.enforced[asked.admitted]]
    nearest = evidence.by_nearness(reading.canonical, columns, MOST_TRIED)
    tried = [_match_one(asked, reading, c, nearest, evidence, snapshot) for c in nearest]
    return tuple(
        ShadowFinding(
            f"intent {m.match.intent}",
            Effect.ALLOW if m.band is Band.ACCEPT else Effect.NARROW,
            f"would match at {m.match.score:.2f}, accepts from {m.match.accept:.2f}; its rules are not asked",
        )
        for m in tried
        if not m.refusals and m.band is not Band.OUT_OF_SCOPE
    )


def _outside(asked: Asked, reading: Reading, evidence: Evidence, snapshot: Snapshot) -> tuple[Reason, ...]:
    """Whether what is refused within the session's purpose is what another of the agent's intents is for."""
    elsewhere = _enforced(asked.outside, snapshot)
    for column in evidence.by_nearness(reading.canonical, elsewhere, MOST_TRIED) if elsewhere.size else ():
        score = evidence.score(
            reading.canonical, column, every_excess(asked, reading.clauses, column, evidence, snapshot)
        )
        if snapshot.calibration.band(column, score) is not Band.OUT_OF_SCOPE:
            name = snapshot.bundle.intents[column].id
            text = f"the utterance is within {name}, which the session's declared purpose does not include"
            return (Reason(ReasonCode.UTTERANCE_OUTSIDE_PURPOSE, text),)
    return ()


def _match(asked: Asked, reading: Reading, admitted: Columns, evidence: Evidence, snapshot: Snapshot) -> Matching:
    nearest = evidence.by_nearness(reading.canonical, admitted, MOST_TRIED)
    best: Matching | None = None
    for column in nearest:
        found = _match_one(asked, reading, column, nearest, evidence, snapshot)
        # The nearest intent need not be the one whose authority fits; what it refused is told when none fits.
        if best is None or _better(found, best):
            best = found
        if best.band is Band.ACCEPT and not best.refusals:
            return best
    several = 1 < len(reading.clauses) <= MOST_PIECES
    piecewise = _match_pieces(asked, reading, evidence, snapshot) if several else None
    if piecewise and (best is None or _better(piecewise, best)):
        return piecewise
    return best or _nothing(ReasonCode.NOT_ADMITTED, "no intent admits this call")


def every_excess(
    asked: Asked, clauses: Sequence[str], column: int, evidence: Evidence, snapshot: Snapshot
) -> tuple[Excess, ...]:
    """All that the words of ``clauses`` show to be beyond an intent."""
    found = tuple(e for c in clauses for e in evidence.excess(c, column))
    authorities = [evidence.authority(c) for c in clauses]
    return (*found, *_declined(authorities, column, snapshot), *only_asked(asked, authorities))


def _enforced(columns: Columns, snapshot: Snapshot) -> Columns:
    enforced = snapshot.enforced[columns]
    return columns if enforced.all() else columns[enforced]


def _better(found: Matching, best: Matching) -> bool:
    """Granting beats refusing, then the wider band; equals keep the one that was found first, the nearer."""
    return (not found.refusals, RANK[found.band]) > (not best.refusals, RANK[best.band])


def _nothing(code: ReasonCode, text: str) -> Matching:
    return Matching(-1, Band.OUT_OF_SCOPE, IntentMatch("", 0.0, 0.0, 0.0, 0.0), (), (Reason(code, text),))


def _match_one(
    asked: Asked, reading: Reading, column: int, others: Sequence[int], evidence: Evidence, snapshot: Snapshot
) -> Matching:
    """One intent for the whole utterance."""
    covers = _covers(asked, reading, column, evidence, snapshot)
    asks_only = only_asked(asked, [c.authority for c in covers if c.column in (column, -1)])
    refused = (*_declined([c.authority for c in covers], column, snapshot), *asks_only)
    excess = (*(e for c in covers if c.column in (column, -1) for e in c.excess), *refused)
    score = evidence.score(reading.canonical, column, excess)
    band = snapshot.calibration.band(column, score)
    doubtful = asks_only or may_decline([c.authority for c in covers], snapshot.profiles[column])
    if band is Band.ACCEPT and (doubtful or not _stands_alone(asked, reading, column, evidence, snapshot)):
        band = Band.NARROW  # however sure the model is
    found = _describe(evidence.candidate(reading.canonical, column), score, others, reading, evidence, snapshot)
    uncovered = tuple(_uncovered(c) for c in covers if c.column < 0)
    if band is Band.OUT_OF_SCOPE:
        plain = evidence.score(reading.canonical, column)
        beyond = _beyond(covers, refused, column, snapshot)
        told = snapshot.calibration.band(column, plain) is not Band.OUT_OF_SCOPE or uncovered
        return Matching(column, band, found, covers, (*uncovered, *beyond) if told else (_out_of_scope(found),))
    return Matching(column, band, found, covers, uncovered)


def _stands_alone(asked: Asked, reading: Reading, column: int, evidence: Evidence, snapshot: Snapshot) -> bool:
    """Whether the text is accepted for what it says itself, and not for approved words that are put around it.

    Where an exemplar's words stand beside much else, or a whole exemplar beside a few words, the rest must be accepted
    by itself, less what its own words show to be beyond the intent. Approved words on both sides of others, or in
    their midst, leave a rest too broken to judge.
    """
    borrowed = without_exemplars(reading.canonical, [e.text for e in snapshot.bundle.intents[column].exemplars])
    several = borrowed.runs > MOST_RUNS or borrowed.whole > 1
    fewest = FEWEST_WORDS if several else FEW_WORDS if borrowed.whole else MANY_WORDS
    if not borrowed.runs or borrowed.words < fewest:
        return True
    if borrowed.runs > MOST_RUNS:
        return False
    excess = every_excess(asked, split(borrowed.rest), column, evidence, snapshot)
    return snapshot.calibration.band(column, evidence.score(borrowed.rest, column, excess)) is Band.ACCEPT


def _match_pieces(asked: Asked, reading: Reading, evidence: Evidence, snapshot: Snapshot) -> Matching | None:
    """Two or more intents that together cover every clause; the first of them that admits the call is the one matched.

    Pieces say less than the whole, so this is an accept only where the whole text is at least in doubt.
    """
    usable, admitted = _enforced(asked.usable, snapshot), frozenset(_enforced(asked.admitted, snapshot).tolist())
    covers = [_piece(clause, usable, evidence, snapshot) for clause in reading.clauses]
    columns = {c.column for c in covers}
    lead = next((c for c in covers if c.column in admitted), None)
    if lead is None or -1 in columns or len(columns) < 2:  # one intent alone had its chance
        return None
    own = [c.authority for c in covers if c.column == lead.column]
    if any(_declined([c.authority], c.column, snapshot) for c in covers) or only_asked(asked, own):
        return None
    whole = snapshot.calibration.band(lead.column, evidence.score(reading.canonical, lead.column))
    weakest = Band.NARROW if whole is Band.OUT_OF_SCOPE else min((c.band for c in covers), key=RANK.__getitem__)
    found = _describe(evidence.candidate(lead.text, lead.column), lead.score, (), reading, evidence, snapshot)
    return Matching(lead.column, weakest, found, tuple(covers), ())


def _piece(clause: str, usable: Columns, evidence: Evidence, snapshot: Snapshot) -> Coverage:
    """A clause under the nearest of the agent's intents that covers it; words must show no excess at all."""
    authority = evidence.authority(clause)
    for column in evidence.by_nearness(clause, usable, MOST_TRIED):
        if evidence.excess(clause, column):
            continue
        score = evidence.score(clause, column)
        band = snapshot.calibration.band(column, score)
        if band is not Band.OUT_OF_SCOPE:
            return Coverage(clause, authority, column, score, band)
    return Coverage(clause, authority, -1, 0.0, Band.OUT_OF_SCOPE)


def _covers(
    asked: Asked, reading: Reading, column: int, evidence: Evidence, snapshot: Snapshot
) -> tuple[Coverage, ...]:
    if len(reading.clauses) == 1:
        clause = reading.clauses[0]
        score = evidence.score(reading.canonical, column)
        excess = evidence.excess(clause, column)
        return (Coverage(clause, evidence.authority(clause), column, score, Band.ACCEPT, excess),)
    whole = reading.canonical
    return tuple(_cover(clause, whole, column, asked, evidence, snapshot) for clause in reading.clauses)


def _cover(clause: str, whole: str, column: int, asked: Asked, evidence: Evidence, snapshot: Snapshot) -> Coverage:
    """A clause of a longer text: part of the matched intent, or covered in full by another of the agent's intents."""
    authority, excess = evidence.authority(clause), evidence.excess(clause, column)
    if not excess:
        # The pair model has read it in its sentence, which is where it belongs.
        return Coverage(clause, authority, column, evidence.score(whole, column), Band.ACCEPT)
    other = _piece(clause, _enforced(asked.usable, snapshot), evidence, snapshot)
    if other.band is Band.ACCEPT:
        return other
    score = evidence.score(clause, column)
    fits = snapshot.calibration.band(column, score) is not Band.OUT_OF_SCOPE
    return Coverage(clause, authority, column if fits else -1, score, Band.OUT_OF_SCOPE, excess)


def _describe(
    found: Candidate, score: float, others: Sequence[int], reading: Reading, evidence: Evidence, snapshot: Snapshot
) -> IntentMatch:
    limits = snapshot.calibration.thresholds(found.column)
    intents = snapshot.bundle.intents
    second = next((c for c in others if c != found.column), None)
    return IntentMatch(
        intent=intents[found.column].id,
        score=score,
        accept=limits.accept,
        narrow=limits.narrow,
        margin=score - limits.accept,
        nearest=found.nearest,
        counter=found.counter,
        runner_up=intents[second].id if second is not None else "",
        runner_up_score=evidence.nearness(reading.canonical, second) if second is not None else 0.0,
    )


def _out_of_scope(found: IntentMatch) -> Reason:
    near, counter = found.nearest, found.counter
    if counter and near and counter.similarity > near.similarity:
        text = (
            f"nearer to a counter-exemplar of {found.intent} ({counter.similarity:.2f}) "
            f"than to any exemplar ({near.similarity:.2f})"
        )
        return Reason(ReasonCode.COUNTER_EXEMPLAR, text, position=counter.position)
    text = (
        "the utterance is not within an approved intent: "
        f"nearest is {found.intent} at {found.score:.2f}, needs {found.narrow:.2f}"
    )
    return Reason(ReasonCode.OUT_OF_SCOPE, text, position=near.position if near else None)


def _declined(clauses: Sequence[Authority], column: int, snapshot: Snapshot) -> tuple[Excess, ...]:
    refused = declined(clauses, snapshot.profiles[column])
    return (Excess(ExcessKind.DECLINED, f"declines to {', '.join(refused)}"),) if refused else ()


def _beyond(
    covers: Sequence[Coverage], refused: Sequence[Excess], column: int, snapshot: Snapshot
) -> tuple[Reason, ...]:
    intent = snapshot.bundle.intents[column].id
    found = []
    for cover in covers:
        if cover.excess and cover.column == column:
            why = ", ".join(e.phrase for e in cover.excess)
            text = f"“{excerpt(cover.text)}” goes beyond {intent}: it {why}"
            found.append(Reason(ReasonCode.AUTHORITY_EXCEEDED, text))
    for one in refused:
        negated = one.kind is ExcessKind.DECLINED
        text = f"the utterance {one.phrase}" + (f", which is what {intent} is for" if negated else "")
        found.append(Reason(ReasonCode.NEGATED if negated else ReasonCode.AUTHORITY_EXCEEDED, text))
    return tuple(found)


def _uncovered(cover: Coverage) -> Reason:
    excess = ", ".join(e.phrase for e in cover.excess)
    why = f": it {excess}" if excess else ""
    return Reason(ReasonCode.CLAUSE_NOT_COVERED, f"no intent of this agent covers “{excerpt(cover.text)}”{why}")


def only_asked(asked: Asked, clauses: Sequence[Authority]) -> tuple[Excess, ...]:
    """A question carries no change: when every verb of the utterance surely reads, the call must not do more."""
    verbs = [v for c in clauses for v in c.asks]
    if not verbs or any(v.classes != {VerbClass.READ} for v in verbs) or not _changes(asked):
        return ()
    return (Excess(ExcessKind.QUESTION, f"only asks to read, but {asked.request.action.name!r} changes something"),)


def _changes(asked: Asked) -> bool:
    """Whether the call surely does more than read: by its payload, else by the name of its action."""
    if asked.derived is not None and asked.derived.access is not Access.UNKNOWN:
        return asked.derived.access is not Access.READ
    named = read_name(asked.request.action.name)
    return named is not None and VerbClass.READ not in named.classes


def excerpt(text: str, most: int = 80) -> str:
    """``text``, cut to ``most`` characters for a message."""
    return text if len(text) <= most else text[: most - 1] + "…"


def clause_trace(cover: Coverage, snapshot: Snapshot) -> ClauseTrace:
    """A covered clause as ``Explain`` shows it."""
    covered_by = snapshot.bundle.intents[cover.column].id if cover.column >= 0 else ""
    return ClauseTrace(cover.text, covered_by, cover.score, str(cover.authority))
