"""One process's gRPC server: built complete, opened, declared ready, and shut down in order."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from time import monotonic

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from pdp.errors import ConfigError
from pdp.server import address
from pdp.server.answers import Answers
from pdp.server.health import Health
from pdp.server.identity import AccessList
from pdp.server.limits import Limits
from pdp.server.points import Parts
from pdp.server.routes import Routes
from pdp.server.stream import Stopping
from pdp.server.tls import TlsFiles, server_credentials

HEALTH = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """How one process serves. ``listen`` is ``host:port``, ``[v6]:port`` or ``unix:/path``; times are in seconds."""

    listen: str = "127.0.0.1:0"
    tls: TlsFiles | None = None
    callers: tuple[str, ...] = ()
    administrators: tuple[str, ...] = ()
    loopback_administration: bool = True
    limits: Limits = field(default_factory=Limits)
    request_id_entries: int = 4_096
    request_id_seconds: float = 10.0
    shutdown_grace: float = 10.0
    reflection: bool = True

    def at(self, listen: str) -> ServerSettings:
        """The same on another address."""
        return replace(self, listen=listen)

    @property
    def access(self) -> AccessList:
        """Who may call what."""
        mutual = self.tls is not None and self.tls.mutual
        return AccessList(mutual, self.callers, self.administrators, self.loopback_administration)


class Server:
    """The server of one process. Build it inside the running event loop that will serve."""

    def __init__(self, parts: Parts, settings: ServerSettings, *, reuse_port: bool = False) -> None:
        self._settings = settings
        self._close, self._begin = parts.close, parts.begin
        self._stopping = Stopping()
        answers = Answers(settings.request_id_entries, settings.request_id_seconds, monotonic)
        routes = Routes(parts, settings.access, settings.limits, answers, self._stopping)
        self._health = Health(tuple(routes.services))
        self._server = grpc.aio.server(options=_options(settings.limits, reuse_port=reuse_port))
        self._server.add_generic_rpc_handlers(routes.handlers())
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        if settings.reflection:
            names = (*routes.services, HEALTH, reflection.SERVICE_NAME)
            reflection.enable_server_reflection(names, self._server)

    async def open(self) -> str:
        """Start listening, with health NOT_SERVING; the address, with the port that was chosen.

        Raises ``ConfigError`` when the address cannot be bound.
        """
        listening = self._bind()
        await self._server.start()
        self._begin()
        return listening

    async def ready(self) -> None:
        """A bundle is in force: health SERVING."""
        await self._health.serving()

    async def stop(self) -> bool:
        """Health NOT_SERVING, stop accepting, drain, close the points. False when calls had to be cut off."""
        await self._health.end()
        self._stopping.begin()
        started = monotonic()
        await self._server.stop(self._settings.shutdown_grace)
        await self._close()
        return monotonic() - started < self._settings.shutdown_grace

    def _bind(self) -> str:
        listen = self._settings.listen
        try:
            with _private_socket(listen):
                port = self._add_port(listen)
        except (RuntimeError, OSError) as error:
            text = f"listen: cannot listen on {listen}; is it taken, or no address of this host?"
            raise ConfigError(text) from error
        return listen if listen.startswith(address.UNIX) else f"{listen.rpartition(':')[0]}:{port}"

    def _add_port(self, listen: str) -> int:
        if self._settings.tls is None:
            return self._server.add_insecure_port(listen)
        return self._server.add_secure_port(listen, server_credentials(self._settings.tls))


def _options(limits: Limits, *, reuse_port: bool) -> list[tuple[str, int]]:
    return [
        ("grpc.max_receive_message_length", limits.message_bytes),
        # Without workers a second service on the same port must fail to start instead of taking half the calls.
        ("grpc.so_reuseport", int(reuse_port)),
        ("grpc.max_concurrent_streams", 1_024),
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
        ("grpc.max_metadata_size", 16_384),
    ]


@contextmanager
def _private_socket(listen: str) -> Iterator[None]:
    """A unix socket is for this user only (mode 0600), from the moment it exists."""
    if not listen.startswith(address.UNIX):
        yield
        return
    before = os.umask(0o177)
    try:
        yield
    finally:
        os.umask(before)
