"""How large a request may be: checked while it is read, before any other work is done for it (invariant 10)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits on one ``DecideRequest``. Characters are Unicode code points.

    ``values`` counts the entries of one ``Struct`` with all it nests (also the headers of an HTTP payload); ``depth``
    is how deep lists and objects may nest in it; ``struct_bytes`` is its size on the wire.
    """

    utterance_characters: int = 4_000
    name_characters: int = 1_024
    string_characters: int = 65_536
    values: int = 1_000
    depth: int = 16
    context_bytes: int = 16_384
    struct_bytes: int = 262_144
