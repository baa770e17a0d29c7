"""The same decision with every stage laid open. Pure; for ``Explain`` and the command line, off the hot path."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pdp import engine
from pdp.engine import OUTSIDE_SESSIONS, Standing
from pdp.evidence import Evidence
from pdp.intent.calibration import Band
from pdp.intent.encoder import KINDS
from pdp.intent.text import Reading
from pdp.matching import Asked, Matching, clause_trace, match
from pdp.policy.facts import Facts
from pdp.policy.model import Mode
from pdp.policy.rules import RuleOutcome
from pdp.snapshot import Snapshot
from pdp.types import CandidateTrace, ClauseTrace, Effect, Request, RuleTrace, Trace, Verdict

MOST_CANDIDATES = 8
MOST_WORDS = 6
_PHRASES = {
    "verb": "another operation",
    "object": "another thing",
    "scope": "more than the intent covers",
    "recipient": "another recipient",
    "negation": "what the intent is for is declined",
    "compound": "something more besides",
    "injection": "planted instructions",
    "obfuscation": "a disguise",
    "privilege": "other rights",
    "purpose": "another purpose",
}


def explain(
    request: Request,
    reading: Reading,
    evidence: Evidence,
    snapshot: Snapshot,
    now: float,
    purpose: Collection[str] | None = None,
    standing: Standing = OUTSIDE_SESSIONS,
) -> Verdict:
    """Decide as ``engine`` does and attach the trace. Raises what the encoder raises."""
    asked = engine.admit(request, snapshot, purpose)
    if isinstance(asked, Verdict):
        return replace(asked, trace=_outline(request, asked, reading, evidence, snapshot, None))
    refused = engine.screen(asked, reading)
    if refused:
        return replace(refused, trace=_outline(asked.request, refused, reading, evidence, snapshot, asked))
    matching = match(asked, reading, evidence, snapshot)
    facts = engine.facts_of(asked, reading, matching, snapshot, now)
    verdict = engine.judge_facts(asked, facts, matching, snapshot, standing)
    trace = _outline(asked.request, verdict, reading, evidence, snapshot, asked)
    clauses = tuple(clause_trace(c, snapshot) for c in matching.clauses) or trace.clauses
    notes = (*trace.notes, *_beyond(reading, matching, evidence, snapshot))
    rules = _rules(asked, facts, matching, snapshot, standing)
    return replace(verdict, trace=replace(trace, clauses=clauses, rules=rules, notes=notes))


def _outline(
    request: Request, verdict: Verdict, reading: Reading, evidence: Evidence, snapshot: Snapshot, asked: Asked | None
) -> Trace:
    clauses = tuple(ClauseTrace(c, "", 0.0, str(evidence.authority(c))) for c in reading.clauses)
    candidates = _candidates(request, reading, evidence, snapshot, asked) if reading.clauses else ()
    return Trace(reading.canonical, clauses, candidates, (), (*_findings(reading), *_notes(request, verdict, snapshot)))


def _findings(reading: Reading) -> tuple[str, ...]:
    return tuple(f"text: {f.replace('_', ' ')}" for f in reading.findings)


def _candidates(
    request: Request, reading: Reading, evidence: Evidence, snapshot: Snapshot, asked: Asked | None
) -> tuple[CandidateTrace, ...]:
    """The agent's nearest intents, those that admit the call or not, best score first."""
    usable = snapshot.admission.usable(request.agent.id)
    if usable is None or usable.size == 0:
        return ()
    admitted = frozenset(asked.admitted.tolist()) if asked else frozenset()
    nearest = evidence.by_nearness(reading.canonical, usable, MOST_CANDIDATES)
    found = [_candidate(reading.canonical, c, evidence, snapshot, admitted) for c in nearest]
    return tuple(sorted(found, key=lambda c: -np.nan_to_num(c.score, nan=-1.0)))


def _candidate(
    text: str, column: int, evidence: Evidence, snapshot: Snapshot, admitted: frozenset[int]
) -> CandidateTrace:
    intent, limits = snapshot.bundle.intents[column], snapshot.calibration.thresholds(column)
    score = evidence.score(text, column)
    return CandidateTrace(
        intent=intent.id,
        score=score,
        accept=limits.accept,
        narrow=limits.narrow,
        band=snapshot.calibration.band(column, score).value,
        admitted=column in admitted,
        nearest=evidence.candidate(text, column).nearest,
        shadow=intent.mode is Mode.SHADOW,
    )


def _beyond(reading: Reading, matching: Matching, evidence: Evidence, snapshot: Snapshot) -> tuple[str, ...]:
    """In words, what goes beyond the matched intent, where the score is below accept."""
    if matching.column < 0 or matching.band is Band.ACCEPT:
        return ()
    judgement = evidence.candidate(reading.canonical, matching.column).judgement
    kind = _PHRASES[KINDS[int(np.argmax(judgement.kinds))]]
    words = pointed_at(reading.canonical, evidence.spans(reading.canonical), judgement.excess)
    where = f"; most weight lies on {', '.join(f'“{w}”' for w in words)}" if words else ""
    name = snapshot.bundle.intents[matching.column].id
    return (f"beyond {name}, by the model's reading: {kind}{where}",)


def pointed_at(text: str, spans: list[tuple[int, int]], excess: NDArray[np.float32]) -> tuple[str, ...]:
    """The words of ``text`` that the model points at as going beyond, in their order; neighbours are joined."""
    if len(spans) != len(excess) or not len(spans):
        return ()
    inner = [(float(w), start, end) for w, (start, end) in zip(excess, spans, strict=True) if end > start]
    if not inner:
        return ()
    bar = max(max(w for w, _, _ in inner) - 1.5, -1.0)
    marked = sorted(sorted(((s, e) for w, s, e in inner if w >= bar), key=lambda p: p[0])[:MOST_WORDS])
    joined: list[tuple[int, int]] = []
    for start, end in (_whole_word(text, *m) for m in marked):
        if joined and start <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(text[start:end] for start, end in joined)


def _whole_word(text: str, start: int, end: int) -> tuple[int, int]:
    """The word around a piece of it."""
    while start and text[start - 1].isalnum():
        start -= 1
    while end < len(text) and text[end].isalnum():
        end += 1
    return start, end


def _rules(
    asked: Asked, facts: Facts, matching: Matching, snapshot: Snapshot, standing: Standing
) -> tuple[RuleTrace, ...]:
    if matching.column < 0:
        return ()
    return tuple(_rule(o) for o in engine.evaluate_rules(asked, facts, matching, snapshot, standing))


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
