"""The same decision with every stage laid open. Pure; for ``Explain`` and the command line, off the hot path."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pdp import engine
from pdp.intent.authority import read_authority
from pdp.intent.text import Reading
from pdp.matching import Asked, Board, Matching, Scores, clause_trace, match
from pdp.policy.model import Mode
from pdp.policy.rules import RuleOutcome
from pdp.snapshot import Snapshot
from pdp.types import CandidateTrace, ClauseTrace, Effect, Neighbour, Request, RuleTrace, Trace, Verdict

MOST_CANDIDATES = 8


def explain(request: Request, reading: Reading, vectors: Scores | None, snapshot: Snapshot, now: float) -> Verdict:
    """Decide as ``engine`` does and attach the trace. ``vectors`` is ``None`` for an empty utterance."""
    asked = engine.admit(request, snapshot)
    if isinstance(asked, Verdict):
        return replace(asked, trace=_outline(request, asked, reading, vectors, snapshot, None))
    refused = engine.screen(asked, reading)
    if refused or vectors is None:
        verdict = refused or engine.decide(asked, reading, np.empty((0, 0), np.float32), snapshot, now)
        return replace(verdict, trace=_outline(asked.request, verdict, reading, vectors, snapshot, asked))
    verdict = engine.decide(asked, reading, vectors, snapshot, now)
    trace = _outline(asked.request, verdict, reading, vectors, snapshot, asked)
    matching = match(asked, reading, vectors, snapshot)
    clauses = tuple(clause_trace(c, snapshot) for c in matching.clauses) or trace.clauses
    return replace(
        verdict, trace=replace(trace, clauses=clauses, rules=_rules(asked, reading, matching, snapshot, now))
    )


def _outline(
    request: Request,
    verdict: Verdict,
    reading: Reading,
    vectors: Scores | None,
    snapshot: Snapshot,
    asked: Asked | None,
) -> Trace:
    clauses = tuple(ClauseTrace(c, "", 0.0, str(read_authority(c))) for c in reading.clauses)
    candidates = _candidates(request, vectors, snapshot, asked) if vectors is not None else ()
    return Trace(reading.canonical, clauses, candidates, (), (*_findings(reading), *_notes(request, verdict, snapshot)))


def _findings(reading: Reading) -> tuple[str, ...]:
    return tuple(f"text: {f.replace('_', ' ')}" for f in reading.findings)


def _candidates(
    request: Request, vectors: Scores, snapshot: Snapshot, asked: Asked | None
) -> tuple[CandidateTrace, ...]:
    usable = snapshot.admission.usable(request.agent.id)
    if usable is None or usable.size == 0:
        return ()
    board = Board.of(vectors, usable, snapshot)
    order = np.argsort(-board.margins.max(axis=0), kind="stable")[:MOST_CANDIDATES]
    admitted = frozenset(asked.admitted.tolist()) if asked else frozenset()
    return tuple(_candidate(board, int(place), snapshot, admitted) for place in order)


def _candidate(board: Board, place: int, snapshot: Snapshot, admitted: frozenset[int]) -> CandidateTrace:
    column, row = int(board.columns[place]), int(np.argmax(board.margins[:, place]))
    intent, limits = snapshot.bundle.intents[column], snapshot.calibration.thresholds(column)
    score, at = float(board.scores[row, place]), int(board.raw.exemplar_at[row, place])
    exemplar = snapshot.index.exemplar(at) if at >= 0 else None
    similarity = float(board.raw.exemplar[row, place])
    return CandidateTrace(
        intent=intent.id,
        score=score,
        accept=limits.accept,
        narrow=limits.narrow,
        band=snapshot.calibration.band(column, score).value,
        admitted=column in admitted,
        nearest=Neighbour(intent.id, exemplar.text, similarity, exemplar.position) if exemplar else None,
        shadow=intent.mode is Mode.SHADOW,
    )


def _rules(asked: Asked, reading: Reading, matching: Matching, snapshot: Snapshot, now: float) -> tuple[RuleTrace, ...]:
    if matching.column < 0:
        return ()
    return tuple(_rule(o) for o in engine.evaluate_rules(asked, reading, matching, snapshot, now))


def _rule(outcome: RuleOutcome) -> RuleTrace:
    rule = outcome.rule
    result = outcome.error if outcome.code else str(outcome.result).lower()
    return RuleTrace(
        rule.id, rule.effect.value, rule.when, result, rule.position, outcome.values, rule.mode is Mode.SHADOW
    )


def _notes(request: Request, verdict: Verdict, snapshot: Snapshot) -> tuple[str, ...]:
    if verdict.effect is not Effect.DENY or verdict.match is not None:
        return ()
    usable = snapshot.admission.usable(request.agent.id)
    if usable is None:
        return (f"agents.yaml knows: {', '.join(a.id for a in snapshot.bundle.agents)}",)
    return tuple(
        f"{i.id} covers {request.action.name!r}, but not on this target"
        for c in usable.tolist()
        if request.action.name in (i := snapshot.bundle.intents[c]).actions and verdict.derived is None
    )
