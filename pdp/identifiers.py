"""Ids that sort by the time they were made, as UUIDv7 (RFC 9562, section 5.7) does: indexes grow at one end."""

from __future__ import annotations

import secrets
import time

RANDOM_BYTES = 10


def new_id() -> str:
    """32 hexadecimal digits: 12 of the milliseconds since the epoch, 20 random (80 bits, from the system)."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(RANDOM_BYTES)}"
