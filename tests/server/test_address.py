"""Addresses: what is one, what only this host can reach, and holding a port for several workers."""

from __future__ import annotations

import socket

import pytest

from pdp.errors import ConfigError
from pdp.server import address


@pytest.mark.parametrize(
    ("text", "parts"), [("127.0.0.1:80", ("127.0.0.1", 80)), ("[::1]:8", ("::1", 8)), ("a.b:0", ("a.b", 0))]
)
def test_addresses_are_read_and_written(text, parts):
    """Host and port, IPv6 in brackets."""
    assert address.split(text) == parts
    assert address.join(*parts) == text


@pytest.mark.parametrize("text", ["", "host", ":80", "host:", "host:x", "host:65536", "::1:80", "host:-1"])
def test_what_is_no_address_is_refused(text):
    """With the forms that are."""
    with pytest.raises(ConfigError, match="write"):
        address.split(text)


@pytest.mark.parametrize("text", ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1", "unix:/run/pdp.sock"])
def test_local_addresses(text):
    """Only this host can connect."""
    assert address.is_local(text)


@pytest.mark.parametrize("text", ["0.0.0.0:1", "[::]:1", "10.0.0.1:1", "localhost.evil.org:1", "pdp:1"])
def test_other_addresses_count_as_reachable(text):
    """Any doubt counts as reachable from elsewhere."""
    assert not address.is_local(text)


def test_a_held_port_takes_no_connection_and_lets_workers_share_it():
    """Two listeners can bind beside the held socket; without one a connection is refused."""
    held, listening = address.reserve("127.0.0.1:0")
    host, port = address.split(listening)
    with held:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((host, port), timeout=1)
        with socket.create_server((host, port), reuse_port=True), socket.create_server((host, port), reuse_port=True):
            pass


def test_a_port_in_use_cannot_be_held():
    """Also when its owner would share it: two services must not mix."""
    with (
        socket.create_server(("127.0.0.1", 0), reuse_port=True) as taken,
        pytest.raises(ConfigError, match="cannot listen"),
    ):
        address.reserve(f"127.0.0.1:{taken.getsockname()[1]}")
    with pytest.raises(ConfigError, match="no address of this host"):
        address.reserve("no-such-host.invalid:1")
