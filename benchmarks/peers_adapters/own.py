"""This PDP without its service: engine, model, rules and grants called in the process."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey

from benchmarks.grant_latency import GATEWAY, GRANT, NOW
from benchmarks.peers_adapters.loop import ALLOW, DENY, Question, Way, serve
from pdp import engine
from pdp.client.grants import GrantVerifier
from pdp.errors import GrantRefused
from pdp.evidence import Evidence, warm
from pdp.grant import PublicKeys, SigningKey, Subject, action_digest, detail_of, mint
from pdp.identifiers import new_id
from pdp.intent.encoder import OnnxEncoder
from pdp.intent.text import Reading, TextLimits
from pdp.matching import Asked, Matching, match
from pdp.memory import Memory, matching_key
from pdp.snapshot import Snapshot, read
from pdp.types import Access, Action, Agent, Json, NarrowedRequest, Request, Target, Verdict

REMEMBERED = 10_000


def request_of(question: Question) -> Request:
    """The question as the PDP takes it; numbers are doubles, as they are on the wire."""
    params: dict[str, Json] = {"account": question.account, "limit": float(question.limit)}
    return Request("", Agent("bench"), question.text, Target("table", question.table), Action("read", params))


class Encode:
    """What every way that reads the text cannot do without: the sentence encoder alone."""

    def __init__(self, encoder: OnnxEncoder) -> None:
        self._encoder = encoder

    def prepare(self, question: Question) -> Any:
        """The text."""
        return question.text

    def decide(self, prepared: Any) -> str:
        """A vector, and no decision."""
        self._encoder.encode([prepared])
        return ALLOW


class Whole:
    """The whole decision: agent, target, action, text, model, rules. Texts are remembered as the service does."""

    def __init__(self, snapshot: Snapshot, encoder: OnnxEncoder) -> None:
        self._snapshot, self._encoder = snapshot, encoder
        self._memory = Memory(REMEMBERED, TextLimits())

    def prepare(self, question: Question) -> Any:
        """The request."""
        return request_of(question)

    def decide(self, prepared: Any) -> str:
        """Admit, read, match, judge."""
        asked = engine.admit(prepared, self._snapshot)
        if isinstance(asked, Verdict):
            return asked.effect.value
        reading = self._memory.read(prepared.utterance)
        refused = engine.screen(asked, reading)
        if refused is not None:
            return refused.effect.value
        matching = self._match(asked, reading)
        facts = engine.facts_of(asked, reading, matching, self._snapshot, time.time())
        return engine.judge_facts(asked, facts, matching, self._snapshot).effect.value

    def _match(self, asked: Asked, reading: Reading) -> Matching:
        key = matching_key(asked, reading, self._snapshot)
        matching = self._memory.recall(key)
        if matching is None:
            matching = match(asked, reading, Evidence(self._snapshot, self._encoder), self._snapshot)
            self._memory.keep(key, matching)
        return matching


class Rules(Whole):
    """Agent, target, action and rules; the text was matched beforehand, once for all questions, and is not read."""

    def __init__(self, snapshot: Snapshot, encoder: OnnxEncoder, ordinary: Question) -> None:
        super().__init__(snapshot, encoder)
        request = request_of(ordinary)
        asked = engine.admit(request, snapshot)
        if isinstance(asked, Verdict):
            raise TypeError(f"the ordinary question is not admitted: {asked.reasons}")
        self._reading = self._memory.read(request.utterance)
        self._matching = self._match(asked, self._reading)

    def decide(self, prepared: Any) -> str:
        """Admit, judge."""
        asked = engine.admit(prepared, self._snapshot)
        if isinstance(asked, Verdict):
            return asked.effect.value
        facts = engine.facts_of(asked, self._reading, self._matching, self._snapshot, time.time())
        return engine.judge_facts(asked, facts, self._matching, self._snapshot).effect.value


class Quiet:
    """A revocation feed that was heard from and revokes nothing."""

    def revoked(self, subjects: Sequence[Subject], reads: bool, now: float) -> str | None:  # noqa: ARG002, FBT001
        """Nothing."""
        return None

    @property
    def stale(self) -> str:
        """Never."""
        return ""


class Verified:
    """Grants for one call, verified at its gateway; with ``seen`` it is not the grant's first use there."""

    def __init__(self, cap: int, *, seen: bool) -> None:
        private = ECKey.generate_key("P-256")
        self._cap, self._seen = cap, seen
        self._key = SigningKey(private.thumbprint(), 0, private)
        keys = PublicKeys([ECKey.import_key(private.as_dict(private=False))])
        self._verifier = GrantVerifier(GATEWAY, keys, Quiet(), started=0.0)

    def prepare(self, question: Question) -> Any:
        """A grant for the question, and for less where it asks for more than may be granted."""
        asked = request_of(question)
        limit = float(min(question.limit, self._cap))
        granted = NarrowedRequest(asked.target, replace(asked.action, params={**asked.action.params, "limit": limit}))
        digest = action_digest(granted.target, granted.action, None)
        detail = detail_of(granted, Access.READ, ("limit",))
        token = mint(replace(GRANT, id=new_id(), detail=detail, digest=digest), self._key)
        if self._seen:
            self._verifier.verify(token, digest, NOW)
        return token, asked

    def decide(self, prepared: Any) -> str:
        """Digest of the action, signature, claims, revocations, replays."""
        token, asked = prepared
        try:
            self._verifier.verify(token, action_digest(asked.target, asked.action, None), NOW)
        except GrantRefused:
            return DENY
        return ALLOW


def build(settings: dict[str, Any]) -> dict[str, Way]:
    """The encoder, rules in each number, the whole decision, grants."""
    encoder = OnnxEncoder.load(Path(settings["model"]))
    snapshots = {n: read(Path(directory), encoder) for n, directory in settings["bundles"].items()}
    for snapshot in snapshots.values():
        warm(snapshot, encoder)
    ordinary, cap = Question(*settings["ordinary"]), settings["cap"]
    return {
        "encoder": Encode(encoder),
        **{f"{n} rules": Rules(snapshot, encoder, ordinary) for n, snapshot in snapshots.items()},
        "decision": Whole(snapshots[str(settings["served"])], encoder),
        "grant as it arrives": Verified(cap, seen=False),
        "grant used before": Verified(cap, seen=True),
    }


if __name__ == "__main__":
    serve(build)
