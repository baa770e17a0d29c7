"""Notices that a bundle's files changed, waits until they rest, and says so. It never reads what they hold.

It polls: inotify misses changes on network file systems and the swap of the ``..data`` link by which Kubernetes updates
a mounted ConfigMap; the signature of a thousand files costs about ten milliseconds.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from pdp.policy.files import Signature, signature

log = logging.getLogger(__name__)


class Settling:
    """Decides when a change is over: what was seen last differs from what is known, and has not moved for a while."""

    def __init__(self, known: Signature, quiet: float) -> None:
        self._known = self._last = known
        self._quiet = quiet
        self._since = 0.0

    def see(self, signature: Signature, now: float) -> bool:
        """Take in what is there at ``now`` (seconds on any clock); true once for each change, when it is over."""
        if signature != self._last:
            self._last, self._since = signature, now
        if signature == self._known or now - self._since < self._quiet:
            return False
        self._known = signature
        return True


class BundleWatcher:
    """Calls ``notify``, in a thread of its own, once for each change of the bundle in ``directory``.

    It looks every ``interval`` seconds and waits until the files have not changed for ``quiet`` seconds, so that a copy
    or checkout that takes a while is one change. A directory that goes away is a change, and so is its return. What
    ``notify`` raises is logged, and watching goes on.
    """

    def __init__(
        self,
        directory: Path,
        interval: float,
        quiet: float,
        notify: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._directory = directory
        self._interval = interval
        self._notify = notify
        self._clock = clock
        self._settling = Settling(signature(directory), quiet)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bundle-watcher", daemon=True)

    def start(self) -> None:
        """Begin to watch. What has changed since the watcher was made counts."""
        self._thread.start()

    def stop(self) -> None:
        """Stop, and wait until nothing is notified any more; from inside ``notify`` it does not wait."""
        self._stop.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        while not self._stop.wait(self._interval):
            try:
                if self._settling.see(signature(self._directory), self._clock()):
                    self._notify()
            except Exception:
                log.exception("a change of the bundle could not be handed on; watching goes on")
