"""Where a client may connect in the clear, TLS files, and errors of calls."""

from __future__ import annotations

import grpc
import pytest

from pdp import errors
from pdp.client import ClientTls
from pdp.client.channel import BY_STATUS, check_address, error_of_call, is_local
from tests.server.certificates import Authority


@pytest.mark.parametrize("address", ["127.0.0.1:1", "[::1]:1", "localhost:1", "unix:/run/pdp.sock", "127.8.8.8:1"])
def test_this_host_may_be_asked_in_the_clear(address):
    """Loopback addresses and unix sockets."""
    assert is_local(address)
    check_address(address, None, plaintext=False)


@pytest.mark.parametrize(
    "address", ["10.0.0.1:1", "pdp:1", "[fe80::1]:1", "localhost.example.org:1", "dns:///pdp:1", ""]
)
def test_other_hosts_need_tls_or_a_word(address):
    """A name that only looks local is another host."""
    assert not is_local(address)
    with pytest.raises(errors.ConfigError, match="pass tls=ClientTls"):
        check_address(address, None, plaintext=False)
    check_address(address, None, plaintext=True)
    check_address(address, ClientTls("ca.pem"), plaintext=False)


def test_tls_files_are_read_whole_or_refused(tmp_path):
    """Half a pair and files that are not there are errors that name what to do."""
    authority = Authority()
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    certificate, key = authority.sign("x").write(tmp_path, "x")
    assert ClientTls(tmp_path / "ca.pem", certificate, key).credentials()
    assert ClientTls(tmp_path / "ca.pem").credentials()
    for half in ({"certificate": certificate}, {"key": key}):
        with pytest.raises(errors.ConfigError, match="certificate and key go together"):
            ClientTls(tmp_path / "ca.pem", **half).credentials()
    with pytest.raises(errors.ConfigError, match=r"cannot read .*none\.pem: No such file"):
        ClientTls(tmp_path / "none.pem").credentials()


def test_the_expected_server_name_is_a_channel_option(tmp_path):
    """Only when it is set."""
    assert ClientTls(tmp_path).options() == ()
    assert ClientTls(tmp_path, server_name="pdp").options() == (("grpc.ssl_target_name_override", "pdp"),)


@pytest.mark.parametrize("status", [s for s in grpc.StatusCode if s is not grpc.StatusCode.OK], ids=lambda s: s.name)
def test_every_status_is_an_error_of_the_tree(status):
    """Also those that only a proxy or the transport can give; the text says what came."""
    error = error_of_call(status, None, None)
    assert isinstance(error, errors.PdpError)
    assert status.name in str(error)
    assert (status in BY_STATUS) == (type(error) is not errors.PdpError)


def test_our_own_code_counts_more_than_the_status():
    """A server's RESOURCE_EXHAUSTED with our code is overload, without it a message too large."""
    full = grpc.StatusCode.RESOURCE_EXHAUSTED
    ours = error_of_call(full, "full", [("pdp-reason", "overloaded"), ("retry-after-ms", "40")])
    assert (type(ours), ours.retry_after) == (errors.Overloaded, 0.04)
    assert type(error_of_call(full, "too large", [])) is errors.LimitExceeded
