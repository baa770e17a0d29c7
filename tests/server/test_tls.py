"""Mutual TLS on a real port: who gets in, as whom, and certificates that change under way."""

from __future__ import annotations

import os
from functools import partial

import grpc
import pytest

from pdp.server.app import ServerSettings
from pdp.server.tls import TlsFiles, server_credentials
from pdp.v1 import administration_pb2 as admin
from tests.server.certificates import Authority, Pair
from tests.server.conftest import failure, question, reason

GATEWAY = "spiffe://example.org/gateway/7"
ADMIN = "spiffe://example.org/admin"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def settings(authority, tmp_path) -> ServerSettings:
    certificate, key = authority.sign("localhost", dns=("localhost",)).write(tmp_path, "server")
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    return ServerSettings(
        listen="localhost:0",
        tls=TlsFiles(certificate, key, tmp_path / "ca.pem"),
        callers=("spiffe://example.org/gateway/*", "dns:gateway.example.org", "cn:old gateway"),
        administrators=(ADMIN,),
        shutdown_grace=1.0,
    )


def secure(authority: Authority, client: Pair | None):
    """A way to open a channel that shows ``client``."""
    key, chain = (client.key, client.certificate) if client else (None, None)
    return partial(grpc.aio.secure_channel, credentials=grpc.ssl_channel_credentials(authority.pem, key, chain))


@pytest.mark.parametrize(
    "names",
    [{"uris": (GATEWAY,)}, {"dns": ("gateway.example.org",)}, {"common_name": "old gateway"}],
    ids=["spiffe", "dns", "common name"],
)
async def test_a_caller_on_the_list_is_answered(serve, settings, authority, names):
    """Each kind of name on the list opens the decision service."""
    async with serve(settings, channel=secure(authority, authority.sign(**names))) as running:
        assert (await running.decisions.Decide(question(), timeout=2)).effect == 3


@pytest.mark.parametrize(
    "names",
    [
        {"uris": ("spiffe://example.org/other",)},
        {"uris": ("spiffe://example.org/gateway",)},
        {"uris": ("spiffe://evil.org/gateway/7",)},
        {"dns": ("other.example.org",)},
        {"common_name": "gateway.example.org"},
        {"common_name": GATEWAY},
        {"dns": ("other.example.org",), "common_name": "old gateway"},
        {},
    ],
    ids=[
        "other path",
        "parent path",
        "other domain",
        "other name",
        "name as cn",
        "id as cn",
        "cn beside dns",
        "no name",
    ],
)
async def test_a_caller_not_on_the_list_is_refused(serve, settings, authority, names):
    """A certificate of the right authority is not enough: the name must be on the list, in its own kind."""
    async with serve(settings, channel=secure(authority, authority.sign(**names))) as running:
        error = await failure(running.decisions.Decide(question(), timeout=2))
        assert (error.code(), reason(error)) == (grpc.StatusCode.UNAUTHENTICATED, "unauthenticated")
        assert running.made.decisions.decided == 0


async def test_a_stream_needs_the_same_identity(serve, settings, authority):
    """Streams are no way round the list."""
    channel = secure(authority, authority.sign(uris=("spiffe://example.org/other",)))
    async with serve(settings, channel=channel) as running:
        stream = running.decisions.DecideStream(timeout=2)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stream.read()
        assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_administration_is_for_administrators_and_decisions_for_callers(serve, settings, authority):
    """Neither list opens the other service; a known caller is told that it may not."""
    async with serve(settings, channel=secure(authority, authority.sign(uris=(GATEWAY,)))) as running:
        error = await failure(running.administration.GetStatus(admin.GetStatusRequest(), timeout=2))
        assert (error.code(), reason(error)) == (grpc.StatusCode.PERMISSION_DENIED, "permission_denied")
    async with serve(settings, channel=secure(authority, authority.sign(uris=(ADMIN,)))) as running:
        assert (await running.administration.GetStatus(admin.GetStatusRequest(), timeout=2)).serving
        error = await failure(running.decisions.Decide(question(), timeout=2))
        assert error.code() is grpc.StatusCode.PERMISSION_DENIED


@pytest.mark.parametrize("client", ["none", "stranger", "plaintext"])
async def test_without_a_certificate_of_our_authority_there_is_no_connection(serve, settings, authority, client):
    """No certificate, one of a foreign authority, or no TLS at all: UNAVAILABLE, nothing is decided."""
    channel = {
        "none": secure(authority, None),
        "stranger": secure(authority, Authority("other").sign(uris=(GATEWAY,))),
        "plaintext": grpc.aio.insecure_channel,
    }[client]
    async with serve(settings, channel=channel) as running:
        error = await failure(running.decisions.Decide(question(), timeout=2))
        assert error.code() is grpc.StatusCode.UNAVAILABLE
        assert running.made.decisions.decided == 0


async def test_a_renewed_certificate_is_used_without_a_restart(serve, settings, authority, tmp_path):
    """Files that change are read again at the next handshake; half-written ones keep the old certificate."""
    client = authority.sign(uris=(GATEWAY,))
    async with serve(settings, channel=secure(authority, client)) as running:
        await running.decisions.Decide(question(), timeout=2)
        fresh = Authority("fresh")
        (tmp_path / "server.key").unlink()
        async with secure(authority, client)(running.address) as channel:
            await channel.unary_unary("/pdp.v1.DecisionService/Decide")(question().SerializeToString(), timeout=2)
        fresh.sign("localhost", dns=("localhost",)).write(tmp_path, "server")
        (tmp_path / "ca.pem").write_bytes(fresh.pem)
        async with secure(fresh, fresh.sign(uris=(GATEWAY,)))(running.address) as channel:
            await channel.unary_unary("/pdp.v1.DecisionService/Decide")(question().SerializeToString(), timeout=2)
        async with secure(authority, client)(running.address) as channel:
            call = channel.unary_unary("/pdp.v1.DecisionService/Decide")(question().SerializeToString(), timeout=2)
            assert (await failure(call)).code() is grpc.StatusCode.UNAVAILABLE


def test_files_that_cannot_be_read_raise(tmp_path):
    """No credentials out of nothing."""
    with pytest.raises(OSError):
        server_credentials(TlsFiles(tmp_path / "no.crt", tmp_path / "no.key"))


def test_the_stamp_changes_with_any_file(authority, tmp_path):
    """A change is noticed by size or time of any of the three."""
    certificate, key = authority.sign("a").write(tmp_path, "a")
    files = TlsFiles(certificate, key, tmp_path / "a.crt")
    before = files.stamp()
    os.utime(key, ns=(1, 1))
    assert files.stamp() != before
