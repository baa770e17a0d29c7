"""Decisions and requests for the views."""

import pytest

from pdp.types import (
    Access,
    Action,
    Agent,
    CandidateTrace,
    ClauseTrace,
    Decision,
    Derived,
    Effect,
    IntentMatch,
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
    Target,
    Timings,
    Trace,
    Verdict,
)

PLACE = Position("intents/read-mail.yaml", 12, 5)
MATCH = IntentMatch("read-mail", 0.71, 0.6, 0.5, 0.11, Neighbour("read-mail", "Show my unread mail", 0.71, PLACE))


@pytest.fixture
def asked() -> Request:
    """A request with parameters of several kinds."""
    params = {"limit": 500, "bcc": "x@elsewhere.example", "query": "lease"}
    return Request(
        "q1",
        Agent("assistant"),
        "Find the mail about the lease",
        Target("mailbox", "own"),
        Action("search_emails", params),
        Principal("noor"),
    )


@pytest.fixture
def narrowed(asked: Request) -> Decision:
    """A narrow with everything a decision can carry."""
    trace = Trace(
        canonical="Find the mail about the lease.",
        clauses=(
            ClauseTrace("Find the mail about the lease", "read-mail", 0.71, "read"),
            ClauseTrace("and sing", "", 0.1, ""),
        ),
        candidates=(
            CandidateTrace("read-mail", 0.71, 0.6, 0.5, "accept", admitted=True, nearest=MATCH.nearest),
            CandidateTrace("send-mail", 0.2, 0.6, 0.5, "out_of_scope", admitted=False, shadow=True),
        ),
        rules=(
            RuleTrace("cap", "narrow", "action.params.limit > 50.0", "true", PLACE, {"action.params.limit": 500}),
            RuleTrace("broken", "deny", "facts.grounded['to']", "no such key", PLACE),
        ),
        notes=("text: letter spacing",),
    )
    verdict = Verdict(
        Effect.NARROW,
        (Reason(ReasonCode.NARROWED_BY_RULE, "At most 50 results.", "cap", PLACE),),
        MATCH,
        (Obligation("approval", {"by": "owner"}, "cap"),),
        NarrowedRequest(
            asked.target, Action("search_emails", {"limit": 50, "query": "lease"}), read_only=True, row_limit=10
        ),
        Derived("mcp", asked.target, asked.action, Access.READ, parsed=True, facts={}, mismatches=("action: other",)),
        (ShadowFinding("rule strict", Effect.DENY, "would be denied"),),
        trace,
    )
    return Decision("d1", "q1", verdict, "sha256:" + "a" * 64, "sha256:" + "b" * 64, Timings(total=2345))


@pytest.fixture
def denied() -> Decision:
    """A deny whose score fell short."""
    match = IntentMatch("read-mail", 0.41, 0.6, 0.5, -0.19, MATCH.nearest)
    verdict = Verdict(Effect.DENY, (Reason(ReasonCode.OUT_OF_SCOPE, "nothing accepts it"),), match)
    return Decision("d2", "q2", verdict, "sha256:" + "a" * 64, "sha256:" + "b" * 64, Timings(total=900))
