"""Many calls: memory stays flat, and what the server adds to a call stays small."""

from __future__ import annotations

import gc
import statistics
import time
from pathlib import Path

import grpc
import pytest

from pdp.server.app import ServerSettings
from pdp.v1 import decision_pb2 as proto
from tests.server.conftest import failure, question

pytestmark = pytest.mark.slow


def resident() -> int:
    """Bytes of this process in memory."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


async def test_memory_stays_flat_over_many_calls_errors_and_streams(serve):
    """30,000 calls of every kind grow the process by less than 8 MB once everything has been used."""
    async with serve(ServerSettings(request_id_entries=100)) as running:
        running.made.decisions.deadlines = running.made.observed = _Nothing()

        async def work(calls: int) -> None:
            stream = running.decisions.DecideStream()
            for number in range(calls):
                await running.decisions.Decide(question(request_id=f"{number}"), timeout=5)
                await failure(running.decisions.Decide(question("busy"), timeout=5))
                await stream.write(question(request_id=f"s{number}"))
                await stream.read()
            stream.cancel()

        await work(2_000)
        before = resident()
        await work(10_000)
        assert resident() - before < 8_000_000


async def test_what_the_server_adds_to_a_call_is_small(serve):
    """Identity, limits, conversion both ways, request ids and metrics cost less than a quarter of a millisecond."""
    async with serve() as running:

        async def echo(raw, _context):
            return raw

        handler = grpc.unary_unary_rpc_method_handler(echo)
        running.server._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("test.Echo", {"Echo": handler}),)
        )
        calls = {
            "echo": running.channel.unary_unary("/test.Echo/Echo"),
            "decide": running.channel.unary_unary("/pdp.v1.DecisionService/Decide"),
        }
        raw: proto.DecideRequest = question()
        took: dict[str, list[float]] = {name: [] for name in calls}
        for number in range(3_000):
            raw.request_id = str(number)
            for name, call in calls.items():
                started = time.perf_counter()
                await call(raw.SerializeToString(), timeout=5)
                took[name].append(time.perf_counter() - started)
        assert statistics.median(took["decide"]) - statistics.median(took["echo"]) < 0.000_25


class _Nothing(list):
    """A list that keeps nothing."""

    def append(self, _value: object) -> None:
        pass
