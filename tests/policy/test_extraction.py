"""Extraction: every host, address and path that some program may see in a string."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.policy.extraction import bare_host, domain_form, emails, networks, path_form, url_hosts


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Bob <Bob@Example.COM>, eve@evil.com.", ["bob@example.com", "eve@evil.com"]),
        ("a@good.com@evil.com", ["a@good.com@evil.com"]),
        ("mailto:x@y.z?subject=a", ["x@y.z"]),
        ("bob@[1.2.3.4]", ["bob@[1.2.3.4]"]),
        ("x＠evil.com", ["x@evil.com"]),
        ("x@evil。com", ["x@evil.com"]),
        ("@evil.com", ["@evil.com"]),
        ('"a b"@evil.com', ["@evil.com"]),
        ("bob@exämple.com", ["bob@xn--exmple-cua.com"]),
        ("bob@straße.de", ["bob@straße.de"]),
        ("bob@example.com.", ["bob@example.com"]),
        ("a@b;c@d", ["a@b", "c@d"]),
        ("no mail here", []),
        ("@", []),
    ],
)
def test_emails(text: str, wanted: list[str]) -> None:
    """Lower case, full-width and international spellings in one form; all behind the last @ is the domain."""
    assert list(emails(text)) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("https://Example.com/x", {"example.com"}),
        ("https://good.com@evil.com/x", {"good.com", "evil.com"}),
        ("https://good.com\\@evil.com", {"good.com", "evil.com"}),
        ("https://good.com:80@evil.com:443/", {"good.com", "evil.com"}),
        ("https:evil.com", {"evil.com"}),
        ("https:/evil.com", {"evil.com"}),
        ("//evil.com/x", {"evil.com"}),
        ("\\\\evil\\share", {"evil", "share"}),
        ("see www.Evil.com now", {"www.evil.com"}),
        ("HTTPS://ＥＶＩＬ.com", {"evil.com"}),
        ("git+ssh://h.x/y", {"h.x"}),
        ("http://evil%2ecom/", {"evil.com"}),
        ("http://2130706433/", {"127.0.0.1"}),
        ("http://0x7f.1/", {"127.0.0.1"}),
        ("http://0177.0.0.1/", {"127.0.0.1"}),
        ("http://[::1]:8080/", {"::1"}),
        ("http://[::ffff:10.0.0.1]/", {"10.0.0.1"}),
        ("a, http://x.y and http://z.w.", {"x.y", "z.w"}),
        ("javascript:alert(1)", set()),
        ("a//b", set()),
        ("2026-01-05T10:00", set()),
    ],
)
def test_url_hosts(text: str, wanted: set[str]) -> None:
    """Every host that one of several readers may see, numeric spellings resolved."""
    assert set(url_hosts(text)) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("db1.example.com:5432", "db1.example.com"),
        ("10.0.0.1", "10.0.0.1"),
        ("me@host.x:path", "host.x"),
        ("[::1]:80", "::1"),
        ("Example.COM.", "example.com"),
        ("localhost", ""),
        ("two words.com", ""),
        ("x" * 600 + ".com", ""),
    ],
)
def test_bare_hosts(text: str, wanted: str) -> None:
    """A value that is a host as a whole, with or without port, user and path."""
    assert bare_host(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("10.1.2.3", {"10.1.2.3/32"}),
        ("host 10.1.2.3 and 10.2.0.0/16, ::ffff:10.9.9.9.", {"10.1.2.3/32", "10.2.0.0/16", "10.9.9.9/32"}),
        ("10.1.2.3:8080", {"10.1.2.3/32"}),
        ("10.1.2.3/path", {"10.1.2.3/32"}),
        ("[2001:db8::1]:443", {"2001:db8::1/128"}),
        ("fe80::1%eth0", {"fe80::1/128"}),
        ("::ffff:10.0.0.0/104", {"10.0.0.0/8"}),
        ("::/0", {"::/0"}),
        ("http://127.1/", {"127.0.0.1/32"}),
        ("12:30", set()),
        ("999.1.1.1", set()),
        ("", set()),
    ],
)
def test_addresses(text: str, wanted: set[str]) -> None:
    """Addresses and ranges, IPv4 in IPv6 as IPv4."""
    assert {str(n) for n in networks(text)} == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("/srv/../etc/passwd", "/etc/passwd"),
        ("/srv/%2e%2e/etc", "/etc"),
        ("/srv/%2E%2e%2fetc", "/etc"),
        ("/%252e%252e/x", "/%2e%2e/x"),
        ("..\\..\\x", "../../x"),
        ("a/../../x", "../x"),
        ("/..", "/"),
        ("/a//b/./c/", "/a/b/c"),
        ("~/../y", "~/../y"),
        ("~bob/x/../y", "~bob/y"),
        ("C:\\x\\..\\y", "C:/y"),
        ("file:///srv/a", "/srv/a"),
        ("file://host/srv/../a", "/a"),
        ("100%", "100%"),
        ("", "."),
        ("/", "/"),
    ],
)
def test_path_form(text: str, wanted: str) -> None:
    """One normal form for every way of writing a path."""
    assert path_form(text) == wanted


@pytest.mark.parametrize("text", ["a\0b", "a%00b", "%ff", "%c0%ae"])
def test_paths_that_no_two_readers_agree_on_are_refused(text: str) -> None:
    """NUL, and escapes that are not UTF-8."""
    with pytest.raises(ValueError):
        path_form(text)


SEGMENTS = st.lists(st.sampled_from(["a", "b", "..", ".", "", "~", "x y"]), max_size=8)


@given(SEGMENTS, st.booleans())
def test_a_normal_form_is_final_and_never_leaves_the_root(segments: list[str], rooted: bool) -> None:
    """Normalising again changes nothing; an absolute path has no .. left; escaping its characters changes nothing."""
    path = ("/" if rooted else "") + "/".join(segments)
    normal = path_form(path)
    assert path_form(normal) == normal
    assert normal.startswith("/") is path.startswith("/")
    if path.startswith("/"):
        assert ".." not in normal.split("/")
    assert path_form("".join(f"%{ord(c):02x}" for c in path)) == normal
    assert path_form(quote(path)) == normal
    assert path_form(path.replace("/", "\\")) == normal


@given(st.text(max_size=40))
def test_a_domain_form_is_final(text: str) -> None:
    """Whatever the text: no exception, and the same again."""
    assert domain_form(domain_form(text)) == domain_form(text)


@given(st.text(max_size=60))
def test_extraction_is_total(text: str) -> None:
    """Any text at all."""
    found = [*emails(text), *url_hosts(text), bare_host(text), *map(str, networks(text))]
    assert all(isinstance(f, str) for f in found)
