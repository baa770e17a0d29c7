"""Health and reflection as orchestrators and tools ask for them."""

from __future__ import annotations

import asyncio

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from pdp.server.app import ServerSettings
from tests.server.conftest import failure

SERVING, NOT_SERVING, UNKNOWN = 1, 2, 3
NAMES = ["", "pdp.v1.DecisionService", "pdp.v1.AdministrationService"]


async def check(running, service: str) -> int:
    stub = health_pb2_grpc.HealthStub(running.channel)
    return (await stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=2)).status


@pytest.mark.parametrize("service", NAMES)
async def test_health_is_not_serving_until_ready(serve, service):
    """NOT_SERVING while the port is open and nothing is in force; SERVING afterwards."""
    async with serve(ready=False) as running:
        assert await check(running, service) == NOT_SERVING
        await running.server.ready()
        assert await check(running, service) == SERVING


async def test_a_service_that_is_not_there_is_not_found(running):
    """As the health protocol says."""
    assert (await failure(check(running, "nope"))).code() is grpc.StatusCode.NOT_FOUND


async def test_watch_tells_every_change_and_ends_at_shutdown(serve):
    """NOT_SERVING, SERVING, NOT_SERVING, end; and a watcher does not make the shutdown take the whole grace."""
    async with serve(ServerSettings(shutdown_grace=5), ready=False) as running:
        stub = health_pb2_grpc.HealthStub(running.channel)
        watch = stub.Watch(health_pb2.HealthCheckRequest(service=""), timeout=10)
        assert (await watch.read()).status == NOT_SERVING
        await running.server.ready()
        assert (await watch.read()).status == SERVING
        async with asyncio.timeout(2):
            assert await running.server.stop()
        assert (await watch.read()).status == NOT_SERVING
        assert await watch.read() is grpc.aio.EOF


async def test_watching_an_unknown_service_says_so(running):
    """SERVICE_UNKNOWN, and the stream stays."""
    watch = health_pb2_grpc.HealthStub(running.channel).Watch(health_pb2.HealthCheckRequest(service="x"), timeout=5)
    assert (await watch.read()).status == UNKNOWN
    watch.cancel()


async def listed(running) -> set[str]:
    stub = reflection_pb2_grpc.ServerReflectionStub(running.channel)
    call = stub.ServerReflectionInfo(timeout=2)
    await call.write(reflection_pb2.ServerReflectionRequest(list_services=""))
    answer = await call.read()
    await call.done_writing()
    return {service.name for service in answer.list_services_response.service}


async def test_reflection_lists_the_services(running):
    """Tools such as grpcurl find everything that is served."""
    assert {*NAMES[1:], "grpc.health.v1.Health"} < await listed(running)


async def test_reflection_can_be_switched_off(serve):
    """Then it is UNIMPLEMENTED."""
    async with serve(ServerSettings(reflection=False)) as running:
        assert (await failure(listed(running))).code() is grpc.StatusCode.UNIMPLEMENTED
