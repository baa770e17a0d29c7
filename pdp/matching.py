"""What the utterance asks for, judged against the intents that admit the call. Pure.

Similarity is topic, not authority: a score only routes to an intent. What a clause asks for (verb, scope, recipient,
privilege) must also lie within what the intent grants, and every clause must be covered by some intent of the agent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdp.intent.authority import Authority, VerbClass, beyond, declined, read_authority
from pdp.intent.calibration import Band
from pdp.intent.commands import read_name
from pdp.intent.index import IntentScores
from pdp.intent.text import Reading
from pdp.policy.admission import Columns
from pdp.snapshot import Snapshot
from pdp.types import Access, ClauseTrace, Derived, IntentMatch, Neighbour, Reason, ReasonCode, Request

Scores = NDArray[np.float32]

# How many of the nearest intents are held against what a clause asks for.
MOST_TRIED = 4


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that some intent admits. ``request`` has target and action filled in from the native payload."""

    request: Request
    derived: Derived | None
    usable: Columns
    admitted: Columns


@dataclass(frozen=True, slots=True)
class Coverage:
    """How one clause is covered. ``column`` is -1 where nothing covers it."""

    text: str
    authority: Authority
    column: int
    score: float
    band: Band
    excess: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Matching:
    """The intent matched (``column`` -1: none) with its band, the clauses, and every reason to refuse."""

    column: int
    band: Band
    match: IntentMatch
    clauses: tuple[Coverage, ...]
    refusals: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """Scores of all texts (rows: the whole, then each clause when there are several) for some columns."""

    columns: Columns
    raw: IntentScores
    scores: Scores
    margins: Scores

    @classmethod
    def of(cls, vectors: Scores, columns: Columns, snapshot: Snapshot) -> Board:
        """Score ``vectors`` ([texts, dimension]) against ``columns``; arrays are [texts, columns]."""
        raw = snapshot.index.score(vectors, columns)
        scores = snapshot.calibration.scores(raw)
        return cls(columns, raw, scores, scores - snapshot.calibration.accepts(columns))

    def only(self, keep: NDArray[np.bool_]) -> Board:
        """The same board with some columns."""
        if keep.all():
            return self
        raw = IntentScores(
            self.raw.exemplar[:, keep],
            self.raw.exemplar_at[:, keep],
            self.raw.counter[:, keep],
            self.raw.counter_at[:, keep],
        )
        return Board(self.columns[keep], raw, self.scores[:, keep], self.margins[:, keep])

    def by_margin(self, most: int) -> list[tuple[int, int]]:
        """Best row and place of at most ``most`` columns, largest margin first; equals keep their order."""
        rows = self.margins.argmax(axis=0)
        best = self.margins[rows, np.arange(self.columns.size)]
        return [(int(rows[place]), int(place)) for place in np.argsort(-best, kind="stable")[:most]]


def match(asked: Asked, reading: Reading, vectors: Scores, snapshot: Snapshot) -> Matching:
    """Match the utterance to one of the admitted intents and check that every clause is covered.

    ``vectors`` is float32 [1 + (number of clauses if more than one), dimension], unit length.
    """
    several = len(reading.clauses) > 1
    board = Board.of(vectors, asked.usable if several else asked.admitted, snapshot)
    enforced = snapshot.enforced[board.columns]
    admitted = board.only(np.isin(board.columns, asked.admitted) & enforced) if several else board.only(enforced)
    if admitted.columns.size == 0 or not np.isfinite(admitted.scores).all():
        return _unscored(admitted)
    everything = board.only(enforced) if several else admitted
    first: Matching | None = None
    for row, place in admitted.by_margin(MOST_TRIED):
        found = _match_one(asked, reading, (admitted, everything), (row, place), snapshot)
        if not found.refusals:
            return found
        # The nearest intent need not be the one whose authority fits; what it refused is told when none fits.
        first = first or found
    return first or _unscored(admitted)


def _match_one(
    asked: Asked, reading: Reading, boards: tuple[Board, Board], at: tuple[int, int], snapshot: Snapshot
) -> Matching:
    (admitted, everything), (row, place) = boards, at
    column, score = int(admitted.columns[place]), float(admitted.scores[row, place])
    band = snapshot.calibration.band(column, score)
    found = _describe(admitted, row, place, snapshot)
    if band is Band.OUT_OF_SCOPE:
        return Matching(column, band, found, (), (_out_of_scope(found),))
    covers = _covers(reading, everything, column, score, band, snapshot)
    refusals = _refusals(covers, column, snapshot) or _only_asked(asked, covers)
    weakest = Band.NARROW if any(c.band is Band.NARROW for c in covers) else band
    return Matching(column, weakest, found, covers, refusals)


def _unscored(board: Board) -> Matching:
    code = ReasonCode.SCORE_INVALID if board.columns.size else ReasonCode.NOT_ADMITTED
    text = (
        "a score is not a finite number"
        if board.columns.size
        else "only shadow intents admit this call; they grant nothing"
    )
    return Matching(-1, Band.OUT_OF_SCOPE, IntentMatch("", 0.0, 0.0, 0.0, 0.0), (), (Reason(code, text),))


def _describe(board: Board, row: int, place: int, snapshot: Snapshot) -> IntentMatch:
    column = int(board.columns[place])
    limits = snapshot.calibration.thresholds(column)
    score = float(board.scores[row, place])
    runner, runner_score = _runner_up(board, place, snapshot)
    name = snapshot.bundle.intents[column].id
    near, counter = int(board.raw.exemplar_at[row, place]), int(board.raw.counter_at[row, place])
    return IntentMatch(
        intent=name,
        score=score,
        accept=limits.accept,
        narrow=limits.narrow,
        margin=score - limits.accept,
        nearest=_exemplar(snapshot, name, near, float(board.raw.exemplar[row, place])) if near >= 0 else None,
        counter=_counter(snapshot, name, counter, float(board.raw.counter[row, place])) if counter >= 0 else None,
        runner_up=runner,
        runner_up_score=runner_score,
    )


