"""Ways of deciding, asked through a pipe: a JSON line with a batch comes in, a JSON line with its times goes out.

The same loop runs in every environment, so whatever it costs, it costs all of them. What turns a question into the
library's own input is not timed; what the library does with it is. Only the standard library is imported.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

ALLOW, NARROW, DENY = "allow", "narrow", "deny"


class Question(NamedTuple):
    """What is asked: may agent ``bench`` read ``limit`` rows of ``table`` about ``account``, given ``text``?"""

    text: str
    table: str
    account: str
    limit: int


class Way(Protocol):
    """One way of deciding."""

    def prepare(self, question: Question) -> Any:
        """The library's own input, untimed."""

    def decide(self, prepared: Any) -> str:
        """``allow``, ``narrow`` or ``deny``; timed. An exception that means refusal is turned into ``deny``."""


Ways = Mapping[str, Way]


def answer(way: Way, questions: list[Question]) -> dict[str, Any]:
    """Seconds and answer of each question."""
    prepared = [way.prepare(q) for q in questions]
    seconds, answers = [], []
    for one in prepared:
        begun = time.perf_counter()
        answers.append(way.decide(one))
        seconds.append(time.perf_counter() - begun)
    return {"seconds": seconds, "answers": answers}


def serve(build: Callable[[dict[str, Any]], Ways]) -> None:
    """Build the ways from the settings on the first line, name them, then answer batches until the input ends."""
    # Libraries print; standard output belongs to the protocol.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    ways = build(json.loads(sys.stdin.readline()))
    _tell(out, {"ways": list(ways)})
    for line in sys.stdin:
        batch = json.loads(line)
        _tell(out, answer(ways[batch["way"]], [Question(*q) for q in batch["questions"]]))


def _tell(out: Any, message: dict[str, Any]) -> None:
    out.write(json.dumps(message) + "\n")
    out.flush()
