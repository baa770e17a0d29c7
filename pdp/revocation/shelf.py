"""A dictionary that is never changed: putting something in gives another one, and both share nearly everything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sized
from typing import Generic, TypeVar

V = TypeVar("V", bound=Sized)

# A copy of so few takes some microseconds, and the large part is copied once for so many changes.
_RECENT = 256


class Shelf(Generic[V]):
    """Values by key. A value that is empty is as good as none."""

    __slots__ = ("_base", "_recent")

    def __init__(self, base: Mapping[str, V] | None = None, recent: Mapping[str, V] | None = None) -> None:
        self._base: Mapping[str, V] = {} if base is None else base
        self._recent: Mapping[str, V] = {} if recent is None else recent

    def get(self, key: str) -> V | None:
        """What lies at ``key``; None or something empty when nothing does."""
        found = self._recent.get(key)
        return self._base.get(key) if found is None else found

    def put(self, changes: Mapping[str, V]) -> Shelf[V]:
        """Another shelf, with ``changes`` made to it."""
        recent = {**self._recent, **changes}
        if len(recent) <= _RECENT:
            return Shelf(self._base, recent)
        base = {**self._base, **recent}
        for key, value in recent.items():
            if not len(value):
                del base[key]
        return Shelf(base)

    def values(self) -> Iterator[V]:
        """Everything on it that is not empty, in no particular order."""
        for found in ({**self._base, **self._recent}).values():
            if len(found):
                yield found

    def __bool__(self) -> bool:
        return bool(self._base or self._recent)
