"""A grant as compact JWS (RFC 7515), minted and verified with joserfc; strict where RFC 8725 asks to be.

The header says ``alg``, ``kid`` and ``typ`` and nothing else: ``crit``, ``b64``, ``jku``, ``jwk``, ``x5u`` and all
others are refused, not ignored. The key decides the algorithm, never the token.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from joserfc import jws
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import ECKey
from joserfc.util import urlsafe_b64decode

from pdp.errors import GrantRefused
from pdp.grant.claims import from_claims, to_claims
from pdp.grant.jwks import ALGORITHM, PublicKeys
from pdp.grant.keys import SigningKey
from pdp.grant.model import Grant
from pdp.types import JsonObject

TYPE = "txntoken+jwt"
MOST_BYTES = 8_192
_FRAME_BYTES = 256
"""Header, signature and dots of a token: 235 bytes with a key id of 43 characters."""
LEEWAY = 2.0
"""Seconds by which the clocks of PDP and gateway may differ."""

_REGISTRY = jws.JWSRegistry(algorithms=[ALGORITHM])
_HEADER = {"alg", "kid", "typ"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a grant must be for at the place that verifies it.

    ``digest`` is the ``action_digest`` of what is about to run; ``certificate`` the thumbprint of the gateway's own
    client certificate, empty when it has none; a grant for the one is refused by the other. ``task`` is compared
    when it is not empty.
    """

    issuer: str
    audience: str
    digest: str
    certificate: str = ""
    task: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """A grant whose signature holds, and the id of the key that made it. Nothing else about it is checked yet."""

    grant: Grant
    key_id: str


def mint(grant: Grant, key: SigningKey) -> str:
    """The token. Raises ``GrantRefused``: too_large."""
    return sign(_written(to_claims(grant)), key)


def payload_of(claims: JsonObject) -> bytes:
    """The claims of a grant as ``sign`` takes them.

    Raises ``GrantRefused`` (too_large) for what ``sign`` would refuse, before anything is written about it.
    """
    payload = _written(claims)
    size = len(payload) * 4 // 3 + _FRAME_BYTES
    if size > MOST_BYTES:
        raise GrantRefused("too_large", f"the grant would have {size} bytes, more than {MOST_BYTES}")
    return payload


def sign(payload: bytes, key: SigningKey) -> str:
    """The token of the claims that ``payload_of`` wrote. Raises ``GrantRefused``: too_large."""
    header = {"alg": ALGORITHM, "kid": key.id, "typ": TYPE}
    token = jws.serialize_compact(header, payload, key.private, registry=_REGISTRY)
    if len(token) > MOST_BYTES:
        raise GrantRefused("too_large", f"the grant has {len(token)} bytes, more than {MOST_BYTES}")
    return token


def verify(token: str, keys: PublicKeys, wanted: Wanted, now: float, leeway: float = LEEWAY) -> Grant:
    """The grant that ``token`` is, when it holds here and now. Raises ``GrantRefused``.

    Whether it was used before or was revoked is for the caller to say.
    """
    grant = open_token(token, keys).grant
    check(grant, wanted, now, leeway)
    return grant


def open_token(token: str, keys: PublicKeys) -> Opened:
    """The grant in ``token``, signed by one of ``keys``.

    Raises ``GrantRefused``: too_large, malformed, wrong_type, wrong_algorithm, unknown_key, bad_signature.
    """
    if not token.isascii():
        _malformed("a token is ASCII text")
    if len(token) > MOST_BYTES:
        raise GrantRefused("too_large", f"the token has {len(token)} bytes, more than {MOST_BYTES}")
    key_id, key = _key(token.partition(".")[0], keys)
    try:
        signed = jws.deserialize_compact(token, key, registry=_REGISTRY)
    except BadSignatureError:
        raise GrantRefused("bad_signature", f"the signature is not that of key {key_id}") from None
    except (JoseError, ValueError, TypeError) as error:
        _malformed(f"no compact JWS: {type(error).__name__}", error)
    return Opened(from_claims(_object(signed.payload or b"", "claims")), key_id)


