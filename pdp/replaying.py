"""What another bundle would have answered to the decisions of a log. Pure.

The model need not run again while an intent's own texts are the same: its recorded score is held against the other
bundle's thresholds and rules. Where they differ, the utterance itself would be needed; that is counted apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pdp.audit.record import RecordKind
from pdp.errors import PdpError
from pdp.intent.calibration import Band
from pdp.policy.model import Intent
from pdp.policy.rules import digest_of
from pdp.redeciding import RUNTIME_REASONS, Redecider, Rulebook, redecide
from pdp.snapshot import Snapshot
from pdp.types import Effect, ReasonCode
from pdp.wire.document import request_from_document

NEAR = 0.05
"""A score so close to a threshold of the other bundle is near it."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """One decision, then and with the other bundle. ``unknown``: why that cannot be told, empty when it can."""

    index: int
    decision_id: str
    agent: str
    intent: str
    before: Effect
    after: Effect
    why: str
    near: bool = False
    unknown: str = ""

    @property
    def change(self) -> str:
        """``newly allowed``, ``newly narrowed``, ``newly denied``, or empty."""
        if self.unknown or self.after is self.before:
            return ""
        return {Effect.ALLOW: "newly allowed", Effect.NARROW: "newly narrowed", Effect.DENY: "newly denied"}[self.after]


class Replayer:
    """Takes every record of a log in order. ``rulebook`` gives the bundles that were in force then."""

    def __init__(self, rulebook: Rulebook, against: Snapshot) -> None:
        self._rulebook = rulebook
        self._against = against
        self._past = Redecider(rulebook)
        self._intents = {i.id: i for i in against.bundle.intents}

    def take(self, index: int, kind: RecordKind, time: float, body: Mapping[str, Any]) -> Replayed | None:
        """``None`` for what is no decision of a bundle."""
        found = self._decision(index, body) if kind is RecordKind.DECISION else None
        self._past.take(kind, time, body)
        return found

    def _decision(self, index: int, body: Mapping[str, Any]) -> Replayed | None:
        try:
            if ReasonCode(body["reasons"][0]["code"]) in RUNTIME_REASONS:
                return None
            return self._again(index, body)
        except (KeyError, TypeError, ValueError, AttributeError, PdpError) as error:
            return _replayed(index, body, Effect.DENY, "", unknown=f"the record cannot be read: {error}")

    def _again(self, index: int, body: Mapping[str, Any]) -> Replayed:
        request = request_from_document({k: v for k, v in body["request"].items() if k != "traceparent"})
        matching = body.get("matching")
        banded, near = self._banded(body, matching)
        lacking = self._lacking(body, banded["matching"]) if matching is not None else ""
        if lacking:
            return _replayed(index, body, Effect.DENY, "", unknown=lacking)
        verdict, _ = redecide(banded, request, self._past.state(request.session_id), self._against)
        why = "; ".join(f"{r.code.value}: {r.text}" for r in verdict.reasons)
        return _replayed(index, body, verdict.effect, why, near=near)

    def _lacking(self, body: Mapping[str, Any], matching: Mapping[str, Any]) -> str:
        """Why the recorded score is not that of the other bundle; empty when it is."""
        if body["encoder"] != self._against.bundle.calibration.encoder:
            return "the other bundle is made for another encoder"
        name = str(matching["intent"])
        old = self._rulebook(str(body["revision"]))
        before = next((i for i in old.bundle.intents if i.id == name), None) if old is not None else None
        now = self._intents.get(name)
        if before is None or now is None:
            return "" if now is None and before is not None else "the bundle of that time is not kept"
        if texts_of(before) != texts_of(now):
            return f"the texts of {name} have changed, so its score has"
        return self._unasked(body, matching)

    def _unasked(self, body: Mapping[str, Any], matching: Mapping[str, Any]) -> str:
        """Which rules would have to read the utterance, and had no say then."""
        if matching["refusals"] or matching["band"] == Band.OUT_OF_SCOPE.value:
            return ""  # no rule is asked
        columns = {i.id: c for c, i in enumerate(self._against.bundle.intents)}
        asked = body.get("textual", {})
        rules = self._against.rules[columns[str(matching["intent"])]].textual
        new = [r.id for r in rules if digest_of(r) not in asked]
        return f"the utterance is not kept, and {', '.join(new)} would read it" if new else ""

    def _banded(self, body: Mapping[str, Any], matching: Mapping[str, Any] | None) -> tuple[Mapping[str, Any], bool]:
        """The body with the band of the other bundle's thresholds, and whether the score is near one."""
        if matching is None:
            return body, False
        columns = {i.id: c for c, i in enumerate(self._against.bundle.intents)}
        column = columns.get(str(matching["intent"]), -1)
        if column < 0:
            return body, False
        limits, score = self._against.calibration.thresholds(column), float(matching["score"])
        near = min(abs(score - limits.accept), abs(score - limits.narrow)) <= NEAR
        changed = (limits.accept, limits.narrow) != (matching["accept"], matching["narrow"])
        if not changed or matching["refusals"]:
            return body, near
        band = self._against.calibration.band(column, score).value
        again = {**matching, "band": band, "accept": limits.accept, "narrow": limits.narrow}
        return {**body, "matching": {**again, "margin": score - limits.accept}}, near


def texts_of(intent: Intent) -> tuple[object, ...]:
    """Everything of an intent that its score depends on."""
    kinds = tuple(t.kind for t in intent.targets)
    samples = tuple(e.text for e in intent.exemplars), tuple(e.text for e in intent.counter_exemplars)
    return (intent.description, kinds, intent.actions, *samples)


def _replayed(
    index: int, body: Mapping[str, Any], after: Effect, why: str, *, near: bool = False, unknown: str = ""
) -> Replayed:
    return Replayed(
        index=index,
        decision_id=str(body["decision_id"]),
        agent=str(body["request"]["agent"]["id"]),
        intent=str(body.get("matching", {}).get("intent", "")),
        before=Effect(body["effect"]),
        after=after,
        why=why,
        near=near,
        unknown=unknown,
    )
