r"""URL paths in normal form, and refusal of those that two servers would read differently.

Percent-encoded unreserved characters are decoded and dot segments removed (RFC 3986, section 6.2.2). A second,
greedy reading
decodes until nothing changes, takes ``\`` for ``/`` and drops ``;`` parameters, as many servers do. Where dot
segments show
up in the greedy reading alone, the path means different things to different servers and is not understood.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

from pdp.native.agreement import NotUnderstood

MAX_CHARACTERS: Final = 8192
_MAX_QUERY_KEYS: Final = 256
_MAX_DECODINGS: Final = 4

_ESCAPE: Final = re.compile(r"%([0-9A-Fa-f]{2})")
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_FORBIDDEN: Final = re.compile(r"[^\x21-\x7e]|[#\"<>^`{|}]")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PARAMETERS: Final = re.compile(r";[^/]*")
_PLAIN: Final = re.compile(r"(?:/[A-Za-z0-9_~@:!$'()*+,=&-]+)*/?")


@dataclass(frozen=True, slots=True)
class Path:
    """``sent`` as on the wire, ``normal`` without query, ``query`` decoded with every value of a key in order."""

    sent: str
    normal: str
    segments: tuple[str, ...]
    query: Mapping[str, tuple[str, ...]]
    flags: tuple[str, ...] = ()


def read_path(text: str) -> Path:
    """Read a request target in origin form (or ``*``). Raises ``NotUnderstood`` where its meaning is not certain."""
    if len(text) > MAX_CHARACTERS:
        raise NotUnderstood(f"http.path: more than {MAX_CHARACTERS} characters")
    if text in {"", "*"}:
        return Path(text, text or "/", (), {})
    if not text.startswith("/"):
        raise NotUnderstood("http.path: expected a path that starts with /")
    if _FORBIDDEN.search(text):
        raise NotUnderstood("http.path: holds a character that must be percent-encoded")
    raw, mark, query = text.partition("?")
    flags: list[str] = []
    normal = raw if _PLAIN.fullmatch(raw) else _normal(raw, flags)
    segments = tuple(s for s in normal.split("/") if s)
    return Path(text, normal, segments, _query(query, flags) if mark else {}, tuple(flags))


def _normal(raw: str, flags: list[str]) -> str:
    if _BAD_ESCAPE.search(raw):
        raise NotUnderstood("http.path: a % that is not followed by two hexadecimal digits")
    decoded = _ESCAPE.sub(_decode_unreserved, raw)
    greedy = _decode_fully(decoded, flags)
    if _CONTROL.search(greedy):
        raise NotUnderstood("http.path: holds an encoded control character")
    merged = re.sub(r"/{2,}", "/", decoded)
    if merged != decoded:
        flags.append("empty_segment")
    normal = _without_dots(merged)
    dots = _has_dots(decoded)
    if dots:
        flags.append("dot_segments")
    slashed = _PARAMETERS.sub("", greedy.replace("\\", "/"))
    if _has_dots(slashed) and (
        not dots or "encoded_slash" in flags or "double_encoding" in flags or "backslash" in flags
    ):
        raise NotUnderstood("http.path: dot segments that only some servers would see")
    if dots and merged != decoded:
        raise NotUnderstood("http.path: dot segments next to empty segments, which servers resolve differently")
    if ";" in greedy:
        flags.append("path_parameters")
        if _has_dots(slashed):
            raise NotUnderstood("http.path: dot segments next to path parameters, which servers resolve differently")
    return normal


def _decode_unreserved(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return character if character in _UNRESERVED else match[0].upper()


def _decode_any(match: re.Match[str]) -> str:
    return chr(int(match[1], 16))


def _decode_fully(text: str, flags: list[str]) -> str:
    lowered = text.lower()
    if "%2f" in lowered:
        flags.append("encoded_slash")
    if "%5c" in lowered or "\\" in text:
        flags.append("backslash")
    current = text
    for turn in range(_MAX_DECODINGS):
        following = _ESCAPE.sub(_decode_any, current)
        if following == current:
            return current
        if turn and _ESCAPE.search(current):
            flags.append("double_encoding")
        current = following
    raise NotUnderstood(f"http.path: percent-encoded more than {_MAX_DECODINGS - 1} times over")


def _has_dots(path: str) -> bool:
    return any(segment in {".", ".."} for segment in path.split("/"))


def _without_dots(path: str) -> str:
    kept: list[str] = []
    segments = path.split("/")
    for segment in segments[1:]:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)


def _query(text: str, flags: list[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for pair in text.split("&"):
        if not pair:
            continue
        key, _, value = pair.partition("=")
        found.setdefault(_decode_form(key), []).append(_decode_form(value))
    if len(found) > _MAX_QUERY_KEYS:
        raise NotUnderstood(f"http.path: more than {_MAX_QUERY_KEYS} query keys")
    if any(len(values) > 1 for values in found.values()):
        flags.append("repeated_query_key")
    return {key: tuple(values) for key, values in found.items()}


def _decode_form(text: str) -> str:
    if "%" not in text and "+" not in text:
        return text
    if _BAD_ESCAPE.search(text):
        raise NotUnderstood("http.path: a % in the query that is not followed by two hexadecimal digits")
    try:
        return unquote_to_bytes(text.replace("+", " ")).decode("utf-8")
    except UnicodeDecodeError:
        raise NotUnderstood("http.path: the query is not UTF-8 once decoded") from None
