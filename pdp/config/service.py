"""From the configuration to the plain values that the server takes."""

from __future__ import annotations

from collections.abc import Callable

from pdp.config.model import Config
from pdp.server.app import ServerSettings
from pdp.server.limits import Limits
from pdp.server.settings import RunSettings, StartWatch
from pdp.server.tls import TlsFiles
from pdp.wire import Bounds


def run_settings(
    config: Config, watch: StartWatch | None = None, jwks: Callable[[], bytes] | None = None
) -> RunSettings:
    """How the service runs. ``watch`` starts the watch on the bundle's files; it is left out when the interval is 0.

    ``jwks`` gives the keys that verify grants, for the metrics port.
    """
    return RunSettings(
        server=server_settings(config),
        bundle=config.bundle,
        workers=config.workers,
        metrics_listen=config.metrics_listen,
        log_level=config.log_level,
        log_utterances=config.log_utterances,
        activation_limit=config.activation_limit,
        watch=watch if config.watch_interval else None,
        metrics_directory=config.data_dir,
        jwks=jwks,
    )


def server_settings(config: Config) -> ServerSettings:
    """How one process serves."""
    return ServerSettings(
        listen=config.listen,
        tls=_tls(config),
        callers=config.callers,
        administrators=config.administrators,
        loopback_administration=config.loopback_administration,
        limits=_limits(config),
        request_id_entries=config.request_id_entries,
        request_id_seconds=config.request_id_seconds,
        shutdown_grace=config.shutdown_grace,
        reflection=config.reflection,
    )


def _tls(config: Config) -> TlsFiles | None:
    if config.tls_certificate is None or config.tls_key is None:
        return None
    return TlsFiles(config.tls_certificate, config.tls_key, config.tls_client_ca)


def _limits(config: Config) -> Limits:
    return Limits(
        message_bytes=config.limit_message_bytes,
        batch_items=config.limit_batch_items,
        in_flight=config.in_flight,
        batch_in_flight=config.batch_in_flight,
        stream_in_flight=config.stream_in_flight,
        default_deadline=config.default_deadline,
        shortest_deadline=config.shortest_deadline,
        administration_deadline=config.administration_deadline,
        request=Bounds(
            utterance_characters=config.limit_utterance_characters,
            name_characters=config.limit_name_characters,
            string_characters=config.limit_string_characters,
            values=config.limit_values,
            depth=config.limit_depth,
            context_bytes=config.limit_context_bytes,
            struct_bytes=config.limit_struct_bytes,
        ),
    )
