"""``status``: what a server has in force."""

from __future__ import annotations

import argparse
import dataclasses

from rich.text import Text

from pdp.cli.channels import connected
from pdp.cli.exits import Exit
from pdp.cli.output import console, print_json
from pdp.cli.problems import print_problems
from pdp.reports import Status


def status(arguments: argparse.Namespace) -> Exit:
    """Print what the server has in force; the exit code says whether it serves the newest files."""
    with connected(arguments) as client:
        found = client.status()
    if arguments.json:
        print_json(dataclasses.asdict(found))
    else:
        _print_status(found)
    return Exit.OK if found.serving else Exit.NO


def _print_status(found: Status) -> None:
    out = console()
    serving = Text("serving", style="bold green") if found.serving else Text("not serving", style="bold red")
    workers = f"{found.workers} worker{'s' if found.workers != 1 else ''}"
    out.print(serving + f"  pdp {found.version}, {workers}, up {_age(found.uptime_seconds)}")
    out.print(f"bundle   {found.bundle}, in force for {_age(found.bundle_age_seconds)}")
    out.print(f"         {found.revision}")
    out.print(
        f"         {found.intents} intents, {found.exemplars} exemplars, {found.rules} rules, {found.agents} agents"
    )
    out.print(f"path     {found.path}")
    out.print(f"encoder  {found.encoder}")
    if found.problems:
        out.print("the newest files are not in force:", style="bold red")
        print_problems(out, found.problems, None)


def _age(seconds: float) -> str:
    whole = int(seconds)
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if whole >= 2 * size:
            return f"{whole // size} {unit}"
    return f"{whole} s"
