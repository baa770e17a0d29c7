"""Activation over several processes is all or nothing."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.errors import BundleError, NotReady, Problem
from pdp.server import fleet
from pdp.server.link import Link

BUNDLE = Path("bundle")


class Member:
    """The worker's end of a link, with one way to behave in each phase."""

    def __init__(self, prepares: str = "ok", commits: str = "ok", revision: str = "r2", discards: str = "ok") -> None:
        self.prepares, self.commits, self.files, self.discards = prepares, commits, revision, discards
        self.revision, self.prepared = "r1", ""

    async def prepare(self, _arguments):
        if self.prepares == "bad":
            raise BundleError((Problem("a.yaml", 1, 1, "m", "f"),))
        if self.prepares == "hang":
            await asyncio.Event().wait()
        if self.prepares == "die":
            self.link.close()
        self.prepared = self.files
        return {"revision": self.files}

    async def commit(self, arguments):
        if self.commits == "die":
            self.link.close()
        assert arguments["revision"] == self.prepared
        self.revision = self.prepared

    async def discard(self, _arguments):
        if self.discards == "hang":
            await asyncio.Event().wait()
        self.prepared = ""


async def activate(members: list[Member], expected: str = "", seconds: float = 5.0) -> str:
    """Run both phases over real links."""
    links, readers = [], []
    for member in members:
        ours, theirs = socket.socketpair()
        handlers = {"prepare": member.prepare, "commit": member.commit, "discard": member.discard}
        member.link = await Link.over(theirs, handlers, "the supervisor")
        links.append(await Link.over(ours, {}, "a worker"))
        readers += [asyncio.ensure_future(member.link.run()), asyncio.ensure_future(links[-1].run())]
    try:
        return await fleet.activate(links, BUNDLE, expected, seconds)
    finally:
        for link in (*links, *(m.link for m in members)):
            link.close()
        await asyncio.gather(*readers)


async def test_when_all_can_prepare_all_commit():
    """Every worker has the new revision."""
    members = [Member(), Member(), Member()]
    assert await activate(members) == "r2"
    assert [m.revision for m in members] == ["r2"] * 3


@given(st.lists(st.sampled_from(["ok", "ok", "bad", "die"]), min_size=1, max_size=5))
def test_when_one_cannot_prepare_none_commits(behaviours):
    """Whoever fails, in whatever place: all have the new revision, or none has."""
    members = [Member(b) for b in behaviours]
    try:
        asyncio.run(activate(members))
    except (BundleError, NotReady):
        assert {m.revision for m in members} == {"r1"}
        assert all(not m.prepared for m in members if m.prepares == "ok")
    else:
        assert set(behaviours) == {"ok"}
        assert {m.revision for m in members} == {"r2"}


async def test_workers_that_read_different_files_do_not_commit():
    """Files that change between two readers would split the fleet."""
    members = [Member(revision="r2"), Member(revision="r3")]
    with pytest.raises(NotReady, match="the files changed while the workers read them"):
        await activate(members)
    assert [m.revision for m in members] == ["r1", "r1"]


async def test_a_worker_that_is_stuck_is_ended_and_holds_up_nobody(monkeypatch):
    """One that does not even discard in time loses its link, so that it can be replaced."""
    monkeypatch.setattr(fleet, "DISCARD_SECONDS", 0.1)
    members = [Member("bad"), Member(discards="hang")]
    async with asyncio.timeout(2):
        with pytest.raises(BundleError):
            await activate(members)
    assert members[0].revision == members[1].revision == "r1"


async def test_a_worker_that_hangs_stops_the_activation():
    """After the time limit nothing has changed."""
    members = [Member(), Member("hang")]
    with pytest.raises(NotReady, match=r"not every worker was done after 0\.1 s"):
        await activate(members, seconds=0.1)
    assert members[0].revision == "r1"


async def test_a_worker_that_ends_while_committing_does_not_undo_the_others(caplog):
    """There is no way back after the first commit: its successor will start with the new revision."""
    members = [Member(), Member(commits="die")]
    assert await activate(members) == "r2"
    assert members[0].revision == "r2"
    assert "out of step" in caplog.text
