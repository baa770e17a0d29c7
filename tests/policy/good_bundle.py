"""A bundle without a mistake, as text, for tests that change one thing in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

BUNDLE = """\
name: help-desk
description: What the help desk's agents may do.
owner: help-desk@example.com
constants: {internal_domains: [example.com], most: 10}
networks: {office: ["10.0.0.0/8", "2001:db8::/32"]}
windows:
  business_hours: {days: [mon, tue, wed], start: "08:00", until: "18:00", timezone: Europe/Berlin}
"""

READ = """\
# What the desk does all day.
id: read-tickets
description: Look up tickets.
owner: desk-team
agents: ["desk-*"]
targets:
  - {kind: ticket, name: "*"}
actions: [search_tickets, get_ticket]
exemplars:
  - Show me my open tickets.      # the usual one
  - "What did the customer write?"
  - 'Find the ticket about the printer.'
counter_exemplars:
  - Delete my open tickets.
thresholds: {accept: 0.6, narrow: 0.5}
narrow:
  params: [{param: limit, at_most: 20, at_least: 1}, {param: state, one_of: [open, 1]}]
  read_only: true
  row_limit: 100
  obligations: [{type: notify, properties: {to: owner}}]
rules:
  - id: no-passwords
    effect: deny
    when: 'facts.words.exists(w, w == "password")'
    message: Passwords stay with the person.
  - id: few-at-once
    effect: narrow
    when: true
    message: At most fifty.
    mode: shadow
    narrow: {params: [{param: path, prefix: /srv/}, {param: bcc, remove: true}]}
grant: {seconds: 60, uses: 1}
"""

CLOSE = """\
id: close-tickets
description: Close a ticket.
owner: desk-team
targets: [{kind: ticket, name: "*"}]
actions: [close_ticket]
exemplars: [Close ticket 12., "Mark it as done, please.", The customer is happy.]
"""

RULES = """\
rules:
  - id: only-at-work
    effect: require
    when: >-
      facts.windows.business_hours
      && action.name != ""
    message: Only during business hours.
"""

AGENTS = """\
agents:
  - {id: desk-bot, owner: desk-team, intents: [read-tickets]}
  - id: spiffe://example.com/agent/*
    owner: desk-team
    description: Everyone else.
    intents: ["*-tickets"]
"""

CALIBRATION = """\
{
  "format": 1,
  "encoder": "sha256:00ff",
  "default": {"accept": 0.6, "narrow": 0.5},
  "intents": {"read-tickets": {"accept": 0.7, "narrow": 0.4}},
  "counter_weight": 1.5,
  "counter_gap": 0.1,
  "notes": {"made": "by hand"}
}
"""

TESTS = """\
tests:
  - name: an agent looks up tickets
    now: 2026-01-06T09:30:00+01:00
    request:
      agent: {id: desk-bot, instance: a1, attributes: {team: desk}}
      principal: ada@example.com
      session: s1
      utterance: Show me my open tickets.
      target: {kind: ticket, name: "7", attributes: {open: true}}
      action: {name: get_ticket, params: {limit: 5}}
      context: {channel: chat}
    expect: {effect: allow, intent: read-tickets, reasons: [allowed], obligations: [notify], params: {limit: 5}}
  - name: a call by its payload
    request:
      agent: desk-bot
      utterance: ""
      payload: {http: {method: GET, host: desk.example.com, path: /tickets, headers: {accept: text/plain}}}
    expect: {effect: deny, intent: "", reasons: [no_utterance]}
"""

FILES: Mapping[str, str] = {
    "agents.yaml": AGENTS,
    "bundle.yaml": BUNDLE,
    "calibration.json": CALIBRATION,
    "intents/close.yml": CLOSE,
    "intents/read.yaml": READ,
    "rules/all.yaml": RULES,
    "tests/desk.yaml": TESTS,
}


def write(directory: Path, files: Mapping[str, str | bytes] = FILES) -> Path:
    """Write ``files`` below ``directory``."""
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return directory
