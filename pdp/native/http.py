"""HTTP requests: the method is the action, host and normal-form path are the target.

Where two servers could read the request differently (method overrides, rewritten paths, doubly encoded dot segments)
it is
either a mismatch or not understood; guessing which server stands behind the gateway is not an option.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from pdp.native.addresses import Address, read_host
from pdp.native.agreement import Description, Native, NotUnderstood, settle
from pdp.native.url_paths import Path, read_path
from pdp.types import Access, Action, Derived, HttpPayload, JsonObject, Target

METHODS: Final[Mapping[str, Access]] = {
    "GET": Access.READ,
    "HEAD": Access.READ,
    "OPTIONS": Access.READ,
    "QUERY": Access.READ,
    "PROPFIND": Access.READ,
    "SEARCH": Access.READ,
    "REPORT": Access.READ,
    "POST": Access.WRITE,
    "PUT": Access.WRITE,
    "PATCH": Access.WRITE,
    "MKCOL": Access.WRITE,
    "COPY": Access.WRITE,
    "PROPPATCH": Access.WRITE,
    "LOCK": Access.WRITE,
    "UNLOCK": Access.WRITE,
    "DELETE": Access.DELETE,
    "MOVE": Access.DELETE,
    "CONNECT": Access.EXECUTE,
}
OVERRIDE_HEADERS: Final = frozenset(
    {"x-http-method-override", "x-http-method", "x-method-override", "x-original-method", "x-rewrite-method"}
)
OVERRIDE_KEYS: Final = frozenset({"_method", "x-http-method-override", "x-method-override", "_httpmethod", "$method"})
REWRITE_HEADERS: Final = frozenset(
    {"x-original-url", "x-rewrite-url", "x-original-uri", "x-forwarded-uri", "x-accel-redirect"}
)
HOST_HEADERS: Final = frozenset(
    {"host", ":authority", "x-forwarded-host", "x-host", "x-original-host", "x-http-host-override"}
)

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")
_DEFAULT_PORTS: Final = frozenset({0, 80, 443})
_MAX_HEADERS: Final = 256


def derive(payload: HttpPayload, target: Target, action: Action) -> Derived:
    """Derive from an HTTP request. ``action.params`` are the query's; target kind ``http``, name host and path."""
    if not _TOKEN.fullmatch(payload.method):
        raise NotUnderstood("http.method: not a token (RFC 9110, section 9.1)")
    method = payload.method.upper()
    address = read_host(payload.host)
    path = read_path(payload.path)
    headers = _headers(payload.headers)
    flags = [*address.flags, *path.flags]
    if method != payload.method:
        flags.append("method_case")
    access = _access(method, headers, flags)
    contradictions, override_access = _overrides(method, headers, path, flags)
    contradictions += _other_hosts(address, headers) + _rewrites(path, headers)
    host = address.host if address.port in _DEFAULT_PORTS else f"{address.host}:{address.port}"
    facts: JsonObject = {
        "method": method,
        "host": address.host,
        "port": address.port,
        "path": path.normal,
        "segments": list(path.segments),
        "query": {k: list(v) for k, v in path.query.items()},
        "query_keys": sorted(path.query),
        "headers": sorted(headers),
        "flags": sorted(set(flags)),
    }
    derived = Target("http", host + path.normal)
    native = Native(
        kind="http",
        target=derived,
        action=Action(method, {k: v[0] if len(v) == 1 else list(v) for k, v in path.query.items()}),
        access=max(access, override_access),
        facts=facts,
        descriptions=_names(host, path, derived),
        contradictions=tuple(contradictions),
    )
    return settle(native, target, action)


def _access(method: str, headers: dict[str, str], flags: list[str]) -> Access:
    """What the method does; an upgrade opens a channel that the gateway cannot judge any more."""
    access = METHODS.get(method, Access.UNKNOWN)
    if access is Access.READ and ("transfer-encoding" in headers or headers.get("content-length", "0").strip() != "0"):
        flags.append("body_on_read")
    if "upgrade" in headers:
        flags.append("upgrade")
        access = max(access, Access.EXECUTE)
    return access


def _names(host: str, path: Path, derived: Target) -> tuple[Description, ...]:
    names = (
        host,
        host + path.sent,
        *(f"{scheme}://{host}{p}" for scheme in ("https", "http") for p in (path.normal, path.sent)),
    )
    return tuple(Description("http", name, derived) for name in names)


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers by lower-case name. Raises ``NotUnderstood`` where a server could see another request in them."""
    if len(headers) > _MAX_HEADERS:
        raise NotUnderstood(f"http.headers: more than {_MAX_HEADERS}")
    lowered: dict[str, str] = {}
    for name, value in headers.items():
        key = name.lower()
        if not _TOKEN.fullmatch(name.removeprefix(":")):
            raise NotUnderstood("http.headers: a name is not a token (RFC 9110, section 5.1)")
        if any(c in value for c in "\r\n\0"):
            raise NotUnderstood("http.headers: a value holds a line break or NUL")
        if key in lowered:
            raise NotUnderstood(f"http.headers: {key} is given twice")
        lowered[key] = value
    if "transfer-encoding" in lowered and "content-length" in lowered:
        raise NotUnderstood(
            "http.headers: both transfer-encoding and content-length (request smuggling, RFC 9112, 6.1)"
        )
    return lowered


def _overrides(method: str, headers: dict[str, str], path: Path, flags: list[str]) -> tuple[list[str], Access]:
    """Other methods that the request asks a server to use instead of its own, and the worst access among them."""
    asked = {f"header {name}": headers[name] for name in OVERRIDE_HEADERS & headers.keys()}
    for key, values in path.query.items():
        if key.lower() in OVERRIDE_KEYS:
            asked.update({f"query {key}": value for value in values})
    if asked:
        flags.append("method_override")
    contradictions = [
        f"action: the method is {method}, but {where} asks for {value[:16]!r}"
        for where, value in sorted(asked.items())
        if value.strip().upper() != method
    ]
    worst = max((METHODS.get(v.strip().upper(), Access.UNKNOWN) for v in asked.values()), default=Access.READ)
    return contradictions, worst


def _other_hosts(address: Address, headers: dict[str, str]) -> list[str]:
    found: list[str] = []
    for name in sorted(HOST_HEADERS & headers.keys()):
        other = read_host(headers[name].strip())
        ports = {address.port, other.port}
        if other.host != address.host or (len(ports) > 1 and not ports <= _DEFAULT_PORTS):
            found.append(f"target: the host is {address.host!r}, but header {name} says {other.host!r}")
    return found


def _rewrites(path: Path, headers: dict[str, str]) -> list[str]:
    return [
        f"target: the path is {path.normal[:80]!r}, but header {name} asks for another"
        for name in sorted(REWRITE_HEADERS & headers.keys())
        if headers[name] != path.sent
    ]
