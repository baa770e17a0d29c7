"""``replay``: what another bundle would have answered to the decisions of a log."""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.text import Text

from pdp.audit.read import AuditReader
from pdp.audit.record import Record, RecordKind
from pdp.cli.exits import Exit, Usage
from pdp.cli.output import console, effect, print_json, table
from pdp.cli.rulebooks import kept_rulebooks
from pdp.policy.bundle import load
from pdp.policy.rules import problems
from pdp.replaying import Replayed, Replayer
from pdp.snapshot import Snapshot, rulebook
from pdp.types import Effect, Json

SAME, NEAR, UNKNOWN, PERHAPS = "the same", "near a threshold", "unknown", "perhaps allowed"
KINDS = ("newly allowed", "newly narrowed", "newly denied", PERHAPS, UNKNOWN, SAME)
_MARKS = {"newly allowed": "bold red", "newly narrowed": "yellow", "newly denied": "bold", PERHAPS: "red"}


def replay(arguments: argparse.Namespace) -> Exit:
    """Hold every recorded decision against another bundle. 1 when any would have been otherwise."""
    if arguments.most < 0:
        raise Usage(f"--most {arguments.most}: give a number from 0 on")
    against = rulebook(load(arguments.against, check_rules=problems))
    replayer = Replayer(kept_rulebooks(arguments.data_dir), against)
    found, left = [], 0
    with AuditReader.open(arguments.data_dir) as reader:
        for record in reader.records():
            replayed = _take(replayer, record)
            left += replayed is None and record.kind == RecordKind.DECISION.value
            found += [replayed] if replayed is not None else []
    found.sort(key=severity)
    if arguments.json:
        print_json(_document(found, left, against))
    else:
        _print(console(), found, left, against, arguments.most)
    return Exit.NO if any(r.change for r in found) else Exit.OK


def kind_of(r: Replayed) -> str:
    """One of ``KINDS``."""
    if r.unknown:
        return PERHAPS if r.possible else UNKNOWN
    return r.change or SAME


def severity(r: Replayed) -> tuple[int, int]:
    """The worst comes first: more granted than then, perhaps more, less, near, unknown; then the order of the log."""
    if r.widened:
        rank = 0 if r.after is Effect.ALLOW else 1
    elif r.possible:
        rank = 2
    elif r.change:
        rank = 3 if r.after is Effect.DENY else 4
    else:
        rank = 5 if r.near else 6 if r.unknown else 7
    return rank, r.index


def summary(found: Sequence[Replayed], left: int) -> str:
    """The outcome in a sentence or two."""
    more, less = sum(r.widened for r in found), sum(bool(r.change) and not r.widened for r in found)
    unknown, perhaps = sum(bool(r.unknown) for r in found), sum(r.possible for r in found)
    text = f"Of {len(found)} decision{'s' if len(found) != 1 else ''}, {more} would grant more and {less} less"
    if unknown:
        text += f"; for {unknown} it cannot be told" + (f", {perhaps} of them denied then" if perhaps else "")
    if not (more or less or unknown):
        text = f"{len(found)} decision{'s' if len(found) != 1 else ''}, and every one would be the same"
    aside = f" {left} more were refused for the state of the service (revoked, session over ...) and are left out."
    return f"{text}.{aside if left else ''}"


def by_intent(found: Sequence[Replayed]) -> dict[str, Counter[str]]:
    """How often each of ``KINDS`` and ``NEAR`` came up, by intent; those that would grant more first."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for r in found:
        counts[r.intent][kind_of(r)] += 1
        counts[r.intent][NEAR] += r.near
    return dict(
        sorted(counts.items(), key=lambda one: ([-one[1][k] for k in (KINDS[0], PERHAPS, *KINDS[1:3])], one[0]))
    )


def _take(replayer: Replayer, record: Record) -> Replayed | None:
    entry = record.entry()
    return replayer.take(record.index, entry.kind, entry.time, entry.body)


def _counts(found: Sequence[Replayed]) -> Counter[str]:
    counts = Counter(map(kind_of, found))
    counts[NEAR] = sum(r.near for r in found)
    return counts


def _print(out: Console, found: Sequence[Replayed], left: int, against: Snapshot, most: int) -> None:
    out.print(f"against {against.bundle.name} ({against.bundle.revision})")
    out.print(Text(summary(found, left), style="bold"))
    if any(kind_of(r) != SAME or r.near for r in found):
        _print_intents(out, by_intent(found))
    told = [r for r in found if kind_of(r) != SAME or r.near]
    if told[:most]:
        _print_cases(out, told[:most])
    if len(told) > most:
        out.print(f"and {len(told) - most} more; --most N shows them, --json all")


def _print_intents(out: Console, counts: Mapping[str, Counter[str]]) -> None:
    columns = (*KINDS[:-1], NEAR, SAME)
    rows = table("intent", *(f">{c}" for c in columns))
    for intent, found in counts.items():
        cells = [Text(str(found[c] or "-"), style=_MARKS.get(c, "") if found[c] else "dim") for c in columns]
        rows.add_row(intent or "(none matched)", *cells)
    out.print(rows)


def _print_cases(out: Console, shown: Sequence[Replayed]) -> None:
    rows = table("", ">record", "agent", "intent", "before", "after", "why")
    for r in shown:
        kind = kind_of(r)
        mark = Text(kind if kind != SAME else "near", style=_MARKS.get(kind, ""))
        after = Text("?") if r.unknown else effect(r.after)
        rows.add_row(mark, str(r.index), r.agent, r.intent or "-", effect(r.before), after, r.unknown or r.why)
    out.print(rows)


def _document(found: Sequence[Replayed], left: int, against: Snapshot) -> Json:
    return {
        "against": against.bundle.revision,
        "decisions": len(found),
        "left_out": left,
        "summary": summary(found, left),
        "counts": {k: n for k, n in _counts(found).items() if n},
        "intents": {i: {k: n for k, n in c.items() if n} for i, c in by_intent(found).items()},
        "changes": [_row(r) for r in found if kind_of(r) != SAME or r.near],
    }


def _row(r: Replayed) -> Json:
    return {
        "index": r.index,
        "decision_id": r.decision_id,
        "agent": r.agent,
        "intent": r.intent,
        "before": r.before.value,
        "after": None if r.unknown else r.after.value,
        "change": r.change,
        "near": r.near,
        "unknown": r.unknown,
        "possible": r.possible,
        "why": r.why,
    }
