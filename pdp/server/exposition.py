"""The metrics port: ``/metrics`` for Prometheus, ``/live`` and ``/ready`` for orchestrators that cannot ask gRPC.

Also ``/.well-known/jwks.json``, the public keys that verify grants, for gateways that fetch them over HTTP.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from pdp.errors import ConfigError
from pdp.server import address

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Collect = Callable[[], bytes]
JWKS_PATH = "/.well-known/jwks.json"


def of_registry(registry: CollectorRegistry) -> Collect:
    """Metrics of this process."""
    return lambda: generate_latest(registry)


def of_workers(directory: str) -> Collect:
    """Metrics of all processes that write to ``directory`` (``PROMETHEUS_MULTIPROC_DIR``)."""

    def collect() -> bytes:
        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=directory)
        return generate_latest(registry)

    return collect


class Exposition:
    """Serves from its own threads until closed. ``ready`` says whether decisions are answered now."""

    def __init__(
        self, listen: str, collect: Collect, ready: Callable[[], bool], jwks: Callable[[], bytes] | None = None
    ) -> None:
        host, port = address.split(listen)
        try:
            self._server = make_server(host, port, _application(collect, ready, jwks), _Server, _Quiet)
        except OSError as error:
            raise ConfigError(f"metrics_listen: cannot listen on {listen}: {error.strerror}") from error
        self.address = address.join(host, self._server.server_port)
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    # A caller that connects and says nothing holds a thread no longer than this.
    timeout = 5.0

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is given
        """Do not log each scrape."""


def _application(
    collect: Collect, ready: Callable[[], bool], jwks: Callable[[], bytes] | None
) -> Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:
    def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            start("200 OK", [("Content-Type", CONTENT_TYPE_LATEST)])
            return [collect()]
        if path == JWKS_PATH and jwks is not None:
            start("200 OK", [("Content-Type", "application/jwk-set+json"), ("Cache-Control", "max-age=30")])
            return [jwks()]
        if path == "/live" or (path == "/ready" and ready()):
            start("200 OK", [("Content-Type", "text/plain")])
            return [b"ok\n"]
        start("503 Service Unavailable" if path == "/ready" else "404 Not Found", [("Content-Type", "text/plain")])
        return [b"no\n"]

    return answer
