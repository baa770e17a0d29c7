"""Host names as a server would see them: lower case, no port, disguised IP addresses written out."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final

from pdp.native.agreement import NotUnderstood

_LABELS: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_](?:[a-z0-9_-]{0,62}))*")
_NUMBER: Final = re.compile(r"0x[0-9a-f]*|[0-9]+")
_IPV4_PARTS: Final = 4
_BYTE: Final = 256
_PORTS: Final = 65535


@dataclass(frozen=True, slots=True)
class Address:
    """A host and port (0 where none is given), with stable words for what is odd about it."""

    host: str
    port: int = 0
    flags: tuple[str, ...] = ()


def read_host(text: str) -> Address:
    """Read ``host``, ``host:port``, ``user@host`` or ``[v6]:port``. Raises ``NotUnderstood`` on anything else."""
    flags: list[str] = []
    rest = text
    if "@" in rest:
        rest = rest.rpartition("@")[2]
        flags.append("userinfo")
    host, port = _split_port(rest)
    host = host.lower().removesuffix(".")
    address = _ip(host, flags)
    if address is not None:
        flags.extend(_ip_words(address))
        host = str(address)
    elif not _LABELS.fullmatch(host):
        raise NotUnderstood("host: expected a DNS name in ASCII (punycode for others) or an IP address")
    elif host == "localhost" or host.endswith((".localhost", ".internal", ".local")):
        flags.append("internal_name")
    return Address(host, port, tuple(flags))


def _split_port(text: str) -> tuple[str, int]:
    if text.startswith("["):
        host, bracket, tail = text[1:].partition("]")
        if not bracket or ":" not in host or (tail and not tail.startswith(":")):
            raise NotUnderstood("host: the bracket of an IPv6 address is not closed")
        digits = tail[1:]
    elif text.count(":") > 1:
        return text, 0
    else:
        host, _, digits = text.partition(":")
    if not digits:
        return host, 0
    if not (digits.isascii() and digits.isdigit()) or int(digits[:9]) > _PORTS:
        raise NotUnderstood("host: the port is not a number up to 65535")
    return host, int(digits[:9])


def _ip(host: str, flags: list[str]) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    if ":" in host:
        try:
            v6 = ipaddress.IPv6Address(host)
        except ValueError:
            raise NotUnderstood("host: not an IPv6 address") from None
        if v6.ipv4_mapped is not None:
            flags.append("disguised_address")
            return v6.ipv4_mapped
        return v6
    parts = host.split(".")
    if len(parts) > _IPV4_PARTS or not all(_NUMBER.fullmatch(p) for p in parts):
        return None
    return _ipv4(host, parts, flags)


def _ipv4(host: str, parts: list[str], flags: list[str]) -> ipaddress.IPv4Address:
    """Read like inet_aton(3): hexadecimal and octal parts, and a last part that fills the bytes left over."""
    values = [_number(p) for p in parts]
    room = _BYTE ** (_IPV4_PARTS + 1 - len(values))
    if any(v >= _BYTE for v in values[:-1]) or values[-1] >= room:
        raise NotUnderstood("host: not an IPv4 address")
    total = values[-1]
    for place, value in enumerate(values[:-1]):
        total += value * _BYTE ** (_IPV4_PARTS - 1 - place)
    address = ipaddress.IPv4Address(total)
    if str(address) != host:
        flags.append("disguised_address")
    return address


def _number(text: str) -> int:
    try:
        if text.startswith("0x"):
            return int(text[2:16] or "0", 16)
        return int(text[:16], 8) if text.startswith("0") and len(text) > 1 else int(text[:16])
    except ValueError:
        raise NotUnderstood("host: not an IPv4 address") from None


def _ip_words(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> list[str]:
    words = ["ip_address"]
    if address.is_loopback or address.is_unspecified:
        words.append("loopback_address")
    elif address.is_link_local:
        words.append("link_local_address")
    elif address.is_private:
        words.append("private_address")
    return words
