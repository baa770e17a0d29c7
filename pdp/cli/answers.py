"""A decision in a few lines: effect, intent and score, reasons, what was cut, what the gateway must do."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pdp.cli.output import compact, effect
from pdp.types import Decision, IntentMatch, Json, JsonObject, NarrowedRequest, Obligation, Reason, Request, SqlPayload


def print_decision(console: Console, decision: Decision, request: Request) -> None:
    """Print what a gateway engineer wants to see of one decision."""
    verdict = decision.verdict
    console.print(Text.assemble(effect(verdict.effect), "  ", matched(verdict.match)))
    facts = _facts()
    for reason in verdict.reasons:
        facts.add_row("because", explain_reason(reason))
    for change in changes(request, verdict.narrowed):
        facts.add_row("narrowed", change)
    for obligation in verdict.obligations:
        facts.add_row("must", explain_obligation(obligation))
    for finding in verdict.shadow:
        facts.add_row("shadow", f"{finding.source} would make it {finding.would_be.value}: {finding.text}")
    facts.add_row("decision", _identity(decision))
    console.print(facts)


def matched(match: IntentMatch | None) -> str:
    """The matched intent with its score and thresholds, in words."""
    if match is None or not match.intent:
        return "no intent matched"
    return f"{match.intent}  score {match.score:.2f} (accept {match.accept:.2f}, narrow {match.narrow:.2f})"


def explain_reason(reason: Reason) -> str:
    """Code, text, rule and place of a reason."""
    rule = f" [rule {reason.rule_id}]" if reason.rule_id else ""
    place = f" ({reason.position})" if reason.position else ""
    return f"{reason.code.value}: {reason.text}{rule}{place}"


def explain_obligation(obligation: Obligation) -> str:
    """What the gateway must do."""
    properties = " ".join(f"{k}={compact(v)}" for k, v in obligation.properties.items())
    rule = f" [rule {obligation.rule_id}]" if obligation.rule_id else ""
    return f"{obligation.type} {properties}".rstrip() + rule


def changes(request: Request, narrowed: NarrowedRequest | None) -> Iterator[str]:
    """What may run differs from what was asked in these ways."""
    if narrowed is None:
        return
    yield from _params(request.action.params, narrowed.action.params)
    if narrowed.read_only:
        yield "read-only"
    if narrowed.row_limit is not None:
        yield f"at most {narrowed.row_limit} rows"
    if isinstance(narrowed.payload, SqlPayload) and narrowed.payload != request.payload:
        # Of the other payloads only the parameters can change, and those stand above.
        yield f"SQL is now {narrowed.payload.text}"


def _params(asked: JsonObject, granted: JsonObject) -> Iterator[str]:
    for name in (*asked, *(n for n in granted if n not in asked)):
        before: Json = asked.get(name)
        if name not in granted:
            yield f"{name} removed (was {compact(before)})"
        elif name not in asked or granted[name] != before:
            was = f" (was {compact(before)})" if name in asked else ""
            yield f"{name} = {compact(granted[name])}{was}"


def _identity(decision: Decision) -> str:
    parts = (decision.decision_id, f"bundle {decision.revision[:19]}", f"{decision.timings.total / 1000:.2f} ms")
    return ", ".join(p for p in parts if p)


def _facts() -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    return grid
