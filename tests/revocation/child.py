"""A process of its own that works on a journal: ``child.py append PATH COUNT NAME``, or ``child.py follow PATH``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from pdp.revocation.journal import RevocationJournal
from pdp.revocation.table import Op, Scope


def say(*words: object) -> None:
    """One line, at once."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def append(journal: RevocationJournal, count: int, name: str) -> None:
    """Print each sequence once it was given."""
    for n in range(count):
        order = journal.append(Op.KILL, Scope.AGENT, f"{name}-{n}", reason="x" * 500, by=name, time=time.time())
        say(order.sequence)


def follow(journal: RevocationJournal) -> None:
    """For each line on standard input, print the sequence, the table's size and the fault that a look finds."""
    for _ in sys.stdin:
        journal.refresh()
        say(journal.table.sequence, len(journal.table.active(time.time())), journal.fault)


if __name__ == "__main__":
    with RevocationJournal.open(Path(sys.argv[2]), wait=10) as opened:
        if sys.argv[1] == "append":
            append(opened, int(sys.argv[3]), sys.argv[4])
        else:
            follow(opened)
