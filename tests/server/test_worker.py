"""A worker does what it is asked, in the order that makes sense, and says so when it is asked out of order."""

from __future__ import annotations

import asyncio
import socket

import grpc
import pytest

from pdp.errors import BundleError, NotReady
from pdp.server.app import ServerSettings
from pdp.server.link import Link
from pdp.server.worker import Job, Worker
from pdp.v1 import administration_pb2, administration_pb2_grpc, decision_pb2_grpc
from tests.server.conftest import question
from tests.server.fakes import FakeConfig, build


@pytest.fixture
async def worker(tmp_path):
    """A worker in this process, with the supervisor's end of its link."""
    (tmp_path / "revision").write_text("r1")
    made = Worker(Job(build, FakeConfig(tmp_path), ServerSettings(shutdown_grace=1.0), 3, "error", False))
    ours, theirs = socket.socketpair()
    asked: list[dict] = []

    async def activate(arguments):
        asked.append(arguments)

    supervisor = await Link.over(ours, {"activate": activate}, "the worker")
    link = await Link.over(theirs, made.handlers, "the supervisor")
    made.join(link)
    readers = [asyncio.ensure_future(supervisor.run()), asyncio.ensure_future(link.run())]
    supervisor.asked = asked
    yield supervisor
    supervisor.close()
    await asyncio.gather(*readers)
    await made.stop()


@pytest.mark.parametrize("method", ["open", "prepare", "commit", "discard", "note"])
async def test_nothing_works_before_it_is_built(worker, method):
    """An error, not a crash of the process."""
    arguments = {"listen": "127.0.0.1:0", "path": "x", "expected": "", "revision": "r", "problems": []}
    with pytest.raises(NotReady, match="nothing is built yet"):
        await worker.call(method, **arguments)


async def test_it_does_not_serve_before_its_port_is_open(worker):
    """The steps have an order."""
    await worker.call("build")
    with pytest.raises(NotReady, match="the port is not open"):
        await worker.call("serve")


async def test_the_whole_way_from_build_to_answers(worker, tmp_path):
    """Build, open, prepare, commit, serve: then decisions are answered."""
    await worker.call("build")
    address = (await worker.call("open", listen="127.0.0.1:0"))["address"]
    async with grpc.aio.insecure_channel(address) as channel:
        decisions = decision_pb2_grpc.DecisionServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError) as early:
            await decisions.Decide(question(), timeout=2)
        assert early.value.code() is grpc.StatusCode.UNAVAILABLE
        assert await worker.call("prepare", path=str(tmp_path), expected="r1") == {"revision": "r1"}
        await worker.call("commit", revision="r1")
        await worker.call("serve")
        assert (await decisions.Decide(question(), timeout=2)).revision == "r1"


async def test_a_bundle_that_cannot_be_prepared_is_told_with_its_problems(worker, tmp_path):
    """The supervisor hears every mistake; what was in force stays."""
    await worker.call("build")
    (tmp_path / "revision").write_text("bad")
    with pytest.raises(BundleError) as refused:
        await worker.call("prepare", path=str(tmp_path), expected="")
    assert len(refused.value.problems) == 2
    with pytest.raises(BundleError):
        await worker.call("commit", revision="bad")


async def test_an_administrators_call_goes_through_the_supervisor(worker, tmp_path):
    """A worker never activates for itself alone; it reports how many workers there are."""
    await worker.call("build")
    address = (await worker.call("open", listen="127.0.0.1:0"))["address"]
    await worker.call("prepare", path=str(tmp_path), expected="")
    await worker.call("commit", revision="r1")
    await worker.call("note", problems=[["a.yaml", 1, 2, "wrong", "mend it"]])
    async with grpc.aio.insecure_channel(address) as channel:
        administration = administration_pb2_grpc.AdministrationServiceStub(channel)
        request = administration_pb2.ActivateBundleRequest(path=str(tmp_path), expected_revision="r1")
        await administration.ActivateBundle(request, timeout=2)
        status = await administration.GetStatus(administration_pb2.GetStatusRequest(), timeout=2)
    assert worker.asked == [{"path": str(tmp_path), "expected": "r1"}]
    assert (status.workers, status.problems[0].message) == (3, "wrong")
