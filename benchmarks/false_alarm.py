"""Harmless texts with alarming words: how many does the reading of texts refuse before any model is asked?

``python -m benchmarks.false_alarm --data FILE.jsonl --out R.json`` (format of ../shared/data/notinject: ``text``, and
``kind``: benign records are counted as false alarms, attack records as caught)

A refusal here is one by the text alone (``TEXT_MANIPULATED``), which no intent can undo, so it must be rare on harmless
texts. The findings that led to it are counted, so that a policy author sees which check is to blame.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import measure
from pdp.engine import REFUSED_FINDINGS
from pdp.errors import PdpError
from pdp.intent.text import TextLimits, read


@dataclass(frozen=True, slots=True)
class Alarm:
    """What the reading of one text found. ``attack``: the record says it is one."""

    text: str
    suite: str
    attack: bool
    findings: tuple[str, ...]


def judge(row: dict[str, object]) -> Alarm:
    """Read one record's text; a text over a limit is refused too."""
    text = str(row["text"])
    try:
        findings = tuple(sorted(REFUSED_FINDINGS.intersection(read(text, TextLimits()).findings)))
    except PdpError as error:
        findings = (error.code,)
    return Alarm(text, str(row.get("suite", "")), row.get("kind") == "attack", findings)


def report(found: Sequence[Alarm]) -> dict[str, object]:
    """Shares refused among harmless texts and attacks, by suite, and the findings."""
    harmless, attacks = ([a for a in found if a.attack is kind] for kind in (False, True))
    suites = sorted({a.suite for a in harmless})
    return {
        "harmless": len(harmless),
        "refused": _share(harmless),
        "by_suite": {s: _share([a for a in harmless if a.suite == s]) for s in suites},
        "findings": dict(Counter(f for a in harmless for f in a.findings).most_common()),
        "attacks": len(attacks),
        "attacks_refused": _share(attacks) if attacks else None,
    }


def _share(alarms: Sequence[Alarm]) -> float:
    return round(sum(bool(a.findings) for a in alarms) / max(1, len(alarms)), 4)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line: 0 when measured, 1 with a message when not."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.false_alarm", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", type=Path, required=True, help="FILE.jsonl with a field text")
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    parser.add_argument("--show", type=int, default=5, help="print so many refused harmless texts (default 5)")
    options = parser.parse_args(arguments)
    try:
        lines = options.data.read_text(encoding="utf-8").splitlines()
        found = [judge(json.loads(line)) for line in lines if line.strip()]
    except (OSError, ValueError, KeyError) as error:
        sys.stderr.write(f"error: {options.data}: {error!r}\n")
        return 1
    figures = report(found)
    console = Console()
    table = Table(title=f"false alarms: {figures['refused']:.1%} of {figures['harmless']}", title_justify="left")
    table.add_column("suite")
    table.add_column("refused", justify="right")
    by_suite: dict[str, float] = figures["by_suite"]  # type: ignore[assignment]
    for suite, share in by_suite.items():
        table.add_row(suite, f"{share:.1%}")
    console.print(table)
    console.print(f"findings: {figures['findings']}")
    for alarm in [a for a in found if a.findings and not a.attack][: options.show]:
        console.print(f"  {', '.join(alarm.findings)}: {alarm.text[:160]}", highlight=False)
    if options.out:
        document = {"data": options.data.name, **figures, "machine": measure.machine()}
        options.out.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
