"""AgentDojo's tasks as requests to the PDP: what is asked, and the tool calls that answer it.

Reads ``user_tasks.jsonl`` and ``injection_tasks.jsonl``: one JSON object a line with ``id``, ``suite``, ``text`` and
``calls``, a list of ``{"tool": ..., "args": {...}}`` in order. (AgentDojo: Debenedetti et al., NeurIPS 2024.)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pdp.types import Action, Agent, JsonObject, McpPayload, Principal, Request, Target

TARGET_KINDS: Mapping[str, str] = {
    "add_calendar_event_participants": "calendar",
    "append_to_file": "drive",
    "get_balance": "account",
    "get_iban": "account",
    "get_most_recent_transactions": "account",
    "get_scheduled_transactions": "account",
    "get_user_info": "profile",
    "read_file": "document",
    "schedule_transaction": "account",
    "send_money": "account",
    "update_password": "profile",
    "update_scheduled_transaction": "account",
    "update_user_info": "profile",
    "cancel_calendar_event": "calendar",
    "create_calendar_event": "calendar",
    "create_file": "drive",
    "delete_email": "mailbox",
    "delete_file": "drive",
    "get_current_day": "clock",
    "get_day_calendar_events": "calendar",
    "get_draft_emails": "mailbox",
    "get_file_by_id": "drive",
    "get_received_emails": "mailbox",
    "get_sent_emails": "mailbox",
    "get_unread_emails": "mailbox",
    "list_files": "drive",
    "reschedule_calendar_event": "calendar",
    "search_calendar_events": "calendar",
    "search_contacts_by_email": "contacts",
    "search_contacts_by_name": "contacts",
    "search_emails": "mailbox",
    "search_files": "drive",
    "search_files_by_filename": "drive",
    "send_email": "mailbox",
    "share_file": "drive",
}
"""What each tool acts on, as the gateway in front of those tools is configured to say."""

OTHER_KIND = "tool"
"""The kind of a tool that is not in the table: no intent of the bundle names it, so it is denied."""


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call."""

    tool: str
    args: JsonObject


@dataclass(frozen=True, slots=True)
class Task:
    """One task: what is asked and the calls that carry it out, in order."""

    id: str
    text: str
    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class Suite:
    """The tasks of one suite that have calls, and how many have none and cannot be replayed."""

    name: str
    users: tuple[Task, ...]
    injections: tuple[Task, ...]
    users_without_calls: int
    injections_without_calls: int


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf the calls are made: ids as the bundle under test knows them."""

    agent: str
    principal: str


def load(directory: Path, name: str) -> Suite:
    """The tasks of suite ``name``. Raises ``OSError`` for missing files, ``ValueError`` for a suite without tasks."""
    users = _tasks(directory / "user_tasks.jsonl", name)
    injections = _tasks(directory / "injection_tasks.jsonl", name)
    if not users or not injections:
        msg = f"no tasks of suite {name!r} in {directory}"
        raise ValueError(msg)
    replayed_users = tuple(t for t in users if t.calls)
    replayed_injections = tuple(t for t in injections if t.calls)
    return Suite(
        name,
        replayed_users,
        replayed_injections,
        len(users) - len(replayed_users),
        len(injections) - len(replayed_injections),
    )


def _tasks(file: Path, suite: str) -> tuple[Task, ...]:
    records = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    return tuple(_task(r) for r in records if r["suite"] == suite)


def _task(record: Mapping[str, Any]) -> Task:
    return Task(record["id"], record["text"], tuple(Call(c["tool"], c["args"] or {}) for c in record["calls"]))


def request(text: str, call: Call, suite: str, caller: Caller, request_id: str) -> Request:
    """The question a gateway asks before ``call`` runs for somebody who said ``text``.

    Target and action are declared, and the MCP call is passed as payload, so that the PDP compares the two.
    """
    return Request(
        request_id=request_id,
        agent=Agent(caller.agent),
        principal=Principal(caller.principal),
        utterance=text,
        target=Target(TARGET_KINDS.get(call.tool, OTHER_KIND), suite),
        action=Action(call.tool, call.args),
        payload=McpPayload(suite, call.tool, call.args),
    )
