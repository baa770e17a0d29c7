"""Programs whose arguments are small programs or change everything: find, sed, awk, curl, tar, dd and their like.

Each reader gets the arguments behind the program and answers with the access and the word that made it so, which
becomes
part of the action (``find -delete``). Where the arguments cannot be read with certainty the answer is ``EXECUTE``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from pdp.native.shell_programs import ADMINISTER, DELETE, EXECUTE, READ, WRITE
from pdp.types import Access

Effect: TypeAlias = tuple[Access, str]
"""What the arguments do, and the word that says so; empty where the program's plain name says it."""

_CALM: Final[Effect] = (READ, "")
_FIND_WRITES: Final = frozenset({"-fprint", "-fprint0", "-fprintf", "-fls"})
_DEVICE: Final = re.compile(r"/dev/(?!null$|stdout$|stderr$|stdin$|tty$|fd/)")
_HARMLESS_OUTPUT: Final = frozenset({"-", "/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty"})


def matching_option(arguments: Sequence[str], raises: Mapping[str, Access]) -> Effect:
    """The worst of the options in ``raises`` that occur: glued values, clusters and abbreviated long names included."""
    worst: Effect = _CALM
    for argument in arguments:
        if argument == "--":
            break
        for option, access in raises.items():
            if access > worst[0] and _is_option(argument, option):
                worst = (access, option)
    return worst


def _is_option(argument: str, option: str) -> bool:
    if not option.startswith("-"):
        return argument == option
    if option.startswith("--"):
        name = argument.partition("=")[0]
        return len(name) > 3 and option.startswith(name)
    if argument == option:
        return True
    # A cluster of letters or a glued value: -uo, -ofile. A long option with one dash (-out) only matches as a whole.
    return len(option) == 2 and argument[:1] == "-" and argument[1:2] != "-" and option[1] in _letters(argument)


def _letters(argument: str) -> str:
    """The letters of a cluster as far as they can be options: up to the first comma, slash or the like."""
    return re.split(r"[^A-Za-z0-9]", argument[1:], maxsplit=1)[0]


def read_find(arguments: Sequence[str]) -> Effect:
    """``-exec`` and its like are read elsewhere, as commands of their own."""
    worst: Effect = _CALM
    for argument in arguments:
        if argument == "-delete":
            worst = max(worst, (DELETE, "-delete"))
        elif argument in _FIND_WRITES:
            worst = max(worst, (WRITE, argument))
    return worst


_SED_OPTION: Final = re.compile(
    r"-[nErsuz]+|--(?:quiet|silent|regexp-extended|separate|unbuffered|null-data|posix|debug|sandbox)"
)
_SED_ADDRESS: Final = r"(?:\d+(?:~\d+)?|\$|/(?:\\.|[^/\\\n])*/[IM]*)"
_SED_COMMAND: Final = re.compile(
    rf"\s*(?P<address>{_SED_ADDRESS}(?:\s*,\s*(?:{_SED_ADDRESS}|[+~]\d+))?)?\s*!?\s*"
    r"(?:[=dDgGhHnNpPxzF]|[qQl]\s*\d*|[aic](?:\\\n|\s)?[^\n]*|[bt]\s*\w*|:\s*\w+|[{}]|r\s*[^\n]+"
    r"|[sy](?P<end>[^\\\n\w\s])(?P<pattern>(?:\\.|(?!(?P=end))[^\\\n])*)(?P=end)"
    r"(?:\\.|(?!(?P=end))[^\\])*(?P=end)(?P<flags>[gpiImM0-9ew]*))?\s*(?:[;\n]|(?=\})|(?<=[{}])|\Z)",
    re.DOTALL,
)


