"""What scores are made of: thresholds, the head, what words show to be beyond an intent."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pdp.types import JsonObject


@dataclass(frozen=True, slots=True)
class Thresholds:
    """``accept`` ≥ ``narrow``; scores at or above accept have the full scope, between them the narrowed one."""

    accept: float
    narrow: float


class Risk(enum.Enum):
    """How bad a wrong allow is, told from what an intent grants; the error budget of a calibration is per class."""

    READ = "read"
    CHANGE = "change"
    CRITICAL = "critical"


class ExcessKind(enum.Enum):
    """In what a request goes beyond an intent, as far as words alone tell."""

    VERB = "verb"
    RIGHTS = "rights"
    SCOPE = "scope"
    OUTSIDER = "outsider"
    SECRET = "secret"  # noqa: S105  # a kind of excess, not a secret
    PURPOSE = "purpose"
    DECLINED = "declined"
    QUESTION = "question"


@dataclass(frozen=True, slots=True)
class Excess:
    """One thing that a request goes beyond an intent in. ``phrase`` follows "it": "asks to delete (“purge”)"."""

    kind: ExcessKind
    phrase: str


CERTAIN = 50.0
"""A penalty that no score survives."""


@dataclass(frozen=True, slots=True)
class Head:
    """How the parts of a judgement become log-odds (natural logarithm) that a request lies within an intent::

        logit * (pair model) + nearness * (index) + linear * (linear head) + bias - the penalty of each kind of excess

    ``penalties`` that are not given are ``CERTAIN``: the guard then refuses whatever the model says.
    """

    logit: float = 1.0
    nearness: float = 0.0
    bias: float = 0.0
    linear: float = 0.0
    penalties: Mapping[ExcessKind, float] = field(default_factory=dict)

    def odds(self, logit: float, nearness: float, excess: Sequence[Excess] = (), linear: float = 0.0) -> float:
        """Log-odds of being within. NaN in, NaN out."""
        kinds = dict.fromkeys(e.kind for e in excess)
        cost = sum(self.penalties.get(kind, CERTAIN) for kind in kinds)
        return self.logit * logit + self.nearness * nearness + self.linear * linear + self.bias - cost


@dataclass(frozen=True, slots=True)
class CalibrationData:
    """``calibration.json`` as read. Thresholds are on the score of ``pdp.intent.calibration``.

    ``risks`` are thresholds per risk class, for intents without their own; ``head`` replaces that of the model.
    """

    encoder: str
    default: Thresholds
    intents: Mapping[str, Thresholds] = field(default_factory=dict)
    counter_weight: float = 1.0
    counter_gap: float = 0.0
    notes: JsonObject = field(default_factory=dict)
    risks: Mapping[Risk, Thresholds] = field(default_factory=dict)
    head: Head | None = None
