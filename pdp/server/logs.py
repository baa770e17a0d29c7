"""Structured logs: one JSON object a line on standard error, never with prompt text.

Only fields on the list below are written. A field that is not on it is named under ``withheld``, without its value, so
neither a new log call nor a library can leak a prompt. The text of an exception is written only for kinds whose texts
are about files and settings; for all others the type and the places in the code are.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import TextIO

from pdp.errors import AuditUnavailable, BundleError, ConfigError, EncoderError, RevocationsUnavailable

FIELDS = frozenset(
    {
        "address",
        "bundle",
        "code",
        "decision_id",
        "effect",
        "exit_code",
        "instance",
        "metrics",
        "method",
        "path",
        "previous_revision",
        "problems",
        "reason",
        "request_id",
        "revision",
        "seconds",
        "sequence",
        "signal",
        "why",
        "worker",
        "workers",
    }
)
SPEAKING = (OSError, AuditUnavailable, BundleError, ConfigError, EncoderError, RevocationsUnavailable)
TEXTS = frozenset({"utterance"})

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
Raised = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class JsonFormatter(logging.Formatter):
    """``utterances`` also lets the field ``utterance`` and every exception's text through."""

    def __init__(self, *, utterances: bool = False) -> None:
        super().__init__()
        self._utterances = utterances
        self._fields = FIELDS | TEXTS if utterances else FIELDS

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
            "message": self._message(record),
        }
        extra = {key: value for key, value in vars(record).items() if key not in _STANDARD}
        line |= {key: value for key, value in sorted(extra.items()) if key in self._fields}
        if withheld := sorted(extra.keys() - self._fields):
            line["withheld"] = withheld
        if record.exc_info:
            line["error"] = self._error(record.exc_info)
        return json.dumps(line, default=str)

    def _message(self, record: logging.LogRecord) -> str:
        # Arguments of foreign libraries may hold anything; our own calls pass values as fields.
        ours = self._utterances or record.name.partition(".")[0] == "pdp"
        return record.getMessage() if ours else str(record.msg)

    def _error(self, raised: Raised) -> dict[str, object]:
        kind, value, trace = raised
        if kind is None:
            return {}
        frames = traceback.extract_tb(trace)
        places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        error: dict[str, object] = {"type": kind.__qualname__, "at": places}
        if self._utterances or isinstance(value, SPEAKING):
            error["text"] = str(value)
        return error


def configure(level: str, *, utterances: bool = False, stream: TextIO | None = None) -> None:
    """Send all logging of this process to ``stream`` (default: standard error) as JSON lines."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter(utterances=utterances))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # asyncio logs the repr of whole tasks with their results, which may hold what a caller sent.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
