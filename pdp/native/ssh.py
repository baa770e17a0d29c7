"""SSH commands: what the command line runs is the action, the host the target.

One program (behind a pipe, pure filters do not count) gives its name, with a subcommand or the option that makes it
worse:
``df``, ``systemctl restart``, ``find -delete``. Several programs give ``shell``; the single actions stand in
``payload.actions``. Access is the worst of all of them.
"""

from __future__ import annotations

from typing import Final

from pdp.native.addresses import read_host
from pdp.native.agreement import Description, Native, NotUnderstood, distinct, settle
from pdp.native.shell_commands import Reading, Step, read_script
from pdp.native.shell_paths import normal, paths_in, url_hosts
from pdp.types import Action, Derived, Json, SshPayload, Target

COMPOUND: Final = "shell"


def derive(payload: SshPayload, target: Target, action: Action) -> Derived:
    """Derive from a command line. ``action.params`` holds its operands, for rules about grounded values."""
    address = read_host(payload.host)
    reading = Reading()
    read_script(payload.command, reading)
    if not reading.steps:
        raise NotUnderstood("ssh.command: holds no command")
    actions = distinct(s.action for s in reading.steps)
    operands = distinct(a for s in reading.steps for a in s.arguments if a and not a.startswith("-"))
    redirected = (*reading.reads, *reading.writes)
    name = _action(reading.steps)
    host = address.host if address.port in {0, 22} else f"{address.host}:{address.port}"
    facts: dict[str, Json] = {
        "host": address.host,
        "user": payload.user,
        "commands": [_command(s) for s in reading.steps],
        "command_count": len(reading.steps),
        "programs": distinct(s.program for s in reading.steps),
        "actions": actions,
        "operands": operands,
        "paths": distinct(
            (*(p for s in reading.steps for a in s.arguments for p in paths_in(a)), *map(normal, redirected))
        ),
        "writes": distinct(normal(w) for w in reading.writes),
        "hosts": distinct(h for s in reading.steps for h in url_hosts(s.arguments)),
        "privileged": "privileged" in reading.flags,
        "flags": sorted({*reading.flags, *address.flags}),
    }
    native = Native(
        kind="ssh",
        target=Target("host", host, {"user": payload.user} if payload.user else {}),
        action=Action(name, {"operands": operands} if operands else {}),
        access=max(s.access for s in reading.steps),
        facts=facts,
        descriptions=(Description("host", payload.host, Target("host", host)),),
        action_names=frozenset({COMPOUND}),
    )
    return settle(native, target, action)


def _action(steps: list[Step]) -> str:
    names = distinct(s.action for s in steps if not s.is_filter) or distinct(s.action for s in steps)
    return names[0] if len(names) == 1 else COMPOUND


def _command(step: Step) -> Json:
    return {
        "program": step.program,
        "action": step.action,
        "access": step.access.name.lower(),
        "arguments": list(step.arguments),
        "via": list(step.via),
    }
