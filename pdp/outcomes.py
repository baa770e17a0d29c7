"""What decision and observed effect say together. Pure.

Both are kept apart and the agreement is derived, after draft-gilda-audit-agent-audit-record-01.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pdp.grant.canonical import action_digest
from pdp.runtime import Agreement, Observed, Outcome, OutcomeAnswer


def agreement(decision: Mapping[str, Any], outcome: Outcome) -> OutcomeAnswer:
    """``decision``: the body of its record. Raises ``InvalidRequest`` for an action that has no digest."""
    if outcome.observed is Observed.UNKNOWN:
        return OutcomeAnswer(Agreement.ONE_SIDED, "the gateway cannot tell what happened")
    happened = outcome.observed is Observed.OCCURRED
    claims = decision.get("grant")
    if claims is None:
        if happened:
            return OutcomeAnswer(Agreement.DISAGREE, "it was denied, and something ran")
        return OutcomeAnswer(Agreement.AGREE, "it was denied, and nothing ran")
    if not happened:
        return OutcomeAnswer(Agreement.NOT_EXERCISED, "it was granted, and nothing ran")
    wrong = _beyond(claims, outcome)
    if wrong:
        return OutcomeAnswer(Agreement.DISAGREE, wrong)
    if not outcome.action.name and outcome.payload is None:
        return OutcomeAnswer(Agreement.ONE_SIDED, "something ran, and the gateway does not say what")
    return OutcomeAnswer(Agreement.AGREE, "what was granted ran")


def _beyond(claims: Mapping[str, Any], outcome: Outcome) -> str:
    """In what the outcome goes beyond its grant; empty when it does not."""
    if outcome.grant_id and outcome.grant_id != claims["jti"]:
        return "another grant was used than this decision's"
    told = bool(outcome.action.name) or outcome.payload is not None
    if told and action_digest(outcome.target, outcome.action, outcome.payload) != claims["rqd"]:
        return "something else ran than was granted"
    for detail in claims["authorization_details"]:
        limit = detail.get("row_limit")
        if limit is not None and outcome.rows > limit:
            return f"{outcome.rows} rows, and at most {limit} were granted"
    return ""
