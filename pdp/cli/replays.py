"""``replay``: what another bundle would have answered to the decisions of a log."""

from __future__ import annotations

import argparse
import json
from collections import Counter

from pdp.audit.read import AuditReader
from pdp.audit.record import Record
from pdp.cli.exits import Exit
from pdp.cli.output import console, effect, table
from pdp.cli.rulebooks import kept_rulebooks
from pdp.policy.bundle import load
from pdp.policy.rules import problems
from pdp.replaying import Replayed, Replayer
from pdp.snapshot import Snapshot, rulebook


def replay(arguments: argparse.Namespace) -> Exit:
    """Hold every recorded decision against another bundle. 1 when any would have been otherwise."""
    against = rulebook(load(arguments.against, check_rules=problems))
    replayer = Replayer(kept_rulebooks(arguments.data_dir), against)
    with AuditReader.open(arguments.data_dir) as reader:
        found = [r for record in reader.records() if (r := _take(replayer, record))]
    counts = Counter(r.change or ("unknown" if r.unknown else "the same") for r in found)
    counts["near a threshold"] = sum(r.near for r in found)
    if arguments.json:
        rows = [_document(r) for r in found if r.change or r.near or r.unknown]
        console().print_json(json.dumps({"decisions": len(found), "counts": counts, "changes": rows}))
    else:
        _print(found, counts, against, arguments.most)
    return Exit.NO if any(r.change for r in found) else Exit.OK


def _take(replayer: Replayer, record: Record) -> Replayed | None:
    entry = record.entry()
    return replayer.take(record.index, entry.kind, entry.time, entry.body)


def _print(found: list[Replayed], counts: Counter[str], against: Snapshot, most: int) -> None:
    out = console()
    out.print(f"{len(found)} decisions against {against.bundle.name} ({against.bundle.revision})")
    for what in ("newly allowed", "newly narrowed", "newly denied", "near a threshold", "unknown", "the same"):
        out.print(f"  {counts[what]:>6}  {what}")
    shown = [r for r in found if r.change or r.near][:most]
    if not shown:
        return
    rows = table("", "index", "decision", "agent", "intent", "before", "after", "why")
    for r in shown:
        mark = "≈" if r.near and not r.change else "→"
        names = (str(r.index), r.decision_id, r.agent, r.intent)
        rows.add_row(mark, *names, effect(r.before), effect(r.after), r.why)
    out.print(rows)


def _document(r: Replayed) -> dict[str, object]:
    return {
        "index": r.index,
        "decision_id": r.decision_id,
        "agent": r.agent,
        "intent": r.intent,
        "before": r.before.value,
        "after": r.after.value,
        "change": r.change,
        "near": r.near,
        "unknown": r.unknown,
        "why": r.why,
    }
