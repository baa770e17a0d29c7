"""An intent from its nodes."""

from __future__ import annotations

from pdp.policy.fields import Fields, demand_distinct, folded, shortened
from pdp.policy.model import GrantSettings, Intent, Mode, TargetPattern
from pdp.policy.names import Names
from pdp.policy.nodes import Node, Scalar
from pdp.policy.parse_rules import parse_rules, parse_scope
from pdp.policy.patterns import MOST_PATTERNS, pattern, patterns
from pdp.policy.source import Source
from pdp.scoring import Thresholds
from pdp.types import Exemplar

INTENT_KEYS = (
    "id",
    "description",
    "owner",
    "mode",
    "agents",
    "targets",
    "actions",
    "exemplars",
    "counter_exemplars",
    "thresholds",
    "narrow",
    "rules",
    "grant",
)
TARGET_KEYS = ("kind", "name")
THRESHOLD_KEYS = ("accept", "narrow")
GRANT_KEYS = ("seconds", "uses")
MOST_EXEMPLAR = 1000
MOST_EXEMPLARS = 1000
LONGEST_GRANT = 300
SCORES = (0.01, 1.0)
MOST_USES = 1_000_000


def parse_intent(root: Node, source: Source, names: Names) -> Intent:
    """One intent; what is wrong stands in ``source.problems``."""
    fields = Fields(root, source, "the intent", INTENT_KEYS)
    name = fields.identifier("id")
    names.claim("intent", name, fields, "id")
    exemplars = _exemplars(fields, "exemplars", required=True)
    counters = _exemplars(fields, "counter_exemplars", required=False)
    _refuse_both(exemplars, counters, source)
    return Intent(
        id=name,
        description=fields.text("description"),
        owner=fields.text("owner"),
        agents=tuple(n.text for n in patterns(fields, "agents", ("*",))),
        targets=_targets(fields),
        actions=tuple(n.text for n in patterns(fields, "actions")),
        exemplars=_values(exemplars, source),
        position=fields.position,
        counter_exemplars=_values(counters, source),
        thresholds=parse_thresholds(fields, "thresholds"),
        narrow=parse_scope(fields),
        rules=parse_rules(fields, names),
        grant=_grant(fields),
        mode=fields.choice("mode", Mode, Mode.ENFORCE) or Mode.SHADOW,
    )


def _targets(fields: Fields) -> tuple[TargetPattern, ...]:
    nodes = fields.items("targets", most=MOST_PATTERNS, required=True)
    each = [Fields(n, fields.source, "the target", TARGET_KEYS) for n in nodes]
    return tuple(TargetPattern(pattern(t, "kind"), pattern(t, "name")) for t in each)


def _exemplars(fields: Fields, key: str, *, required: bool) -> tuple[Scalar, ...]:
    default = None if required else ()
    found = fields.texts(key, default, most=MOST_EXEMPLAR, items=MOST_EXEMPLARS, may_be_empty=not required)
    demand_distinct(found, repr(key), fields.source)
    return found


def _refuse_both(exemplars: tuple[Scalar, ...], counters: tuple[Scalar, ...], source: Source) -> None:
    approved = {folded(e.text): e for e in exemplars}
    for counter in counters:
        twin = approved.get(folded(counter.text))
        if twin:
            message = f"“{shortened(counter.text)}” is an exemplar and a counter-exemplar"
            source.problem(counter, message, f"remove one; the other is in line {twin.line}")


def _values(nodes: tuple[Scalar, ...], source: Source) -> tuple[Exemplar, ...]:
    return tuple(Exemplar(n.text, source.position(n)) for n in nodes)


def parse_thresholds(fields: Fields, key: str, *, required: bool = False) -> Thresholds | None:
    """``accept`` and ``narrow`` behind ``key``, each from 0.01 to 1, ``narrow`` at most ``accept``."""
    inner = fields.fields(key, f"{key!r}", THRESHOLD_KEYS, required=required)
    if inner is None:
        return None
    before = len(fields.source.problems)
    thresholds = Thresholds(inner.number("accept", None, *SCORES), inner.number("narrow", None, *SCORES))
    if len(fields.source.problems) == before and thresholds.narrow > thresholds.accept:
        message = f"'narrow' {thresholds.narrow:g} lies above 'accept' {thresholds.accept:g}"
        inner.problem("narrow", message, "swap them: accept is the higher one")
    return thresholds


def _grant(fields: Fields) -> GrantSettings:
    grant = fields.fields("grant", "'grant'", GRANT_KEYS)
    if grant is None:
        return GrantSettings()
    return GrantSettings(grant.whole("seconds", 60, 1, LONGEST_GRANT), grant.whole("uses", 1, 1, MOST_USES))
