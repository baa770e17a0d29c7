"""What every peer is asked, and the bundle that our own answers come from."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from benchmarks import workload
from benchmarks.peers_adapters.loop import Question

INTENTS = 10
CAP, LIMIT, NARROWED = 1000, 50, 20
LIFE_SECONDS = 7200
ACCEPT, NARROW = 0.30, 0.20
"""Thresholds on the calibrated score; as in ``decide_latency``."""
TABLE = "table-0"
THING = workload.names(1)[0]
ACCOUNT = re.compile(r"account (\d+)")

PROBES = {
    "ordinary": Question(f"Show the {THING}s of account 10003", TABLE, "10003", LIMIT),
    "rows": Question(f"Show the {THING}s of account 10003", TABLE, "10003", 5 * CAP),
    "beyond": Question(f"Delete the {THING}s of account 10003", TABLE, "10003", LIMIT),
    "unrelated": Question("Write a poem about the sea for account 10003", TABLE, "10003", LIMIT),
}
"""Asked of every way, untimed. Only the first may pass: the second exceeds the cap, the other two texts are no reason
for the call, which is the same permitted one each time."""


def questions(seed: int) -> Iterator[Question]:
    """Endless ordinary questions; no two texts are alike, and each names the account that the call reads."""
    for text in workload.texts(THING, seed):
        found = ACCOUNT.search(text)
        if found is None:
            raise ValueError(f"no account in {text!r}")
        yield Question(text, TABLE, found[1], LIMIT)


def routes() -> dict[str, dict[str, Any]]:
    """The intents as routes: exemplars by table."""
    return {
        f"table-{n}": {"exemplars": [e.format(name=name) for e in workload.EXEMPLARS]}
        for n, name in enumerate(workload.names(INTENTS))
    }


def labelled() -> list[tuple[str, str | None]]:
    """Texts with their table, and some that belong to none: what a router calibrates on. None is asked later."""
    asked = [
        (text, f"table-{n}")
        for n, name in enumerate(workload.names(INTENTS))
        for text in itertools.islice(workload.texts(name, 90 + n % 10), 5)
    ]
    strangers = (f"{verb} {thing}" for verb in STRANGE_VERBS for thing in STRANGE_THINGS)
    return [*asked, *((text, None) for text in strangers)]


STRANGE_VERBS = ("Tell me a joke about", "Translate into French:", "Order new", "Who invented", "Paint")
STRANGE_THINGS = ("the moon", "office chairs", "a bicycle", "coffee", "the old harbour")


def write_bundle(directory: Path, rules: int, encoder: str) -> None:
    """Ten intents with ``rules`` global rules, each a cap on the rows of another table, and no other rule.

    An intent can be narrowed to fewer rows; sessions may last as long as a run.
    """
    workload.write_bundle(directory, INTENTS, encoder, ACCEPT, NARROW)
    for path in (directory / "intents").iterdir():
        _change(path, rules=[], narrow={"params": [{"param": "limit", "at_most": NARROWED}]})
    _change(directory / "bundle.yaml", sessions={"seconds": LIFE_SECONDS})
    _dump(directory / "rules" / "global.yaml", {"rules": [_cap(n) for n in range(rules)]})


def _change(path: Path, **entries: object) -> None:
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    _dump(path, {**found, **entries})


def _cap(number: int) -> dict[str, str]:
    return {
        "id": f"cap-{number:03}",
        "effect": "deny",
        "when": f'target.name == "table-{number}" && action.params.limit > {CAP}',
        "message": f"At most {CAP} rows.",
    }


def _dump(path: Path, value: object) -> None:
    path.write_text(yaml.safe_dump(value, sort_keys=False), encoding="utf-8")
