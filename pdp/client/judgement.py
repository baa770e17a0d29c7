"""From an answer, or the lack of one, to a decision that a gateway can act on. Pure."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

from pdp.errors import AnswerUnusable, PdpError
from pdp.types import Decision, Effect, Reason, ReasonCode, Request, Timings, Verdict


class _Everything(Container[str]):
    """Contains every obligation type."""

    def __contains__(self, _type: object) -> bool:
        return True


SHOW_ONLY: Container[str] = _Everything()
"""For ``understood``, in tools that show decisions and enforce nothing: obligations are left as they are."""


def checked(decision: Decision, request: Request, understood: Container[str]) -> Decision:
    """``decision`` itself when it answers ``request`` and holds together; a deny when an obligation is not understood.

    Raises ``AnswerUnusable`` for an empty answer, one to another question, and one that contradicts itself.
    """
    verdict = decision.verdict
    if not decision.decision_id:
        raise AnswerUnusable("the answer is empty")
    if decision.request_id != request.request_id:
        raise AnswerUnusable("the answer belongs to another question")
    if verdict.effect is Effect.NARROW and verdict.narrowed is None:
        raise AnswerUnusable("the answer says narrow and not to what")
    if verdict.effect is Effect.ALLOW and (verdict.narrowed is not None or verdict.obligations):
        raise AnswerUnusable("the answer says allow and narrows all the same")
    if verdict.effect is Effect.DENY and decision.permit is not None:
        raise AnswerUnusable("the answer denies and grants all the same")
    strange = [o for o in verdict.obligations if o.type not in understood]
    if verdict.effect is Effect.NARROW and strange:
        # A gateway that cannot do what makes a narrow safe must treat it as deny.
        reasons = tuple(
            Reason(ReasonCode.NARROW_IMPOSSIBLE, f"this gateway does not know the obligation {o.type!r}", o.rule_id)
            for o in strange
        )
        denied = replace(
            verdict, effect=Effect.DENY, reasons=(*reasons, *verdict.reasons), obligations=(), narrowed=None
        )
        # What is denied here has no grant either.
        return replace(decision, verdict=denied, permit=None)
    return decision


def denied(request: Request, error: PdpError) -> Decision:
    """The deny that stands for an error. It has no ``decision_id``: nobody decided."""
    reason = Reason(ReasonCode.INTERNAL_ERROR, f"no usable answer: {error.code}: {error}")
    return Decision(
        decision_id="",
        request_id=request.request_id,
        verdict=Verdict(Effect.DENY, (reason,)),
        revision="",
        encoder="",
        timings=Timings(),
        traceparent=request.traceparent,
    )
