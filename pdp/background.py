"""Work beside decisions, in a thread of its own: it gives way to them, and no search for garbage stops everybody."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from time import perf_counter, sleep
from types import FrameType
from typing import Final

KEPT_SECONDS, GIVEN_SECONDS = 0.000_5, 0.001
"""How long such a thread has the interpreter, and how long it then leaves it to others."""
EVENTS = 16
"""The clock is looked at once in so many calls and returns."""


@contextmanager
def giving_way() -> Iterator[None]:
    """Leave the interpreter to other threads again and again, whatever is run in this one.

    A thread that computes keeps the interpreter for 5 ms when others ask for it, and a decision asks several times on
    its way: beside a reload of seconds, decisions would come at the rate of those 5 ms. The profiling hook of this
    thread (``sys.setprofile``) is what looks at the clock, so the work itself need not know.
    """
    until, events = perf_counter() + KEPT_SECONDS, 0

    def look(_frame: FrameType, _event: str, _argument: object) -> None:
        nonlocal until, events
        events += 1
        if not events % EVENTS and perf_counter() > until:
            sleep(GIVEN_SECONDS)
            until = perf_counter() + KEPT_SECONDS

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        yield
    finally:
        sys.setprofile(before)


class _Collection:
    """No search for garbage while a bundle is read: its objects stay, and each search stops every request."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._inside = 0
        self._before = False

    @contextmanager
    def off(self) -> Iterator[None]:
        """Several threads may be inside at once; the last one out puts it back."""
        with self._lock:
            if not self._inside:
                self._before = gc.isenabled()
                gc.disable()
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if not self._inside and self._before:
                    gc.enable()


uncollected: Final = _Collection().off
