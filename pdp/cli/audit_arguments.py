"""What can be typed behind ``pdp audit``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

CODES = "exit codes: 0 verified, 2 wrong usage, 4 tampered, 5 something missing, 6 unverifiable, 7 disagreement"
Add = Callable[[str, str, str], argparse.ArgumentParser]
"""Adds a command: its name, the function that carries it out, its help."""


def add_audit(add: Add) -> None:
    """``audit verify | trace | export | forget | checkpoint``."""
    _verify(add)
    _trace(add)
    export = _command(add, "export", "write every record in the words of OCSF or CloudEvents, as JSON lines")
    export.add_argument("--format", choices=("ocsf", "cloudevents"), required=True)
    export.add_argument("--out", type=Path, required=True, metavar="FILE")
    forget = _command(add, "forget", "erase the key of a subject's prompts; every proof stays valid")
    forget.add_argument("subject", metavar="SUBJECT", help="the principal's id, or the agent's where there was none")
    checkpoint = _command(add, "checkpoint", "copy the newest checkpoint, to be kept elsewhere as an anchor")
    checkpoint.add_argument("--out", type=Path, required=True, metavar="FILE")
    _key(checkpoint)


def _verify(add: Add) -> None:
    verify = _command(add, "verify", "check the whole log offline: hashes, signatures, links, and every decision again")
    verify.epilog = CODES
    verify.add_argument("--anchor", type=Path, metavar="FILE", help="a checkpoint that was kept elsewhere")
    verify.add_argument("--no-redecide", action="store_true", help="do not make the decisions again")
    _key(verify)
    _json(verify)


def _trace(add: Add) -> None:
    trace = _command(add, "trace", "draw what belongs to an id, from the prompt to what ran, with its proofs")
    trace.add_argument("id", metavar="ID", help="of a request, decision, session, grant or trace")
    trace.add_argument("--prompts", action="store_true", help="open sealed prompts whose key still exists")
    _key(trace)
    _json(trace)


def _command(add: Add, name: str, text: str) -> argparse.ArgumentParser:
    command = add(name, f"pdp.cli.audit:{name}", text)
    command.add_argument("--data-dir", type=Path, required=True, metavar="DIR", help="the service's data directory")
    return command


def _key(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--key", type=Path, metavar="FILE", help="verifier keys, one a line (default: those in the data directory)"
    )


def _json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print JSON")
