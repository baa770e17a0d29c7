"""The real service in a process, over a real socket: kill -9, a full disk, files it may not write, two workers."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from examples.serving import address, process
from pdp.audit.read import AuditReader
from pdp.cli import main as pdp
from pdp.client import SHOW_ONLY, Client, Terms
from pdp.errors import PdpError
from pdp.ledger import SESSIONS
from pdp.runtime import SessionRequest
from pdp.session.stored import from_bytes
from pdp.types import (
    Action,
    Agent,
    Decision,
    Effect,
    JsonObject,
    Principal,
    Reason,
    ReasonCode,
    Request,
    Target,
    Verdict,
)
from tests.runtime.house import open_house, snapshot

ROOT = Path(__file__).parents[2]
TERMS = Terms(timeout=10.0, understood=SHOW_ONLY, raise_for_error=True)
AGENT = "accounts-assistant"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle to start from."""
    directory = tmp_path_factory.mktemp("served") / "first"
    assert pdp(["bundle", "init", str(directory)]) == 0
    return directory


def ask(number: object, session: str = "", agent: str = AGENT) -> Request:
    """A request that is allowed."""
    return Request(
        f"q{number}",
        Agent(agent),
        "Show me what customer 4711 still owes us",
        Target("table", "invoices"),
        Action("read", {"limit": 5}),
        session_id=session,
    )


