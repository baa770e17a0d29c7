r"""E-mail addresses, hosts, paths and IP addresses found in a string, in one normal form each.

Extraction errs on the side of finding too much: where two readers of a string could see different hosts
(``https://a\@b``, ``https://a@b``), every host that one of them may see is found, so that a rule which asks about
*all* of them is safe.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias
from urllib.parse import unquote

Network: TypeAlias = IPv4Network | IPv6Network

# Every pattern below is linear in the length of the text, which an agent chooses.
_SEPARATORS: Final = re.compile(r"[\s<>()\",;]+")
_EDGES: Final = "'`.!?|{}"
_AUTHORITY: Final = re.compile(
    r"""(?:(?:https?|wss?|ftps?):[/\\]*|[a-z][a-z0-9+.\-]{0,30}:[/\\]{2,}|(?<![^\s"'(=<,;])[/\\]{2,})([^\s/?#"'<>]+)""",
    re.IGNORECASE,
)
_WWW: Final = re.compile(r"(?<![\w.@-])www\.[\w.-]+", re.IGNORECASE)
_BARE: Final = re.compile(r"(?:[^\s/@]+@)?(\[[0-9a-f:.]+\]|[\w-]+(?:\.[\w-]+)+)\.?(?::[^\s@]*)?", re.IGNORECASE)
_IP_TOKEN: Final = re.compile(r"[\[\]0-9A-Za-z:./%]+")
_IP_START: Final = re.compile(r"\[?(?:[0-9]{1,3}\.|[0-9a-fA-F]{0,4}:)")
_USER_INFO: Final = re.compile(r"[\\@]")
_SLASHES: Final = frozenset("/\\:")
_LONGEST_HOST: Final = 512
_LONGEST_IP: Final = 64
_FILE_SCHEME: Final = re.compile(r"\Afile:(?://[^/]*)?(?=/)", re.IGNORECASE)
_AFTER_DOMAIN: Final = re.compile(r"[/\\?#:].*", re.DOTALL)
# Older readers (IDNA 2003) take these for other characters, newer ones for themselves; such names match nothing.
_DEVIATIONS: Final = frozenset("ßς\u200c\u200d")
_STOPS: Final = str.maketrans("。｡．", "...")


def _plain(text: str) -> str:
    """``text`` with compatibility characters (full-width letters, ``＠``) as the plain ones a program reads."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def emails(text: str) -> Iterator[str]:
    """Addresses in ``text``, lower-cased, the domain in its ASCII form. All after the last ``@`` is the domain."""
    plain = _plain(text)
    for token in _SEPARATORS.split(plain) if "@" in plain else ():
        if "@" not in token:
            continue
        local, _, domain = token.strip(_EDGES + ":").removeprefix("mailto:").rpartition("@")
        if local or domain:
            name = domain if domain.startswith("[") else _AFTER_DOMAIN.sub("", domain)
            yield f"{local.lower()}@{domain_form(name)}"


def domain_form(name: str) -> str:
    """A domain name in lower-case ASCII (IDNA), without its final dot; one that has no such form stays as it is."""
    if name.isascii():
        return name.lower().rstrip(".")
    lowered = _plain(name).translate(_STOPS).lower().rstrip(".")
    if lowered.isascii() or _DEVIATIONS & set(name):
        return lowered
    try:
        return lowered.encode("idna").decode("ascii")
    except UnicodeError:
        return lowered


def url_hosts(text: str) -> Iterator[str]:
    """Hosts of the URLs in ``text`` (with a scheme, starting with ``//``, or with ``www.``)."""
    plain = _plain(text)
    for authority in _AUTHORITY.findall(plain) if _SLASHES & set(plain) else ():
        for part in filter(None, _USER_INFO.split(authority)):
            host = _host(part)
            if host:
                yield host
    for name in _WWW.findall(plain):
        yield domain_form(name)


def bare_host(text: str) -> str:
    """The host that ``text`` is as a whole (``db1.example.com:5432``, ``10.0.0.1``, ``me@host:path``), or nothing."""
    found = _BARE.fullmatch(_plain(text).strip()) if len(text) <= _LONGEST_HOST else None
    return _host(found[1]) if found else ""


def _host(part: str) -> str:
    """One host without its port; numeric spellings of an IPv4 address (``0x7f.1``) are resolved to the address."""
    name = part[1:].partition("]")[0] if part.startswith("[") else unquote(part.partition(":")[0]).strip(_EDGES)
    address = _address(name) or _numeric(name)
    return str(address) if address else domain_form(name)


def is_address(host: str) -> bool:
    """Whether a host is an IP address rather than a name."""
    return _address(host) is not None


def networks(text: str) -> Iterator[Network]:
    """IP addresses and CIDR ranges in ``text``; one address is a network of one. IPv4 inside IPv6 counts as IPv4."""
    for token in _IP_TOKEN.findall(text):
        if len(token) <= _LONGEST_IP and _IP_START.match(token):
            bare = token.rstrip(".:/")
            inside = bare[1:].partition("]")[0] if bare.startswith("[") else bare
            spellings = (token, bare, bare.partition("/")[0], inside, bare.partition(":")[0])
            found = next((n for s in spellings if (n := _network(s))), None)
            if found:
                yield found
    for host in (*url_hosts(text), bare_host(text)):
        found = _network(host)
        if found:
            yield found


def path_form(text: str) -> str:
    r"""``text`` as a path in POSIX normal form.

    ``\`` reads as ``/``, percent escapes are decoded once, ``.`` and empty segments go, ``..`` takes away the
    segment before it; a leading ``~`` stays and ``..`` never climbs over it or, in a relative path, over the start.
    Raises ``ValueError`` for a NUL character or an escape that is not UTF-8.
    """
    plain = unquote(_FILE_SCHEME.sub("", text), errors="strict").replace("\\", "/")
    if "\0" in plain:
        raise ValueError("a path holds a NUL character")
    root = "/" if plain.startswith("/") else ""
    kept: list[str] = []
    for segment in plain.split("/"):
        if segment in {"", "."}:
            continue
        if segment != "..":
            kept.append(segment)
        elif kept and kept[-1] != ".." and not (len(kept) == 1 and not root and kept[0].startswith("~")):
            kept.pop()
        elif not root:
            kept.append("..")
    return (root + "/".join(kept)) or "."


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _network(text: str) -> Network | None:
    address, slash, length = text.partition("/")
    try:
        network = ip_network(address.partition("%")[0] + slash + length, strict=False)
    except ValueError:
        return None
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is None or network.prefixlen < 96:
        return network
    return IPv4Network((mapped, network.prefixlen - 96))


def _numeric(name: str) -> IPv4Address | None:
    """An IPv4 address in the loose spellings of inet_aton: one to four parts, decimal, octal or hexadecimal."""
    parts = name.lower().split(".")
    if len(parts) > 4 or not all(re.fullmatch(r"0x[0-9a-f]{1,8}|\d{1,11}", p) for p in parts):
        return None
    numbers = [int(p, 16) if p.startswith("0x") else int(p, 8 if _octal(p) else 10) for p in parts]
    *heads, last = numbers
    if any(n > 255 for n in heads) or last >= 256 ** (4 - len(heads)):
        return None
    return IPv4Address(sum(n << (24 - 8 * i) for i, n in enumerate(heads)) + last)


def _octal(part: str) -> bool:
    return len(part) > 1 and part.startswith("0") and all(c in "01234567" for c in part)
