"""Names that a bundle gives out once: ids of intents, rules and agents, names of tests."""

from __future__ import annotations

from pdp.policy.fields import Fields
from pdp.types import Position


class Names:
    """Who had a name first."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, str], Position] = {}

    def claim(self, what: str, name: str, fields: Fields, key: str) -> None:
        """Give ``name`` to the ``what`` that ``fields`` describes; a problem at ``key`` when another one has it."""
        if not name:
            return
        position = fields.source.position(fields.get(key))
        first = self._first.setdefault((what, name), position)
        if first is not position:
            fields.problem(key, f"there are two {what}s {name!r}", f"rename one; the first is at {first}")
