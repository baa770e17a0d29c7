"""What was granted and what came of it: authority that nobody used, and effects that nobody can place.

None of it is a fault of the log; it is what an auditor asks first.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_Body = Mapping[str, Any]


class ObservationKind(enum.Enum):
    """How decision and effect are apart."""

    NOT_EXERCISED = "not-exercised"
    """A grant ended and nothing says that it was used."""
    WITHOUT_OUTCOME = "without-outcome"
    """A grant was used, has ended, and nobody reported what came of it."""
    WITHOUT_DECISION = "without-decision"
    """Something ran that nothing was decided for."""
    OUTSIDE_GRANT = "outside-grant"
    """What ran is not what was granted."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One thing that an auditor wants to see; ``index`` is the record that it shows in."""

    kind: ObservationKind
    index: int
    text: str


@dataclass(slots=True)
class _Issued:
    index: int
    decision: str
    expires: float
    used: bool = False
    reported: bool = False


class Exercise:
    """Follows grants from decision to outcome. Records come in the order of the log; a trace takes only its own."""

    def __init__(self) -> None:
        self._issued: dict[str, _Issued] = {}
        self._decisions: dict[str, str] = {}
        """The grant of each; empty without one."""
        self._outcomes: list[Observation] = []
        self.incomplete = False
        """Records are missing: that nothing was decided for an outcome cannot be told."""

    def take(self, index: int, kind: str, _time: float, body: _Body) -> None:
        """The next record. One that is not formed as its kind is passed over: that is for the verification to say."""
        try:
            if kind == "decision":
                self._decision(index, body)
            elif kind == "grant":
                self._attenuated(index, body)
            elif kind == "consumption" and not body.get("refusal") and body["grant_id"] in self._issued:
                self._issued[body["grant_id"]].used = True
            elif kind == "outcome":
                self._outcome(index, body)
        except (AttributeError, KeyError, TypeError, ValueError):
            return

    def observations(self, now: float) -> Iterator[Observation]:
        """What there is to say about grants that have ended by ``now`` (epoch seconds), and about outcomes."""
        for name, grant in self._issued.items():
            if grant.reported or grant.expires >= now:
                continue
            if grant.used:
                text = f"grant {name} (record {grant.index}) was used, and no outcome was reported"
                yield Observation(ObservationKind.WITHOUT_OUTCOME, grant.index, text)
            else:
                text = f"grant {name} (record {grant.index}) ended without having been used"
                yield Observation(ObservationKind.NOT_EXERCISED, grant.index, text)
        yield from self._outcomes

    def _decision(self, index: int, body: _Body) -> None:
        claims = body.get("grant")
        self._decisions[body["decision_id"]] = claims["jti"] if claims else ""
        if claims:
            self._issued[claims["jti"]] = _Issued(index, body["decision_id"], float(claims["exp"]))

    def _attenuated(self, index: int, body: _Body) -> None:
        claims, parent = body["claims"], self._issued.get(body["parent"])
        decision = (claims.get("tctx") or {}).get("decision", "")
        self._issued[claims["jti"]] = _Issued(index, decision, float(claims["exp"]))
        if parent is not None:
            # Handing authority on is a use of it; what came of that is reported under the narrower grant.
            parent.used = parent.reported = True

    def _outcome(self, index: int, body: _Body) -> None:
        decision, name = body.get("decision_id") or "", body.get("grant_id") or ""
        grant = self._issued.get(name or self._decisions.get(decision, ""))
        if grant is not None:
            grant.used = grant.reported = True
        if decision not in self._decisions and not self.incomplete:
            text = f"record {index} reports an outcome, and nothing was decided for it"
            self._outcomes.append(Observation(ObservationKind.WITHOUT_DECISION, index, text))
        elif str(body.get("agreement", "")).replace("_", "-") == "disagree":
            text = f"record {index} reports what was not granted by decision {decision}: {body.get('text', '')}"
            self._outcomes.append(Observation(ObservationKind.OUTSIDE_GRANT, index, text.rstrip(": ")))
