"""Errors as they travel: trailing metadata of a call, one item of a batch or stream, and back into the error tree.

The gRPC status alone is too coarse for a caller that must act on it, so the stable code goes along.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import get_args

from google.protobuf.message import DecodeError

from pdp.errors import (
    AuditUnavailable,
    BundleError,
    BundleTestsFailed,
    ConfigError,
    DeadlineTooShort,
    EncoderError,
    EncoderMismatch,
    GrantFault,
    GrantRefused,
    InvalidRequest,
    LimitExceeded,
    NotFound,
    NotReady,
    Overloaded,
    PdpError,
    PermissionDenied,
    Problem,
    RevocationsUnavailable,
    Unauthenticated,
)
from pdp.v1 import administration_pb2
from pdp.wire.administration import problem_to_proto, problems_from_proto

REASON_KEY = "pdp-reason"
"""Trailing metadata: the stable code of the error."""
RETRY_KEY = "retry-after-ms"
"""Trailing metadata: when to try again; goes with ``RESOURCE_EXHAUSTED``."""
PROBLEMS_KEY = "pdp-problems-bin"
"""Trailing metadata: a ``CheckBundleResponse`` with as many problems as fit."""
FAULT_KEY = "pdp-fault"
"""Trailing metadata: what is wrong with a grant, as a stable word; goes with the code ``grant_refused``."""
TRACEPARENT_KEY = "traceparent"
"""Request metadata: W3C trace context, given back in the decision."""

TEXT_CHARACTERS = 2_000
PROBLEMS_BYTES = 4_000
Metadata = tuple[tuple[str, str | bytes], ...]

_HINT = re.compile("[0-9]{1,9}")

_PLAIN: Mapping[str, type[PdpError]] = {
    kind.code: kind
    for kind in (
        AuditUnavailable,
        ConfigError,
        RevocationsUnavailable,
        DeadlineTooShort,
        EncoderError,
        NotFound,
        NotReady,
        PermissionDenied,
        Unauthenticated,
    )
}
_FAULTS: Mapping[str, GrantFault] = {fault: fault for fault in get_args(GrantFault)}
_FIELD: Mapping[str, type[InvalidRequest]] = {kind.code: kind for kind in (InvalidRequest, LimitExceeded)}
_BUNDLE: Mapping[str, type[BundleError]] = {
    kind.code: kind for kind in (BundleError, BundleTestsFailed, EncoderMismatch)
}


def public_text(error: PdpError) -> str:
    """The error's text, short enough for a gRPC status: header lists are limited to 8 KiB by many peers."""
    text = str(error)
    if len(text) <= TEXT_CHARACTERS:
        return text
    more = " … CheckBundle lists all of it" if isinstance(error, BundleError) else " …"
    return text[: TEXT_CHARACTERS - len(more)] + more


def metadata_of(error: PdpError) -> Metadata:
    """The trailing metadata that goes with ``error``."""
    pairs: list[tuple[str, str | bytes]] = [(REASON_KEY, error.code)]
    if isinstance(error, Overloaded):
        pairs.append((RETRY_KEY, str(max(1, round(error.retry_after * 1000)))))
    if isinstance(error, GrantRefused):
        pairs.append((FAULT_KEY, error.fault))
    if isinstance(error, BundleError):
        pairs.append((PROBLEMS_KEY, _problems_that_fit(error.problems)))
    return tuple(pairs)


def error_of_metadata(text: str, metadata: Iterable[tuple[str, str | bytes]]) -> PdpError | None:
    """The error that the server raised; None when the metadata holds no code (the error is the transport's)."""
    pairs = dict(metadata)
    code = pairs.get(REASON_KEY)
    if not isinstance(code, str):
        return None
    fault = _FAULTS.get(str(pairs.get(FAULT_KEY)))
    if code == GrantRefused.code and fault is not None:
        return GrantRefused(fault, text)
    packed = pairs.get(PROBLEMS_KEY)
    problems = _unpacked(packed) if isinstance(packed, bytes) else ()
    retry = str(pairs.get(RETRY_KEY, ""))
    return error_of(code, text, problems, int(retry) / 1000 if _HINT.fullmatch(retry) else 0.0)


def error_of(code: str, text: str, problems: tuple[Problem, ...] = (), retry_after: float = 0.0) -> PdpError:
    """Rebuild an error from its parts; a code that this version does not know gives the root of the tree."""
    if code == Overloaded.code:
        return Overloaded(text, retry_after)
    if code in _FIELD:
        field, _, message = text.partition(": ")
        return _FIELD[code](field, message)
    if code in _BUNDLE:
        return _BUNDLE[code](problems or (Problem("", 0, 0, text, "see the server's log"),))
    return _PLAIN.get(code, PdpError)(text)


def _problems_that_fit(problems: tuple[Problem, ...]) -> bytes:
    message = administration_pb2.CheckBundleResponse()
    for problem in problems:
        message.problems.append(problem_to_proto(problem))
        if message.ByteSize() > PROBLEMS_BYTES:
            message.problems.pop()
            break
    return message.SerializeToString()


def _unpacked(packed: bytes) -> tuple[Problem, ...]:
    try:
        return problems_from_proto(administration_pb2.CheckBundleResponse.FromString(packed).problems)
    except DecodeError:
        return ()
