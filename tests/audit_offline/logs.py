"""Real logs to verify: written by ``AuditLog``, closed, and then changed as somebody with the file would."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from pdp.audit.checkpoint import sign_checkpoint
from pdp.audit.log import AuditLog
from pdp.audit.merkle import CompactRange, leaf_hash
from pdp.audit.note import Signer, Verifier
from pdp.audit.record import Entry, RecordKind
from pdp.audit.report import Redecide, Report
from pdp.audit.verify import verify

ORIGIN = "pdp.example/log"
SIGNER = Signer.generate(ORIGIN)
START = 1_750_000_000.0
Body = dict[str, Any]


def claims(number: int, **changes: Any) -> Body:
    """The claims of grant ``g<number>``, as ``pdp.grant.claims`` writes them."""
    made: Body = {
        "iss": "pdp",
        "aud": "gw-1",
        "sub": "alice",
        "act": {"sub": "bot", "instance": "i1"},
        "iat": START + number,
        "nbf": int(START) + number,
        "exp": int(START) + number + 60,
        "jti": f"g{number}",
        "txn": f"t{number}",
        "scope": "billing-read",
        "authorization_details": [
            {"type": "pdp_action", "datatypes": ["table"], "identifier": "invoices", "actions": ["read"]}
        ],
        "uses": 1,
        "rqd": "x",
        "tctx": {"decision": f"d{number}", "revision": "sha256:aa"},
        "sid": "s1",
        "tid": "task-7",
    }
    return made | changes


def decision(number: int, effect: str = "allow", **changes: Any) -> Entry:
    """Decision ``d<number>``, made ``number`` seconds after the start, with grant ``g<number>``."""
    body: Body = {
        "decision_id": f"d{number}",
        "request_id": f"r{number}",
        "gateway": "gw-1",
        "certificate": "",
        "effect": effect,
        "request": {
            "agent": {"id": "bot", "instance": "i1", "attributes": {}},
            "principal": {"id": "alice", "attributes": {}},
            "session_id": "s1",
            "task": "task-7",
            "target": {"kind": "table", "name": "invoices", "attributes": {}},
            "action": {"name": "read", "params": {"customer": "4711"}},
            "context": {},
        },
        "utterance": {"commitment": "00" * 32, "salt": "11" * 32, "characters": 40},
        "matching": {"intent": "billing-read", "band": "accept", "score": 0.93, "accept": 0.8, "narrow": 0.6},
        "reasons": [
            {"code": "allowed", "rule": "", "file": "", "line": 0, "column": 0, "text": "billing-read covers it"}
        ],
        "obligations": [],
        "shadow": [],
        "revision": "sha256:aa",
        "encoder": "sha256:words",
        "now": START + number,
        "timings": {"total": 4200},
    }
    if effect != "deny":
        body["grant"] = claims(number)
    body |= changes
    ids = (body["decision_id"], body["request_id"], "s1", *([f"g{number}"] if body.get("grant") else []))
    return Entry(RecordKind.DECISION, START + number, ids, body)


def session(event: str, at: float, name: str = "s1") -> Entry:
    """A session starts or ends."""
    return Entry(RecordKind.SESSION, START + at, (name,), {"event": event, "session_id": name, "agent": "bot"})


def consumption(number: int, at: float, **changes: Any) -> Entry:
    """Grant ``g<number>`` is used."""
    body = {"grant_id": f"g{number}", "session_id": "s1", "uses_left": 0, "gateway": "gw-1"} | changes
    return Entry(RecordKind.CONSUMPTION, START + at, (f"g{number}", "s1"), body)


def outcome(number: int, at: float, **changes: Any) -> Entry:
    """What came of it."""
    body = {
        "decision_id": f"d{number}",
        "grant_id": f"g{number}",
        "observed": "occurred",
        "agreement": "agree",
        "text": "",
        "request": {"target": {"kind": "table", "name": "invoices"}, "action": {"name": "read"}},
        "rows": 12,
        "bytes": 800,
    } | changes
    return Entry(RecordKind.OUTCOME, START + at, (f"d{number}", f"g{number}", "s1"), body)


def revocation(kind: str, scope: str, value: str, at: float, **changes: Any) -> Entry:
    """An order."""
    body = {
        "sequence": 1,
        "kind": kind,
        "scope": scope,
        "value": value,
        "reason": "",
        "cause": "operator-action",
        "until": None,
        "by": "op",
    }
    return Entry(RecordKind.REVOCATION, START + at, (value,), body | changes)


def usual(count: int = 8) -> list[Entry]:
    """A session with ``count`` decisions that are used and reported, and a deny."""
    entries = [session("started", 0)]
    for number in range(1, count + 1):
        entries += [decision(number), consumption(number, number + 0.1), outcome(number, number + 0.2)]
    return [*entries, decision(count + 1, "deny"), session("ended", count + 2)]


def write(directory: Path, entries: list[Entry], every: int = 5, signer: Signer = SIGNER) -> Path:
    """The log of ``entries``, closed, with a checkpoint after ``every`` records and at the end."""
    with AuditLog.open(directory, signer, clock=lambda: START + 1000) as log:
        for number, entry in enumerate(entries, 1):
            log.commit_now(lambda txn, entry=entry: txn.append(entry))
            if number % every == 0:
                log.checkpoint_now()
    return directory


def check(
    directory: Path, anchor: str | None = None, redecide: Redecide | None = None, key: Verifier = SIGNER.verifier
) -> Report:
    """Verify as the command does, with the key that the log should have been signed with."""
    return verify(directory, (key,), anchor, redecide)


@contextmanager
def opened(directory: Path) -> Iterator[sqlite3.Connection]:
    """The file, to change it."""
    with closing(sqlite3.connect(directory / "audit.db")) as connection:
        yield connection
        connection.commit()


def regrow(connection: sqlite3.Connection) -> CompactRange:
    """Leaves, tiles, links and the frontier anew, as somebody does who knows all of this and has no key."""
    tree = CompactRange()
    connection.execute("DELETE FROM tiles")
    connection.execute("DELETE FROM links")
    for index, stored in connection.execute("SELECT idx, entry FROM records ORDER BY idx").fetchall():
        leaf = leaf_hash(stored)
        connection.execute("UPDATE records SET leaf = ? WHERE idx = ?", (leaf, index))
        for tile in tree.append(leaf):
            connection.execute("INSERT INTO tiles VALUES (?, ?, ?)", (tile.level, tile.position, tile.root))
        for name in set(Entry.from_bytes(stored).ids):
            connection.execute("INSERT INTO links VALUES (?, ?)", (name, index))
    connection.execute("UPDATE tree SET frontier = ?", (tree.to_bytes(),))
    return tree


def resign(connection: sqlite3.Connection, signer: Signer) -> None:
    """Every checkpoint anew, for what the log holds now."""
    tree, roots = CompactRange(), {}
    roots[0] = tree.root()
    for (leaf,) in connection.execute("SELECT leaf FROM records ORDER BY idx"):
        tree.append(leaf)
        roots[tree.size] = tree.root()
    for (size,) in connection.execute("SELECT size FROM checkpoints").fetchall():
        if size in roots:
            note = sign_checkpoint(size, roots[size], signer)
            connection.execute("UPDATE checkpoints SET note = ? WHERE size = ?", (note, size))


def rewritten(directory: Path, index: int, change: Callable[[Body], None]) -> None:
    """Record ``index`` with another body, everything else made to fit but for the signatures."""
    with opened(directory) as connection:
        (stored,) = connection.execute("SELECT entry FROM records WHERE idx = ?", (index,)).fetchone()
        entry = Entry.from_bytes(stored)
        body = dict(entry.body)
        change(body)
        new = Entry(entry.kind, entry.time, entry.ids, body).to_bytes()
        connection.execute("UPDATE records SET entry = ? WHERE idx = ?", (new, index))
        regrow(connection)
