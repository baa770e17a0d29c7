"""Channels: TLS, plaintext only where nobody else can listen, and errors of calls as errors of the tree."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import grpc

from pdp.errors import (
    ConfigError,
    DeadlineTooShort,
    InvalidRequest,
    LimitExceeded,
    NotFound,
    NotReady,
    PdpError,
    PermissionDenied,
    Unauthenticated,
)
from pdp.wire.failure import error_of_metadata

OPTIONS = (
    # Retries are made here, where they are bounded by the caller's deadline and only for UNAVAILABLE.
    ("grpc.enable_retries", 0),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    # A trace comes whole, and has every record of a long session.
    ("grpc.max_receive_message_length", 67_108_864),
)

# For errors that came from the transport and carry no code of ours.
BY_STATUS: Mapping[grpc.StatusCode, Callable[[str], PdpError]] = {
    grpc.StatusCode.UNAVAILABLE: NotReady,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineTooShort,
    grpc.StatusCode.UNAUTHENTICATED: Unauthenticated,
    grpc.StatusCode.PERMISSION_DENIED: PermissionDenied,
    grpc.StatusCode.NOT_FOUND: NotFound,
    grpc.StatusCode.INVALID_ARGUMENT: lambda text: InvalidRequest("request", text),
    # Our own carries a code, so this is a message larger than one of the two sides takes.
    grpc.StatusCode.RESOURCE_EXHAUSTED: lambda text: LimitExceeded("message", text),
}


@dataclass(frozen=True, slots=True)
class ClientTls:
    """PEM files: the authority of the server's certificate, and for mutual TLS our own certificate with its key.

    ``server_name`` is expected in the server's certificate instead of the address's host.
    """

    authority: Path
    certificate: Path | None = None
    key: Path | None = None
    server_name: str = ""

    def credentials(self) -> grpc.ChannelCredentials:
        """Read the files. Raises ``ConfigError`` for half a pair or a file that cannot be read."""
        if (self.certificate is None) != (self.key is None):
            raise ConfigError("tls: certificate and key go together; give both or neither")
        try:
            chain = self.certificate.read_bytes() if self.certificate else None
            key = self.key.read_bytes() if self.key else None
            return grpc.ssl_channel_credentials(self.authority.read_bytes(), key, chain)
        except OSError as error:
            raise ConfigError(f"tls: cannot read {error.filename}: {error.strerror}") from error

    def options(self) -> tuple[tuple[str, str], ...]:
        """Channel options that go with it."""
        return (("grpc.ssl_target_name_override", self.server_name),) if self.server_name else ()


def check_address(address: str, tls: ClientTls | None, *, plaintext: bool) -> None:
    """Raise ``ConfigError`` for plaintext to another host, unless ``plaintext`` says that the network protects it."""
    if tls is None and not plaintext and not is_local(address):
        raise ConfigError(f"{address} is not this host: pass tls=ClientTls(...), or plaintext=True inside a mesh")


def is_local(address: str) -> bool:
    """Whether ``address`` can only be this host."""
    if address.startswith("unix:"):
        return True
    host = address.rpartition(":")[0].removeprefix("[").removesuffix("]")
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def error_of_call(
    status: grpc.StatusCode, details: str | None, metadata: Iterable[tuple[str, str | bytes]] | None
) -> PdpError:
    """The error of the tree for a failed call."""
    text = details or status.name
    known = error_of_metadata(text, metadata or ())
    return known or BY_STATUS.get(status, PdpError)(text)


def error_of_rpc(error: grpc.RpcError) -> PdpError:
    """The error of the tree for what a synchronous call raised."""
    pairs = [(pair.key, pair.value) for pair in error.trailing_metadata() or ()]
    return error_of_call(error.code(), error.details(), pairs)
