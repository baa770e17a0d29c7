"""The decision, as pure functions: no clock, no I/O, no metric, no log (invariant 4).

``admit`` cuts by agent, target and action; ``screen`` refuses texts that need no model; ``decide`` judges the rest by
what the model says of the texts. Whatever is not an allow or a narrow is a deny::

    nothing admits · text manipulated · out of scope · a clause uncovered · authority exceeded
    · a rule failed · a deny is true · a require is not true · narrowing impossible   → deny
    any cut or obligation                                                             → narrow
    else                                                                              → allow
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np

from pdp.evidence import Evidence
from pdp.intent.calibration import Band
from pdp.intent.text import MANIPULATIONS, Reading
from pdp.matching import Asked, Matching, excerpt, match
from pdp.native import derive
from pdp.policy.facts import Facts, compute
from pdp.policy.model import Intent, Mode, Rule, RuleEffect, Scope
from pdp.policy.narrowing import NarrowFailure, narrow
from pdp.policy.rules import Given, RuleContext, RuleOutcome
from pdp.snapshot import Snapshot
from pdp.types import Derived, Effect, Json, Reason, ReasonCode, Request, ShadowFinding, Verdict

# The lexicon reads English only, so what is asked for in another language cannot be told.
REFUSED_FINDINGS = MANIPULATIONS | {"unread_language"}
MOST_NAMED = 3
_WIDTH = {Effect.DENY: 0, Effect.NARROW: 1, Effect.ALLOW: 2}


@dataclass(frozen=True, slots=True)
class Cut:
    """A scope that the session imposes, and why."""

    scope: Scope
    reason: Reason


@dataclass(frozen=True, slots=True)
class Standing:
    """What the session has to say of a request: numbers for its rules, reasons to deny, cuts.

    ``numbers`` ``None``: there is no session, and a rule that asks for one of its numbers fails.
    """

    numbers: Mapping[str, Json] | None = None
    denials: tuple[Reason, ...] = ()
    cuts: tuple[Cut, ...] = ()


OUTSIDE_SESSIONS = Standing()


def deny(code: ReasonCode, text: str, derived: Derived | None = None) -> Verdict:
    """A deny for one reason."""
    return Verdict(Effect.DENY, (Reason(code, text),), derived=derived)


def admit(request: Request, snapshot: Snapshot, purpose: Collection[str] | None = None) -> Asked | Verdict:
    """Cut by native payload, agent, target and action, without the model.

    ``purpose``: the intents that the session's declared purpose includes; ``None`` outside a session.
    """
    derived = derive(request.payload, request.target, request.action) if request.payload else None
    if derived is not None:
        if not derived.parsed:
            return deny(ReasonCode.PAYLOAD_UNPARSEABLE, f"the {derived.kind} payload cannot be understood", derived)
        if derived.mismatches:
            return deny(ReasonCode.PAYLOAD_MISMATCH, "; ".join(derived.mismatches), derived)
        request = replace(request, target=derived.target, action=derived.action)
    usable = snapshot.admission.usable(request.agent.id)
    if usable is None:
        return deny(ReasonCode.UNKNOWN_AGENT, f"no entry of agents.yaml names {request.agent.id!r}", derived)
    admitted = snapshot.admission.admitted(request.agent.id, request.target, request.action)
    if admitted.size == 0:
        target = f"{request.target.kind} {request.target.name}".strip()
        text = f"no intent of {request.agent.id} covers {request.action.name!r} on {target!r}"
        return deny(ReasonCode.NOT_ADMITTED, text, derived)
    if purpose is None:
        return Asked(request, derived, usable, admitted)
    return _within(purpose, Asked(request, derived, usable, admitted), snapshot)


def _within(purpose: Collection[str], asked: Asked, snapshot: Snapshot) -> Asked | Verdict:
    """The cut by the session's declared purpose."""
    intents, named = snapshot.bundle.intents, frozenset(purpose)
    inside = np.array([intents[c].id in named for c in asked.usable.tolist()], np.bool_)
    if inside.all():
        return asked
    usable = asked.usable[inside]
    admitted = asked.admitted[np.isin(asked.admitted, usable)]
    if admitted.size == 0:
        covers = ", ".join(intents[c].id for c in asked.admitted[:MOST_NAMED].tolist())
        text = f"this call belongs to {covers}, which the session's declared purpose does not include"
        return deny(ReasonCode.CALL_OUTSIDE_PURPOSE, text, asked.derived)
    return replace(asked, usable=usable, admitted=admitted, outside=asked.usable[~inside])


