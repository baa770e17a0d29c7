"""Memories of intents' texts, kept while there is room: a request then pays for its own tokens only."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from threading import Lock

from pdp.intent import memories
from pdp.intent.memories import Memory, MemoryFile
from pdp.intent.vectors import sweep

CAPACITY = 12_000
MISSING_SHARE = 0.1
"""The file is written again when more than this share of what is kept is not in it."""

log = logging.getLogger(__name__)


class Recollection:
    """The most recently used memories, at most ``capacity`` tokens (9 kB each). Safe to use from several threads.

    With ``persist`` they are also taken from a file, and written to it by ``save``.
    """

    def __init__(self, make: Callable[[str, int], Memory], capacity: int = CAPACITY) -> None:
        self._make = make
        self._capacity = capacity
        self._kept: OrderedDict[tuple[str, int], Memory] = OrderedDict()
        self._tokens = 0
        self._lock = Lock()
        self._path: Path | None = None
        self._fingerprint = ""
        self._file: MemoryFile | None = None
        self._made: set[tuple[str, int]] = set()

    @property
    def tokens(self) -> int:
        """How many tokens are kept."""
        return self._tokens

    def persist(self, path: Path, fingerprint: str) -> None:
        """From now on look into the file at ``path`` for memories of the encoder ``fingerprint``."""
        self._path, self._fingerprint = path, fingerprint
        sweep(path)
        self._file = MemoryFile.open(path, fingerprint)

    def get(self, text: str, role: int) -> Memory:
        """The memory of ``text`` in ``role``, made when it is not there. A failure to make it is not remembered."""
        key = (text, role)
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found
        file = self._file
        stored = file.get(self._fingerprint, text, role) if file is not None else None
        made = self._make(text, role) if stored is None else stored
        made.setflags(write=False)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = made
                self._tokens += made.shape[1]
                if stored is None:
                    self._made.add(key)
            while self._tokens > self._capacity and len(self._kept) > 1:
                gone, memory = self._kept.popitem(last=False)
                self._tokens -= memory.shape[1]
                self._made.discard(gone)
        return made

    def save(self) -> None:
        """Write what is kept to the file, where that would save making much of it again."""
        with self._lock:
            kept, missing = dict(self._kept), len(self._made)
        if self._path is None or missing <= MISSING_SHARE * len(kept):
            return
        # Another worker of this service may have written the very same just now.
        file = MemoryFile.open(self._path, self._fingerprint)
        if file is None or not all(file.holds(self._fingerprint, text, role) for text, role in kept):
            try:
                memories.write(self._path, self._fingerprint, kept)
            except OSError as error:
                # Only speed is lost: the next start makes them again.
                log.warning("memories cannot be kept in %s: %s", self._path, error)
                return
            file = MemoryFile.open(self._path, self._fingerprint)
        with self._lock:
            self._made -= kept.keys()
        self._file = file or self._file
