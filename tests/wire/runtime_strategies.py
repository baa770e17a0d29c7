"""Hypothesis strategies for the values of runtime authority."""

from __future__ import annotations

from hypothesis import strategies as st

from pdp.runtime import (
    AgentReport,
    Agreement,
    Attenuation,
    AttenuationRequest,
    Consistency,
    Consumption,
    Inclusion,
    Observed,
    OrderReceipt,
    OrderReport,
    OrderWanted,
    Outcome,
    OutcomeAnswer,
    RecordPage,
    SessionAnswer,
    SessionEnd,
    SessionReport,
    SessionRequest,
    StoredRecord,
    TraceReport,
    WatchNews,
)
from pdp.types import Action, Agent, Principal, Reason, ReasonCode, Target
from pdp.wire.grant import Use
from pdp.wire.revocation import KIND_TO_PROTO, SCOPE_TO_PROTO, Acknowledged
from tests.wire.strategies import actions, counts, names, objects, payloads, positions, seconds, targets, texts, words

large = st.integers(0, 2**64 - 1)
lengths = st.floats(0, 86_400)
lists = st.lists(names, max_size=3).map(tuple)
agents = st.builds(Agent, words, names, objects)
some_target = st.builds(Target, names, names, objects)
some_action = st.builds(Action, names, objects)
hashes = st.lists(st.binary(max_size=32), max_size=3).map(tuple)
reasons = st.lists(st.builds(Reason, st.sampled_from(ReasonCode), texts, names, st.none() | positions), max_size=2)

session_requests = st.builds(
    SessionRequest,
    agent=agents,
    purpose=texts.filter(str.strip),
    principal=st.builds(Principal, names, objects),
    task=names,
    seconds=lengths,
    intents=st.lists(words, max_size=3).map(tuple),
    budget=st.dictionaries(words, st.floats(0, 1e9), max_size=3),
    request_id=names,
)
session_answers = st.builds(SessionAnswer, names, reasons.map(tuple), lists, seconds, names)
session_ends = st.builds(SessionEnd, counts, st.booleans())
sessions = st.builds(SessionReport, names, names, names, names, names, names, lists, seconds, seconds, names, objects)
agent_reports = st.builds(
    AgentReport, names, names, st.booleans(), st.booleans(), lists, lists, lists, seconds, seconds, large, large, large,
    seconds, counts, lists,
)  # fmt: skip

uses = st.builds(Use, words, targets, actions, st.none() | payloads) | st.builds(
    Use, words, some_target, some_action, payloads
)
consumptions = st.builds(Consumption, st.just(True), counts, st.just(""), texts, words) | st.builds(
    Consumption, st.just(False), counts, words, texts, names
)
attenuation_requests = st.builds(
    AttenuationRequest, words, agents, names, lengths, counts, some_target, some_action, st.booleans(),
    st.none() | large,
)  # fmt: skip
attenuations = st.builds(Attenuation, words, words, seconds, st.just(""), texts) | st.builds(
    Attenuation, st.just(""), st.just(""), seconds, words, texts
)
outcomes = st.builds(
    Outcome, words, st.sampled_from(Observed), names, some_target, some_action, st.none() | payloads, large, large,
    st.integers(-(2**31), 2**31 - 1), st.text("0123456789abcdef", max_size=128), objects,
)  # fmt: skip
outcome_answers = st.builds(OutcomeAnswer, st.sampled_from(Agreement), texts)

scopes = st.sampled_from(sorted(set(SCOPE_TO_PROTO) - {"everything"}))
wanted = st.builds(OrderWanted, st.just("kill"), scopes, words, texts, names, lengths, st.floats(0, 60)) | st.builds(
    OrderWanted, st.just("kill"), st.just("everything"), st.just(""), texts
)
receipts = st.builds(OrderReceipt, large, st.booleans(), st.booleans(), counts, counts, counts)
orders = st.builds(
    OrderReport, large, st.sampled_from(sorted(KIND_TO_PROTO)), st.sampled_from(sorted(SCOPE_TO_PROTO)), names, texts,
    names, seconds, names, seconds,
)  # fmt: skip
held = st.lists(orders, max_size=3).map(tuple)
order_lists = st.tuples(large, held)
news = st.one_of(
    st.builds(WatchNews, large, seconds),
    st.builds(WatchNews, large, seconds, orders=held),
    st.builds(WatchNews, large, seconds, order=orders),
)
acknowledged = st.builds(Acknowledged, names, large)

records = st.builds(StoredRecord, large, st.binary(max_size=40))
inclusions = st.builds(Inclusion, large, large, hashes)
consistencies = st.builds(Consistency, large, large, hashes)
pages = st.builds(RecordPage, st.lists(records, max_size=3).map(tuple), large, large)
traces = st.lists(st.tuples(records, large, hashes), max_size=3).map(
    lambda found: TraceReport(
        tuple(record for record, _, _ in found),
        tuple(Inclusion(record.index, size, path) for record, size, path in found),
        "note",
    )
)
