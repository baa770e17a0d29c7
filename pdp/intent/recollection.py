"""Memories of intents' texts, kept while there is room: a request then pays for its own tokens only."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

import numpy as np
from numpy.typing import NDArray

Memory = NDArray[np.float32]
"""Keys and values of one text of an intent, [2 * joint layers, tokens, width]."""
CAPACITY = 12_000


class Recollection:
    """The most recently used memories, at most ``capacity`` tokens (9 kB each). Safe to use from several threads."""

    def __init__(self, make: Callable[[str, int], Memory], capacity: int = CAPACITY) -> None:
        self._make = make
        self._capacity = capacity
        self._kept: OrderedDict[tuple[str, int], Memory] = OrderedDict()
        self._tokens = 0
        self._lock = Lock()

    @property
    def tokens(self) -> int:
        """How many tokens are kept."""
        return self._tokens

    def get(self, text: str, role: int) -> Memory:
        """The memory of ``text`` in ``role``, made when it is not there. A failure to make it is not remembered."""
        key = (text, role)
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found
        made = self._make(text, role)
        made.setflags(write=False)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = made
                self._tokens += made.shape[1]
            while self._tokens > self._capacity and len(self._kept) > 1:
                self._tokens -= self._kept.popitem(last=False)[1].shape[1]
        return made
