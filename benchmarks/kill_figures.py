"""What became of each kill, from what the processes of ``benchmarks.kill_latency`` noted. Pure.

Every time is in seconds of CLOCK_MONOTONIC, which all processes of one host share.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

GOAL_MS = 50.0


@dataclass(frozen=True, slots=True)
class Killed:
    """One ``Kill``: the ``turn`` whose subject it was about, when it was sent and had returned, what it returned."""

    turn: int
    scope: str
    sent: float
    returned: float
    sequence: int
    kept: bool
    """Whether it was durable and audited when it returned."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One ``Decide`` about the subject of ``turn``; ``admitted``: the answer was allow or narrow."""

    turn: int
    sent: float
    answered: float
    admitted: bool
    status: str


def last_told(heard: Iterable[Mapping[int, float]], sequence: int) -> tuple[int, float]:
    """How many watchers were told of an order, and when the last of them was. ``heard``: by watcher and sequence."""
    times = [mine[sequence] for mine in heard if sequence in mine]
    return len(times), max(times, default=float("nan"))


def after_kill(killed: Killed, asked: Iterable[Asked]) -> dict[str, float | int]:
    """What was admitted of one subject once its ``Kill`` had been sent.

    ``last_admission`` is in seconds from then to the arrival of the last admission, 0 when none came any more;
    ``admitted_after_return`` counts those whose question left after ``Kill`` had returned, ``asked_after_return`` all
    questions of that kind; ``arrived_after_return`` were asked before and their answers were still on their way.
    """
    mine = [a for a in asked if a.turn == killed.turn]
    late = [a for a in mine if a.admitted and a.answered > killed.sent]
    following = [a for a in mine if a.sent > killed.returned]
    return {
        "last_admission": max((a.answered - killed.sent for a in late), default=0.0),
        "admitted_before": sum(a.admitted and a.answered <= killed.sent for a in mine),
        "asked_after_return": len(following),
        "admitted_after_return": sum(a.admitted for a in following),
        "arrived_after_return": sum(a.sent <= killed.returned < a.answered for a in late),
    }


def figures(kills: Sequence[Killed], asked: Sequence[Asked], heard: Sequence[Mapping[int, float]]) -> dict[str, Any]:
    """The result. Raises ``ValueError`` when a watcher was not told of a kill: then there is no last one."""
    told = {k.sequence: last_told(heard, k.sequence) for k in kills}
    if short := [s for s, (count, _) in told.items() if count < len(heard)]:
        raise ValueError(f"orders {short} did not reach every one of {len(heard)} watchers")
    watched = [told[k.sequence][1] - k.sent for k in kills]
    stories = [after_kill(k, asked) for k in kills]
    last_watcher, last_admission = quantiles(watched), quantiles([s["last_admission"] for s in stories])
    total = {n: sum(int(s[n]) for s in stories) for n in stories[0] if n != "last_admission"} if stories else {}
    return {
        "last_watcher_ms": last_watcher,
        "last_admission_ms": last_admission,
        **total,
        "kills_with_an_admission_after_sending": sum(s["last_admission"] > 0 for s in stories),
        "kills_without_admission_before": sum(not s["admitted_before"] for s in stories),
        "kill_returned_ms": quantiles([k.returned - k.sent for k in kills]),
        "kills_durable_and_audited": sum(k.kept for k in kills),
        "to_reach": {"p99_ms": GOAL_MS, "admitted_after_return": 0},
        "reached": {
            "last_watcher": last_watcher["p99"] <= GOAL_MS,
            "last_admission": last_admission["p99"] <= GOAL_MS,
            "admitted_after_return": total.get("admitted_after_return") == 0,
        },
    }


def quantiles(seconds: Sequence[float]) -> dict[str, float]:
    """p50, p99 and maximum in milliseconds."""
    p50, p99, most = np.percentile(np.asarray(seconds, np.float64) * 1e3, (50, 99, 100))
    return {"p50": round(float(p50), 3), "p99": round(float(p99), 3), "max": round(float(most), 3)}
