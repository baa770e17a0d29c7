"""Logs as the service writes them, made in this process with the small encoder: real parts, real files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from unittest import mock

from pdp import wiring
from pdp.config import load
from pdp.runtime import Caller, SessionRequest
from pdp.types import Action, Agent, Decision, Json, Principal, Request, Target
from tests.conftest import WordEncoder

READ = """\
id: read-invoices
description: Read invoices of one customer.
owner: billing@example.org
targets: [{kind: table, name: "*"}]
actions: [read, list]
exemplars:
  - Read the unpaid invoices of a customer
  - Show open invoices of one customer
  - List invoices not paid yet
narrow: {read_only: true, obligations: [{type: notify}]}
"""
REMIND = """\
id: send-reminders
description: Send a reminder to a customer.
owner: billing@example.org
targets: [{kind: mailbox, name: "*"}]
actions: [send]
exemplars:
  - Send a reminder to the customer
  - Write to the customer about the late payment
  - Remind the customer of the invoice
narrow: {obligations: [{type: approval}]}
"""
RULES = """\
rules:
  - id: no-hurry
    effect: deny
    when: 'request.utterance.contains("urgent")'
    message: Nothing is urgent.
  - id: few-rows
    effect: deny
    when: 'has(action.params.limit) && action.params.limit > 1000.0'
    message: At most a thousand.
"""
FILES: Mapping[str, str] = {
    "bundle.yaml": "name: test\ndescription: A test.\nowner: billing@example.org\nsessions: {required: false}\n",
    "agents.yaml": 'agents:\n  - {id: "agent-*", owner: billing@example.org, intents: ["*"]}\n',
    "intents/read.yaml": READ,
    "intents/remind.yaml": REMIND,
    "rules/all.yaml": RULES,
    "tests/all.yaml": (
        "tests:\n  - name: an approved request\n    request:\n      agent: agent-1\n"
        "      utterance: Read the unpaid invoices of a customer\n      target: {kind: table, name: invoices}\n"
        "      action: {name: read}\n    expect: {effect: allow, intent: read-invoices}\n"
        "  - name: a reminder\n    request:\n      agent: agent-1\n      utterance: Send a reminder to the customer\n"
        "      target: {kind: mailbox, name: own}\n      action: {name: send}\n"
        "    expect: {effect: allow, intent: send-reminders}\n"
    ),
}
LIMITS: Mapping[str, Json] = {
    "format": 1,
    "encoder": WordEncoder.fingerprint,
    "default": {"accept": 0.8, "narrow": 0.5},
}
APPROVED = "Read the unpaid invoices of a customer"
UNSURE = "Read the unpaid invoices of your neighbour please"
FOREIGN = "Paint the garden fence green"
GATEWAY = Caller("gateway")


def write(directory: Path, changes: Mapping[str, str] | None = None, **limits: Json) -> Path:
    """A bundle for the small encoder, with ``changes`` to its files and to its thresholds."""
    for name, text in {**FILES, **(changes or {})}.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (directory / "calibration.json").write_text(json.dumps({**LIMITS, **limits}))
    return directory


def asks(utterance: str, action: str = "read", kind: str = "table", **params: Json) -> Request:
    """A request of the agent that the bundle names."""
    return Request("", Agent("agent-1"), utterance, Target(kind, "invoices"), Action(action, params), Principal("ada"))


async def record(
    place: Path, requests: Sequence[Request], bundle: Path | None = None, purpose: str = ""
) -> tuple[Path, tuple[Decision, ...]]:
    """A data directory that a service left behind after these decisions, and the decisions.

    ``purpose``: start a session with it and ask within it.
    """
    data = place / "data"
    made = bundle or write(place / "bundle")
    with mock.patch.object(wiring.OnnxEncoder, "load", return_value=WordEncoder()):
        parts = wiring.build(load(["--bundle", str(made), "--data-dir", str(data)], {}, place))
    parts.begin()
    await parts.administration.activate()
    session = ""
    if purpose and parts.runtime is not None:
        wanted = SessionRequest(Agent("agent-1"), purpose, Principal("ada"), request_id="s")
        answer = await parts.runtime.sessions.start(wanted, GATEWAY, None)
        session = answer.session_id
        assert session, answer.reasons
    found = [await parts.decisions.decide(replace(r, session_id=session), GATEWAY, None) for r in requests]
    await parts.close()
    return data, tuple(found)
