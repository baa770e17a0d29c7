"""Proto messages to the values of ``pdp.types`` and back, for server and client alike.

Reading is where a request's limits are checked: what comes out is complete, within bounds and free of protobuf.
"""

from pdp.wire.bounds import Bounds
from pdp.wire.decision import decision_from_proto, decision_to_proto
from pdp.wire.request import request_from_proto, request_to_proto
from pdp.wire.trace import explanation_from_proto, explanation_to_proto

__all__ = [
    "Bounds",
    "decision_from_proto",
    "decision_to_proto",
    "explanation_from_proto",
    "explanation_to_proto",
    "request_from_proto",
    "request_to_proto",
]
