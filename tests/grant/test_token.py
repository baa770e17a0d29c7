"""A token is accepted when it is exactly what the PDP minted, here and now; everything else is refused by name."""

from __future__ import annotations

import hmac
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey

from pdp.errors import GrantRefused
from pdp.grant import PublicKeys, Wanted, mint, open_token, to_claims, verify
from tests.grant.samples import (
    CERTIFICATE,
    KEY,
    KEYS,
    NOW,
    WANTED,
    decode,
    digests,
    encode,
    forge,
    grant,
    grants,
    header,
    signing_key,
)

TOKEN = mint(grant(), KEY)
CLAIMS = to_claims(grant())


def fault(token: str, wanted: Wanted = WANTED, now: float = NOW, keys: PublicKeys = KEYS) -> str:
    """Why a token is refused; empty when it is not."""
    try:
        verify(token, keys, wanted, now)
    except GrantRefused as refused:
        return refused.fault
    return ""


def test_a_refusal_does_not_show_the_token():
    """Grants are never logged."""
    with pytest.raises(GrantRefused) as refused:
        verify(TOKEN[:-8] + "AAAAAAAA", KEYS, WANTED, NOW)
    assert TOKEN[:40] not in str(refused.value)


def test_the_forge_makes_tokens_as_joserfc_does():
    """Else the refusals below would prove nothing."""
    assert fault(forge(header(), CLAIMS)) == ""


@given(grants())
def test_what_is_minted_verifies_to_the_same_grant(made):
    """At any moment of its life."""
    wanted = Wanted(made.issuer, made.audience, made.digest, made.certificate, made.task)
    token = mint(made, KEY)
    assert verify(token, KEYS, wanted, made.issued_at) == made
    assert verify(token, KEYS, wanted, made.expires_at - 1) == made


@given(st.data())
def test_a_token_with_another_character_is_refused(data):
    """Header, claims or signature: wherever, whatever."""
    at = data.draw(st.integers(0, len(TOKEN) - 1))
    character = data.draw(st.characters(max_codepoint=255))
    other = TOKEN[:at] + character + TOKEN[at + 1 :]
    assert (fault(other) == "") == (other == TOKEN)


@given(st.data())
def test_a_token_with_another_bit_is_refused(data):
    """One bit in the bytes of one part."""
    parts = TOKEN.split(".")
    which = data.draw(st.integers(0, 2))
    raw = bytearray(decode(parts[which]))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    parts[which] = encode(bytes(raw))
    assert fault(".".join(parts))


@pytest.mark.parametrize("which", range(3))
def test_swapped_parts_are_refused(which):
    """Each part of another good token in place of its own."""
    other = mint(grant(id="g-2", uses=5), signing_key()).split(".")
    parts = TOKEN.split(".")
    parts[which] = other[which]
    assert fault(".".join(parts)) in {"bad_signature", "unknown_key"}


@given(st.text() | st.text("ey.A-_0=+/\n ", max_size=40))
def test_any_text_is_refused_and_nothing_else_happens(text):
    """No other error escapes."""
    assert fault(text)
    assert fault(f"{text}.{TOKEN}")
    assert fault(f"{TOKEN}{text}") or not text


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_any_bytes_with_a_good_signature_are_refused(head, claims):
    """A signer gone wrong does not bring the gateway down."""
    assert fault(forge(head, claims))
    assert fault(forge(header(), claims)) == "malformed"


ALGORITHMS = {
    "none": {"alg": "none"},
    "None": {"alg": "None"},
    "lower case": {"alg": "es256"},
    "HS256": {"alg": "HS256"},
    "ES384": {"alg": "ES384"},
    "RS256": {"alg": "RS256"},
    "EdDSA": {"alg": "EdDSA"},
    "a list": {"alg": ["ES256"]},
    "null": {"alg": None},
}


@pytest.mark.parametrize("name", ALGORITHMS)
def test_the_algorithm_is_the_keys_and_not_the_tokens(name):
    """Even with a signature that would be good."""
    assert fault(forge(header(**ALGORITHMS[name]), CLAIMS)) == "wrong_algorithm"


