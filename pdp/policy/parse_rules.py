"""Rules, and what a narrow leaves, from their nodes."""

from __future__ import annotations

from pdp.policy.fields import Fields
from pdp.policy.model import Mode, Narrowing, NarrowKind, Rule, RuleEffect, Scope
from pdp.policy.names import Names
from pdp.policy.nodes import Items, Node, Refused, Scalar, Table, described, is_null, primitive
from pdp.policy.runs import text_runs
from pdp.policy.source import Source, plain
from pdp.types import Json, Obligation, Position

RULES_KEYS = ("rules",)
RULE_KEYS = ("id", "effect", "when", "message", "mode", "narrow")
SCOPE_KEYS = ("params", "read_only", "row_limit", "obligations")
BOUND_KEYS = ("at_most", "at_least", "one_of", "prefix", "remove")
PARAM_KEYS = ("param", *BOUND_KEYS)
OBLIGATION_KEYS = ("type", "properties")
MOST_ROWS = 1_000_000_000
MOST_RULES = 1000
MOST_WHEN = 10_000
MOST_MESSAGE = 500
MOST_CUTS = 200
MOST_NAME = 128


def parse_rules_file(root: Node, source: Source, names: Names) -> tuple[Rule, ...]:
    """The global rules of one file."""
    return parse_rules(Fields(root, source, "a rules file", RULES_KEYS), names, required=True)


def parse_rules(fields: Fields, names: Names, *, required: bool = False) -> tuple[Rule, ...]:
    """The rules behind the key ``rules``; those without effect or condition are left out, with their problems noted."""
    nodes = fields.items("rules", most=MOST_RULES, required=required, may_be_empty=not required)
    return tuple(r for n in nodes if (r := _rule(Fields(n, fields.source, "the rule", RULE_KEYS), names)))


def _rule(fields: Fields, names: Names) -> Rule | None:
    name = fields.identifier("id")
    names.claim("rule", name, fields, "id")
    effect = fields.choice("effect", RuleEffect)
    when = _when(fields)
    message = fields.text("message", most=MOST_MESSAGE)
    mode = fields.choice("mode", Mode, Mode.ENFORCE)
    scope = _scope_of(fields, effect)
    if when is None or effect is None or not isinstance(fields.node, Table):
        return None
    runs = text_runs(when, fields.source.text)
    start = Position(fields.source.file, runs[0].line, runs[0].column)
    return Rule(name, effect, when.text, message, fields.position, start, scope, mode or Mode.ENFORCE, runs[1:])


def _when(fields: Fields) -> Scalar | None:
    """The condition as it is written, so that ``when: true`` is a condition and not a truth value."""
    node = fields.needs("when")
    if node is None or isinstance(node, Refused):
        return None
    if not isinstance(node, Scalar):
        fields.problem("when", f"'when' is {described(node)}, not a CEL expression", "write it as text: when: '...'")
    elif not node.text.strip():
        fields.problem("when", "'when' is empty", "write a CEL expression, or 'true' for always")
    elif len(node.text) > MOST_WHEN:
        fields.problem("when", f"'when' has {len(node.text):,} characters, at most {MOST_WHEN:,}", "split the rule")
    else:
        return node
    return None


def _scope_of(fields: Fields, effect: RuleEffect | None) -> Scope:
    node = fields.get("narrow")
    if effect is RuleEffect.NARROW and node is None and isinstance(fields.node, Table):
        fix = "add narrow: {params: [...]} or narrow: {obligations: [...]}"
        fields.problem("", "a narrow rule without 'narrow' changes nothing", fix)
    if effect in {RuleEffect.DENY, RuleEffect.REQUIRE} and node is not None:
        fields.problem(
            "narrow", f"a rule with effect {effect.value} narrows nothing", "remove it, or write effect: narrow"
        )
    name = fields.get("id")
    return parse_scope(fields, name.text if isinstance(name, Scalar) else "")


def parse_scope(fields: Fields, rule: str = "", key: str = "narrow") -> Scope:
    """What stands behind ``key``: cuts, and obligations that carry the id of ``rule``."""
    before = len(fields.source.problems)
    inner = fields.fields(key, f"the {key} block", SCOPE_KEYS)
    if inner is None:
        return Scope()
    cuts = [c for n in inner.items("params", most=MOST_CUTS) for c in _cuts(n, fields.source)]
    if inner.only_true("read_only"):
        cuts.append(_cut(NarrowKind.READ_ONLY, "", True, inner))
    if "row_limit" in inner:
        cuts.append(_cut(NarrowKind.ROW_LIMIT, "", inner.whole("row_limit", 1, 1, MOST_ROWS), inner))
    duties = tuple(_obligation(n, fields.source, rule) for n in inner.items("obligations", most=MOST_CUTS))
    scope = Scope(tuple(cuts), duties)
    if not scope and len(fields.source.problems) == before:
        fix = "add params, read_only, row_limit or obligations, or remove it"
        fields.problem(key, f"the {key} block is empty", fix)
    return scope


def _cut(kind: NarrowKind, param: str, value: Json, fields: Fields) -> Narrowing:
    return Narrowing(kind, param, value, fields.source.position(fields.get(kind.value)))


def _cuts(node: Node, source: Source) -> list[Narrowing]:
    fields = Fields(node, source, "the entry of 'params'", PARAM_KEYS)
    param = fields.text("param", most=MOST_NAME)
    given = [k for k in BOUND_KEYS if k in fields]
    if not given and isinstance(node, Table):
        fields.problem("", f"nothing is said about the param {param!r}", f"add {', '.join(BOUND_KEYS[:-1])} or remove")
    if "remove" in given and len(given) > 1:
        fields.problem("remove", f"the param {param!r} is removed, and bounded too", "keep one of the two")
    cuts = [_cut(NarrowKind(k), param, v, fields) for k in given if (v := _bound(fields, k)) is not None]
    low, high = (next((c.value for c in cuts if c.kind is k), None) for k in (NarrowKind.AT_LEAST, NarrowKind.AT_MOST))
    if isinstance(low, int | float) and isinstance(high, int | float) and low > high:
        fields.problem("at_least", f"no number is at least {low:g} and at most {high:g}", "swap them")
    return cuts


def _bound(fields: Fields, key: str) -> Json:
    node = fields.needs(key)
    if node is None or isinstance(node, Refused):
        return None
    if key == "remove":
        return True if fields.only_true(key) else None
    if key == "prefix":
        return fields.text(key) or None
    if key == "one_of":
        return _one_of(fields)
    number = primitive(node) if isinstance(node, Scalar) else None
    if isinstance(number, bool) or not isinstance(number, int | float):
        fields.problem(key, f"{key!r} is {described(node)}, not a number", f"write for example {key}: 50")
        return None
    return number


def _one_of(fields: Fields) -> Json:
    nodes = fields.items("one_of", most=MOST_CUTS, required=True)
    for node in nodes:
        if isinstance(node, Items | Table) or is_null(node):
            fields.source.problem(
                node, f"an entry of 'one_of' is {described(node)}", "write text, a number or a truth value"
            )
    return [plain(n, fields.source) for n in nodes] or None


def _obligation(node: Node, source: Source, rule: str) -> Obligation:
    fields = Fields(node, source, "the obligation", OBLIGATION_KEYS)
    return Obligation(fields.identifier("type"), fields.object("properties"), rule)
