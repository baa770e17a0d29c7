"""Programs that run another program: where their own options end and the other's name begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pdp.native.agreement import NotUnderstood
from pdp.native.shell_words import Word


@dataclass(frozen=True, slots=True)
class Wrapper:
    """``flags`` are option letters without a value, ``values`` those with one; ``operands`` stand before the program.

    ``elsewhere`` letters start a shell or do something else than run the program; ``asks`` letters only ask.
    """

    flags: str = ""
    values: str = ""
    long_flags: frozenset[str] = frozenset()
    long_values: frozenset[str] = frozenset()
    operands: int = 0
    elsewhere: str = ""
    asks: str = ""


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


WRAPPERS: Final[Mapping[str, Wrapper]] = {
    "sudo": Wrapper(
        "AbEHnPSkK", "ughpCDRTUrt", _set("--non-interactive --preserve-env --login --set-home --stdin --background"),
        _set("--user --group --host --prompt --chdir"), elsewhere="isKe", asks="lvV",
    ),
    "doas": Wrapper("nL", "uC", elsewhere="s"),
    "nohup": Wrapper(),
    "setsid": Wrapper("cfw", long_flags=_set("--ctty --fork --wait")),
    "nice": Wrapper("0123456789", "n", long_values=_set("--adjustment")),
    "ionice": Wrapper("t0123", "cn", long_values=_set("--class --classdata")),
    "timeout": Wrapper("v", "ks", _set("--preserve-status --foreground --verbose"), _set("--kill-after --signal"),
        operands=1),
    "time": Wrapper("pvq", "f", _set("--portability --verbose --quiet"), _set("--format")),
    "stdbuf": Wrapper("", "ioe", long_values=_set("--input --output --error")),
    "env": Wrapper("i0v", "uC", _set("--ignore-environment --null --debug"), _set("--unset --chdir"), elsewhere="S"),
    "xargs": Wrapper(
        "0rtpxo", "aEeIiLlnPsd", _set("--null --no-run-if-empty --verbose --interactive --exit --open-tty"),
        _set("--arg-file --delimiter --eof --replace --max-lines --max-args --max-procs --max-chars"),
    ),
    "command": Wrapper("p", asks="vV"),
    "builtin": Wrapper(),
    "exec": Wrapper("cl", "a"),
    "flock": Wrapper("nxsuoeFv", "wE", _set("--nonblock --exclusive --shared --close --no-fork --verbose"),
                     _set("--timeout --conflict-exit-code"), operands=1, elsewhere="c"),
    "watch": Wrapper("bcdegptwx", "n", _set("--no-title --differences --errexit --beep --color --exec --chgexit"),
                     _set("--interval")),
    "taskset": Wrapper("ac", "p", _set("--all-tasks --cpu-list"), operands=1),
    "chrt": Wrapper("abfimoRrv", "TPD", operands=1),
    "busybox": Wrapper(),
    "toybox": Wrapper(),
    "unbuffer": Wrapper("p"),
}  # fmt: skip

# Letters whose value must be glued to them (xargs -i{} and -e, BSD leftovers): a separate word is not theirs.
_GLUED: Final = frozenset("eil")


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """What is inside: ``words`` of the program run, empty for none; ``replaces`` is the placeholder of ``xargs -I``."""

    words: Sequence[Word]
    options: tuple[str, ...] = ()
    replaces: str = ""
    starts_shell: bool = False
    asks: bool = False


def unwrap(name: str, words: Sequence[Word]) -> Unwrapped:
    """Skip the options and operands of wrapper ``name``. Raises ``NotUnderstood`` at one that is not known."""
    wrapper = WRAPPERS[name]
    place = 0
    options: list[str] = []
    replaces = ""
    starts_shell = asks = False
    while place < len(words):
        text = words[place].text
        if text == "--":
            place += 1
            break
        if not text.startswith("-") or text == "-":
            break
        if words[place].dynamic and not text.startswith(("-n", "-P", "-L", "-s", "-k", "-I")):
            raise _unknown(name)
        options.append(text)
        place += 1
        if text.startswith("--"):
            place += _long(name, wrapper, text)
            continue
        for at, letter in enumerate(text[1:], start=1):
            starts_shell = starts_shell or letter in wrapper.elsewhere
            asks = asks or letter in wrapper.asks
            if letter in wrapper.values:
                glued = text[at + 1 :]
                value = glued or ("" if name == "xargs" and letter in _GLUED else _value(words, place, name))
                place += not glued and not (name == "xargs" and letter in _GLUED)
                replaces = value or "{}" if name == "xargs" and letter in "Ii" else replaces
                break
            if letter not in wrapper.flags + wrapper.elsewhere + wrapper.asks:
                raise _unknown(name)
    return Unwrapped(words[place + wrapper.operands :], tuple(options), replaces, starts_shell, asks)


def _long(name: str, wrapper: Wrapper, text: str) -> int:
    option, glued, _ = text.partition("=")
    if option in wrapper.long_flags:
        return 0
    if option in wrapper.long_values:
        return 0 if glued else 1
    raise _unknown(name)


def _value(words: Sequence[Word], place: int, name: str) -> str:
    if place >= len(words):
        raise _unknown(name)
    return words[place].text


def _unknown(name: str) -> NotUnderstood:
    return NotUnderstood(f"ssh.command: an option of {name} that is not known, so what it runs is not either")
