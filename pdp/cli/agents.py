"""``agents``: the inventory."""

from __future__ import annotations

import argparse
import dataclasses

from rich.text import Text

from pdp.cli.channels import connected
from pdp.cli.exits import Exit
from pdp.cli.moments import moment
from pdp.cli.output import console, print_json, table
from pdp.runtime import AgentReport


def agents(arguments: argparse.Namespace) -> Exit:
    """Print every agent that was declared or seen."""
    with connected(arguments) as client:
        found = client.agents()
    if arguments.json:
        print_json([dataclasses.asdict(agent) for agent in found])
    else:
        _print_agents(found)
    return Exit.OK


def _print_agents(found: tuple[AgentReport, ...]) -> None:
    out = console()
    if found:
        rows = table("agent", "intents and targets", ">decisions", ">live", ">open", "last seen", "marks")
        for agent in found:
            rows.add_row(
                f"{agent.id}\n{agent.owner or 'nobody owns it'}",
                _reach(agent),
                f"{agent.allowed}/{agent.narrowed}/{agent.denied}",
                f"{agent.live_authority:g}",
                str(agent.open_sessions),
                moment(agent.last_seen),
                Text("\n".join(agent.marks), style="bold red"),
            )
        out.print(rows)
    marked = sum(bool(agent.marks) for agent in found)
    out.print(f"{len(found)} agent{'s' if len(found) != 1 else ''}, {marked} marked")
    out.print("decisions: allowed/narrowed/denied; live: authority that grants hold now; open: sessions", style="dim")


def _reach(agent: AgentReport) -> str:
    parts = {"used": agent.intents_used, "unused": agent.intents_unused, "targets": agent.targets}
    return "\n".join(f"{name}: {', '.join(found)}" for name, found in parts.items() if found) or "-"
