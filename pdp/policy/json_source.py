"""JSON (RFC 8259) to the same positioned nodes as YAML, so that one set of readers serves both.

Python's ``json`` gives values without places and takes ``NaN`` for a number; only strings are left to it.
"""

from __future__ import annotations

import json
import re

from pdp.policy.nodes import Items, Node, Scalar, Table
from pdp.policy.source import MOST_DEPTH, Source, decode

_DECODER = json.JSONDecoder()
_VISIBLE = re.compile(r"[^ \t\n\r]|\Z")
_WORD = re.compile(r"[^\s,:\[\]{}\"]+")
_LITERAL = re.compile(r"true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_SURROGATE = re.compile("[\ud800-\udfff]")


def parse_json(data: bytes, source: Source) -> Node | None:
    """The root of a JSON file; ``None`` with a problem noted when there is none that can be read."""
    if not decode(data, source):
        return None
    try:
        return _Reader(source).read()
    except json.JSONDecodeError as error:
        source.problem_at(error.lineno, error.colno, f"not JSON: {error.msg}", "mend the syntax here or just before")
        return None


class _Reader:
    """Reads one text from front to back; nesting is limited, so recursion is too."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._text = source.text
        self._at = 0
        self._depth = 0
        self._line, self._line_start = 1, 0

    def read(self) -> Node:
        """The root. Raises ``json.JSONDecodeError``."""
        root = self._node()
        if self._peek():
            raise self._error("more text behind the end")
        return root

    def _error(self, message: str) -> json.JSONDecodeError:
        return json.JSONDecodeError(message, self._text, self._at)

    def _peek(self) -> str:
        visible = _VISIBLE.search(self._text, self._at)
        end = visible.start() if visible else len(self._text)
        breaks = self._text.count("\n", self._at, end)
        if breaks:
            self._line += breaks
            self._line_start = self._text.rindex("\n", self._at, end) + 1
        self._at = end
        return self._text[end : end + 1]

    def _expect(self, wanted: str) -> str:
        found = self._peek()
        if not found or found not in wanted:
            raise self._error(f"expected {' or '.join(wanted)}")
        self._at += 1
        return found

    def _node(self) -> Node:
        first = self._peek()
        if first == '"':
            return self._string()
        if first not in {"[", "{"}:
            return self._word()
        if self._depth >= MOST_DEPTH:
            raise self._error(f"nested more than {MOST_DEPTH} levels deep")
        self._depth += 1
        node = self._items() if first == "[" else self._table()
        self._depth -= 1
        return node

    def _place(self) -> tuple[int, int, int]:
        return self._line, self._at - self._line_start + 1, self._at

    def _string(self) -> Scalar:
        place = self._place()
        text, self._at = _DECODER.raw_decode(self._text, self._at)
        if _SURROGATE.search(text):
            self._source.problem_at(*place[:2], "half of a surrogate pair", "write the character itself")
            text = _SURROGATE.sub("", text)
        return Scalar(text, '"', *place, self._at)

    def _word(self) -> Scalar:
        place = self._place()
        found = _WORD.match(self._text, self._at)
        if not found:
            raise self._error("expected a value")
        if not _LITERAL.fullmatch(found[0]):
            raise self._error(f"{found[0][:40]} is no JSON value")
        self._at = found.end()
        return Scalar(found[0], "", *place, self._at)

    def _items(self) -> Items:
        line, column, start = self._place()
        self._at += 1
        nodes: list[Node] = []
        if self._peek() == "]":
            self._at += 1
        else:
            nodes.append(self._node())
            while self._expect(",]") == ",":
                nodes.append(self._node())
        return Items(tuple(nodes), True, line, column, start, self._at)

    def _table(self) -> Table:
        line, column, start = self._place()
        self._at += 1
        pairs: dict[str, tuple[Scalar, Node]] = {}
        if self._peek() == "}":
            self._at += 1
        else:
            self._pair(pairs)
            while self._expect(",}") == ",":
                self._pair(pairs)
        return Table(tuple(pairs.values()), True, line, column, start, self._at)

    def _pair(self, pairs: dict[str, tuple[Scalar, Node]]) -> None:
        if self._peek() != '"':
            raise self._error("expected a key in double quotes")
        key = self._string()
        self._expect(":")
        value = self._node()
        if key.text in pairs:
            first = pairs[key.text][0].line
            self._source.problem(key, f"{key.text!r} is given twice", f"remove one; the first is in line {first}")
        else:
            pairs[key.text] = key, value
