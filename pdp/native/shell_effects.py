"""What one program with its arguments does: the name of the action and the access."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from pdp.native.shell_options import READERS, Effect, matching_option
from pdp.native.shell_programs import FILTERS, NO_ARGUMENTS_READ, PROGRAMS, QUERIES, RAISES, VERSION_OPTIONS
from pdp.native.shell_subcommands import SUBCOMMANDS, Subcommands
from pdp.types import Access

_GREPS: Final = frozenset({"grep", "egrep", "fgrep"})
_FILE_OPTIONS: Final = re.compile(r"--\w*(?:file|from|recursive|director)|-[A-Za-z]*[rR]")


def worst_of(program: str) -> Access:
    """The worst that arguments can make of the program; ``READ`` where they do not matter."""
    worst = max(RAISES.get(program, {}).values(), default=Access.READ)
    if program in SUBCOMMANDS:
        return max(worst, Access.EXECUTE, SUBCOMMANDS[program].other)
    return max(worst, Access.EXECUTE) if program in READERS else worst


def effect_of(program: str, arguments: tuple[str, ...]) -> tuple[str, Access]:
    """The action's name and access. The name shows an option that makes the call worse than the plain program."""
    if len(arguments) == 1 and arguments[0] in VERSION_OPTIONS and program in PROGRAMS:
        return program, Access.READ
    subcommands = SUBCOMMANDS.get(program)
    if subcommands is not None:
        return _subcommand(program, subcommands, arguments)
    options = [a for a in arguments if a.startswith("-")]
    asked = _asks(program, options)
    if asked:
        return f"{program} {asked}", Access.READ
    if not arguments and program in NO_ARGUMENTS_READ:
        return program, Access.READ
    base = PROGRAMS.get(program, Access.EXECUTE)
    effects = [matching_option(arguments, RAISES[program])] if program in RAISES else []
    reader = READERS.get(program)
    if reader is not None:
        effects.append(reader(arguments))
        base = Access.READ
    worst: Effect = max(effects, key=_access, default=(Access.READ, ""))
    return (f"{program} {worst[1]}".strip(), worst[0]) if worst[0] > base else (program, base)


def _access(effect: Effect) -> Access:
    return effect[0]


def _asks(program: str, options: Sequence[str]) -> str:
    """The option that makes the call a question, when every option is one or goes with one."""
    if program not in QUERIES or not options:
        return ""
    asking, beside = QUERIES[program]
    given: list[str] = []
    for option in options:
        name = option.partition("=")[0]
        letters = [f"-{c}" for c in name[1:]]
        whole = name in asking or name in beside or name.startswith("--")
        given.extend([name] if whole else letters)
    if not set(given) <= asking | beside:
        return ""
    return next((g for g in given if g in asking), "")


def _subcommand(program: str, known: Subcommands, arguments: tuple[str, ...]) -> tuple[str, Access]:
    place = 0
    while place < len(arguments) and arguments[place].startswith("-"):
        option, glued, _ = arguments[place].partition("=")
        if option in known.values:
            place += 1 if glued else 2
        elif option in known.plain or option in VERSION_OPTIONS:
            place += 1
        else:
            return f"{program} {option}", max(Access.EXECUTE, known.other)
    words = arguments[place:]
    if not words:
        return program, known.alone
    if known.name_first:
        words = (*words[1:2], words[0], *words[2:])
    two = " ".join(words[:2])
    name = two if two in known.words else words[0]
    access = known.words.get(name, known.other)
    rest = words[name.count(" ") + 1 :]
    raised = max(
        (matching_option(rest, _raises_for(known, name)), *((known.raises[w], w) for w in rest if w in known.raises))
    )
    if (
        name in known.creates
        and any(not a.startswith("-") for a in rest)
        and not any(a in {"-l", "--list"} for a in rest)
    ):
        raised = max(raised, (Access.WRITE, "create"))
    if program == "kubectl" and any(re.match(r"secrets?(?:[/.,]|\Z)|.*,secrets?", w) for w in rest):
        raised = max(raised, (Access.ADMINISTER, "secrets"))
    shown = name if re.fullmatch(r"[\w .:-]{1,48}", name) else "?"
    return (f"{program} {shown} {raised[1]}", raised[0]) if raised[0] > access else (f"{program} {shown}", access)


def _raises_for(known: Subcommands, name: str) -> dict[str, Access]:
    found: dict[str, Access] = {}
    for option, access in known.raises.items():
        command, space, bare = option.partition(" ")
        if not space:
            found[option] = access
        elif command == name.partition(" ")[0]:
            found[bare] = access
    return found


def is_filter(program: str, arguments: Sequence[str]) -> bool:
    """Whether the program, given something on its input, reads nothing else."""
    if program not in FILTERS:
        return False
    allowed, values = FILTERS[program]
    operands = 0
    skip = False
    for argument in arguments:
        if skip:
            skip = False
        elif not argument.startswith("-") or argument == "-":
            operands += 1
        elif _reads_files(program, argument):
            return False
        else:
            skip = len(argument) == 2 and argument[1] in values
            if argument.startswith("-e"):
                allowed = 0
    return operands <= allowed


def _reads_files(program: str, option: str) -> bool:
    if option.startswith("--") or program in _GREPS:
        return _FILE_OPTIONS.match(option) is not None or (program in _GREPS and option.startswith("-f"))
    return program in {"sed", "jq", "awk", "gawk", "mawk", "nawk"} and re.match(r"-[A-Za-z]*f", option) is not None
