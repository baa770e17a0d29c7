"""YAML and JSON as nodes that know where they stand.

Lines and columns count from 1, ``start`` and ``end`` are offsets in code points of the file.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value as written. ``style`` is the quote, ``|`` or ``>``; empty for plain text."""

    text: str
    style: str
    line: int
    column: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Items:
    """A list. ``is_flow``: written with brackets. ``end`` is exact for those only."""

    nodes: tuple[Node, ...]
    is_flow: bool
    line: int
    column: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping with its keys in the order of the file, none of them twice."""

    pairs: tuple[tuple[Scalar, Node], ...]
    is_flow: bool
    line: int
    column: int
    start: int
    end: int

    def get(self, key: str) -> Node | None:
        """The value of ``key``, if there is one."""
        return next((value for name, value in self.pairs if name.text == key), None)


@dataclass(frozen=True, slots=True)
class Refused:
    """Stands where something was that is not accepted at all; the problem is noted already."""

    line: int
    column: int
    start: int
    end: int


Node: TypeAlias = Scalar | Items | Table | Refused

_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_TRUE = frozenset(("true", "True", "TRUE"))
_FALSE = frozenset(("false", "False", "FALSE"))
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_EXPONENT = "[eE][-+]?[0-9]{1,3}"
_FLOAT = re.compile(rf"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*(?:{_EXPONENT})?|{_EXPONENT})|\.[0-9]+(?:{_EXPONENT})?)")

# What some reader of YAML would make of plain text that people mean as text. Never guessed at, always reported.
_SURPRISES = (
    (re.compile(r"yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF"), "a truth value to YAML 1.1"),
    (re.compile(r"\d{4}-\d{1,2}-\d{1,2}(?:[Tt \t].*)?"), "a date to YAML 1.1"),
    (re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"), "a number in base 60 to YAML 1.1"),
    (re.compile(r"[-+]?0[0-9_]+"), "an octal number to YAML 1.1"),
    (re.compile(r"[-+]?0[xob][0-9a-fA-F_]+"), "a number in another base to YAML"),
    (re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"), "not a finite number"),
    (re.compile(r"[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?"), "a number that not every reader takes alike"),
    (re.compile(r"=|<<"), "a word with a meaning of its own to YAML 1.1"),
)

Primitive: TypeAlias = str | int | float | bool | None


def is_null(node: Node | None) -> bool:
    """Nothing written, or written as null."""
    return isinstance(node, Scalar) and node.style == "" and node.text in _NULL


def surprise(node: Scalar) -> str:
    """How readers of YAML differ about ``node``; empty when they do not."""
    text = node.text
    if node.style or not text or (text[0].isalpha() and len(text) > 3):
        return ""
    if _INTEGER.fullmatch(text):
        return ""
    if _FLOAT.fullmatch(text):
        return "" if math.isfinite(float(text)) else "not a finite number"
    return next((reading for pattern, reading in _SURPRISES if pattern.fullmatch(text)), "")


def primitive(node: Scalar) -> Primitive:
    """The value by the core rules of YAML 1.2; text for whatever ``surprise`` would report."""
    text = node.text
    if node.style:
        return text
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def described(node: Node) -> str:
    """What ``node`` is, for a message: ``the number 5``, ``a list``."""
    if isinstance(node, Items):
        return "a list"
    if isinstance(node, Table):
        return "a mapping"
    if isinstance(node, Refused) or is_null(node):
        return "nothing"
    value = primitive(node)
    if isinstance(value, bool):
        return f"the truth value {node.text}"
    if isinstance(value, int | float):
        return f"the number {node.text}"
    reading = surprise(node)
    return f"{node.text}, {reading}" if reading else "text"


def walk(node: Node) -> Iterator[Node]:
    """``node`` and everything below it, parents first."""
    pending: list[Node] = [node]
    while pending:
        current = pending.pop()
        yield current
        if isinstance(current, Items):
            pending.extend(reversed(current.nodes))
        elif isinstance(current, Table):
            pending.extend(value for _, value in reversed(current.pairs))