def test_an_unsigned_token_is_refused():
    """RFC 8725, section 3.1."""
    head, claims, _ = TOKEN.split(".")
    assert fault(f"{head}.{claims}.") == "bad_signature"
    assert fault(f"{encode(json.dumps(header(alg='none')).encode())}.{claims}.") == "wrong_algorithm"
    assert fault(f"{head}.{claims}") == "malformed"


@pytest.mark.parametrize("as_secret", ["pem", "der", "jwk"])
def test_the_public_key_is_no_secret_for_hs256(as_secret):
    """RFC 8725, section 2.1: the public key taken for an HMAC secret."""
    public = ECKey.import_key(KEY.private.as_dict(private=False))
    secret = {
        "pem": public.as_pem(private=False),
        "der": public.as_der(private=False),
        "jwk": json.dumps(public.as_dict(private=False)).encode(),
    }[as_secret]
    signed = f"{encode(json.dumps(header(alg='HS256')).encode())}.{TOKEN.split('.')[1]}"
    # By hand: joserfc refuses to take a public key for a secret.
    token = f"{signed}.{encode(hmac.digest(secret, signed.encode(), 'sha256'))}"
    assert fault(token) == "wrong_algorithm"


def test_another_keys_token_is_refused():
    """Unknown, and known by name but not by signature."""
    other = signing_key()
    assert fault(mint(grant(), other)) == "unknown_key"
    assert fault(forge(header(), CLAIMS, other)) == "bad_signature"
    both = PublicKeys([KEYS.get(KEY.id), ECKey.import_key(other.private.as_dict(private=False))])
    assert fault(mint(grant(), other), keys=both) == ""
    assert fault(forge(header(), CLAIMS, other), keys=both) == "bad_signature"


HEADERS = {
    "crit": {"crit": ["exp"], "exp": 1},
    "empty crit": {"crit": []},
    "b64": {"b64": False, "crit": ["b64"]},
    "b64 true": {"b64": True},
    "jku": {"jku": "https://evil.example/jwks.json"},
    "jwk": {"jwk": KEY.private.as_dict(private=False)},
    "x5u": {"x5u": "https://evil.example/cert.pem"},
    "x5c": {"x5c": ["MIIB"]},
    "x5t": {"x5t": "abc"},
    "cty": {"cty": "JWT"},
    "zip": {"zip": "DEF"},
    "unknown": {"whatever": 1},
}


@pytest.mark.parametrize("name", HEADERS)
def test_no_other_header_is_taken(name):
    """Neither honoured nor ignored."""
    assert fault(forge(header(**HEADERS[name]), CLAIMS)) == "malformed"


def test_an_attackers_key_in_the_header_is_not_used():
    """Signed with it, naming it, or naming it by its own id."""
    evil = signing_key()
    jwk = evil.private.as_dict(private=False)
    assert fault(forge(header(jwk=jwk), CLAIMS, evil)) == "malformed"
    assert fault(forge(header(jwk=jwk, kid=evil.id), CLAIMS, evil)) == "malformed"


@pytest.mark.parametrize("typ", ["JWT", "at+jwt", "TXNTOKEN+JWT", "application/txntoken+jwt", "", None, 1])
def test_another_type_is_refused(typ):
    """A token for something else, signed with the same key (RFC 8725, section 3.11)."""
    assert fault(forge(header(typ=typ), CLAIMS)) == "wrong_type"


def test_missing_headers_are_refused():
    """All three are needed."""
    for name, want in (("alg", "wrong_algorithm"), ("typ", "wrong_type"), ("kid", "malformed")):
        head = header()
        del head[name]
        assert fault(forge(head, CLAIMS)) == want
    for kid in (None, 1, [KEY.id], {"a": 1}, "", "../../etc/passwd"):
        assert fault(forge(header(kid=kid), CLAIMS)) == "unknown_key"


