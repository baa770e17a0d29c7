"""The tables of ``audit.db``, and how a connection to it is opened."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

DATABASE = "audit.db"
LOCK = "audit.lock"
# Pages that the writer keeps; it fills with the log. What is not in it the system's own cache has.
CACHE_KIB = 8 * 1024

# An fsync of a file that has grown also waits for the journal of the file system. SQLite begins its write-ahead log
# anew once it is copied back, and never shortens it: so it is stretched once, and then only overwritten.
COPY_BACK_PAGES = 2000
PAGE_BYTES = 4096
RESERVE_BYTES = COPY_BACK_PAGES * PAGE_BYTES

TABLES = """
CREATE TABLE IF NOT EXISTS records (
    idx INTEGER PRIMARY KEY, kind TEXT NOT NULL, time REAL NOT NULL, leaf BLOB NOT NULL, entry BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS records_by_kind ON records (kind, time);
CREATE TABLE IF NOT EXISTS links (id TEXT, idx INTEGER, PRIMARY KEY (id, idx)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tiles (level INTEGER, position INTEGER, root BLOB NOT NULL, PRIMARY KEY (level, position))
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tree (one INTEGER PRIMARY KEY CHECK (one = 1), frontier BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS checkpoints (size INTEGER PRIMARY KEY, time REAL NOT NULL, note TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS state (space TEXT, key TEXT, value BLOB NOT NULL, PRIMARY KEY (space, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reserve (bytes BLOB);
INSERT OR IGNORE INTO tree VALUES (1, zeroblob(8));
"""


def connect(directory: Path) -> sqlite3.Connection:
    """A connection that writes, for one thread at a time; the tables are made when they are missing.

    To be called while the lock of the writers is held. Raises ``sqlite3.Error`` and ``OSError``.
    """
    path = directory / DATABASE
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))  # its companions take over the mode
    # Transactions are begun and ended by hand; waiting is for the lock file, SQLite's own lock is always free.
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, timeout=5.0, cached_statements=128
    )
    try:
        _prepare(connection)
        if _reserved(path) < RESERVE_BYTES:
            _reserve(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    connection.execute("PRAGMA journal_mode = WAL").close()
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = ON")  # macOS: a plain fsync there does not reach the disk
    connection.execute("PRAGMA secure_delete = FAST").close()  # some builds write every freed page once more
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    # Copied back by the writer between two batches instead; this is the net for when it never comes to it.
    connection.execute(f"PRAGMA wal_autocheckpoint = {4 * COPY_BACK_PAGES}").close()
    connection.executescript(f"BEGIN IMMEDIATE; {TABLES} COMMIT;")


def _reserved(path: Path) -> int:
    wal = path.with_name(path.name + "-wal")
    return wal.stat().st_size if wal.exists() else 0


def _reserve(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO reserve VALUES (zeroblob(?))", (RESERVE_BYTES,))
    connection.execute("DELETE FROM reserve")
    copy_back(connection)


def copy_back(connection: sqlite3.Connection) -> None:
    """Move what the write-ahead log holds into the database, as far as no reader is in the way."""
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").close()


def connect_to_read(directory: Path) -> sqlite3.Connection:
    """A connection that only reads, beside writers or offline. Raises ``sqlite3.Error``."""
    path = directory / DATABASE
    try:
        return _probe(f"{path.absolute().as_uri()}?mode=ro")
    except sqlite3.OperationalError:
        # On read-only media SQLite cannot keep its index of the write-ahead log; without such a log it needs none.
        if not path.exists() or _reserved(path):
            raise
        return _probe(f"{path.absolute().as_uri()}?immutable=1")


def _probe(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=5.0)
    try:
        connection.execute("SELECT one FROM tree").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection
