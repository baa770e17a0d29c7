"""What a decision leaves behind: every input that is needed to decide again, and what was answered. Pure.

``decision_body`` writes it, ``redecide`` reads it. The utterance is not in it: only its commitment, or its sealed form.
What the model made of the utterance is (``matching``), so that deciding again needs no model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

from pdp.audit.masking import mask, mask_text, redact_quotes
from pdp.grant.canonical import payload_kind
from pdp.intent.calibration import Band
from pdp.intent.text import Reading
from pdp.matching import Coverage, Matching
from pdp.policy.facts import Facts
from pdp.policy.model import Intent
from pdp.policy.rules import Given
from pdp.runtime import Caller
from pdp.snapshot import Snapshot
from pdp.types import (
    Decision,
    IntentMatch,
    Json,
    JsonObject,
    NarrowedRequest,
    Obligation,
    Payload,
    Position,
    Reason,
    Request,
    Target,
)

WORDS_FACT = "words"
"""The one fact that is the utterance itself, word by word: it is withheld like the utterance."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a decision was made from, beside the request and the bundle. ``now``: the epoch seconds it used.

    ``reading`` and ``matching`` are ``None`` where the decision came before them.
    """

    now: float
    caller: Caller
    reading: Reading | None = None
    matching: Matching | None = None
    facts: Facts = Facts()  # noqa: RUF009  (frozen)
    closeness: float | None = None


def textual_document(given: Mapping[str, Given]) -> dict[str, Json]:
    """What rules gave that read the utterance; of an error only its code, for its text may quote."""
    return {digest: [g.result, g.code] for digest, g in given.items()}


def textual_of(document: Mapping[str, Any]) -> dict[str, Given]:
    """The same, read back."""
    return {digest: Given(result, code) for digest, (result, code) in document.items()}


@dataclass(frozen=True, slots=True)
class Kept:
    """What a record keeps of a request, however it is decided: the request itself with what is ``masked`` in it.

    ``utterance``: its commitment or sealed form.
    """

    utterance: JsonObject
    request: Json
    masked: tuple[str, ...] = ()


NOTHING_KEPT = Kept({}, {})


def kept_of(request: Request, utterance: JsonObject) -> Kept:
    """``request`` as a record keeps it. Costs the more the larger it is, so it is made once."""
    shown, masked = mask(request_document(request))
    return Kept(utterance, shown, tuple(masked))


def decision_body(
    kept: Kept, decision: Decision, inputs: Inputs, snapshot: Snapshot, claims: JsonObject | None
) -> dict[str, Json]:
    """The body of a decision's record. ``claims``: of the grant."""
    verdict = decision.verdict
    body: dict[str, Json] = {
        "decision_id": decision.decision_id,
        "request_id": decision.request_id,
        "gateway": inputs.caller.name,
        "effect": verdict.effect.value,
        "request": kept.request,
        "utterance": kept.utterance,
        "reasons": [reason_document(r) for r in verdict.reasons],
        "revision": decision.revision,
        "encoder": decision.encoder,
        "now": inputs.now,
    }
    if inputs.caller.certificate:
        body["certificate"] = inputs.caller.certificate
    if kept.masked:
        body["masked"] = kept.masked
    if inputs.reading is not None:
        body["text"] = {"clauses": len(inputs.reading.clauses), "findings": inputs.reading.findings}
    if inputs.matching is not None:
        body["matching"] = _matching_document(inputs.matching, inputs.closeness, snapshot)
        body |= _facts_document(inputs.facts, inputs.matching)
    if verdict.obligations:
        body["obligations"] = [obligation_document(o) for o in verdict.obligations]
    if verdict.narrowed is not None:
        body["narrowed"] = mask(narrowed_document(verdict.narrowed))[0]
    if verdict.shadow:
        body["shadow"] = [{"source": s.source, "would_be": s.would_be.value} for s in verdict.shadow]
    if claims is not None:
        body["grant"] = masked_claims(claims)
    return body


def masked_claims(claims: JsonObject) -> JsonObject:
    """The claims of a grant, with what they show of the request masked. Its signature is never among them."""
    details = claims["authorization_details"]
    if not isinstance(details, list):
        raise TypeError("authorization_details is a list")
    return {**claims, "authorization_details": [_masked_detail(d) for d in details]}


def _masked_detail(detail: JsonObject) -> JsonObject:
    return {n: mask(v)[0] if n in {"params", "attributes"} else v for n, v in detail.items()}


