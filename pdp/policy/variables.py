"""From a request to the variables of rules: only what the rules of one set read, each value checked for size and
numbers.

Numbers that come from the request are doubles, whether written ``10`` or ``10.0``, as they are in
``google.protobuf.Struct``: otherwise a rule would behave differently for a request that came over the wire. A number
that a double cannot hold exactly (beyond ±2^53), NaN or infinity makes the value unreadable, and every rule that
reads it fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from pdp.policy.cost import MOST_CHARACTERS, MOST_VALUES
from pdp.policy.facts import Facts, Needed
from pdp.policy.references import Requirement
from pdp.policy.vocabulary import JSON_MAPS, Path, grain, spelt
from pdp.types import Derived, IntentMatch, Json, JsonObject, Request

LARGEST_NUMBER: Final = 2.0**53
MOST_DEPTH: Final = 64

Values: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RuleContext:
    """What rules are evaluated over. ``derived``: ``None`` without a payload; ``match``: without a matched intent.

    ``session``: the fields of ``session`` but ``id``, as ``pdp.session.facts`` tells them; ``None`` without a session.
    """

    request: Request
    derived: Derived | None
    match: IntentMatch | None
    facts: Facts = field(default_factory=Facts)
    session: Mapping[str, Json] | None = None


class Unreadable(Exception):
    """A value of the request that rules must not see; the text says why."""


@dataclass(frozen=True, slots=True)
class Variables:
    """The variables of one evaluation. ``unreadable``: what was asked for and cannot be told, with the reason."""

    values: Values
    unreadable: Mapping[Path, str]


FIELDS: Final[Mapping[Path, Callable[[RuleContext], str]]] = {
    ("agent", "id"): lambda c: c.request.agent.id,
    ("agent", "instance"): lambda c: c.request.agent.instance,
    ("principal", "id"): lambda c: c.request.principal.id,
    ("session", "id"): lambda c: c.request.session_id,
    ("target", "kind"): lambda c: c.request.target.kind,
    ("target", "name"): lambda c: c.request.target.name,
    ("action", "name"): lambda c: c.request.action.name,
    ("request", "id"): lambda c: c.request.request_id,
    ("request", "utterance"): lambda c: c.request.utterance,
}
"""Single fields of the request. One that is empty counts as missing."""

MAPS: Final[Mapping[Path, Callable[[RuleContext], JsonObject]]] = {
    ("agent", "attributes"): lambda c: c.request.agent.attributes,
    ("principal", "attributes"): lambda c: c.request.principal.attributes,
    ("target", "attributes"): lambda c: c.request.target.attributes,
    ("action", "params"): lambda c: c.request.action.params,
    ("request", "context"): lambda c: c.request.context,
}


@dataclass(frozen=True, slots=True)
class Plan:
    """Which variables a set of rules reads. Built once by ``plan``."""

    fields: tuple[tuple[str, str, Callable[[RuleContext], str]], ...]
    maps: tuple[tuple[str, str, Callable[[RuleContext], JsonObject], frozenset[str] | None], ...]
    session: frozenset[str]
    match: frozenset[str]
    payload: frozenset[str]
    facts: Needed
    constants: Values

    def variables(self, context: RuleContext) -> Variables:
        """The values of one request."""
        values: Values = {"constants": self.constants} if self.constants else {}
        unreadable: dict[Path, str] = {}
        for root, name, get in self.fields:
            group, text = values.setdefault(root, {}), get(context)
            if text:
                group[name] = text
        for root, name, get_map, keys in self.maps:
            values.setdefault(root, {})[name] = _map((root, name), get_map(context), keys, unreadable)
        if self.session:
            values.setdefault("session", {}).update(_session(context.session, self.session, unreadable))
        if self.match:
            values["match"] = _match(context.match, self.match, unreadable)
        if self.payload:
            values["payload"] = _payload(context.derived, self.payload, unreadable)
        if self.facts:
            values["facts"] = _facts(context.facts, self.facts, unreadable)
        return Variables(values, unreadable)


def plan(paths: Iterable[Path], constants: JsonObject) -> Plan:
    """The plan for rules that read ``paths``."""
    grains = sorted({grain(p) for p in paths})
    whole = {g for g in grains if len(g) == 2}
    maps = sorted({g[:2] for g in grains if g[:2] in JSON_MAPS})

    def keys(of: Path) -> frozenset[str]:
        return frozenset(g[2] for g in grains if g[:2] == of)

    return Plan(
        fields=tuple((g[0], g[1], FIELDS[g]) for g in grains if g in FIELDS),
        maps=tuple((m[0], m[1], MAPS[m], None if m in whole else keys(m)) for m in maps),
        session=frozenset(g[1] for g in grains if g[0] == "session" and g not in FIELDS),
        match=frozenset(g[1] for g in grains if g[0] == "match"),
        payload=frozenset(g[1] for g in grains if g[0] == "payload"),
        facts=_needed_facts(paths),
        constants={g[1]: known(constants[g[1]]) for g in grains if g[0] == "constants"},
    )


def _needed_facts(paths: Iterable[Path]) -> Needed:
    found: dict[str, frozenset[str] | None] = {}
    for path in sorted(p for p in paths if p[0] == "facts"):
        before = found.get(path[1], frozenset())
        found[path[1]] = None if before is None or len(path) == 2 else before | {path[2]}
    return found


def unmet(requirements: Iterable[Requirement], values: Values) -> frozenset[Requirement]:
    """The requirements that ``values`` does not meet."""
    return frozenset(r for r in requirements if not _meets(r, values))


def _meets(requirement: Requirement, values: Any) -> bool:
    for place, key in enumerate(requirement.path):
        try:
            values = values[key]
        except (KeyError, TypeError, IndexError):
            return place < requirement.optional
    return True


def value_at(path: Path, values: Any) -> Json:
    """The value at ``path``. Raises ``KeyError`` or ``TypeError`` where there is none."""
    for key in path:
        values = values[key]
    found: Json = values
    return found


def _map(path: Path, source: JsonObject, keys: frozenset[str] | None, unreadable: dict[Path, str]) -> Values:
    if keys is None:
        try:
            return _Reader().mapping(source, 0)
        except Unreadable as error:
            unreadable[path] = f"{spelt(path)} {error}"
            return {}
    read: Values = {}
    for key in keys:
        if key in source:
            try:
                read[key] = _readable(source[key])
            except Unreadable as error:
                unreadable[*path, key] = f"{spelt((*path, key))} {error}"
    return read


def _readable(value: Json) -> Any:
    """``value`` as a rule sees it. Single values, by far the most frequent, take the short way."""
    kind = type(value)
    if kind is bool or value is None or (kind is str and len(value) <= MOST_CHARACTERS):  # type: ignore[arg-type]
        return value
    return _Reader().value(value, 0)


@dataclass(slots=True)
class _Reader:
    values: int = 0
    characters: int = 0

    def value(self, value: Json, depth: int) -> Any:
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, (int, float)):
            return _number(value)
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, Mapping):
            return self.mapping(value, depth)
        if isinstance(value, (list, tuple)):
            self._enter(len(value), depth)
            return [self.value(v, depth + 1) for v in value]
        raise Unreadable(f"holds a {type(value).__name__}, which is no JSON value")

    def mapping(self, value: Mapping[str, Json], depth: int) -> Values:
        self._enter(len(value), depth)
        return {self._key(k): self.value(v, depth + 1) for k, v in value.items()}

    def _key(self, key: object) -> str:
        if not isinstance(key, str):
            raise Unreadable(f"has a key of type {type(key).__name__}")
        return self._text(key)

    def _enter(self, values: int, depth: int) -> None:
        self.values += values
        if self.values > MOST_VALUES:
            raise Unreadable(f"holds more than {MOST_VALUES:,} values, the most that a rule reads")
        if depth >= MOST_DEPTH:
            raise Unreadable(f"nests deeper than {MOST_DEPTH}, the deepest that a rule reads")

    def _text(self, text: str) -> str:
        self.characters += len(text)
        if self.characters > MOST_CHARACTERS:
            raise Unreadable(f"holds more than {MOST_CHARACTERS:,} characters, the most that a rule reads")
        return text


def _number(value: float) -> float:
    if not -LARGEST_NUMBER <= value <= LARGEST_NUMBER:  # false for NaN too
        raise Unreadable("is or holds a number that is not finite or beyond ±2^53; send it as a string")
    return float(value)


def known(value: Json) -> Any:
    """A constant as rules see it: whole numbers stay whole, as the bundle's author wrote them."""
    if isinstance(value, Mapping):
        return {k: known(v) for k, v in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [known(v) for v in value]
    return value


def _session(session: Mapping[str, Json] | None, names: frozenset[str], unreadable: dict[Path, str]) -> Values:
    """What a session has counted. Counts stay whole numbers, unlike those of a request."""
    read: Values = {}
    if session is None:
        return read
    for name in names & session.keys():
        value = session[name]
        try:
            known_count = type(value) is int and -LARGEST_NUMBER <= value <= LARGEST_NUMBER
            read[name] = value if known_count else _readable(value)
        except Unreadable as error:
            unreadable["session", name] = f"session.{name} {error}"
    return read


def _match(match: IntentMatch | None, names: frozenset[str], unreadable: dict[Path, str]) -> Values:
    read: Values = {}
    for name in names if match else ():
        value = getattr(match, name)
        if isinstance(value, str) or -LARGEST_NUMBER <= value <= LARGEST_NUMBER:
            read[name] = value if isinstance(value, str) else float(value)
        else:
            unreadable["match", name] = f"match.{name} is not finite"
    return read


def _payload(derived: Derived | None, names: frozenset[str], unreadable: dict[Path, str]) -> Values:
    if derived is None:
        return {"kind": ""}
    read: Values = {}
    for name in names & derived.facts.keys():
        try:
            value = derived.facts[name]
            read[name] = value if type(value) in {int, bool} else _readable(value)
        except Unreadable as error:
            unreadable["payload", name] = f"payload.{name} {error}"
    return {**read, "kind": derived.kind, "parsed": derived.parsed, "access": derived.access.name.lower()}


def _facts(facts: Facts, needed: Needed, unreadable: dict[Path, str]) -> Values:
    for name in needed:
        if name not in facts.values:
            unreadable["facts", name] = f"facts.{name}: {facts.unusable.get(name, 'was not computed')}"
    return {n: facts.values[n] for n in needed if n in facts.values}
