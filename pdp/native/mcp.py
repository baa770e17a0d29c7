"""MCP ``tools/call``: the tool is the action, its arguments are the params.

The payload does not say which object the tool acts on, so a declared target stands; ``target_in_arguments`` tells rules
whether its name occurs among the arguments. Access is guessed from the verbs of the tool's name and may be unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from pdp.native.agreement import Native, NotUnderstood, settle
from pdp.types import Access, Action, Derived, Json, JsonObject, McpPayload, Target

_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SEPARATORS: Final = re.compile(r"__|[./:]")
_TOOL: Final = re.compile(r"[\w.:/\- ]{1,128}")

VERBS: Final[Mapping[str, Access]] = {
    verb: access
    for access, verbs in {
        Access.READ: """get list search read find fetch query describe show view check count lookup look browse
            inspect retrieve summarize summarise download export preview validate verify compare estimate calculate
            compute convert translate analyze analyse ping status whoami help tail scan select watch track detect
            suggest is has""",
        Access.WRITE: """create add update set write edit append put insert upload move rename send post reply
            forward schedule reschedule book reserve share invite modify patch save store publish submit tag label
            mark assign unassign comment copy merge commit push upsert replace change import enable register
            subscribe unsubscribe make draft pay order buy purchase transfer archive attach link react like follow
            accept reject close reopen open log fill type click press drag notify message email call""",
        Access.DELETE: "delete remove cancel clear drop purge destroy erase trash wipe uninstall revert truncate",
        Access.EXECUTE: """run execute exec invoke start stop restart trigger deploy install eval evaluate launch kill
            spawn shell bash terminal command apply script reboot""",
        Access.ADMINISTER: "grant revoke authorize authorise impersonate elevate sudo escalate approve disable reset",
    }.items()
    for verb in verbs.split()
}

# After a leading verb these are more often nouns ("get_run_status", "list_orders_to_ship") than a second verb.
_OFTEN_NOUNS: Final = frozenset(
    """update post call start stop run share order message email comment tag label mark change move log type status
    link like copy draft query view check count search schedule book store command script shell transfer track
    subscribe follow save close open watch scan help set make import press reset""".split()
)


def access_of(tool: str) -> Access:
    """The worst access among the verbs in a tool's name; nouns that look like verbs count only where no verb leads."""
    last = _SEPARATORS.split(tool)[-1] or tool
    worst: Access | None = None
    for word in _WORDS.findall(last):
        verb = word.lower()
        access = VERBS.get(verb)
        if access is None or (worst is not None and verb in _OFTEN_NOUNS):
            continue
        worst = access if worst is None else max(worst, access)
    return Access.UNKNOWN if worst is None else worst


def derive(payload: McpPayload, target: Target, action: Action) -> Derived:
    """Derive from a tool call. The declared action must be the tool, declared params all of its arguments."""
    if not _TOOL.fullmatch(payload.tool):
        raise NotUnderstood("mcp.tool: expected 1 to 128 letters, digits, spaces or any of _ . : / -")
    facts: JsonObject = {
        "server": payload.server,
        "tool": payload.tool,
        "argument_names": sorted(payload.arguments),
        "target_in_arguments": bool(target.name) and target.name in set(_strings(payload.arguments)),
        "flags": [],
    }
    native = Native(
        kind="mcp",
        target=Target("mcp", payload.server),
        action=Action(payload.tool, payload.arguments),
        access=access_of(payload.tool),
        facts=facts,
        contradictions=_server(payload.server, target),
        whole_params=True,
        any_target=True,
    )
    return settle(native, target, action)


def _server(server: str, declared: Target) -> tuple[str, ...]:
    if declared.kind == "mcp" and declared.name and declared.name != server:
        return (f"target: declared mcp server {declared.name[:80]!r}, but the call goes to {server[:80]!r}",)
    return ()


def _strings(value: Json) -> Iterator[str]:
    """Every string in ``value``, and every number as one would write it."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, (int, float)) and not isinstance(item, bool):
            yield f"{item:.15g}"
        elif isinstance(item, Mapping):
            pending.extend(item.values())
        elif isinstance(item, Sequence):
            pending.extend(item)
