"""The end of act two: what the log of a session proves to somebody who has nothing but the files."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
from contextlib import closing, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from examples.serving import DemoFailed
from pdp.cli import main as pdp
from pdp.cli.exits import Exit


@dataclass(frozen=True, slots=True)
class Place:
    """Where things lie: the service's ``data``, a ``copy`` of it, and what an auditor keeps elsewhere: the log's public
    ``key`` and the newest checkpoint as an ``anchor``.
    """

    root: Path

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.root / "data"

    @property
    def copy(self) -> Path:
        """A copy of it."""
        return self.root / "copy"

    @property
    def key(self) -> Path:
        """The key that verifies checkpoints."""
        return self.root / "log.pub"

    @property
    def anchor(self) -> Path:
        """The newest checkpoint."""
        return self.root / "anchor.txt"


class Trail:
    """The log below ``place``, which no server uses any more."""

    def __init__(self, out: Console, place: Place) -> None:
        self._out = out
        self._place = place

    def show(self, decision_id: str) -> None:
        """Trace the decision, verify everything, and find a flipped bit. Raises ``DemoFailed``."""
        data = self._place.data
        self._say("6", "afterwards, without the server: everything about the decision whose grant was used")
        self._run(data, "trace", decision_id, "--prompts", code=Exit.OK)
        self._say("7", "the whole log: hashes, signatures, links, and every decision made again from its record")
        self._run(data, *self._verify, code=Exit.OK)
        report = self._report(data, *self._verify)
        again, decisions = {k: n for k, n in report["redecided"].items() if n}, report["kinds"].get("decision", 0)
        if report["outcome"] != "verified" or again != {"same": decisions}:
            raise DemoFailed(f"the log should be verified and every decision the same: {report}")
        self._flip(decision_id)

    def _flip(self, decision_id: str) -> None:
        data, copy = self._place.data, self._place.copy
        records = self._report(data, "trace", decision_id)["records"]
        index = next(r["index"] for r in records if r["kind"] == "decision")
        shutil.copytree(data, copy)
        flip(copy / "audit.db", index)
        self._say("8", f"in a copy of the database, one bit of record {index} is flipped")
        self._run(copy, *self._verify, code=Exit.TAMPERED)
        findings = self._report(copy, *self._verify)["findings"]
        if not any(f["kind"] == "tampered" and f["index"] == index for f in findings):
            raise DemoFailed(f"the verification should name record {index}: {findings}")
        self._out.print(f"\nEverything was as announced; verification named record {index}.")

    @property
    def _verify(self) -> tuple[str, ...]:
        return ("verify", "--key", str(self._place.key), "--anchor", str(self._place.anchor))

    def _run(self, data: Path, *words: str, code: Exit) -> None:
        """Run ``pdp audit`` and show what it prints; its exit code must be ``code``."""
        command = f"$ pdp audit {' '.join(words)} --data-dir {data}".replace(f"{self._place.root}/", "")
        self._out.print(Text(command, style="cyan"))
        found = pdp(["audit", *words, "--data-dir", str(data)])
        self._out.print(f"exit code {found}", style="dim")
        if found != code:
            raise DemoFailed(f"pdp audit {words[0]} should end with {code.value}, not {found}")

    def _report(self, data: Path, *words: str) -> Any:
        printed = io.StringIO()
        with redirect_stdout(printed):
            pdp(["audit", *words, "--data-dir", str(data), "--json"])
        return json.loads(printed.getvalue())

    def _say(self, number: str, text: str) -> None:
        self._out.print(Text(f"\n{number}  {text}", style="bold"))


def flip(database: Path, index: int) -> None:
    """Flip one bit in the middle of a stored record. Raises ``DemoFailed`` when there is no such record."""
    with closing(sqlite3.connect(database)) as connection, connection:
        row = connection.execute("SELECT entry FROM records WHERE idx = ?", (index,)).fetchone()
        if row is None:
            raise DemoFailed(f"{database} has no record {index}")
        stored = bytearray(row[0])
        stored[len(stored) // 2] ^= 1
        connection.execute("UPDATE records SET entry = ? WHERE idx = ?", (bytes(stored), index))
