"""What can be typed about sessions, agents and the kill switch."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from pdp.revocation.order import CAUSES, Scope

Add = Callable[[str, str, str], argparse.ArgumentParser]


def add_runtime(add: Add, group: Callable[[str, str], Add]) -> None:
    """Declare the commands with ``add``; ``group`` opens a command that has commands of its own."""
    kill = add("kill", "pdp.cli.orders:kill", "allow nothing of an agent, session, target ... any more")
    _order(kill)
    kill.add_argument("--cause", choices=sorted(CAUSES), default="", help="stable code (default: operator-action)")
    kill.add_argument("--seconds", type=float, default=0.0, metavar="N", help="how long (default: until it is lifted)")
    kill.add_argument("--quarantine", action="store_true", help="allow reads, nothing else")
    _order(add("lift", "pdp.cli.orders:lift", "end the kill or quarantine of exactly this scope and value"))
    add("orders", "pdp.cli.orders:orders", "what is killed and quarantined now")
    sessions = add("sessions", "pdp.cli.sessions:sessions", "sessions, the newest first")
    sessions.add_argument("--open", action="store_true", help="only those that are open")
    sessions.add_argument("--agent", default="", metavar="ID", help="only those of this agent")
    sessions.add_argument("--limit", type=int, default=0, metavar="N", help="at most so many (default: 100)")
    add("agents", "pdp.cli.agents:agents", "every agent that was declared or seen, and what it used")
    _session(group("session", "start, end and show one session"))


def _order(command: argparse.ArgumentParser) -> None:
    command.add_argument("scope", metavar="SCOPE", choices=[scope.value for scope in Scope], help="%(choices)s")
    command.add_argument(
        "value", metavar="VALUE", nargs="?", default="", help="its id; agent/instance, kind/name; none for everything"
    )
    command.add_argument("--reason", default="", metavar="TEXT", help="for the trail and whoever is refused")
    command.add_argument(
        "--wait", type=float, default=0.0, metavar="N", help="seconds to wait for gateways to acknowledge"
    )


def _session(add: Add) -> None:
    start = add("start", "pdp.cli.sessions:start", "open a session")
    start.add_argument("--agent", required=True, metavar="ID")
    start.add_argument("--instance", default="", metavar="ID", help="which instance of the agent")
    start.add_argument("--purpose", required=True, metavar="TEXT", help="what the session is for, in words")
    start.add_argument("--principal", default="", metavar="ID")
    start.add_argument("--task", default="", metavar="ID", help="your own id of the task")
    start.add_argument("--seconds", type=float, default=0.0, metavar="N", help="how long (default: as the bundle says)")
    start.add_argument("--intent", action="append", default=[], metavar="ID", help="repeatable; only these may be used")
    start.add_argument(
        "--budget", action="append", default=[], metavar="NAME=N", help="repeatable; tighter than the bundle: rows=100"
    )
    end = add("end", "pdp.cli.sessions:end", "end a session and every grant of it")
    end.add_argument("session", metavar="ID")
    end.add_argument("--reason", default="", metavar="TEXT", help="for the trail")
    add("show", "pdp.cli.sessions:show", "what a session has gathered so far").add_argument("session", metavar="ID")
