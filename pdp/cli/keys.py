"""``keys list | rotate``: the keys that sign grants, in the data directory. Workers take them in within seconds."""

from __future__ import annotations

import argparse
import time

from pdp.cli.exits import Exit, Usage
from pdp.cli.moments import moment
from pdp.cli.output import console, print_json, table
from pdp.data_directory import KEYS
from pdp.grant.keys import KeyRing

ANNOUNCED = 60.0


def show(arguments: argparse.Namespace) -> Exit:
    """Print the keys, the one that signs marked."""
    now = time.time()
    ring = _ring(arguments, now)
    signing = ring.signing_key(now).id
    if arguments.json:
        print_json({"signing": signing, **ring.jwks(now)})
        return Exit.OK
    rows = table("key", "signs")
    for name in ring.public(now):
        rows.add_row(name, "now" if name == signing else "")
    console().print(rows)
    return Exit.OK


def rotate(arguments: argparse.Namespace) -> Exit:
    """Make the next key."""
    now = time.time()
    ring = _ring(arguments, now)
    before = ring.signing_key(now).id
    made = ring.rotate(now, 0.0 if arguments.at_once else ANNOUNCED)
    if arguments.json:
        print_json({"key": made.id, "signs_from": made.signs_from, "before": before})
        return Exit.OK
    console().print(f"{made.id} signs from {moment(made.signs_from)}")
    if arguments.at_once:
        console().print(f"if {before} has leaked: pdp kill key {before} --cause key-compromised --reason ...")
    return Exit.OK


def _ring(arguments: argparse.Namespace, now: float) -> KeyRing:
    directory = arguments.data_dir / KEYS
    if not directory.is_dir():
        raise Usage(f"{directory} is no directory; name the --data-dir of a service that has run")
    return KeyRing.open(directory, now)
