"""Names from certificates, and lists that cover exactly what they say."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from pdp.errors import PermissionDenied, Unauthenticated
from pdp.runtime import Caller
from pdp.server.identity import AccessList, identify_administrator, identify_caller, names_of, thumbprint
from tests.server.certificates import Authority


class Channel:
    """A call's context with the properties of a verified certificate."""

    def __init__(self, **properties: list[str]) -> None:
        self._properties = {key: [v.encode() for v in values] for key, values in properties.items()}

    def auth_context(self):
        return self._properties


def spiffe(*ids: str) -> Channel:
    return Channel(peer_spiffe_id=list(ids), x509_subject_alternative_name=list(ids), x509_common_name=["someone"])


def access(*callers: str, administrators: tuple[str, ...] = ()) -> AccessList:
    return AccessList(certificates=True, callers=callers, administrators=administrators)


def test_names_come_in_their_kinds_and_the_common_name_only_without_others():
    """A DNS name never passes for a SPIFFE id, and a common name counts only where there is no alternative name."""
    both = {"peer_spiffe_id": [b"spiffe://a/b"], "peer_dns": [b"x.y"], "x509_common_name": [b"cn"]}
    assert names_of(both) == ("spiffe://a/b", "dns:x.y")
    assert names_of({"x509_common_name": [b"gate"]}) == ("cn:gate",)
    assert names_of({"x509_common_name": [b"gate"], "x509_subject_alternative_name": [b"1.2.3.4"]}) == ()
    assert names_of({}) == ()


def test_a_name_that_is_no_text_matches_nothing():
    """Bytes that are not UTF-8 are shown replaced, and are on no list."""
    (name,) = names_of({"x509_common_name": [b"\xff"]})
    with pytest.raises(Unauthenticated):
        identify_caller(access("cn:x"))(Channel(x509_common_name=[]))
    assert name == "cn:\ufffd"


@pytest.mark.parametrize(
    ("entry", "name", "covered"),
    [
        ("spiffe://a/gateway/*", "spiffe://a/gateway/1", True),
        ("spiffe://a/gateway/*", "spiffe://a/gateway/1/2", True),
        ("spiffe://a/gateway/*", "spiffe://a/gateway", False),
        ("spiffe://a/gateway/*", "spiffe://a/gateways/1", False),
        ("spiffe://a/gateway/*", "spiffe://ab/gateway/1", False),
        ("spiffe://a/gateway", "spiffe://a/gateway", True),
        ("spiffe://a/gateway", "spiffe://a/gateway/1", False),
        ("spiffe://a/gateway", "spiffe://A/gateway", False),
    ],
)
def test_an_entry_covers_what_it_says(entry, name, covered):
    """A star covers what is below its path, nothing beside it; anything else is exact."""
    identify = identify_caller(access(entry))
    if covered:
        assert identify(spiffe(name)).name == name
    else:
        with pytest.raises(Unauthenticated, match="is not on the list of callers"):
            identify(spiffe(name))


def test_the_first_name_on_the_list_is_the_caller():
    """A certificate with several names is known by the one that lets it in."""
    assert identify_caller(access("spiffe://a/2"))(spiffe("spiffe://a/1", "spiffe://a/2")).name == "spiffe://a/2"


def test_known_names_that_may_not_are_told_apart_from_strangers():
    """PERMISSION_DENIED for a name on the other list, UNAUTHENTICATED for one on none and for no name at all."""
    both = access("spiffe://a/gateway", administrators=("spiffe://a/admin",))
    with pytest.raises(PermissionDenied, match="may not call administration"):
        identify_administrator(both)(spiffe("spiffe://a/gateway"))
    with pytest.raises(PermissionDenied, match="may not call decisions"):
        identify_caller(both)(spiffe("spiffe://a/admin"))
    with pytest.raises(Unauthenticated):
        identify_administrator(both)(spiffe("spiffe://a/other"))
    with pytest.raises(Unauthenticated, match="no client certificate names the caller"):
        identify_caller(both)(Channel())


def test_without_certificates_everybody_on_the_host_is_the_same_caller():
    """Plaintext is served on loopback and unix sockets only; administration there can be switched off."""
    plain = AccessList(certificates=False)
    assert identify_caller(plain)(Channel()) == Caller("loopback")
    assert identify_administrator(plain)(Channel()) == Caller("loopback")
    with pytest.raises(PermissionDenied, match="loopback_administration"):
        identify_administrator(AccessList(certificates=False, loopback_administration=False))(Channel())


parts = st.text("ab/", min_size=1, max_size=6)


@given(st.lists(st.tuples(parts, st.booleans()), max_size=3), parts)
def test_only_names_below_or_equal_to_an_entry_get_in(entries, path):
    """For all lists and names: in exactly when an entry is the name, or its starred path is a whole-segment prefix."""
    name = f"spiffe://{path}"
    listed = [f"spiffe://{p}/*" if star else f"spiffe://{p}" for p, star in entries]
    wanted = any(name.startswith(e[:-1]) if e.endswith("/*") else name == e for e in listed)
    try:
        identify_caller(access(*listed))(spiffe(name))
    except Unauthenticated:
        assert not wanted
    else:
        assert wanted


def test_a_caller_is_known_by_its_certificate_as_well():
    """The thumbprint is SHA-256 over the DER, base64url without padding, as ``cnf.x5t#S256`` of a grant has it."""
    pem = Authority().sign(uris=("spiffe://a/1",)).certificate
    channel = spiffe("spiffe://a/1")
    channel.auth_context()["x509_pem_cert"] = [pem]
    der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    expected = base64.urlsafe_b64encode(hashlib.sha256(der).digest()).decode().rstrip("=")
    assert identify_caller(access("spiffe://a/1"))(channel) == Caller("spiffe://a/1", expected)
    assert thumbprint(pem) == expected
    assert identify_caller(access("spiffe://a/1"))(spiffe("spiffe://a/1")).certificate == ""
