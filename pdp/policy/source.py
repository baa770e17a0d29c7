"""Text of a bundle file to positioned nodes, with every mistake collected instead of the first one raised.

Stricter than YAML, so that what a reviewer reads is what is loaded: no anchors, aliases or merge keys (a small file
could grow without bound), no tags, no key twice, no second document, nothing deep. Built from parser events and not by
the composer of PyYAML, which recurses and would follow hostile nesting before anyone could look at it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from pdp.errors import Problem
from pdp.policy.nodes import Items, Node, Refused, Scalar, Table, described, primitive, surprise
from pdp.types import Json, Position

MOST_BYTES = 1_048_576
MOST_DEPTH = 24
MOST_PROBLEMS = 100
MOST_MESSAGE = 400

# Line ends that only YAML 1.1 counts would move every later position; the others cannot be seen.
_UNWANTED = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|\r(?!\n)"
)
_HINTS = {
    "mapping values are not allowed": "put text that holds ': ' in quotes, or mend the indentation",
    "could not find expected ':'": "write key: value, or mend the indentation",
    "did not find expected key": "mend the indentation, or put the text above in quotes",
    "did not find expected '-' indicator": "begin every entry of the list with '- ' in the same column",
    "did not find expected ',' or": "close the bracket, or put the text in quotes",
    "did not find expected node content": "close the bracket or remove the stray comma",
    "unexpected end of stream": "close the quote",
    "unknown escape": "double the backslash, or use single quotes",
    "block sequence entries are not allowed": "begin the list on a line of its own",
    "expected a single document": "keep one document in a file; remove the line '---'",
}


class _Unreadable(Exception):
    """The rest of the file cannot be read; the problem is noted."""


@dataclass(slots=True)
class Source:
    """One file being read: its name in the bundle, its text, and the problems found so far."""

    file: str
    problems: list[Problem] = field(default_factory=list)
    text: str = ""

    @property
    def is_full(self) -> bool:
        """Whether so much is wrong already that more would not help anybody."""
        return len(self.problems) >= MOST_PROBLEMS

    def position(self, node: Node | None) -> Position:
        """Where ``node`` begins; the start of the file for none."""
        return Position(self.file, node.line, node.column) if node is not None else Position(self.file, 1, 1)

    def problem(self, node: Node | None, message: str, fix: str) -> None:
        """Note a mistake at ``node``; without one it concerns the whole file."""
        self.problem_at(node.line if node else 0, node.column if node else 0, message, fix)

    def problem_at(self, line: int, column: int, message: str, fix: str) -> None:
        """Note a mistake at a line and column; the last one that is noted says that there are more."""
        if self.is_full:
            return
        if len(self.problems) == MOST_PROBLEMS - 1:
            message, fix = "there is more wrong in this file than is listed", "mend these first"
        self.problems.append(Problem(self.file, line, column, _short(message), _short(fix)))

    def problem_at_offset(self, offset: int, message: str, fix: str) -> None:
        """Note a mistake at a code point of the text."""
        before = self.text[:offset]
        self.problem_at(before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1, message, fix)


def _short(text: str) -> str:
    """``text`` as far as a person reads it; what a file holds can be as long as the file."""
    return text if len(text) <= MOST_MESSAGE else f"{text[:MOST_MESSAGE]}…"


def decode(data: bytes, source: Source) -> bool:
    """Put the text of ``data`` into ``source``; false, with a problem noted, when it is not acceptable as text."""
    if len(data) > MOST_BYTES:
        source.problem(None, f"the file has over {MOST_BYTES:,} bytes", "split it")
        return False
    if data.startswith(b"\xef\xbb\xbf"):
        source.problem_at(1, 1, "the file begins with a byte order mark", "save it as UTF-8 without one")
        return False
    try:
        source.text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        source.text = data[: error.start].decode("utf-8")
        source.problem_at_offset(len(source.text), "not UTF-8", "save the file as UTF-8")
        return False
    unwanted = _UNWANTED.search(source.text)
    if unwanted:
        name = f"U+{ord(unwanted[0]):04X}"
        source.problem_at_offset(
            unwanted.start(), f"the control character {name}", "remove it, or write it as an escape in quotes"
        )
    return unwanted is None


def parse(data: bytes, source: Source) -> Node | None:
    """The root of a YAML file; ``None`` with a problem noted when there is none that can be read."""
    if not decode(data, source):
        return None
    try:
        root = _Builder(source).build()
    except _Unreadable:
        return None
    except yaml.MarkedYAMLError as error:
        _note_syntax(error, source)
        return None
    except (yaml.YAMLError, ValueError) as error:
        source.problem(None, f"not readable as YAML: {error}", "rewrite the file")
        return None
    if root is None:
        source.problem(None, "the file is empty", "write what belongs into it, or delete it")
    return root


def _note_syntax(error: yaml.MarkedYAMLError, source: Source) -> None:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    said = str(error.problem or error.context or "not readable as YAML")
    fix = next((f for words, f in _HINTS.items() if words in said), "mend the YAML syntax here or just above")
    if "cannot start any token" in said and mark:
        found = source.text[mark.index : mark.index + 1]
        tab = found == "\t"
        said = "a tab is used to indent" if tab else f"plain text cannot begin with {found!r}"
        fix = "indent with spaces" if tab else "put the text in quotes"
    source.problem_at(line, column, f"not YAML: {said}", fix)


@dataclass(slots=True)
class _Open:
    """A list or mapping that is being read."""

    event: yaml.CollectionStartEvent
    nodes: list[Node]


class _Builder:
    """One pass over the events of one file, without recursion."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._open: list[_Open] = []
        self._root: Node | None = None

    def build(self) -> Node | None:
        """The root node, ``None`` when the file holds nothing. Raises ``yaml.YAMLError`` or ``_Unreadable``."""
        events: Iterator[yaml.Event] = yaml.parse(self._source.text, Loader=yaml.CSafeLoader)
        documents = 0
        for event in events:
            if isinstance(event, yaml.ScalarEvent):
                self._put(self._scalar(event))
            elif isinstance(event, yaml.SequenceStartEvent | yaml.MappingStartEvent):
                self._begin(event)
            elif isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
                self._put(self._end(event))
            elif isinstance(event, yaml.AliasEvent):
                self._refuse(event, f"the alias *{event.anchor}", "write the value out")
                self._put(Refused(*_span(event)))
            elif isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._refuse(event, "a second document", "keep one document in a file; remove the line '---'")
                    raise _Unreadable
        return self._root

    def _refuse(self, event: yaml.Event, what: str, fix: str) -> None:
        self._source.problem_at(*_span(event)[:2], f"{what} is not accepted", fix)

    def _check_extras(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        if event.anchor:
            self._refuse(event, f"the anchor &{event.anchor}", "remove it and write values out where they are used")
        if event.tag is not None:
            self._refuse(event, f"the tag {event.tag}", "remove it; quotes make text")

    def _scalar(self, event: yaml.ScalarEvent) -> Scalar:
        self._check_extras(event)
        return Scalar(event.value, event.style or "", *_span(event))

    def _begin(self, event: yaml.CollectionStartEvent) -> None:
        self._check_extras(event)
        if len(self._open) >= MOST_DEPTH:
            self._source.problem_at(*_span(event)[:2], f"nested more than {MOST_DEPTH} levels deep", "flatten it")
            raise _Unreadable
        self._open.append(_Open(event, []))

    def _end(self, end: yaml.Event) -> Items | Table:
        done = self._open.pop()
        event, nodes = done.event, done.nodes
        line, column, start, _ = _span(event)
        place = (bool(event.flow_style), line, column, start, _span(end)[3])
        if isinstance(event, yaml.SequenceStartEvent):
            return Items(tuple(nodes), *place)
        return Table(tuple(self._pairs(nodes)), *place)

    def _pairs(self, nodes: list[Node]) -> Iterator[tuple[Scalar, Node]]:
        seen: dict[str, Scalar] = {}
        for key, value in zip(nodes[::2], nodes[1::2], strict=True):
            if not isinstance(key, Scalar):
                if not isinstance(key, Refused):
                    self._source.problem(key, "a key must be one word", "write key: value")
            elif key.text in seen:
                first = seen[key.text].line
                self._source.problem(key, f"{key.text!r} is given twice", f"remove one; the first is in line {first}")
            elif key.text == "<<" and not key.style:
                self._source.problem(key, "a merge key is not accepted", "write the values out")
            else:
                seen[key.text] = key
                yield key, value

    def _put(self, node: Node) -> None:
        if self._open:
            self._open[-1].nodes.append(node)
        else:
            self._root = node


def _span(event: yaml.Event) -> tuple[int, int, int, int]:
    """Line and column of the beginning, offsets of the beginning and the end."""
    start, end = event.start_mark, event.end_mark
    assert start is not None
    assert end is not None
    return start.line + 1, start.column + 1, start.index, end.index


def plain(node: Node, source: Source) -> Json:
    """``node`` as JSON, by the core rules of YAML 1.2; what other readers take for something else is a problem."""
    if isinstance(node, Table):
        for key, _ in node.pairs:
            if not isinstance(primitive(key), str) or surprise(key):
                source.problem(key, f"the key {key.text} is {described(key)}", f'write "{key.text}"')
        return {key.text: plain(value, source) for key, value in node.pairs}
    if isinstance(node, Items):
        return [plain(item, source) for item in node.nodes]
    if isinstance(node, Refused):
        return None
    reading = surprise(node)
    if reading:
        source.problem(node, f"{node.text} is {reading}", f'write "{node.text}" for text, or a plain decimal number')
    return primitive(node)
