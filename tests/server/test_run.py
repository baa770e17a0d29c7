"""The whole service as processes: alone and supervised, with signals, crashes and bundles that change."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path

import grpc
import pytest

from pdp.v1 import administration_pb2 as admin
from pdp.v1 import administration_pb2_grpc, decision_pb2_grpc
from tests.server.conftest import question

SCRIPT = """
import sys
from dataclasses import dataclass
from pathlib import Path
from pdp.server.app import ServerSettings
from pdp.server.limits import Limits
from pdp.server.run import run
from pdp.server.settings import RunSettings
from tests.server.fakes import FakeConfig, build

class FileWatch:
    def __init__(self, path, notify):
        import threading
        self.path, self.notify, self.seen = path, notify, path.read_text()
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)
    def __enter__(self):
        self.thread.start()
    def look(self):
        while not self.ended.wait(0.05):
            now = self.path.read_text()
            if now != self.seen:
                self.seen = now
                self.notify()
    def __exit__(self, *_):
        self.ended.set()

if __name__ == "__main__":
    path, workers, fail = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    sys.exit(run(build, FakeConfig(path, fail), RunSettings(
        ServerSettings(limits=Limits(default_deadline=30), shutdown_grace=3), path, workers, "127.0.0.1:0",
        first_restart_delay=0.1, watch=lambda notify: FileWatch(path / "revision", notify))))
"""


def command_of(pid: int) -> str:
    """The command line of a process; empty when it has ended."""
    return contents(Path(f"/proc/{pid}/cmdline")).replace("\0", " ")


def contents(path: Path) -> str:
    """A file of ``/proc``; empty when what it tells of has ended."""
    try:
        return path.read_text()
    except OSError:
        return ""


class Service:
    """A running service process and calls to it."""

    def __init__(self, process: subprocess.Popen[str], listening: dict, directory) -> None:
        self.process = process
        self.address, self.metrics = listening["address"], listening["metrics"]
        self.listening = listening
        self.directory = directory

    def decide(self, action: str = "read", timeout: float = 5.0, **fields):
        """One call on a connection of its own, so that any worker may get it."""
        with grpc.insecure_channel(self.address, options=(("grpc.use_local_subchannel_pool", 1),)) as channel:
            stub = decision_pb2_grpc.DecisionServiceStub(channel)
            return stub.Decide(question(action, **fields), timeout=timeout, wait_for_ready=True)

    def administration(self, method: str, message):
        with grpc.insecure_channel(self.address, options=(("grpc.use_local_subchannel_pool", 1),)) as channel:
            stub = administration_pb2_grpc.AdministrationServiceStub(channel)
            return getattr(stub, method)(message, timeout=10)

    def revisions(self, calls: int = 12) -> set[str]:
        """The revisions that a number of fresh connections see."""
        return {self.decide().revision for _ in range(calls)}

    def workers(self) -> list[int]:
        """Process ids of the children that serve, oldest first."""
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
                if parent == self.process.pid and b"spawn_main" in (stat.parent / "cmdline").read_bytes():
                    found.append(int(stat.parent.name))
        return sorted(found)

    def get(self, path: str) -> int:
        try:
            with urllib.request.urlopen(f"http://{self.metrics}{path}", timeout=2) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)


def wait(condition, seconds: float = 15.0):
    """Wait for a condition and give its value."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError("the condition did not come true")


@pytest.fixture
def start(tmp_path):
    """Start a service with some workers; it is killed at the end whatever happens."""

    @contextmanager
    def started(workers: int, fail: str = "", revision: str = "r1"):
        (tmp_path / "revision").write_text(revision)
        (tmp_path / "main.py").write_text(SCRIPT)
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [str(Path.cwd()), *sys.path]))}
        with (tmp_path / "log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, str(tmp_path / "main.py"), str(tmp_path), str(workers), fail],
                stdout=subprocess.PIPE, stderr=log, text=True, env=environment,
            )  # fmt: skip
        try:
            line = process.stdout.readline()
            service = Service(process, json.loads(line) if line else {"address": "", "metrics": ""}, tmp_path)
            if line and not fail and not revision.startswith("bad"):
                assert json.loads(process.stdout.readline())["event"] == "serving"
            yield service
        finally:
            process.kill()
            process.wait()
            process.stdout.close()

    return started


