"""The grant that goes with an allow or a narrow: exactly what may run, for a moment, at one gateway. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pdp import engine
from pdp.errors import GrantRefused, InvalidRequest
from pdp.grant.canonical import action_digest
from pdp.grant.claims import to_claims
from pdp.grant.model import Actor, Grant, detail_of
from pdp.grant.token import payload_of
from pdp.policy.model import Intent, NarrowKind
from pdp.runtime import Caller
from pdp.session.state import SessionState
from pdp.snapshot import Snapshot
from pdp.types import Access, Effect, JsonObject, NarrowedRequest, ReasonCode, Request, Verdict

_BOUNDS = frozenset({NarrowKind.AT_MOST, NarrowKind.ONE_OF, NarrowKind.PREFIX})
SHORTEST_LIFE = 1
"""A grant lives at least so many seconds; a session with less left gets none."""


@dataclass(frozen=True, slots=True)
class Issue:
    """What a grant carries beside the request: who asks, from where, under which decision, what the call does."""

    issuer: str
    caller: Caller
    grant_id: str
    decision_id: str
    revision: str
    access: Access
    now: float


@dataclass(frozen=True, slots=True)
class Issued:
    """A verdict with its grant, and the grant's claims, also as they are signed; nothing is granted for a deny."""

    verdict: Verdict
    grant: Grant | None = None
    claims: JsonObject | None = None
    payload: bytes = b""


def granted(request: Request, verdict: Verdict) -> NarrowedRequest:
    """What exactly may run: the narrowed request, else the request as the gateway sent it."""
    return verdict.narrowed or NarrowedRequest(request.target, request.action, request.payload)


def issued(
    request: Request, filled: Request, verdict: Verdict, snapshot: Snapshot, state: SessionState | None, issue: Issue
) -> Issued:
    """The verdict and its grant; what may not be granted after all is a deny. Deciding again calls this too."""
    if verdict.effect is Effect.DENY or verdict.match is None:
        return Issued(verdict)
    intent = next(i for i in snapshot.bundle.intents if i.id == verdict.match.intent)
    try:
        grant = grant_for(request, filled, verdict, intent, state, issue)
        if grant is not None:
            claims = to_claims(grant)
            return Issued(verdict, grant, claims, payload_of(claims))
    except (InvalidRequest, GrantRefused) as error:
        text = f"what would be allowed cannot be put into a grant: {error}"
        return Issued(engine.deny(ReasonCode.NARROW_IMPOSSIBLE, text, verdict.derived))
    text = "the session ends within a second, so nothing can be granted in it any more"
    return Issued(engine.deny(ReasonCode.SESSION_OVER, text))


def grant_for(
    request: Request, filled: Request, verdict: Verdict, intent: Intent, state: SessionState | None, issue: Issue
) -> Grant | None:
    """The grant, or ``None`` for a deny and for a session that ends within a second.

    ``filled``: the request with target and action derived from its payload. It is what the grant shows; the digest is
    over what the gateway sent, to the letter.

    Raises ``InvalidRequest`` or ``GrantRefused`` for what cannot be put into a grant: then nothing may be granted.
    """
    if verdict.effect is Effect.DENY:
        return None
    begins = math.floor(issue.now)
    ends = begins + intent.grant.seconds
    if state is not None:
        ends = min(ends, math.floor(state.expires))
    if ends - issue.now < SHORTEST_LIFE:
        return None
    allowed = granted(request, verdict)
    return Grant(
        id=issue.grant_id,
        issuer=issue.issuer,
        audience=issue.caller.name,
        principal=request.principal.id or request.agent.id,
        actors=(Actor(request.agent.id, request.agent.instance),),
        issued_at=issue.now,
        not_before=begins,
        expires_at=ends,
        transaction=issue.decision_id,
        session=request.session_id,
        task=state.task if state else "",
        intent=intent.id,
        detail=detail_of(granted(filled, verdict), issue.access, _bounds(intent)),
        digest=action_digest(allowed.target, allowed.action, allowed.payload),
        decision=issue.decision_id,
        revision=issue.revision,
        certificate=issue.caller.certificate,
        uses=intent.grant.uses,
    )


def _bounds(intent: Intent) -> tuple[str, ...]:
    """Params that the intent itself bounds, so that less of them is less authority."""
    scopes = (intent.narrow, *(r.scope for r in intent.rules))
    return tuple({n.param for s in scopes for n in s.narrowings if n.kind in _BOUNDS and n.param})