def screen(asked: Asked, reading: Reading) -> Verdict | None:
    """Refuse a text that needs no model: empty, or disguised."""
    if not reading.clauses:
        return deny(
            ReasonCode.NO_UTTERANCE, "the utterance is empty, so nothing says what this call is for", asked.derived
        )
    disguised = sorted(REFUSED_FINDINGS.intersection(reading.findings))
    if disguised:
        return deny(
            ReasonCode.TEXT_MANIPULATED,
            f"the utterance is disguised or cannot be read: {', '.join(disguised)}",
            asked.derived,
        )
    return None


def decide(asked: Asked, reading: Reading, evidence: Evidence, snapshot: Snapshot, now: float) -> Verdict:
    """Judge. ``now``: epoch seconds. Raises what the encoder raises."""
    return judge(asked, reading, match(asked, reading, evidence, snapshot), snapshot, now)


def judge(
    asked: Asked,
    reading: Reading,
    matching: Matching,
    snapshot: Snapshot,
    now: float,
    standing: Standing = OUTSIDE_SESSIONS,
) -> Verdict:
    """Judge a request whose utterance is matched already. ``now``: epoch seconds."""
    facts = Facts() if refused(matching) else facts_of(asked, reading, matching, snapshot, now)
    return judge_facts(asked, facts, matching, snapshot, standing)


def facts_of(asked: Asked, reading: Reading, matching: Matching, snapshot: Snapshot, now: float) -> Facts:
    """The facts that the rules of the matched intent ask for."""
    if matching.column < 0:
        return Facts()
    needed = snapshot.rules[matching.column].facts
    return compute(asked.request, reading.canonical, reading.findings, snapshot.bundle.settings, now, needed)


def refused(matching: Matching) -> bool:
    """Whether the utterance alone is reason enough to deny, so that no rule is asked."""
    return bool(matching.refusals) or matching.band is Band.OUT_OF_SCOPE


def judge_facts(
    asked: Asked,
    facts: Facts,
    matching: Matching,
    snapshot: Snapshot,
    standing: Standing = OUTSIDE_SESSIONS,
    given: Mapping[str, Given] | None = None,
) -> Verdict:
    """Judge from facts: rules, then what the session has gathered, then narrowing.

    ``given``: what rules that read the utterance gave, where only that was kept of it.
    """
    verdict = _judge(asked, facts, matching, snapshot, standing, given)
    # What an intent in shadow would have changed: nothing where as much is granted without it.
    wider = tuple(f for f in matching.shadow if _WIDTH[f.would_be] > _WIDTH[verdict.effect])
    return replace(verdict, shadow=(*verdict.shadow, *wider)) if wider else verdict


def _judge(
    asked: Asked,
    facts: Facts,
    matching: Matching,
    snapshot: Snapshot,
    standing: Standing,
    given: Mapping[str, Given] | None,
) -> Verdict:
    if refused(matching):
        reasons = matching.refusals or (Reason(ReasonCode.OUT_OF_SCOPE, "the utterance is not within an intent"),)
        return Verdict(Effect.DENY, (*standing.denials, *reasons), matching.match, derived=asked.derived)
    outcomes = evaluate_rules(asked, facts, matching, snapshot, standing, given)
    shadow = tuple(f for o in outcomes if o.rule.mode is Mode.SHADOW and (f := _shadow(o)))
    enforced = tuple(o for o in outcomes if o.rule.mode is Mode.ENFORCE)
    denials = (*standing.denials, *(r for o in enforced if (r := denial(o))))
    base = Verdict(Effect.DENY, denials, matching.match, derived=asked.derived, shadow=shadow)
    if denials:
        return base
    return _grantable(base, asked, snapshot.bundle.intents[matching.column], matching, enforced, standing)


def evaluate_rules(
    asked: Asked,
    facts: Facts,
    matching: Matching,
    snapshot: Snapshot,
    standing: Standing = OUTSIDE_SESSIONS,
    given: Mapping[str, Given] | None = None,
) -> tuple[RuleOutcome, ...]:
    """Global rules and those of the matched intent, each with its result; order carries no meaning."""
    context = RuleContext(asked.request, asked.derived, matching.match, facts, session=standing.numbers)
    return snapshot.rules[matching.column].evaluate(context, given)


