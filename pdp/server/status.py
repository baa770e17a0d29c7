"""The one table from errors to gRPC statuses, and what else travels with them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import NoReturn

import grpc
from grpc.aio import ServicerContext

from pdp import errors
from pdp.v1 import decision_pb2
from pdp.wire.failure import metadata_of, public_text

log = logging.getLogger(__name__)

STATUS: Mapping[type[errors.PdpError], grpc.StatusCode] = {
    errors.PdpError: grpc.StatusCode.INTERNAL,
    errors.InvalidRequest: grpc.StatusCode.INVALID_ARGUMENT,
    errors.LimitExceeded: grpc.StatusCode.INVALID_ARGUMENT,
    errors.Unauthenticated: grpc.StatusCode.UNAUTHENTICATED,
    errors.PermissionDenied: grpc.StatusCode.PERMISSION_DENIED,
    errors.Overloaded: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.DeadlineTooShort: grpc.StatusCode.DEADLINE_EXCEEDED,
    errors.NotReady: grpc.StatusCode.UNAVAILABLE,
    errors.AuditUnavailable: grpc.StatusCode.UNAVAILABLE,
    errors.RevocationsUnavailable: grpc.StatusCode.UNAVAILABLE,
    errors.BundleError: grpc.StatusCode.FAILED_PRECONDITION,
    errors.BundleTestsFailed: grpc.StatusCode.FAILED_PRECONDITION,
    errors.EncoderMismatch: grpc.StatusCode.FAILED_PRECONDITION,
    errors.EncoderError: grpc.StatusCode.UNAVAILABLE,
    errors.ConfigError: grpc.StatusCode.INTERNAL,
    errors.AnswerUnusable: grpc.StatusCode.INTERNAL,
    errors.NotFound: grpc.StatusCode.NOT_FOUND,
    errors.GrantRefused: grpc.StatusCode.PERMISSION_DENIED,
}


def public_error(error: Exception, method: str) -> errors.PdpError:
    """``error`` itself when its text is meant for callers; anything else goes to the log and becomes a plain error."""
    if isinstance(error, errors.PdpError):
        return error
    log.error("call failed", exc_info=error, extra={"method": method})
    return errors.PdpError("the PDP failed; its log has the cause")


def status_of(error: errors.PdpError) -> grpc.StatusCode:
    """The status of the nearest class in the table: a package may have errors of its own below those of the tree."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


async def abort(context: ServicerContext[bytes, object], error: errors.PdpError) -> NoReturn:
    """End the call with the status of ``error``, its code and its retry hint."""
    await context.abort(status_of(error), public_text(error), metadata_of(error))


def item_error(error: errors.PdpError) -> decision_pb2.ItemError:
    """``error`` as the answer to one item of a batch or stream."""
    message = decision_pb2.ItemError(reason=error.code, message=public_text(error))
    message.code = status_of(error).value[0]
    if isinstance(error, errors.Overloaded):
        message.retry_after = error.retry_after
    return message
