"""Rounds in which all take turns, and what comes out of them: times, answers, ratios within the same rounds."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol

import numpy as np

from benchmarks import measure
from benchmarks.peers_adapters.loop import DENY, Question
from benchmarks.peers_catalogue import Row
from benchmarks.peers_environment import Unusable


class Asks(Protocol):
    """A running adapter."""

    def ask(self, way: str, questions: Sequence[Question]) -> tuple[list[float], list[str]]:
        """Seconds and answer of each question. Raises ``Unusable``."""


@dataclass
class Taken:
    """What one row took. ``error`` is why it has no figures; ``rounds`` holds the seconds of each measured round."""

    row: Row
    error: str = ""
    rounds: list[list[float]] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    probes: dict[str, str] = field(default_factory=dict)

    def ask(self, adapters: Mapping[str, Asks], questions: Sequence[Question]) -> tuple[list[float], list[str]]:
        """Seconds and answers; none from a row that has failed, which it does once and for all."""
        if self.error:
            return [], []
        try:
            return adapters[self.row.runs_in].ask(self.row.way, questions)
        except Unusable as error:
            self.error = str(error)
            return [], []


def turns(rows: Sequence[Taken], number: int) -> Sequence[Taken]:
    """The order of one round: it moves by one, so that nobody always comes after the same neighbour."""
    at = number % max(1, len(rows))
    return [*rows[at:], *rows[:at]]


def probe(rows: Sequence[Taken], adapters: Mapping[str, Asks], probes: Mapping[str, Question]) -> None:
    """Ask every row the probes, untimed. A row that refuses the first one measures nothing: it has failed."""
    for taken in rows:
        _, answers = taken.ask(adapters, [*probes.values()])
        taken.probes = dict(zip(probes, answers, strict=False))
        if answers and answers[0] == DENY:
            taken.error = "refuses what it is to allow"


def run(
    rows: Sequence[Taken],
    adapters: Mapping[str, Asks],
    fresh: Iterator[Question],
    again: Question,
    rounds: int,
    per_round: int,
) -> None:
    """``rounds`` rounds of ``per_round`` questions, after one that does not count.

    Within a round every row gets the same questions; rows that repeat are asked ``again`` each time.
    """
    repeated = [again] * per_round
    for number in range(rounds + 1):
        questions = [*islice(fresh, per_round)]
        for taken in turns(rows, number):
            seconds, answers = taken.ask(adapters, repeated if taken.row.repeats else questions)
            if number and seconds:
                taken.rounds.append(seconds)
                taken.answers.update(answers)


def figures(taken: Taken) -> dict[str, Any]:
    """A row of the result. Rates are of one caller who waits for each answer."""
    seconds = [s for r in taken.rounds for s in r]
    if taken.error or not seconds:
        return {"status": "failed", "error": taken.error or "not asked", "probes": taken.probes}
    asked = taken.answers.total()
    return {
        "status": "measured",
        **measure.summary(seconds),
        "per_second": round(len(seconds) / sum(seconds), 1),
        "ordinary_passed": round(1 - taken.answers[DENY] / asked, 4),
        "answers": dict(taken.answers),
        "probes": taken.probes,
    }


def ratio(above: Taken, below: Taken) -> dict[str, float]:
    """The median of one row to that of the other within each round: its median and the middle nine tenths."""
    if above.error or below.error or not above.rounds:
        return {}
    pairs = zip(above.rounds, below.rounds, strict=True)
    found = [statistics.median(a) / statistics.median(b) for a, b in pairs]
    low, middle, high = (round(float(v), 4) for v in np.percentile(found, (5, 50, 95)))
    return {"ratio": middle, "from": low, "to": high}
