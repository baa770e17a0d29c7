"""Weekly time windows."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from pdp.policy.model import Window


def is_open(window: Window, now: float) -> bool:
    """Whether ``window`` is open at ``now`` (epoch seconds), by the wall clock of its time zone.

    A window belongs to the day on which it starts; with ``until`` at or before ``start`` it ends on the next day.
    ``start`` is inside, ``until`` outside. When clocks go back, both passes of the repeated hour count; the skipped
    hour never comes. Raises ``ValueError`` or ``OverflowError`` for a ``now`` that is no moment,
    ``ZoneInfoNotFoundError`` for an unknown zone.
    """
    local = datetime.fromtimestamp(now, ZoneInfo(window.timezone))
    today, clock = local.weekday(), local.time()
    if window.start < window.until:
        return today in window.days and window.start <= clock < window.until
    yesterday = (local.date() - timedelta(days=1)).weekday()
    return (today in window.days and clock >= window.start) or (yesterday in window.days and clock < window.until)
