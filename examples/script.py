"""What the agent of act two is for, and what it asks: ``session.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pdp.runtime import SessionRequest
from pdp.types import Agent, Principal, Request
from pdp.wire.document import request_from_document


@dataclass(frozen=True, slots=True)
class Script:
    """``intents``: which the declared purpose has to give. ``work`` and ``on_purpose`` are within them, ``astray`` is
    not: calls that the purpose admits, asked for in words that have nothing to do with it.
    """

    opening: SessionRequest
    intents: frozenset[str]
    work: tuple[Request, ...]
    on_purpose: Request
    astray: tuple[Request, ...]


def read_script(path: Path) -> Script:
    """The script in ``path``. Raises ``OSError``, and ``ValueError`` or ``KeyError`` for what is none."""
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    who = {"agent": told["agent"], "principal": told["principal"]}
    agent, principal = Agent(**told["agent"]), Principal(**told["principal"])
    return Script(
        opening=SessionRequest(agent, told["purpose"], principal, told["task"]),
        intents=frozenset(told["intents"]),
        work=tuple(_request(one, who) for one in told["work"]),
        on_purpose=_request(told["on_purpose"], who),
        astray=tuple(_request(one, who) for one in told["astray"]),
    )


def within(request: Request, session_id: str) -> Request:
    """The request as one of the session."""
    return replace(request, session_id=session_id)


def _request(document: Mapping[str, Any], who: Mapping[str, Any]) -> Request:
    call = {"server": "workspace", "tool": document["action"]["name"], "arguments": document["action"]["params"]}
    return request_from_document({**who, **document, "payload": {"mcp": call}})
