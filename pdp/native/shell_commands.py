"""Simple commands into what they do: program, action, access; wrappers opened, inner scripts read as scripts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from pdp.native.agreement import NotUnderstood
from pdp.native.shell_effects import effect_of, is_filter, worst_of
from pdp.native.shell_grammar import Command, parse
from pdp.native.shell_lexer import tokenise
from pdp.native.shell_paths import holds_credentials, is_system, loads_code
from pdp.native.shell_programs import COPIES, PROGRAMS
from pdp.native.shell_subcommands import SUBCOMMANDS
from pdp.native.shell_words import Word
from pdp.native.shell_wrappers import WRAPPERS, unwrap
from pdp.types import Access

MAX_STEPS: Final = 256
MAX_INNER: Final = 6

SHELLS: Final = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "rbash"})
_ASSIGNING: Final = frozenset(
    "read mapfile readarray getopts export declare typeset local readonly printf let set unset".split()
)
_EVALUATING: Final = _ASSIGNING | {"test", "[", "[["}
_PROGRAM_TEXTS: Final = frozenset({"sed", "awk", "gawk", "mawk", "nawk"})
_OPENED: Final = SHELLS | WRAPPERS.keys() | {"eval", "trap", "su", "find"}
_BIN: Final = re.compile(r"/(?:usr/(?:local/)?)?s?bin/([^/]+)")
_DEFERRED: Final = re.compile(r"\$\(|`|@P\}")
_NETWORK: Final = frozenset(
    """curl wget ssh scp sftp rsync nc ncat netcat socat telnet ftp lftp ping ping6 dig host nslookup traceroute
    tracepath mtr
    nmap whois aws gcloud az""".split()
)
_NO_FILE: Final = frozenset({"-", "/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty"})


@dataclass(frozen=True, slots=True)
class Step:
    """One program as it would run. ``via`` are the wrappers around it; a filter only works on piped input."""

    program: str
    action: str
    access: Access
    arguments: tuple[str, ...] = ()
    via: tuple[str, ...] = ()
    is_filter: bool = False


@dataclass(slots=True)
class Reading:
    """Everything a command line does, as found so far."""

    steps: list[Step] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)
    reads: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    assigned: set[str] = field(default_factory=set)

    def add(self, step: Step) -> None:
        """Note a step. Raises ``NotUnderstood`` when there are too many."""
        self.steps.append(step)
        if len(self.steps) > MAX_STEPS:
            raise NotUnderstood(f"ssh.command: more than {MAX_STEPS} steps")


@dataclass(frozen=True, slots=True)
class _Around:
    """What surrounds a command: wrappers, a pipe in front, arguments from input, the placeholder for them, depth."""

    via: tuple[str, ...] = ()
    piped: bool = False
    from_input: bool = False
    placeholder: str = ""
    depth: int = 0


def read_script(text: str, reading: Reading, around: _Around = _Around()) -> None:
    """Read ``text`` as a shell would and add every step to ``reading``."""
    if around.depth > MAX_INNER:
        raise NotUnderstood(f"ssh.command: scripts inside scripts deeper than {MAX_INNER}")
    script = parse(tokenise(text))
    reading.flags |= script.flags
    reading.assigned |= script.assigned
    for command in script.commands:
        _note_assignments(command, reading)
    loaders = sorted(name for name in reading.assigned if loads_code(name)) if reading.assigned else []
    if loaders and "environment" not in reading.flags:
        reading.flags.add("environment")
        reading.add(Step("environment", "environment", Access.EXECUTE, tuple(loaders), around.via))
    for command in script.commands:
        _read_command(command, reading, replace(around, piped=True) if command.piped and not around.piped else around)


def _note_assignments(command: Command, reading: Reading) -> None:
    reading.assigned.update(w.assigns for w in command.assignments)
    if command.words and command.words[0].text in _ASSIGNING:
        reading.assigned.update(w.text.partition("=")[0] for w in command.words[1:])
        reading.assigned.add("REPLY")


def _read_command(command: Command, reading: Reading, around: _Around) -> None:
    for word in command.assignments:
        _assignment(word, reading, around)
    for operator, word in command.redirects:
        _redirect(operator, word, reading, around)
    if command.words:
        _run(command.words, reading, around)
    elif command.assignments:
        reading.add(Step("assignment", "assignment", Access.READ, via=around.via, is_filter=True))


def _assignment(word: Word, reading: Reading, around: _Around) -> None:
    if loads_code(word.assigns) and "environment" not in reading.flags:
        reading.flags.add("environment")
        reading.add(Step("environment", "environment", Access.EXECUTE, (word.text,), around.via))
    _deferred(word, reading, around)


def _deferred(word: Word, reading: Reading, around: _Around) -> None:
    """Text kept for later that holds a substitution: arithmetic and ``[[`` evaluate array subscripts in variables."""
    if word.quoted and _DEFERRED.search(word.text.replace("$(...)", "")):
        reading.flags.add("deferred_substitution")
        reading.add(Step("eval", "eval", Access.EXECUTE, (word.text,), around.via))


def _redirect(operator: str, word: Word, reading: Reading, around: _Around) -> None:
    if operator in {"<<", "<<-", "<<<"}:
        return
    if word.text.startswith(("/dev/tcp/", "/dev/udp/")) or (word.dynamic and "/dev/" in word.text):
        reading.flags.add("network")
        reading.add(Step("redirect", "redirect", Access.EXECUTE, (word.text,), around.via))
        return
    if operator in {"<", "<&"} or word.text in _NO_FILE:
        if operator == "<" and word.text not in _NO_FILE:
            _note_path(word.text, reading)
            reading.reads.append(word.text)
        return
    if operator == ">&" and (word.text.isdigit() or word.text == "-"):
        return
    reading.writes.append(word.text)
    access = _on_paths(Access.WRITE, [word.text], reading)
    reading.add(Step("redirect", "redirect", access, (word.text,), around.via))


def _note_path(path: str, reading: Reading) -> None:
    if holds_credentials(path):
        reading.flags.add("credential_path")


def _on_paths(access: Access, paths: Sequence[str], reading: Reading) -> Access:
    """A change to the system's own files, or in a directory of theirs, is a change to the system."""
    for path in paths:
        _note_path(path, reading)
        if access in {Access.WRITE, Access.DELETE} and (is_system(path) or "system_directory" in reading.flags):
            reading.flags.add("system_path")
            return Access.ADMINISTER
    return access


def _run(words: Sequence[Word], reading: Reading, around: _Around) -> None:
    """One program with its arguments, wrappers opened."""
    if around.depth > MAX_INNER:
        raise NotUnderstood(f"ssh.command: wrappers inside wrappers deeper than {MAX_INNER}")
    program = _program(words[0])
    arguments = words[1:]
    if around.placeholder and around.placeholder in program:
        raise NotUnderstood("ssh.command: the program comes from the input")
    if program not in _OPENED:
        _plain(program, arguments, reading, around)
        return
    inner = replace(around, via=(*around.via, program), depth=around.depth + 1)
    if program in SHELLS:
        _shell(program, arguments, reading, inner)
    elif program == "eval":
        _inner_script(arguments, reading, inner)
    elif program == "trap" and len(arguments) > 1 and arguments[0].text not in {"-", "-p", "-l"}:
        _inner_script(arguments[:1], reading, inner)
    elif program == "su":
        _su(arguments, reading, inner)
    elif program in WRAPPERS:
        _wrapped(program, arguments, reading, inner)
    else:
        if program == "find":
            _find_commands(arguments, reading, inner)
        _plain(program, arguments, reading, around)


def _program(word: Word) -> str:
    if word.dynamic or (word.globs and word.text not in {"[", "[["}):
        raise NotUnderstood("ssh.command: which program runs is only known when it runs")
    in_bin = _BIN.fullmatch(word.text)
    name = in_bin[1] if in_bin else word.text
    if not name or not name.isprintable():
        raise NotUnderstood("ssh.command: a program without a readable name")
    return name


def _shell(program: str, words: Sequence[Word], reading: Reading, around: _Around) -> None:
    takes_script = False
    place = 0
    while place < len(words) and words[place].text.startswith(("-", "+")) and not words[place].dynamic:
        text = words[place].text
        place += 1
        if text in {"-o", "+o", "-O", "+O"}:
            place += 1
        elif text.startswith("--") and text not in {"--", "--login", "--norc", "--noprofile", "--posix"}:
            break
        elif not text.startswith("--"):
            takes_script = takes_script or "c" in text
    if takes_script and place < len(words):
        _inner_script(words[place : place + 1], reading, around)
        return
    reading.flags.add("shell")
    arguments = tuple(w.text for w in words)
    reading.add(Step(program, program, Access.EXECUTE, arguments, around.via[:-1]))


def _inner_script(words: Sequence[Word], reading: Reading, around: _Around) -> None:
    if any(w.dynamic or (w.globs and not w.quoted) for w in words):
        raise NotUnderstood("ssh.command: a script that is only known when it runs")
    text = " ".join(w.text for w in words)
    if around.placeholder and around.placeholder in text:
        reading.flags.add("input_as_code")
        reading.add(Step("eval", "eval", Access.EXECUTE, (text,), around.via))
    read_script(text, reading, around)


def _su(words: Sequence[Word], reading: Reading, around: _Around) -> None:
    reading.flags.add("privileged")
    for place, word in enumerate(words):
        if word.text in {"-c", "--command"} and place + 1 < len(words):
            _inner_script(words[place + 1 : place + 2], reading, around)
            return
        if word.text.startswith("-") and word.text not in {"-", "-l", "--login"}:
            break
    reading.add(Step("su", "su", Access.ADMINISTER, tuple(w.text for w in words), around.via[:-1]))


def _wrapped(program: str, words: Sequence[Word], reading: Reading, around: _Around) -> None:
    found = unwrap(program, words)
    if program in {"sudo", "doas"}:
        reading.flags.add("privileged")
    inside = list(found.words)
    while program in {"env", "sudo", "doas"} and inside and inside[0].assigns:
        _assignment(inside.pop(0), reading, around)
    arguments = tuple(w.text for w in words)
    if found.starts_shell:
        reading.flags.add("shell")
        reading.add(Step(program, program, Access.ADMINISTER, arguments, around.via[:-1]))
    if found.asks or not inside:
        reading.add(Step(program, program, Access.READ, arguments, around.via[:-1]))
    elif program == "watch":
        _inner_script(inside, reading, around)
    elif program == "xargs":
        _run(inside, reading, replace(around, from_input=True, placeholder=found.replaces))
    else:
        _run(inside, reading, around)


def _find_commands(words: Sequence[Word], reading: Reading, around: _Around) -> None:
    place = 0
    while place < len(words):
        if words[place].text in {"-exec", "-execdir", "-ok", "-okdir"}:
            ends = (i for i in range(place + 2, len(words)) if _ends_exec(words, i))
            end = next(ends, None)
            if end is None:
                raise NotUnderstood("ssh.command: the command of find -exec has no end")
            _run(words[place + 1 : end], reading, replace(around, placeholder="{}", piped=False))
            place = end
        place += 1


def _ends_exec(words: Sequence[Word], place: int) -> bool:
    return words[place].text == ";" or (words[place].text == "+" and words[place - 1].text == "{}")


def _plain(program: str, words: Sequence[Word], reading: Reading, around: _Around) -> None:
    arguments = tuple(w.text for w in words)
    action, access = effect_of(program, arguments)
    if program not in PROGRAMS and program not in SUBCOMMANDS:
        reading.flags.add("unknown_program")
    at_worst = worst_of(program)
    if access < at_worst and _uncertain(program, words, reading, around):
        reading.flags.add("arguments_unknown")
        access = at_worst
    if program in _EVALUATING:
        for word in words:
            _deferred(word, reading, around)
    if program in _NETWORK:
        reading.flags.add("network")
    operands = [a for a in arguments if not a.startswith("-")]
    if program in COPIES:
        for path in operands[:-1]:
            _note_path(path, reading)
    if program in {"cd", "pushd"} and any(is_system(o) for o in operands):
        reading.flags.add("system_directory")
    written = operands[-1:] if program in COPIES else operands
    access = _on_paths(access, [p.removeprefix("of=") for p in written], reading)
    filters = around.piped and not around.from_input and access is Access.READ and is_filter(program, arguments)
    reading.add(Step(program, action, access, arguments, around.via, filters))


def _uncertain(program: str, words: Sequence[Word], reading: Reading, around: _Around) -> bool:
    """Whether arguments that decide what the program does are only known when it runs."""
    if around.from_input:
        return not around.placeholder or any(w.text.startswith(around.placeholder) for w in words)
    if not any(w.dynamic for w in words):
        return False
    every = program in _PROGRAM_TEXTS
    return any(
        w.open_substitution
        or (every and w.substitutes)
        or any(v in reading.assigned or v in "@*" or v.isdigit() for v in (w.variables if every else w.open_variables))
        for w in words
    )
