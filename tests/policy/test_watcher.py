"""A change is told once, when it is over, whatever happens to the directory meanwhile."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.policy.files import signature
from pdp.policy.watcher import BundleWatcher, Settling
from tests.effort import calls
from tests.policy.good_bundle import FILES, write
from tests.policy.test_files import mounted

A, B = (("a", (1,)),), (("a", (2,)),)


class Ear:
    """Counts notifications, and waits for the next one."""

    def __init__(self) -> None:
        self.count = 0
        self._heard = threading.Condition()

    def __call__(self) -> None:
        with self._heard:
            self.count += 1
            self._heard.notify_all()

    def hears(self, count: int, within: float = 10) -> bool:
        with self._heard:
            return self._heard.wait_for(lambda: self.count >= count, within)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path / "bundle")


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def watcher(root: Path, ear: Ear) -> Iterator[BundleWatcher]:
    with BundleWatcher(root, interval=0.005, quiet=0.03, notify=ear) as watching:
        yield watching


def seen(looks: list[tuple[object, float]], quiet: float = 1.0) -> list[float]:
    """When a change was told, for looks of (signature, time); what is known at first is ``A``."""
    settling = Settling(A, quiet)
    return [now for there, now in looks if settling.see(there, now)]  # type: ignore[arg-type]


def test_a_change_is_told_after_a_quiet_period() -> None:
    """Not when it is first seen, but when it has rested."""
    assert seen([(A, 0), (B, 1), (B, 1.5), (B, 2), (B, 3), (B, 99)]) == [2]


def test_each_write_starts_the_quiet_period_over() -> None:
    """A copy that takes a while is one change."""
    steps = [((("a", (n,)),), 0.5 * n) for n in range(2, 20)]
    last = steps[-1]
    assert seen([*steps, (last[0], 10.4), (last[0], 10.6)]) == [10.6]


def test_a_change_that_is_undone_in_time_is_none() -> None:
    """An editor that moves a file away and back has changed nothing."""
    assert seen([(A, 0), ((), 1), (A, 1.5), (A, 9)]) == []


def test_going_away_and_coming_back_are_two_changes() -> None:
    """When the directory stays away, whoever loads it must hear of both."""
    assert seen([((), 0), ((), 1), (A, 5), (A, 6)]) == [1, 6]


@given(st.lists(st.tuples(st.sampled_from([A, B, ()]), st.floats(0, 3))), st.floats(0, 2))
def test_no_change_is_lost_and_none_told_twice(steps: list[tuple[object, float]], quiet: float) -> None:
    """After a long rest, what was told last is what is there."""
    now, looks = 0.0, []
    for there, passed in steps:
        now += passed
        looks.append((there, now))
    last = steps[-1][0] if steps else A
    looks += [(last, now + 10), (last, now + 20)]
    settling, known = Settling(A, quiet), A
    for there, at in looks:
        if settling.see(there, at):  # type: ignore[arg-type]
            assert there != known
            known = there  # type: ignore[assignment]
    assert known == last


def test_a_written_file_is_told_once(root: Path, ear: Ear, watcher: BundleWatcher) -> None:
    """One change, one call."""
    (root / "rules" / "all.yaml").write_text(FILES["rules/all.yaml"] + "# more\n")
    assert ear.hears(1)
    assert not ear.hears(2, within=0.15)


@pytest.mark.parametrize("name", ["intents/new.yaml", "stray.yaml"])
def test_a_new_file_is_told(root: Path, ear: Ear, watcher: BundleWatcher, name: str) -> None:
    """Files that belong to the bundle, and files that somebody believes do."""
    (root / name).write_text("id: x\n")
    assert ear.hears(1)


def test_a_removed_file_is_told(root: Path, ear: Ear, watcher: BundleWatcher) -> None:
    """A rule that is gone is a change like one that is new."""
    (root / "rules" / "all.yaml").unlink()
    assert ear.hears(1)


def test_what_editors_leave_behind_is_not_told(root: Path, ear: Ear, watcher: BundleWatcher) -> None:
    """Swap files come and go while one types."""
    (root / "intents" / ".read.yaml.swp").write_text("x")
    (root / "README.md").write_text("x")
    assert not ear.hears(1, within=0.15)


def test_partial_writes_are_waited_for(root: Path, ear: Ear) -> None:
    """While a file grows nothing is told, so nobody loads half of it."""
    whole: list[bool] = []
    path = root / "rules" / "all.yaml"

    def look() -> None:
        whole.append(path.read_text().endswith("# end\n"))
        ear()

    with BundleWatcher(root, interval=0.005, quiet=0.25, notify=look), path.open("a") as file:
        for _ in range(20):
            file.write("# more\n")
            file.flush()
            time.sleep(0.01)
        file.write("# end\n")
        file.flush()
        assert ear.hears(1)
    assert whole == [True]


def test_a_configmap_update_is_told(tmp_path: Path, ear: Ear) -> None:
    """Kubernetes swaps one hidden link; every file behind it is another one."""
    volume = mounted(tmp_path / "volume", "first")
    with BundleWatcher(volume, interval=0.005, quiet=0.03, notify=ear):
        write(volume / "..second")
        (volume / "..next").symlink_to("..second")
        (volume / "..next").rename(volume / "..data")
        shutil.rmtree(volume / "..first")
        assert ear.hears(1)


def test_a_directory_may_vanish_and_come_back(root: Path, ear: Ear, watcher: BundleWatcher) -> None:
    """Both are told, and the watcher is still there afterwards."""
    root.rename(root.parent / "away")
    assert ear.hears(1)
    (root.parent / "away").rename(root)
    assert ear.hears(2)
    (root / "bundle.yaml").write_text("name: x\n")
    assert ear.hears(3)


def test_a_directory_that_is_not_there_yet_is_waited_for(tmp_path: Path, ear: Ear) -> None:
    """A volume may be mounted after the start."""
    with BundleWatcher(tmp_path / "later", interval=0.005, quiet=0.03, notify=ear):
        write(tmp_path / "later")
        assert ear.hears(1)


def test_a_failing_listener_does_not_end_the_watch(root: Path, ear: Ear, caplog: pytest.LogCaptureFixture) -> None:
    """What it raises is logged, and the next change is told again."""

    def fail() -> None:
        ear()
        raise RuntimeError("no room")

    with BundleWatcher(root, interval=0.005, quiet=0.02, notify=fail):
        for count in (1, 2):
            (root / "bundle.yaml").write_text(f"name: x{count}\n")
            assert ear.hears(count)
    assert "watching goes on" in caplog.text


def test_nothing_is_told_after_stop(root: Path, ear: Ear) -> None:
    """Whoever stopped it can tear everything down; stopping twice, or before the start, is fine."""
    watcher = BundleWatcher(root, interval=0.005, quiet=0.01, notify=ear)
    watcher.stop()
    watcher = BundleWatcher(root, interval=0.005, quiet=0.01, notify=ear)
    watcher.start()
    watcher.stop()
    watcher.stop()
    (root / "bundle.yaml").write_text("name: x\n")
    assert not ear.hears(1, within=0.1)


def test_a_listener_may_stop_the_watch(root: Path, ear: Ear) -> None:
    """It does not wait for itself."""
    watcher = BundleWatcher(root, interval=0.005, quiet=0.01, notify=lambda: (watcher.stop(), ear())[0])
    watcher.start()
    (root / "bundle.yaml").write_text("name: x\n")
    assert ear.hears(1)
    watcher.stop()


def test_looking_costs_little(root: Path) -> None:
    """A look at seven files is some calls for each: polling every second is no load."""
    assert calls(lambda: signature(root)) < 2_000
