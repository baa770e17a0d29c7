"""An evaluation as a table: shares with their intervals, then what went wrong where."""

from __future__ import annotations

from rich.console import Console

from pdp.cli.output import effect, table
from pdp.evaluation import Answer, Evaluation, Measures

MOST_WRONG = 20


def print_evaluation(console: Console, outcome: Evaluation) -> None:
    """Print overall and per-intent measures, and the first wrong answers with their line in the file."""
    rows = table("intent", ">requests", ">false allow", ">false deny", ">narrowed", ">too wide", ">wrong intent")
    rows.add_row("all", *_cells(outcome.overall), end_section=True)
    for name, measures in outcome.by_intent.items():
        rows.add_row(name, *_cells(measures))
    console.print(rows)
    console.print(
        "count/total = share [95% Wilson interval]; `pdp bundle evaluate --help` and docs/bundles.md say of what",
        style="dim",
    )
    _print_wrong(console, [a for a in outcome.answers if not a.right])


def _cells(measures: Measures) -> tuple[str, ...]:
    shares = (measures.false_allow, measures.false_deny, measures.narrow, measures.too_wide, measures.wrong_intent)
    return (str(measures.total), *(str(share) for share in shares))


def _print_wrong(console: Console, wrong: list[Answer]) -> None:
    if not wrong:
        console.print("every answer is the expected one")
        return
    rows = table(">line", "utterance", "expected", "actual", "why")
    for answer in wrong[:MOST_WRONG]:
        expected = f"{answer.asked.expect.value} {answer.asked.intent}".rstrip()
        rows.add_row(
            str(answer.asked.line),
            answer.asked.request.utterance,
            expected,
            effect(answer.effect) + f" {answer.intent}",
            answer.why,
        )
    console.print(rows)
    if len(wrong) > MOST_WRONG:
        console.print(f"and {len(wrong) - MOST_WRONG} more; --out FILE holds all of them")
