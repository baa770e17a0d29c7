"""Rules, narrowings and obligations from their nodes."""

from __future__ import annotations

import re

import yaml

from pdp.policy.model import Mode, Narrowing, NarrowKind, Rule, RuleEffect, Scope
from pdp.policy.source import Fields, Source, plain, text_position
from pdp.types import Json, Obligation

RULE = frozenset({"id", "effect", "when", "message", "mode", "narrow"})
SCOPE = frozenset({"params", "read_only", "row_limit", "obligations"})
CUTS = frozenset({"at_most", "at_least", "one_of", "prefix", "remove"})
IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,127}")
MOST_ROWS = 10_000_000
MOST_RULE_CHARACTERS = 4000


def identifier(fields: Fields, key: str = "id") -> str:
    """A name made of letters, digits, ``.``, ``_`` and ``-``, beginning with a letter."""
    name = fields.text(key, most=128)
    if name and not IDENTIFIER.fullmatch(name):
        fields.problem(key, f"{key} {name!r} is not an identifier", "use letters, digits, '.', '_' and '-', beginning with a letter")
    return name


def parse_rule(node: yaml.Node, source: Source) -> Rule | None:
    """One rule; ``None`` when it has no usable effect or text."""
    fields = Fields(node, source, "a rule", RULE)
    name = identifier(fields)
    effect = fields.choice("effect", [e.value for e in RuleEffect])
    when = fields.text("when", most=MOST_RULE_CHARACTERS)
    message = fields.text("message")
    mode = fields.choice("mode", [m.value for m in Mode], Mode.ENFORCE.value)
    if not (effect and when and mode):
        return None
    kind = RuleEffect(effect)
    scope = _rule_scope(fields, source, kind)
    place = text_position(fields.get("when") or node, source)
    return Rule(name, kind, when, message, source.at(node), place, scope, Mode(mode))


def _rule_scope(fields: Fields, source: Source, effect: RuleEffect) -> Scope:
    node = fields.get("narrow")
    if effect is RuleEffect.NARROW and node is None:
        fields.problem("", "a narrow rule says nothing about what it narrows to", "add narrow: {params: [...]} or narrow: {obligations: [...]}")
    if effect is not RuleEffect.NARROW and node is not None:
        fields.problem("narrow", f"a {effect.value} rule has no narrow block", "remove it, or write effect: narrow")
    return parse_scope(node, source) if node is not None else Scope()


def parse_scope(node: yaml.Node, source: Source) -> Scope:
    """A narrow block: cuts and obligations."""
    before = len(source.problems)
    fields = Fields(node, source, "a narrow block", SCOPE)
    cuts = [c for n in fields.items("params") for c in _cuts(n, source)]
    if fields.flag("read_only"):
        cuts.append(Narrowing(NarrowKind.READ_ONLY, "", None, fields.position("read_only")))
    if "row_limit" in fields:
        rows = fields.number("row_limit", 1, 1, MOST_ROWS)
        if rows != int(rows):
            fields.problem("row_limit", "row_limit must be a whole number", f"write {int(rows)}")
        cuts.append(Narrowing(NarrowKind.ROW_LIMIT, "", int(rows), fields.position("row_limit")))
    scope = Scope(tuple(cuts), tuple(_obligation(n, source) for n in fields.items("obligations")))
    if not scope and len(source.problems) == before:
        source.problem(node, "the narrow block is empty", "add params, read_only, row_limit or obligations, or remove it")
    return scope


def _cuts(node: yaml.Node, source: Source) -> list[Narrowing]:
    fields = Fields(node, source, "an entry of params", CUTS | {"param"})
    param = fields.text("param", most=128)
    given = [k for k in sorted(CUTS) if k in fields]
    if not given and isinstance(node, yaml.MappingNode):
        source.problem(node, f"nothing is said about {param!r}", f"add one of: {', '.join(sorted(CUTS))}")
    if param and "remove" in given and len(given) > 1:
        source.problem(node, f"{param!r} is removed and bounded at once", "keep one of the two")
    return [Narrowing(NarrowKind(k), param, v, fields.position(k)) for k in given if (v := _cut_value(fields, k, source)) is not None]


def _cut_value(fields: Fields, key: str, source: Source) -> Json:
    node = fields.get(key)
    value = plain(node, source) if node is not None else None
    if key in {"at_most", "at_least"}:
        if isinstance(value, bool) or not isinstance(value, int | float):
            fields.problem(key, f"{key} must be a number", f"for example {key}: 50")
            return None
        return value
    if key == "one_of":
        if not isinstance(value, list) or not value or any(isinstance(v, list | dict) or v is None for v in value):
            fields.problem(key, "one_of must be a list of at least one plain value", "for example one_of: [r]")
            return None
        return value
    if key == "prefix":
        return fields.text("prefix") or None
    if value is not True:
        fields.problem(key, "remove must be true", "write remove: true, or remove the entry")
        return None
    return True


def _obligation(node: yaml.Node, source: Source) -> Obligation:
    fields = Fields(node, source, "an obligation", frozenset({"type", "properties"}))
    return Obligation(identifier(fields, "type"), fields.object("properties"))
