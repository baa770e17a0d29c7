"""Intents and agents from their nodes."""

from __future__ import annotations

import yaml

from pdp.errors import Problem
from pdp.policy.model import AgentEntry, GrantSettings, Intent, Mode, Scope, TargetPattern
from pdp.policy.parse_rules import identifier, parse_rule, parse_scope
from pdp.policy.source import Fields, Source
from pdp.types import Exemplar, Thresholds

INTENT = frozenset(
    "id description owner mode agents targets actions exemplars counter_exemplars thresholds narrow rules grant".split()
)
AGENT = frozenset({"id", "owner", "description", "intents"})
MOST_EXEMPLAR_CHARACTERS = 500
LONGEST_GRANT, MOST_USES = 300, 1_000_000


def parse_intent(node: yaml.Node, source: Source) -> Intent:
    """One intent; what is wrong stands in ``source.problems``."""
    fields = Fields(node, source, "an intent", INTENT)
    name = identifier(fields)
    mode = fields.choice("mode", [m.value for m in Mode], Mode.ENFORCE.value)
    narrow = fields.get("narrow")
    exemplars = _exemplars(fields, "exemplars", None)
    counters = _exemplars(fields, "counter_exemplars", ())
    _refuse_twins(exemplars, counters, source)
    return Intent(
        id=name,
        description=fields.text("description"),
        owner=fields.text("owner"),
        agents=_patterns(fields, "agents", ("*",)),
        targets=tuple(_target(n, source) for n in _required_items(fields, "targets")),
        actions=_patterns(fields, "actions", None),
        exemplars=exemplars,
        position=source.at(node),
        counter_exemplars=counters,
        thresholds=_thresholds(fields, source),
        narrow=parse_scope(narrow, source) if narrow is not None else Scope(),
        rules=tuple(r for n in fields.items("rules") if (r := parse_rule(n, source))),
        grant=_grant(fields, source),
        mode=Mode(mode) if mode else Mode.SHADOW,
    )


def _patterns(fields: Fields, key: str, default: tuple[str, ...] | None) -> tuple[str, ...]:
    return tuple(t for t, _ in fields.texts(key, default, most=256))


def _required_items(fields: Fields, key: str) -> list[yaml.Node]:
    found = list(fields.items(key))
    if not found:
        fields.problem(key, f"{fields.what} has no {key}", f'add {key}: [{{kind: table, name: "*"}}]')
    return found


def _target(node: yaml.Node, source: Source) -> TargetPattern:
    fields = Fields(node, source, "a target", frozenset({"kind", "name"}))
    return TargetPattern(fields.text("kind", most=256), fields.text("name", "*", most=1024))


def _exemplars(fields: Fields, key: str, default: tuple[str, ...] | None) -> tuple[Exemplar, ...]:
    found = tuple(Exemplar(t, p) for t, p in fields.texts(key, default, most=MOST_EXEMPLAR_CHARACTERS))
    seen: dict[str, Exemplar] = {}
    for exemplar in found:
        first = seen.setdefault(" ".join(exemplar.text.casefold().split()), exemplar)
        if first is not exemplar:
            _note(fields.source, exemplar, f"“{exemplar.text}” stands twice in {key}", f"remove one; the first is in line {first.position.line}")
    return found


def _refuse_twins(exemplars: tuple[Exemplar, ...], counters: tuple[Exemplar, ...], source: Source) -> None:
    approved = {" ".join(e.text.casefold().split()): e for e in exemplars}
    for counter in counters:
        twin = approved.get(" ".join(counter.text.casefold().split()))
        if twin:
            _note(source, counter, f"“{counter.text}” is an exemplar and a counter-exemplar", f"remove one; the other is in line {twin.position.line}")


def _note(source: Source, exemplar: Exemplar, message: str, fix: str) -> None:
    place = exemplar.position
    source.problems.append(Problem(place.file, place.line, place.column, message, fix))


def _thresholds(fields: Fields, source: Source) -> Thresholds | None:
    node = fields.get("thresholds")
    return parse_thresholds(Fields(node, source, "thresholds", frozenset({"accept", "narrow"}))) if node is not None else None


def parse_thresholds(fields: Fields) -> Thresholds:
    """``accept`` and ``narrow``, both in (0, 1], narrow at most accept."""
    for key in ("accept", "narrow"):
        if key not in fields:
            fields.problem("", f"{fields.what} has no {key!r}", "give both accept and narrow")
    accept, narrow = (fields.number(k, d, 0.0001, 1) for k, d in (("accept", 0.6), ("narrow", 0.5)))
    if narrow > accept:
        fields.problem("narrow", f"narrow {narrow:g} lies above accept {accept:g}", "swap them: accept is the higher one")
    return Thresholds(accept, narrow)


def _grant(fields: Fields, source: Source) -> GrantSettings:
    node = fields.get("grant")
    if node is None:
        return GrantSettings()
    grant = Fields(node, source, "a grant", frozenset({"seconds", "uses"}))
    return GrantSettings(int(grant.number("seconds", 60, 1, LONGEST_GRANT)), int(grant.number("uses", 1, 1, MOST_USES)))


def parse_agents(root: yaml.Node, source: Source) -> tuple[AgentEntry, ...]:
    """The entries of ``agents.yaml``."""
    fields = Fields(root, source, "agents.yaml", frozenset({"agents"}))
    if "agents" not in fields and isinstance(root, yaml.MappingNode):
        source.problem(root, "agents.yaml has no 'agents'", "add agents: [{id: ..., owner: ..., intents: [...]}]")
    return tuple(_agent(n, source) for n in fields.items("agents"))


def _agent(node: yaml.Node, source: Source) -> AgentEntry:
    fields = Fields(node, source, "an agent", AGENT)
    return AgentEntry(
        id=fields.text("id", most=512),
        owner=fields.text("owner"),
        intents=_patterns(fields, "intents", None),
        position=source.at(node),
        description=fields.text("description", ""),
    )
