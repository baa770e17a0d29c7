"""The figures of ``benchmarks.scale`` about bundles as tables, and all of them as one picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


def show_recall(console: Console, rows: Sequence[dict[str, Any]]) -> None:
    """What is kept of the nearest intents where not all are looked at."""
    if not rows:
        return
    table = Table(title="of the four nearest intents", title_justify="left")
    for heading in ("", "intents", "texts", "looked at", "in the same order", "long looks"):
        table.add_column(heading, justify="right" if heading else "left")
    for row in rows:
        shares = (f"{row[k]:.5f}" for k in ("nearest_kept", "in_order", "long_looks"))
        table.add_row(row["of"], f"{row['intents']:,}", f"{row['texts']:,}", *shares)
    console.print(table)


def show_bundles(console: Console, title: str, rows: Sequence[dict[str, Any]]) -> None:
    """One line for each size."""
    if not rows:
        return
    table = Table(title=f"bundles by {title}, unseen texts, milliseconds", title_justify="left")
    headings = ("", title, "start s", "reload s", "p50", "of the small", "p99.9 half load", "with reloads", "peak MiB")
    for heading in headings:
        table.add_column(heading, justify="right" if heading else "left")
    for row in rows:
        half, changing = (row[k].get("p999_ms") for k in ("half_load", "half_load_with_reloads"))
        table.add_row(
            row["shape"],
            f"{row['size']:,}",
            f"{row['start_seconds']['large']:.1f}" + (" again" if row.get("stored") else ""),
            f"{row['reload_seconds']:.2f}",
            f"{row['large']['p50_ms']:.2f}",
            f"{row['p50_of_the_small']:.2f}",
            f"{half}",
            f"{changing}",
            f"{row['peak_rss_mib']:.0f}",
        )
    console.print(table)


def plot(path: Path, figures: dict[str, Any]) -> None:
    """What a decision spends in the index, and p50s of bundles over that of the small one."""
    import matplotlib as mpl  # noqa: PLC0415 - slow to import, and a failed run needs no picture

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415 - after the backend is chosen

    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2))
    rows = figures["index"]
    for kind in ("one", "all"):
        left.plot([r["exemplars"] for r in rows], [r["us"][kind] for r in rows], marker="o", label=f"{kind} admitted")
    left.set(xscale="log", yscale="log", xlabel="exemplars (synthetic)", ylabel="µs", title="index, one decision")
    left.legend()
    bundles = figures["bundles"]
    for shape in dict.fromkeys(b["shape"] for b in bundles):
        mine = [b for b in bundles if b["shape"] == shape]
        right.plot([b["size"] for b in mine], [b["p50_of_the_small"] for b in mine], marker="o", label=f"{shape}")
    rules = figures["global_rules"]
    right.plot([r["size"] for r in rules], [r["p50_of_the_small"] for r in rules], marker="s", label="global rules")
    right.axhline(figures["to_reach"]["large_bundle_p50"], linestyle=":", color="red")
    if bundles or rules:
        right.set_xscale("log")
    right.set(xlabel="intents, or rules for every request", ylabel="p50 of the small bundle's")
    right.legend()
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)
