"""Records and proofs of the trail, to their protos and back."""

from __future__ import annotations

from pdp.errors import AnswerUnusable, LimitExceeded
from pdp.runtime import Consistency, Inclusion, RecordPage, StoredRecord, TraceReport
from pdp.v1 import audit_pb2 as proto

DEFAULT_RECORDS = 100
MOST_RECORDS = 1_000


def limited(limit: int, default: int = DEFAULT_RECORDS, most: int = MOST_RECORDS) -> int:
    """How many to list: ``default`` for 0. Raises ``LimitExceeded`` for more than ``most``."""
    if limit > most:
        raise LimitExceeded("limit", f"is {limit}; the limit is {most}")
    return limit or default


def trace_to_proto(trace: TraceReport) -> proto.GetTraceResponse:
    """Write everything recorded about one id."""
    return proto.GetTraceResponse(
        records=map(record_to_proto, trace.records),
        proofs=map(inclusion_to_proto, trace.proofs),
        checkpoint=trace.checkpoint,
    )


def trace_from_proto(message: proto.GetTraceResponse) -> TraceReport:
    """Read everything recorded about one id. Raises ``AnswerUnusable`` unless each record has its proof."""
    records, proofs = tuple(map(record_from_proto, message.records)), tuple(map(inclusion_from_proto, message.proofs))
    if [record.index for record in records] != [proof.index for proof in proofs]:
        raise AnswerUnusable("the trace has records without proof")
    return TraceReport(records, proofs, message.checkpoint)


def page_to_proto(page: RecordPage) -> proto.ListRecordsResponse:
    """Write some records."""
    return proto.ListRecordsResponse(records=map(record_to_proto, page.records), next=page.next, size=page.size)


def page_from_proto(message: proto.ListRecordsResponse) -> RecordPage:
    """Read some records."""
    return RecordPage(tuple(map(record_from_proto, message.records)), message.next, message.size)


def record_to_proto(record: StoredRecord) -> proto.Record:
    """Write a record as stored."""
    return proto.Record(index=record.index, stored=record.stored)


def record_from_proto(message: proto.Record) -> StoredRecord:
    """Read a record as stored."""
    return StoredRecord(message.index, message.stored)


def inclusion_to_proto(proof: Inclusion) -> proto.InclusionProof:
    """Write an audit path."""
    return proto.InclusionProof(index=proof.index, size=proof.size, hashes=proof.hashes)


def inclusion_from_proto(message: proto.InclusionProof) -> Inclusion:
    """Read an audit path."""
    return Inclusion(message.index, message.size, tuple(message.hashes))


def consistency_to_proto(proof: Consistency) -> proto.ConsistencyProof:
    """Write a consistency proof."""
    return proto.ConsistencyProof(first=proof.first, second=proof.second, hashes=proof.hashes)


def consistency_from_proto(message: proto.ConsistencyProof) -> Consistency:
    """Read a consistency proof."""
    return Consistency(message.first, message.second, tuple(message.hashes))
