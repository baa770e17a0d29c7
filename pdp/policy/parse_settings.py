"""``bundle.yaml``: what the bundle is called, the named things that its rules may use, what sessions are held to."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import time
from ipaddress import IPv4Network, IPv6Network, ip_network
from zoneinfo import ZoneInfo, available_timezones

from pdp.policy.fields import Fields, demand_distinct, demand_known, nearest, text_of
from pdp.policy.model import Settings, Window
from pdp.policy.nodes import Items, Node, Refused, Scalar, described
from pdp.policy.parse_sessions import parse_sessions
from pdp.policy.source import Source, plain

BUNDLE_KEYS = ("name", "description", "owner", "constants", "networks", "windows", "sessions")
WINDOW_KEYS = ("days", "start", "until", "timezone")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOST_RANGES = 10_000
TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


@dataclass(frozen=True, slots=True)
class Header:
    """What ``bundle.yaml`` says."""

    name: str = ""
    description: str = ""
    owner: str = ""
    settings: Settings = field(default_factory=Settings)


def parse_header(root: Node, source: Source) -> Header:
    """The whole file. A setting that is wrong keeps its name, so that rules that use it are not reported as well."""
    fields = Fields(root, source, "bundle.yaml", BUNDLE_KEYS)
    settings = Settings(
        constants={name: plain(node, source) for name, node in fields.named("constants")},
        networks={name: _network(node, source) for name, node in fields.named("networks")},
        windows={name: _window(node, source) for name, node in fields.named("windows")},
        sessions=parse_sessions(fields),
    )
    return Header(fields.identifier("name"), fields.text("description"), fields.text("owner"), settings)


def _network(node: Node, source: Source) -> tuple[IPv4Network | IPv6Network, ...]:
    if isinstance(node, Refused):
        return ()
    if not isinstance(node, Items) or not 0 < len(node.nodes) <= MOST_RANGES:
        seen = "empty" if isinstance(node, Items) and not node.nodes else described(node)
        message = f"a network is a list of 1 to {MOST_RANGES:,} CIDR ranges; this one is {seen}"
        source.problem(node, message, 'write for example ["10.0.0.0/8"]')
        return ()
    return tuple(r for n in node.nodes if (r := _range(n, source)))


def _range(node: Node, source: Source) -> IPv4Network | IPv6Network | None:
    text = text_of(node, source, "a CIDR range", 64)
    if text is None:
        return None
    try:
        return ip_network(text)
    except ValueError:
        source.problem(node, f"{text!r} is not a CIDR range", _range_fix(text))
        return None


def _range_fix(text: str) -> str:
    try:
        return f"did you mean {str(ip_network(text, strict=False))!r}?"
    except ValueError:
        return "write for example 10.0.0.0/8 or 2001:db8::/32"


def _window(node: Node, source: Source) -> Window:
    fields = Fields(node, source, "the window", WINDOW_KEYS)
    days = fields.texts("days", most=20, items=len(DAYS))
    demand_known(days, DAYS, "day", source)
    demand_distinct(days, "'days'", source)
    return Window(
        frozenset(DAYS.index(d.text) for d in days if d.text in DAYS),
        _time(fields, "start"),
        _time(fields, "until"),
        _zone(fields),
    )


def _time(fields: Fields, key: str) -> time:
    node = fields.needs(key)
    if node is None or isinstance(node, Refused):
        return time()
    text = node.text if isinstance(node, Scalar) else ""
    if not TIME.fullmatch(text):
        midnight = 'write "00:00"; a window may end on the next day' if text == "24:00" else f'write {key}: "08:00"'
        fields.problem(key, f"{key!r} is {text[:20]!r}, not a time of day", midnight)
        return time()
    fields.text(key)  # says that 10:30 needs quotes: YAML 1.1 reads it as a number
    return time.fromisoformat(text)


def _zone(fields: Fields) -> str:
    name = fields.text("timezone", most=100)
    try:
        if name:
            ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        # OSError: a part of a name, such as Europe, is a directory.
        fix = nearest(name, _similar_zones(name), "write an IANA name such as Europe/Berlin, or UTC")
        fields.problem("timezone", f"there is no time zone {name!r}", fix)
        return "UTC"
    return name or "UTC"


def _similar_zones(name: str) -> list[str]:
    """Zones by their own names and by that of their city, as far as they can be meant."""
    wanted = name.rpartition("/")[2].lower()[:3]
    return [z for z in available_timezones() if z.rpartition("/")[2].lower().startswith(wanted)] if wanted else []
