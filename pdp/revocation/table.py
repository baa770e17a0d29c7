"""What is killed and quarantined. Pure and never changed: an order gives another table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from pdp.revocation.order import Op, Order, Scope
from pdp.revocation.patterns import Patterns, is_pattern
from pdp.revocation.shelf import Shelf

__all__ = ["Op", "Order", "RevocationTable", "Scope", "Subjects"]

# What is in force for one scope and value: a kill, a quarantine, or both, the kill first.
_Slot = tuple[Order, ...]
_PREFIX = {scope: f"{scope.value}:" for scope in Scope}
_EVERYTHING = _PREFIX[Scope.EVERYTHING]
_TARGET = _PREFIX[Scope.TARGET]


@dataclass(frozen=True, slots=True)
class Subjects:
    """Everything one request is about. What is empty is not known (yet), and no order is about it.

    ``keys`` are the ids of signing keys. Where several agents or targets are involved, ask once for each.
    """

    grant: str = ""
    session: str = ""
    task: str = ""
    agent: str = ""
    instance: str = ""
    principal: str = ""
    target_kind: str = ""
    target_name: str = ""
    intent: str = ""
    gateway: str = ""
    keys: tuple[str, ...] = ()

    def slots(self) -> list[str]:
        """Where the orders about these subjects are kept, everything first; a target's patterns apart."""
        found = [_EVERYTHING]
        if self.agent:
            found.append("agent:" + self.agent)
            if self.instance:
                found.append(f"instance:{self.agent}/{self.instance}")
        if self.session:
            found.append("session:" + self.session)
        if self.principal:
            found.append("principal:" + self.principal)
        if self.target_kind or self.target_name:
            found.append(f"target:{self.target_kind}/{self.target_name}")
        if self.grant:
            found.append("grant:" + self.grant)
        if self.task:
            found.append("task:" + self.task)
        if self.intent:
            found.append("intent:" + self.intent)
        if self.gateway:
            found.append("gateway:" + self.gateway)
        found.extend("key:" + key for key in self.keys)
        return found


class RevocationTable:
    """What is in force after the orders up to ``sequence``. Safe to read from any thread."""

    __slots__ = ("_patterns", "_slots", "sequence")

    def __init__(self, slots: Shelf[_Slot] | None = None, patterns: Patterns | None = None, sequence: int = 0) -> None:
        self._slots: Shelf[_Slot] = Shelf() if slots is None else slots
        self._patterns = Patterns() if patterns is None else patterns
        self.sequence = sequence

    @classmethod
    def of(cls, orders: Iterable[Order], sequence: int) -> RevocationTable:
        """The table that a snapshot describes: ``orders`` in force, and the newest sequence that it reflects."""
        table = cls().apply_all(orders)
        table.sequence = sequence
        return table

    def apply(self, order: Order) -> RevocationTable:
        """The table after ``order``, which the caller knows to be the next one."""
        return self.apply_all((order,))

    def apply_all(self, orders: Iterable[Order]) -> RevocationTable:
        """The table after ``orders``, one after the other; much faster than each by itself."""
        changes: dict[str, _Slot] = {}
        sequence = self.sequence
        for order in orders:
            key = _PREFIX[order.scope] + order.value
            slot = changes.get(key)
            changes[key] = _after((self._slots.get(key) or ()) if slot is None else slot, order)
            sequence = max(sequence, order.sequence)
        wild = {key: bool(slot) for key, slot in changes.items() if key.startswith(_TARGET) and is_pattern(key)}
        patterns = self._patterns.put(wild) if wild else self._patterns
        return RevocationTable(self._slots.put(changes), patterns, sequence)

    def find(self, subjects: Subjects, now: float) -> Order | None:
        """The order that speaks against ``subjects`` at ``now`` (epoch seconds): a kill if there is one."""
        return _gravest(self._about(subjects), now) if self._slots else None

    def find_named(self, named: Iterable[tuple[str, str]], now: float) -> Order | None:
        """The same for pairs of a scope's word and a value, any number of each scope: all that a grant came through."""
        return _gravest(self._about_named(named), now) if self._slots else None

    def active(self, now: float) -> tuple[Order, ...]:
        """Everything in force at ``now``, oldest first."""
        found = (order for slot in self._slots.values() for order in slot if order.in_force(now))
        return tuple(sorted(found, key=lambda order: order.sequence))

    def _about_named(self, named: Iterable[tuple[str, str]]) -> Iterator[Order]:
        slots = self._slots
        for scope, value in named:
            key = f"{scope}:{value}"
            yield from slots.get(key) or ()
            if self._patterns and scope == Scope.TARGET.value:
                for fitting in self._patterns.fitting(key):
                    yield from slots.get(fitting) or ()

    def _about(self, subjects: Subjects) -> Iterator[Order]:
        slots = self._slots
        for key in subjects.slots():
            yield from slots.get(key) or ()
        if self._patterns and (subjects.target_kind or subjects.target_name):
            for key in self._patterns.fitting(f"target:{subjects.target_kind}/{subjects.target_name}"):
                yield from slots.get(key) or ()


def _gravest(orders: Iterable[Order], now: float) -> Order | None:
    quarantine: Order | None = None
    for order in orders:
        if order.in_force(now):
            if order.op is Op.KILL:
                return order
            quarantine = quarantine or order
    return quarantine


def _after(slot: _Slot, order: Order) -> _Slot:
    if order.op is Op.LIFT:
        return ()
    kept = order
    others: list[Order] = []
    for known in slot:
        if known.op is order.op:
            kept = _longer(known, order)
        else:
            others.append(known)
    return (kept, *others) if order.op is Op.KILL else (*others, kept)


def _longer(known: Order, again: Order) -> Order:
    """The same order given twice: the first, as long as the longer of the two."""
    if known.until is None or (again.until is not None and again.until <= known.until):
        return known
    if known.until <= again.time:
        # The first had ended; who gave the second, and why, is what counts now.
        return again
    return replace(known, until=again.until)
