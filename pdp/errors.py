"""The error tree. Every class has a stable ``code``; one table in ``pdp.server.status`` maps it to a gRPC status.

::

    PdpError
    ├ InvalidRequest          a field of the request is wrong; names the field and the fix
    │ └ LimitExceeded         a limit was passed (bytes, characters, tokens, items, depth)
    ├ Unauthenticated         the channel carries no identity we accept
    ├ PermissionDenied        the caller may not call this method
    ├ Overloaded              a bounded queue is full; carries ``retry_after`` seconds
    ├ DeadlineTooShort        the work cannot finish before the caller's deadline
    ├ NotReady                model or bundle is not loaded yet
    ├ AuditUnavailable        the audit log cannot be written or read: disk full, read-only, too slow, queue full
    ├ RevocationsUnavailable  an order cannot be given: the journal is damaged, locked for too long, or the disk refuses
    ├ BundleError             a bundle cannot be used; carries every ``Problem`` found
    │ ├ BundleTestsFailed     its own tests break
    │ └ EncoderMismatch       its calibration belongs to another encoder
    ├ EncoderError            the sentence model failed or its files are not what the manifest says
    ├ ConfigError             a setting is wrong; names setting, source and fix
    ├ GrantRefused            a grant does not hold: forged, expired, used up, for another gateway or action; says which
    ├ AnswerUnusable          an answer came that a client cannot rely on: empty, or of a later version
    └ NotFound                the named thing does not exist

The text of an error is public: it names what the caller sent and how to mend it, never internals. The private cause
travels as ``__cause__`` and only reaches the log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias


class PdpError(Exception):
    """Root of the tree. ``code`` is stable and part of the public contract."""

    code: ClassVar[str] = "internal"


class InvalidRequest(PdpError):
    """A request field is wrong. ``field`` is its dotted path as in the proto (``action.params``)."""

    code = "invalid_request"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


class LimitExceeded(InvalidRequest):
    """A limit was passed; the message states the limit and the size seen."""

    code = "limit_exceeded"


class Unauthenticated(PdpError):
    """The channel carries no identity we accept."""

    code = "unauthenticated"


class PermissionDenied(PdpError):
    """The caller's identity may not call this method."""

    code = "permission_denied"


class Overloaded(PdpError):
    """A bounded queue is full. ``retry_after`` is in seconds."""

    code = "overloaded"

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class DeadlineTooShort(PdpError):
    """The work cannot finish before the caller's deadline, so it was not begun or not answered."""

    code = "deadline_too_short"


class NotReady(PdpError):
    """Model or bundle is not loaded and warmed yet."""

    code = "not_ready"


class AuditUnavailable(PdpError):
    """The audit log cannot be written or read, so nothing that needs a record may happen; the message says the fix."""

    code = "audit_unavailable"


class RevocationsUnavailable(PdpError):
    """An order could not be written: the journal is damaged, locked for too long, or the disk refuses it."""

    code = "revocations_unavailable"


class NotFound(PdpError):
    """The named thing does not exist."""

    code = "not_found"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake in a bundle. ``line`` and ``column`` count from 1; 0 means the whole file."""

    file: str
    line: int
    column: int
    message: str
    fix: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message} ({self.fix})"


class BundleError(PdpError):
    """A bundle cannot be used. ``problems`` lists every mistake found, in file order."""

    code = "bundle_invalid"

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(p) for p in problems))
        self.problems = problems


class BundleTestsFailed(BundleError):
    """The bundle is well formed but its own tests break."""

    code = "bundle_tests_failed"


class EncoderMismatch(BundleError):
    """The bundle's calibration names another encoder fingerprint than the one loaded."""

    code = "encoder_mismatch"


class EncoderError(PdpError):
    """The sentence model failed, or its files are not what the manifest says."""

    code = "encoder_failed"


class ConfigError(PdpError):
    """A setting is wrong; the message names the setting, where it came from and the fix."""

    code = "config_invalid"


GrantFault: TypeAlias = Literal[
    "expired",
    "malformed",
    "not_contained",
    "not_yet_valid",
    "replayed",
    "revoked",
    "stale",
    "too_large",
    "too_many",
    "unknown_key",
    "bad_signature",
    "wrong_action",
    "wrong_algorithm",
    "wrong_audience",
    "wrong_holder",
    "wrong_issuer",
    "wrong_task",
    "wrong_type",
]


class GrantRefused(PdpError):
    """A grant does not hold, and what it was for must not run. ``fault`` is stable, like ``code``."""

    code = "grant_refused"

    def __init__(self, fault: GrantFault, message: str) -> None:
        super().__init__(message)
        self.fault: GrantFault = fault


class AnswerUnusable(PdpError):
    """A client got an answer that it cannot rely on: empty, for another question, or with words it does not know."""

    code = "answer_unusable"
