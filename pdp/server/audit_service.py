"""``pdp.v1.AuditService``: the trail, for administrators."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import accumulate, takewhile

from pdp.runtime import RecordPage
from pdp.server.guard import Call
from pdp.server.limits import parse
from pdp.server.runtime_points import AuditPoint
from pdp.v1 import audit_pb2 as proto
from pdp.wire import Bounds
from pdp.wire.audit import consistency_to_proto, inclusion_to_proto, limited, page_to_proto, trace_to_proto
from pdp.wire.parts import named
from pdp.wire.values import name

PAGE_BYTES = 3_145_728
"""Records in one answer: below the 4 MiB that gRPC clients take unless told otherwise."""


class AuditService:
    """Each handler reads the message, calls the point and writes the answer."""

    def __init__(self, point: AuditPoint, bounds: Bounds) -> None:
        self._point = point
        self._bounds = bounds

    async def get_trace(self, raw: bytes, call: Call) -> proto.GetTraceResponse:
        """Everything recorded about one id."""
        any_id = named(parse(proto.GetTraceRequest, raw).id, "id", self._bounds)
        return trace_to_proto(await self._point.trace(any_id, call.caller.name))

    async def list_records(self, raw: bytes, call: Call) -> proto.ListRecordsResponse:
        """Some records."""
        message = parse(proto.ListRecordsRequest, raw)
        kind, limit = name(message.kind, "kind", self._bounds), limited(message.limit)
        page = await self._point.records(message.start, limit, kind, call.caller.name)
        return page_to_proto(that_fit(page, PAGE_BYTES))

    async def get_checkpoint(self, raw: bytes, call: Call) -> proto.GetCheckpointResponse:
        """The newest signed tree head."""
        parse(proto.GetCheckpointRequest, raw)
        checkpoint, verifier = await self._point.checkpoint(call.caller.name)
        return proto.GetCheckpointResponse(checkpoint=checkpoint, verifier=verifier)

    async def get_inclusion_proof(self, raw: bytes, call: Call) -> proto.InclusionProof:
        """That a record is in the tree."""
        message = parse(proto.GetInclusionProofRequest, raw)
        return inclusion_to_proto(await self._point.inclusion(message.index, message.size, call.caller.name))

    async def get_consistency_proof(self, raw: bytes, call: Call) -> proto.ConsistencyProof:
        """That a tree only grew."""
        message = parse(proto.GetConsistencyProofRequest, raw)
        return consistency_to_proto(await self._point.consistency(message.first, message.second, call.caller.name))

    async def forget_subject(self, raw: bytes, call: Call) -> proto.ForgetSubjectResponse:
        """Erase the key of a subject's prompts."""
        subject = named(parse(proto.ForgetSubjectRequest, raw).subject, "subject", self._bounds)
        return proto.ForgetSubjectResponse(erased=await self._point.forget(subject, call.caller.name))


def that_fit(page: RecordPage, most: int) -> RecordPage:
    """As many records of ``page`` as have ``most`` bytes together, but at least one; ``next`` is the first left out."""
    sizes: Iterable[int] = accumulate(len(record.stored) for record in page.records)
    kept = max(1, sum(1 for _ in takewhile(lambda size: size <= most, sizes)))
    if kept >= len(page.records):
        return page
    return replace(page, records=page.records[:kept], next=page.records[kept].index)