@contextmanager
def serving(bundle: Path, data: Path, *settings: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server, and where it listens."""
    with process(bundle, data, *settings) as child:
        yield child, address(bundle.name, child)


def demand_granted(decision: Decision) -> None:
    assert decision.permit is not None, decision.verdict.reasons


def code(decision: Decision) -> ReasonCode:
    assert decision.permit is None
    assert decision.verdict.effect is Effect.DENY
    return decision.verdict.reasons[0].code


def test_what_was_answered_before_kill_minus_nine_is_known_afterwards(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Killed in the middle of decisions: every answered one is in the log; sessions, counts and orders go on."""
    data = tmp_path / "data"
    answered: list[Decision] = []

    def work(client: Client, session: str, worker: int) -> None:
        for number in range(100_000):
            try:
                answered.append(client.decide(ask(f"{worker}-{number}", session)))
            except PdpError:
                return

    with serving(bundle, data) as (child, where), ExitStack() as stack:
        clients = [stack.enter_context(Client(where, terms=TERMS)) for _ in range(4)]
        started = clients[0].start_session(SessionRequest(Agent(AGENT), "Show me what customer 4711 still owes us"))
        assert started.session_id, started.reasons
        clients[0].kill("principal", "mallory", reason="a test")
        threads = [
            threading.Thread(target=work, args=(c, started.session_id, n), daemon=True) for n, c in enumerate(clients)
        ]
        for thread in threads:
            thread.start()
        time.sleep(1.0)
        os.kill(child.pid, signal.SIGKILL)
        for thread in threads:
            thread.join(15)
            assert not thread.is_alive()
    assert len(answered) > 20
    reader = AuditReader.open(data)
    recorded = {r.entry().body["decision_id"]: r.entry().body for r in reader.records() if r.kind == "decision"}
    counted = from_bytes(reader.get(SESSIONS, started.session_id) or b"")
    reader.close()
    for decision in answered:
        assert recorded[decision.decision_id]["effect"] == decision.verdict.effect.value
        if decision.permit is not None:
            assert recorded[decision.decision_id]["grant"]["jti"] == decision.permit.id
    assert sum(d.permit is not None for d in answered) > 5
    effects = Counter(b["effect"] for b in recorded.values())
    counters = counted.counters
    assert (counters.allowed, counters.narrowed, counters.denied) == tuple(
        effects[e] for e in ("allow", "narrow", "deny")
    )
    with serving(bundle, data) as (_, where), Client(where, terms=TERMS) as client:
        after = client.decide(ask("after", started.session_id))
        assert code(client.decide(replace(ask("again"), principal=Principal("mallory")))) is ReasonCode.REVOKED
        assert client.session(started.session_id).numbers["decisions"] == len(recorded) + 1
        assert after.decision_id not in recorded
    capsys.readouterr()
    assert pdp(["audit", "verify", "--data-dir", str(data)]) == 0, capsys.readouterr().out


def test_a_log_that_cannot_be_written_denies_and_kill_still_works(bundle: Path, tmp_path: Path) -> None:
    """The kernel lets no file grow: nothing is granted, a kill is in force and says that it is not recorded."""
    with serving(bundle, tmp_path / "data") as (child, where), Client(where, terms=TERMS) as client:
        demand_granted(client.decide(ask(1)))
        before = resource.prlimit(child.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(child.pid, resource.RLIMIT_FSIZE, (4096, before[1]))
        for number in range(2, 5):
            assert code(client.decide(ask(number))) is ReasonCode.AUDIT_UNAVAILABLE
        receipt = client.kill("agent", AGENT, reason="a test")
        assert not receipt.audited
        assert code(client.decide(ask(5))) in {ReasonCode.REVOKED, ReasonCode.AUDIT_UNAVAILABLE}
        assert [o.value for o in client.orders()[1]] == [AGENT]
        resource.prlimit(child.pid, resource.RLIMIT_FSIZE, before)
        assert code(client.decide(ask(6))) is ReasonCode.REVOKED
        assert client.lift("agent", AGENT, reason="a test").audited
        demand_granted(client.decide(ask(7)))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of a few megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(place)]
    if sys.platform != "linux" or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("only who may mount can have a disk that is full")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_denies_and_kill_still_works(bundle: Path, small_disk: Path) -> None:
    """Not a byte is left: no grant leaves; a kill is in force; when there is room again all goes on."""
    with serving(bundle, small_disk / "data") as (_, where), Client(where, terms=TERMS) as client:
        demand_granted(client.decide(ask(1)))
        filler = small_disk / "filler"
        fill(filler)
        # What the log has set aside is used up first.
        for number in range(2, 4_000):
            decision = client.decide(ask(number))
            if decision.permit is None:
                break
        assert code(decision) is ReasonCode.AUDIT_UNAVAILABLE
        assert code(client.decide(ask("full"))) is ReasonCode.AUDIT_UNAVAILABLE
        receipt = client.kill("agent", AGENT, reason="a test")
        # An order is small; it may find room where a decision does not. It says which.
        recorded = [r for r in recorded_orders(small_disk / "data") if r.get("kind") == "kill"]
        assert receipt.audited == bool(recorded)
        assert [o.value for o in client.orders()[1]] == [AGENT]
        filler.unlink()
        assert code(client.decide(ask("room"))) is ReasonCode.REVOKED
        assert client.lift("agent", AGENT, reason="a test").audited
        demand_granted(client.decide(ask("on")))


def recorded_orders(data: Path) -> list[JsonObject]:
    """What the log holds of orders."""
    reader = AuditReader.open(data)
    found = [r.entry().body for r in reader.records() if r.kind == "revocation"]
    reader.close()
    return found


def fill(path: Path) -> None:
    """Write until nothing fits any more."""
    with path.open("wb", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue


def test_a_kill_through_one_worker_is_obeyed_by_all_at_once(bundle: Path, tmp_path: Path) -> None:
    """Two processes under load on many connections: what is sent after Kill has returned is denied, everywhere."""
    sent: list[tuple[float, Decision]] = []
    ended = threading.Event()

    def work(client: Client, worker: int) -> None:
        number = 0
        while not ended.is_set():
            number += 1
            began = time.monotonic()
            try:
                sent.append((began, client.decide(ask(f"{worker}-{number}"))))
            except PdpError as error:
                sent.append((began, _refused(error)))

    data = tmp_path / "data"
    with serving(bundle, data, "--workers", "2") as (_, where), ExitStack() as stack:
        clients = [stack.enter_context(Client(where, terms=TERMS)) for _ in range(10)]
        for number, client in enumerate(clients):
            demand_granted(client.decide(ask(f"first-{number}")))
        threads = [threading.Thread(target=work, args=(c, n)) for n, c in enumerate(clients)]
        for thread in threads:
            thread.start()
        time.sleep(0.7)
        try:
            receipt = clients[0].kill("agent", AGENT, reason="a test")
            returned = time.monotonic()
            time.sleep(0.5)
        finally:
            ended.set()
            for thread in threads:
                thread.join()
        assert receipt.durable
        assert receipt.audited
    before = [d for began, d in sent if began < returned]
    late = [d for began, d in sent if began >= returned]
    assert sum(d.permit is not None for d in before) > 10
    assert len(late) > 10
    assert {code(d) for d in late} == {ReasonCode.REVOKED}


def _refused(error: PdpError) -> Decision:
    """An error is a deny; one that says nothing of a kill fails the test that sees it late."""
    return Decision("", "", Verdict(Effect.DENY, (Reason(ReasonCode.INTERNAL_ERROR, str(error)),)), "", "")


async def one_kill(data: Path) -> None:
    """A data directory in which one order was given."""
    async with open_house(data, snapshot()) as house:
        assert (await house.order("kill", "agent", "somebody")).audited


@pytest.mark.parametrize("what", ["a file", "keys that others read", "a journal that is cut"])
def test_a_data_directory_that_cannot_be_trusted_is_told_in_a_line(what: str, bundle: Path, tmp_path: Path) -> None:
    """No traceback, no port: what is wrong, where, and how to mend it. A journal that lost orders kills everything."""
    data = tmp_path / "data"
    if what == "a file":
        data.write_text("")
    else:
        asyncio.run(one_kill(data))
    if what == "keys that others read":
        (data / "keys").chmod(0o755)
    if what == "a journal that is cut":
        (data / "revocations.jsonl").write_bytes(b"")
        with serving(bundle, data) as (_, where), Client(where, terms=TERMS) as client:
            assert code(client.decide(ask(1))) is ReasonCode.REVOKED
        return
    command = [sys.executable, "-m", "pdp", "serve", "--bundle", str(bundle), "--data-dir", str(data)]
    done = subprocess.run(
        [*command, "--listen", "127.0.0.1:0", "--metrics-listen", ""],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode not in {0, 1}
    assert "Traceback" not in done.stderr
    assert "data" in done.stderr
