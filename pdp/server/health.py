"""``grpc.health.v1``: NOT_SERVING until a bundle is in force, and again before the service stops accepting."""

from __future__ import annotations

import asyncio

from grpc.aio import ServicerContext
from grpc_health.v1 import health_pb2
from grpc_health.v1._async import HealthServicer

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING

# How long a watcher gets to hear the last change before its stream ends.
LAST_WORD = 0.1


class Health(HealthServicer):
    """The stock servicer, with one difference: its watch streams end at shutdown.

    The stock ones last until the caller leaves, so one watching load balancer would make every shutdown take the whole
    grace period.
    """

    def __init__(self, services: tuple[str, ...]) -> None:
        super().__init__()
        self._services = ("", *services)
        self._server_status = dict.fromkeys(self._services, NOT_SERVING)
        self._ended = asyncio.Event()

    async def serving(self) -> None:
        """Everything is ready."""
        for service in self._services:
            await self.set(service, SERVING)

    async def end(self) -> None:
        """NOT_SERVING for good; every watcher is told, then its stream ends."""
        await self.enter_graceful_shutdown()
        self._ended.set()

    async def Watch(  # noqa: N802 - the method's name is given
        self,
        request: health_pb2.HealthCheckRequest,
        context: ServicerContext[health_pb2.HealthCheckRequest, health_pb2.HealthCheckResponse],
    ) -> None:
        """Send the status and each change of it until the caller leaves or the service ends."""
        watching = asyncio.ensure_future(super().Watch(request, context))
        ended = asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait((watching, ended), return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait((watching,), timeout=LAST_WORD)
        finally:
            watching.cancel()
            ended.cancel()
