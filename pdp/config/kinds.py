"""What a setting's value can be, and how it is read from a file, the environment or a flag."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pdp.errors import ConfigError
from pdp.server import address

Raw = object
Read = Callable[[Raw, Path], object]


@dataclass(frozen=True, slots=True)
class Kind:
    """``says`` is what a person is told to write. ``read`` takes the raw value and the directory of relative paths."""

    says: str
    read: Read


def whole(least: int, most: int) -> Kind:
    """A whole number within bounds."""

    def read(raw: Raw, _base: Path) -> int:
        value = int(_plain(raw, int))
        if not least <= value <= most:
            raise ValueError
        return value

    return Kind(f"a whole number from {least} to {most}", read)


def number(least: float, most: float) -> Kind:
    """A finite number within bounds."""

    def read(raw: Raw, _base: Path) -> float:
        value = float(_plain(raw, float))
        if not math.isfinite(value) or not least <= value <= most:
            raise ValueError
        return value

    return Kind(f"a number from {least:g} to {most:g}", read)


def choice(*words: str) -> Kind:
    """One of some words."""

    def read(raw: Raw, _base: Path) -> str:
        if raw not in words:
            raise ValueError
        return str(raw)

    return Kind("one of " + ", ".join(words), read)


def listening(*, optional: bool) -> Kind:
    """An address to listen on."""

    def read(raw: Raw, _base: Path) -> str:
        if not isinstance(raw, str):
            raise ValueError  # noqa: TRY004 - every kind says no in the same way
        if raw.startswith(address.UNIX) and not optional and len(raw) > len(address.UNIX):
            return raw
        if raw or not optional:
            try:
                address.split(raw)
            except ConfigError as error:
                raise ValueError from error
        return raw

    return Kind("host:port or empty for none" if optional else "host:port, [::1]:port or unix:/path", read)


def _plain(raw: Raw, wanted: type[int | float]) -> int | float | str:
    """A number or its text; neither a fraction where a whole number is wanted, nor true and false, which are ints."""
    if isinstance(raw, str | int | wanted) and not isinstance(raw, bool):
        return raw
    raise ValueError


def _boolean(raw: Raw, _base: Path) -> bool:
    if isinstance(raw, bool):
        return raw
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if not isinstance(raw, str) or raw.lower() not in words:
        raise ValueError
    return words[raw.lower()]


def _path(raw: Raw, base: Path) -> Path | None:
    if not isinstance(raw, str):
        raise ValueError  # noqa: TRY004 - every kind says no in the same way
    return (base / Path(raw).expanduser()).absolute() if raw else None


def _text(raw: Raw, _base: Path) -> str:
    if not isinstance(raw, str) or not raw.strip() or not raw.isprintable() or len(raw) > MOST_TEXT:
        raise ValueError
    return raw.strip()


def _url(raw: Raw, _base: Path) -> str:
    if raw == "":
        return ""
    if not isinstance(raw, str) or not raw.isprintable():
        raise ValueError
    parts = urlsplit(raw)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError
    return raw


def _names(raw: Raw, _base: Path) -> tuple[str, ...]:
    parts = raw.split(",") if isinstance(raw, str) else raw
    if not isinstance(parts, Sequence):
        raise ValueError  # noqa: TRY004 - every kind says no in the same way
    names = tuple(part.strip() for part in parts if isinstance(part, str) and part.strip())
    if len(names) != len([part for part in parts if part != ""]) or not all(_is_name(name) for name in names):
        raise ValueError
    return names


def _is_name(name: str) -> bool:
    if name.startswith("spiffe://"):
        return len(name) > len("spiffe://") and "*" not in name.removesuffix("/*")
    kind, colon, rest = name.partition(":")
    return kind in {"dns", "cn"} and bool(colon) and bool(rest) and "*" not in rest


MOST_TEXT = 200
TEXT = Kind(f"a text of 1 to {MOST_TEXT} characters", _text)
OPTIONAL_URL = Kind("http://… or https://…, or empty for none", _url)
BOOLEAN = Kind("true or false", _boolean)
PATH = Kind("a path", _path)
NAMES = Kind("spiffe://… (may end in /*), dns:… or cn:…, separated by commas", _names)
ADDRESS = listening(optional=False)
OPTIONAL_ADDRESS = listening(optional=True)
