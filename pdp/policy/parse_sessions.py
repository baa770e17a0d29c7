"""``sessions`` in ``bundle.yaml``: whether requests need one, and what a run of an agent may add up to."""

from __future__ import annotations

from pdp.policy.fields import Fields, nearest
from pdp.policy.model import (
    APPROVAL,
    Budget,
    Cause,
    Consequence,
    DriftSettings,
    Reach,
    SessionSettings,
    Stop,
    Trigger,
)
from pdp.policy.names import Names
from pdp.policy.nodes import Node, Refused, Scalar, Table, described, primitive
from pdp.policy.parse_rules import MOST_MESSAGE, parse_scope
from pdp.policy.source import Source
from pdp.policy.vocabulary import SESSION_NUMBERS

SESSIONS_KEYS = ("required", "seconds", "budgets", "drift", "triggers")
BUDGET_KEYS = ("id", "of", "at_most", "then", "message", "narrow")
DRIFT_KEYS = ("window", "narrow", "kill", "scope")
TRIGGER_KEYS = ("cause", "at", "do", "scope", "seconds")
LONGEST_SESSION = 86_400
LONGEST_STOP = 366 * 86_400
LARGEST_BUDGET = 2**53
LARGEST_WINDOW = 32
MOST_BUDGETS = 100
MOST_TRIGGERS = 100
MOST_DENIALS = 1_000_000


def parse_sessions(fields: Fields) -> SessionSettings:
    """What stands behind ``sessions``; without it the defaults, which require a session."""
    inner = fields.fields("sessions", "'sessions'", SESSIONS_KEYS)
    if inner is None:
        return SessionSettings()
    names, default = Names(), SessionSettings()
    return SessionSettings(
        required=_truth(inner, "required", default=default.required),
        seconds=inner.whole("seconds", default.seconds, 1, LONGEST_SESSION),
        budgets=tuple(b for n in inner.items("budgets", most=MOST_BUDGETS) if (b := _budget(n, fields.source, names))),
        drift=_drift(inner),
        triggers=tuple(t for n in inner.items("triggers", most=MOST_TRIGGERS) if (t := _trigger(n, fields.source))),
    )


def _truth(fields: Fields, key: str, *, default: bool) -> bool:
    """Only a plain ``false`` opens what is closed by default."""
    node = fields.given(key)
    if node is None or isinstance(node, Refused):
        return default
    value = primitive(node) if isinstance(node, Scalar) else None
    if isinstance(value, bool) and isinstance(node, Scalar) and node.text in {"true", "false"}:
        return value
    fields.problem(key, f"{key!r} is {described(node)}, not true or false", f"write {key}: true, or {key}: false")
    return default


def _budget(node: Node, source: Source, names: Names) -> Budget | None:
    fields = Fields(node, source, "the budget", BUDGET_KEYS)
    name = fields.identifier("id")
    names.claim("budget", name, fields, "id")
    of = fields.text("of")
    if of and of not in SESSION_NUMBERS:
        fields.problem("of", f"a session has no number {of[:60]!r}", nearest(of, SESSION_NUMBERS))
    at_most = fields.number("at_most", None, 0, LARGEST_BUDGET)
    then = fields.choice("then", Consequence)
    message = fields.text("message", most=MOST_MESSAGE)
    narrows = fields.get("narrow") is not None
    scope = parse_scope(fields, name)
    if then is None or not isinstance(node, Table):
        return None
    if then is Consequence.NARROW and not narrows:
        fields.problem("", "a budget that narrows without 'narrow' changes nothing", "add narrow: {read_only: true}")
    if then is not Consequence.NARROW and narrows:
        fix = "remove it, or write then: narrow"
        fields.problem("narrow", f"a budget with then: {then.value} narrows nothing", fix)
    return Budget(name, of, at_most, then, message, fields.position, scope)


def _drift(fields: Fields) -> DriftSettings:
    inner = fields.fields("drift", "'drift'", DRIFT_KEYS)
    if inner is None:
        return DriftSettings()
    before = len(inner.source.problems)
    narrow, kill = (inner.number(k, 1.0, 0, 1) if k in inner else None for k in ("narrow", "kill"))
    sound = len(inner.source.problems) == before  # what is wrong was replaced, and says nothing about the order
    if sound and narrow is not None and kill is not None and narrow > kill:
        inner.problem("narrow", f"at {kill:g} a session is killed before it is narrowed at {narrow:g}", "swap them")
    return DriftSettings(
        window=inner.whole("window", 1, 1, LARGEST_WINDOW) if "window" in inner else None,
        narrow=narrow,
        kill=kill,
        scope=parse_scope(inner, "drift", "scope") if "scope" in inner else APPROVAL,
    )


def _trigger(node: Node, source: Source) -> Trigger | None:
    fields = Fields(node, source, "the trigger", TRIGGER_KEYS)
    cause, do, scope = fields.choice("cause", Cause), fields.choice("do", Stop), fields.choice("scope", Reach)
    seconds = fields.whole("seconds", 1, 1, LONGEST_STOP) if "seconds" in fields else None
    at = fields.whole("at", 1, 1, MOST_DENIALS) if "at" in fields else 0
    if cause is None or do is None or scope is None:
        return None
    if cause is Cause.DENIALS and "at" not in fields:
        fields.problem("", "a trigger with cause denials does not say how many in a row", "add at: 5")
    if cause is not Cause.DENIALS and "at" in fields:
        fields.problem("at", f"a trigger with cause {cause.value} counts nothing", "remove it, or write cause: denials")
    return Trigger(cause, do, scope, fields.position, at, seconds)
