"""Who is calling: read from the channel, never from the body (invariant 8).

A client certificate names its holder as ``spiffe://…`` (a SPIFFE URI), ``dns:…`` (a DNS name) or, only when it carries
neither, ``cn:…`` (the common name). The lists ``callers`` and ``administrators`` hold such names; one that ends in
``/*`` covers every SPIFFE id below it.
"""

from __future__ import annotations

import ssl
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from grpc.aio import ServicerContext

from pdp.errors import PermissionDenied, Unauthenticated
from pdp.runtime import Caller

LOOPBACK = "loopback"
"""The name of the caller on a plaintext loopback port or a unix socket: whoever may connect there."""

Identify = Callable[[ServicerContext[bytes, object]], Caller]
"""Gives the caller, or raises ``Unauthenticated`` or ``PermissionDenied``."""

_ON_LOOPBACK = Caller(LOOPBACK)
_KINDS = (("peer_spiffe_id", ""), ("peer_dns", "dns:"))


@dataclass(frozen=True, slots=True)
class AccessList:
    """Who may call what. ``certificates`` says whether callers show a certificate at all."""

    certificates: bool
    callers: tuple[str, ...] = ()
    administrators: tuple[str, ...] = ()
    loopback_administration: bool = True


def identify_caller(access: AccessList) -> Identify:
    """Who may ask: decisions, sessions, grants, and the orders of the kill switch."""
    if not access.certificates:
        return _loopback
    return _allowed(_matcher(access.callers), _matcher(access.administrators), "decisions")


def identify_administrator(access: AccessList) -> Identify:
    """Who may administer: bundles, the kill switch, the inventory, the trail."""
    if not access.certificates:
        return _loopback if access.loopback_administration else _no_loopback_administration
    return _allowed(_matcher(access.administrators), _matcher(access.callers), "administration")


def names_of(properties: Mapping[str, Iterable[bytes]]) -> tuple[str, ...]:
    """The names a verified client certificate gives, from the channel's authentication context."""
    names = tuple(prefix + raw.decode("utf-8", "replace") for key, prefix in _KINDS for raw in properties.get(key, ()))
    if names or any(properties.get("x509_subject_alternative_name", ())):
        # Where there is a subject alternative name the common name does not count (RFC 6125, 6.4.4).
        return names
    return tuple("cn:" + raw.decode("utf-8", "replace") for raw in properties.get("x509_common_name", ()))


@lru_cache(maxsize=256)
def thumbprint(pem: bytes) -> str:
    """SHA-256 of the DER of a PEM certificate, base64url without padding (``x5t#S256`` of RFC 8705, section 3.1)."""
    digest = sha256(ssl.PEM_cert_to_DER_cert(pem.decode("ascii"))).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def _allowed(allowed: Callable[[str], bool], known: Callable[[str], bool], service: str) -> Identify:
    def identify(context: ServicerContext[bytes, object]) -> Caller:
        shown = context.auth_context()
        names = names_of(shown)
        for name in names:
            if allowed(name):
                return Caller(name, _certificate(shown))
        if not names:
            raise Unauthenticated("no client certificate names the caller")
        if any(known(name) for name in names):
            raise PermissionDenied(f"{names[0]} may not call {service}")
        raise Unauthenticated(f"{names[0]} is not on the list of callers")

    return identify


def _matcher(patterns: Sequence[str]) -> Callable[[str], bool]:
    exact = frozenset(p for p in patterns if not p.endswith("/*"))
    prefixes = tuple(p[:-1] for p in patterns if p.endswith("/*"))
    return lambda name: name in exact or (bool(prefixes) and name.startswith(prefixes))


def _certificate(shown: Mapping[str, Iterable[bytes]]) -> str:
    return next((thumbprint(pem) for pem in shown.get("x509_pem_cert", ())), "")


def _loopback(_context: ServicerContext[bytes, object]) -> Caller:
    return _ON_LOOPBACK


def _no_loopback_administration(_context: ServicerContext[bytes, object]) -> Caller:
    raise PermissionDenied("administration is off here (loopback_administration); use mutual TLS and administrators")
