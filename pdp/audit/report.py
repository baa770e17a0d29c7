"""What the offline verification found: values only."""

from __future__ import annotations

import enum
from collections import Counter
from dataclasses import dataclass, field
from typing import Final, Protocol

from pdp.audit.findings import Observation, ObservationKind
from pdp.audit.record import RecordKind
from pdp.types import Json, JsonObject

MOST_FINDINGS: Final = 1_000
"""So many findings are kept word for word; all are counted."""
MOST_OBSERVATIONS: Final = 100


class FindingKind(enum.Enum):
    """What is wrong, the worst first."""

    TAMPERED = "tampered"
    """Bytes, hashes, roots or signatures that do not belong together."""
    GAP = "gap"
    """Something that must be there is missing: a record, the end of the log, what a record refers to."""
    DISAGREEMENT = "disagreement"
    """Records that contradict each other, or a decision that comes out differently when it is made again."""
    UNVERIFIABLE = "unverifiable"
    """It cannot be told: no checkpoint, no bundle, values that were masked."""


EXIT_CODES: Final = {
    FindingKind.TAMPERED: 4,
    FindingKind.GAP: 5,
    FindingKind.UNVERIFIABLE: 6,
    FindingKind.DISAGREEMENT: 7,
}
"""The same as in ``pdp.cli.exits``, which a test holds together."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. ``index`` is that of the record, or of the first it may be; None: no single record."""

    kind: FindingKind
    index: int | None
    text: str


class Sameness(enum.Enum):
    """What came of deciding again."""

    SAME = "same"
    DIFFERENT = "different"
    UNVERIFIABLE = "unverifiable"


@dataclass(frozen=True, slots=True)
class Redecided:
    """``text`` says what differs, or what is missing."""

    sameness: Sameness
    text: str = ""


class Redecide(Protocol):
    """Makes decisions again from their records."""

    def __call__(self, index: int, kind: RecordKind, time: float, body: JsonObject, /) -> Redecided | None:
        """Called with every record in the order of the log, so that sessions can be followed. None: no decision."""


@dataclass(frozen=True, slots=True)
class Report:
    """The whole outcome. ``signed`` is how many records the newest good checkpoint covers, ``root`` its root in hex.

    ``kinds`` counts records, ``redecided`` what came of deciding again, ``found`` all findings, also those beyond the
    ``MOST_FINDINGS`` in ``findings``. ``notes`` say what is worth knowing and is no fault; ``observed`` counts what was
    granted and not used and the like, and ``observations`` has the first ``MOST_OBSERVATIONS``.
    """

    records: int = 0
    checkpoints: int = 0
    signed: int = 0
    root: str = ""
    kinds: dict[str, int] = field(default_factory=dict)
    redecided: dict[Sameness, int] = field(default_factory=dict)
    found: dict[FindingKind, int] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    observed: dict[ObservationKind, int] = field(default_factory=dict)
    observations: tuple[Observation, ...] = ()

    @property
    def worst(self) -> FindingKind | None:
        """The worst kind that was found; None: all is well."""
        return next((kind for kind in FindingKind if self.found.get(kind)), None)

    @property
    def exit_code(self) -> int:
        """What the shell sees."""
        return EXIT_CODES[self.worst] if self.worst else 0

    def to_json(self) -> dict[str, Json]:
        """For programs."""
        return {
            "outcome": self.worst.value if self.worst else "verified",
            "records": self.records,
            "checkpoints": self.checkpoints,
            "signed": self.signed,
            "root": self.root,
            "kinds": dict(self.kinds),
            "redecided": {sameness.value: n for sameness, n in self.redecided.items()},
            "found": {kind.value: n for kind, n in self.found.items()},
            "findings": [{"kind": f.kind.value, "index": f.index, "text": f.text} for f in self.findings],
            "notes": list(self.notes),
            "observed": {kind.value: n for kind, n in self.observed.items()},
            "observations": [{"kind": o.kind.value, "index": o.index, "text": o.text} for o in self.observations],
        }


class Findings:
    """Findings as they come, counted, the first ``MOST_FINDINGS`` of them kept."""

    __slots__ = ("_kept", "counts")

    def __init__(self) -> None:
        self._kept: list[Finding] = []
        self.counts: Counter[FindingKind] = Counter()

    def add(self, kind: FindingKind, index: int | None, text: str) -> None:
        """One more."""
        self.counts[kind] += 1
        if len(self._kept) < MOST_FINDINGS:
            self._kept.append(Finding(kind, index, text))

    def sorted(self) -> tuple[Finding, ...]:
        """What was kept, the worst first, then in the order of the log."""
        order = list(FindingKind)
        return tuple(sorted(self._kept, key=lambda f: (order.index(f.kind), -1 if f.index is None else f.index)))