def _runner_up(board: Board, place: int, snapshot: Snapshot) -> tuple[str, float]:
    if board.columns.size < 2:  # a runner-up needs a second one
        return "", 0.0
    margins = board.margins.max(axis=0)
    margins[place] = -np.inf
    second = int(np.argmax(margins))
    row = int(np.argmax(board.margins[:, second]))
    return snapshot.bundle.intents[int(board.columns[second])].id, float(board.scores[row, second])


def _exemplar(snapshot: Snapshot, intent: str, at: int, similarity: float) -> Neighbour:
    exemplar = snapshot.index.exemplar(at)
    return Neighbour(intent, exemplar.text, similarity, exemplar.position)


def _counter(snapshot: Snapshot, intent: str, at: int, similarity: float) -> Neighbour:
    exemplar = snapshot.index.counter(at)
    return Neighbour(intent, exemplar.text, similarity, exemplar.position)


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


def _covers(
    reading: Reading, board: Board, matched: int, score: float, band: Band, snapshot: Snapshot
) -> tuple[Coverage, ...]:
    if len(reading.clauses) == 1:
        authority = read_authority(reading.clauses[0])
        excess = beyond(authority, snapshot.profiles[matched])
        return (Coverage(reading.clauses[0], authority, matched, score, band, excess),)
    at = int(np.flatnonzero(board.columns == matched)[0])
    return tuple(_cover(clause, board, row, at, snapshot) for row, clause in enumerate(reading.clauses, start=1))


def _cover(clause: str, board: Board, row: int, matched_at: int, snapshot: Snapshot) -> Coverage:
    """By the nearest of the agent's intents that grants as much as the clause asks, or as part of the matched one."""
    authority = read_authority(clause)
    matched, score = int(board.columns[matched_at]), float(board.scores[row, matched_at])
    excess = beyond(authority, snapshot.profiles[matched])
    if authority.asks_nothing and not excess:
        # A fact or a prohibition asks for no authority; it rides along with the clause it belongs to.
        return Coverage(clause, authority, matched, score, Band.ACCEPT)
    refused: Coverage | None = None
    for place in np.argsort(-board.margins[row], kind="stable")[:MOST_TRIED].tolist():
        column, own = int(board.columns[place]), float(board.scores[row, place])
        band = snapshot.calibration.band(column, own)
        if band is Band.OUT_OF_SCOPE:
            continue
        found = Coverage(clause, authority, column, own, band, beyond(authority, snapshot.profiles[column]))
        # One that is not the nearest must fit in full.
        if not found.excess and (refused is None or band is Band.ACCEPT):
            return found
        refused = refused or found
    if not excess and snapshot.calibration.continues(matched, score):
        return Coverage(clause, authority, matched, score, Band.ACCEPT)
    return refused or Coverage(clause, authority, -1, score, Band.OUT_OF_SCOPE, excess)


def _refusals(covers: tuple[Coverage, ...], matched: int, snapshot: Snapshot) -> tuple[Reason, ...]:
    intents = snapshot.bundle.intents
    found = [r for c in covers if (r := _refusal(c, intents[c.column].id if c.column >= 0 else ""))]
    refused = declined([c.authority for c in covers], snapshot.profiles[matched])
    if refused:
        text = f"the utterance declines what {intents[matched].id} would do: not {', not '.join(refused)}"
        found.append(Reason(ReasonCode.NEGATED, text))
    return tuple(found)


def _refusal(cover: Coverage, intent: str) -> Reason | None:
    excess = ", ".join(cover.excess)
    if not intent:
        why = f": it {excess}" if excess else ""
        return Reason(ReasonCode.CLAUSE_NOT_COVERED, f"no intent of this agent covers “{excerpt(cover.text)}”{why}")
    if excess:
        return Reason(ReasonCode.AUTHORITY_EXCEEDED, f"“{excerpt(cover.text)}” goes beyond {intent}: it {excess}")
    return None


def _only_asked(asked: Asked, covers: tuple[Coverage, ...]) -> tuple[Reason, ...]:
    """A question carries no change: when every verb of the utterance surely reads, the call must not do more."""
    verbs = [v for c in covers for v in c.authority.asks]
    if not verbs or any(v.classes != {VerbClass.READ} for v in verbs) or not _changes(asked):
        return ()
    text = f"the utterance only asks to read, but {asked.request.action.name!r} changes something"
    return (Reason(ReasonCode.AUTHORITY_EXCEEDED, text),)


def _changes(asked: Asked) -> bool:
    """Whether the call surely does more than read: by its payload, else by the name of its action."""
    if asked.derived is not None:
        return Access.READ < asked.derived.access < Access.UNKNOWN
    named = read_name(asked.request.action.name)
    return named is not None and VerbClass.READ not in named.classes


def excerpt(text: str, most: int = 80) -> str:
    """``text``, cut to ``most`` characters for a message."""
    return text if len(text) <= most else text[: most - 1] + "…"


def clause_trace(cover: Coverage, snapshot: Snapshot) -> ClauseTrace:
    """A covered clause as ``Explain`` shows it."""
    covered_by = snapshot.bundle.intents[cover.column].id if cover.column >= 0 else ""
    return ClauseTrace(cover.text, covered_by, cover.score, str(cover.authority))
