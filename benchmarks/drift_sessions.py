"""Simulated sessions for ``benchmarks.drift``: requests of one declared purpose, some of which turn to another one."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.contrast_data import ContrastIntent, bundle_of
from pdp import snapshot
from pdp.evidence import Evidence
from pdp.intent.encoder import Encoder
from pdp.intent.text import TextLimits, read
from pdp.scoring import CalibrationData
from pdp.session.drift import quantise, similarity

LENGTH = 24
"""Requests in a session."""
FIRST_TURN, LAST_TURN = 3, 12
KINDS = ("sibling", "family", "domain")
"""What a session turns to: an intent like its own, another family of intents of its domain, another domain."""


@dataclass(frozen=True, slots=True)
class Session:
    """``intents``: the places of those its purpose names. ``turn``: how many requests are on purpose, if not all."""

    intents: tuple[int, ...]
    texts: tuple[str, ...]
    turn: int | None = None
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Readings:
    """A session as drift sees it: for each request the cosine to the purpose and the best score of an intent."""

    session: Session
    cosines: NDArray[np.float64]
    scores: NDArray[np.float64]

    @property
    def beside(self) -> NDArray[np.bool_]:
        """Which requests are beside the purpose."""
        turn = self.session.turn
        return np.arange(len(self.session.texts)) >= (len(self.session.texts) if turn is None else turn)


def simulate(intents: Sequence[ContrastIntent], count: int, seed: int) -> Iterator[Session]:
    """``count`` sessions that stay on purpose, and as many of each kind that do not. The same seed gives the same."""
    chance = random.Random(seed)
    for kind in ("", *KINDS):
        for _ in range(count):
            yield _session(intents, kind, chance)


def _session(intents: Sequence[ContrastIntent], kind: str, chance: random.Random) -> Session:
    while True:
        first = chance.randrange(len(intents))
        siblings = [i for i in range(len(intents)) if i != first and _relation(intents[first], intents[i]) == "sibling"]
        own = (first, chance.choice(siblings)) if siblings and chance.random() < 0.5 else (first,)
        others = [i for i in range(len(intents)) if i not in own and _relation(intents[first], intents[i]) == kind]
        stays = [chance.choice(intents[chance.choice(own)].paraphrases) for _ in range(LENGTH)]
        if not kind:
            return Session(own, tuple(stays))
        # A sibling's request may lie within the intent too; only those that are marked as beyond it count as a turn.
        known = {text for i in own for text in intents[i].paraphrases}
        if pool := [t for t in intents[chance.choice(others)].paraphrases if t not in known] if others else []:
            turn = chance.randint(FIRST_TURN, LAST_TURN)
            return Session(own, (*stays[:turn], *chance.choices(pool, k=LENGTH - turn)), turn, kind)


def _relation(one: ContrastIntent, other: ContrastIntent) -> str:
    """How two intents are related: families are told by their texts being each other's contrasts."""
    if one.domain != other.domain:
        return "domain"
    beyond = {text for _, text in one.contrasts} | set(one.paraphrases)
    return "sibling" if beyond & set(other.paraphrases) else "family"


def read_sessions(
    sessions: Sequence[Session], intents: Sequence[ContrastIntent], encoder: Encoder, calibration: CalibrationData
) -> Iterator[Readings]:
    """Every session read with the real model, calibration as shipped."""
    evidence = Evidence(snapshot.build(bundle_of(intents, calibration), encoder), encoder)
    canonical = {t: read(t, TextLimits()).canonical for s in sessions for t in s.texts}
    for session in sessions:
        purpose = quantise(evidence.readout(" ".join(intents[i].description for i in session.intents)).vector)
        texts = [canonical[t] for t in session.texts]
        yield Readings(
            session,
            np.array([similarity(purpose, evidence.readout(t).vector) for t in texts]),
            np.array([max(evidence.score(t, i) for i in session.intents) for t in texts]),
        )
