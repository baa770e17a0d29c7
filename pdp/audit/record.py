"""One record of the log: what it says, and the bytes that are stored and hashed.

An entry is serialised once. Its leaf hash is taken over the bytes as stored, so nothing ever has to be serialised a
second time in the same way to check it.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass

from pdp.types import Json, JsonObject

VERSION = 1


class RecordKind(enum.Enum):
    """What a record is about. Stable: the values are stored."""

    SESSION = "session"
    DECISION = "decision"
    GRANT = "grant"
    CONSUMPTION = "consumption"
    OUTCOME = "outcome"
    REVOCATION = "revocation"
    ACTIVATION = "activation"
    ADMINISTRATION = "administration"
    ERASURE = "erasure"
    READING = "reading"


def _plain(value: object) -> dict[str, Json]:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a record holds JSON values, not {type(value).__name__}")


# Sorted and compact, so that equal entries are equal bytes. NaN is no JSON, and no reader would agree on it.
_ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False, default=_plain
)


@dataclass(frozen=True, slots=True)
class Entry:
    """What a record says. ``time`` is in seconds since the epoch; ``ids`` are the names it can be found by."""

    kind: RecordKind
    time: float
    ids: tuple[str, ...]
    body: JsonObject

    def to_bytes(self) -> bytes:
        """The bytes to store: JSON in UTF-8, sorted and compact.

        Raises ``ValueError`` for what JSON cannot say (NaN, half a surrogate pair), ``TypeError`` for other values.
        """
        "".join(self.ids)  # TypeError for an id that is no text: the database would refuse it later, and more with it
        document = {
            "body": self.body,
            "ids": self.ids,
            "kind": self.kind.value,
            "time": float(self.time),
            "v": VERSION,
        }
        return _ENCODER.encode(document).encode()

    @classmethod
    def from_bytes(cls, stored: bytes) -> Entry:
        """The entry that was stored. Raises ``ValueError`` when the bytes are not those of an entry."""
        try:
            document = json.loads(stored)
            kind, ids, time = RecordKind(document["kind"]), tuple(map(str, document["ids"])), float(document["time"])
            body, version = dict(document["body"]), document["v"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ValueError(f"these bytes are no entry: {error!r}") from error
        if version != VERSION:
            raise ValueError(f"an entry of version {version}; this program reads version {VERSION}")
        return cls(kind, time, ids, body)


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it lies in the log.

    ``index`` is its place, ``stored`` the bytes that were hashed, ``leaf`` the leaf hash written beside them. ``kind``
    and ``time`` are the columns that it is found by; what counts is what ``stored`` says.
    """

    index: int
    kind: str
    time: float
    leaf: bytes
    stored: bytes

    def entry(self) -> Entry:
        """What it says. Raises ``ValueError`` when the stored bytes are damaged."""
        return Entry.from_bytes(self.stored)
