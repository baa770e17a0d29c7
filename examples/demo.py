"""Serve the three example bundles and ask them what real agents would ask: ``make demo``.

Act one starts one ``pdp serve`` per bundle as a child process, sends the requests of ``requests.jsonl`` over gRPC and
prints what came back. Act two (``examples.authority``) is one session, from its purpose to the proof of what it did.
Ends with 1 when a server does not start, a call fails or anything is not as announced.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from examples import authority
from examples.serving import HERE, DemoFailed, address, process
from pdp.cli.answers import changes, explain_obligation
from pdp.client import SHOW_ONLY, Client, Terms
from pdp.errors import PdpError
from pdp.types import CloudPayload, Decision, Effect, JsonObject, KubernetesPayload, Request, SqlPayload, SshPayload
from pdp.wire.document import request_from_document

# An error must end the demo, not pass for a deny; and this gateway only shows obligations.
TERMS = Terms(timeout=5.0, understood=SHOW_ONLY, raise_for_error=True)
LOOK_INSIDE = """\
  .venv/bin/pdp explain --bundle examples/workspace-assistant --agent workspace-assistant \\
    --utterance "Show me my unread e-mails" --action get_unread_emails --target mailbox:own
"""
STYLES = {Effect.ALLOW: "green", Effect.NARROW: "yellow", Effect.DENY: "red"}


@dataclass(frozen=True, slots=True)
class Question:
    """A request, what it shows, and the answer it should get."""

    bundle: str
    label: str
    expect: Effect
    request: Request


@dataclass(frozen=True, slots=True)
class Answer:
    """A decision and how long the caller waited for it, in milliseconds."""

    question: Question
    decision: Decision
    milliseconds: float


def main(here: Path = HERE) -> int:
    """Run both acts with what is in ``here``; the exit code."""
    out = Console(highlight=False, markup=False, emoji=False, width=None if sys.stdout.isatty() else 132)
    try:
        code = decisions(out, here)
        if code == 0:
            authority.show(out, here / "workspace-assistant", here / "session.json")
    except (DemoFailed, PdpError, OSError) as error:
        out.print(f"the demo failed: {error}", style="red")
        return 1
    return code


def decisions(out: Console, here: Path) -> int:
    """Act one, with the bundles and ``requests.jsonl`` in ``here``; the exit code."""
    questions = tuple(read_questions(here / "requests.jsonl"))
    bundles = tuple(dict.fromkeys(q.bundle for q in questions))
    out.print(f"Starting {len(bundles)} policy decision points: {', '.join(bundles)} ...")
    with ExitStack() as stack:
        processes = {name: stack.enter_context(process(here / name)) for name in bundles}
        answers = [a for name in bundles for a in ask(name, address(name, processes[name]), questions)]
    for name in bundles:
        out.print(rows(name, [a for a in answers if a.question.bundle == name]))
    return summary(out, answers)


def read_questions(path: Path) -> Iterator[Question]:
    """One question a line."""
    for line in path.read_text(encoding="utf-8").splitlines():
        document: JsonObject = json.loads(line)
        effect = Effect(document["expect"])
        yield Question(
            str(document["bundle"]), str(document["label"]), effect, request_from_document(document["request"])
        )


def ask(bundle: str, where: str, questions: tuple[Question, ...]) -> Iterator[Answer]:
    """Send the questions of ``bundle`` to its server, one after the other over one channel."""
    mine = [q for q in questions if q.bundle == bundle]
    with Client(where, terms=TERMS) as client:
        client.decide(mine[0].request)  # opens the connection, so that the times below are those of decisions
        for question in mine:
            started = time.perf_counter()
            decision = client.decide(question.request)
            yield Answer(question, decision, (time.perf_counter() - started) * 1000)


def rows(bundle: str, answers: list[Answer]) -> Table:
    """One bundle's answers."""
    table = Table(
        title=bundle, title_justify="left", title_style="bold", header_style="bold", show_lines=True, expand=True
    )
    table.add_column("request", ratio=5, overflow="fold")
    table.add_column("effect", width=6, overflow="fold")
    table.add_column("intent", min_width=max(len(intent(a)) for a in answers))
    table.add_column("score", width=11)
    table.add_column("why", ratio=5, overflow="fold")
    table.add_column("ms", justify="right", width=4)
    for answer in answers:
        table.add_row(
            asked(answer.question),
            effect(answer),
            intent(answer),
            score(answer),
            why(answer),
            f"{answer.milliseconds:.1f}",
        )
    return table


def asked(question: Question) -> Text:
    """Label, utterance and the operation behind it."""
    request = question.request
    words = f"“{request.utterance}”" if request.utterance else "(nothing said)"
    return Text.assemble((f"{question.label}\n", "bold"), f"{words}\n", (operation(request), "dim"))


def operation(request: Request) -> str:
    """What the agent is about to do, as the gateway sees it."""
    match request.payload:
        case SqlPayload(text):
            return text
        case SshPayload(host, command):
            return f"{command}  (on {host})"
        case KubernetesPayload() as call:
            return " ".join(filter(None, (call.verb, call.resource, call.namespace, call.name)))
        case CloudPayload() as call:
            return f"{call.service}:{call.operation} {call.resource}".rstrip()
        case _:
            params = ", ".join(f"{name}={value!r}" for name, value in request.action.params.items())
            return f"{request.action.name}({params}) on {request.target.kind} {request.target.name}"


def effect(answer: Answer) -> Text:
    """The effect; marked where it is not the expected one."""
    got, wanted = answer.decision.verdict.effect, answer.question.expect
    unexpected = "" if got is wanted else f"\nnot {wanted.value}"
    return Text(got.value + unexpected, style=f"bold {STYLES[got]}")


def intent(answer: Answer) -> str:
    """The matched intent."""
    match = answer.decision.verdict.match
    return match.intent if match and match.intent else "-"


def score(answer: Answer) -> str:
    """The score against the threshold that counted."""
    match = answer.decision.verdict.match
    if match is None or not match.intent:
        return "-"
    return f"{match.score:.2f} {'≥' if match.score >= match.accept else '<'} {match.accept:.2f}"


def why(answer: Answer) -> str:
    """Reasons, what was cut down and what the gateway must do."""
    verdict = answer.decision.verdict
    lines = [f"{r.code.value}: {r.text}" for r in verdict.reasons]
    lines += [f"→ {change}" for change in changes(answer.question.request, verdict.narrowed)]
    lines += [f"→ {explain_obligation(obligation)}" for obligation in verdict.obligations]
    return "\n".join(lines)


def summary(out: Console, answers: list[Answer]) -> int:
    """Say how it went; the exit code."""
    wrong = [a for a in answers if a.decision.verdict.effect is not a.question.expect]
    middle = statistics.median(a.milliseconds for a in answers)
    counts = ", ".join(f"{sum(a.decision.verdict.effect is e for a in answers)} {e.value}" for e in reversed(Effect))
    out.print(f"{len(answers)} decisions over gRPC: {counts}; median {middle:.1f} ms as the caller saw it.")
    for answer in wrong:
        text = f"{answer.question.bundle}: “{answer.question.label}” should be {answer.question.expect.value}"
        out.print(text, style="red")
    if not wrong:
        out.print(f"Every answer is the expected one. Look inside one:\n\n{LOOK_INSIDE}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
