"""Generated bundles and texts for the latency benchmarks: deterministic, of known size, none seen twice."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

THINGS = (
    "invoice",
    "order",
    "shipment",
    "ticket",
    "contract",
    "refund",
    "delivery",
    "payment",
    "visit",
    "appointment",
    "warranty",
    "policy",
    "claim",
    "booking",
    "subscription",
    "return",
    "quote",
    "budget",
    "forecast",
    "survey",
)
QUALITIES = (
    "open",
    "overdue",
    "archived",
    "regional",
    "monthly",
    "pending",
    "disputed",
    "confirmed",
    "seasonal",
    "internal",
    "drafted",
    "approved",
    "rejected",
    "partial",
    "priority",
    "recurring",
    "flagged",
    "settled",
    "foreign",
    "domestic",
)
PLACES = ("Lisbon", "Oslo", "Graz", "Ghent", "Turku", "Porto", "Leeds", "Bergen", "Malmo", "Trieste", "Aarhus", "Brno")
PEOPLE = (
    "the planning team",
    "our auditor",
    "the branch manager",
    "the weekly review",
    "the service desk",
    "the controller",
)
SHAPES = (
    "Show the {thing}s of account {number}",
    "List every {thing} for {place} in week {week} of account {number}",
    "I need the {thing}s of account {number} in {place} for {people}",
    "Which {thing}s did account {number} have in {place} during week {week}, sorted by date for {people}",
    (
        "Please look up the {thing}s that belong to account {number} in {place} from week {week} on, "
        "with amounts and dates, so that {people} can compare"
    ),
)
EXEMPLARS = (
    "Show the {name}s of one account",
    "List the {name}s of account 12",
    "Which {name}s does this account have",
    "I need the {name}s of an account for a review",
    "Look up the {name}s of an account in one place",
    "{name}s of an account, sorted by date",
)


def names(count: int) -> list[str]:
    """``count`` different names of things (20 × 20 pairs, then numbered)."""
    pairs = [f"{q} {t}" for q in QUALITIES for t in THINGS]
    return [pairs[i % len(pairs)] + (f" {i // len(pairs)}" if i >= len(pairs) else "") for i in range(count)]


def write_bundle(
    directory: Path, intents: int, encoder: str, accept: float, narrow: float, *, sessions: bool = True
) -> None:
    """A valid bundle with ``intents`` intents of 6 exemplars and one rule each, all for agent ``bench``.

    ``sessions``: every request must belong to one, as is the default of a bundle.
    """
    (directory / "intents").mkdir(parents=True)
    (directory / "rules").mkdir()
    dump(
        directory / "bundle.yaml",
        {
            "name": f"bench-{intents}",
            "description": "Generated.",
            "owner": "bench@example.org",
            "sessions": {"required": sessions},
        },
    )
    dump(directory / "agents.yaml", {"agents": [{"id": "bench", "owner": "bench@example.org", "intents": ["*"]}]})
    dump(
        directory / "rules" / "global.yaml",
        {
            "rules": [
                {
                    "id": "no-bulk",
                    "effect": "deny",
                    "when": "has(action.params.limit) && action.params.limit > 1000",
                    "message": "At most 1,000 rows.",
                }
            ]
        },
    )
    for number, name in enumerate(names(intents)):
        dump(directory / "intents" / f"{number:05}.yaml", intent(number, name))
    calibration = {"format": 1, "encoder": encoder, "default": {"accept": accept, "narrow": narrow}}
    (directory / "calibration.json").write_text(json.dumps(calibration))


def intent(number: int, name: str, further: Sequence[str] = ()) -> dict[str, object]:
    """One intent of a generated bundle, with ``further`` exemplars."""
    return {
        "id": f"read-{name.replace(' ', '-')}",
        "description": f"Read the {name}s of an account.",
        "owner": "bench@example.org",
        "targets": [{"kind": "table", "name": f"table-{number}"}],
        "actions": ["read", "list"],
        "exemplars": [*(e.format(name=name) for e in EXEMPLARS), *further],
        "counter_exemplars": [f"Delete the {name}s of an account"],
        "rules": [
            {
                "id": f"one-account-{number}",
                "effect": "require",
                "when": "has(action.params.account)",
                "message": "One account.",
            }
        ],
    }


def dump(path: Path, value: object) -> None:
    """Write ``value`` as YAML."""
    text = yaml.dump(value, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=200)
    path.write_text(text, encoding="utf-8")


def texts(name: str, seed: int) -> Iterator[str]:
    """Endless single-clause requests about ``name``, 8 to 40 tokens long; no two are alike."""
    draw = random.Random(seed)
    number = 10_000 + 10_000_000 * (seed % 100)
    while True:
        number += draw.randrange(1, 9)
        yield draw.choice(SHAPES).format(
            thing=name, number=number, place=draw.choice(PLACES), week=draw.randrange(1, 53), people=draw.choice(PEOPLE)
        )
