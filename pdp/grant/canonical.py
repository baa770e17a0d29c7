"""One text for one JSON value (RFC 8785), and the digest that ties a grant to an exact action.

Every implementation that follows RFC 8785 gets the same digest, so a gateway need not be written in Python.
"""

from __future__ import annotations

import hashlib
import math
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import fields
from json.encoder import encode_basestring

from pdp.errors import InvalidRequest, LimitExceeded
from pdp.types import Action, Json, JsonObject, Payload, Target

MOST_BYTES = 1 << 20
MOST_DEPTH = 64
_WHOLE = 2.0**53


def canonical(value: Json) -> str:
    """``value`` as RFC 8785 writes it: no spaces, members sorted by UTF-16, numbers as ECMAScript shows a double.

    Raises ``InvalidRequest`` for what is no JSON or what a double cannot hold: NaN, an infinity, 2⁵³ + 1. Two
    different actions would otherwise share a digest. Raises ``LimitExceeded`` beyond ``MOST_DEPTH``.
    """
    return _text(value, MOST_DEPTH)


def action_digest(target: Target, action: Action, payload: Payload | None) -> str:
    """SHA-256 over the canonical form of what is about to run, base64url without padding: 43 characters.

    Raises ``InvalidRequest``, and ``LimitExceeded`` for more than ``MOST_BYTES``.
    """
    text = canonical(
        {
            "action": {"name": action.name, "params": action.params},
            "payload": None if payload is None else {payload_kind(payload): _fields(payload)},
            "target": {"attributes": target.attributes, "kind": target.kind, "name": target.name},
            "v": 1,
        }
    )
    try:
        data = text.encode()
    except UnicodeEncodeError:
        raise InvalidRequest("action", "holds half a surrogate pair, which is no text") from None
    if len(data) > MOST_BYTES:
        raise LimitExceeded("action", f"{len(data)} bytes, more than {MOST_BYTES}")
    return base64url(hashlib.sha256(data).digest())


def _fields(payload: Payload) -> JsonObject:
    return {f.name: getattr(payload, f.name) for f in fields(payload)}


def payload_kind(payload: Payload | None) -> str:
    """The kind as the wire names it (``sql``, ``mcp``, ...); empty when there is none."""
    return "" if payload is None else type(payload).__name__.removesuffix("Payload").lower()


def thumbprint(certificate: bytes) -> str:
    """``x5t#S256`` of a DER certificate (RFC 8705, section 3.1)."""
    return base64url(hashlib.sha256(certificate).digest())


def base64url(data: bytes) -> str:
    """Base64url without padding (RFC 7515, section 2)."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _text(value: Json, depth: int) -> str:
    if isinstance(value, str):
        return encode_basestring(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (int, float)):
        return _number(value)
    if depth == 0:
        raise LimitExceeded("action", f"nested more than {MOST_DEPTH} levels deep")
    if isinstance(value, Mapping):
        return "{" + ",".join(_member(k, value[k], depth) for k in sorted(value, key=_utf16)) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(_text(v, depth - 1) for v in value) + "]"
    raise InvalidRequest("action", f"a {type(value).__name__} is no JSON value")


def _member(name: str, value: Json, depth: int) -> str:
    return f"{encode_basestring(name)}:{_text(value, depth - 1)}"


def _utf16(name: str) -> bytes:
    if not isinstance(name, str):
        raise InvalidRequest("action", "a member's name must be text")
    return name.encode("utf-16-be", "surrogatepass")


def _number(value: float) -> str:
    try:
        double = float(value)
    except OverflowError:
        double = math.inf
    if not math.isfinite(double) or double != value:
        raise InvalidRequest("action", "holds a number that a JSON double cannot carry")
    if double.is_integer() and abs(double) < _WHOLE:
        return str(int(double))
    return _ecmascript(double)


def _ecmascript(double: float) -> str:
    """The shortest digits, placed as ECMAScript does (ECMA-262, Number::toString): Python moves the point elsewhere."""
    mantissa, _, power = repr(abs(double)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    point = len(whole) + int(power or 0)
    digits = (whole + fraction).rstrip("0")
    stripped = digits.lstrip("0")
    point -= len(digits) - len(stripped)
    sign = "-" if double < 0 else ""
    return sign + _placed(stripped, point)


def _placed(digits: str, point: int) -> str:
    """``digits`` with the decimal point behind the first ``point`` of them."""
    if len(digits) <= point <= 21:
        return digits.ljust(point, "0")
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"0.{'0' * -point}{digits}"
    rest = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{rest}e{point - 1:+d}"
