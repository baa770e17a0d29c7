"""``agents.yaml``: who may use which intents."""

from __future__ import annotations

from collections.abc import Collection

from pdp.policy.admission import compile_pattern
from pdp.policy.fields import Fields, nearest
from pdp.policy.model import AgentEntry
from pdp.policy.names import Names
from pdp.policy.nodes import Node, Scalar
from pdp.policy.patterns import pattern, patterns
from pdp.policy.source import Source

AGENTS_KEYS = ("agents",)
AGENT_KEYS = ("id", "owner", "description", "intents")
MOST_AGENTS = 10_000


def parse_agents(root: Node, source: Source, names: Names, intents: Collection[str] | None) -> tuple[AgentEntry, ...]:
    """The entries, by the order of the file. ``intents`` are the ids there are; ``None`` when not all are known."""
    fields = Fields(root, source, "agents.yaml", AGENTS_KEYS)
    nodes = fields.items("agents", most=MOST_AGENTS, required=True)
    return tuple(_agent(Fields(n, source, "the agent", AGENT_KEYS), names, intents) for n in nodes)


def _agent(fields: Fields, names: Names, intents: Collection[str] | None) -> AgentEntry:
    name = pattern(fields, "id")
    names.claim("agent", name, fields, "id")
    usable = patterns(fields, "intents")
    if intents is not None:
        _demand_some(usable, intents, fields.source)
    return AgentEntry(
        id=name,
        owner=fields.text("owner"),
        intents=tuple(n.text for n in usable),
        position=fields.position,
        description=fields.text("description", ""),
    )


def _demand_some(usable: tuple[Scalar, ...], intents: Collection[str], source: Source) -> None:
    for node in usable:
        if source.is_full or node.text in intents or any(map(compile_pattern((node.text,)), intents)):
            continue
        is_pattern = "*" in node.text or "?" in node.text
        what = f"no intent matches {node.text!r}" if is_pattern else f"there is no intent {node.text!r}"
        source.problem(node, what, nearest(node.text, intents))
