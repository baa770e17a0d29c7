"""Many calls: memory stays flat."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from pdp.server.app import ServerSettings
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


class _Nothing(list):
    """A list that keeps nothing."""

    def append(self, _value: object) -> None:
        pass
