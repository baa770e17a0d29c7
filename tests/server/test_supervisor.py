"""The supervisor with real worker processes: what it does when they, or the files, misbehave."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import asynccontextmanager

import grpc
import pytest

from pdp.errors import BundleError, ConfigError, NotReady
from pdp.server import fleet
from pdp.server import supervisor as module
from pdp.server.app import ServerSettings
from pdp.server.settings import RunSettings
from pdp.server.supervisor import Supervisor
from pdp.v1 import decision_pb2_grpc
from tests.server.conftest import question
from tests.server.fakes import FakeConfig, build
from tests.server.test_guard import until


@asynccontextmanager
async def supervised(path, workers: int = 2, begin: bool = True, **options):
    """A supervisor with its workers, which are ended whatever happens."""
    settings = RunSettings(
        ServerSettings(shutdown_grace=1.0), path, workers, first_restart_delay=0.05, log_level="error", **options
    )
    buried: list[int] = []
    supervisor = Supervisor(build, FakeConfig(path), settings, buried.append)
    supervisor.graves = buried
    try:
        await supervisor.open()
        if begin:
            await supervisor.begin()
        yield supervisor
    finally:
        await supervisor.stop()


async def revisions(supervisor: Supervisor, calls: int = 10) -> set[str]:
    """What fresh connections are answered with."""
    seen = set()
    for _ in range(calls):
        options = (("grpc.use_local_subchannel_pool", 1),)
        async with grpc.aio.insecure_channel(supervisor.address, options=options) as channel:
            stub = decision_pb2_grpc.DecisionServiceStub(channel)
            seen.add((await stub.Decide(question(), timeout=5, wait_for_ready=True)).revision)
    return seen


@pytest.fixture
def place(tmp_path):
    """A bundle directory with revision r1."""
    (tmp_path / "revision").write_text("r1")
    return tmp_path


async def test_it_is_ready_only_while_a_worker_serves(place):
    """Not before the bundle is in force, not after the end."""
    async with supervised(place, workers=1, begin=False) as supervisor:
        assert not supervisor.ready
        await supervisor.begin()
        assert supervisor.ready
        assert len(supervisor.processes) == 1
    assert not supervisor.ready


async def test_a_worker_that_is_stuck_stops_an_activation_and_is_replaced(place, monkeypatch):
    """One of two does nothing any more: nothing is activated, it is replaced, and then activations work again."""
    monkeypatch.setattr(fleet, "DISCARD_SECONDS", 0.2)
    monkeypatch.setattr(module, "KILL_MARGIN", 0.2)
    async with supervised(place, activation_limit=2.0) as supervisor:
        victim = supervisor.processes[0]
        os.kill(victim, signal.SIGSTOP)
        (place / "revision").write_text("r2")
        with pytest.raises(NotReady, match="not every worker was done after 2 s; nothing was activated"):
            await supervisor.activate(place, "")
        (place / "revision").write_text("r1")
        await until(lambda: len(supervisor.processes) == 2 and victim not in supervisor.processes, 20)
        assert await revisions(supervisor) == {"r1"}
        (place / "revision").write_text("r2")
        await supervisor.activate(place, "r2")
        assert await revisions(supervisor) == {"r2"}


async def test_a_replacement_waits_while_the_files_are_not_those_in_force(place):
    """It never brings files into force that nobody activated; once they are activated it joins."""
    async with supervised(place) as supervisor:
        (place / "revision").write_text("r2")
        victim = supervisor.processes[0]
        os.kill(victim, signal.SIGKILL)
        await until(lambda: len(supervisor.graves) >= 2, 10)
        assert victim in supervisor.graves
        assert len(supervisor.processes) == 1
        assert await revisions(supervisor) == {"r1"}
        await supervisor.activate(place, "")
        await until(lambda: len(supervisor.processes) == 2, 15)
        assert await revisions(supervisor) == {"r2"}


async def test_all_workers_dying_at_once_come_back(place):
    """Nobody is left, and soon all are again."""
    async with supervised(place) as supervisor:
        before = supervisor.processes
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        await until(lambda: len(supervisor.processes) == 2 and not set(before) & set(supervisor.processes), 15)
        assert await revisions(supervisor) == {"r1"}


async def test_a_reload_of_a_bad_bundle_is_noted_and_nothing_else(place):
    """``reload`` raises nothing; what is in force stays."""
    async with supervised(place, workers=1) as supervisor:
        (place / "revision").write_text("bad")
        await supervisor.reload()
        assert await revisions(supervisor, 2) == {"r1"}
        with pytest.raises(BundleError):
            await supervisor.activate(place, "")


async def test_activations_at_the_same_time_take_turns(place):
    """Two at once: both succeed, and all workers end on the same revision."""
    async with supervised(place) as supervisor:
        other = place / "other"
        other.mkdir()
        (other / "revision").write_text("r7")
        await asyncio.gather(supervisor.activate(place, ""), supervisor.activate(other, ""))
        assert len(await revisions(supervisor)) == 1


async def test_without_workers_nothing_can_be_activated(place):
    """An error, not a silence."""
    async with supervised(place, workers=1, begin=False) as supervisor:
        await supervisor.stop()
        with pytest.raises(NotReady, match="no worker is running"):
            await supervisor.activate(place, "")


async def test_a_port_that_is_taken_stops_it_before_any_worker_starts(place):
    """Also when the owner of the port would share it."""
    async with supervised(place, workers=1, begin=False) as first:
        settings = RunSettings(ServerSettings(listen=first.address), place, 2)
        with pytest.raises(ConfigError, match="cannot listen"):
            Supervisor(build, FakeConfig(place), settings, lambda _pid: None)
