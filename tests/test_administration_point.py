"""Activation is all or nothing; an edit that breaks a test changes no file; the last good bundle stays."""

from __future__ import annotations

import asyncio
import gc
import json
from pathlib import Path

import pytest

from pdp import administration_point
from pdp.administration_point import AdministrationPoint
from pdp.errors import BundleError, BundleTestsFailed, EncoderMismatch, InvalidRequest, NotFound
from pdp.policy.bundle import revision
from pdp.snapshot import Snapshots
from tests.builders import NOW
from tests.conftest import WordEncoder

INTENT = """\
id: read-invoices   # billing owns this one
description: Read invoices of one customer.
owner: billing@example.org
targets: [{kind: table, name: "*"}]
actions: [read]
exemplars:
  - Read the unpaid invoices of a customer
  - Show open invoices of one customer   # the short form
  - List invoices not paid yet
"""
TESTS = """\
tests:
  - name: an approved request
    request:
      agent: agent-1
      utterance: Read the unpaid invoices of a customer
      target: {kind: table, name: invoices}
      action: {name: read}
    expect: {effect: allow, intent: read-invoices}
  - name: something else
    request:
      agent: agent-1
      utterance: Burn the paper archive
      target: {kind: table, name: invoices}
      action: {name: read}
    expect: {effect: deny}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    root = tmp_path / "bundle"
    for folder in ("intents", "tests"):
        (root / folder).mkdir(parents=True)
    (root / "bundle.yaml").write_text("name: test\ndescription: A test.\nowner: billing@example.org\n")
    (root / "agents.yaml").write_text(
        "agents:\n  - {id: agent-1, owner: billing@example.org, intents: [read-invoices]}\n"
    )
    (root / "intents" / "read.yaml").write_text(INTENT)
    (root / "tests" / "cases.yaml").write_text(TESTS)
    calibration = {"format": 1, "encoder": WordEncoder.fingerprint, "default": {"accept": 0.8, "narrow": 0.5}}
    (root / "calibration.json").write_text(json.dumps(calibration))
    return root


@pytest.fixture
def snapshots() -> Snapshots:
    return Snapshots()


@pytest.fixture
def point(path: Path, snapshots: Snapshots) -> AdministrationPoint:
    return AdministrationPoint(snapshots, WordEncoder(), path, lambda: NOW, "1.2.3")


async def test_a_reload_gives_way_and_a_start_does_not(
    point: AdministrationPoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decisions get the interpreter again and again meanwhile; before the first bundle there are none."""
    pauses: list[float] = []
    monkeypatch.setattr("pdp.background.sleep", pauses.append)
    monkeypatch.setattr("pdp.background.KEPT_SECONDS", 0.0)
    await point.activate()
    assert pauses == []
    await point.activate()
    assert len(pauses) > 10


async def test_a_check_changes_nothing_that_is_kept(path: Path, snapshots: Snapshots, tmp_path: Path) -> None:
    """Vectors are kept of what comes into force, not of what somebody only asks about."""
    store = tmp_path / "vectors.npy"
    point = AdministrationPoint(snapshots, WordEncoder(), path, lambda: NOW, "1.2.3", store=store)
    await point.check()
    assert not store.exists()
    await point.activate()
    assert store.exists()


async def test_activation_puts_a_tested_bundle_in_force(point: AdministrationPoint, path: Path) -> None:
    """The status names what is in force, and the revision is that of the files."""
    done = await point.activate()
    status = point.status()
    assert done.revision == status.revision == revision(path)
    assert (done.tests.passed, done.tests.failed, done.previous_revision) == (2, 0, "")
    assert (status.bundle, status.intents, status.exemplars, status.agents) == ("test", 1, 3, 1)


