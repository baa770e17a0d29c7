"""Offline verification of a log: what it needs is the files, the public keys and, if one was kept, an anchor.

Everything that is stored is taken as a claim. What this shows: every record is the one that was signed for, in its
place, none is missing, and together they make sense. What it cannot show without an anchor: that the whole directory
is not another log of the same key, or an earlier state of this one.
"""

from __future__ import annotations

import gc
import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, TypeAlias

from pdp.audit.checkpoint import open_checkpoint
from pdp.audit.crosslinks import CrossLinks
from pdp.audit.findings import Exercise
from pdp.audit.note import Verifier
from pdp.audit.record import VERSION, RecordKind
from pdp.audit.regrowth import Regrowth, SignedHead
from pdp.audit.report import MOST_OBSERVATIONS, FindingKind, Findings, Redecide, Report, Sameness
from pdp.audit.schema import connect_to_read

RevisionOf: TypeAlias = Callable[[Path], str]
"""The revision of the bundle in a directory. Raises ``PdpError`` or ``OSError`` when there is none."""

BUNDLES: Final = "bundles"
ANCHOR: Final = "the anchor"
UNSIGNED_SECONDS: Final = 10.0
"""Records may be so much newer than the newest checkpoint: one comes about every second while the log grows."""

_RECORDS: Final = "SELECT idx, kind, time, leaf, entry FROM records ORDER BY idx"
_KINDS: Final = {kind.value: kind for kind in RecordKind}
_DECODER: Final = json.JSONDecoder()
_KEYS: Final = {"body", "ids", "kind", "time", "v"}
_Row: TypeAlias = tuple[int, Any, Any, Any, Any]


def verify(
    directory: Path,
    verifier_keys: Collection[Verifier],
    anchor: str | None = None,
    redecide: Redecide | None = None,
    revision_of: RevisionOf | None = None,
) -> Report:
    """What is wrong with the log in ``directory``, if anything. Raises nothing for what the files hold.

    ``anchor`` is a checkpoint that was kept elsewhere. ``redecide`` makes every decision again; ``revision_of``
    tells whether the bundles that were in force are still what they were. Without one, that is left out.
    """
    verification = _Verification(directory, verifier_keys, redecide, revision_of)
    try:
        with closing(connect_to_read(directory)) as connection, _uncollected():
            connection.execute("BEGIN")  # one state of the log, however fast it grows meanwhile
            verification.run(connection, anchor)
    except sqlite3.OperationalError as error:
        verification.findings.add(FindingKind.UNVERIFIABLE, None, f"the log cannot be read: {error}")
    except (sqlite3.Error, OverflowError, ValueError, TypeError) as error:
        verification.findings.add(FindingKind.TAMPERED, None, f"the file of the log is damaged: {error}")
    return verification.report()


