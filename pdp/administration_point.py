"""The administration use cases: status, check, activate, edit an exemplar.

A bundle comes into force in two phases. ``prepare`` builds the whole snapshot beside the one in force and runs the
bundle's own tests; ``commit`` swaps one reference. With several worker processes all prepare before any commits, so a
bundle that one of them cannot use changes nothing anywhere.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from pdp import metrics, snapshot
from pdp.background import giving_way, uncollected
from pdp.cases import report, run_cases
from pdp.errors import BundleError, BundleTestsFailed, InvalidRequest, Problem
from pdp.evidence import warm
from pdp.intent.encoder import Encoder
from pdp.intent.vectors import VectorStore
from pdp.policy import edit
from pdp.policy.bundle import load
from pdp.policy.model import Bundle
from pdp.policy.rules import problems
from pdp.reports import Activation, CaseReport, Check, Edit, Status
from pdp.snapshot import Snapshot, Snapshots
from pdp.types import Position

log = logging.getLogger(__name__)


class Fleet(Protocol):
    """All worker processes of this service."""

    @property
    def workers(self) -> int:
        """How many worker processes serve."""

    async def activate(self, path: Path, expected_revision: str) -> None:
        """Every worker prepares, then all commit. Raises ``BundleError``; then none has committed."""


class Archive(Protocol):
    """Keeps every bundle that comes into force."""

    def keep(self, path: Path, revision: str) -> None:
        """Keep the bundle at ``path``. Raises ``BundleError``."""


class NoArchive:
    """Keeps nothing."""

    def keep(self, _path: Path, _revision: str) -> None:
        """Keep nothing."""


Activated = Callable[[Bundle, str, str], None]
"""Told of each bundle that comes into force, with the revision before it and the encoder."""


def nobody(_bundle: Bundle, _previous: str, _encoder: str) -> None:
    """Nobody is told."""


class AdministrationPoint:
    """Administration of one worker process; ``fleet`` reaches the others.

    ``now`` gives epoch seconds; ``store`` is a file for exemplar vectors, so that a restart need not encode them again;
    ``archive`` keeps what comes into force, ``activated`` is told of it.
    """

    def __init__(
        self,
        snapshots: Snapshots,
        encoder: Encoder,
        path: Path,
        now: Callable[[], float],
        version: str,
        fleet: Fleet | None = None,
        store: Path | None = None,
        archive: Archive | None = None,
        activated: Activated = nobody,
    ) -> None:
        self._snapshots = snapshots
        self._encoder = encoder
        self._path = path
        self._now = now
        self._version = version
        self._store = VectorStore(store, encoder.readings, encoder.dimension)
        self._archive: Archive = archive or NoArchive()
        self._tell = activated
        self._fleet: Fleet = fleet or LocalFleet(self)
        self._started = self._activated = now()
        self._prepared: tuple[Snapshot, CaseReport] | None = None
        self._tests = CaseReport(0, 0, ())
        self._problems: tuple[Problem, ...] = ()
        self._lock = asyncio.Lock()

    def join(self, fleet: Fleet) -> None:
        """Take part in ``fleet`` instead of being alone."""
        self._fleet = fleet

    def status(self) -> Status:
        """What is in force now. Raises ``NotReady`` before the first activation."""
        now, current = self._now(), self._snapshots.current()
        bundle = current.bundle
        return Status(
            version=self._version,
            bundle=bundle.name,
            revision=bundle.revision,
            path=bundle.path,
            encoder=current.encoder,
            intents=len(bundle.intents),
            exemplars=sum(len(i.exemplars) for i in bundle.intents),
            rules=len(snapshot.every_rule(bundle)),
            agents=len(bundle.agents),
            uptime_seconds=now - self._started,
            bundle_age_seconds=now - self._activated,
            problems=self._problems,
            workers=self._fleet.workers,
            serving=True,
        )

    async def activate(self, path: Path | None = None, expected_revision: str = "") -> Activation:
        """Bring the bundle at ``path`` (``None``: the configured one) into force in every worker.

        Raises ``BundleError`` with every problem, ``BundleTestsFailed``, ``EncoderMismatch``; nothing changes then.
        """
        async with self._lock:
            previous = self._revision()
            try:
                await self._fleet.activate(path or self._path, expected_revision)
            except BundleError as error:
                self.note_problems(error.problems)
                raise
            self._problems = ()
            return Activation(self._revision(), previous, self._tests)

    async def check(self, path: Path | None = None) -> Check:
        """Load, validate, index and test without activating."""
        try:
            built, tests = await asyncio.to_thread(self._build, path or self._path)
        except BundleError as error:
            return Check(usable=False, revision="", problems=error.problems, tests=CaseReport(0, 0, ()))
        return Check(usable=not tests.failed, revision=built.bundle.revision, problems=(), tests=tests)

    async def add_exemplar(self, intent: str, text: str, *, counter: bool = False) -> Edit:
        """Add an exemplar to the bundle's YAML and bring it into force; refused when one of its tests breaks."""
        return await self._edit(lambda root: edit.add_exemplar(root, intent, text, counter=counter))

    async def remove_exemplar(self, intent: str, text: str, *, counter: bool = False) -> Edit:
        """Remove an exemplar likewise."""
        return await self._edit(lambda root: edit.remove_exemplar(root, intent, text, counter=counter))

    async def _edit(self, change: Callable[[Path], Position]) -> Edit:
        position = await asyncio.to_thread(self._edit_files, change)
        done = await self.activate(self._path)
        return Edit(done.revision, done.previous_revision, position, done.tests)

    def _edit_files(self, change: Callable[[Path], Position]) -> Position:
        """Try the edit on a copy with the bundle's own tests first; the real files change only when all is well."""
        with _locked(self._path):
            with tempfile.TemporaryDirectory() as temporary:
                trial = Path(temporary) / "bundle"
                shutil.copytree(self._path, trial)
                change(trial)
                _, tests = self._build(trial)
                _demand_tests(tests)
            try:
                return change(self._path)
            except OSError as error:
                fix = "edit where the bundle is kept and deploy it"
                raise InvalidRequest(
                    "intent", f"the bundle's files cannot be written ({error.strerror}); {fix}"
                ) from error

    async def prepare(self, path: Path, expected_revision: str = "") -> str:
        """First phase: build and test beside what is in force. Returns the revision. Raises ``BundleError``."""
        built, tests = await asyncio.to_thread(self._build, path)
        revision = built.bundle.revision
        if expected_revision and revision != expected_revision:
            fix = "read the revision that is on the server now and ask for that one"
            raise BundleError((Problem(str(path), 0, 0, f"revision is {revision}, not {expected_revision}", fix),))
        _demand_tests(tests)
        await asyncio.to_thread(self._archive.keep, path, revision)
        await asyncio.to_thread(self._remember, built)
        self._prepared = (built, tests)
        return revision

    def commit(self, revision: str) -> None:
        """Second phase: put the prepared snapshot in force. ``revision`` must be the one that was prepared."""
        if self._prepared is None or self._prepared[0].bundle.revision != revision:
            raise BundleError((Problem(str(self._path), 0, 0, f"{revision} was not prepared", "prepare it first"),))
        built, self._tests = self._prepared
        previous = self._revision()
        self._prepared = None
        self._snapshots.swap(built)
        self._activated = self._now()
        self._problems = ()
        self._tell(built.bundle, previous, built.encoder)
        metrics.observe_activation("" if previous == revision else previous, revision, built.encoder, self._activated)

    def discard(self) -> None:
        """Forget what was prepared."""
        self._prepared = None

    def note_problems(self, problems: tuple[Problem, ...]) -> None:
        """Remember why the newest files are not in force; ``status`` shows it."""
        self._problems = problems
        metrics.ACTIVATIONS.labels("refused").inc()

    def _revision(self) -> str:
        current = self._snapshots.peek()
        return current.bundle.revision if current else ""

    def _build(self, path: Path) -> tuple[Snapshot, CaseReport]:
        if self._snapshots.peek() is None:
            return self._built(path)  # there are no decisions yet that would wait
        with giving_way():
            return self._built(path)

    def _built(self, path: Path) -> tuple[Snapshot, CaseReport]:
        with uncollected():
            bundle = load(path, check_rules=problems)
        current = self._snapshots.peek()
        known = current.index.vectors_by_text() if current else {}
        texts = [e.text for i in bundle.intents for e in (*i.exemplars, *i.counter_exemplars) if e.text not in known]
        built = snapshot.build(bundle, self._encoder, {**known, **self._store.read(texts)})
        warm(built, self._encoder)
        return built, report(run_cases(built, self._encoder))

    def _remember(self, built: Snapshot) -> None:
        """What the model has read of a bundle that comes into force need not be read again after a restart."""
        self._store.keep(built.index.vectors_by_text())
        self._encoder.save_memories()


def _demand_tests(tests: CaseReport) -> None:
    if not tests.failed:
        return
    raise BundleTestsFailed(
        tuple(
            Problem(
                f.position.file,
                f.position.line,
                f.position.column,
                f"test “{f.name}” breaks: {f.message}",
                "mend the bundle or the test",
            )
            for f in tests.failures
        )
    )


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """One editor at a time, over all worker processes. The lock goes away with the process that holds it."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


class LocalFleet:
    """The fleet of a single process."""

    workers = 1

    def __init__(self, point: AdministrationPoint) -> None:
        self._point = point

    async def activate(self, path: Path, expected_revision: str) -> None:
        """Prepare, then commit."""
        self._point.commit(await self._point.prepare(path, expected_revision))
