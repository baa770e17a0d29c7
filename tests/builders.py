"""Builders of complete values for tests: what a test does not name has a plain default."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pdp import snapshot
from pdp.policy.model import (
    AgentEntry,
    Bundle,
    Intent,
    Mode,
    Narrowing,
    NarrowKind,
    Rule,
    RuleEffect,
    Scope,
    Settings,
    TargetPattern,
)
from pdp.scoring import CalibrationData, Thresholds
from pdp.snapshot import Snapshot
from pdp.types import Action, Agent, Exemplar, Json, JsonObject, Obligation, Position, Request, Target

HERE = Position("intents/test.yaml", 1, 1)
NOW = 1_767_607_200.0  # 2026-01-05T10:00:00Z, a Monday

READ_INVOICES = (
    "Read the unpaid invoices of a customer",
    "Show open invoices of one customer",
    "List invoices not paid yet",
)


def rule(
    when: str,
    effect: RuleEffect = RuleEffect.DENY,
    *,
    name: str = "r",
    scope: Scope | None = None,
    mode: Mode = Mode.ENFORCE,
) -> Rule:
    """A rule; a narrow rule without a scope notifies."""
    default = Scope(obligations=(Obligation("notify"),)) if effect is RuleEffect.NARROW else Scope()
    return Rule(name, effect, when, f"message of {name}", HERE, HERE, scope or default, mode)


def cut(kind: NarrowKind, param: str = "", value: Json = None) -> Narrowing:
    """One narrowing."""
    return Narrowing(kind, param, value, HERE)


def intent(name: str = "read-invoices", exemplars: Sequence[str] = READ_INVOICES, **changes: Any) -> Intent:
    """An intent that admits ``read`` and ``list`` on any table."""
    fields: dict[str, Any] = {
        "id": name,
        "description": "Read invoices.",
        "owner": "billing",
        "agents": ("*",),
        "targets": (TargetPattern("table", "*"),),
        "actions": ("read", "list"),
        "exemplars": tuple(Exemplar(e, HERE) for e in exemplars),
        "position": HERE,
    }
    return Intent(**{**fields, **changes})


def bundle(
    intents: Sequence[Intent] | None = None,
    rules: Sequence[Rule] = (),
    settings: Settings | None = None,
    **changes: Any,
) -> Bundle:
    """A bundle for the small encoder: accepts from 0.8, narrows from 0.5."""
    fields: dict[str, Any] = {
        "name": "test",
        "description": "",
        "owner": "billing",
        "revision": "sha256:test",
        "path": "test",
        "intents": tuple(intents if intents is not None else (intent(),)),
        "rules": tuple(rules),
        "agents": (AgentEntry("agent-*", "billing", ("*",), HERE),),
        "calibration": CalibrationData("sha256:words", Thresholds(0.8, 0.5)),
        "settings": settings or Settings(),
    }
    return Bundle(**{**fields, **changes})


def snapshot_of(encoder: Any, *args: Any, **kwargs: Any) -> Snapshot:
    """A snapshot of ``bundle(*args, **kwargs)``."""
    return snapshot.build(bundle(*args, **kwargs), encoder)


def request(
    utterance: str = "Read the unpaid invoices of a customer",
    action: str = "read",
    params: JsonObject | None = None,
    **changes: Any,
) -> Request:
    """A request that the default bundle allows."""
    fields: dict[str, Any] = {
        "request_id": "q1",
        "agent": Agent("agent-1"),
        "utterance": utterance,
        "target": Target("table", "invoices"),
        "action": Action(action, params or {}),
    }
    return Request(**{**fields, **changes})
