"""What the model says of a request's texts against intents: worked out when asked for, and once.

An ``Evidence`` belongs to one decision and runs in an encoder thread. It is a pure function of text, snapshot and
encoder, so the same texts get the same findings in whatever order they are asked for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdp.intent.authority import Authority, beyond, read_authority
from pdp.intent.encoder import DESCRIPTION, EXEMPLAR, Encoder, Judgement, Readout
from pdp.intent.index import NO_PLACE
from pdp.policy.admission import Columns
from pdp.scoring import Excess, Head
from pdp.snapshot import Snapshot
from pdp.types import Neighbour

# The pair model was trained with three to six exemplars of an intent before it; more would only cost time.
MOST_READ = 6
MOST_WARMED = 100


def warm(snapshot: Snapshot, encoder: Encoder) -> None:
    """Read the intents' texts before the first request does, as many as are kept anyway. Raises ``EncoderError``."""
    for described, intent in zip(snapshot.described[:MOST_WARMED], snapshot.bundle.intents, strict=False):
        encoder.remember(described, DESCRIPTION)
        for exemplar in intent.exemplars[:MOST_READ]:
            encoder.remember(exemplar.text, EXEMPLAR)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One text held against one intent. ``nearness`` is that of the index; ``counter`` ``None`` where there is none."""

    column: int
    judgement: Judgement
    nearness: float
    nearest: Neighbour | None
    counter: Neighbour | None


class NotFinite(ArithmeticError):
    """A score that is no finite number: the model or a vector is broken, and nothing may be decided from it."""


class Evidence:
    """The texts of one request, read and judged on demand."""

    def __init__(self, snapshot: Snapshot, encoder: Encoder) -> None:
        self._snapshot = snapshot
        self._encoder = encoder
        self._read: dict[str, Readout] = {}
        self._found: dict[tuple[str, int], Candidate] = {}
        self._authorities: dict[str, Authority] = {}
        self._linear: dict[str, NDArray[np.float64]] = {}

    def readout(self, text: str) -> Readout:
        """The text as the encoder reads it."""
        if text not in self._read:
            self._read[text] = self._encoder.read(text)
        return self._read[text]

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where each token of ``text`` stands in it."""
        return self._encoder.spans(text)

    def authority(self, clause: str) -> Authority:
        """What the lexicon reads in a clause."""
        if clause not in self._authorities:
            self._authorities[clause] = read_authority(clause)
        return self._authorities[clause]

    def excess(self, clause: str, column: int) -> tuple[Excess, ...]:
        """In what a clause goes beyond an intent by its words alone."""
        return beyond(self.authority(clause), self._snapshot.profiles[column])

    def by_nearness(self, text: str, columns: Columns, most: int) -> list[int]:
        """At most ``most`` of ``columns``, nearest to ``text`` first; equals keep their order. NaN sorts first.

        Where the bundle has a linear head, the intents that it knows share out the places they have among themselves
        by its log-odds. The others keep theirs: a new intent without labels must not fall behind all that have some.
        Of very many intents only those are looked at that the index or the head puts first (``pdp.intent.cut``).
        """
        if len(columns) == 1:
            return [int(columns[0])]
        looked, ranking = self._foremost(text, columns, most)
        near = looked[_descending(ranking)]
        if self._snapshot.linear_rows:
            found = [self.linear(text, int(column)) for column in near]
            places = np.array([at for at, odds in enumerate(found) if odds is not None], np.intp)
            odds = np.array([o for o in found if o is not None], np.float64)
            near[places] = near[places][_descending(odds)]
        return [int(column) for column in near[:most]]

    def _foremost(self, text: str, columns: Columns, most: int) -> tuple[Columns, NDArray[np.float32]]:
        """Which of ``columns`` are looked at, by the index or for their log-odds, and their ranking."""
        index, vector = self._snapshot.index, self.readout(text).vector
        looked, ranking = index.foremost(vector, columns, most)
        if not self._snapshot.linear_rows or looked.size == columns.size:
            return looked, ranking
        known = np.array([at for at, c in enumerate(columns.tolist()) if c in self._snapshot.linear_rows], np.intp)
        odds = np.array([self.linear(text, column) for column in columns[known].tolist()], np.float64)
        wanted = np.isin(columns, looked)
        wanted[known[_descending(odds)[:most]]] = True
        return columns[wanted], index.ranking(vector, columns[wanted])

    def nearness(self, text: str, column: int) -> float:
        """How near ``text`` is to an intent, by the index alone."""
        return float(self._snapshot.index.nearness(self.readout(text).vector, np.array([column], np.intp))[0])

    def linear(self, text: str, column: int) -> float | None:
        """The linear head's log-odds; ``None`` where the bundle's head does not know the intent."""
        head, row = self._snapshot.bundle.linear, self._snapshot.linear_rows.get(column)
        if head is None or row is None:
            return None
        if text not in self._linear:
            self._linear[text] = head.log_odds(self.readout(text).features)
        return float(self._linear[text][row])

    def candidate(self, text: str, column: int) -> Candidate:
        """``text`` held against the intent at ``column``."""
        key = (text, column)
        if key not in self._found:
            self._found[key] = self._judge(text, column)
        return self._found[key]

    def score(self, text: str, column: int, excess: Sequence[Excess] = ()) -> float:
        """The calibrated score of ``text`` for an intent, less the penalties of ``excess``. Raises ``NotFinite``."""
        found, snapshot = self.candidate(text, column), self._snapshot
        linear = self.linear(text, column) or 0.0
        odds = self._head(column).odds(found.judgement.logit, found.nearness, excess, linear)
        near = found.nearest.similarity if found.nearest else 0.0
        score = snapshot.calibration.score(odds, near, found.counter.similarity if found.counter else None)
        if not math.isfinite(score):
            raise NotFinite(text)
        return score

    def _head(self, column: int) -> Head:
        """The bundle's head; the model's own for an intent that a head fitted with a linear part does not know."""
        snapshot = self._snapshot
        return snapshot.model_head if snapshot.head.linear and column not in snapshot.linear_rows else snapshot.head

    def _judge(self, text: str, column: int) -> Candidate:
        snapshot, readout = self._snapshot, self.readout(text)
        columns = np.array([column], np.intp)
        raw = snapshot.index.score(readout.vector[None], columns)
        exemplars = snapshot.index.nearest(readout.vector, column, MOST_READ)
        parts = [self._encoder.remember(snapshot.described[column], DESCRIPTION)]
        parts += [self._encoder.remember(e, EXEMPLAR) for e in exemplars]
        intent = snapshot.bundle.intents[column].id
        near, counter = int(raw.exemplar_at[0, 0]), int(raw.counter_at[0, 0])
        return Candidate(
            column=column,
            judgement=self._encoder.judge(readout, np.concatenate(parts, axis=1)),
            nearness=float(snapshot.index.nearness(readout.vector, columns, raw.exemplar[0])[0]),
            nearest=self._neighbour(intent, near, float(raw.exemplar[0, 0])),
            counter=self._neighbour(intent, counter, float(raw.counter[0, 0]), counter=True),
        )

    def _neighbour(self, intent: str, at: int, similarity: float, *, counter: bool = False) -> Neighbour | None:
        if at == NO_PLACE:
            return None
        sample = self._snapshot.index.counter(at) if counter else self._snapshot.index.exemplar(at)
        return Neighbour(intent, sample.text, similarity, sample.position)


def _descending(values: NDArray[np.floating]) -> NDArray[np.intp]:
    """The order from the largest down; equals keep theirs. NaN comes first, so that it is never passed over."""
    return np.argsort(-np.nan_to_num(values, nan=np.inf), kind="stable")
