"""How the tests of rules evaluate one: compiled, its facts computed, over one request."""

from __future__ import annotations

from datetime import time
from ipaddress import ip_network
from typing import Any

from pdp.policy import facts
from pdp.policy.model import Rule, RuleEffect, Settings, Window
from pdp.policy.rules import RuleContext, RuleOutcome, RuleSet
from pdp.types import Access, Action, Agent, Derived, IntentMatch, JsonObject, Position, Principal, Request, Target

NOW = 1_767_607_200.0  # 2026-01-05T10:00:00Z, a Monday
WHEN = Position("rules/test.yaml", 7, 11)
MATCH = IntentMatch("read-invoices", 0.7, 0.6, 0.5, 0.1)
SETTINGS = Settings(
    constants={
        "internal_domains": ["example.com", "example.org"],
        "most_recipients": 10,
        "ratio": 0.5,
        "ticket": "[A-Z]+-[0-9]+",
        "nested": {"a": ["b"]},
    },
    networks={
        "office": (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")),
        "production": (ip_network("10.20.0.0/16"),),
    },
    windows={"business_hours": Window(frozenset(range(5)), time(8), time(18), "Europe/Berlin")},
)
PARAMS: JsonObject = {
    "limit": 10,
    "to": ["bob@example.com"],
    "nothing": None,
    "filter": {"owner": "agent-1", "ratio": 1.5},
    "path": "/srv/../etc/passwd",
}


def rule(when: str, effect: RuleEffect = RuleEffect.DENY, name: str = "r") -> Rule:
    """A rule whose text begins at line 7, column 11."""
    return Rule(name, effect, when, "message", WHEN, when_position=WHEN)


def asked(params: JsonObject | None = None, **changes: Any) -> Request:
    """A request with most fields set; session, principal and instance are absent."""
    fields: dict[str, Any] = {
        "request_id": "q1",
        "agent": Agent("agent-1", attributes={"team": "support"}),
        "utterance": "Read 10 invoices for bob@example.com",
        "target": Target("table", "invoices", {"classification": "internal"}),
        "action": Action("read", PARAMS if params is None else params),
    }
    return Request(**{**fields, **changes})


def full(params: JsonObject | None = None) -> Request:
    """A request without a gap."""
    return asked(
        params,
        agent=Agent("agent-1", "7", {"team": "support"}),
        principal=Principal("noor", {"role": "owner"}),
        session_id="s1",
    )


def derived(kind: str, access: Access = Access.READ, **facts: Any) -> Derived:
    """What a payload of ``kind`` does."""
    return Derived(kind, Target("t", "n"), Action("a"), access, parsed=True, facts={"flags": [], **facts})


def context(rules: RuleSet, request: Request, payload: Derived | None = None, **changes: Any) -> RuleContext:
    """What ``rules`` are evaluated over, with the facts they name."""
    found = facts.compute(request, request.utterance, changes.pop("findings", ()), SETTINGS, NOW, rules.facts)
    return RuleContext(**{"request": request, "derived": payload, "match": MATCH, "facts": found, **changes})


def evaluate(when: str, request: Request | None = None, payload: Derived | None = None, **changes: Any) -> RuleOutcome:
    """The outcome of one rule."""
    rules = RuleSet.compile([rule(when)], SETTINGS)
    return rules.evaluate(context(rules, request or asked(), payload, **changes))[0]
