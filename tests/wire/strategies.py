"""Hypothesis strategies for the values that travel."""

from __future__ import annotations

from hypothesis import strategies as st

from pdp.errors import Problem
from pdp.reports import Activation, CaseFailure, CaseReport, Check, Edit, Status
from pdp.types import (
    Action,
    Agent,
    CandidateTrace,
    ClauseTrace,
    CloudPayload,
    Decision,
    Effect,
    HttpPayload,
    IntentMatch,
    KubernetesPayload,
    McpPayload,
    NarrowedRequest,
    Neighbour,
    Obligation,
    Position,
    Principal,
    Reason,
    ReasonCode,
    Request,
    RuleTrace,
    ShadowFinding,
    SqlPayload,
    SshPayload,
    Target,
    Timings,
    Trace,
    Verdict,
)

# Letters, digits, marks, punctuation and symbols of every script: what a name may hold.
names = st.text(st.characters(categories=("L", "N", "M", "P", "S")), max_size=20)
texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30) | st.just("line\r\n\tline\f")
words = names.filter(bool)
numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
plain = st.none() | st.booleans() | numbers | texts
values = st.recursive(plain, lambda x: st.lists(x, max_size=3) | st.dictionaries(names, x, max_size=3), max_leaves=8)
objects = st.dictionaries(names, values, max_size=4)

targets = st.builds(Target, words, names, objects)
actions = st.builds(Action, words, objects)
payloads = st.one_of(
    st.builds(SqlPayload, texts, names, names),
    st.builds(McpPayload, names, names, objects),
    st.builds(HttpPayload, names, names, texts, st.dictionaries(names, texts, max_size=3)),
    st.builds(KubernetesPayload, names, names, names, names, names, names),
    st.builds(SshPayload, names, texts, names),
    st.builds(CloudPayload, names, names, names, names, names, objects),
)
requests = st.builds(
    Request,
    request_id=names,
    agent=st.builds(Agent, words, names, objects),
    utterance=texts,
    target=targets,
    action=actions,
    principal=st.builds(Principal, names, objects),
    session_id=names,
    payload=st.none() | payloads,
    context=objects,
    traceparent=st.just(""),
)

counts = st.integers(0, 2**32 - 1)
scores = st.floats(-1, 1)
positions = st.builds(Position, names, counts, counts)
neighbours = st.builds(Neighbour, names, texts, scores, st.none() | positions)
matches = st.builds(
    IntentMatch, names, scores, scores, scores, scores, st.none() | neighbours, st.none() | neighbours, names, scores
)
effects = st.sampled_from(Effect)
narrowed = st.builds(
    NarrowedRequest,
    st.builds(Target, names, names, objects),
    st.builds(Action, names, objects),
    st.none() | payloads,
    st.booleans(),
    st.none() | st.integers(0, 2**64 - 1),
)
traces = st.builds(
    Trace,
    texts,
    st.lists(st.builds(ClauseTrace, texts, names, scores, texts), max_size=2).map(tuple),
    st.lists(
        st.builds(
            CandidateTrace, names, scores, scores, scores, names, st.booleans(), st.none() | neighbours, st.booleans()
        ),
        max_size=2,
    ).map(tuple),
    st.lists(st.builds(RuleTrace, names, names, texts, texts, positions, objects, st.booleans()), max_size=2).map(
        tuple
    ),
    st.lists(texts, max_size=2).map(tuple),
)
verdicts = st.builds(
    Verdict,
    effect=effects,
    reasons=st.lists(
        st.builds(Reason, st.sampled_from(ReasonCode), texts, names, st.none() | positions), max_size=3
    ).map(tuple),
    match=st.none() | matches,
    obligations=st.lists(st.builds(Obligation, names, objects, names), max_size=2).map(tuple),
    narrowed=st.none() | narrowed,
    derived=st.none(),
    shadow=st.lists(st.builds(ShadowFinding, names, effects, texts), max_size=2).map(tuple),
    trace=st.none(),
)
timings = st.builds(Timings, counts, counts, counts, counts, counts)
decisions = st.builds(Decision, names, names, verdicts, names, names, timings, names)

problems = st.lists(st.builds(Problem, names, counts, counts, texts, texts), max_size=3).map(tuple)
failures = st.lists(st.builds(CaseFailure, texts, positions, texts), max_size=2).map(tuple)
reports = st.builds(CaseReport, counts, counts, failures)
seconds = st.floats(0, 1e9)
statuses = st.builds(
    Status, names, names, names, names, names, counts, counts, counts, counts, seconds, seconds, problems, counts,
    st.booleans(),
)  # fmt: skip
activations = st.builds(Activation, names, names, reports)
checks = st.builds(Check, st.booleans(), names, problems, reports)
edits = st.builds(Edit, names, names, positions, reports)
