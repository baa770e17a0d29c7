"""Which stops without a person are due. Pure."""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable
from typing import Protocol, TypeVar


class TriggerLike(Protocol):
    """What is needed of a trigger of a bundle (``pdp.policy.model.Trigger``)."""

    @property
    def cause(self) -> enum.Enum:
        """What it waits for."""

    @property
    def at(self) -> int:
        """For denials: how many in a row."""


T = TypeVar("T", bound=TriggerLike)


def due(triggers: Iterable[T], causes: Collection[str], denials_in_a_row: int = 0) -> tuple[T, ...]:
    """The triggers whose cause is among ``causes``, and those that wait for as many denials, or fewer."""
    return tuple(
        t for t in triggers if (denials_in_a_row >= t.at > 0 if t.cause.value == "denials" else t.cause.value in causes)
    )
