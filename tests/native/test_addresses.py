"""Hosts in one spelling, with addresses written out and told for what they are."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.native.addresses import read_host
from pdp.native.agreement import NotUnderstood


@pytest.mark.parametrize(
    "text, host, port, flags",
    [
        ("api.example", "api.example", 0, set()),
        ("API.Example.", "api.example", 0, set()),
        ("api.example:8443", "api.example", 8443, set()),
        ("api.example:", "api.example", 0, set()),
        ("xn--bcher-kva.example", "xn--bcher-kva.example", 0, set()),
        ("my_host", "my_host", 0, set()),
        ("user:pw@evil.example", "evil.example", 0, {"userinfo"}),
        ("api.example@evil.example:80", "evil.example", 80, {"userinfo"}),
        ("localhost", "localhost", 0, {"internal_name"}),
        ("metadata.google.internal", "metadata.google.internal", 0, {"internal_name"}),
        ("93.184.216.34", "93.184.216.34", 0, {"ip_address"}),
        ("127.0.0.1", "127.0.0.1", 0, {"ip_address", "loopback_address"}),
        ("0", "0.0.0.0", 0, {"ip_address", "loopback_address", "disguised_address"}),
        ("127.1", "127.0.0.1", 0, {"ip_address", "loopback_address", "disguised_address"}),
        ("2130706433", "127.0.0.1", 0, {"ip_address", "loopback_address", "disguised_address"}),
        ("0x7f.0.0.1", "127.0.0.1", 0, {"ip_address", "loopback_address", "disguised_address"}),
        ("0177.0.0.1", "127.0.0.1", 0, {"ip_address", "loopback_address", "disguised_address"}),
        ("169.254.169.254", "169.254.169.254", 0, {"ip_address", "link_local_address"}),
        ("10.1.2.3:22", "10.1.2.3", 22, {"ip_address", "private_address"}),
        ("[::1]:8080", "::1", 8080, {"ip_address", "loopback_address"}),
        ("::1", "::1", 0, {"ip_address", "loopback_address"}),
        ("[2606:2800:220:1::]", "2606:2800:220:1::", 0, {"ip_address"}),
        ("[::ffff:169.254.169.254]", "169.254.169.254", 0, {"ip_address", "link_local_address", "disguised_address"}),
    ],
)
def test_hosts_are_read_as_they_would_be_reached(text, host, port, flags):
    """Case, dots, ports, user parts and the notations of inet_aton(3) are all resolved."""
    address = read_host(text)
    assert (address.host, address.port, set(address.flags)) == (host, port, flags)


@pytest.mark.parametrize(
    "text",
    ["", " ", "a b", "a/b", "ä.example", "a..b", "-a.example", "[::1", "[::1]x", "[x]", "a:port", "a:99999",
    "a:8\u0660",
     "256.256.256.256", "0x", "09", "999999999999", "a" * 300, "a\u200bb", "a%2eb"],
)  # fmt: skip
def test_hosts_that_are_none_are_refused(text):
    """Neither a DNS name in ASCII nor an address."""
    if text == "0x":
        assert read_host(text).host == "0.0.0.0"  # inet_aton(3) takes it for zero
        return
    with pytest.raises(NotUnderstood, match="host"):
        read_host(text)


@given(st.ip_addresses(v=4), st.sampled_from(["decimal", "hexadecimal", "octal", "short"]))
def test_every_notation_is_the_same_address(address, notation):
    """A block list of addresses is not passed by writing one in another way."""
    number = int(address)
    first, rest = number >> 24, number & 0xFFFFFF
    spelt = {"decimal": str(number), "hexadecimal": hex(number), "octal": f"0{number:o}", "short": f"{first}.{rest}"}[
        notation
    ]
    assert read_host(spelt).host == str(address)


@given(st.ip_addresses())
def test_plain_addresses_stay_as_they_are(address):
    """An address in its own notation is not called disguised, unless it is a mapped one."""
    mapped = isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None
    found = read_host(f"[{address}]" if address.version == 6 else str(address))
    assert ("disguised_address" in found.flags) == mapped
    assert mapped or found.host == str(address)
