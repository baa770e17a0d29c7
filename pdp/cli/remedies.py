"""Why an answer is not allow, and what would have to change for another one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pdp.types import Decision, Effect, IntentMatch, Reason, ReasonCode

REMEDIES: Final[Mapping[ReasonCode, str]] = {
    ReasonCode.ALLOWED: "nothing: it is allowed",
    ReasonCode.NARROWED_BY_RULE: "run what was narrowed, or change the request so that the rule does not apply",
    ReasonCode.NARROWED_BY_SCORE: "run what was narrowed; if people really ask like this, make it an exemplar",
    ReasonCode.UNKNOWN_AGENT: "an entry in agents.yaml whose id matches this agent, with an owner and its intents",
    ReasonCode.NOT_ADMITTED: "an intent of this agent whose actions and targets cover this action on this target",
    ReasonCode.OUT_OF_SCOPE: "if this purpose is approved, an exemplar that says it; if not, the deny is right",
    ReasonCode.CLAUSE_NOT_COVERED: "an intent of this agent that covers this clause, or a request without it",
    ReasonCode.COUNTER_EXEMPLAR: "a request unlike the counter-exemplar; that one was written down as not approved",
    ReasonCode.AUTHORITY_EXCEEDED: "a request that asks for no more than the intent's exemplars and actions do",
    ReasonCode.NEGATED: "a request that asks for the action; this one declines it",
    ReasonCode.TEXT_MANIPULATED: "the request in plain text; find out who disguised it",
    ReasonCode.NO_UTTERANCE: "an utterance: the prompt, the plan step or the purpose in words",
    ReasonCode.RULE_DENY: "a request for which the rule's condition is false",
    ReasonCode.RULE_REQUIRE: "a request for which the rule's condition is true",
    ReasonCode.RULE_ERROR: "a rule that can be evaluated for this request: `pdp explain` shows its values",
    ReasonCode.RULE_NOT_BOOLEAN: "a rule whose condition is true or false",
    ReasonCode.ATTRIBUTE_MISSING: "the attribute in the request, or has(...) around it in the rule",
    ReasonCode.NARROW_IMPOSSIBLE: "a request that already keeps the rule's bounds; this one cannot be cut down to them",
    ReasonCode.PAYLOAD_MISMATCH: "target and action as the payload has them; leave them empty to have them derived",
    ReasonCode.PAYLOAD_UNPARSEABLE: "a payload that can be understood: one plain statement or command",
    ReasonCode.SCORE_INVALID: "a sound model and calibration: this is a fault of the PDP, not of the request",
    ReasonCode.ENCODER_FAILED: "a working sentence model; see the server's log",
    ReasonCode.INTERNAL_ERROR: "a repaired PDP; see the server's log under the decision id",
    ReasonCode.REVOKED: "a lift of the order, once its reason is gone: `pdp orders`, `pdp lift`",
    ReasonCode.QUARANTINED: "a request that only reads, or a lift of the order: `pdp orders`, `pdp lift`",
    ReasonCode.SESSION_REQUIRED: "a session: StartSession with the purpose of the task, then its id in each request",
    ReasonCode.SESSION_OVER: "a new session; this one has ended, expired, or never was",
    ReasonCode.SESSION_MISMATCH: "a session of this very agent, instance and principal",
    ReasonCode.PURPOSE_NOT_APPROVED: "a purpose within the agent's intents, said like their exemplars",
    ReasonCode.UTTERANCE_OUTSIDE_PURPOSE: "a session whose purpose includes that intent, or a request within this one",
    ReasonCode.CALL_OUTSIDE_PURPOSE: "a session whose purpose includes this call, or a call within this one's",
    ReasonCode.BUDGET_EXCEEDED: "a new session, or a larger budget in bundle.yaml",
    ReasonCode.NARROWED_BY_BUDGET: "run what was narrowed; a new session begins with nothing used",
    ReasonCode.DRIFTED: "a new session with the purpose that is now pursued, if that one is approved",
    ReasonCode.NARROWED_BY_DRIFT: "run what was narrowed; keep to the session's purpose, or start one for the new one",
    ReasonCode.AUDIT_UNAVAILABLE: "a working audit log: free its disk, mend its mode; the server's log says why",
    ReasonCode.SESSION_STARTED: "nothing: the session is open",
}
SCORED: Final = (ReasonCode.OUT_OF_SCOPE, ReasonCode.NARROWED_BY_SCORE, ReasonCode.COUNTER_EXEMPLAR)


def remedies(decision: Decision) -> tuple[tuple[Reason, str], ...]:
    """Each kind of reason once, with what would have to change for another answer; nothing for an allow."""
    verdict = decision.verdict
    if verdict.effect is Effect.ALLOW:
        return ()
    return tuple((reason, _line(reason, verdict.match)) for reason in _first_of_each_kind(verdict.reasons))


def _first_of_each_kind(reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
    first: dict[tuple[ReasonCode, str], Reason] = {}
    for reason in reasons:
        first.setdefault((reason.code, reason.rule_id), reason)
    return tuple(first.values())


def _line(reason: Reason, match: IntentMatch | None) -> str:
    remedy = REMEDIES[reason.code]
    if reason.code in SCORED and match is not None and match.intent:
        return f"{remedy} ({_distance(match)})"
    return f"{remedy} ({reason.position})" if reason.position else remedy


def _distance(match: IntentMatch) -> str:
    short = match.accept - match.score
    nearest = f'; nearest: "{match.nearest.text}"' if match.nearest else ""
    gap = f"{short:.2f} below what {match.intent} accepts" if short > 0 else f"{match.intent} would accept the score"
    return gap + nearest
