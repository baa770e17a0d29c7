"""``sessions`` and ``session start | end | show``."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence

from rich.text import Text

from pdp.cli.answers import explain_reason
from pdp.cli.channels import connected
from pdp.cli.exits import Exit, Usage
from pdp.cli.moments import moment
from pdp.cli.output import compact, console, print_json, table
from pdp.runtime import SessionAnswer, SessionReport, SessionRequest
from pdp.types import Agent, Json, Principal


def sessions(arguments: argparse.Namespace) -> Exit:
    """Print sessions, the newest first."""
    with connected(arguments) as client:
        found = client.sessions(only_open=arguments.open, agent=arguments.agent, limit=_count(arguments.limit))
    if arguments.json:
        print_json([dataclasses.asdict(session) for session in found])
    else:
        _print_sessions(found)
    return Exit.OK


def start(arguments: argparse.Namespace) -> Exit:
    """Open a session; the exit code says whether it was refused."""
    wanted = SessionRequest(
        agent=Agent(arguments.agent, arguments.instance),
        purpose=arguments.purpose,
        principal=Principal(arguments.principal),
        task=arguments.task,
        seconds=arguments.seconds,
        intents=tuple(arguments.intent),
        budget=_budget(arguments.budget),
    )
    with connected(arguments) as client:
        answer = client.start_session(wanted)
    if arguments.json:
        print_json(_document(answer))
    else:
        _print_answer(answer)
    return Exit.OK if answer.session_id else Exit.NO


def end(arguments: argparse.Namespace) -> Exit:
    """End a session."""
    with connected(arguments) as client:
        ended = client.end_session(arguments.session, arguments.reason)
    if arguments.json:
        print_json(dataclasses.asdict(ended))
    else:
        text = "ended" if ended.was_open else "had ended before"
        grants = f"{ended.grants_ended} grant{'s' if ended.grants_ended != 1 else ''} ended with it"
        console().print(f"{arguments.session} {text}, {grants}", soft_wrap=True)
    return Exit.OK


def show(arguments: argparse.Namespace) -> Exit:
    """Print a session as it stands."""
    with connected(arguments) as client:
        found = client.session(arguments.session)
    if arguments.json:
        print_json(dataclasses.asdict(found))
    else:
        _print_session(found)
    return Exit.OK


def _print_sessions(found: tuple[SessionReport, ...]) -> None:
    out = console()
    if found:
        rows = table("session", "agent", "for", "intents", "started", "expires", "state", whole=("session",))
        for session in found:
            rows.add_row(
                session.id,
                _agent(session),
                "\n".join(part for part in (session.principal, session.task) if part) or "-",
                "\n".join(session.intents),
                moment(session.started),
                moment(session.expires),
                _state(session),
            )
        out.print(rows)
    out.print(f"{len(found) or 'no'} session{'s' if len(found) != 1 else ''}")


def _print_session(session: SessionReport) -> None:
    out = console()
    out.print(Text.assemble(_state(session), f"  {session.id}"), soft_wrap=True)
    facts = {
        "agent": _agent(session),
        "principal": session.principal,
        "task": session.task,
        "gateway": session.gateway,
        "intents": ", ".join(session.intents),
        "started": moment(session.started),
        "expires": moment(session.expires),
    }
    for name, value in facts.items():
        out.print(f"{name:<9} {value or '-'}", soft_wrap=True)
    if session.numbers:
        rows = table("number", ">value")
        for name, number in session.numbers.items():
            rows.add_row(f"session.{name}", compact(number))
        out.print(rows)


def _print_answer(answer: SessionAnswer) -> None:
    out = console()
    if answer.session_id:
        out.print(Text.assemble(("open", "bold green"), f"  {answer.session_id}"), soft_wrap=True)
        out.print(f"intents   {', '.join(answer.intents) or '-'}", soft_wrap=True)
        out.print(f"expires   {moment(answer.expires)}")
    else:
        out.print(Text("refused", style="bold red"))
    for reason in answer.reasons:
        out.print(f"because   {explain_reason(reason)}", soft_wrap=True)


def _document(answer: SessionAnswer) -> Json:
    reasons = [{"code": r.code.value, "text": r.text, "rule_id": r.rule_id} for r in answer.reasons]
    return {**dataclasses.asdict(answer), "reasons": reasons}


def _agent(session: SessionReport) -> str:
    return f"{session.agent}/{session.instance}" if session.instance else session.agent


def _state(session: SessionReport) -> Text:
    return Text(session.ended) if session.ended else Text("open", style="bold green")


def _count(limit: int) -> int:
    if limit < 0:
        raise Usage(f"--limit {limit}: give a number from 1 on")
    return limit


def _budget(pairs: Sequence[str]) -> dict[str, float]:
    budget: dict[str, float] = {}
    for pair in pairs:
        name, _, number = pair.partition("=")
        try:
            budget[name] = float(number)
        except ValueError:
            raise Usage(f"--budget {pair}: write NAME=N") from None
    return budget
