"""Act two of ``make demo``: what it shows is checked as it is shown, and the model has room to change."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path

import pytest
from rich.console import Console

from examples.authority import show
from examples.script import Script, read_script
from examples.serving import HERE, DemoFailed
from examples.trail import Place, Trail, flip
from pdp.audit.read import AuditReader
from pdp.engine import admit
from pdp.evidence import Evidence
from pdp.gathering import closeness
from pdp.intent.text import TextLimits, read
from pdp.matching import Asked, match
from pdp.purposes import match_purpose
from pdp.session import drift
from pdp.session.state import SessionState
from pdp.types import Request
from pdp.workbench import Workbench, open_bundle
from tests.recorded import APPROVED, asks, record

BUNDLE, SESSION = HERE / "workspace-assistant", HERE / "session.json"
SCRIPT = read_script(SESSION)


def console() -> Console:
    """As without a terminal."""
    return Console(highlight=False, markup=False, emoji=False, width=132)


def test_the_whole_act(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Start, work, drift, stop, kill, trace, verify, one flipped bit; and nothing is left behind."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    show(console(), BUNDLE, SESSION)
    out = capsys.readouterr().out
    parts = (
        SCRIPT.opening.purpose, "read-calendar", "verified", "wrong_action", "replayed", "live", "narrowed_by_drift",
        "stopped", "1 gateway knows", "revoked", "✓ proved", "VERIFIED", "same", "TAMPERED", "exit code 4",
    )  # fmt: skip
    places = [out.find(part) for part in parts]
    assert -1 not in places, parts[places.index(-1)]
    assert list(tmp_path.iterdir()) == []


def test_an_agent_that_is_not_led_astray_fails_the_act(tmp_path: Path) -> None:
    """Where what should be denied is allowed, the demo says so instead of going on."""
    told = json.loads(SESSION.read_text(encoding="utf-8"))
    told["astray"] = told["work"][:1]
    path = tmp_path / "session.json"
    path.write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(DemoFailed, match="should be denied"):
        show(console(), BUNDLE, path)


@pytest.fixture
def left(tmp_path: Path) -> tuple[Place, str]:
    """What a service left behind that made one decision, key and anchor beside it, and the decision's id."""
    data, (decision,) = asyncio.run(record(tmp_path, [asks(APPROVED)]))
    place = Place(data.parent)
    place.key.write_text((data / "keys" / "checkpoint.key.pub").read_text())
    with AuditReader.open(data) as reader:
        place.anchor.write_text(reader.checkpoint() or "")
    return place, decision.decision_id


def test_the_trail_is_shown_and_the_flipped_record_named(
    left: tuple[Place, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """From the files alone; the data directory itself is left as it is."""
    place, decision = left
    before = (place.data / "audit.db").read_bytes()
    Trail(console(), place).show(decision)
    out = capsys.readouterr().out
    assert "VERIFIED" in out
    assert "verification named record" in out
    assert (place.data / "audit.db").read_bytes() == before


def test_a_trail_that_is_not_whole_fails_the_act(left: tuple[Place, str]) -> None:
    """A record that was changed before, or a decision that cannot be made again: no demo goes on over it."""
    place, decision = left
    for kept in (place.data / "bundles").iterdir():
        kept.rename(kept.with_name(f"lost-{kept.name}"))
    with pytest.raises(DemoFailed, match="verify should end with 0, not 6"):
        Trail(console(), place).show(decision)
    flip(place.data / "audit.db", 0)
    with pytest.raises(DemoFailed, match="verify should end with 0, not 4"):
        Trail(console(), place).show(decision)
    with pytest.raises(DemoFailed, match="has no record 99"):
        flip(place.data / "audit.db", 99)


@pytest.fixture(scope="module")
def workbench() -> Workbench:
    """The bundle of the act, with the released model."""
    return open_bundle(BUNDLE)


def test_the_purpose_gives_what_the_session_needs(workbench: Workbench) -> None:
    """Its clauses are plainly within the intents that the work is of."""
    intents, vector, refusal = purpose(workbench)
    assert refusal is None
    assert SCRIPT.intents <= set(intents)
    assert vector.steps


def test_the_requests_are_plainly_on_purpose_or_astray(workbench: Workbench) -> None:
    """No request of the script hangs on a hundredth of a score, so that another model tells the same story."""
    for request in (*SCRIPT.work, SCRIPT.on_purpose):
        score, accept, distance = judged(workbench, request)
        assert score >= accept + 0.1, f"“{request.utterance}” is accepted at {score:.2f} only"
        assert distance < 0.3, f"“{request.utterance}” is {distance:.2f} from the purpose"
    for request in SCRIPT.astray:
        score, accept, distance = judged(workbench, request)
        assert score < accept / 2, f"“{request.utterance}” scores {score:.2f}"
        assert distance > 0.8, f"“{request.utterance}” is only {distance:.2f} from the purpose"


def purpose(workbench: Workbench) -> tuple[tuple[str, ...], drift.PurposeVector, object]:
    """The intents and the vector of the declared purpose."""
    snapshot = workbench.snapshot
    usable = snapshot.admission.usable(SCRIPT.opening.agent.id)
    assert usable is not None
    reading = read(SCRIPT.opening.purpose, TextLimits())
    return match_purpose(SCRIPT.opening, reading, usable, Evidence(snapshot, workbench.encoder), snapshot)


def judged(workbench: Workbench, request: Request) -> tuple[float, float, float]:
    """Score, the least score that is accepted, and the distance from the purpose, within the session."""
    snapshot = workbench.snapshot
    intents, vector, _ = purpose(workbench)
    asked = admit(request, snapshot, intents)
    assert isinstance(asked, Asked), request.utterance
    found = match(asked, read(request.utterance, TextLimits()), Evidence(snapshot, workbench.encoder), snapshot)
    cosine = closeness(SessionState("s", "", "", "", "", vector, intents, "", 0.0, 1.0), found)
    assert cosine is not None
    return found.match.score, found.match.accept, drift.distance(cosine, found.match.score)


def test_a_script_is_read_whole() -> None:
    """Every request is of the agent and principal that opened the session, with its call as the gateway got it."""
    assert isinstance(SCRIPT, Script)
    for request in (*SCRIPT.work, SCRIPT.on_purpose, *SCRIPT.astray):
        assert (request.agent, request.principal) == (SCRIPT.opening.agent, SCRIPT.opening.principal)
        assert request.payload is not None
