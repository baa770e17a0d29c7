"""What a grant costs: ``python -m benchmarks.grant_latency --out R.json``.

One thread, a grant as the service mints it: minted with a new id, verified for the first time at a gateway (signature,
claims, revocation feed, replay set), and verified again for its next use.
"""

from __future__ import annotations

import argparse
import gc
import importlib.metadata
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from joserfc.jwk import ECKey
from rich.console import Console
from rich.table import Table

from benchmarks import measure
from pdp.client.grants import MOST_KNOWN, Gateway, GrantVerifier
from pdp.grant import Actor, Grant, PublicKeys, SigningKey, Subject, action_digest, detail_of, mint
from pdp.types import Access, Action, NarrowedRequest, SqlPayload, Target

NOW = 1_800_000_000.0
GOALS = {"mint": 80.0, "verify": 200.0, "cached verify": 5.0}
"""Microseconds at p50."""
GATEWAY = Gateway("gw:pg-prod/i-3", "https://pdp.example", "c" * 43)
GRANTED = NarrowedRequest(
    Target("table", "billing.invoices", {"region": "eu-central-1"}),
    Action("read", {"customer": 4711, "limit": 100, "columns": ["id", "due", "sum"]}),
    SqlPayload("SELECT id, due, sum FROM billing.invoices WHERE customer = 4711 LIMIT 100", "postgres", "billing"),
    read_only=True,
    row_limit=100,
)
DIGEST = action_digest(GRANTED.target, GRANTED.action, GRANTED.payload)
GRANT = Grant(
    id="0" * 32,
    issuer=GATEWAY.issuer,
    audience=GATEWAY.audience,
    principal="ada@example.com",
    actors=(Actor("spiffe://example.com/agents/billing", "billing-7f9c"),),
    issued_at=NOW,
    not_before=int(NOW),
    expires_at=int(NOW) + 60,
    transaction="9" * 32,
    session="8" * 32,
    task="close-of-month-2026-11",
    intent="read-invoices",
    detail=detail_of(GRANTED, Access.READ, ("limit",)),
    digest=DIGEST,
    decision="7" * 32,
    revision="sha256:" + "6" * 64,
    certificate=GATEWAY.certificate,
    uses=1_000,
)


class _Nothing:
    """A feed that was heard from and has nothing to say."""

    def revoked(self, subjects: Sequence[Subject], reads: bool, now: float) -> str | None:  # noqa: ARG002, FBT001
        """Nothing."""
        return None

    @property
    def stale(self) -> str:
        """Never."""
        return ""


def run(rounds: int) -> tuple[dict[str, list[float]], int]:
    """Seconds of each way, and the bytes of one token."""
    private = ECKey.generate_key("P-256")
    key = SigningKey(private.thumbprint(), 0, private)
    keys = PublicKeys([ECKey.import_key(private.as_dict(private=False))])
    grants = [replace(GRANT, id=f"{n:032x}") for n in range(rounds)]
    tokens = [mint(g, key) for g in grants]
    verifier = GrantVerifier(GATEWAY, keys, _Nothing(), started=0.0)
    ways: dict[str, Callable[[int], object]] = {
        "mint": lambda n: mint(grants[n], key),
        "verify": lambda n: verifier.verify(tokens[n], DIGEST, NOW),
        "cached verify": lambda n: verifier.verify(tokens[n], DIGEST, NOW),
    }
    found: dict[str, list[float]] = {name: [] for name in ways}
    gc.collect()
    # One way after the other, each time another grant, as at a gateway that serves many.
    for name, way in ways.items():
        for number in range(rounds):
            begun = time.perf_counter()
            way(number)
            found[name].append(time.perf_counter() - begun)
    return {name: times[rounds // 10 :] for name, times in found.items()}, len(tokens[0])


def figures_of(times: Sequence[float]) -> dict[str, float]:
    """As ``measure.summary``, in microseconds."""
    in_milliseconds = measure.summary(times)
    return {
        name.replace("_ms", "_us"): round(value * 1e3, 2) if name.endswith("_ms") else value
        for name, value in in_milliseconds.items()
    }


def machine() -> dict[str, object]:
    """Where the figures come from, with the libraries that sign."""
    versions = {p: importlib.metadata.version(p) for p in ("joserfc", "cryptography")}
    found = measure.machine()
    return {**found, "versions": {**found["versions"], **versions}}


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grant_latency", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--rounds", type=int, default=MOST_KNOWN, choices=range(10, MOST_KNOWN + 1), metavar="N")
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    options = parser.parse_args(arguments)
    times, size = run(options.rounds)
    figures = {name: figures_of(t) for name, t in times.items()}
    table = Table(title=f"a grant of {size} bytes, one thread", title_justify="left")
    for heading in ("", "p50 µs", "p99 µs", "goal p50", "reached"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, row in figures.items():
        reached = "yes" if row["p50_us"] <= GOALS[name] else "no"
        table.add_row(name, f"{row['p50_us']:.1f}", f"{row['p99_us']:.1f}", f"{GOALS[name]:.0f}", reached)
    Console().print(table)
    if options.out:
        document = {"figures": figures, "goals_p50_us": GOALS, "token_bytes": size, "machine": machine()}
        options.out.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