def read_sed(arguments: Sequence[str]) -> Effect:
    """In-place edits write; the commands ``e`` and ``w``, script files and anything unusual execute."""
    scripts: list[str] = []
    rest: list[str] = []
    worst: Effect = _CALM
    place = 0
    while place < len(arguments):
        argument = arguments[place]
        place += 1
        if argument in {"-e", "--expression"} or re.fullmatch(r"-[nErsuz]*e", argument):
            scripts.extend(arguments[place : place + 1])
            place += 1
        elif argument.startswith("--expression="):
            scripts.append(argument.partition("=")[2])
        elif re.match(r"-[nErsuz]*i|--in-place(?:=|\Z)|--i", argument):
            worst = max(worst, (WRITE, "-i"))
        elif argument in {"-l", "--line-length"}:
            place += 1
        elif argument.startswith("-") and len(argument) > 1 and not _SED_OPTION.fullmatch(argument):
            return (EXECUTE, argument.partition("=")[0])
        elif not argument.startswith("-") or argument == "-":
            rest.append(argument)
    if not scripts:
        # BSD takes an empty word behind -i as the suffix, GNU as the script: read both.
        scripts = rest[:2] if rest[:1] == [""] else rest[:1]
    return max((worst, *(_sed_script(s) for s in scripts)))


def _sed_script(script: str) -> Effect:
    at = 0
    while at < len(script):
        command = _SED_COMMAND.match(script, at)
        if command is None or command.end() == at:
            return (EXECUTE, "script")
        flags, pattern, address = (command[g] or "" for g in ("flags", "pattern", "address"))
        if (
            "e" in flags
            or "w" in flags
            or _ends_in_brackets(pattern)
            or any(map(_ends_in_brackets, address.split("/")))
        ):
            return (EXECUTE, "script")
        at = command.end()
    return _CALM


def _ends_in_brackets(pattern: str) -> bool:
    """Whether an expression cut at its delimiter ends inside ``[...]``: programs differ on whether that ends it."""
    bare = re.sub(r"\\.", "", pattern, flags=re.DOTALL)
    started = max(bare.rfind("[]") + 2 if "[]" in bare else 0, bare.rfind("[^]") + 3 if "[^]" in bare else 0)
    return "[" in bare[bare.rfind("]") + 1 :] or (started > 0 and "]" not in bare[started:])


_AWK_TOKEN: Final = re.compile(r'"(?:\\.|[^"\\\n])*"|#[^\n]*|\|\||&&|[A-Za-z_]\w*|\d[\w.]*|\s+|.', re.DOTALL)
_AWK_REGEX: Final = re.compile(r"/((?:\\.|[^/\\\n])*)/")
_AWK_OPERAND: Final = re.compile(r"[\w\]\"]\Z")
_AWK_BEFORE_REGEX: Final = frozenset(
    {"", "(", ",", "~", "{", "}", ";", "!", "&&", "||", "\n", "print", "printf", "return"}
)
_AWK_ESCAPES: Final = re.compile(r"[|>@]|system")


def read_awk(arguments: Sequence[str]) -> Effect:
    """The program text decides; a program in a file is one that nobody has seen."""
    place = 0
    while place < len(arguments):
        argument = arguments[place]
        if argument in {"-F", "-v", "--field-separator", "--assign"}:
            place += 2
        elif re.match(r"-[Fv].|--(?:field-separator|assign)=|--(?:re-interval|posix|traditional)\Z", argument):
            place += 1
        elif argument == "--":
            place += 1
            break
        elif argument.startswith("-"):
            return (EXECUTE, argument.partition("=")[0])
        else:
            break
    return awk_program(arguments[place]) if place < len(arguments) else (EXECUTE, "")


def awk_program(text: str) -> Effect:
    """Read an awk program token by token, so that strings and expressions cannot hide what stands beside them."""
    worst: Effect = _CALM
    previous = ""
    printing = False
    depth = at = 0
    while at < len(text):
        if text[at] == "/" and not _is_division(previous):
            if previous not in _AWK_BEFORE_REGEX and _AWK_ESCAPES.search(text, at):
                return (EXECUTE, "program")
            regex = _AWK_REGEX.match(text, at)
            if regex is None or _ends_in_brackets(regex[1]):
                return (EXECUTE, "program")
            at, previous = regex.end(), "0"
            continue
        match = _AWK_TOKEN.match(text, at)
        sign = match[0] if match else text[at]
        at += len(sign)
        if sign in {"system", "@", "|", '"', "\\"}:
            return (EXECUTE, "program")
        if sign in {"print", "printf"}:
            printing, depth = True, 0
        elif sign in {";", "}", "{"} or (sign.isspace() and "\n" in sign):
            printing = False
        elif sign in {"(", "[", ")", "]"}:
            depth += 1 if sign in {"(", "["} else -1
        elif sign == ">" and printing and depth <= 0:
            worst = max(worst, (WRITE, "program"))
        if not sign.isspace() and not sign.startswith("#"):
            previous = sign
        elif "\n" in sign:
            previous = "\n"
    return worst


