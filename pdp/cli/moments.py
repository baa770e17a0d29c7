"""Points in time as people read them."""

from __future__ import annotations

from datetime import UTC, datetime


def moment(seconds: float) -> str:
    """Epoch seconds in UTC to the second; - for 0, which stands for never."""
    if not seconds:
        return "-"
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        # Beyond the calendar. The number says it as well.
        return f"{seconds:g}"