def check(grant: Grant, wanted: Wanted, now: float, leeway: float = LEEWAY) -> None:
    """Refuse a grant that is for elsewhere, for another action, or not for ``now`` (Unix seconds).

    Raises ``GrantRefused``: what ``check_place`` and ``check_moment`` raise.
    """
    check_place(grant, wanted.issuer, wanted.audience, wanted.certificate)
    check_moment(grant, wanted.digest, wanted.task, now, leeway)


def check_place(grant: Grant, issuer: str, audience: str, certificate: str) -> None:
    """Refuse a grant for another gateway. Raises ``GrantRefused``: wrong_issuer, wrong_audience, wrong_holder."""
    if grant.issuer != issuer:
        raise GrantRefused("wrong_issuer", f"the grant is of {grant.issuer}, not of {issuer}")
    if grant.audience != audience:
        raise GrantRefused("wrong_audience", f"the grant is for {grant.audience}, not for {audience}")
    if grant.certificate != certificate:
        raise GrantRefused("wrong_holder", "the grant is bound to another client certificate, or to none")


def check_moment(grant: Grant, digest: str, task: str, now: float, leeway: float) -> None:
    """Refuse another action and another time.

    Raises ``GrantRefused``: wrong_task, wrong_action, not_yet_valid, expired.
    """
    if task and grant.task != task:
        raise GrantRefused("wrong_task", f"the grant is for task {grant.task!r}, not for {task!r}")
    if grant.digest != digest:
        raise GrantRefused("wrong_action", "the action is not, to the letter, the one that was granted")
    # Put this way round, a time that is not a number refuses.
    if not (grant.issued_at <= now + leeway and grant.not_before <= now + leeway):
        raise GrantRefused("not_yet_valid", "the grant is not valid yet; compare the clocks")
    if not now - leeway < grant.expires_at:
        raise GrantRefused("expired", f"the grant ended {now - grant.expires_at:.0f} s ago; ask for a new decision")


def _key(segment: str, keys: PublicKeys) -> tuple[str, ECKey]:
    try:
        header = _object(urlsafe_b64decode(segment.encode()), "header")
    except ValueError as error:
        _malformed("no compact JWS: the header is not base64url", error)
    if header.get("typ") != TYPE:
        raise GrantRefused("wrong_type", f"the token's typ is not {TYPE}")
    if header.get("alg") != ALGORITHM:
        raise GrantRefused("wrong_algorithm", f"the token's alg is not {ALGORITHM}")
    if header.keys() != _HEADER:
        _malformed("the header must hold alg, kid and typ, and nothing else")
    key_id = header["kid"]
    key = keys.get(key_id) if isinstance(key_id, str) else None
    if key is None:
        raise GrantRefused("unknown_key", "the token is signed with a key that is not in the JWKS; fetch it again")
    return key_id, key


def _written(claims: JsonObject) -> bytes:
    return _ENCODER.encode(claims).encode()


def _object(data: bytes, part: str) -> dict[str, Any]:
    try:
        value = _DECODER.decode(data.decode("utf-8"))
        if b"\\u" in data:
            # Half a surrogate pair is no text; comparing and hashing it would fail later.
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        _malformed(f"the {part} cannot be read as JSON with distinct names", error)
    if not isinstance(value, dict):
        _malformed(f"the {part} must be a JSON object")
    return value


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name stands twice")
    return members


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a {type(value).__name__} is no JSON value")


def _malformed(why: str, cause: Exception | None = None) -> NoReturn:
    raise GrantRefused("malformed", why) from cause


_DECODER = json.JSONDecoder(object_pairs_hook=_distinct, parse_float=_finite, parse_constant=_no_number)
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_plain)