def _is_division(previous: str) -> bool:
    return _AWK_OPERAND.search(previous) is not None and previous not in _AWK_BEFORE_REGEX


_CURL_VALUES: Final = frozenset(
    """-H --header -A --user-agent -u --user -m --max-time --connect-timeout --retry --retry-delay --retry-max-time
    -e --referer
    -b --cookie -r --range -w --write-out --resolve --interface --limit-rate -C --continue-at --max-redirs --cacert
    --capath
    --proto -y -Y -x --proxy --url --connect-to --dns-servers -z --time-cond --tlsv --ciphers --noproxy
    --proxy-user""".split()
)
_CURL_PLAIN: Final = frozenset(
    """--silent --show-error --location --fail --fail-with-body --insecure --verbose --include --head --compressed
    --ipv4 --ipv6
    --get --globoff --http1.1 --http1.0 --http2 --no-progress-meter --progress-bar --tcp-nodelay --raw --no-buffer
    --netrc
    --location-trusted --tlsv1.2 --tlsv1.3 --ssl --ssl-reqd --no-keepalive --path-as-is""".split()
)
_CURL_LETTERS: Final = frozenset("sSLfkviIGg046#Nn12")
_CURL_DATA: Final = frozenset(
    "-d --data --data-raw --data-binary --data-urlencode --data-ascii --json -F --form --form-string".split()
)
_CURL_FILE_VALUES: Final = frozenset(
    """-o --output -D --dump-header -c --cookie-jar --output-dir --trace --trace-ascii --stderr --etag-save""".split()
)
_CURL_FILES: Final = _CURL_FILE_VALUES | frozenset(
    "-O --remote-name -J --remote-header-name --create-dirs --remote-name-all -R --remote-time".split()
)


def read_curl(arguments: Sequence[str]) -> Effect:
    """Requests by method; bodies and files written; any option not known to be harmless executes."""
    worst: Effect = _CALM
    queries = any(a in {"-G", "--get"} for a in arguments)
    place = 0
    while place < len(arguments):
        argument = arguments[place]
        place += 1
        name, glued, value = argument.partition("=")
        if argument.startswith("--") and glued:
            argument = name
        else:
            value = arguments[place] if place < len(arguments) else ""
        takes = not glued
        if argument in {"-X", "--request"} or re.fullmatch(r"-X\w+", argument):
            method = argument[2:] if re.fullmatch(r"-X\w+", argument) else value
            place += takes and argument in {"-X", "--request"}
            worst = max(worst, _method(method))
        elif argument in _CURL_DATA or re.match(r"-[dF].", argument):
            place += takes and argument in _CURL_DATA
            worst = max(worst, _CALM if queries else (WRITE, "POST"))
        elif argument in {"-T", "--upload-file"}:
            place += takes
            worst = max(worst, (WRITE, "PUT"))
        elif argument in _CURL_FILES:
            place += takes and argument in _CURL_FILE_VALUES
            worst = max(
                worst, _CALM if argument in {"-o", "--output"} and value in _HARMLESS_OUTPUT else (WRITE, argument)
            )
        elif argument in _CURL_VALUES:
            place += takes
        elif argument.startswith("-") and argument not in _CURL_PLAIN and not _is_curl_cluster(argument):
            return (EXECUTE, argument)
    return worst


def _is_curl_cluster(argument: str) -> bool:
    return argument[1:2] != "-" and set(argument[1:]) <= _CURL_LETTERS


def _method(text: str) -> Effect:
    access = {"GET": READ, "HEAD": READ, "OPTIONS": READ, "DELETE": DELETE}.get(text.upper(), WRITE)
    return (access, "" if access is READ else text.upper()[:16])


def read_wget(arguments: Sequence[str]) -> Effect:
    """Downloads write a file, unless they go to the terminal or nowhere."""
    if any(re.match(r"-e|--ex|--use-a|--post|--body|--method|--input-metalink|--config|--wa|-i", a) for a in arguments):
        return (EXECUTE, "options")
    pairs = zip(arguments, (*arguments[1:], ""), strict=False)
    to_terminal = any(
        a in {"-O-", "-qO-", "--spider"} or (re.fullmatch(r"-q?O", a) and b in _HARMLESS_OUTPUT) for a, b in pairs
    )
    return _CALM if to_terminal else (WRITE, "")


