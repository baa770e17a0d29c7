"""What commands and statements quoted in a text do: SQL, shell, Kubernetes, git and cloud command lines.

Only the verb matters here; ``pdp.native`` parses real payloads. Reading is by words, as a plan holds fragments.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from pdp.intent.verbs import BASE, Verb, classes

_SQL_WORDS = frozenset(
    "select insert update delete drop truncate alter create grant revoke merge call set reindex vacuum".split()
)
_THINGS = (
    r"(?:table|database|schema|index|view|materialized|column|sequence|trigger|function|procedure|constraint|partition"
    r"|extension|policy)"
)
_PEOPLE = r"(?:role|user|login|group)"
_SQL = tuple(
    (re.compile(pattern, re.IGNORECASE), Verb(f"sql {name}", classes(letters)))
    for name, letters, pattern in (
        ("select", "R", r"\bselect\b(?!\s+on\b)[^;]{1,400}?\bfrom\s+[\w\"\[`.]+"),
        ("insert", "CU", r"\binsert\s+into\s+\S"),
        ("update", "U", r"\bupdate\s+[\w.\"`]+\s+(?:\w+\s+)?set\s+[\w.\"`]+\s*="),
        ("delete", "D", r"\bdelete\s+from\s+[\w.\"`]+\s*(?:;|$|\bwhere\b|\breturning\b|\busing\b)"),
        ("drop", "D", rf"\bdrop\s+(?:{_THINGS}|{_PEOPLE})\b"),
        ("truncate", "D", r"\btruncate\s+(?:table\s+)?[\w.\"`]+"),
        ("alter", "UA", rf"\balter\s+{_THINGS}\b"),
        ("alter system", "A", rf"\balter\s+(?:system|default|{_PEOPLE})\b"),
        (
            "create",
            "CU",
            rf"\bcreate\s+(?:or\s+replace\s+|unique\s+|temp\w*\s+)*{_THINGS}\s+(?:if not exists )?[\w.]*[_.;(]",
        ),
        ("create role", "A", rf"\bcreate\s+{_PEOPLE}\s+\S+\s+(?:with|password|identified|login|superuser)\b"),
        (
            "grant",
            "A",
            r"\bgrant\s+(?:all|select|insert|update|delete|usage|execute|[a-z_]+,)[^;]{0,120}\s+(?:to|on)\s",
        ),
        ("revoke", "A", r"\brevoke\s+(?:all|select|insert|update|delete|usage|execute)\b[^;]{0,120}\s+(?:from|on)\s"),
        ("merge", "U", r"\bmerge\s+into\s+\S"),
        ("call", "X", r"\bcall\s+[\w.]+\("),
        ("set", "A", r"\bset\s+(?:global|role|session)\s+[\w.]+\s*(?:=|to\b)"),
    )
)

_PROGRAMS: Mapping[str, str] = {
    program: letters
    for letters, programs in {
        "R": "cat ls less head tail grep egrep rg awk du df ps htop stat uniq diff journalctl dig nslookup netstat "
        "lsof uptime whoami id env which wc jq strings tree find ag tcpdump dmesg sort cut file host ss ping"
        " traceroute",
        "D": "rm rmdir shred unlink mkfs wipefs dd fdisk",
        "U": "mv sed tee patch rename",
        "CU": "cp touch mkdir ln tar zip gzip gunzip unzip bzip2 mktemp rsync",
        "A": "chmod chown chgrp setfacl usermod useradd userdel passwd visudo su groupadd adduser addgroup iptables "
        "ufw nft setenforce auditctl vault",
        "S": "scp sftp ftp nc ncat mail sendmail mutt",
        "X": "ssh bash sh zsh python python3 perl node eval exec crontab at nohup make apt apt-get yum dnf pip npm "
        "ansible ansible-playbook reboot systemd-run",
        "DX": "kill pkill killall shutdown halt poweroff",
        "RS": "curl wget http",
    }.items()
    for program in programs.split()
}
_SUBCOMMANDS: Mapping[str, Mapping[str, str]] = {
    program: {word: letters for letters, words in table.items() for word in words.split()}
    for programs, table in (
        (
            "kubectl oc",
            {
                "R": "get describe logs top explain diff version config api-resources events wait",
                "D": "delete",
                "CU": "apply create expose",
                "U": "patch edit set label annotate replace autoscale",
                "X": "exec rollout run drain cordon uncordon scale debug attach cp port-forward proxy taint",
                "A": "auth certificate",
            },
        ),
        (
            "git",
            {
                "R": "blame log show diff status grep fetch ls-files shortlog describe rev-parse ls-remote",
                "RC": "clone pull worktree",
                "U": "add commit merge rebase cherry-pick revert checkout switch branch tag stash mv",
                "DU": "reset rm clean filter-branch filter-repo restore gc reflog",
                "SU": "push",
            },
        ),
        (
            "docker podman nerdctl",
            {
                "R": "ps logs inspect images stats top info search events",
                "D": "rm rmi prune",
                "X": "run exec restart start kill stop pause build",
                "S": "push",
                "R ": "pull",
            },
        ),
        (
            "helm",
            {"R": "list status get history search template", "XU": "install upgrade rollback", "D": "uninstall delete"},
        ),
        ("terraform tofu", {"R": "plan show output validate state", "XU": "apply import", "D": "destroy taint"}),
        (
            "systemctl service rc-service",
            {
                "R": "status list-units cat show is-active",
                "X": "restart start stop reload",
                "AX": "enable disable mask",
            },
        ),
        ("psql mysql sqlite3 mongosh redis-cli", {"R": "-c -e --command -f"}),
    )
    for program in programs.split()
}
_CLOUDS = frozenset("aws gcloud az gsutil oci doctl s3cmd gh glab".split())
_CLOUD_WORDS: Mapping[str, str] = {
    word: letters
    for letters, words in {
        "R": "ls list describe get head show view status lookup query filter read scan download tail estimate check",
        "C": "create run import add register put allocate upload copy start-backup snapshot snapshots backup cp mb",
        "U": "update modify set edit tag untag attach detach associate disassociate move mv sync restore resize rename",
        "D": "delete rm rb remove terminate destroy deregister purge release empty cancel",
        "X": "start stop reboot restart invoke execute send-command ssh deploy",
        "A": "authorize revoke grant enable disable assume add-iam-policy-binding set-iam-policy attach-role-policy",
        "S": "publish send",
    }.items()
    for word in words.split()
}
# English words as well: a command only with an argument that no sentence has.
_ALSO_ENGLISH = frozenset(
    """
    at awk cat cut dd diff env exec file find git halt head helm host http id kill less make mail mount node oc passwd
    patch
    pip ps reboot rename service sh shutdown sort ss stat strings su tail tee top touch tree unlink vault wait which zip
    """.split()
)
_KNOWN = frozenset(_PROGRAMS) | frozenset(_SUBCOMMANDS) | _CLOUDS
_SEGMENT = re.compile(r"\s*(?:\|\|?|&&?|;|->|=>|`|\$\(|\n|(?<=\S): )\s*")
_PREFIXES = frozenset("sudo then run execute please and just do $ # nohup time env doas".split())
_ARGUMENT = re.compile(r"[-/.~$'\"*]|\d+$|[\w.-]+[/=*][\w./=*-]|[a-z][\w-]*\.[a-z0-9]{1,4}$")
_DESTRUCTIVE_FIND = re.compile(r"\s-delete\b|-exec\s+(?:rm|shred)\b")
_RIGHTS = re.compile(r"permission|policy|polici|\biam\b|-acl\b|\bacl\b|--user-ids|role", re.IGNORECASE)
_SENDING_CURL = re.compile(r"\s(?:-d|-F|-T|--data\S*|--upload-file|--form|-X ?(?:POST|PUT|PATCH|DELETE))\b")


def read_commands(clause: str, words: frozenset[str]) -> tuple[Verb, ...]:
    """The operations of statements and command lines in ``clause``. ``words`` are its lower-case tokens."""
    found: list[Verb] = []
    if not words.isdisjoint(_SQL_WORDS):
        found += [verb for pattern, verb in _SQL if pattern.search(clause)]
    if not words.isdisjoint(_KNOWN):
        found += [verb for segment in _SEGMENT.split(clause) for verb in _command(segment)]
    return tuple(found)


def _command(segment: str) -> Iterator[Verb]:
    parts = segment.split()
    while parts and (parts[0].lower() in _PREFIXES or "=" in parts[0]):
        parts.pop(0)
    if not parts or parts[0] not in _KNOWN:
        return
    program, arguments = parts[0], parts[1:]
    if program in _ALSO_ENGLISH and not (arguments and _ARGUMENT.match(arguments[0])) and program not in _SUBCOMMANDS:
        return
    letters = _READERS.get(program, _plain)(program, arguments, segment)
    if letters:
        yield Verb(" ".join([program, *arguments[:1]]) if program in _SUBCOMMANDS else program, classes(letters))


def _plain(program: str, arguments: Sequence[str], _: str) -> str:
    table = _SUBCOMMANDS.get(program)
    if table is None:
        return _PROGRAMS[program]
    known = [table[word] for word in arguments[:6] if word in table]
    return known[0].strip() if known else ""


def _find(_: str, __: Sequence[str], segment: str) -> str:
    return "D" if _DESTRUCTIVE_FIND.search(segment) else "R"


def _curl(_: str, __: Sequence[str], segment: str) -> str:
    return "S" if _SENDING_CURL.search(segment) else "R"


def _sed(_: str, arguments: Sequence[str], __: str) -> str:
    return "U" if any(word.startswith(("-i", "--in-place")) for word in arguments) else "R"


def _service(program: str, arguments: Sequence[str], segment: str) -> str:
    return _plain(program, list(reversed(arguments[:2])), segment)


def _cloud(_: str, arguments: Sequence[str], segment: str) -> str:
    """Cloud tools put the verb second, third or last, alone or before a hyphen: ``ec2 terminate-instances``."""
    for word in arguments[:5]:
        if word.startswith("-"):
            break
        first = word.split("-")[0]
        letters = _CLOUD_WORDS.get(word) or (_CLOUD_WORDS.get(first) if "-" in word else None)
        if letters:
            return "A" if letters in "CUA" and _RIGHTS.search(segment) else letters
    return ""


_READERS: Mapping[str, Callable[[str, Sequence[str], str], str]] = {
    "find": _find,
    "curl": _curl,
    "sed": _sed,
    "service": _service,
    **dict.fromkeys(_CLOUDS, _cloud),
}


_NAME_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def read_name(name: str) -> Verb | None:
    """The first known verb in the name of a tool or operation: ``send_email``, ``DeleteBucket``."""
    for part in _NAME_PART.findall(name):
        verb = BASE.get(part.lower())
        if verb is not None:
            return verb
    return None
