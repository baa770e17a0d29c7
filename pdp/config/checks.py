"""What must hold between settings, and between settings and the machine, before a port may open."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

from pdp.config.model import Config
from pdp.server import address

Complaint = tuple[str, str]
"""A setting's name, and what is wrong with it and how to mend it."""

OTHERS_MAY_READ = 0o007


def complaints(config: Config) -> Iterator[Complaint]:
    """Everything that is wrong."""
    for check in CHECKS:
        yield from check(config)


def _directories(config: Config) -> Iterator[Complaint]:
    if not config.bundle.is_dir():
        yield "bundle", f"{config.bundle} is no directory; `pdp bundle init DIR` makes one to start from"
    if config.model is not None and not (config.model / "manifest.json").is_file():
        yield "model", f"{config.model} holds no manifest.json; name a directory written by training.export"
    place = next((p for p in (config.data_dir, *config.data_dir.absolute().parents) if p.exists()), config.data_dir)
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        yield "data_dir", f"{place} is no directory that this user may write to; create {config.data_dir}"


def _ports(config: Config) -> Iterator[Complaint]:
    if config.listen.startswith(address.UNIX):
        if config.workers > 1:
            yield "workers", "several workers cannot share a unix socket; use one, or listen on host:port"
        if config.tls_certificate is not None:
            yield "tls_certificate", "a unix socket is protected by its mode, not by TLS; leave the tls settings out"
    elif config.metrics_listen and _port(config.listen) == _port(config.metrics_listen) != 0:
        yield "metrics_listen", "has the port of listen; metrics need one of their own"


def _port(listen: str) -> int:
    return address.split(listen)[1]


def _times(config: Config) -> Iterator[Complaint]:
    if config.shortest_deadline >= config.default_deadline:
        yield "shortest_deadline", "is not below default_deadline, so every call without a deadline would be refused"


def _whole_tls(config: Config) -> Iterator[Complaint]:
    """Half a TLS configuration never starts (invariant 8)."""
    certificate, key, authority = config.tls_certificate, config.tls_key, config.tls_client_ca
    if (certificate is None) != (key is None):
        yield ("tls_key" if certificate else "tls_certificate"), "is missing; certificate and key go together"
    if authority is not None and certificate is None:
        yield "tls_certificate", "is missing; callers' certificates can only be asked for over TLS"
    for name, listed in (("callers", config.callers), ("administrators", config.administrators)):
        if listed and authority is None:
            yield name, "has no effect without tls_client_ca; set it, or leave the list out"
    if authority is not None and not config.callers:
        yield "callers", "is empty, so nobody could ask; list the gateways' names"


def _exposure(config: Config) -> Iterator[Complaint]:
    """What others can reach needs TLS and callers that are known (invariant 8)."""
    if address.is_local(config.listen):
        return
    for name in ("tls_certificate", "tls_key", "tls_client_ca", "callers"):
        if not getattr(config, name):
            yield name, f"is missing, and {config.listen} can be reached from elsewhere; set it, or listen on 127.0.0.1"


def _files(config: Config) -> Iterator[Complaint]:
    for name in ("tls_certificate", "tls_key", "tls_client_ca"):
        path: Path | None = getattr(config, name)
        if path is not None and not (path.is_file() and os.access(path, os.R_OK)):
            yield name, f"{path} is no file that this user can read"
    if config.tls_key is not None and config.tls_key.is_file() and config.tls_key.stat().st_mode & OTHERS_MAY_READ:
        yield "tls_key", f"every user can read {config.tls_key}; run: chmod o= {config.tls_key}"


def _pair(config: Config) -> Iterator[Complaint]:
    if config.tls_certificate is None or config.tls_key is None:
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(config.tls_certificate, config.tls_key, password=lambda: "")
    except (ssl.SSLError, ValueError):
        yield "tls_certificate", "and tls_key are no PEM pair that belongs together, without a passphrase"
    except OSError:
        return  # ``_files`` says it better.
    try:
        if config.tls_client_ca is not None:
            context.load_verify_locations(config.tls_client_ca)
    except ssl.SSLError:
        yield "tls_client_ca", f"{config.tls_client_ca} holds no PEM certificate"
    except OSError:
        return


CHECKS: tuple[Callable[[Config], Iterator[Complaint]], ...] = (
    _directories,
    _ports,
    _times,
    _whole_tls,
    _exposure,
    _files,
    _pair,
)
