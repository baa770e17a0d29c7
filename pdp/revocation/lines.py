"""From the bytes of the journal to orders and a table. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pdp.revocation.order import JOURNAL_CORRUPT, Op, Order, Scope, from_line
from pdp.revocation.table import RevocationTable

if TYPE_CHECKING:
    from hashlib import _Hash


@dataclass(frozen=True, slots=True)
class Read:
    """How far a journal was read: bytes, lines, the table they make, and a digest (SHA-256) of those bytes."""

    offset: int = 0
    lines: int = 0
    table: RevocationTable = field(default_factory=RevocationTable)
    digest: _Hash = field(default_factory=hashlib.sha256)


def read_on(read: Read, data: bytes) -> tuple[list[Order], Read]:
    """Read ``data``, which follows on ``read``. What stands behind the last line feed is not given yet, or torn.

    Raises ``ValueError`` with ``:line: what is wrong``.
    """
    whole = data[: data.rfind(b"\n") + 1]
    orders: list[Order] = []
    sequence = read.table.sequence
    for number, line in enumerate(whole.split(b"\n")[:-1], read.lines + 1):
        sequence += 1
        orders.append(_order(line, number, sequence))
    digest = read.digest.copy()
    digest.update(whole)
    return orders, Read(read.offset + len(whole), read.lines + len(orders), read.table.apply_all(orders), digest)


def begins_with(data: bytes, read: Read) -> bool:
    """Whether ``data``, a whole journal, begins with what was read."""
    return hashlib.sha256(data[: read.offset]).digest() == read.digest.digest()


def closed(sequence: int, reason: str) -> RevocationTable:
    """The table of a journal that cannot tell what is killed: everything is."""
    order = Order(sequence, Op.KILL, Scope.EVERYTHING, "", reason, JOURNAL_CORRUPT, None, "pdp", 0.0)
    return RevocationTable.of([order], sequence)


def _order(line: bytes, number: int, sequence: int) -> Order:
    try:
        order = from_line(line)
    except ValueError as error:
        raise ValueError(f":{number}: {error}") from error
    if order.sequence != sequence:
        # A gap is an order that was lost.
        raise ValueError(f":{number}: has the sequence {order.sequence}, and {sequence} comes next")
    return order
