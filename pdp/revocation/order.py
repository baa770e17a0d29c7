"""One order of the kill switch, and the line of JSON that it is in the journal."""

from __future__ import annotations

import enum
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pdp.errors import InvalidRequest, LimitExceeded
from pdp.types import Json

MOST_VALUE = 4_096
MOST_REASON = 4_096
MOST_BY = 1_024

CAUSES = frozenset(
    {
        "budget-exceeded",
        "denials",
        "drift",
        "key-compromised",
        "operator-action",
        "outcome-outside-grant",
        "policy-changed",
        "replay-suspected",
        "session-ended",
    }
)
"""Cause codes that an order may be given with. Stable: a code never changes its meaning."""

JOURNAL_CORRUPT = "journal-corrupt"
FEED_STALE = "feed-stale"
"""These two stand in orders that nobody gave: the journal, or a gateway's feed, cannot tell what is killed."""

# Reading asks for the form only: during an upgrade an old process must not call the codes of a newer one corrupt.
_CAUSE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", re.ASCII)
_VERSION = 1
_TYPES: dict[str, tuple[type, ...]] = {
    "by": (str,),
    "cause": (str,),
    "op": (str,),
    "reason": (str,),
    "scope": (str,),
    "sequence": (int,),
    "time": (float, int),
    "until": (float, int, type(None)),
    "v": (int,),
    "value": (str,),
}
# A line as this program writes it when no text needs an escape: read twice as fast, and a start may read 100,000.
_TEXT = r'"([ !#-\[\]-~]*)"'
_SECONDS = r"((?:0|[1-9][0-9]{0,11})\.[0-9]{1,9})"
_AS_WRITTEN = re.compile(
    rf'{{"by":{_TEXT},"cause":{_TEXT},"op":{_TEXT},"reason":{_TEXT},"scope":{_TEXT},"sequence":([1-9][0-9]{{0,17}}),'
    rf'"time":{_SECONDS},"until":(?:null|{_SECONDS}),"v":{_VERSION},"value":{_TEXT}}}'
)


class Scope(enum.Enum):
    """What kind of thing an order is about."""

    GRANT = "grant"
    SESSION = "session"
    TASK = "task"
    AGENT = "agent"
    INSTANCE = "instance"
    PRINCIPAL = "principal"
    TARGET = "target"
    INTENT = "intent"
    GATEWAY = "gateway"
    KEY = "key"
    EVERYTHING = "everything"


class Op(enum.Enum):
    """What an order does: nothing is allowed any more, only reads are, or both end."""

    KILL = "kill"
    QUARANTINE = "quarantine"
    LIFT = "lift"


_SCOPES = {scope.value: scope for scope in Scope}
_OPS = {op.value: op for op in Op}


@dataclass(frozen=True, slots=True)
class Order:
    """One order. ``sequence`` counts from 1; ``until`` and ``time`` are epoch seconds, ``until`` None: until lifted.

    ``value`` is an id; ``agent/instance`` for an instance; ``kind/name`` for a target, where ``*`` in the name stands
    for any run of characters and ``?`` for one; empty for everything. ``by`` is who gave the order.
    """

    sequence: int
    op: Op
    scope: Scope
    value: str
    reason: str
    cause: str
    until: float | None
    by: str
    time: float

    def in_force(self, now: float) -> bool:
        """Whether the order has not expired at ``now``, in epoch seconds."""
        # Put this way, a time that is not a number leaves the order in force.
        return self.until is None or not now >= self.until


def check(order: Order) -> None:
    """Raise ``InvalidRequest`` for an order that means nothing."""
    _check_value(order.scope, order.value)
    if len(order.value) > MOST_VALUE or len(order.reason) > MOST_REASON or len(order.by) > MOST_BY:
        _refuse_length(order)
    if order.cause not in CAUSES and not _CAUSE.fullmatch(order.cause):
        raise InvalidRequest("cause", f"{order.cause[:64]!r} is no code; write small letters and hyphens")
    if not math.isfinite(order.time):
        raise InvalidRequest("time", "is not a number of seconds")
    if order.until is not None and not math.isfinite(order.until):
        raise InvalidRequest("until", "is not a number of seconds")
    if order.op is Op.LIFT and order.until is not None:
        raise InvalidRequest("until", "a lift does not expire; leave it out")