def request_document(request: Request) -> JsonObject:
    """The request but its utterance, in the form that bundle tests and the command line read."""
    document: dict[str, Json] = {
        "agent": {"id": request.agent.id, "instance": request.agent.instance, "attributes": request.agent.attributes},
        "target": _target(request.target),
        "action": {"name": request.action.name, "params": request.action.params},
    }
    if request.principal.id or request.principal.attributes:
        document["principal"] = {"id": request.principal.id, "attributes": request.principal.attributes}
    if request.session_id:
        document["session_id"] = request.session_id
    if request.payload is not None:
        document["payload"] = payload_document(request.payload)
    if request.context:
        document["context"] = request.context
    if request.traceparent:
        document["traceparent"] = request.traceparent
    return document


def payload_document(payload: Payload) -> JsonObject:
    """A payload under the name of its kind."""
    return {payload_kind(payload): {f.name: getattr(payload, f.name) for f in fields(payload)}}


def narrowed_document(narrowed: NarrowedRequest) -> JsonObject:
    """What may run instead."""
    document: dict[str, Json] = {
        "target": _target(narrowed.target),
        "action": {"name": narrowed.action.name, "params": narrowed.action.params},
    }
    if narrowed.payload is not None:
        document["payload"] = payload_document(narrowed.payload)
    if narrowed.read_only:
        document["read_only"] = True
    if narrowed.row_limit is not None:
        document["row_limit"] = narrowed.row_limit
    return document


def reason_document(reason: Reason) -> JsonObject:
    """A reason, without what it quotes of the utterance and what is secret in the names that it tells."""
    document: dict[str, Json] = {"code": reason.code.value, "text": _told(reason.text)}
    if reason.rule_id:
        document["rule"] = reason.rule_id
    return document | _place(reason.position)


@lru_cache(1024)  # most reasons are told again and again
def _told(text: str) -> str:
    return mask_text(redact_quotes(text))


def obligation_document(obligation: Obligation) -> JsonObject:
    """What the gateway must do."""
    document: dict[str, Json] = {"type": obligation.type, "properties": obligation.properties}
    if obligation.rule_id:
        document["rule"] = obligation.rule_id
    return document


def trace_id(traceparent: str) -> str:
    """The trace id of a W3C traceparent; empty when there is none."""
    parts = traceparent.split("-")
    return parts[1] if len(parts) >= 4 and len(parts[1]) == 32 else ""


def _target(target: Target) -> JsonObject:
    return {"kind": target.kind, "name": target.name, "attributes": target.attributes}


def _place(position: Position | None) -> dict[str, Json]:
    return {} if position is None else {"file": position.file, "line": position.line, "column": position.column}


def _matching_document(matching: Matching, closeness: float | None, snapshot: Snapshot) -> JsonObject:
    found, intents = matching.match, snapshot.bundle.intents
    document: dict[str, Json] = {
        "intent": found.intent,
        "matched": matching.column >= 0,
        "band": matching.band.value,
        "score": found.score,
        "accept": found.accept,
        "narrow": found.narrow,
        "margin": found.margin,
        "clauses": [_clause_document(c, intents) for c in matching.clauses],
        "refusals": [reason_document(r) for r in matching.refusals],
    }
    if closeness is not None:
        document["closeness"] = closeness
    if found.runner_up:
        document |= {"runner_up": found.runner_up, "runner_up_score": found.runner_up_score}
    if found.nearest is not None:
        document["nearest"] = {"similarity": found.nearest.similarity, **_place(found.nearest.position)}
    return document


def _clause_document(cover: Coverage, intents: tuple[Intent, ...]) -> JsonObject:
    covered = intents[cover.column].id if cover.column >= 0 else ""
    return {"intent": covered, "score": cover.score, "band": cover.band.value}


def _facts_document(facts: Facts, matching: Matching) -> dict[str, Json]:
    if matching.column < 0:
        return {}
    kept: Mapping[str, Json] = {n: v for n, v in facts.values.items() if n != WORDS_FACT}
    return {"facts": {"values": mask(kept)[0], "unusable": facts.unusable}}


def match_of(document: Mapping[str, Json]) -> IntentMatch:
    """The match as rules see it. Raises ``KeyError``, ``TypeError`` or ``ValueError`` for what is no matching."""
    score, accept, narrow, margin = (_number(document[n]) for n in ("score", "accept", "narrow", "margin"))
    return IntentMatch(str(document["intent"]), score, accept, narrow, margin)


def _number(value: Json) -> float:
    if not isinstance(value, int | float):
        raise TypeError("a score is a number")
    return float(value)


def band_of(document: Mapping[str, Json]) -> Band:
    """Its band."""
    return Band(document["band"])
