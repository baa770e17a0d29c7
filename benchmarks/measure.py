"""Percentiles, machine and versions: what every benchmark result carries."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

PACKAGES = (
    "grpcio",
    "protobuf",
    "onnxruntime",
    "tokenizers",
    "numpy",
    "cel-expr-python",
    "sqlglot",
    "prometheus-client",
)


def summary(seconds: Sequence[float]) -> dict[str, float]:
    """Count, mean, p50, p99, p99.9 and maximum of ``seconds``, in milliseconds."""
    values = np.asarray(seconds, dtype=np.float64) * 1e3
    if values.size == 0:
        return {"count": 0}
    p50, p99, p999 = np.percentile(values, (50, 99, 99.9))
    return {
        "count": int(values.size),
        "mean_ms": round(float(values.mean()), 4),
        "p50_ms": round(float(p50), 4),
        "p99_ms": round(float(p99), 4),
        "p999_ms": round(float(p999), 4),
        "max_ms": round(float(values.max()), 4),
    }


def machine() -> dict[str, Any]:
    """Where the figures come from."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": {p: importlib.metadata.version(p) for p in PACKAGES},
        "commit": _commit(),
    }


def _cpu() -> str:
    path = Path("/proc/cpuinfo")
    if not path.exists():
        return platform.processor()
    names = [line.split(":", 1)[1].strip() for line in path.read_text().splitlines() if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _commit() -> str:
    try:
        done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def peak_rss_mib(pid: int) -> float:
    """Peak resident memory of a process and its children in MiB (Linux; 0 elsewhere)."""
    return round(sum(_peak(p) for p in (pid, *children(pid))), 1)


def _peak(pid: int) -> float:
    path = Path(f"/proc/{pid}/status")
    if not path.exists():
        return 0.0
    return next(
        (int(line.split()[1]) / 1024 for line in path.read_text().splitlines() if line.startswith("VmHWM")), 0.0
    )


def children(pid: int) -> tuple[int, ...]:
    """Process ids below ``pid``, all the way down."""
    # The kernel lists children by the thread that started them.
    direct = [int(p) for path in Path(f"/proc/{pid}/task").glob("*/children") for p in path.read_text().split()]
    return tuple(q for p in direct for q in (p, *children(p)))


def piped(lines: Iterable[Iterable[str]]) -> str:
    """Lines of a table in Markdown."""
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write(path: Path, result: Mapping[str, Any]) -> None:
    """Write a result with machine and versions as JSON."""
    path.write_text(json.dumps({**result, "machine": machine()}, indent=2) + "\n", encoding="utf-8")