class _Verification:
    """One run."""

    def __init__(
        self,
        directory: Path,
        keys: Collection[Verifier],
        redecide: Redecide | None,
        revision_of: RevisionOf | None,
    ) -> None:
        self.findings = Findings()
        self._directory = directory
        self._keys = keys
        self._redecide = redecide
        self._revision_of = revision_of
        self._links = CrossLinks(self.findings)
        self._exercise = Exercise()
        self._kinds: Counter[str] = Counter()
        self._redecided: Counter[Sameness] = Counter()
        self._revisions: dict[str, int] = {}
        self._checkpoints = 0
        self._signed_at = float("-inf")
        self._latest = 0.0
        self._ids = 0
        self._wanted = 0
        self._notes: list[str] = []
        self._regrowth = Regrowth((), {}, self.findings)

    def run(self, connection: sqlite3.Connection, anchor: str | None) -> None:
        """Read everything once, in order."""
        heads = [*self._heads(connection), *self._anchor(anchor)]
        tiles = {(level, position): root for level, position, root in connection.execute("SELECT * FROM tiles")}
        self._regrowth = Regrowth(heads, tiles, self.findings)
        for row in connection.execute(_RECORDS):
            self._row(row)
        ((frontier,),) = connection.execute("SELECT frontier FROM tree").fetchall() or (("",),)
        self._regrowth.end(frontier if isinstance(frontier, bytes) else b"")
        self._links.end()
        self._check_ids(connection)
        self._check_unsigned()
        self._check_bundles()

    def report(self) -> Report:
        """What was found."""
        good = self._regrowth.good
        observations = list(self._exercise.observations(self._latest))
        return Report(
            records=self._kinds.total(),
            checkpoints=self._checkpoints,
            signed=good.size,
            root=good.root.hex(),
            kinds=dict(self._kinds),
            redecided=dict(self._redecided),
            found=dict(self.findings.counts),
            findings=self.findings.sorted(),
            notes=tuple(self._notes),
            observed=dict(Counter(o.kind for o in observations)),
            observations=tuple(observations[:MOST_OBSERVATIONS]),
        )

    def _heads(self, connection: sqlite3.Connection) -> Iterator[SignedHead]:
        for size, time, note in connection.execute("SELECT size, time, note FROM checkpoints ORDER BY size"):
            self._checkpoints += 1
            head = self._head(note, f"the checkpoint of {size} records")
            if head is not None and head.size != size:
                self.findings.add(FindingKind.TAMPERED, None, f"{head.name} is one of {head.size}")
            elif head is not None:
                self._signed_at = float(time)
                yield head
        if not self._checkpoints:
            self.findings.add(FindingKind.UNVERIFIABLE, None, "the log has no checkpoint; nothing in it is signed for")

    def _head(self, note: Any, name: str) -> SignedHead | None:
        try:
            opened = open_checkpoint(note, self._keys)
        except (ValueError, AttributeError, TypeError) as error:
            self.findings.add(FindingKind.TAMPERED, None, f"{name} is not signed as it must be: {error}")
            return None
        return SignedHead(opened.size, opened.root, name)

    def _anchor(self, anchor: str | None) -> Iterator[SignedHead]:
        if anchor is None:
            self._notes.append("no anchor was given: that the log is not an earlier or another one cannot be told")
            return
        head = self._head(anchor, ANCHOR)
        if head is not None:
            yield replace(head, elsewhere=True)

    def _row(self, row: _Row) -> None:
        index, kind, time, leaf, stored = row
        if not self._in_sequence(index):
            return
        self._kinds[str(kind)] += 1
        if not isinstance(stored, bytes) or not isinstance(leaf, bytes) or len(leaf) != 32:
            self._tampered(index, f"record {index} is not stored as bytes beside its hash")
            self._regrowth.skip(1)
            return
        if sha256(b"\0" + stored).digest() != leaf:
            self._tampered(index, f"record {index} ({kind}) is not the one that was hashed")
            self._regrowth.take(leaf)
            return
        self._regrowth.take(leaf)
        document = _document(stored)
        if not _formed(document) or document["kind"] != kind or document["time"] != time:
            self._tampered(index, f"record {index} is no entry, or is filed under another kind or time")
            return
        self._entry(index, kind, time, document)

    def _in_sequence(self, index: int) -> bool:
        """Whether there is anything to check at ``index``; says what is missing before it."""
        wanted = self._wanted
        if index < wanted:
            self._tampered(index, f"there is a record with the log index {index}")
            return False
        if index > wanted:
            which = f"record {wanted} is" if index == wanted + 1 else f"the records {wanted} to {index - 1} are"
            self.findings.add(FindingKind.GAP, wanted, f"{which} missing from the log")
            self._regrowth.skip(index - wanted)
            self._doubt_links()
        self._wanted = index + 1
        return True

    def _doubt_links(self) -> None:
        self._links.incomplete = self._exercise.incomplete = True

    def _tampered(self, index: int, text: str) -> None:
        self._regrowth.doubt(index)
        self._doubt_links()
        self.findings.add(FindingKind.TAMPERED, index, text)

    def _entry(self, index: int, kind: str, time: float, document: dict[str, Any]) -> None:
        body = document["body"]
        self._latest = max(self._latest, time)
        self._ids += sum([hash((i, index)) for i in set(document["ids"])])
        self._links.take(index, kind, time, body)
        self._exercise.take(index, kind, time, body)
        revision = body.get("revision")
        if revision and kind in {"decision", "activation"} and revision not in self._revisions:
            self._revisions[revision] = index
        if self._redecide is not None:
            self._again(self._redecide, index, kind, time, body)

    def _again(self, redecide: Redecide, index: int, kind: str, time: float, body: dict[str, Any]) -> None:
        answer = redecide(index, _KINDS[kind], time, body)
        if answer is None:
            return
        self._redecided[answer.sameness] += 1
        name = f"decision {body.get('decision_id')} (record {index})"
        if answer.sameness is Sameness.DIFFERENT:
            self.findings.add(FindingKind.DISAGREEMENT, index, f"{name} comes out differently: {answer.text}")
        elif answer.sameness is Sameness.UNVERIFIABLE:
            self.findings.add(FindingKind.UNVERIFIABLE, index, f"{name} cannot be made again: {answer.text}")

    def _check_ids(self, connection: sqlite3.Connection) -> None:
        # A sum over hashes compares two sets without holding either; Python's hashes of text have a secret seed.
        stored = sum(map(hash, connection.execute("SELECT id, idx FROM links")))
        if stored != self._ids and not self.findings.counts[FindingKind.TAMPERED]:
            if self.findings.counts[FindingKind.GAP]:
                return
            self.findings.add(
                FindingKind.TAMPERED, None, "the index of ids is not that of the records: some cannot be found by them"
            )

    def _check_unsigned(self) -> None:
        unsigned = self._wanted - self._regrowth.good.size
        if unsigned <= 0 or self.findings.counts[FindingKind.TAMPERED] or self.findings.counts[FindingKind.GAP]:
            return
        text = f"{unsigned} record(s) from {self._regrowth.good.size} on are newer than the newest checkpoint"
        if self._latest - self._signed_at > UNSIGNED_SECONDS and self._checkpoints:
            self.findings.add(FindingKind.UNVERIFIABLE, self._regrowth.good.size, f"{text}, and nothing signs for them")
        else:
            self._notes.append(f"{text}: not signed for yet")

    def _check_bundles(self) -> None:
        if self._revision_of is None:
            return
        for revision, index in self._revisions.items():
            path = self._directory / BUNDLES / revision.rpartition(":")[2]
            try:
                found = self._revision_of(path)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with the files: that bundle is not there
                reason = str(error).partition("\n")[0]
                text = f"the bundle {revision} of record {index} is not in {path}: {reason}"
                self.findings.add(FindingKind.UNVERIFIABLE, index, text)
                continue
            if found != revision:
                self._tampered(index, f"the bundle {revision} of record {index} is not what lies in {path}: {found}")


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the garbage collector: nothing here makes cycles, and it would look at every record time and again."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def _document(stored: bytes) -> Any:
    try:
        text = stored.decode()
        document, end = _DECODER.raw_decode(text)  # unlike ``decode``, without looking for blanks around it
    except (ValueError, RecursionError):
        return None
    return document if end == len(text) else None


def _formed(document: Any) -> bool:
    return (
        type(document) is dict
        and document.keys() == _KEYS
        and document["v"] == VERSION
        and type(document["kind"]) is str
        and document["kind"] in _KINDS
        and type(document["body"]) is dict
        and type(document["ids"]) is list  # what is in it is compared with the index of ids
    )
