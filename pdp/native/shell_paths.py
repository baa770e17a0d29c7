"""What paths, variables and URLs in a shell command give away: system files, credentials, loaders, hosts."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from typing import Final

_SYSTEM: Final = re.compile(
    r"/(?:etc|boot|usr|lib|lib32|lib64|bin|sbin|root|sys|proc)(?:/|\Z)|/\*?\Z"
    r"|/dev/(?!(?:null|stdout|stderr|tty|shm|fd)(?:/|\Z))"
    r"|/var/(?:spool/cron|lib/(?:dpkg|rpm|systemd))|(?:.*/)?\.ssh(?:/|\Z)|(?:.*/)?authorized_keys\Z"
    r"|(?:~\w*|/home/[^/]+|\$HOME|\$\{HOME\})/\.(?:bash|profile|zsh|config/(?:systemd|autostart))"
)
_CREDENTIALS: Final = re.compile(
    r"/etc/(?:shadow|gshadow|sudoers|krb5\.keytab|ssl/private|ssh/ssh_host_\w+_key)|(?:.*/)?\.ssh(?:/(?!known_hosts)|\Z)"
    r"|(?:.*/)?id_(?:rsa|dsa|ecdsa|ed25519)\Z|(?:.*/)?\.(?:aws|kube|docker|gnupg)(?:/|\Z)"
    r"|(?:.*/)?\.(?:netrc|pgpass|my\.cnf|git-credentials|npmrc|pypirc|env)\Z|/proc/[^/]+/(?:environ|mem)"
    r"|.*\.(?:pem|key|pfx|p12|keytab|kdbx)\Z|(?:/var)?/run/secrets"
)
_LOADS: Final = re.compile(
    r"(?:LD_|DYLD_|PYTHON|PERL|RUBY|NODE_|GIT_|GCONV_|JAVA_|_JAVA|JDK_|BASH_|AWS_|DOCKER_|KUBE|SSH_|LUA_|PIP_)\w*"
    r"|LESS(?:OPEN|CLOSE|EDIT)|PATH|IFS|ENV|SHELLOPTS|BASHOPTS|PS[04]|PROMPT_COMMAND|PAGER|MANPAGER|EDITOR|VISUAL|TAR_OPTIONS"
    r"|RSYNC_RSH|CURL_HOME|HOME|SHELL|BROWSER|MAKEFLAGS|SUDO_ASKPASS|FPATH|CDPATH|GREP_OPTIONS|OPENSSL_CONF|XDG_CONFIG_HOME"
    r"|TERMINFO|LOCPATH|NLSPATH|(?:https?|all)_proxy|(?:HTTPS?|ALL)_PROXY"
)
_HOST: Final = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^/@\s]*@)?(\[[^\]]+\]|[^/:?#\s]+)", re.IGNORECASE)


def is_system(path: str) -> bool:
    """Whether a change there is a change to the system itself, or to who may log in."""
    return _SYSTEM.match(normal(path)) is not None or _SYSTEM.match(path) is not None


def holds_credentials(path: str) -> bool:
    """Whether the file is one that keys and passwords are kept in."""
    return _CREDENTIALS.match(normal(path)) is not None


def loads_code(variable: str) -> bool:
    """Whether setting the environment variable changes which code later programs run."""
    return _LOADS.fullmatch(variable) is not None


def paths_in(argument: str) -> list[str]:
    """What in an argument looks like a path: an operand with a slash or a tilde, or a value inside an option."""
    if argument.startswith("-") or "=" in argument.partition("/")[0]:
        start = argument.find("/")
        return [normal(argument[start:])] if start > 0 else []
    if "://" in argument:
        return []
    return [normal(argument)] if "/" in argument or argument.startswith("~") or argument in {".", ".."} else []


def normal(path: str) -> str:
    """Dot segments removed, so that a prefix means what it says; a leading ``//`` becomes ``/``."""
    if "/." not in path and "//" not in path and not path.endswith("/") and path:
        return path.removeprefix("./")
    found = posixpath.normpath(path)
    return found[1:] if found.startswith("//") else found


def url_hosts(arguments: Sequence[str]) -> list[str]:
    """Hosts of the URLs among the arguments, lower case."""
    found = (_HOST.match(a) or _HOST.match(a.partition("=")[2]) for a in arguments if "://" in a)
    return [m[1].lower() for m in found if m is not None]
