"""Supervisor and worker talk in calls, both ways, and hear of each other's end."""

from __future__ import annotations

import asyncio
import socket

import pytest

from pdp.errors import BundleTestsFailed, NotReady, PdpError, Problem
from pdp.server.link import Link

PROBLEM = Problem("a.yaml", 1, 2, "m", "f")


async def pair(left=None, right=None):
    """Two linked ends and their readers."""
    one, two = socket.socketpair()
    links = [await Link.over(one, left or {}, "left"), await Link.over(two, right or {}, "right")]
    return links, [asyncio.ensure_future(link.run()) for link in links]


async def close(links, readers):
    for link in links:
        link.close()
    await asyncio.gather(*readers)


async def test_calls_go_both_ways_and_answers_come_out_of_order():
    """A slow call does not hold up a fast one, and each gets its own answer."""
    links, readers = [], []

    async def slow(arguments):
        return {"back": await links[1].call("fast", value=arguments["value"] + 1)}

    async def fast(arguments):
        return {"value": arguments["value"]}

    links, readers = await pair({"fast": fast}, {"slow": slow, "fast": fast})
    assert await links[0].call("slow", value=1) == {"back": {"value": 2}}
    assert [r["value"] for r in await asyncio.gather(*(links[0].call("fast", value=i) for i in range(9)))] == list(
        range(9)
    )
    await close(links, readers)


async def test_errors_arrive_as_what_they_were():
    """A bundle's problems cross the link; an unexpected error arrives as a plain one."""

    async def refuse(_arguments):
        raise BundleTestsFailed((PROBLEM,))

    async def crash(_arguments):
        raise ZeroDivisionError("inside")

    links, readers = await pair({}, {"refuse": refuse, "crash": crash})
    with pytest.raises(BundleTestsFailed) as refused:
        await links[0].call("refuse")
    assert refused.value.problems == (PROBLEM,)
    with pytest.raises(PdpError, match="crash failed; see the log"):
        await links[0].call("crash")
    await close(links, readers)


async def test_when_one_end_is_gone_the_other_hears_at_once():
    """Calls under way and later ones raise ``NotReady``, nobody waits for ever."""

    async def hang(_arguments):
        await asyncio.Event().wait()

    links, readers = await pair({}, {"hang": hang})
    waiting = asyncio.ensure_future(links[0].call("hang"))
    await asyncio.sleep(0.01)
    links[1].close()
    with pytest.raises(NotReady, match="left has ended"):
        await waiting
    with pytest.raises(NotReady):
        await links[0].call("hang")
    await close(links, readers)


async def test_a_line_that_is_no_message_ends_the_link():
    """Nothing is guessed from broken input."""
    one, two = socket.socketpair()
    link = await Link.over(one, {}, "left")
    two.sendall(b"not json\n")
    async with asyncio.timeout(2):
        await link.run()
    two.close()
