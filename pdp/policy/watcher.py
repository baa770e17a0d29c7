"""Notices that a bundle's files changed, waits until they rest, and says so. It never reads what they hold.

It polls: inotify misses changes on network file systems and the swapped ``..data`` link of a Kubernetes volume, and a
signature of a few thousand files costs milliseconds.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path

from pdp.policy.files import FIXED, FOLDERS

log = logging.getLogger(__name__)

Signature = tuple[tuple[str, int, int, int], ...]


def signature(directory: Path) -> Signature:
    """Name, inode, size and time of change of every file, links followed; empty when there is no directory."""
    found = []
    paths = [directory / n for n in FIXED]
    for folder in FOLDERS:
        try:
            paths += [Path(e.path) for e in os.scandir(directory / folder) if not e.name.startswith(".")]
        except OSError:
            continue
    for path in paths:
        try:
            stat = path.stat()
        except OSError:
            continue
        found.append((str(path), stat.st_ino, stat.st_size, stat.st_mtime_ns))
    return tuple(sorted(found))


class BundleWatcher:
    """Calls ``notify`` once for each change, ``quiet`` seconds after the last write. Looks every ``interval`` seconds."""

    def __init__(self, directory: Path, interval: float, quiet: float, notify: Callable[[], None]) -> None:
        self._directory = directory
        self._interval = interval
        self._quiet = quiet
        self._notify = notify
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bundle-watcher", daemon=True)
        self._seen = signature(directory)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Stop, and wait until nothing is notified any more."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._interval):
            now = signature(self._directory)
            # A directory that is gone is being replaced: nothing to load until it is back.
            if now and now != self._seen and self._settled(now):
                self._tell()

    def _settled(self, last: Signature) -> bool:
        """Wait until two looks, ``quiet`` seconds apart, see the same."""
        while not self._stop.wait(self._quiet):
            now = signature(self._directory)
            if now == last:
                self._seen = now
                return bool(now)
            last = now
        return False

    def _tell(self) -> None:
        try:
            self._notify()
        except Exception:
            log.exception("a bundle change could not be handed on")
