"""The authority-contrast format: intents, each with paraphrases, contrasts by kind and unrelated texts, one a line.

``id, domain, description, target_kind, actions, exemplars, paraphrases, contrasts [{kind, text}], unrelated``. The
corpus of ``training`` can be written in the same form, so that both are measured by the same program.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pdp.policy.model import AgentEntry, Bundle, Intent, Mode, Scope, Settings, TargetPattern
from pdp.scoring import CalibrationData
from pdp.types import Exemplar, Obligation, Position

HERE = Position("data", 1, 1)


class DataError(ValueError):
    """A line of a data file that cannot be read; the message names file, line and field."""


@dataclass(frozen=True, slots=True)
class ContrastIntent:
    """One line of the file. ``contrasts`` are (kind, text)."""

    id: str
    domain: str
    description: str
    target_kind: str
    actions: tuple[str, ...]
    exemplars: tuple[str, ...]
    paraphrases: tuple[str, ...]
    contrasts: tuple[tuple[str, str], ...]
    unrelated: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """A text to be judged against one intent. ``group``: paraphrase, contrast, unrelated or sibling."""

    intent: str
    domain: str
    group: str
    kind: str
    text: str

    @property
    def within(self) -> bool:
        """Whether the intent covers it."""
        return self.group == "paraphrase"


def read_contrasts(path: Path) -> tuple[ContrastIntent, ...]:
    """Every line of ``path``. Raises ``DataError`` or ``OSError``."""
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip():
            try:
                found.append(_intent(json.loads(line)))
            except (KeyError, TypeError, ValueError) as error:
                raise DataError(f"{path.name}:{number}: {error!r}; see the format in {__name__}") from error
    if not found:
        raise DataError(f"{path.name}: no lines")
    return tuple(found)


def _intent(row: Mapping[str, object]) -> ContrastIntent:
    def texts(key: str) -> tuple[str, ...]:
        given = row.get(key, [])
        if not isinstance(given, list):
            raise TypeError(f"{key} is no list")
        return tuple(map(str, given))

    contrasts = row["contrasts"]
    if not isinstance(contrasts, list):
        raise TypeError("contrasts is no list")
    return ContrastIntent(
        id=str(row["id"]),
        domain=str(row["domain"]),
        description=str(row["description"]),
        target_kind=str(row["target_kind"]),
        actions=texts("actions"),
        exemplars=texts("exemplars"),
        paraphrases=texts("paraphrases"),
        contrasts=tuple((str(c["kind"]), str(c["text"])) for c in contrasts),
        unrelated=texts("unrelated"),
    )


def items(intents: Sequence[ContrastIntent]) -> Iterator[Item]:
    """Everything to judge: each intent's own texts, and the paraphrases of the other intents of its domain."""
    for one in intents:
        yield from (Item(one.id, one.domain, "paraphrase", "", t) for t in one.paraphrases)
        yield from (Item(one.id, one.domain, "contrast", kind, t) for kind, t in one.contrasts)
        yield from (Item(one.id, one.domain, "unrelated", "", t) for t in one.unrelated)
        for other in intents:
            if other.domain == one.domain and other.id != one.id:
                yield from (Item(one.id, one.domain, "sibling", "", t) for t in other.paraphrases)


def bundle_of(intents: Sequence[ContrastIntent], calibration: CalibrationData) -> Bundle:
    """The intents as they stand, and for each an agent that may use nothing else."""
    return Bundle(
        name="authority-contrast",
        description="",
        owner="benchmarks",
        revision="sha256:benchmark",
        path="benchmark",
        intents=tuple(_bundle_intent(i) for i in intents),
        rules=(),
        agents=tuple(AgentEntry(f"only-{i.id}", "benchmarks", (i.id,), HERE) for i in intents),
        calibration=calibration,
        settings=Settings(),
    )


def _bundle_intent(intent: ContrastIntent) -> Intent:
    return Intent(
        id=intent.id,
        description=intent.description,
        owner="benchmarks",
        agents=("*",),
        targets=(TargetPattern(intent.target_kind, "*"),),
        actions=intent.actions,
        exemplars=tuple(Exemplar(e, HERE) for e in intent.exemplars),
        position=HERE,
        narrow=Scope(obligations=(Obligation("approval"),)),
        mode=Mode.ENFORCE,
    )
