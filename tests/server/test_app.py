"""Opening a port and shutting down in order."""

from __future__ import annotations

import asyncio
import stat

import grpc
import pytest

from pdp.errors import ConfigError
from pdp.server.app import Server, ServerSettings
from pdp.server.limits import Limits
from pdp.v1 import administration_pb2 as admin
from tests.server.conftest import failure, question, reason
from tests.server.fakes import make
from tests.server.test_guard import until


async def test_a_port_that_is_taken_is_a_clear_error_and_not_shared(running):
    """A second service on the port fails to start instead of taking half the calls."""
    second = Server(make(None).parts(), ServerSettings(listen=running.address))
    with pytest.raises(ConfigError, match=f"listen: cannot listen on {running.address}; is it taken"):
        await second.open()
    assert await second.stop()


async def test_a_unix_socket_is_for_its_owner_only(serve, tmp_path):
    """Mode 0600, and calls work over it."""
    path = tmp_path / "pdp.sock"
    async with serve(ServerSettings(listen=f"unix:{path}")) as running:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert running.address == f"unix:{path}"
        assert (await running.decisions.Decide(question(), timeout=2)).effect == 3


async def test_calls_under_way_are_answered_before_the_points_close(serve):
    """Shutdown: not serving, no new calls, the open ones drain, the points close last, and all of it in order."""
    async with serve(ServerSettings(shutdown_grace=5)) as running:
        held = running.decisions.Decide(question("wait"), timeout=10)
        await until(lambda: running.made.decisions.decided == 1)
        stopping = asyncio.ensure_future(running.server.stop())
        await asyncio.sleep(0.1)
        assert running.made.closed == 0
        refused = await failure(running.decisions.Decide(question(), timeout=1))
        assert refused.code() in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}
        running.made.decisions.release.set()
        assert (await held).effect == 3
        assert await stopping
        assert running.made.closed == 1


async def test_calls_that_outlast_the_grace_are_cut_off_and_it_says_so(serve):
    """``stop`` returns False when it had to cancel calls; those callers get an error, never an answer."""
    async with serve(ServerSettings(shutdown_grace=0.2, limits=Limits(default_deadline=30))) as running:
        held = running.decisions.Decide(question("wait"), timeout=10)
        await until(lambda: running.made.decisions.decided == 1)
        assert not await running.server.stop()
        assert (await failure(held)).code() in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}
        assert running.made.closed == 1


async def test_administration_on_loopback_can_be_switched_off(serve):
    """Then every administration call is PERMISSION_DENIED and decisions go on."""
    async with serve(ServerSettings(loopback_administration=False)) as running:
        error = await failure(running.administration.GetStatus(admin.GetStatusRequest(), timeout=2))
        assert (error.code(), reason(error)) == (grpc.StatusCode.PERMISSION_DENIED, "permission_denied")
        await running.decisions.Decide(question(), timeout=2)
