"""Addresses to listen on: ``host:port``, ``[v6]:port`` or ``unix:/path``."""

from __future__ import annotations

import socket
from ipaddress import ip_address

from pdp.errors import ConfigError

UNIX = "unix:"


def split(listen: str) -> tuple[str, int]:
    """Host (without brackets) and port. Raises ``ConfigError`` for anything else."""
    host, colon, port = listen.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65_535:
        raise ConfigError(f"{listen!r} is no address; write host:port, [::1]:port or unix:/path")
    bare = host.removeprefix("[").removesuffix("]")
    if ":" in bare and not host.startswith("["):
        raise ConfigError(f"{listen!r} is ambiguous; write an IPv6 address in brackets, as in [::1]:8181")
    return bare, int(port)


def join(host: str, port: int) -> str:
    """The address as text."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_local(listen: str) -> bool:
    """Whether only this host can connect: a unix socket or a loopback address. Other names count as reachable."""
    if listen.startswith(UNIX):
        return True
    host, _ = split(listen)
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def reserve(listen: str) -> tuple[socket.socket, str]:
    """Hold a port for several workers; the bound socket (close it last) and the address with the port that was chosen.

    The socket never listens, so no connection reaches it. Raises ``ConfigError`` when somebody else has the port.
    """
    host, port = split(listen)
    family, _, _, _, place = _resolve(host, port)
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            # Without SO_REUSEPORT this fails when another service shares the port, which the real bind would join.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
        held = socket.socket(family, socket.SOCK_STREAM)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind(place)
    except OSError as error:
        raise ConfigError(f"listen: cannot listen on {listen}: {error.strerror}") from error
    return held, join(host, held.getsockname()[1])


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[object, ...]]:
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError as error:
        raise ConfigError(f"listen: {host!r} is no address of this host: {error.strerror}") from error
