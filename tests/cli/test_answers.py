"""Decisions and explanations as people read them."""

import io

import pytest
from rich.console import Console

from pdp.cli.answers import changes, print_decision
from pdp.cli.remedies import remedies
from pdp.cli.traces import print_explanation, shortened
from pdp.types import Decision, Effect, ReasonCode, Request
from tests.builders import request


def printed(decision: Decision, asked: Request, *, explain: bool = False) -> str:
    """What is printed without a terminal."""
    out = Console(file=io.StringIO(), width=140, highlight=False, markup=False)
    (print_explanation if explain else print_decision)(out, decision, asked)
    text = out.file
    assert isinstance(text, io.StringIO)
    return text.getvalue()


@pytest.mark.parametrize(
    "part",
    [
        "NARROW",
        "read-mail  score 0.71 (accept 0.60, narrow 0.50)",
        "narrowed_by_rule: At most 50 results. [rule cap] (intents/read-mail.yaml:12:5)",
        "limit = 50 (was 500)",
        'bcc removed (was "x@elsewhere.example")',
        "read-only",
        "at most 10 rows",
        'approval by="owner" [rule cap]',
        "rule strict would make it deny",
        "2.35 ms",
    ],
)
def test_a_decision_shows_what_a_gateway_engineer_needs(narrowed: Decision, asked: Request, part: str) -> None:
    """Effect, match, reasons with their place, what was cut, obligations, shadow findings, time."""
    assert part in printed(narrowed, asked)


@pytest.mark.parametrize(
    "part",
    [
        "assistant for noor: “Find the mail about the lease”",
        'search_emails({"limit": 500',
        "mcp payload: search_emails on mailbox own, read",
        "differs: action: other",
        "read as: “Find the mail about the lease.”",
        "and sing",
        "nothing",
        "┃ accept",
        "send-mail (shadow)",
        "action.params.limit > 50.0",
        "action.params.limit = 500",
        "no such key",
        "text: letter spacing",
        "needed: run what was narrowed",
    ],
)
def test_an_explanation_shows_every_stage(narrowed: Decision, asked: Request, part: str) -> None:
    """Question, payload, text, clauses, candidates, rules with values, notes, and the way out."""
    assert part in printed(narrowed, asked, explain=True)


def test_an_explanation_without_a_trace_still_answers(denied: Decision, asked: Request) -> None:
    """An old server may send none."""
    assert "DENY" in printed(denied, asked, explain=True)


def test_what_is_the_same_is_not_listed_as_narrowed(narrowed: Decision, asked: Request) -> None:
    """Only what the gateway must do differently."""
    assert not any(line.startswith("query") for line in changes(asked, narrowed.verdict.narrowed))
    assert list(changes(request(), None)) == []


def test_a_score_that_fell_short_says_by_how_much(denied: Decision) -> None:
    """And which exemplar is nearest, so that a policy author sees what is missing."""
    ((_, line),) = remedies(denied)
    assert "0.19 below what read-mail accepts" in line
    assert "Show my unread mail" in line


def test_every_kind_of_reason_is_remedied_once(narrowed: Decision) -> None:
    """A rule that is named five times needs one line."""
    reasons = narrowed.verdict.reasons * 5
    repeated = Decision("", "", type(narrowed.verdict)(Effect.DENY, reasons), "", "", narrowed.timings)
    assert len(remedies(repeated)) == 1
    assert reasons[0].code is ReasonCode.NARROWED_BY_RULE


def test_a_long_value_is_cut_in_the_table() -> None:
    """A fact may hold every word of a long prompt; the others must stay readable."""
    assert shortened("short") == "short"
    assert (len(shortened("x" * 5000)), shortened("x" * 5000)[-1]) == (200, "…")
