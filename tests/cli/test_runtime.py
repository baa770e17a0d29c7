"""The kill switch, sessions and agents from the command line, against a real server."""

from __future__ import annotations

import asyncio
import json

import pytest

from pdp.cli import main
from pdp.cli.exits import Exit
from pdp.cli.moments import moment
from pdp.server.app import ServerSettings
from tests.client.test_client import free_address
from tests.server.conftest import running, serve

__all__ = ["running", "serve"]

START = ("session", "start", "--agent", "mail-agent", "--instance", "7", "--purpose", "Read my mail", "--task", "t1")


@pytest.fixture
def run(running, capsys):
    """Run a command against the server, beside the event loop that serves: exit code, output, errors."""

    async def run(*words: str, address: str = "") -> tuple[int, str, str]:
        code = await asyncio.to_thread(main, [*words, "--address", address or running.address])
        return code, *capsys.readouterr()

    return run


async def test_kill_says_what_is_in_force_and_who_knows(run, running):
    """Scope, value, order, where it is kept, gateways; the order carries reason, cause and length."""
    code, out, _ = await run("kill", "agent", "mail-agent", "--reason", "astray", "--cause", "drift", "--seconds", "60")
    assert code == Exit.OK
    for part in ("killed  agent mail-agent", "order    1", "on disk, in the trail", "0 acknowledged, 0 pending"):
        assert part in out
    (order,) = running.made.runtime.revocations.held.values()
    assert (order.kind, order.reason, order.cause, order.until) == ("kill", "astray", "drift", 160.0)


async def test_quarantine_and_lift(run, running):
    """``--quarantine`` lets reads through; ``lift`` names the same scope and value."""
    assert "quarantined  everything" in (await run("kill", "everything", "--quarantine"))[1]
    assert running.made.runtime.revocations.held["everything", ""].kind == "quarantine"
    assert "lifted  everything" in (await run("lift", "everything", "--reason", "over"))[1]
    assert not running.made.runtime.revocations.held


async def test_kill_fails_where_it_might_not_hold(run, running):
    """Not on disk, or with ``--wait`` a gateway that has not acknowledged: in force, and exit code 1."""
    code, out, _ = await run("kill", "agent", "a", "--reason", "slow disk")
    assert (code, "NOT on disk" in out, "NOT in the trail" in out) == (Exit.NO, True, True)
    running.made.runtime.revocations.watch("gateway", "silent")
    assert (await run("kill", "agent", "a"))[0] == Exit.OK
    code, out, _ = await run("kill", "agent", "a", "--wait", "0.1")
    assert (code, "1 pending" in out) == (Exit.NO, True)


async def test_orders_are_listed(run):
    """As a table, and for programs."""
    assert "no orders in force" in (await run("orders"))[1]
    await run("kill", "target", "mailbox/*", "--reason", "incident 7")
    code, out, _ = await run("orders")
    assert code == Exit.OK
    for part in ("mailbox/*", "incident 7", "kill", "operator-action", "1 order in force", "loopback"):
        assert part in out
    listed = json.loads((await run("orders", "--json"))[1])
    assert (listed["sequence"], listed["orders"][0]["scope"]) == (1, "target")
    assert json.loads((await run("kill", "everything", "--json"))[1])["sequence"] == 2


async def test_a_session_is_started_shown_listed_and_ended(run, running):
    """Exit code 0 for open; numbers as rules see them."""
    code, out, _ = await run(*START, "--principal", "noor", "--seconds", "30", "--intent", "a", "--budget", "rows=10")
    assert code == Exit.OK
    assert "open  s1" in out
    wanted = running.made.runtime.sessions.asked[0][0]
    assert (wanted.agent.instance, wanted.principal.id, wanted.intents, wanted.budget) == (
        "7", "noor", ("a",), {"rows": 10.0},
    )  # fmt: skip
    _, out, _ = await run("session", "show", "s1")
    for part in ("open  s1", "mail-agent/7", "session.rows", "0.25", "1970-01-01 00:01:40Z"):
        assert part in out
    assert "1 session\n" in (await run("sessions", "--open", "--agent", "mail-agent", "--limit", "5"))[1]
    assert "s1 ended, 2 grants ended with it" in (await run("session", "end", "s1", "--reason", "done"))[1]
    assert "s1 had ended before, 0 grants" in (await run("session", "end", "s1"))[1]
    assert "no sessions" in (await run("sessions", "--open"))[1]
    assert "done" in (await run("sessions"))[1]


async def test_sessions_for_programs(run):
    """JSON of every command."""
    started = json.loads((await run(*START, "--json"))[1])
    assert (started["session_id"], started["reasons"][0]["code"]) == ("s1", "session_started")
    assert json.loads((await run("session", "show", "s1", "--json"))[1])["numbers"]["rows"] == 7
    assert [s["id"] for s in json.loads((await run("sessions", "--json"))[1])] == ["s1"]
    assert json.loads((await run("session", "end", "s1", "--json"))[1]) == {"grants_ended": 2, "was_open": True}


async def test_a_refused_session_is_exit_code_1(run):
    """With the reason."""
    code, out, _ = await run("session", "start", "--agent", "a", "--purpose", "deny me")
    assert (code, "purpose_not_approved: nobody approved it" in out) == (Exit.NO, True)
    code, _, err = await run("session", "start", "--agent", "a", "--purpose", "stuck")
    assert (code, "audit_unavailable: the disk is full" in err) == (Exit.NO, True)


async def test_agents_are_listed_with_their_marks(run):
    """Owner, intents used and unused, counts, and what is wrong with an agent."""
    code, out, _ = await run("agents")
    assert code == Exit.OK
    for part in ("mail-agent", "send-mail", "unowned", "2 agents, 1 marked", "mailbox"):
        assert part in out
    assert [a["marks"] for a in json.loads((await run("agents", "--json"))[1])] == [[], ["unowned", "unknown"]]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("session", "show", "s9"), Exit.NO, "not_found: no session 's9'"),
        (("kill", "agent"), Exit.USAGE, "value: name what the order is about"),
        (("kill", "agent", "a", "--wait", "61"), Exit.USAGE, "wait: is 61 s"),
        (("session", "start", "--agent", "a", "--purpose", "x", "--budget", "rows"), Exit.USAGE, "--budget rows"),
        (("sessions", "--limit", "-1"), Exit.USAGE, "--limit -1"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_what_is_refused_says_why(run, words, code, said):
    """Nothing there: 1; wrong usage: 2."""
    found, _, err = await run(*words)
    assert (found, said in err) == (code, True), err


async def test_a_scope_that_is_none_is_wrong_usage(run):
    """With the words that are."""
    with pytest.raises(SystemExit) as ended:
        await run("kill", "planet", "earth")
    assert ended.value.code == Exit.USAGE


async def test_no_server_is_exit_code_3(run):
    """As everywhere."""
    assert (await run("kill", "everything", address=free_address()))[0] == Exit.UNREACHABLE


async def test_administration_that_is_off_is_exit_code_1(serve, run):
    """The server's words."""
    async with serve(ServerSettings(loopback_administration=False)) as running:
        code, _, err = await run("agents", address=running.address)
        assert (code, "permission_denied" in err) == (Exit.NO, True)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "-"), (1e9, "2001-09-09 01:46:40Z"), (1e300, "1e+300"), (float("nan"), "nan")]
)
def test_moments(seconds, text):
    """Any number a server may send can be shown."""
    assert moment(seconds) == text
