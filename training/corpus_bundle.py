"""A domain of the corpus as a bundle in memory, and its requests judged by the real engine, one intent at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pdp import engine, snapshot
from pdp.errors import PdpError
from pdp.evidence import Evidence
from pdp.intent.authority import risk
from pdp.intent.encoder import Encoder
from pdp.intent.text import TextLimits, read
from pdp.matching import Asked, every_excess
from pdp.policy.model import AgentEntry, Bundle, Intent, Mode, Scope, Settings, TargetPattern
from pdp.scoring import CalibrationData, Excess, Head, Risk, Thresholds
from pdp.snapshot import Snapshot
from pdp.types import Action, Agent, Exemplar, Obligation, Position, Request, Target
from training.corpus.read import CorpusIntent, Family

OPEN = Thresholds(1e-4, 1e-4)
HERE = Position("corpus", 1, 1)


@dataclass(frozen=True, slots=True)
class Pair:
    """One request against one intent: what the head reads of it, and whether a check of the text refuses.

    ``kind`` is "" where the intent covers the request. ``orphan``: no sibling covers it, or it copies an exemplar.
    """

    text: str
    intent: str
    family: str
    domain: str
    kind: str
    orphan: bool
    risk: Risk
    logit: float
    nearness: float
    excess: tuple[Excess, ...]
    refused: bool

    def score(self, head: Head) -> float:
        """The probability of being within, minus infinity where a check refuses."""
        odds = head.odds(self.logit, self.nearness, self.excess)
        return float("-inf") if self.refused else 1 / (1 + float(np.exp(-max(-40.0, min(40.0, odds)))))


def domain_snapshot(families: Sequence[Family], encoder: Encoder) -> Snapshot:
    """A snapshot of every intent of ``families``, one agent for each, thresholds that nearly everything reaches."""
    intents = [i for f in families for i in f.intents]
    bundle = Bundle(
        name=families[0].domain,
        description="",
        owner="corpus",
        revision="sha256:corpus",
        path="corpus",
        intents=tuple(_intent(i) for i in intents),
        rules=(),
        agents=tuple(AgentEntry(f"only-{i.id}", "corpus", (i.id,), HERE) for i in intents),
        calibration=CalibrationData(encoder.fingerprint, OPEN),
        settings=Settings(),
    )
    return snapshot.build(bundle, encoder)


def _intent(intent: CorpusIntent) -> Intent:
    return Intent(
        id=intent.id,
        description=intent.description,
        owner="corpus",
        agents=("*",),
        targets=(TargetPattern(intent.target_kind, "*"),),
        actions=intent.actions,
        exemplars=tuple(Exemplar(e, HERE) for e in intent.exemplars),
        position=HERE,
        narrow=Scope(obligations=(Obligation("approval"),)),
        mode=Mode.ENFORCE,
    )


def judge_families(families: Sequence[Family], encoder: Encoder) -> Iterator[Pair]:
    """Every request of every family against each intent of its family. All families are of one domain."""
    held = domain_snapshot(families, encoder)
    start = 0
    for family in families:
        for at, intent in enumerate(family.intents):
            for request in family.requests:
                orphan = "" not in request.kinds or request.style == "near"
                pair = judge_one(request.text, intent, start + at, held, encoder)
                if pair is not None:
                    yield replace(pair, kind=request.kinds[at], orphan=orphan)
        start += len(family.intents)


def judge_one(text: str, intent: CorpusIntent, column: int, held: Snapshot, encoder: Encoder) -> Pair | None:
    """One text against one intent; ``None`` for a text that is over a limit."""
    action, target = Action(intent.actions[0], {}), Target(intent.target_kind, "any")
    request = Request("", Agent(f"only-{intent.id}"), text, target, action)
    try:
        reading = read(text, TextLimits())
        asked = engine.admit(request, held)
        if not isinstance(asked, Asked) or not reading.clauses:
            return None
        evidence = Evidence(held, encoder)
        candidate = evidence.candidate(reading.canonical, column)
        refused = engine.screen(asked, reading) is not None
    except PdpError:
        return None
    return Pair(
        text=text,
        intent=intent.id,
        family=intent.family,
        domain=intent.domain,
        kind="",
        orphan=False,
        risk=risk(held.profiles[column]),
        logit=candidate.judgement.logit,
        nearness=candidate.nearness,
        excess=every_excess(asked, reading.clauses, column, evidence, held),
        refused=refused,
    )
