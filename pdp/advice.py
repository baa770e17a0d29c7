"""What a policy author should look at twice: judged by the model, beside what ``pdp.policy.checks`` sees in the files.

Nothing here refuses a bundle. Each finding has a place and a fix.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from pdp.errors import Problem
from pdp.evidence import Evidence
from pdp.intent.authority import risk
from pdp.intent.calibration import Band
from pdp.intent.encoder import Encoder
from pdp.intent.index import NEAREST_SHARE
from pdp.policy.checks import warnings
from pdp.policy.model import Intent
from pdp.scoring import Risk
from pdp.snapshot import Snapshot
from pdp.types import Exemplar, Position

NEIGHBOURS = 4
"""How many of the nearest intents each exemplar is held against."""
OVERLAP_SHARE = 0.5
ALIKE = 0.85
"""Mean cosine between an intent's exemplars above which they say the same thing over and over."""
SUGGESTED = 3
_RANK = {Risk.READ: 0, Risk.CHANGE: 1, Risk.CRITICAL: 2}


def advise(snapshot: Snapshot, encoder: Encoder) -> tuple[Problem, ...]:
    """Every finding, in file order. Raises ``EncoderError``."""
    table = _Reach(snapshot, encoder)
    found = [
        *warnings(snapshot.bundle),
        *_alike(snapshot),
        *_nearer_elsewhere(snapshot, table),
        *_overlaps(snapshot, table),
        *_counter_exemplars(snapshot, table),
    ]
    return tuple(sorted(dict.fromkeys(found)))


class _Reach:
    """Each exemplar held against the nearest intents: which of them would accept it, and which is nearest."""

    def __init__(self, snapshot: Snapshot, encoder: Encoder) -> None:
        self.nearest: dict[tuple[int, str], int] = {}
        self.accepted: dict[tuple[int, int], list[tuple[float, Exemplar]]] = {}
        everything = np.arange(len(snapshot.bundle.intents), dtype=np.intp)
        self._vectors = snapshot.index.vectors_by_text()
        for column, intent in enumerate(snapshot.bundle.intents):
            for exemplar in intent.exemplars:
                self._hold(column, exemplar, everything, snapshot, Evidence(snapshot, encoder))

    def _among_its_own(self, column: int, exemplar: Exemplar, snapshot: Snapshot) -> float:
        """How near it is to the other exemplars of its intent, measured as the index does."""
        others = [e.text for e in snapshot.bundle.intents[column].exemplars if e.text != exemplar.text]
        if not others:
            return 1.0
        own, vectors = self._vectors[exemplar.text], np.stack([self._vectors[t] for t in others])
        best, centre = float((vectors @ own).max()), float(_unit(vectors.sum(axis=0)) @ own)
        return float(NEAREST_SHARE) * best + (1 - float(NEAREST_SHARE)) * centre

    def _hold(
        self,
        column: int,
        exemplar: Exemplar,
        everything: NDArray[np.intp],
        snapshot: Snapshot,
        evidence: Evidence,
    ) -> None:
        others = everything[everything != column]
        if not others.size:
            return
        near = evidence.by_nearness(exemplar.text, others, NEIGHBOURS)
        own = self._among_its_own(column, exemplar, snapshot)
        self.nearest[column, exemplar.text] = near[0] if evidence.nearness(exemplar.text, near[0]) > own else column
        for other in near:
            excess = evidence.excess(exemplar.text, other)
            score = evidence.score(exemplar.text, other, excess)
            if snapshot.calibration.band(other, score) is Band.ACCEPT:
                self.accepted.setdefault((column, other), []).append((score, exemplar))


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = vector / max(float(np.linalg.norm(vector)), 1e-9)
    return unit


def _alike(snapshot: Snapshot) -> Iterator[Problem]:
    """Exemplars that hardly differ teach little: half of them could go."""
    known = snapshot.index.vectors_by_text()
    for intent in snapshot.bundle.intents:
        if len(intent.exemplars) < 3:
            continue
        cosines = [float(a @ b) for a, b in combinations([known[e.text] for e in intent.exemplars], 2)]
        if (mean := sum(cosines) / len(cosines)) > ALIKE:
            message = f"the exemplars of {intent.id} are nearly the same (mean similarity {mean:.2f})"
            yield _at(intent.position, message, "replace some by requests in quite other words")


def _nearer_elsewhere(snapshot: Snapshot, reach: _Reach) -> Iterator[Problem]:
    intents = snapshot.bundle.intents
    for column, intent in enumerate(intents):
        for exemplar in intent.exemplars:
            other = reach.nearest.get((column, exemplar.text), column)
            if other != column and _share_agents(intent, intents[other]):
                message = f"“{exemplar.text}” lies nearer to {intents[other].id} than to its own intent {intent.id}"
                yield _at(exemplar.position, message, "word it more clearly, or move it there")


def _overlaps(snapshot: Snapshot, reach: _Reach) -> Iterator[Problem]:
    """Two intents that accept each other's exemplars grant the same thing twice."""
    intents = snapshot.bundle.intents
    for first, second in combinations(range(len(intents)), 2):
        shares = [
            len(reach.accepted.get((a, b), ())) / len(intents[a].exemplars)
            for a, b in ((first, second), (second, first))
        ]
        if min(shares) >= OVERLAP_SHARE:
            message = (
                f"{intents[first].id} and {intents[second].id} overlap: "
                f"{shares[0]:.0%} and {shares[1]:.0%} of their exemplars are accepted by the other"
            )
            yield _at(intents[first].position, message, "join them, or say in both descriptions what sets them apart")


def _counter_exemplars(snapshot: Snapshot, reach: _Reach) -> Iterator[Problem]:
    """Exemplars of a graver intent that a milder one accepts: what the milder one should be told not to mean."""
    intents, profiles = snapshot.bundle.intents, snapshot.profiles
    for (owner, other), texts in reach.accepted.items():
        graver = _RANK[risk(profiles[owner])] > _RANK[risk(profiles[other])]
        known = {e.text for e in intents[other].counter_exemplars}
        for score, exemplar in sorted(texts, key=lambda t: -t[0])[:SUGGESTED]:
            if graver and exemplar.text not in known:
                message = (
                    f"{intents[other].id} accepts “{exemplar.text}” ({score:.2f}), which {intents[owner].id} is for"
                )
                fix = f"add it to the counter_exemplars of {intents[other].id}"
                yield _at(intents[other].position, message, fix)


def _share_agents(first: Intent, second: Intent) -> bool:
    return "*" in (*first.agents, *second.agents) or not set(first.agents).isdisjoint(second.agents)


def _at(place: Position, message: str, fix: str) -> Problem:
    return Problem(place.file, place.line, place.column, message, fix)