def ask_textual(
    asked: Asked, facts: Facts, matching: Matching, snapshot: Snapshot, standing: Standing = OUTSIDE_SESSIONS
) -> Mapping[str, Given]:
    """What the rules give that read the utterance: all that a record without it can keep of them."""
    if refused(matching):
        return {}
    context = RuleContext(asked.request, asked.derived, matching.match, facts, session=standing.numbers)
    return snapshot.rules[matching.column].ask_textual(context)


def denial(outcome: RuleOutcome) -> Reason | None:
    """Why this rule denies: it failed, a deny is true, or a require is anything but true."""
    rule = outcome.rule
    if outcome.code is not None:
        return Reason(outcome.code, f"rule {rule.id} could not be evaluated: {outcome.error}", rule.id, rule.position)
    if rule.effect is RuleEffect.DENY and outcome.result is not False:
        return Reason(ReasonCode.RULE_DENY, rule.message, rule.id, rule.position)
    if rule.effect is RuleEffect.REQUIRE and outcome.result is not True:
        return Reason(ReasonCode.RULE_REQUIRE, rule.message, rule.id, rule.position)
    return None


def _shadow(outcome: RuleOutcome) -> ShadowFinding | None:
    reason = denial(outcome)
    if reason:
        return ShadowFinding(outcome.rule.id, Effect.DENY, reason.text)
    if outcome.rule.effect is RuleEffect.NARROW and outcome.result:
        return ShadowFinding(outcome.rule.id, Effect.NARROW, outcome.rule.message)
    return None


def _grantable(
    base: Verdict,
    asked: Asked,
    intent: Intent,
    matching: Matching,
    outcomes: tuple[RuleOutcome, ...],
    standing: Standing,
) -> Verdict:
    applied = tuple(o.rule for o in outcomes if o.rule.effect is RuleEffect.NARROW and o.result)
    unsure = matching.band is Band.NARROW
    if unsure and not intent.narrow:
        text = f"{_unsure(intent, matching)}, and {intent.id} has no narrowed scope"
        return replace(base, reasons=(Reason(ReasonCode.OUT_OF_SCOPE, text, position=intent.position),))
    scopes = (*(r.scope for r in applied), *((intent.narrow,) if unsure else ()), *(c.scope for c in standing.cuts))
    if not scopes:
        return replace(base, effect=Effect.ALLOW, reasons=(_allowed(intent, matching),))
    reasons = (*_narrow_reasons(applied, intent, matching, unsure=unsure), *(c.reason for c in standing.cuts))
    return _narrowed(base, asked, scopes, reasons, _allowed(intent, matching))


def _narrowed(
    base: Verdict, asked: Asked, scopes: tuple[Scope, ...], reasons: tuple[Reason, ...], allowed: Reason
) -> Verdict:
    result = narrow(asked.request, asked.derived, scopes)
    if isinstance(result, NarrowFailure):
        return replace(base, reasons=(Reason(ReasonCode.NARROW_IMPOSSIBLE, result.text), *reasons))
    obligations = tuple(o for s in scopes for o in s.obligations)
    if not obligations and not result.changed:
        # Every bound already holds: the request is within the narrowed scope as it stands.
        return replace(base, effect=Effect.ALLOW, reasons=(allowed,))
    return replace(base, effect=Effect.NARROW, reasons=reasons, obligations=obligations, narrowed=result.request)


def _allowed(intent: Intent, matching: Matching) -> Reason:
    text = f"within {intent.id} ({matching.match.score:.2f}, accepts from {matching.match.accept:.2f})"
    return Reason(ReasonCode.ALLOWED, text, position=intent.position)


def _narrow_reasons(
    applied: tuple[Rule, ...], intent: Intent, matching: Matching, *, unsure: bool
) -> tuple[Reason, ...]:
    by_rule = tuple(Reason(ReasonCode.NARROWED_BY_RULE, r.message, r.id, r.position) for r in applied)
    if not unsure:
        return by_rule
    return (*by_rule, Reason(ReasonCode.NARROWED_BY_SCORE, _unsure(intent, matching), position=intent.position))


def _unsure(intent: Intent, matching: Matching) -> str:
    found = matching.match
    if found.score < found.accept:
        return f"{intent.id} at {found.score:.2f} lies between {found.narrow:.2f} and {found.accept:.2f}"
    clause = next((c for c in matching.clauses if c.band is Band.NARROW), None)
    if clause is not None:
        return f"“{excerpt(clause.text)}” is covered only in part ({clause.score:.2f})"
    return f"the utterance does not plainly ask for what {intent.id} would do here"
