"""The public half of the grant keys: a JWKS document (RFC 7517) and the set a verifier makes of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from pdp.errors import ConfigError
from pdp.types import JsonObject

ALGORITHM = "ES256"
MOST_KEYS = 64


class PublicKeys:
    """Verification keys by their id. Each is good for ``ES256`` and nothing else, whatever a token says."""

    __slots__ = ("_keys",)

    def __init__(self, keys: Iterable[ECKey]) -> None:
        self._keys: Mapping[str, ECKey] = {key.thumbprint(): key for key in keys}

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def get(self, key_id: str) -> ECKey | None:
        """The key with this id (its RFC 7638 thumbprint)."""
        return self._keys.get(key_id)

    def document(self) -> JsonObject:
        """The JWKS."""
        return {"keys": [public_members(k) for k in self._keys.values()]}

    @classmethod
    def read(cls, document: JsonObject | str | bytes) -> PublicKeys:
        """The usable keys of a JWKS; keys of other kinds are passed over (RFC 7517, section 5).

        Raises ``ConfigError``: no JWKS, no usable key, a private key among them, an id that is not its key's.
        """
        try:
            found: Any = json.loads(document) if isinstance(document, (str, bytes)) else document
            members = found["keys"]
        except (ValueError, TypeError, KeyError, RecursionError):
            raise ConfigError('the JWKS is not JSON of the form {"keys": [...]}') from None
        if not isinstance(members, Sequence) or isinstance(members, str) or len(members) > MOST_KEYS:
            raise ConfigError(f"the JWKS must hold a list of at most {MOST_KEYS} keys")
        keys = [_public(m) for m in members if _is_usable(m)]
        if not keys:
            raise ConfigError(f"the JWKS holds no EC key on P-256 for {ALGORITHM}")
        return cls(keys)


def public_members(key: ECKey) -> JsonObject:
    """One key of a JWKS, public members only."""
    public = key.as_dict(private=False)
    shown = {n: str(public[n]) for n in ("kty", "crv", "x", "y")}
    return {**shown, "kid": key.thumbprint(), "alg": ALGORITHM, "use": "sig"}


def _is_usable(members: Any) -> bool:
    return (
        isinstance(members, Mapping)
        and members.get("kty") == "EC"
        and members.get("crv") == "P-256"
        and members.get("alg", ALGORITHM) == ALGORITHM
        and members.get("use", "sig") == "sig"
    )


def _public(members: Mapping[str, Any]) -> ECKey:
    if "d" in members:
        raise ConfigError("the JWKS holds a private key: whoever read it can mint grants; rotate the keys")
    try:
        key = ECKey.import_key({n: members[n] for n in ("kty", "crv", "x", "y")})
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise ConfigError(f"a key of the JWKS cannot be read: {type(error).__name__}") from error
    if members.get("kid", key.thumbprint()) != key.thumbprint():
        raise ConfigError(f"the JWKS calls a key {members['kid']!r}, and its thumbprint is {key.thumbprint()}")
    return key