@pytest.mark.parametrize("workers", [1, 2])
def test_it_announces_its_port_serves_and_ends_in_order(start, workers):
    """Port 0 is announced; calls are answered; metrics port says ready; SIGTERM and SIGINT end it with 0."""
    for number in (signal.SIGTERM, signal.SIGINT)[: 3 - workers]:
        with start(workers) as service:
            assert service.listening == {
                "event": "listening", "address": service.address, "metrics": service.metrics, "workers": workers,
            }  # fmt: skip
            assert service.decide().effect == 3
            assert service.administration("GetStatus", admin.GetStatusRequest()).workers == workers
            assert (service.get("/ready"), service.get("/metrics")) == (200, 200)
            assert service.end(number) == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_a_bundle_that_cannot_be_used_stops_the_start(start, workers):
    """Nothing is served, the process ends, no worker is left."""
    with start(workers, revision="bad") as service:
        assert service.process.wait(20) == 1
        assert "BundleError" in (service.directory / "log").read_text()


def test_a_worker_that_cannot_be_built_stops_the_start(start):
    """The model is missing: the error of the worker is the error of the service."""
    with start(2, fail="the model is missing") as service:
        assert service.process.wait(20) == 1
        assert "the model is missing" in (service.directory / "log").read_text()


@pytest.mark.slow  # depends on the clock: failed now and then in a whole run on a loaded machine
def test_changed_files_come_into_force_in_every_worker_or_in_none(start):
    """The watch activates everywhere; a bad bundle leaves the last good one in force and status says why."""
    with start(2) as service:
        (service.directory / "revision").write_text("r2")
        wait(lambda: service.revisions(1) == {"r2"})
        assert service.revisions() == {"r2"}
        (service.directory / "revision").write_text("bad")
        wait(lambda: service.administration("GetStatus", admin.GetStatusRequest()).problems)
        assert service.revisions() == {"r2"}


def test_an_activation_through_one_worker_reaches_all(start, tmp_path):
    """Whichever worker gets the call, every connection sees the new revision afterwards; a refused one changes none."""
    with start(2) as service:
        other = tmp_path / "other"
        other.mkdir()
        (other / "revision").write_text("r9")
        done = service.administration("ActivateBundle", admin.ActivateBundleRequest(path=str(other)))
        assert (done.revision, done.previous_revision) == ("r9", "r1")
        assert service.revisions() == {"r9"}
        (other / "revision").write_text("bad")
        with pytest.raises(grpc.RpcError) as refused:
            service.administration("ActivateBundle", admin.ActivateBundleRequest(path=str(other)))
        assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION
        assert service.revisions() == {"r9"}


def test_a_killed_worker_comes_back_with_the_revision_in_force(start, tmp_path):
    """SIGKILL one of two: the other answers all the while, and soon there are two again, on the same revision."""
    with start(2) as service:
        other = tmp_path / "other"
        other.mkdir()
        (other / "revision").write_text("r5")
        service.administration("ActivateBundle", admin.ActivateBundleRequest(path=str(other)))
        before = service.workers()
        os.kill(before[0], signal.SIGKILL)
        wait(lambda: len(service.workers()) == 2 and before[0] not in service.workers())
        wait(lambda: "worker replaced" in (service.directory / "log").read_text())
        assert service.revisions() == {"r5"}
        assert service.end() == 0


def test_a_supervisor_that_is_killed_takes_its_workers_along(start):
    """Workers end by themselves when nobody supervises them any more."""
    with start(2) as service:
        workers = service.workers()
        service.process.kill()
        service.process.wait()
        wait(lambda: not any(alive(pid) for pid in workers))


def test_calls_under_way_are_answered_at_shutdown(start):
    """SIGTERM while a call is open: it is cut off only after the grace, and the exit code says so."""
    with start(2) as service:

        async def held() -> grpc.StatusCode:
            async with grpc.aio.insecure_channel(service.address) as channel:
                call = decision_pb2_grpc.DecisionServiceStub(channel).Decide(question("wait"), timeout=20)
                await asyncio.sleep(0.5)
                service.process.send_signal(signal.SIGTERM)
                return await call.code()

        before = time.monotonic()
        assert asyncio.run(held()) is not grpc.StatusCode.OK
        assert time.monotonic() - before >= 3
        assert service.process.wait(20) == 1


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        with Path(f"/proc/{pid}/stat").open() as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
