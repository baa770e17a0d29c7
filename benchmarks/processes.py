"""What a server's processes take: memory now, processor time so far (Linux; nothing elsewhere)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from benchmarks import measure

WARMING = 0.2
"""So much of a run is not looked at: caches fill, and threads get their stacks and arenas."""
ALLOWED_SHARE, ALLOWED_MIB = 0.02, 2.0


def resident_mib(pid: int) -> dict[int, float]:
    """Resident memory of a process and of everything below it, by process id."""
    pages = {p: _first_line(Path(f"/proc/{p}/statm")) for p in (pid, *measure.children(pid))}
    size = os.sysconf("SC_PAGE_SIZE") / 2**20
    return {p: round(int(line.split()[1]) * size, 2) for p, line in pages.items() if line}


def peaks_mib(pid: int) -> dict[int, float]:
    """Peak resident memory of a process and of everything below it, by process id."""
    found = {}
    for one in (pid, *measure.children(pid)):
        lines = _text(Path(f"/proc/{one}/status")).splitlines()
        peak = next((line.split()[1] for line in lines if line.startswith("VmHWM")), "")
        if peak:
            found[one] = round(int(peak) / 1024, 1)
    return found


def worked_seconds(pid: int) -> float:
    """Processor time of a process and of everything below it, of all threads, in user and system mode."""
    ticks = 0
    for one in (pid, *measure.children(pid)):
        # The name may hold spaces and brackets; what follows the last one is well defined (proc(5)).
        fields = _first_line(Path(f"/proc/{one}/stat")).rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12]) if fields else 0
    return ticks / os.sysconf("SC_CLK_TCK")


def growth(samples: Sequence[float]) -> dict[str, float | bool]:
    """Whether memory grew: the first and the last quarter of what was sampled after warming up, by their medians.

    ``grew`` allows for 2 % and 2 MiB: an allocator gives back late. Empty samples did not grow.
    """
    settled = list(samples[int(len(samples) * WARMING) :])
    quarter = max(1, len(settled) // 4)
    if not settled:
        return {"first_mib": 0.0, "last_mib": 0.0, "grew": False}
    first, last = median(settled[:quarter]), median(settled[-quarter:])
    grew = last > first * (1 + ALLOWED_SHARE) + ALLOWED_MIB
    return {"first_mib": round(first, 1), "last_mib": round(last, 1), "grew": bool(grew)}


def by_process(samples: Sequence[Mapping[int, float]]) -> dict[int, list[float]]:
    """Samples of several processes, by process; one that ended in between has fewer."""
    every = sorted({pid for sample in samples for pid in sample})
    return {pid: [s[pid] for s in samples if pid in s] for pid in every}


def _first_line(path: Path) -> str:
    return _text(path).partition("\n")[0]


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # not Linux, or the process has just ended
        return ""
