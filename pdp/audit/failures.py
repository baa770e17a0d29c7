"""What can go wrong with the log's files, in words that say how to mend it."""

from __future__ import annotations

import errno
import sqlite3

from pdp.errors import AuditUnavailable

FULL = "its disk is full; free space there, and it works again by itself"
READ_ONLY = "it is read-only; let the service write to its data directory (owner, mode, mount)"
BUSY = "another program holds it locked; close whatever has audit.db open for writing"
DAMAGED = "its file is damaged; run pdp audit verify on it, and restore it from a backup"
CUT = "it holds fewer records than its last checkpoint; run pdp audit verify on it, and restore it from a backup"
BROKEN = "its disk reports errors; check the disk and the system's log"
MISSING = "its files cannot be opened; check that the data directory exists and the service may write there"
REPLACED = "audit.db was moved or replaced while in use; run pdp audit verify on it, then restart"
UNKNOWN = "the database refused; the log of the service says why"

# The beginnings of SQLite's result codes (https://www.sqlite.org/rescode.html), longest first where one begins another.
_SQLITE = {
    "SQLITE_FULL": FULL,
    "SQLITE_READONLY": READ_ONLY,
    "SQLITE_BUSY": BUSY,
    "SQLITE_LOCKED": BUSY,
    "SQLITE_CORRUPT": DAMAGED,
    "SQLITE_NOTADB": DAMAGED,
    "SQLITE_CONSTRAINT": DAMAGED,
    "SQLITE_IOERR": BROKEN,
    "SQLITE_CANTOPEN": MISSING,
    "SQLITE_PERM": READ_ONLY,
}
_ERRNO = {
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
    errno.EROFS: READ_ONLY,
    errno.EACCES: READ_ONLY,
    errno.EPERM: READ_ONLY,
    errno.EIO: BROKEN,
}


def unavailable(error: Exception, doing: str = "written") -> AuditUnavailable:
    """The error to raise for one of SQLite or of the system, with that one as its cause."""
    if isinstance(error, AuditUnavailable):
        return error
    raised = AuditUnavailable(f"the audit log cannot be {doing}: {_reason(error)}")
    raised.__cause__ = error
    return raised


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return _ERRNO.get(error.errno or 0, MISSING)
    if isinstance(error, ValueError):
        return DAMAGED
    name = getattr(error, "sqlite_errorname", None) or ""
    return next((reason for begin, reason in _SQLITE.items() if name.startswith(begin)), UNKNOWN)


# What may go wrong outside of a job: its own errors are never among these.
FAILURES = (sqlite3.Error, OSError, ValueError)
