"""The result of ``benchmarks.peers`` as a table and as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.measure import piped
from benchmarks.peers_adapters.loop import DENY
from benchmarks.peers_catalogue import ABILITIES, CAN, FLOOR, NO, OWN, PARTLY, YES

SIGNS = {YES: "●", CAN: "○", PARTLY: "◐", NO: "–"}
LEGEND = (
    "● done in this row (a probe: refused)   ○ the product does it, this row does not   ◐ in part, see notes   "
    "– not at all (a probe: let through)"
)
PROBES = {"rows": "rows", "beyond": "bey.", "unrelated": "unr."}
SHORT = {
    "text": "text",
    "authority": "auth",
    "payload": "payl",
    "narrow": "narr",
    "record": "rec",
    "grant": "grnt",
    "kill": "kill",
    "service": "serv",
}
HEADINGS = ("", "what is done", "p50 ms", "p99", "p99.9", "per s", "passes", *PROBES.values(), *SHORT.values())
COLOURS = {OWN: "tab:blue", FLOOR: "tab:gray"}
WIDTH = 168


def cells(row: Mapping[str, Any]) -> list[str]:
    """One row, as text: times in milliseconds, rate, what passed and was refused, abilities."""
    marks = [SIGNS[row["abilities"][a]] for a in ABILITIES]
    if row["status"] != "measured":
        return [row["peer"], f"{row['does']}: failed: {row['error'].splitlines()[-1][:80]}", *[""] * 8, *marks]
    times = [_short(row[k]) for k in ("p50_ms", "p99_ms", "p999_ms")]
    return [row["peer"], row["does"], *times, f"{row['per_second']:,.0f}", *_answers(row), *marks]


def _answers(row: Mapping[str, Any]) -> list[str]:
    """The share of ordinary questions that passed, and which probes were refused; a floor answers nothing."""
    if row["peer"] == FLOOR:
        return ["", *[""] * len(PROBES)]
    return [f"{row['ordinary_passed']:.0%}", *(SIGNS[YES if row["probes"][p] == DENY else NO] for p in PROBES)]


def _short(value: float) -> str:
    return f"{value:.3f}" if value < 1 else f"{value:.2f}"


def show(rows: Sequence[Mapping[str, Any]], extra: Sequence[str]) -> None:
    """The table, its legend, then ``extra`` lines."""
    console = Console(width=WIDTH, highlight=False)
    table = Table(title="one question at a time", title_justify="left", pad_edge=False)
    for place, heading in enumerate(HEADINGS):
        table.add_column(heading, justify="left" if place in {0, 1} else "right", no_wrap=place != 1)
    for row in rows:
        table.add_row(*cells(row))
    console.print(table)
    for line in (LEGEND, *extra):
        console.print(line)


def markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """The same table for ``docs/peers.md``."""
    lines = [HEADINGS, ("---", "---", *["---:"] * (len(HEADINGS) - 2)), *(tuple(cells(r)) for r in rows)]
    return piped(lines) + "\n"


def plot(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """p50 to p99.9 of each row on a logarithmic scale."""
    import matplotlib as mpl  # noqa: PLC0415 - slow to import, and a failed run needs no picture

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415 - after the backend is chosen

    measured = [r for r in rows if r["status"] == "measured"][::-1]
    figure, axes = plt.subplots(figsize=(10, 0.34 * len(measured) + 1.2))
    for place, row in enumerate(measured):
        colour = COLOURS.get(row["peer"], "tab:orange")
        axes.plot([row["p50_ms"], row["p999_ms"]], [place, place], color=colour, linewidth=1.5)
        for key, marker in (("p50_ms", "o"), ("p99_ms", "|"), ("p999_ms", ">")):
            axes.plot(row[key], place, marker=marker, color=colour, markersize=7)
    axes.set_yticks(range(len(measured)), [f"{r['peer']}: {r['does']}" for r in measured], fontsize=8)
    axes.set(xscale="log", xlabel="ms; dot p50, bar p99, arrow p99.9", title="one question at a time")
    axes.grid(axis="x", which="major", alpha=0.4)
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)
