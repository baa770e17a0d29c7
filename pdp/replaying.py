"""What another bundle would have answered to the decisions of a log. Pure.

The model need not run again while what a score depends on is the same: the recorded score is held against the other
bundle's thresholds, and its rules are asked. The intent that matched then is taken to match again. What cannot be told
without the utterance is counted apart and never passes for the same: an intent that has other texts or could not match
then, a rule that reads the utterance and was not asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pdp import linear
from pdp.audit.record import RecordKind
from pdp.engine import admit
from pdp.errors import PdpError
from pdp.intent.calibration import Band
from pdp.matching import Asked
from pdp.policy.facts import Needed, compute
from pdp.policy.model import Bundle, Intent
from pdp.policy.rules import digest_of
from pdp.redeciding import RUNTIME_REASONS, Redecider, Rulebook, redecide
from pdp.snapshot import Snapshot
from pdp.trail import WORDS_FACT
from pdp.types import Effect, JsonObject, ReasonCode
from pdp.wire.document import request_from_document

NEAR = 0.05
"""A score so close to a threshold of the other bundle is near it."""
WORDED = frozenset({"grounded", "ungrounded", WORDS_FACT, "characters"})
"""Facts that are taken from the utterance; all others can be computed from the record."""
_Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Replayed:
    """One decision, then and with the other bundle.

    ``unknown``: why that cannot be told, empty when it can. ``possible``: it was denied, and might not be any more.
    """

    index: int
    decision_id: str
    agent: str
    intent: str
    before: Effect
    after: Effect
    why: str
    near: bool = False
    unknown: str = ""
    possible: bool = False

    @property
    def change(self) -> str:
        """``newly allowed``, ``newly narrowed``, ``newly denied``, or empty."""
        if self.unknown or self.after is self.before:
            return ""
        return {Effect.ALLOW: "newly allowed", Effect.NARROW: "newly narrowed", Effect.DENY: "newly denied"}[self.after]

    @property
    def widened(self) -> bool:
        """Whether more is granted than then: what somebody who releases a bundle has to look at first."""
        return bool(self.change) and (self.before is Effect.DENY or self.after is Effect.ALLOW)


class _Unknown(Exception):
    """It cannot be told, for the reason in the text. ``possible``: a refusal might not stand."""

    def __init__(self, text: str, *, possible: bool = True) -> None:
        super().__init__(text)
        self.possible = possible


class Replayer:
    """Takes every record of a log in order. ``rulebook`` gives the bundles that were in force then."""

    def __init__(self, rulebook: Rulebook, against: Snapshot) -> None:
        self._rulebook = rulebook
        self._against = against
        self._past = Redecider(rulebook)

    def take(self, index: int, kind: RecordKind, time: float, body: _Body) -> Replayed | None:
        """``None`` for what is no decision of a bundle."""
        found = self._decision(index, body) if kind is RecordKind.DECISION else None
        self._past.take(kind, time, body)
        return found

    def _decision(self, index: int, body: _Body) -> Replayed | None:
        try:
            if ReasonCode(body["reasons"][0]["code"]) in RUNTIME_REASONS:
                return None
            return self._again(index, body)
        except _Unknown as unknown:
            possible = unknown.possible and body["effect"] == Effect.DENY.value
            return _replayed(index, body, Effect.DENY, "", unknown=str(unknown), possible=possible)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, PdpError) as error:
            return _replayed(index, body, Effect.DENY, "", unknown=f"the record cannot be read: {error}")

    def _again(self, index: int, body: _Body) -> Replayed:
        request = request_from_document({k: v for k, v in body["request"].items() if k != "traceparent"})
        state, near = self._past.state(request.session_id), False
        asked = admit(request, self._against, state.intents if state else None)
        if isinstance(asked, Asked) and "text" not in body:
            raise _Unknown("the call was refused before the utterance was read, and is admitted now")
        if isinstance(asked, Asked) and body.get("matching") is not None:
            body, near = self._held(body, asked)
        verdict = redecide(body, request, state, self._against)[0]
        why = "; ".join(f"{r.code.value}: {r.text}" for r in verdict.reasons)
        return _replayed(index, body, verdict.effect, why, near=near)

    def _held(self, body: _Body, asked: Asked) -> tuple[_Body, bool]:
        """The record as the other bundle reads it, and whether its score is near a threshold. Raises ``_Unknown``."""
        old = self._comparable(body)
        if changed := ", ".join(self._changed(asked, old)):
            raise _Unknown(f"{changed} could not match then, or has other texts: what it would score is not known")
        matching = body["matching"]
        name = str(matching["intent"])
        enforced = {self._name(c): c for c in asked.admitted.tolist() if self._against.enforced[c]}
        if name not in enforced:
            if enforced:
                raise _Unknown(f"{name or 'no intent'} matched then; whether {', '.join(enforced)} does is not known")
            return {**body, "matching": {**matching, "matched": False}}, False
        column = enforced[name]
        again = self._banded(matching, column)
        if not again["refusals"] and again["band"] != Band.OUT_OF_SCOPE.value:
            return {**body, "matching": again, "facts": self._facts(body, asked, column, old)}, self._near(again)
        lower = [n for n, c in enforced.items() if n != name and self._lower(n, c, old)]
        if lower:
            raise _Unknown(f"the thresholds of {', '.join(lower)} are lower, and its score was not recorded")
        return {**body, "matching": again}, self._near(again)

    def _comparable(self, body: _Body) -> Snapshot:
        if body["encoder"] != self._against.bundle.calibration.encoder:
            raise _Unknown("the other bundle is made for another encoder")
        old = self._rulebook(str(body["revision"]))
        if old is None:
            raise _Unknown("the bundle of that time is not kept")
        if _scoring(old.bundle) != _scoring(self._against.bundle):
            raise _Unknown("the head or the counter-exemplars' weight has changed, and every score with it")
        return old

    def _changed(self, asked: Asked, old: Snapshot) -> Iterator[str]:
        """Intents that might match the call now, and whose score the record cannot hold."""
        before = {i.id: (i, bool(e)) for i, e in zip(old.bundle.intents, old.enforced.tolist(), strict=True)}
        for column in asked.admitted.tolist():
            now = self._against.bundle.intents[column]
            was, enforced = before.get(now.id, (None, False))
            if self._against.enforced[column] and not (was and enforced and texts_of(was) == texts_of(now)):
                yield now.id

    def _lower(self, name: str, column: int, old: Snapshot) -> bool:
        was = old.calibration.thresholds(next(c for c, i in enumerate(old.bundle.intents) if i.id == name))
        return self._against.calibration.thresholds(column).narrow < was.narrow

    def _banded(self, matching: _Body, column: int) -> _Body:
        """The matching with the other bundle's thresholds."""
        limits, score = self._against.calibration.thresholds(column), float(matching["score"])
        if (limits.accept, limits.narrow) == (matching["accept"], matching["narrow"]):
            return matching
        band, was = self._against.calibration.band(column, score), Band(matching["band"])
        if band is Band.ACCEPT and was is Band.NARROW and score >= matching["accept"]:
            band = Band.NARROW  # the score was not what was in doubt
        refusals = matching["refusals"]
        if was is Band.OUT_OF_SCOPE and band is not was:
            # The others say why the score is low; that a clause is nobody's is refused at any score.
            refusals = [r for r in refusals if r["code"] == ReasonCode.CLAUSE_NOT_COVERED.value]
        told = {"accept": limits.accept, "narrow": limits.narrow, "margin": score - limits.accept}
        return {**matching, **told, "band": band.value, "refusals": refusals}

    @staticmethod
    def _near(matching: _Body) -> bool:
        score = float(matching["score"])
        return any(abs(score - float(matching[limit])) <= NEAR for limit in ("accept", "narrow"))

    def _facts(self, body: _Body, asked: Asked, column: int, old: Snapshot) -> JsonObject:
        """The facts that the other bundle's rules read. Raises ``_Unknown`` where the utterance would be needed."""
        rules, name = self._against.rules[column], str(body["matching"]["intent"])
        settings, past = self._against.bundle.settings, old.bundle.settings
        known = body.get("textual", {})
        lost = settings.constants != past.constants
        unasked = [r.id for r in rules.textual if digest_of(r) not in known or (lost and "constants." in r.when)]
        if unasked:
            raise _Unknown(f"the utterance is not kept, and {', '.join(unasked)} would read it")
        recorded = body.get("facts", {"values": {}, "unusable": {}})
        answered = bool(recorded["values"] or recorded["unusable"])
        was = old.rules[next(c for c, i in enumerate(old.bundle.intents) if i.id == name)].facts if answered else {}
        kept = {n for n in rules.facts if n in WORDED or body.get("masked")} - {WORDS_FACT}
        missing = sorted(n for n in kept if not _covered(n, rules.facts, was))
        if missing:
            raise _Unknown(f"facts.{missing[0]} is read now and was not then: it takes what is not kept")
        findings = body.get("text", {}).get("findings", ())
        needed = {n: k for n, k in rules.facts.items() if n not in kept}
        fresh = compute(asked.request, "", findings, settings, float(body["now"]), needed)
        return {
            part: {**getattr(fresh, part), **{n: v for n, v in recorded[part].items() if n in kept}}
            for part in ("values", "unusable")
        }

    def _name(self, column: int) -> str:
        return self._against.bundle.intents[column].id


def texts_of(intent: Intent) -> tuple[object, ...]:
    """Everything of an intent that its score depends on."""
    kinds = tuple(t.kind for t in intent.targets)
    samples = tuple(e.text for e in intent.exemplars), tuple(e.text for e in intent.counter_exemplars)
    return (intent.description, kinds, intent.actions, *samples)


def _scoring(bundle: Bundle) -> tuple[object, ...]:
    """Everything beside an intent's texts that its score depends on."""
    head = linear.document(bundle.linear) if bundle.linear is not None else None
    data = bundle.calibration
    return (data.head, data.counter_weight, data.counter_gap, head)


def _covered(name: str, needed: Needed, recorded: Needed) -> bool:
    """Whether a recorded fact is about all the params that it is needed for."""
    if name not in recorded:
        return False
    there, wanted = recorded[name], needed[name]
    return there is None or (wanted is not None and wanted <= there)


def _replayed(
    index: int,
    body: _Body,
    after: Effect,
    why: str,
    *,
    near: bool = False,
    unknown: str = "",
    possible: bool = False,
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
        possible=possible,
    )
