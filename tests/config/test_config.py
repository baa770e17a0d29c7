"""The configuration is one whole, valid value, or every mistake in it is told with its source and its mending."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

from pdp.config import Config, load, run_settings
from pdp.config.documentation import table
from pdp.config.model import SETTINGS
from pdp.errors import ConfigError
from tests.server.certificates import Authority

BUNDLE = ("--bundle", "bundle")
TLS = (*BUNDLE, "--tls-certificate", "server.crt", "--tls-key", "server.key")
MUTUAL = (*TLS, "--tls-client-ca", "ca.pem", "--callers", "spiffe://example.org/gateway/*")
PUBLIC = (*MUTUAL, "--listen", "0.0.0.0:50051")


def wrong(place: Path, *argv: str, **environ: str) -> str:
    """What is said about a configuration that must not load."""
    with pytest.raises(ConfigError) as caught:
        load(argv, environ, place)
    return str(caught.value)


def test_a_bundle_is_all_that_is_needed(place):
    """Everything else has a default; the value cannot be changed afterwards."""
    config = load(BUNDLE, {}, place)
    assert (config.bundle, config.listen, config.workers) == (place / "bundle", "127.0.0.1:50051", 1)
    with pytest.raises(FrozenInstanceError):
        config.workers = 2
    assert "bundle: is missing; set it with --bundle, PDP_BUNDLE or in the file" in wrong(place)


def test_the_data_directory_need_not_be_there_yet(place):
    """It is made at the start; loading a configuration makes nothing."""
    config = load((*BUNDLE, "--data-dir", "new/data"), {}, place)
    assert config.data_dir == place / "new" / "data"
    assert load(BUNDLE, {}, place).data_dir.name == "pdp-data"
    assert not (place / "new").exists()


def test_flags_win_over_the_environment_and_that_over_the_file(place):
    """Each source overrides the one before it."""
    (place / "pdp.toml").write_text('workers = 2\nlisten = "127.0.0.1:1"\ndefault_deadline = 3\nbundle = "bundle"\n')
    environ = {"PDP_CONFIG": "pdp.toml", "PDP_WORKERS": "3", "PDP_LISTEN": "127.0.0.1:2"}
    config = load(("--workers", "4"), environ, place)
    assert (config.workers, config.listen, config.default_deadline) == (4, "127.0.0.1:2", 3.0)
    assert load(("--config", "pdp.toml"), {}, place).workers == 2


def test_relative_paths_in_a_file_are_relative_to_the_file(place):
    """A configuration can be moved together with what it names."""
    (place / "bundle" / "pdp.toml").write_text('bundle = "."\n')
    assert load(("--config", "bundle/pdp.toml"), {}, place).bundle == place / "bundle"


def test_every_kind_of_value_can_come_from_text_or_toml(place):
    """Lists and booleans as a person writes them in each source."""
    (place / "pdp.toml").write_text(
        'reflection = false\ncallers = ["dns:a.example.org", "cn:b"]\nwatch_quiet = 0.5\nbundle = "bundle"\n'
        'tls_certificate = "server.crt"\ntls_key = "server.key"\ntls_client_ca = "ca.pem"\nlog_level = "debug"'
    )
    config = load(("--config", "pdp.toml"), {"PDP_LOG_UTTERANCES": "yes", "PDP_ADMINISTRATORS": "cn:x, cn:y"}, place)
    assert (config.reflection, config.log_utterances, config.watch_quiet) == (False, True, 0.5)
    assert (config.callers, config.administrators) == (("dns:a.example.org", "cn:b"), ("cn:x", "cn:y"))


@pytest.mark.parametrize(
    ("argv", "environ", "text"),
    [
        (("--worker", "2"), {}, "flag --worker: is no setting; did you mean --workers?"),
        ((), {"PDP_LISTENS": "x"}, "variable PDP_LISTENS: is no setting; did you mean PDP_LISTEN?"),
        ((), {"PDP_ZZZZZZ": "x"}, "variable PDP_ZZZZZZ: is no setting; docs/configuration.md lists all settings"),
        (("--config", "typo.toml"), {}, "typo.toml): is no setting; did you mean limit_batch_items?"),
        (("--config", "none.toml"), {}, "none.toml: No such file or directory; name a file that exists"),
        (("--config", "broken.toml"), {}, "broken.toml: is not TOML"),
        (("--workers", "0"), {}, "workers (flag --workers): '0' will not do; write a whole number from 1 to 64"),
        (("--workers", "two"), {}, "write a whole number"),
        ((), {"PDP_WORKERS": "1.5"}, "workers (variable PDP_WORKERS): '1.5' will not do"),
        (("--default-deadline", "nan"), {}, "default_deadline (flag --default-deadline): 'nan' will not do"),
        (("--log-level", "loud"), {}, "write one of debug, info, warning, error"),
        (("--reflection", "maybe"), {}, "write true or false"),
        (("--listen", "50051"), {}, "write host:port, [::1]:port or unix:/path"),
        (("--callers", "gateway"), {}, "write spiffe://"),
        (("--callers", "dns:*.example.org"), {}, "write spiffe://"),
        (("--callers", "spiffe://a/*/b"), {}, "write spiffe://"),
        (("--config", "types.toml"), {}, "workers (file"),
    ],
)
def test_every_wrong_value_is_told_with_its_source_and_what_to_write(place, argv, environ, text):
    """Unknown names get a suggestion, wrong values the kind that is wanted."""
    (place / "typo.toml").write_text("limit_batch_item = 3")
    (place / "broken.toml").write_text("a = [")
    (place / "types.toml").write_text("workers = true\nreflection = 1\nlisten = 5\nbundle = 7\ncallers = [1]")
    assert text in wrong(place, *BUNDLE, *argv, **environ)


def test_all_mistakes_are_told_at_once(place):
    """Nobody mends one, starts again and meets the next."""
    said = wrong(place, "--workers", "0", "--nope", "1", "--log-level", "loud", PDP_LISTENS="x").splitlines()
    assert len(said) == 6  # the flag's value is left over too, and the bundle is missing


def test_what_kubernetes_puts_into_the_environment_is_no_mistake(place):
    """A service called "pdp" makes PDP_SERVICE_HOST, PDP_PORT_50051_TCP and more appear in every container."""
    environ = {
        "PDP_SERVICE_HOST": "10.0.0.1", "PDP_SERVICE_PORT_GRPC": "1", "PDP_PORT": "tcp://10.0.0.1:1",
        "PDP_PORT_50051_TCP_ADDR": "10.0.0.1", "PATH": "/bin",
    }  # fmt: skip
    assert load(BUNDLE, environ, place)
    assert not [one for one in SETTINGS.values() if one.variable.startswith(("PDP_SERVICE_", "PDP_PORT"))]


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        ((*BUNDLE, "--listen", "0.0.0.0:50051"), "tls_certificate: is missing, and 0.0.0.0:50051 can be reached"),
        ((*BUNDLE, "--listen", "pdp.example.org:1"), "callers: is missing, and pdp.example.org:1 can be reached"),
        ((*TLS, "--listen", "[::]:50051"), "tls_client_ca: is missing, and [::]:50051 can be reached from elsewhere"),
        ((*TLS, "--tls-client-ca", "ca.pem", "--listen", "0.0.0.0:1"), "callers: is empty, so nobody could ask"),
        ((*BUNDLE, "--tls-certificate", "server.crt"), "tls_key: is missing; certificate and key go together"),
        ((*BUNDLE, "--tls-key", "server.key"), "tls_certificate: is missing; certificate and key go together"),
        ((*BUNDLE, "--tls-client-ca", "ca.pem", "--callers", "cn:x"), "tls_certificate: is missing; callers'"),
        ((*TLS, "--callers", "cn:x"), "callers (flag --callers): has no effect without tls_client_ca"),
        ((*BUNDLE, "--administrators", "cn:x"), "administrators (flag --administrators): has no effect without"),
        ((*MUTUAL, "--tls-key", "none.key"), "tls_key (flag --tls-key)"),
        ((*MUTUAL, "--tls-key", "open.key"), "open.key; run: chmod o= "),
        ((*MUTUAL, "--tls-key", "other.key"), "tls_certificate (flag --tls-certificate): and tls_key are no PEM pair"),
        ((*MUTUAL, "--tls-client-ca", "server.key"), "server.key holds no PEM certificate"),
        (("--bundle", "nope"), "bundle (flag --bundle)"),
        ((*BUNDLE, "--model", "bundle"), "bundle holds no manifest.json"),
        ((*BUNDLE, "--data-dir", "server.crt"), "data_dir (flag --data-dir)"),
        ((*BUNDLE, "--data-dir", "server.key/data"), "server.key is no directory that this user may write to"),
        ((*BUNDLE, "--listen", "unix:/run/pdp.sock", "--workers", "2"), "workers (flag --workers): several workers"),
        ((*TLS, "--listen", "unix:/run/pdp.sock"), "a unix socket is protected by its mode"),
        ((*BUNDLE, "--metrics-listen", "127.0.0.1:50051"), "metrics_listen (flag --metrics-listen): has the port"),
        ((*BUNDLE, "--shortest-deadline", "2"), "is not below default_deadline"),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_refuses_to_start(place, authority, argv, text):
    """Exposed without TLS and callers, half a TLS configuration, a readable key, files that are not there."""
    (place / "open.key").write_bytes((place / "server.key").read_bytes())
    (place / "open.key").chmod(0o644)
    authority.sign("x").write(place, "other")
    assert text in wrong(place, *argv)


def test_an_exposed_service_with_mutual_tls_and_callers_may_start(place):
    """Invariant 8 fulfilled; also when the key is readable for its group, as Kubernetes mounts it."""
    (place / "server.key").chmod(0o640)
    config = load((*PUBLIC, "--administrators", "spiffe://example.org/admin"), {}, place)
    settings = run_settings(config)
    assert settings.server.tls.mutual
    assert settings.server.access.certificates
    assert settings.server.callers == ("spiffe://example.org/gateway/*",)


def test_a_key_with_a_passphrase_is_refused_without_asking_for_it(place):
    """The service must not wait at a prompt that nobody sees."""
    from cryptography.hazmat.primitives import serialization as s
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.BestAvailableEncryption(b"secret"))
    (place / "server.key").write_bytes(pem)
    assert "are no PEM pair that belongs together, without a passphrase" in wrong(place, *MUTUAL)


def test_the_settings_reach_the_server_as_they_are(place):
    """Every limit that can be set arrives where it works; with interval 0 nothing is watched."""
    numbers = {
        "limit_message_bytes": 4096, "limit_utterance_characters": 11, "limit_name_characters": 12,
        "limit_string_characters": 13, "limit_values": 14, "limit_depth": 15, "limit_context_bytes": 16,
        "limit_batch_items": 17, "in_flight": 18, "batch_in_flight": 19, "stream_in_flight": 20,
        "default_deadline": 21.0, "shortest_deadline": 0.5, "administration_deadline": 22.0,
        "request_id_entries": 23, "request_id_seconds": 24.0, "shutdown_grace": 25.0, "activation_limit": 26.0,
    }  # fmt: skip
    argv = [word for name, value in numbers.items() for word in (SETTINGS[name].flag, str(value))]
    settings = run_settings(load((*BUNDLE, *argv), {}, place), lambda _notify: None)
    server, limits = settings.server, settings.server.limits
    places = {f.name: getattr(limits, f.name) for f in fields(limits) if f.name != "request"}
    places |= {f"limit_{f.name}": getattr(limits.request, f.name) for f in fields(limits.request)}
    places |= {"limit_message_bytes": limits.message_bytes, "limit_batch_items": limits.batch_items}
    places |= {name: getattr(server, name) for name in ("request_id_entries", "request_id_seconds", "shutdown_grace")}
    places |= {"activation_limit": settings.activation_limit}
    assert {name: places[name] for name in numbers} == numbers
    assert settings.watch is not None
    assert run_settings(load((*BUNDLE, "--watch-interval", "0"), {}, place), lambda _notify: None).watch is None


def test_the_document_lists_every_setting_as_it_is():
    """docs/configuration.md holds the table that the settings themselves give."""
    document = Path(__file__).parents[2] / "docs" / "configuration.md"
    assert table() in document.read_text(encoding="utf-8")
    assert {field.name for field in fields(Config)} == set(SETTINGS)


def test_help_lists_every_flag(capsys):
    """``pdp serve --help`` is made from the settings."""
    with pytest.raises(SystemExit):
        load(("--help",), {}, Path())
    said = capsys.readouterr().out
    assert all(one.flag in said for one in SETTINGS.values())


def test_a_foreign_authority_loads(place):
    """Any PEM certificate will do as client authority: it need not be the server's own."""
    (place / "ca.pem").write_bytes(Authority("other").pem)
    assert load(MUTUAL, {}, place).tls_client_ca == place / "ca.pem"
