"""PyJWT, an independent reader, agrees: it takes what we take, and what it refuses we refuse."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.errors import GrantRefused
from pdp.grant import Grant, from_claims, mint, to_claims, verify
from tests.grant.samples import KEY, KEYS, WANTED, decode, encode, forge, grant, header, json_values, signing_key

ALL_CLAIMS = sorted(to_claims(grant()))


def theirs(token: str, required=("exp", "iat", "nbf", "aud", "iss", "sub", "jti")) -> dict | None:
    """The claims as PyJWT reads them; None when it refuses."""
    try:
        return jwt.decode(
            token,
            jwt.PyJWK(dict(KEYS.document()["keys"][0])),
            algorithms=["ES256"],
            audience=WANTED.audience,
            issuer=WANTED.issuer,
            leeway=2,
            options={"require": list(required)},
        )
    except jwt.PyJWTError:
        return None


def ours(token: str) -> Grant | None:
    """The grant as we read it; None when we refuse."""
    try:
        return verify(token, KEYS, WANTED, time.time())
    except GrantRefused:
        return None


def compare(token: str) -> Grant | None:
    """We never take what PyJWT refuses, and read the same where both take it."""
    mine, other = ours(token), theirs(token)
    assert mine is None or (other is not None and from_claims(other) == mine)
    return mine


@given(st.integers(1, 1_000), st.integers(10, 300), st.text(st.characters(exclude_categories=["Cs"])))
def test_both_take_what_the_pdp_mints(uses, life, session):
    """And read the same."""
    now = time.time()
    made = grant(now, uses=uses, expires_at=int(now) + life, session=session)
    assert compare(mint(made, KEY)) == made


CHANGES = {
    "expired": {"exp": -10},
    "just expired": {"exp": -2},
    "not yet": {"nbf": 10},
    "issued later": {"iat": 10},
}


@pytest.mark.parametrize("name", CHANGES)
def test_both_refuse_another_time(name):
    """Expired, not valid yet, issued in the future."""
    now = int(time.time())
    claims = to_claims(grant(now - 100, expires_at=now + 100)) | {k: now + v for k, v in CHANGES[name].items()}
    token = forge(header(), claims)
    assert (compare(token), theirs(token)) == (None, None)


@pytest.mark.parametrize("claim", ALL_CLAIMS)
def test_we_refuse_a_missing_claim_where_pyjwt_is_told_to(claim):
    """Every claim is one that PyJWT can be told to require; ``sid`` and ``tid`` are absent without a session."""
    claims = to_claims(grant(time.time()))
    del claims[claim]
    token = forge(header(), claims)
    assert theirs(token, ALL_CLAIMS) is None
    assert compare(token) is None or claim in {"sid", "tid"}


@given(st.sampled_from(ALL_CLAIMS), json_values)
def test_we_take_no_claim_that_pyjwt_refuses(claim, value):
    """Any value in place of any claim, with a good signature."""
    compare(forge(header(), to_claims(grant(time.time())) | {claim: value}))


@given(st.sampled_from(["alg", "typ", "kid", "crit", "b64", "cty", "jku", "jwk", "x"]), json_values)
def test_we_take_no_header_that_pyjwt_refuses(name, value):
    """Any value of any header, with a good signature."""
    compare(forge(header(**{name: value}), to_claims(grant(time.time()))))


@given(st.data())
def test_we_take_no_tampered_token_that_pyjwt_refuses(data):
    """A flipped bit in the text or in the bytes below it."""
    minted = mint(grant(int(time.time())), KEY)  # whole seconds: always as long
    token = bytearray(minted.encode())
    token[data.draw(st.integers(0, len(token) - 1))] ^= 1 << data.draw(st.integers(0, 6))
    compare(token.decode())
    parts = minted.split(".")
    which = data.draw(st.integers(0, 2))
    raw = bytearray(decode(parts[which]))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    parts[which] = encode(bytes(raw))
    assert compare(".".join(parts)) is None


def test_both_refuse_what_somebody_else_made():
    """By PyJWT itself: another key, no algorithm, a secret, another curve."""
    claims = json.loads(json.dumps(to_claims(grant(time.time()))))
    other = signing_key().private.as_pem(private=True)
    made = [
        jwt.encode(claims, other, "ES256", header()),
        jwt.encode(claims, None, "none", header(alg="none")),
        jwt.encode(claims, "x" * 64, "HS256", header(alg="HS256")),
    ]
    for token in made:
        assert (compare(token), theirs(token)) == (None, None)
    good = jwt.encode(claims, KEY.private.as_pem(private=True), "ES256", header())
    assert compare(good) is not None


def test_we_are_the_stricter_one():
    """What PyJWT takes and a grant must not: other types, other uses, names that stand twice."""
    now = time.time()
    claims = json.dumps(to_claims(grant(now)))
    twice = forge(header(), claims.replace('"uses": 1', '"uses": 1, "uses": 1'))
    other_type = forge(header(typ="JWT"), claims)
    longer = forge(header(), to_claims(grant(now)) | {"exp": int(now) + 10_000})
    for token in (twice, other_type, longer):
        assert theirs(token) is not None
        assert ours(token) is None


def test_the_wrong_audience_is_refused_by_both():
    """Also as one of several: a grant is for one gateway."""
    for audience in ("gw:other", [], ["gw:other"], None):
        assert compare(forge(header(), to_claims(grant(time.time())) | {"aud": audience})) is None
    several = forge(header(), to_claims(grant(time.time())) | {"aud": [WANTED.audience, "gw:other"]})
    assert theirs(several) is not None
    assert ours(several) is None
    assert ours(mint(replace(grant(time.time())), KEY)) is not None