def check_cause(cause: str, causes: frozenset[str]) -> None:
    """Raise ``InvalidRequest`` unless ``cause`` is one of ``causes``."""
    if cause not in causes:
        raise InvalidRequest("cause", f"{cause[:64]!r} is unknown; known are {', '.join(sorted(causes))}")


def _check_value(scope: Scope, value: str) -> None:
    if scope is Scope.EVERYTHING:
        if value:
            raise InvalidRequest("value", "everything has no value; leave it empty")
    elif not value:
        raise InvalidRequest("value", f"is empty; name the {scope.value}, or take the scope everything")
    elif scope is Scope.INSTANCE:
        _check_pair(value, "agent/instance")
    elif scope is Scope.TARGET:
        kind = _check_pair(value, "kind/name")
        if "*" in kind or "?" in kind:
            raise InvalidRequest("value", f"the kind {kind[:64]!r} cannot be a pattern, only the name can")


def _check_pair(value: str, form: str) -> str:
    first, _, second = value.partition("/")
    if not first or not second:
        raise InvalidRequest("value", f"{value[:64]!r} is not of the form {form}")
    return first


def _refuse_length(order: Order) -> None:
    for field, text, most in (
        ("value", order.value, MOST_VALUE),
        ("reason", order.reason, MOST_REASON),
        ("by", order.by, MOST_BY),
    ):
        if len(text) > most:
            raise LimitExceeded(field, f"{len(text)} characters, at most {most}")


def to_line(order: Order) -> bytes:
    """One line of JSON: ASCII, keys in alphabetical order, ended by a line feed."""
    body: dict[str, Json] = {
        "by": order.by,
        "cause": order.cause,
        "op": order.op.value,
        "reason": order.reason,
        "scope": order.scope.value,
        "sequence": order.sequence,
        "time": order.time,
        "until": order.until,
        "v": _VERSION,
        "value": order.value,
    }
    return json.dumps(body, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"


def from_line(line: bytes) -> Order:
    """The order that ``line`` is, without its line feed. Raises ``ValueError`` for anything else."""
    try:
        text = line.decode("utf-8")
        usual = _AS_WRITTEN.fullmatch(text)
        order = _as_written(*usual.groups()) if usual else _as_json(text)
        check(order)
    except json.JSONDecodeError as error:
        # Its own text counts lines and columns within this one line, which misleads.
        raise ValueError(f"is not JSON ({error.msg} at character {error.pos + 1})") from error
    except UnicodeDecodeError as error:
        raise ValueError("is not UTF-8") from error
    except InvalidRequest as error:
        raise ValueError(str(error)) from error
    except RecursionError as error:
        raise ValueError("is nested too deeply") from error
    except OverflowError as error:
        raise ValueError("has a number that is too large") from error
    return order


def _as_written(
    by: str, cause: str, op: str, reason: str, scope: str, sequence: str, time: str, until: str | None, value: str
) -> Order:
    ends = None if until is None else float(until)
    return Order(int(sequence), *_words(op, scope), value, reason, cause, ends, by, float(time))


def _words(op: str, scope: str) -> tuple[Op, Scope]:
    if op not in _OPS or scope not in _SCOPES:
        raise ValueError(f"has an unknown op or scope: {op[:64]!r}, {scope[:64]!r}")
    return _OPS[op], _SCOPES[scope]


def _as_json(text: str) -> Order:
    body, end = _DECODER.raw_decode(text)
    if end != len(text):
        raise ValueError("goes on after its end")
    if type(body) is not dict or body.keys() != _TYPES.keys():
        raise ValueError(f"is not an object with exactly the keys {', '.join(_TYPES)}")
    for name, types in _TYPES.items():
        if type(body[name]) not in types:
            raise ValueError(f"has a {name!r} of the wrong type")
    if body["v"] != _VERSION:
        raise ValueError(f"is of version {body['v']}, this program reads version {_VERSION}")
    until = body["until"]
    return Order(
        body["sequence"],
        *_words(body["op"], body["scope"]),
        body["value"],
        body["reason"],
        body["cause"],
        None if until is None else float(until),
        body["by"],
        float(body["time"]),
    )


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        # Which of two equal keys counts would depend on the reader.
        raise ValueError("has a key twice")
    return found


def _constant(word: str) -> Any:
    raise ValueError(f"has the number {word}")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)