def test_a_name_that_stands_twice_is_refused():
    """In the header, in the claims, and deep in them: parsers differ in which one they take."""
    text = json.dumps(CLAIMS)
    twice = {
        "claims": text.replace('"uses": 1', '"uses": 1, "uses": 1'),
        "escaped": text.replace('"uses": 1', '"uses": 1, "\\u0075ses": 9'),
        "deep": text.replace('"limit": 100', '"limit": 100, "limit": 1'),
    }
    assert text not in twice.values()
    for claims in twice.values():
        assert fault(forge(header(), claims)) == "malformed"
    head = json.dumps(header())
    assert fault(forge(head.replace('"alg"', '"alg": "none", "alg"', 1), CLAIMS)) == "malformed"


CLAIM_TEXTS = {
    "NaN": json.dumps(CLAIMS).replace('"uses": 1', '"uses": NaN'),
    "infinite": json.dumps(CLAIMS).replace('"limit": 100', '"limit": 1e999'),
    "huge integer": json.dumps(CLAIMS).replace('"uses": 1', f'"uses": {"9" * 5_000}'),
    "half a pair": json.dumps(CLAIMS).replace('"r-1"', '"\\ud800"'),
    "a list": json.dumps([CLAIMS]),
    "text": '"text"',
    "deep": "[" * 5_000,
    "deep object": '{"a":' * 1_000,
    "two": json.dumps(CLAIMS) * 2,
    "empty": "",
    "utf-16": json.dumps(CLAIMS).encode("utf-16"),
    "a mark": b"\xef\xbb\xbf" + json.dumps(CLAIMS).encode(),
    "latin-1": json.dumps(CLAIMS).replace("r-1", "\xe9").encode("latin-1"),
}


@pytest.mark.parametrize("name", CLAIM_TEXTS)
def test_claims_that_are_not_plain_json_are_refused(name):
    """Whatever else Python's parser would take."""
    assert fault(forge(header(), CLAIM_TEXTS[name])) == "malformed"


def test_an_oversized_token_is_refused_unread():
    """And is not minted."""
    assert fault("x" * 8_193) == "too_large"
    assert fault(TOKEN + "A" * 8_192) == "too_large"
    with pytest.raises(GrantRefused) as refused:
        mint(grant(transaction="x" * 9_000), KEY)
    assert refused.value.fault == "too_large"


WRONG = {
    "wrong_issuer": {"issuer": "https://pdp.example/"},
    "wrong_audience": {"audience": "gw:pg-prod/i-4"},
    "wrong_action": {"digest": "a" * 43},
    "wrong_holder": {"certificate": "d" * 43},
    "wrong_task": {"task": "t-2"},
}


@pytest.mark.parametrize("name", WRONG)
def test_a_grant_for_elsewhere_is_refused(name):
    """Another PDP, gateway, action, certificate or task."""
    assert fault(TOKEN, replace(WANTED, **WRONG[name])) == name
    assert fault(TOKEN, replace(WANTED, task="t-1")) == ""


@given(st.sampled_from(["", CERTIFICATE, "d" * 43]), st.sampled_from(["", CERTIFICATE, "d" * 43]))
def test_a_grant_bound_to_a_certificate_is_for_it_alone(bound, own):
    """And one that is bound to none is for a gateway that has none."""
    assert (fault(mint(grant(certificate=bound), KEY), replace(WANTED, certificate=own)) == "") == (bound == own)


@given(digests)
def test_another_action_is_refused(digest):
    """To the letter."""
    assert fault(TOKEN, replace(WANTED, digest=digest)) == ("" if digest == WANTED.digest else "wrong_action")


@given(st.floats(-100, 200))
def test_a_grant_holds_for_its_life_and_the_leeway(after):
    """Not a moment longer; a clock that shows no number refuses."""
    want = "not_yet_valid" if after < -2 else "expired" if after >= 62 else ""
    assert fault(TOKEN, now=NOW + after) == want
    assert fault(TOKEN, now=float("nan"))


def test_opening_says_which_key():
    """For the revocation of keys."""
    assert open_token(TOKEN, KEYS).key_id == KEY.id
