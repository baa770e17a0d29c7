"""The names that rules may use, as far as they are the same in every bundle. ``docs/rules.md`` explains each.

Fields and their types are those of the messages in ``protos/pdp/v1/cel.proto``; facts are declared in
``pdp.policy.facts``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from pdp.types import Access

Path: TypeAlias = tuple[str, ...]
"""An attribute: ``("action", "params", "limit")``."""

MESSAGES: Final[Mapping[str, str]] = {
    "agent": "Agent",
    "principal": "Principal",
    "session": "Session",
    "target": "Target",
    "action": "Action",
    "request": "Request",
    "match": "Match",
    "payload": "Payload",
}
"""Variables that are messages, with the message's name."""

ROOTS: Final = (*MESSAGES, "facts", "constants")
"""Every top-level variable."""

JSON_MAPS: Final = frozenset(
    {
        ("agent", "attributes"),
        ("principal", "attributes"),
        ("target", "attributes"),
        ("action", "params"),
        ("request", "context"),
    }
)
"""Maps from the request. They are always there, maybe empty; their keys may be absent, their numbers are doubles."""

PARAM_FACTS: Final = frozenset("grounded emails domains hosts paths networks touched_networks".split())
"""Facts that are maps with a key for every param."""

KINDS: Final[Mapping[str, frozenset[str]]] = {
    kind: frozenset(("parsed", "access", "flags", *fields.split()))
    for kind, fields in {
        "mcp": "server tool argument_names target_in_arguments",
        "http": "method host port path segments query query_keys headers",
        "kubernetes": "verb resource subresource group namespace name cluster_scoped",
        "sql": """dialect database statement statements statement_count relations relations_read relations_written
        schemas columns star has_where every_row functions unknown_functions dangerous_functions""",
        "cloud": "provider service operation verb resource region",
        "ssh": "host user commands command_count programs actions operands paths writes hosts privileged",
    }.items()
}
"""The fields of ``payload`` that every payload of a kind has."""

SESSION_NUMBERS: Final = tuple(
    """age_seconds decisions allowed narrowed denied denials_in_a_row reads changes criticals targets privileges
    live_authority peak_authority rows bytes read_then_send drift""".split()
)
"""The fields of ``session`` that are numbers: what a budget may bound."""

WORDS: Final[Mapping[Path, frozenset[str]]] = {
    ("payload", "kind"): frozenset(KINDS),
    ("payload", "access"): frozenset(a.name.lower() for a in Access),
}
"""Fields that hold one of a few words."""


def always_present(path: Path) -> bool:
    """Whether ``path`` itself can never be missing, though a key below it may be."""
    return (
        len(path) == 1
        or path in JSON_MAPS
        or path == ("payload", "kind")
        or (path[0] in {"facts", "constants"} and len(path) == 2)
    )


def grain(path: Path) -> Path:
    """The part of ``path`` that is read from a request as one piece."""
    return path[:3] if path[:2] in JSON_MAPS else path[:2]


def spelt(path: Path) -> str:
    """``path`` as a rule spells it."""
    head, *rest = path
    return head + "".join(f".{p}" if p.isidentifier() else f'["{p}"]' for p in rest)
