"""What a revocation can name about a grant."""

from __future__ import annotations

from typing import TypeAlias

from pdp.grant.model import Grant

Subject: TypeAlias = tuple[str, str]
"""A scope of the kill switch and a value: ``("session", "s-1")``, ``("target", "table/invoices")``."""


def subjects_of(grant: Grant, key_id: str) -> tuple[Subject, ...]:
    """Everything whose revocation ends ``grant``, with every agent and every grant through which it came."""
    named = (
        ("grant", grant.id),
        *(("grant", origin.id) for origin in grant.origins),
        ("session", grant.session),
        ("task", grant.task),
        *(("agent", a.agent) for a in grant.actors),
        *(("instance", f"{a.agent}/{a.instance}" if a.instance else "") for a in grant.actors),
        ("principal", grant.principal),
        ("target", f"{grant.detail.target_kind}/{grant.detail.target_name}"),
        ("intent", grant.intent),
        ("gateway", grant.audience),
        ("key", key_id),
    )
    return (*((scope, value) for scope, value in named if value), ("everything", ""))
