"""What a session has to say of a request, and what the answer does to the session. Pure.

``weigh`` runs before the rules: drift and budgets, the request at hand counted in. ``settle`` runs after them: the
state that follows, and the stops that are due. Nothing here ever widens an answer.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np

from pdp.engine import Cut, Standing, judge_facts
from pdp.intent.authority import AuthorityProfile, risk
from pdp.intent.commands import read_name
from pdp.intent.verbs import VerbClass
from pdp.matching import Asked, Matching
from pdp.policy.facts import Facts
from pdp.policy.model import Budget, SessionSettings, Trigger
from pdp.policy.rules import Given
from pdp.scoring import Risk
from pdp.session import drift
from pdp.session.authority import SENSITIVITY, LiveGrant, breadth
from pdp.session.budget import Finding, findings
from pdp.session.facts import session_facts
from pdp.session.state import SessionState, Step, advance, ended
from pdp.session.trigger import due
from pdp.snapshot import Snapshot
from pdp.types import Access, Effect, Json, NarrowedRequest, Reason, ReasonCode, Request, Verdict

_ACCESS = {
    VerbClass.READ: Access.READ,
    VerbClass.CREATE: Access.WRITE,
    VerbClass.UPDATE: Access.WRITE,
    VerbClass.SEND: Access.WRITE,
    VerbClass.SHARE: Access.WRITE,
    VerbClass.TRANSFER: Access.WRITE,
    VerbClass.DELETE: Access.DELETE,
    VerbClass.EXECUTE: Access.EXECUTE,
    VerbClass.ADMINISTER: Access.ADMINISTER,
}
_BY_RISK = {Risk.READ: Access.READ, Risk.CHANGE: Access.WRITE, Risk.CRITICAL: Access.UNKNOWN}
_OUTWARD = frozenset({VerbClass.SEND, VerbClass.SHARE, VerbClass.TRANSFER})
PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Weight:
    """A request as its session sees it. ``step`` is what it would do if granted; ``causes`` what stops may wait for.

    ``closing``: ``end`` or ``kill`` when the session must not go on, with ``why``.
    """

    standing: Standing
    step: Step
    causes: frozenset[str] = frozenset()
    closing: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Settled:
    """The session after the answer, and the stops of the bundle that are due.

    ``closing``: ``end`` or ``kill`` when the session itself must not go on, with ``why``.
    """

    state: SessionState
    due: tuple[Trigger, ...] = ()
    closing: str = ""
    why: str = ""


def access_of(asked: Asked, profile: AuthorityProfile) -> Access:
    """What the call does: by its payload, else by its action's name, else by the intent's risk."""
    if asked.derived is not None and asked.derived.access is not Access.UNKNOWN:
        return asked.derived.access
    named = read_name(asked.request.action.name)
    if named is not None and len(named.classes) == 1:
        return _ACCESS[next(iter(named.classes))]
    return _BY_RISK[risk(profile)]


def sends(asked: Asked, profile: AuthorityProfile) -> bool:
    """Whether the call hands something to somebody: by its action's name, else by what the intent is for."""
    named = read_name(asked.request.action.name)
    return not _OUTWARD.isdisjoint(named.classes if named is not None else profile.verbs)


def live_grant(jti: str, intent_risk: Risk, narrowed: NarrowedRequest, expires: float, uses: int) -> LiveGrant:
    """How much authority a grant is, as the session counts it."""
    return LiveGrant(
        jti, expires, SENSITIVITY[intent_risk], breadth(narrowed.target, intent_risk, narrowed.row_limit, uses)
    )


def closeness(state: SessionState, matching: Matching | None) -> float | None:
    """The cosine of the utterance to the session's purpose; ``None`` when the utterance was not read."""
    if matching is None or not matching.vector or not state.purpose.steps:
        return None
    found = drift.similarity(state.purpose, np.frombuffer(matching.vector, np.float16).astype(np.float32))
    # Another model's purpose cannot be compared: that is as far away as can be, and a number that a record can hold.
    return found if math.isfinite(found) else -1.0


