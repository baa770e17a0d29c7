"""How much work a call is, counted instead of timed: the same on every machine, however busy.

Time itself is measured by `benchmarks/`; a test only promises that the work does not grow.
"""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections.abc import Callable
from types import FrameType


def calls(work: Callable[[], object]) -> int:
    """How many functions, Python's and C's, one run of ``work`` calls; it runs once before, to fill its caches."""
    work()
    counted = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal counted
        counted += event in ("call", "c_call")

    collecting = gc.isenabled()
    gc.disable()  # a collection may call finalisers
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
        if collecting:
            gc.enable()
    return counted - 2  # work itself, and the call that ends the count


def allocated(work: Callable[[], object]) -> int:
    """The most bytes that one run of ``work`` holds beyond what was there before."""
    work()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        work()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
