"""TLS of the listening port. Certificates are read again when their files change: SPIFFE ones live for an hour."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import grpc


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files. With ``client_ca`` callers must show a certificate that it signed."""

    certificate: Path
    key: Path
    client_ca: Path | None = None

    @property
    def mutual(self) -> bool:
        """Whether callers must show a certificate."""
        return self.client_ca is not None

    def stamp(self) -> tuple[tuple[int, int], ...]:
        """Changes when any of the files does: size and modification time in nanoseconds of each."""
        files = (self.certificate, self.key, *((self.client_ca,) if self.client_ca else ()))
        return tuple((s.st_size, s.st_mtime_ns) for s in (f.stat() for f in files))


def server_credentials(files: TlsFiles) -> grpc.ServerCredentials:
    """Credentials that follow the files. Raises ``OSError`` when they cannot be read now."""
    follow = _follow(files)
    return grpc.dynamic_ssl_server_credentials(
        _configuration(files),
        follow,  # type: ignore[arg-type] # None for "no change" is documented, the stub does not know it
        require_client_authentication=files.mutual,
    )


def _follow(files: TlsFiles) -> Callable[[], grpc.ServerCertificateConfiguration | None]:
    """What gRPC asks at each handshake: the new configuration, or None to keep the one it has."""
    seen = files.stamp()

    def fetch() -> grpc.ServerCertificateConfiguration | None:
        nonlocal seen
        try:
            now = files.stamp()
            if now == seen:
                return None
            fresh = _configuration(files)
        except OSError:
            # In the middle of a rotation: keep what works and look again at the next handshake.
            return None
        seen = now
        return fresh

    return fetch


def _configuration(files: TlsFiles) -> grpc.ServerCertificateConfiguration:
    pair = (files.key.read_bytes(), files.certificate.read_bytes())
    authority = files.client_ca.read_bytes() if files.client_ca else None
    return grpc.ssl_server_certificate_configuration([pair], root_certificates=authority)
