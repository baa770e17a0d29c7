"""A session as bytes and back: JSON with sorted keys, compact, UTF-8. Strict: what was not written here is refused.

The size is bounded by the bounds of the state: at most about 40 kB, 3 kB for a usual session.
"""

from __future__ import annotations

import base64
import binascii
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from typing import Any, Final, NoReturn

from pdp.session.authority import LiveGrant
from pdp.session.drift import LARGEST_WINDOW, PurposeVector
from pdp.session.state import (
    MOST_COUNT,
    MOST_GRANTS,
    MOST_INTENTS,
    MOST_PRIVILEGES,
    MOST_TARGETS,
    Counters,
    Distinct,
    SessionState,
)
from pdp.types import Access

FORMAT: Final = 1
MOST_BYTES: Final = 1_048_576
_TEXTS: Final = ("id", "agent", "instance", "principal", "task", "gateway", "ended")
_TIMES: Final = ("started", "expires", "peak")
_COUNTS: Final = tuple(f.name for f in fields(Counters) if f.name != "accesses")
_KEYS: Final = frozenset(
    (*_TEXTS, *_TIMES, "v", "version", "purpose", "intents", "limits", "counters", "targets", "privileges", "grants")
) | {"distances"}


class StateDamaged(ValueError):
    """Bytes that are no session, or one of another format; the text names the field. Nothing may be decided from it."""


def to_bytes(state: SessionState) -> bytes:
    """The session as it is kept. Equal states give equal bytes."""
    document: dict[str, Any] = {
        **{name: getattr(state, name) for name in (*_TEXTS, *_TIMES, "version", "intents", "limits", "distances")},
        "v": FORMAT,
        "purpose": {"steps": base64.b64encode(state.purpose.steps).decode("ascii"), "scale": state.purpose.scale},
        "counters": asdict(state.counters),
        "targets": {"seen": sorted(state.targets.seen), "more": state.targets.more},
        "privileges": {"seen": sorted(state.privileges.seen), "more": state.privileges.more},
        "grants": [(g.jti, g.expires, g.sensitivity, g.breadth) for g in state.grants],
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("utf-8")


def from_bytes(data: bytes) -> SessionState:
    """The session that ``to_bytes`` wrote. Raises ``StateDamaged``."""
    if len(data) > MOST_BYTES:
        raise StateDamaged(f"a session of {len(data):,} bytes, at most {MOST_BYTES:,}")
    try:
        found = json.loads(data, object_pairs_hook=_distinct, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        raise StateDamaged("a session is not the JSON that was written") from error
    document = _mapping(found, "the session", _KEYS)
    if document["v"] != FORMAT:
        raise StateDamaged(f"a session has format {document['v']!r}, this program reads {FORMAT}")
    read: dict[str, Any] = {name: _text(document[name], name) for name in _TEXTS}
    read |= {name: _number(document[name], name) for name in _TIMES}
    return SessionState(
        **read,
        version=_count(document["version"], "version"),
        purpose=_purpose(document["purpose"]),
        intents=tuple(_text(i, "intents") for i in _list(document["intents"], "intents", MOST_INTENTS)),
        limits=tuple(_limit(row) for row in _list(document["limits"], "limits", MOST_GRANTS)),
        counters=_counters(document["counters"]),
        targets=_distinct_of(document["targets"], "targets", MOST_TARGETS),
        privileges=_distinct_of(document["privileges"], "privileges", MOST_PRIVILEGES),
        grants=tuple(_grant(row) for row in _list(document["grants"], "grants", MOST_GRANTS)),
        distances=tuple(
            _number(d, "distances", 1.0) for d in _list(document["distances"], "distances", LARGEST_WINDOW)
        ),
    )


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise StateDamaged("a session has a key twice")
    return found


def _refused(word: str) -> NoReturn:
    raise StateDamaged(f"a session holds {word}")


def _expect(holds: bool, name: str) -> None:  # noqa: FBT001  (an assertion that is there for damaged data)
    if not holds:
        raise StateDamaged(f"a session's {name!r} is not what was written there")


def _mapping(value: Any, name: str, keys: frozenset[str]) -> Mapping[str, Any]:
    _expect(isinstance(value, dict) and value.keys() == keys, name)
    found: Mapping[str, Any] = value
    return found


def _list(value: Any, name: str, most: int) -> list[Any]:
    _expect(isinstance(value, list) and len(value) <= most, name)
    found: list[Any] = value
    return found


def _text(value: Any, name: str) -> str:
    _expect(isinstance(value, str), name)
    return str(value)


def _number(value: Any, name: str, most: float = sys.float_info.max) -> float:
    """A finite number that is not negative."""
    _expect(type(value) in {int, float} and 0 <= value <= most, name)
    return float(value)


def _count(value: Any, name: str) -> int:
    _expect(type(value) is int and 0 <= value <= MOST_COUNT, name)
    return int(value)


def _purpose(value: Any) -> PurposeVector:
    found = _mapping(value, "purpose", frozenset(("steps", "scale")))
    try:
        steps = base64.b64decode(_text(found["steps"], "purpose"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise StateDamaged("a session's 'purpose' is not what was written there") from error
    return PurposeVector(steps, _number(found["scale"], "purpose"))


def _counters(value: Any) -> Counters:
    found = _mapping(value, "counters", frozenset((*_COUNTS, "accesses")))
    accesses = tuple(_count(a, "accesses") for a in _list(found["accesses"], "accesses", len(Access)))
    _expect(len(accesses) == len(Access), "accesses")
    return Counters(**{name: _count(found[name], name) for name in _COUNTS}, accesses=accesses)


def _distinct_of(value: Any, name: str, most: int) -> Distinct:
    found = _mapping(value, name, frozenset(("seen", "more")))
    seen = [_text(s, name) for s in _list(found["seen"], name, most)]
    _expect(len(set(seen)) == len(seen), name)
    return Distinct(frozenset(seen), _count(found["more"], name))


def _row(value: Any, name: str, readers: tuple[Callable[[Any, str], Any], ...]) -> list[Any]:
    row = _list(value, name, len(readers))
    _expect(len(row) == len(readers), name)
    return [read(part, name) for read, part in zip(readers, row, strict=True)]


def _limit(value: Any) -> tuple[str, float]:
    of, at_most = _row(value, "limits", (_text, _number))
    return of, at_most


def _grant(value: Any) -> LiveGrant:
    return LiveGrant(*_row(value, "grants", (_text, _number, _number, _number)))
