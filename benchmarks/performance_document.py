"""The tables of ``docs/performance.md``, written from the results: ``python -m benchmarks.performance_document``.

Between ``<!-- NAME -->`` and ``<!-- end -->`` stands what ``TABLES[NAME]`` makes of ``benchmarks/results``; everything
else in the document is left alone. A test compares the two, so a figure in the document is one that was measured.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from benchmarks.decide_latency import AT_LEAST
from benchmarks.measure import piped

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "performance.md"
RESULTS = ROOT / "benchmarks" / "results"
MEASURED = ("decide_latency", "overload", "soak", "scale")
WORDS = {
    "unseen_p50": "text never seen, p50, over echo + encoder + pair model",
    "unseen_p99_at_half_load": "… p99 over p50 at half load",
    "unseen_p999_ms_at_half_load_with_reloads": "… p99.9 at half load with a reload each second, ms",
    "repeated_p50": "text seen before, p50, over the echo",
    "unseen_throughput": "throughput of texts never seen, over the bare encoder on the same cores",
    "rules_only_throughput": "throughput without the model, over the echo's",
    "served_p99_ms": "p99 of what is served at 3 × capacity, ms",
    "wrongly_allowed": "… wrongly allowed",
    "recovery_seconds": "… recovery, seconds",
    "start_seconds": "start to SERVING, seconds",
    "peak_rss_mib": "peak RSS of a process, MiB",
    "processes_that_grew": "processes whose memory grew in the soak",
    "index_flat_to_10000_us": "added by 10,000 exemplars in the index, µs",
    "index_added_at_100000_us": "added by 100,000 exemplars, µs",
    "large_bundle_p50": "p50 of the largest bundle over the smallest",
}
Row = Iterable[object]


def result(name: str) -> dict[str, Any]:
    """A result by its file's name. Raises ``FileNotFoundError`` when it was not measured."""
    found: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def table(head: Row, rows: Iterable[Row]) -> str:
    """A table in Markdown."""
    first = [str(h) for h in head]
    return piped([first, ["---"] * len(first), *(map(_shown, row) for row in rows)])


def _shown(value: object) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


def goals() -> str:
    """Every goal of issue 5 that a benchmark states, as measured."""
    rows = []
    for name in MEASURED:
        found = result(name)
        bars = found.get("to_reach", found.get("goals", {}))
        for goal, met in found["reached"].items():
            at = "≥" if goal in AT_LEAST else "≤"
            rows.append((WORDS[goal], f"{at} {bars[goal]:g}", _value(found, goal), "yes" if met else "**no**", name))
    return table(("goal", "to reach", "measured", "reached", "`benchmarks.`"), rows)


def _value(found: dict[str, Any], goal: str) -> object:
    for part in (found.get("ratios", {}), found.get("measured", {}), found):
        if goal in part:
            return part[goal]
    return found["overload"]["served"]["p99_ms"]


def latency() -> str:
    """One caller, by size of the bundle."""
    rows = [
        (size["intents"], kind, *(times[f"{p}_ms"] for p in ("p50", "p99", "p999")))
        for size in result("decide_latency")["sizes"]
        for kind, times in size["closed_loop"].items()
    ]
    return table(("intents", "request", "p50 ms", "p99", "p99.9"), rows)


def matrix() -> str:
    """Half load, by condition."""
    rows = []
    for cell in result("decide_latency")["matrix"]:
        half = cell["half_load"]
        tail = (half["rate"], half["p50_ms"], half["p99_ms"], half["p999_ms"], sum(half["refused"].values()))
        rows.append((cell["condition"], cell["texts"], cell["decisions_per_second"], *tail))
    head = ("beside", "texts", "most per s", "half load per s", "p50 ms", "p99", "p99.9", "refused")
    return table(head, rows)


def overload() -> str:
    """The three phases."""
    found = result("overload")
    rows = []
    for phase in ("calm", "overload", "after"):
        part = found[phase]
        served, refused = part["served"], sum(s["count"] for s in part["refused"].values())
        offered = (part["offered_per_second"], part["served_per_second"])
        rows.append((phase, *offered, served["p50_ms"], served["p99_ms"], refused))
    return table(("phase", "offered per s", "served per s", "p50 ms", "p99", "refused"), rows)


def index() -> str:
    """What one decision spends in the index, by the number of exemplars."""
    rows = [
        (f"{r['exemplars']:,}", r["us"]["one"], r["us"]["all"], r["added_us"]["all"], r["build_seconds"])
        for r in result("scale")["index"]
    ]
    return table(("exemplars", "admitted to one intent, µs", "to all, µs", "added", "built in s"), rows)


def recall() -> str:
    """What is looked at of the four nearest intents."""
    rows = [
        (r["of"], f"{r['intents']:,}", r["texts"], f"{r['nearest_kept']:.5f}", f"{r['in_order']:.5f}", r["long_looks"])
        for r in result("scale")["recall"]
    ]
    head = ("vectors", "intents", "texts", "of the four nearest looked at", "all four in order", "looked at 96, not 32")
    return table(head, rows)


def bundles() -> str:
    """Whole bundles by size, beside the smallest."""
    rows = [
        (
            b["shape"],
            f"{b['size']:,}",
            b["start_seconds"]["large"],
            "yes" if b["stored"] else "no",
            b["reload_seconds"],
            b["large"]["p50_ms"],
            b["p50_of_the_small"],
            b["half_load"].get("p999_ms"),
            b["half_load_with_reloads"].get("p999_ms"),
            b["peak_rss_mib"],
        )
        for b in result("scale")["bundles"]
    ]
    head = ("admitted", "intents", "start s", "texts read before", "reload s", "p50 ms", "of the smallest")
    return table((*head, "p99.9 ms at half load", "… with reloads", "peak RSS MiB"), rows)


def student() -> str:
    """The trial of a smaller encoder, on domains that nothing was fitted on."""
    figures = ("cosine_to_teacher", "auroc", "nearest_covers", "ms")
    rows = [(name, *(found[f] for f in figures)) for name, found in result("student")["models"].items()]
    return table(("", "cosine to the teacher", "AUROC by nearness", "nearest intent covers", "ms a pass"), rows)


def machines() -> str:
    """Where each result was measured."""
    rows = []
    for name in MEASURED:
        machine = result(name)["machine"]
        rows.append((name, machine["cpu"], machine["cores"], machine["system"], machine["commit"]))
    return table(("result", "processor", "cores", "system", "commit"), rows)


TABLES: dict[str, Callable[[], str]] = {
    "goals": goals,
    "latency": latency,
    "matrix": matrix,
    "overload": overload,
    "index": index,
    "recall": recall,
    "bundles": bundles,
    "student": student,
    "machines": machines,
}


def rendered(document: str) -> str:
    """``document`` with every table as the results have it. Raises ``KeyError`` for a table that there is not."""
    return re.sub(
        r"(<!-- (\w+) -->\n).*?(<!-- end -->)",
        lambda found: f"{found[1]}{TABLES[found[2]]()}\n{found[3]}",
        document,
        flags=re.DOTALL,
    )


def main() -> int:
    """Write the document."""
    DOCUMENT.write_text(rendered(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