def weigh(
    state: SessionState, asked: Asked, matching: Matching, cosine: float | None, snapshot: Snapshot, now: float
) -> Weight:
    """What the session has to say. ``cosine``: of the utterance to its purpose (``closeness``)."""
    settings = snapshot.bundle.settings.sessions
    window = settings.drift.window or drift.WINDOW
    distance = None if cosine is None else drift.distance(cosine, matching.match.score)
    if matching.column < 0:
        step = Step(Effect.DENY, Risk.CRITICAL, Access.UNKNOWN, asked.request.target, distance=distance)
        passed: tuple[Finding[Budget], ...] = ()
    else:
        step = _step(asked, matching.column, distance, snapshot, now)
        passed = findings(settings.budgets, state, step, now, window)
    moved = advance(state, replace(step, effect=Effect.DENY, grant=None), now)
    value = drift.drift(moved.distances, window)
    numbers = {**session_facts(state, now, window), "drift": value}
    return _weighed(step, numbers, value, passed, settings)


def _step(asked: Asked, column: int, distance: float | None, snapshot: Snapshot, now: float) -> Step:
    profile, intent = snapshot.profiles[column], snapshot.bundle.intents[column]
    request = asked.request
    asked_for = NarrowedRequest(request.target, request.action, request.payload)
    grant = live_grant(PENDING, risk(profile), asked_for, now + intent.grant.seconds, intent.grant.uses)
    access, hands = access_of(asked, profile), sends(asked, profile)
    return Step(Effect.ALLOW, risk(profile), access, request.target, hands, grant, distance)


def _weighed(
    step: Step,
    numbers: Mapping[str, Json],
    value: float,
    passed: Collection[Finding[Budget]],
    settings: SessionSettings,
) -> Weight:
    denials = [_exceeded(f, ReasonCode.BUDGET_EXCEEDED) for f in passed if f.then != "narrow"]
    cuts = [
        Cut(f.budget.scope, _exceeded(f, ReasonCode.NARROWED_BY_BUDGET))
        for f in passed
        if f.then == "narrow" and f.budget
    ]
    causes = {"budget"} if denials else set()
    closing = next((f.then for f in passed if f.then in {"kill", "end"}), "")
    why = "budget-exceeded" if closing else ""
    limits = settings.drift
    moved = drift.judge(value, limits.narrow, limits.kill)
    if moved is drift.Drift.KILL:
        text = f"the session has moved away from its declared purpose (drift {value:.2f})"
        denials.append(Reason(ReasonCode.DRIFTED, text))
        causes.add("drift")
        closing, why = "kill", "drift"
    elif moved is drift.Drift.NARROW:
        text = f"the session is moving away from its declared purpose (drift {value:.2f})"
        cuts.append(Cut(limits.scope, Reason(ReasonCode.NARROWED_BY_DRIFT, text)))
    standing = Standing(numbers, tuple(denials), tuple(cuts))
    return Weight(standing, step, frozenset(causes), closing, why)


def _exceeded(found: Finding[Budget], code: ReasonCode) -> Reason:
    told = f"{found.of} would be {found.used:g}, at most {found.at_most:g}"
    if found.budget is None:
        return Reason(code, f"limit of the session: {told}")
    return Reason(code, f"{found.budget.message or found.budget.id}: {told}", found.budget.id, found.budget.position)


def refusal_step(request: Request, distance: float | None = None) -> Step:
    """What a request does to its session that is refused before any intent was matched."""
    return Step(Effect.DENY, Risk.CRITICAL, Access.UNKNOWN, request.target, distance=distance)


def settle(
    state: SessionState,
    weight: Weight,
    verdict: Verdict,
    grant: LiveGrant | None,
    settings: SessionSettings,
    now: float,
) -> Settled:
    """The session after ``verdict``. ``grant``: what was granted; ``None`` for a deny."""
    after = advance(state, replace(weight.step, effect=verdict.effect, grant=grant), now)
    stops = due(settings.triggers, weight.causes, after.counters.denials_in_a_row)
    if weight.closing == "end":
        after = ended(after, weight.why, now)
    return Settled(after, stops, weight.closing, weight.why)


def judge(
    asked: Asked,
    facts: Facts,
    matching: Matching,
    snapshot: Snapshot,
    state: SessionState | None,
    cosine: float | None,
    now: float,
    given: Mapping[str, Given] | None = None,
) -> tuple[Verdict, Weight | None]:
    """Judge with what the session has to say; ``None`` for no session. The very function that deciding again calls."""
    if state is None:
        return judge_facts(asked, facts, matching, snapshot, given=given), None
    weight = weigh(state, asked, matching, cosine, snapshot, now)
    return judge_facts(asked, facts, matching, snapshot, weight.standing, given), weight
