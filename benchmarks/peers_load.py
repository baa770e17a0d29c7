"""How busy the machine was with anything else while a benchmark ran."""

from __future__ import annotations

import os
import resource
import time
from dataclasses import dataclass
from pathlib import Path

STAT = Path("/proc/stat")


def busy_seconds(stat: str) -> float:
    """Seconds of all cores together that were not idle, from the text of ``/proc/stat`` (proc(5))."""
    user, nice, system, idle, wait, *others = map(int, stat.splitlines()[0].split()[1:9])
    del idle, wait
    return (user + nice + system + sum(others)) / os.sysconf("SC_CLK_TCK")


def own_seconds() -> float:
    """Seconds that this process and its children that have ended have computed."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


@dataclass(frozen=True)
class Load:
    """A moment; later, how many cores others have kept busy since then, on average."""

    at: float
    busy: float
    own: float

    @classmethod
    def now(cls) -> Load:
        """This moment."""
        return cls(time.monotonic(), busy_seconds(STAT.read_text()) if STAT.exists() else 0.0, own_seconds())

    def others_since(self) -> float:
        """Cores that others kept busy, once all children have ended. 0 where there is no ``/proc``."""
        later = Load.now()
        others = (later.busy - self.busy) - (later.own - self.own)
        return max(0.0, round(others / (later.at - self.at), 3))
