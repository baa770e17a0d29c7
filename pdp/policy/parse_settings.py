"""``bundle.yaml`` and ``calibration.json``."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from pdp.errors import Problem
from pdp.policy.model import Settings, Window
from pdp.policy.parse_rules import IDENTIFIER
from pdp.policy.source import Fields, Source, nearest, string
from pdp.types import CalibrationData, Thresholds

BUNDLE = frozenset({"name", "description", "owner", "constants", "networks", "windows"})
CALIBRATION = frozenset({"format", "encoder", "default", "intents", "counter_weight", "counter_gap", "notes"})
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WINDOW = frozenset({"days", "start", "until", "timezone"})


@dataclass(frozen=True, slots=True)
class Header:
    """What ``bundle.yaml`` says."""

    name: str = ""
    description: str = ""
    owner: str = ""
    settings: Settings = field(default_factory=Settings)


def parse_header(root: yaml.Node, source: Source) -> Header:
    """``bundle.yaml``."""
    fields = Fields(root, source, "bundle.yaml", BUNDLE)
    name = fields.text("name", most=128)
    if name and not IDENTIFIER.fullmatch(name):
        fields.problem("name", f"name {name!r} is not an identifier", "use letters, digits, '.', '_' and '-'")
    networks = {n: _networks(node, source) for n, node in _named(fields, "networks", source)}
    windows = {n: w for n, node in _named(fields, "windows", source) if (w := _window(node, source))}
    settings = Settings(fields.object("constants"), networks, windows)
    return Header(name, fields.text("description"), fields.text("owner"), settings)


def _named(fields: Fields, key: str, source: Source) -> list[tuple[str, yaml.Node]]:
    node = fields.get(key)
    if node is None:
        return []
    if not isinstance(node, yaml.MappingNode):
        source.problem(node, f"{key!r} must be a mapping of names", f"write {key}: {{some_name: ...}}")
        return []
    return [(k.value, v) for k, v in node.value]


def _networks(node: yaml.Node, source: Source) -> tuple[IPv4Network | IPv6Network, ...]:
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        source.problem(node, "a network is a list of CIDR ranges", 'for example ["10.0.0.0/8"]')
        return ()
    found = []
    for item in node.value:
        text = string(item, source, "a CIDR range", 64)
        if text is None:
            continue
        try:
            found.append(ip_network(text))
        except ValueError as error:
            source.problem(item, f"not a CIDR range: {error}", 'for example "10.0.0.0/8", with no host bits set')
    return tuple(found)


def _window(node: yaml.Node, source: Source) -> Window | None:
    before = len(source.problems)
    fields = Fields(node, source, "a window", WINDOW)
    days = [_day(t, fields) for t, _ in fields.texts("days")]
    start, until = _time(fields, "start"), _time(fields, "until")
    zone = fields.text("timezone")
    if zone and not _is_zone(zone):
        fields.problem("timezone", f"unknown time zone {zone!r}", "use an IANA name such as Europe/Berlin or UTC")
    if len(source.problems) > before or start is None or until is None:
        return None
    if start == until:
        fields.problem("until", "a window that ends when it starts is never open", "give another time")
        return None
    return Window(frozenset(days), start, until, zone)


def _day(text: str, fields: Fields) -> int:
    if text not in DAYS:
        fields.problem("days", f"unknown day {text!r}", nearest(text, DAYS))
        return 0
    return DAYS.index(text)


def _time(fields: Fields, key: str) -> time | None:
    node = fields.get(key)
    text = str(node.value) if isinstance(node, yaml.ScalarNode) else ""
    try:
        # Only HH:MM, and in quotes: YAML 1.1 reads 10:30 as a number in base 60.
        if len(text) == len("08:00") and fields.text(key):
            return time.fromisoformat(text)
    except ValueError:
        pass
    fields.problem(key, f"{key} must be a time of day", f'write {key}: "08:00"')
    return None


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def parse_calibration(data: bytes, source: Source) -> CalibrationData:
    """``calibration.json``; what is wrong stands in ``source.problems``."""
    try:
        value = json.loads(data, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        source.problems.append(Problem(source.file, error.lineno, error.colno, f"not JSON: {error.msg}", "mend the syntax"))
        return _nothing()
    except (ValueError, RecursionError) as error:
        source.problem(None, f"not JSON: {error}", "write plain numbers and strings")
        return _nothing()
    if not isinstance(value, dict):
        source.problem(None, "must be an object", 'write {"format": 1, "encoder": ..., "default": {...}}')
        return _nothing()
    return _calibration(value, source, data.decode("utf-8", "replace"))


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def _nothing() -> CalibrationData:
    return CalibrationData("", Thresholds(1.0, 1.0))


def _calibration(value: dict[str, Any], source: Source, text: str) -> CalibrationData:
    def wrong(key: str, message: str, fix: str) -> None:
        line, column = _find(text, key)
        source.problems.append(Problem(source.file, line, column, message, fix))

    for key in value:
        if key not in CALIBRATION:
            wrong(key, f"unknown key {key!r}", nearest(key, CALIBRATION))
    if value.get("format") != 1:
        wrong("format", "format must be 1", 'write "format": 1')
    encoder = value.get("encoder")
    if not isinstance(encoder, str) or not encoder.startswith("sha256:"):
        wrong("encoder", "encoder must be the fingerprint it was made for", "pdp status shows the fingerprint of the loaded encoder")
        encoder = ""
    intents = value.get("intents", {})
    if not isinstance(intents, dict):
        wrong("intents", "intents must map ids to thresholds", 'write {"some-intent": {"accept": 0.6, "narrow": 0.5}}')
        intents = {}
    numbers = {k: _number(value.get(k, d), 0.0, most) for k, d, most in (("counter_weight", 1.0, 100.0), ("counter_gap", 0.0, 1.0))}
    for key, number in numbers.items():
        if number is None:
            wrong(key, f"{key} is out of range", "leave it out for the default")
    return CalibrationData(
        encoder=encoder,
        default=_thresholds(value.get("default"), "default", wrong),
        intents={k: _thresholds(v, k, wrong) for k, v in intents.items()},
        counter_weight=numbers["counter_weight"] or 0.0,
        counter_gap=numbers["counter_gap"] or 0.0,
        notes=value["notes"] if isinstance(value.get("notes"), dict) else {},
    )


def _find(text: str, key: str) -> tuple[int, int]:
    at = text.find(json.dumps(key))
    if at < 0:
        return 1, 1
    return text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1


def _number(value: object, least: float, most: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value) if least <= value <= most else None


def _thresholds(value: object, key: str, wrong: Any) -> Thresholds:
    given: Mapping[str, object] = value if isinstance(value, dict) else {}
    accept, narrow = (_number(given.get(k), 0.0001, 1.0) for k in ("accept", "narrow"))
    if accept is None or narrow is None or given.keys() - {"accept", "narrow"}:
        wrong(key, f"{key} needs accept and narrow, each above 0 and at most 1, and nothing else", 'write {"accept": 0.6, "narrow": 0.5}')
        return Thresholds(1.0, 1.0)
    if narrow > accept:
        wrong(key, f"narrow {narrow:g} of {key} lies above accept {accept:g}", "swap them: accept is the higher one")
    return Thresholds(accept, narrow)
