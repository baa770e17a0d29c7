"""What administration answers, as values: frozen, complete when built, free of protobuf and of I/O."""

from __future__ import annotations

from dataclasses import dataclass

from pdp.errors import Problem
from pdp.types import Position


@dataclass(frozen=True, slots=True)
class CaseFailure:
    """One test of a bundle that broke, with expected against actual in words."""

    name: str
    position: Position
    message: str


@dataclass(frozen=True, slots=True)
class CaseReport:
    """The outcome of a bundle's tests."""

    passed: int
    failed: int
    failures: tuple[CaseFailure, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """What is in force. ``problems`` says why the newest files on disk are not."""

    version: str
    bundle: str
    revision: str
    path: str
    encoder: str
    intents: int
    exemplars: int
    rules: int
    agents: int
    uptime_seconds: float
    bundle_age_seconds: float
    problems: tuple[Problem, ...]
    workers: int
    serving: bool


@dataclass(frozen=True, slots=True)
class Activation:
    """A bundle came into force."""

    revision: str
    previous_revision: str
    tests: CaseReport


@dataclass(frozen=True, slots=True)
class Check:
    """Whether a bundle could be activated, and every reason why not."""

    usable: bool
    revision: str
    problems: tuple[Problem, ...]
    tests: CaseReport


@dataclass(frozen=True, slots=True)
class Edit:
    """An exemplar was added or removed, and the edited bundle is in force."""

    revision: str
    previous_revision: str
    position: Position
    tests: CaseReport
