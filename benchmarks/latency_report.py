"""The figures of ``benchmarks.decide_latency`` as tables and as one picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

PERCENTILES = ("p50_ms", "p99_ms", "p999_ms")


def show(console: Console, figures: dict[str, Any]) -> None:
    """All tables."""
    for size in figures["sizes"]:
        _show_size(console, size)
    _show_matrix(console, figures["matrix"])
    _show_throughput(console, figures["throughput"])
    _show_goals(console, figures)


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left")
    for heading in headings:
        table.add_column(heading, justify="left" if heading in {"", "texts"} else "right")
    return table


def _show_size(console: Console, size: dict[str, Any]) -> None:
    table = _table(f"{size['intents']} intents, one caller, milliseconds", "", "p50", "p99", "p99.9")
    for kind, row in size["closed_loop"].items():
        table.add_row(kind.replace("_", " "), *(f"{row[k]:.3f}" for k in PERCENTILES))
    console.print(table)


def _show_matrix(console: Console, cells: list[dict[str, Any]]) -> None:
    table = _table("half load, milliseconds", "", "texts", "per second", "p50", "p99", "p99.9", "refused", "most/s")
    for cell in cells:
        half = cell["half_load"]
        times = [f"{half[k]:.2f}" if k in half else "-" for k in PERCENTILES]
        refused = str(sum(half["refused"].values()))
        most = f"{cell['decisions_per_second']:.0f}"
        table.add_row(cell["condition"], cell["texts"].replace("_", " "), f"{half['rate']:.0f}", *times, refused, most)
    console.print(table)


def _show_throughput(console: Console, done: list[dict[str, Any]]) -> None:
    kinds = [k for k in done[0] if k != "workers"]
    table = _table("per second, 16 callers (processor ms each)", "", *(f"{row['workers']} processes" for row in done))
    for kind in kinds:
        cells = []
        for row in done:
            cost = row[kind].get("processor_ms")
            cells.append(f"{row[kind]['per_second']:.0f}" + (f" ({cost:.2f})" if cost else ""))
        table.add_row(kind.replace("_", " "), *cells)
    console.print(table)


def _show_goals(console: Console, figures: dict[str, Any]) -> None:
    table = _table("goals", "", "measured", "to reach", "reached")
    for goal, bar in figures["to_reach"].items():
        held = "yes" if figures["reached"][goal] else "no"
        table.add_row(goal.replace("_", " "), str(figures["ratios"][goal]), str(bar), held)
    console.print(table)


def plot(path: Path, figures: dict[str, Any]) -> None:
    """One caller's medians by size of bundle, and the tails at half load by condition."""
    import matplotlib as mpl  # noqa: PLC0415 - slow to import, and a failed run needs no picture

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415 - after the backend is chosen

    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.4))
    sizes, cells = figures["sizes"], figures["matrix"]
    kinds = list(sizes[0]["closed_loop"])
    for place, size in enumerate(sizes):
        places = [k + place * 0.8 / len(sizes) for k in range(len(kinds))]
        heights = [size["closed_loop"][k]["p50_ms"] for k in kinds]
        left.bar(places, heights, 0.8 / len(sizes), label=f"{size['intents']} intents")
    left.set_xticks(range(len(kinds)), [k.replace("_", " ") for k in kinds], rotation=25)
    left.set(ylabel="p50, ms", title="one caller, closed loop")
    conditions = list(dict.fromkeys(c["condition"] for c in cells))
    for kind in dict.fromkeys(c["texts"] for c in cells):
        mine = [c["half_load"] for c in cells if c["texts"] == kind]
        for key, style in (("p50_ms", "-"), ("p999_ms", ":")):
            values = [half.get(key) for half in mine]
            label = f"{kind.replace('_', ' ')}, {'p50' if key == 'p50_ms' else 'p99.9'}"
            right.plot(conditions, values, style, marker="o", label=label)
    right.set(ylabel="ms", yscale="log", title="half load, by what goes on beside")
    left.legend()
    right.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)
