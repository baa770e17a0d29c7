"""A decision with every stage laid open: question, text, candidates, rules, answer, what would have to change."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from pdp.cli.answers import print_decision
from pdp.cli.bars import bar, legend
from pdp.cli.output import compact, table
from pdp.cli.remedies import remedies
from pdp.types import CandidateTrace, ClauseTrace, Decision, Derived, Request, RuleTrace, Trace

LONGEST_VALUE = 200
"""Characters of a value that are shown; ``--json`` has all of them."""


def print_explanation(console: Console, decision: Decision, request: Request) -> None:
    """Print the whole evaluation, stage by stage, in the order in which it happened."""
    verdict, trace = decision.verdict, decision.verdict.trace or Trace()
    _question(console, request, verdict.derived)
    _text(console, trace, request.utterance)
    _candidates(console, trace.candidates)
    _rules(console, trace.rules)
    _heading(console, "Answer")
    print_decision(console, decision, request)
    _notes(console, trace.notes)
    _change(console, decision)


def _heading(console: Console, text: str) -> None:
    console.print()
    console.print(Text(text, style="bold underline"))


def _question(console: Console, request: Request, derived: Derived | None) -> None:
    _heading(console, "Question")
    behalf = f" for {request.principal.id}" if request.principal.id else ""
    console.print(f"{request.agent.id}{behalf}: “{request.utterance}”")
    console.print(f"{request.action.name or '(action from payload)'}({compact(dict(request.action.params))})")
    if request.target.kind:
        console.print(f"on {request.target.kind} {request.target.name}")
    if derived is not None:
        _derived(console, derived)


def _derived(console: Console, derived: Derived) -> None:
    what = f"{derived.action.name} on {derived.target.kind} {derived.target.name}"
    understood = "" if derived.parsed else " (not understood: taken for the most dangerous)"
    console.print(f"{derived.kind} payload: {what}, {derived.access.name.lower()}{understood}")
    for mismatch in derived.mismatches:
        console.print(Text(f"  differs: {mismatch}", style="red"))


def _text(console: Console, trace: Trace, utterance: str) -> None:
    _heading(console, "Text")
    if trace.canonical != utterance:
        console.print(f"read as: “{trace.canonical}”")
    clauses = table("clause", "covered by", ">score", "asks for")
    for clause in trace.clauses:
        clauses.add_row(
            clause.text, _cover(clause), f"{clause.score:.2f}" if clause.covered_by else "", clause.authority
        )
    if trace.clauses:
        console.print(clauses)


def _cover(clause: ClauseTrace) -> Text:
    return Text(clause.covered_by or "nothing", style="" if clause.covered_by else "red")


def _candidates(console: Console, candidates: tuple[CandidateTrace, ...]) -> None:
    if not candidates:
        return
    _heading(console, "Candidate intents")
    ascii_only = console.options.ascii_only
    headings = ("intent", "admitted", "against thresholds", ">score", ">accept", ">narrow", "band", "nearest exemplar")
    rows = table(*headings, whole=headings[:3])
    for candidate in candidates:
        rows.add_row(
            candidate.intent + (" (shadow)" if candidate.shadow else ""),
            "yes" if candidate.admitted else "no",
            bar(candidate.score, candidate.accept, candidate.narrow, ascii_only=ascii_only),
            f"{candidate.score:.2f}",
            f"{candidate.accept:.2f}",
            f"{candidate.narrow:.2f}",
            candidate.band,
            candidate.nearest.text if candidate.nearest else "",
        )
    console.print(rows)
    console.print(Text(f"{legend(ascii_only=ascii_only)}; admitted: agent, target and action match", style="dim"))


def _rules(console: Console, rules: tuple[RuleTrace, ...]) -> None:
    if not rules:
        return
    _heading(console, "Rules")
    rows = table("rule", "effect", "result", "condition and its values", "where", whole=("where",))
    for rule in rules:
        values = "\n".join(f"  {name} = {shortened(compact(value))}" for name, value in rule.values.items())
        condition = f"{rule.when}\n{values}" if values else rule.when
        name = rule.rule_id + (" (shadow)" if rule.shadow else "")
        rows.add_row(name, rule.effect, Text(rule.result, style=_result_style(rule)), condition, str(rule.position))
    console.print(rows)


def shortened(text: str) -> str:
    """``text``, cut where a list of every word in a long prompt would bury the rest."""
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def _result_style(rule: RuleTrace) -> str:
    harmless = "true" if rule.effect == "require" else "false"
    if rule.result == harmless:
        return "green"
    return "yellow" if rule.effect == "narrow" and rule.result == "true" else "red"


def _notes(console: Console, notes: tuple[str, ...]) -> None:
    for note in notes:
        console.print(Text(f"note      {note}", style="dim"))


def _change(console: Console, decision: Decision) -> None:
    needed = remedies(decision)
    if not needed:
        return
    _heading(console, "Why not allow, and what would have to change")
    for reason, remedy in needed:
        console.print(f"- {reason.text}")
        console.print(f"  needed: {remedy}")