def read_tar(arguments: Sequence[str]) -> Effect:
    """Listing reads, creating and extracting write; an archive on another host or an unknown mode executes."""
    if not arguments:
        return (EXECUTE, "")
    first = arguments[0]
    letters = (
        first if not first.startswith("-") else "".join(_letters(a) for a in arguments if re.match(r"-[A-Za-z]", a))
    )
    if "I" in letters or "F" in letters:
        return (EXECUTE, "options")
    words = {a.partition("=")[0] for a in arguments if a.startswith("--")}
    modes = {m for m in "ctxruA" if m in re.sub(r"[fbCTXK].*", "", letters)}
    modes |= {
        m
        for m, w in (("c", "--create"), ("t", "--list"), ("x", "--extract"), ("x", "--get"), ("r", "--append"))
        if w in words
    }
    if len(modes) != 1 or any(re.match(r"[\w.-]+:|.*@.*:", a) for a in arguments):
        return (EXECUTE, "options")
    mode = modes.pop()
    return _CALM if mode == "t" else (WRITE, f"-{mode}")


def read_dd(arguments: Sequence[str]) -> Effect:
    """``of=`` writes a file; a device below it is the whole machine."""
    outputs = [a[3:] for a in arguments if a.startswith("of=")]
    if any(_DEVICE.match(o) for o in outputs):
        return (ADMINISTER, "of=/dev")
    return (WRITE, "of=") if any(o not in _HARMLESS_OUTPUT for o in outputs) else _CALM


def read_tee(arguments: Sequence[str]) -> Effect:
    """Writes every operand."""
    return (WRITE, "") if any(not a.startswith("-") and a not in _HARMLESS_OUTPUT for a in arguments) else _CALM


def read_date(arguments: Sequence[str]) -> Effect:
    """An operand that is no format sets the clock."""
    valued = {"-d", "--date", "-r", "--reference", "-f", "--file"}
    operands = [
        a
        for a, before in zip(arguments, ("", *arguments), strict=False)
        if a[:1] not in {"-", "+"} and before not in valued
    ]
    return (ADMINISTER, "set") if operands else _CALM


def _sets_with_operand(limit: int) -> Callable[[Sequence[str]], Effect]:
    def read(arguments: Sequence[str]) -> Effect:
        operands = [a for a in arguments if not a.startswith("-")]
        return (ADMINISTER, "set") if len(operands) > limit else _CALM

    return read


def _writes_second_operand(values: str) -> Callable[[Sequence[str]], Effect]:
    def read(arguments: Sequence[str]) -> Effect:
        skipped = {f"-{letter}" for letter in values}
        operands = [
            a
            for a, before in zip(arguments, ("", *arguments), strict=False)
            if not a.startswith("-") and before not in skipped
        ]
        return (WRITE, "output") if len(operands) > 1 else _CALM

    return read


def _reads_but_for(words: frozenset[str]) -> Callable[[Sequence[str]], Effect]:
    def read(arguments: Sequence[str]) -> Effect:
        return (ADMINISTER, "set") if words & set(arguments) or any("=" in a for a in arguments) else _CALM

    return read


READERS: Final[Mapping[str, Callable[[Sequence[str]], Effect]]] = {
    "find": read_find,
    "sed": read_sed,
    "awk": read_awk,
    "gawk": read_awk,
    "mawk": read_awk,
    "nawk": read_awk,
    "curl": read_curl,
    "wget": read_wget,
    "tar": read_tar,
    "dd": read_dd,
    "tee": read_tee,
    "date": read_date,
    "hostname": _sets_with_operand(0),
    "dnsdomainname": _sets_with_operand(0),
    "domainname": _sets_with_operand(0),
    "nodename": _sets_with_operand(0),
    "ifconfig": _sets_with_operand(1),
    "iwconfig": _sets_with_operand(1),
    "route": _sets_with_operand(0),
    "uniq": _writes_second_operand("fsw"),
    "xxd": _writes_second_operand("lcsog"),
    "sysctl": _reads_but_for(frozenset({"-w", "--write", "-p", "--load", "--system", "-f"})),
}
