"""JSON Schemas (draft 2020-12) of a bundle's files, for editors that complete and check while one types.

``python -m pdp.policy.schema DIRECTORY`` writes them; the published ones are in ``docs/schemas``. They say what a file
can hold; what takes more than one file to see (names that exist, rules that compile) only ``pdp bundle check`` finds.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, TypeAlias

from pdp.policy import parse_cases as cases
from pdp.policy import parse_intent as intents
from pdp.policy import parse_rules as rules
from pdp.policy import parse_sessions as sessions
from pdp.policy.fields import IDENTIFIER, VARIABLE
from pdp.policy.model import Cause, Consequence, Mode, Reach, RuleEffect, Stop
from pdp.policy.parse_agents import MOST_AGENTS
from pdp.policy.parse_calibration import FORMAT, LEAST_LOGIT, MOST_FACTOR, MOST_GAP, MOST_WEIGHT
from pdp.policy.parse_settings import DAYS, MOST_RANGES, TIME
from pdp.policy.patterns import MOST_PATTERN, MOST_PATTERNS
from pdp.policy.vocabulary import SESSION_NUMBERS
from pdp.scoring import ExcessKind, Risk
from pdp.types import Effect

Schema: TypeAlias = dict[str, Any]


def schemas() -> Mapping[str, Schema]:
    """Every schema by the name of its file."""
    return {
        "bundle.schema.json": _root("bundle.yaml: the name of the bundle, and what its rules may name", _bundle()),
        "intent.schema.json": _root("intents/*.yaml: one approved purpose", _intent()),
        "rules.schema.json": _root("rules/*.yaml: rules that hold for every request", _rules_file()),
        "agents.schema.json": _root("agents.yaml: who may use which intents", _agents()),
        "tests.schema.json": _root("tests/*.yaml: requests, and what is expected of the answers", _tests()),
        "calibration.schema.json": _root(
            "calibration.json: thresholds, and the encoder they belong to", _calibration()
        ),
    }


def render(schema: Schema) -> str:
    """The text of a schema's file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write(directory: Path) -> None:
    """Write every schema into ``directory``."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, schema in schemas().items():
        (directory / name).write_text(render(schema), encoding="utf-8")


def _root(title: str, schema: Schema) -> Schema:
    name = title.partition(":")[0]
    address = f"urn:pdp:bundle:{name.replace('/*', '')}"
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": address, "title": title, **schema}


def _text(description: str, most: int = 1000) -> Schema:
    return {"type": "string", "minLength": 1, "maxLength": most, "description": description}


def _name(description: str) -> Schema:
    return {"type": "string", "pattern": f"^{IDENTIFIER.pattern}$", "description": description}


def _pattern(description: str) -> Schema:
    return _text(f"{description} '*' matches any run of characters, '?' a single one.", MOST_PATTERN)


def _list(description: str, items: Schema, most: int, *, unique: bool = False, least: int = 1) -> Schema:
    schema: Schema = {"type": "array", "minItems": least, "maxItems": most, "description": description, "items": items}
    return {**schema, "uniqueItems": True} if unique else schema


def _word(description: str, words: type[Enum] | Sequence[str], default: str = "") -> Schema:
    options = list(words) if not isinstance(words, type) else [str(w.value) for w in words]
    schema: Schema = {"enum": options, "description": description}
    return {**schema, "default": default} if default else schema


def _number(description: str, least: float, most: float, kind: str = "number") -> Schema:
    return {"type": kind, "minimum": least, "maximum": most, "description": description}


def _object(description: str, properties: Mapping[str, Schema], required: Sequence[str] = ()) -> Schema:
    schema: Schema = {"type": "object", "description": description, "additionalProperties": False}
    return {**schema, "properties": dict(properties), "required": list(required)}


def _free(description: str) -> Schema:
    return {"type": "object", "description": description}


def _named(description: str, of: Schema) -> Schema:
    names = {"pattern": f"^{VARIABLE.pattern}$"}
    return {"type": "object", "description": description, "propertyNames": names, "additionalProperties": of}


def _bundle() -> Schema:
    time = {"type": "string", "pattern": f"^(?:{TIME.pattern})$", "description": 'In quotes: "08:00".'}
    window = _object(
        "A weekly time window. One that ends at or before its start ends on the next day.",
        {
            "days": _list("The days on which it starts.", {"enum": list(DAYS)}, len(DAYS), unique=True),
            "start": time,
            "until": {**time, "description": "The first minute that is outside, in quotes."},
            "timezone": _text("An IANA time zone, such as Europe/Berlin.", 100),
        },
        ("days", "start", "until", "timezone"),
    )
    ranges = _list("CIDR ranges.", _text("Such as 10.0.0.0/8.", 64), MOST_RANGES)
    properties = {
        "name": _name("What the bundle is called."),
        "description": _text("What it is for."),
        "owner": _text("Who answers for it: a team or an address."),
        "constants": _named("Values that rules read as constants.NAME.", {}),
        "networks": _named("Networks that rules ask for by name.", ranges),
        "windows": _named("Times that rules read as facts.windows.NAME.", window),
        "sessions": _sessions(),
    }
    return _object("The head of a bundle.", properties, ("name", "description", "owner"))


def _sessions() -> Schema:
    share = {"type": "number", "minimum": 0, "maximum": 1}
    drift = {
        "window": _number("Over how many requests it is told.", 1, sessions.LARGEST_WINDOW, "integer"),
        "narrow": {**share, "description": "From this drift on requests are narrowed."},
        "kill": {**share, "description": "From this drift on the session is killed; at least 'narrow'."},
        "scope": _scope("What is left of a request when drift narrows; by default a person must approve."),
    }
    properties = {
        "required": {"type": "boolean", "default": True, "description": "false: requests need no session."},
        "seconds": _number("The longest life of a session.", 1, sessions.LONGEST_SESSION, "integer"),
        "budgets": _list("What a session may add up to.", _budget(), sessions.MOST_BUDGETS),
        "drift": _object("How far requests may move from the declared purpose.", drift),
        "triggers": _list("Stops without a person.", _trigger(), sessions.MOST_TRIGGERS),
    }
    return _object("What runs of agents are held to.", properties)


def _budget() -> Schema:
    properties = {
        "id": _name("Unique in the bundle; reasons name it."),
        "of": _word("A number of the session; docs/rules.md explains each.", SESSION_NUMBERS),
        "at_most": _number("The most it may be, the request at hand counted in.", 0, sessions.LARGEST_BUDGET),
        "then": _word("What follows when it would be more.", Consequence),
        "message": _text("What the person who is refused should read.", rules.MOST_MESSAGE),
        "narrow": _scope("What is left of the request."),
    }
    narrows = {"properties": {"then": {"const": Consequence.NARROW.value}}}
    forked = {"if": narrows, "then": {"required": ["narrow"]}, "else": {"not": {"required": ["narrow"]}}}
    return {**_object("One budget.", properties, ("id", "of", "at_most", "then", "message")), **forked}


def _trigger() -> Schema:
    properties = {
        "cause": _word("What it waits for.", Cause),
        "at": _number("So many denials in a row.", 1, sessions.MOST_DENIALS, "integer"),
        "do": _word("quarantine leaves reading.", Stop),
        "scope": _word("Whom it stops.", Reach),
        "seconds": _number("For how long; without it until it is lifted.", 1, sessions.LONGEST_STOP, "integer"),
    }
    counts = {"properties": {"cause": {"const": Cause.DENIALS.value}}}
    forked = {"if": counts, "then": {"required": ["at"]}, "else": {"not": {"required": ["at"]}}}
    return {**_object("One trigger.", properties, ("cause", "do", "scope")), **forked}


def _scope(description: str) -> Schema:
    bounds: dict[str, Schema] = {
        "param": _text("The name of a param of the action.", rules.MOST_NAME),
        "at_most": {"type": "number", "description": "A larger number is lowered to this one."},
        "at_least": {"type": "number", "description": "A smaller number is raised to this one."},
        "one_of": _list("Values that stay.", {"type": ["string", "number", "boolean"]}, rules.MOST_CUTS),
        "prefix": _text("What the text must begin with."),
        "remove": {"const": True, "description": "The param is taken out."},
    }
    param = {**_object("One param, and what it may be.", bounds, ("param",)), "minProperties": 2}
    duty = _object(
        "What the gateway must do; one that cannot must deny.",
        {
            "type": _name("Such as approval, notify or mask."),
            "properties": _free("What the gateway needs to know for it."),
        },
        ("type",),
    )
    properties = {
        "params": _list("Bounds for params.", param, rules.MOST_CUTS),
        "read_only": {"const": True, "description": "Only reading is left."},
        "row_limit": _number("At most so many rows.", 1, rules.MOST_ROWS, "integer"),
        "obligations": _list("What the gateway must do.", duty, rules.MOST_CUTS),
    }
    return {**_object(description, properties), "minProperties": 1}


def _rules() -> Schema:
    properties = {
        "id": _name("Unique in the bundle; reasons name it."),
        "effect": _word("deny: true denies. require: anything but true denies. narrow: true narrows.", RuleEffect),
        "when": {
            "type": ["string", "boolean"],
            "description": "A CEL expression; docs/rules.md lists what it may name.",
        },
        "message": _text("What the person who is refused should read.", rules.MOST_MESSAGE),
        "mode": _word("shadow: evaluated and reported, without effect.", Mode, Mode.ENFORCE.value),
        "narrow": _scope("What is left when the rule is true."),
    }
    narrows = {"properties": {"effect": {"const": RuleEffect.NARROW.value}}}
    forked = {"if": narrows, "then": {"required": ["narrow"]}, "else": {"not": {"required": ["narrow"]}}}
    rule = {**_object("One rule.", properties, ("id", "effect", "when", "message")), **forked}
    return _list("Their order does not matter.", rule, rules.MOST_RULES)


def _rules_file() -> Schema:
    return _object("Rules for every request, whatever its intent.", {"rules": _rules()}, ("rules",))


def _thresholds(description: str) -> Schema:
    properties = {
        "accept": _number("From this score on the whole intent is granted.", *intents.SCORES),
        "narrow": _number("From this score on its narrowed scope is granted; at most 'accept'.", *intents.SCORES),
    }
    return _object(description, properties, ("accept", "narrow"))


def _intent() -> Schema:
    target = _object(
        "One kind of target.",
        {"kind": _pattern("The kind, such as table."), "name": _pattern("The name.")},
        ("kind", "name"),
    )
    sample = _text("In the words of the people or agents that ask.", intents.MOST_EXEMPLAR)
    seconds = _number("How long a grant lives, in seconds.", 1, intents.LONGEST_GRANT, "integer")
    uses = _number("How often a grant may be used.", 1, intents.MOST_USES, "integer")
    properties = {
        "id": _name("Unique in the bundle; agents.yaml and tests name it."),
        "description": _text("What is approved, for a reviewer."),
        "owner": _text("Who approved it: a team or an address."),
        "mode": _word("shadow: scored and reported, grants nothing.", Mode, Mode.ENFORCE.value),
        "agents": _list("The agents it is for; all by default.", _pattern("An agent id."), MOST_PATTERNS, unique=True),
        "targets": _list("What it may be used on.", target, MOST_PATTERNS),
        "actions": _list("The operations it covers.", _pattern("An action."), MOST_PATTERNS, unique=True),
        "exemplars": _list("Utterances that are approved.", sample, intents.MOST_EXEMPLARS, unique=True),
        "counter_exemplars": _list("Look-alikes that are not.", sample, intents.MOST_EXEMPLARS, unique=True, least=0),
        "thresholds": _thresholds("Instead of those in calibration.json."),
        "narrow": _scope("What is granted between the narrow and the accept threshold; without it, nothing."),
        "rules": {**_rules(), "minItems": 0},
        "grant": _object("How far a grant reaches.", {"seconds": seconds, "uses": uses}),
    }
    required = ("id", "description", "owner", "targets", "actions", "exemplars")
    return _object("An approved purpose.", properties, required)


def _agents() -> Schema:
    properties = {
        "id": _pattern("A SPIFFE id or a name."),
        "owner": _text("Who answers for the agent."),
        "description": _text("What it does."),
        "intents": _list("Intents it may use.", _pattern("An intent id."), MOST_PATTERNS, unique=True),
    }
    agent = _object("One agent, or all that match its id.", properties, ("id", "owner", "intents"))
    return _object("Agents.", {"agents": _list("Who may ask.", agent, MOST_AGENTS)}, ("agents",))


def _party(what: str, keys: Sequence[str]) -> Schema:
    free = {"attributes": _free("What the gateway knows about it.")}
    properties = {k: free.get(k) or _text(f"The {what}'s {k}.", cases.MOST_ID) for k in keys}
    return {"anyOf": [_text(f"The {what}'s id.", cases.MOST_ID), _object(f"The {what}.", properties, ("id",))]}


def _payload() -> Schema:
    kinds = {name: _payload_kind(name, kind) for name, kind in cases.PAYLOADS.items()}
    schema = _object("What the gateway is about to run; target and action follow from it.", kinds)
    return {**schema, "minProperties": 1, "maxProperties": 1}


def _payload_kind(name: str, kind: type[Any]) -> Schema:
    members = dataclasses.fields(kind)
    text = {"type": "string", "maxLength": cases.MOST_TEXT}
    headers = {"type": "object", "additionalProperties": {"type": "string"}}
    properties: dict[str, Schema] = {m.name: {"type": "object"} if m.name in cases.OBJECTS else text for m in members}
    if "headers" in properties:
        properties["headers"] = headers
    missing = dataclasses.MISSING
    needed = [m.name for m in members if m.default is missing and m.default_factory is missing]
    return _object(f"A {name} call.", properties, needed)


def _tests() -> Schema:
    text = {"type": "string", "maxLength": cases.MOST_TEXT}
    target = {
        "kind": _text("The kind."),
        "name": _text("The name.", cases.MOST_TEXT),
        "attributes": _free("Attributes."),
    }
    request = _object(
        "The question to the PDP.",
        {
            "agent": _party("agent", cases.AGENT_KEYS),
            "principal": _party("principal", cases.PRINCIPAL_KEYS),
            "session": _text("The session's id."),
            "utterance": {**text, "description": "The request text: prompt, plan step or stated purpose."},
            "target": _object("What is acted on.", target, ("kind", "name")),
            "action": _object(
                "The operation.", {"name": _text("Its name."), "params": _free("Its params.")}, ("name",)
            ),
            "payload": _payload(),
            "context": _free("What else the gateway sends."),
        },
        ("agent",),
    )
    properties = {
        "name": _text("Unique in the bundle: the promise that the test keeps.", 300),
        "now": _text("When it happens, such as 2026-01-05T10:00:00Z, which is the default."),
        "request": {**request, "anyOf": [{"required": ["payload"]}, {"required": ["target", "action"]}]},
        "expect": _expectation(),
    }
    test = _object("One test.", properties, ("name", "request", "expect"))
    return _object("Tests.", {"tests": _list("In any order.", test, cases.MOST_CASES)}, ("tests",))


def _expectation() -> Schema:
    properties = {
        "effect": _word("The answer.", Effect),
        "intent": {"type": "string", "description": 'The matched intent; "" for none.'},
        "reasons": _list("Codes that must all occur.", {"enum": list(cases.REASONS)}, len(cases.REASONS), least=0),
        "obligations": _list("Types that must all occur.", _name("A type."), 100, least=0),
        "params": _free("All params that are left."),
    }
    return _object("What is expected; only what is given is compared.", properties, ("effect",))


def _calibration() -> Schema:
    properties = {
        "format": {"const": FORMAT, "description": "The format of this file."},
        "encoder": _text("The fingerprint of the encoder that the thresholds were measured with."),
        "default": _thresholds("For every intent without thresholds of its own."),
        "intents": {**_free("For some intents, by their ids."), "additionalProperties": _thresholds("For one intent.")},
        "risks": _object(
            "Per risk class of an intent, for those without thresholds of their own.",
            {r.value: _thresholds(f"For intents whose risk is {r.value}.") for r in Risk},
            (),
        ),
        "head": _head(),
        "counter_weight": _number("How much a near counter-exemplar takes off a score.", 0, MOST_WEIGHT),
        "counter_gap": _number("How much nearer an exemplar must be for nothing to be taken off.", 0, MOST_GAP),
        "notes": _free("How it was made."),
    }
    return _object("Calibration.", properties, ("format", "encoder", "default"))


def _head() -> Schema:
    costs = {k.value: _number("Log-odds taken off for it.", 0, MOST_FACTOR) for k in ExcessKind}
    properties = {
        "logit": _number("Weight of the pair model.", LEAST_LOGIT, MOST_FACTOR),
        "nearness": _number("Weight of the index.", 0, MOST_FACTOR),
        "linear": _number("Weight of the bundle's linear head, head.json.", 0, MOST_FACTOR),
        "bias": _number("Added to them.", -MOST_FACTOR, MOST_FACTOR),
        "penalties": _object("Per kind of excess that the words show.", costs, ()),
    }
    return _object("Instead of the head that comes with the model.", properties, ("logit",))


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/schemas"))