@pytest.mark.parametrize(
    ("file", "old", "new", "error", "match"),
    [
        ("intents/read.yaml", "owner:", "ownr:", BundleError, r"intents/read.yaml:3:1.*owner"),
        ("tests/cases.yaml", "effect: deny", "effect: allow", BundleTestsFailed, "expected allow, got deny"),
        ("calibration.json", "sha256:words", "sha256:other", EncoderMismatch, "sha256:words"),
    ],
)
async def test_a_bad_bundle_leaves_the_last_good_one(
    point: AdministrationPoint,
    snapshots: Snapshots,
    path: Path,
    file: str,
    old: str,
    new: str,
    error: type[Exception],
    match: str,
) -> None:
    """Whatever is wrong, what was in force stays in force, and the status says why."""
    good = (await point.activate()).revision
    target = path / file
    original = target.read_text()
    target.write_text(original.replace(old, new))
    with pytest.raises(error, match=match):
        await point.activate()
    assert snapshots.current().bundle.revision == good
    assert point.status().problems
    target.write_text(original)
    assert (await point.activate()).revision == good
    assert not point.status().problems


async def test_check_changes_nothing(point: AdministrationPoint, path: Path) -> None:
    """A check reports what an activation would say, without one."""
    assert (await point.check()).usable
    (path / "agents.yaml").write_text("agents: []\nwrong: 1\n")
    check = await point.check()
    assert not check.usable
    assert check.problems


async def test_an_added_exemplar_is_in_force_and_in_the_file(point: AdministrationPoint, path: Path) -> None:
    """The text is appended, comments and order stay, and the answer names its place."""
    await point.activate()
    done = await point.add_exemplar("read-invoices", "What does this customer owe us")
    lines = (path / "intents" / "read.yaml").read_text().splitlines()
    assert "What does this customer owe us" in lines[done.position.line - 1]
    assert "# billing owns this one" in lines[0]
    assert "# the short form" in lines[7]
    assert point.status().exemplars == 4
    assert done.revision != done.previous_revision
    undone = await point.remove_exemplar("read-invoices", "What does this customer owe us")
    assert undone.revision == done.previous_revision


async def test_an_edit_that_breaks_a_test_is_refused_and_leaves_the_files(
    point: AdministrationPoint, path: Path
) -> None:
    """Refused edits change no byte."""
    before = (await point.activate()).revision
    with pytest.raises(BundleTestsFailed, match="something else"):
        await point.add_exemplar("read-invoices", "Burn the paper archive")
    assert revision(path) == before == point.status().revision


@pytest.mark.parametrize(
    ("intent", "text", "error"),
    [
        ("nothing", "x y z", NotFound),
        ("read-invoices", "List invoices not paid yet", InvalidRequest),
        ("read-invoices", "   ", InvalidRequest),
    ],
)
async def test_an_edit_that_makes_no_sense_is_refused(
    point: AdministrationPoint, path: Path, intent: str, text: str, error: type[Exception]
) -> None:
    """Unknown intents, duplicates and empty texts are named."""
    before = (await point.activate()).revision
    with pytest.raises(error):
        await point.add_exemplar(intent, text)
    assert revision(path) == before


async def test_edits_at_once_are_all_kept(point: AdministrationPoint) -> None:
    """Two editors never lose each other's exemplar."""
    await point.activate()
    await asyncio.gather(*(point.add_exemplar("read-invoices", f"Show invoice number {n}") for n in range(4)))
    assert point.status().exemplars == 7


async def test_only_the_expected_revision_is_activated(point: AdministrationPoint, path: Path) -> None:
    """A caller may pin what it has reviewed."""
    with pytest.raises(BundleError, match="revision is sha256:"):
        await point.activate(path, "sha256:reviewed")
    assert (await point.activate(path, revision(path))).revision == revision(path)


async def test_no_garbage_is_searched_for_while_a_bundle_is_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each search would stop every request; afterwards it goes on, also when the bundle was refused."""
    seen: list[bool] = []
    check = administration_point.problems

    def watching(rules, settings):
        seen.append(gc.isenabled())
        return check(rules, settings)

    monkeypatch.setattr(administration_point, "problems", watching)
    watched = AdministrationPoint(Snapshots(), WordEncoder(), path, lambda: NOW, "1")
    await watched.activate()
    assert seen
    assert not any(seen)
    assert gc.isenabled()
    (path / "agents.yaml").write_text("agents: []\n")
    with pytest.raises(BundleError):
        await watched.activate()
    assert gc.isenabled()
