"""A real server on a real socket, with small real points behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest

from pdp.server.app import Server, ServerSettings
from pdp.v1 import (
    administration_pb2_grpc,
    audit_pb2_grpc,
    decision_pb2,
    decision_pb2_grpc,
    grant_pb2_grpc,
    revocation_pb2_grpc,
    session_pb2_grpc,
)
from tests.server.fakes import Made, make


@dataclass(slots=True)
class Running:
    """An open server, the fakes behind it and a channel to it."""

    server: Server
    made: Made
    address: str
    channel: grpc.aio.Channel

    @property
    def decisions(self):
        return decision_pb2_grpc.DecisionServiceStub(self.channel)

    @property
    def administration(self):
        return administration_pb2_grpc.AdministrationServiceStub(self.channel)

    @property
    def sessions(self):
        return session_pb2_grpc.SessionServiceStub(self.channel)

    @property
    def grants(self):
        return grant_pb2_grpc.GrantServiceStub(self.channel)

    @property
    def revocations(self):
        return revocation_pb2_grpc.RevocationServiceStub(self.channel)

    @property
    def audit(self):
        return audit_pb2_grpc.AuditServiceStub(self.channel)

    def raw(self, method: str):
        """Call with bytes of our own making."""
        return self.channel.unary_unary(f"/pdp.v1.DecisionService/{method}")


def question(action: str = "read", **fields: object) -> decision_pb2.DecideRequest:
    """A complete question; ``action`` chooses what the fake point does."""
    message = decision_pb2.DecideRequest(
        agent={"id": "mail-agent"}, utterance="Show my unread mail.", target={"kind": "mailbox", "name": "me"},
        action={"name": action},
    )  # fmt: skip
    message.MergeFrom(decision_pb2.DecideRequest(**fields))
    return message


async def failure(call: Awaitable[object]) -> grpc.aio.AioRpcError:
    """The error of a call that must fail."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value


def reason(error: grpc.aio.AioRpcError) -> str:
    """The stable code in an error's trailing metadata."""
    return dict(error.trailing_metadata() or ())["pdp-reason"]


@pytest.fixture
def serve(tmp_path: Path) -> Callable[..., object]:
    """Start a server with settings of one's own."""

    @asynccontextmanager
    async def started(
        settings: ServerSettings | None = None,
        *,
        ready: bool = True,
        revision: str = "r1",
        channel=None,
        runtime: bool = True,
    ):
        (tmp_path / "revision").write_text("r1")
        made = make(tmp_path, revision)
        if not runtime:
            made.runtime = None
        server = Server(made.parts(), settings or ServerSettings(shutdown_grace=1.0))
        address = await server.open()
        if ready:
            await server.ready()
        try:
            async with (channel or grpc.aio.insecure_channel)(address) as connected:
                yield Running(server, made, address, connected)
        finally:
            made.decisions.release.set()
            if made.runtime:
                made.runtime.revocations.release.set()
            await server.stop()

    return started


@pytest.fixture
async def running(serve) -> AsyncIterator[Running]:
    """A ready server with default settings."""
    async with serve() as server:
        yield server
