"""Everything about one id, from the prompt to what ran, each record with whether it is provably in the log."""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pdp.audit.checkpoint import Checkpoint, open_checkpoint
from pdp.audit.findings import Exercise, Observation
from pdp.audit.merkle import leaf_hash, verify_inclusion
from pdp.audit.note import Verifier
from pdp.audit.read import PAGE, AuditReader
from pdp.audit.record import Entry, Record, RecordKind
from pdp.errors import AuditUnavailable, NotFound
from pdp.types import Json

MOST_STEPS: Final = 10_000
"""Records of one trace at most: a session may have more decisions than anybody reads."""

_CHAIN: Final = frozenset({"decision", "grant", "consumption", "outcome", "revocation"})


class Proof(enum.Enum):
    """Whether a record is in the tree that was signed."""

    PROVED = "proved"
    UNSIGNED = "unsigned"
    """Newer than the newest checkpoint, or there is none that a known key has signed."""
    WRONG = "wrong"
    """The proof does not lead to the signed root: somebody changed the record or the tree."""


@dataclass(frozen=True, slots=True)
class Step:
    """One record of a trace."""

    index: int
    entry: Entry
    proof: Proof


@dataclass(frozen=True, slots=True)
class Trace:
    """The records about ``id`` in the order of the log, and what their grants and outcomes leave to be asked.

    ``checkpoint`` is the head that the proofs lead to; None: no known key signed the newest one.
    """

    id: str
    steps: tuple[Step, ...]
    checkpoint: Checkpoint | None
    observations: tuple[Observation, ...]
    cut: bool = False

    def of_kind(self, kind: RecordKind) -> Iterator[Step]:
        """The steps of one kind."""
        return (step for step in self.steps if step.entry.kind is kind)

    def to_json(self) -> dict[str, Json]:
        """For programs."""
        head = self.checkpoint
        return {
            "id": self.id,
            "checkpoint": {"origin": head.origin, "size": head.size, "root": head.root.hex()} if head else None,
            "records": [
                {
                    "index": step.index,
                    "kind": step.entry.kind.value,
                    "time": step.entry.time,
                    "ids": step.entry.ids,
                    "proof": step.proof.value,
                    "body": step.entry.body,
                }
                for step in self.steps
            ],
            "observations": [{"kind": o.kind.value, "index": o.index, "text": o.text} for o in self.observations],
            "cut": self.cut,
        }


def trace(reader: AuditReader, identifier: str, verifiers: Collection[Verifier], now: float) -> Trace:
    """The trace of ``identifier``, any id: of a request, decision, session, grant, or trace. ``now``: epoch seconds.

    Raises ``NotFound`` when no record carries it, ``AuditUnavailable`` when the log cannot be read.
    """
    found = _gather(reader, identifier)
    if not found:
        raise NotFound(f"nothing in the log is about {identifier!r}")
    records = [found[index] for index in sorted(found)]
    cut = len(records) > MOST_STEPS
    head = _head(reader, verifiers)
    steps = tuple(Step(r.index, _entry(r), _proof(reader, r, head)) for r in records[:MOST_STEPS])
    exercise = Exercise()
    for step in steps:
        exercise.take(step.index, step.entry.kind.value, step.entry.time, step.entry.body)
    return Trace(identifier, steps, head, tuple(exercise.observations(now)), cut)


def _gather(reader: AuditReader, identifier: str) -> dict[int, Record]:
    """What carries the id, then what belongs to the same decisions and grants, and the sessions they were made in."""
    found = {r.index: r for r in _all(reader, identifier)}
    asked, waiting, sessions = {identifier}, list(found.values()), set[str]()
    while waiting and len(found) <= MOST_STEPS:
        names, of = _related(_entry(waiting.pop()))
        sessions |= of
        for name in names - asked:
            asked.add(name)
            new = [r for r in _all(reader, name) if r.index not in found and r.kind in _CHAIN]
            found |= {r.index: r for r in new}
            waiting += new
    for session in sessions - asked:
        found |= {r.index: r for r in _all(reader, session) if r.kind == RecordKind.SESSION.value}
    return found


def _all(reader: AuditReader, identifier: str) -> Iterator[Record]:
    start, left = 0, MOST_STEPS + 1
    while left > 0:
        page = reader.find(identifier, start, PAGE)
        yield from page
        if len(page) < PAGE:
            return
        start, left = page[-1].index + 1, left - len(page)


def _related(entry: Entry) -> tuple[set[str], set[str]]:
    """The decisions and grants that a record names, and its session."""
    body: Mapping[str, Any] = entry.body
    if entry.kind not in {RecordKind.DECISION, RecordKind.GRANT, RecordKind.CONSUMPTION, RecordKind.OUTCOME}:
        return {str(body["withheld"])} if "withheld" in body else set(), set()
    claims = body.get("grant") or body.get("claims") or {}
    context = claims.get("tctx") or {}
    names = (
        body.get("decision_id"),
        body.get("grant_id"),
        body.get("parent"),
        claims.get("jti"),
        context.get("decision"),
    )
    session = body.get("session_id") or (body.get("request") or {}).get("session_id") or claims.get("sid")
    return {str(n) for n in names if n}, {str(session)} if session else set()


def _head(reader: AuditReader, verifiers: Collection[Verifier]) -> Checkpoint | None:
    note = reader.checkpoint()
    if note is None:
        return None
    try:
        return open_checkpoint(note, verifiers)
    except ValueError:
        return None


def _proof(reader: AuditReader, record: Record, head: Checkpoint | None) -> Proof:
    if head is None or record.index >= head.size:
        return Proof.UNSIGNED
    try:
        path = reader.inclusion(record.index, head.size)
    except (NotFound, AuditUnavailable):
        return Proof.WRONG
    leaf = leaf_hash(record.stored)
    return Proof.PROVED if verify_inclusion(record.index, head.size, leaf, path, head.root) else Proof.WRONG


def _entry(record: Record) -> Entry:
    try:
        return record.entry()
    except ValueError:
        # Damaged: it is shown with its place and kind, and its proof says that it is wrong.
        return Entry(_kind(record.kind), record.time, (), {})


def _kind(word: str) -> RecordKind:
    try:
        return RecordKind(word)
    except ValueError:
        return RecordKind.READING
