"""Orders of the kill switch and the requests they are about. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from pdp import engine
from pdp.gathering import Settled
from pdp.grant.model import LONGEST_LIFE
from pdp.matching import Asked
from pdp.policy.model import Trigger
from pdp.revocation.order import Op, Order
from pdp.revocation.table import Subjects
from pdp.runtime import Caller, OrderWanted
from pdp.session.state import SessionState
from pdp.types import ReasonCode, Request, Target, Verdict

CAUSE_OF = {
    "drift": "drift",
    "budget": "budget-exceeded",
    "replay": "replay-suspected",
    "outcome": "outcome-outside-grant",
    "denials": "denials",
}
"""From a trigger's cause to the cause code of its order."""


def subjects_of(
    request: Request,
    caller: Caller,
    verdict: Verdict | None = None,
    state: SessionState | None = None,
    keys: tuple[str, ...] = (),
) -> Subjects:
    """Everything that a request is about, as far as it is known."""
    match = verdict.match if verdict else None
    return Subjects(
        session=request.session_id,
        task=state.task if state else "",
        agent=request.agent.id,
        instance=request.agent.instance,
        principal=request.principal.id,
        target_kind=request.target.kind,
        target_name=request.target.name,
        intent=match.intent if match else "",
        gateway=caller.name,
        keys=keys,
    )


def targets_of(asked: Asked) -> Sequence[Target]:
    """Every target that a call touches, its payload's relations too: a kill of any of them stops it."""
    target = asked.request.target
    relations = asked.derived.facts.get("relations", ()) if asked.derived is not None else ()
    tables = [Target("table", r) for r in relations if isinstance(r, str)] if isinstance(relations, Sequence) else []
    return [target, *(t for t in tables if (t.kind, t.name) != (target.kind, target.name))]


def revoked(order: Order) -> Verdict:
    """The deny of an order."""
    code = ReasonCode.REVOKED if order.op is Op.KILL else ReasonCode.QUARANTINED
    what = f"{order.scope.value} {order.value}".strip()
    return engine.deny(code, f"{what} is {code.value} (order {order.sequence}, {order.cause}): {order.reason}")


def stops_of(request: Request, settled: Settled | None) -> Sequence[OrderWanted]:
    """The orders that are due after a decision; none for one that did nothing to its session."""
    if settled is None:
        return ()
    agent = request.agent
    about = Subjects(
        session=request.session_id, agent=agent.id, instance=agent.instance, principal=request.principal.id
    )
    orders = [order_of(t, about) for t in settled.due]
    if settled.closing:
        reason = f"the bundle ends a session for {settled.why}"
        # A session that has ended needs no order of its own once its last grant has; one that is killed stays so.
        seconds = LONGEST_LIFE if settled.closing == "end" else 0.0
        orders.append(OrderWanted("kill", "session", settled.state.id, reason, settled.why, seconds))
    return orders


def order_of(trigger: Trigger, about: Subjects) -> OrderWanted:
    """The order that a trigger gives. What a request does not name cannot be stopped; the agent that asked can."""
    values = {
        "session": about.session,
        "agent": about.agent,
        "instance": f"{about.agent}/{about.instance}" if about.instance else "",
        "principal": about.principal,
    }
    scope = trigger.scope.value if values[trigger.scope.value] else "agent"
    reason, cause = f"trigger of the bundle at {trigger.position}", CAUSE_OF[trigger.cause.value]
    return OrderWanted(trigger.do.value, scope, values[scope], reason, cause, float(trigger.seconds or 0))
