"""Requests and decisions as people read and write them: the shape of a bundle's tests and of the protos' JSON.

Reading goes through the proto, so a written request has the same limits, the same numbers and the same errors as one
that came over the wire. ``agent`` and ``principal`` may be given as a bare id.
"""

from __future__ import annotations

from collections.abc import Mapping

from google.protobuf import json_format

from pdp.errors import InvalidRequest
from pdp.types import Decision, Json, JsonObject, Request
from pdp.v1 import decision_pb2
from pdp.wire.decision import decision_to_proto
from pdp.wire.request import request_from_proto
from pdp.wire.trace import explanation_to_proto

ALONE = ("agent", "principal")


def request_from_document(document: Json) -> Request:
    """Read ``{agent, principal, session_id, utterance, target, action, payload, context, request_id}``.

    Raises ``InvalidRequest`` naming the field.
    """
    if not isinstance(document, Mapping):
        raise InvalidRequest(
            "request", "is not an object; write {agent: ..., utterance: ..., target: ..., action: ...}"
        )
    fields = dict(document)
    if "session" in fields:
        fields["session_id"] = fields.pop("session")
    for name in ALONE:
        if isinstance(fields.get(name), str):
            fields[name] = {"id": fields[name]}
    try:
        message = json_format.ParseDict(fields, decision_pb2.DecideRequest(), max_recursion_depth=50)
    except (json_format.ParseError, RecursionError, TypeError, ValueError) as wrong:
        raise InvalidRequest("request", " ".join(str(wrong).split())) from wrong
    return request_from_proto(message)


def decision_to_document(decision: Decision) -> JsonObject:
    """The JSON of ``DecideResponse``, or of ``ExplainResponse`` when the verdict carries a trace."""
    traced = decision.verdict.trace is not None
    message = explanation_to_proto(decision) if traced else decision_to_proto(decision)
    document: JsonObject = json_format.MessageToDict(message, preserving_proto_field_name=True)
    return document
