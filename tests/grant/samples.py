"""Grants as the PDP mints them, and a forge: tokens that joserfc would not make."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import strategies as st
from joserfc.jwk import ECKey

from pdp.grant import Actor, Detail, Grant, Origin, PublicKeys, SigningKey, Wanted, action_digest
from pdp.types import Access, Action, Target

NOW = 1_800_000_000.0
ISSUER = "https://pdp.example"
AUDIENCE = "gw:pg-prod/i-3"
CERTIFICATE = "c" * 43
TARGET = Target("table", "billing.invoices", {"region": "eu"})
ACTION = Action("read", {"customer": 4711, "limit": 100, "columns": ["id", "sum"]})


def signing_key() -> SigningKey:
    private = ECKey.generate_key("P-256")
    return SigningKey(private.thumbprint(), 0, private)


KEY = signing_key()
KEYS = PublicKeys([ECKey.import_key(KEY.private.as_dict(private=False))])
WANTED = Wanted(ISSUER, AUDIENCE, action_digest(TARGET, ACTION, None), CERTIFICATE)


def grant(now: float = NOW, **other) -> Grant:
    """A grant that holds from ``now`` for a minute."""
    made = Grant(
        id="g-1",
        issuer=ISSUER,
        audience=AUDIENCE,
        principal="ada@example.com",
        actors=(Actor("spiffe://example/billing-agent", "3"),),
        issued_at=now,
        not_before=int(now),
        expires_at=int(now) + 60,
        transaction="r-1",
        session="s-1",
        task="t-1",
        intent="read-invoices",
        detail=Detail(
            target_kind=TARGET.kind,
            target_name=TARGET.name,
            action=ACTION.name,
            attributes=TARGET.attributes,
            params=ACTION.params,
            bounds=("columns", "limit"),
            access=Access.READ,
        ),
        digest=WANTED.digest,
        decision="d-1",
        revision="sha256:abc",
        certificate=CERTIFICATE,
    )
    return replace(made, **other)


def encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(segment: str) -> bytes:
    return urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def header(**other) -> dict:
    return {"alg": "ES256", "kid": KEY.id, "typ": "txntoken+jwt"} | other


def forge(head: object, claims: object, key: SigningKey = KEY) -> str:
    """A token with a good signature over whatever parts: text and bytes go in as they are."""
    parts = [
        p if isinstance(p, bytes) else (p if isinstance(p, str) else json.dumps(p)).encode() for p in (head, claims)
    ]
    signed = ".".join(encode(p) for p in parts)
    r, s = decode_dss_signature(key.private.private_key.sign(signed.encode(), ECDSA(hashes.SHA256())))
    return f"{signed}.{encode(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
filled = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(texts, json_values, max_size=4)
digests = st.text("abcXYZ019-_", min_size=43, max_size=43)
details = st.builds(
    Detail,
    target_kind=texts,
    target_name=texts,
    action=texts,
    attributes=st.none() | objects,
    params=st.none() | objects,
    payload=st.sampled_from(["", "sql", "mcp"]),
    read_only=st.booleans(),
    row_limit=st.none() | st.integers(0, 10**6),
    bounds=st.lists(filled, max_size=2).map(tuple),
    access=st.sampled_from(Access),
)


@st.composite
def grants(draw) -> Grant:
    """Any grant there may be."""
    issued = draw(st.floats(1e9, 2e9) | st.integers(10**9, 2 * 10**9))
    begin = int(issued)
    return Grant(
        id=draw(filled),
        issuer=draw(filled),
        audience=draw(filled),
        principal=draw(filled),
        actors=tuple(draw(st.lists(st.builds(Actor, filled, texts), min_size=1, max_size=4))),
        issued_at=issued,
        not_before=begin,
        expires_at=begin + draw(st.integers(1, 300)),
        transaction=draw(filled),
        session=draw(texts),
        task=draw(texts),
        intent=draw(filled),
        detail=draw(details),
        digest=draw(digests),
        decision=draw(texts),
        revision=draw(texts),
        certificate=draw(st.just("") | digests),
        uses=draw(st.integers(1, 1_000)),
        origins=tuple(draw(st.lists(st.builds(Origin, filled, st.integers(1, 1_000)), max_size=3))),
    )
