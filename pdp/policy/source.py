"""YAML text to nodes that know where they stand, with every mistake collected instead of the first one raised.

Stricter than YAML: no aliases (a small file could otherwise grow without bound), no tags, no duplicate keys, no second
document, and a string is a string: what YAML 1.1 would read as a truth value, a date or a number must be quoted.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import yaml

from pdp.errors import Problem
from pdp.types import Json, Position

MOST_BYTES = 1_048_576
MOST_DEPTH = 24
STRING, NULL = "tag:yaml.org,2002:str", "tag:yaml.org,2002:null"
PLAIN_TAGS = frozenset(f"tag:yaml.org,2002:{t}" for t in ("str", "null", "bool", "int", "float", "timestamp", "map", "seq", "merge", "value"))
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_NUMBER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")


@dataclass(slots=True)
class Source:
    """One file being read: its name in the bundle, its lines, and the problems found so far."""

    file: str
    problems: list[Problem] = field(default_factory=list)
    lines: tuple[str, ...] = ()

    def at(self, node: yaml.Node | None) -> Position:
        """Where ``node`` begins; the start of the file for none."""
        if node is None:
            return Position(self.file, 1, 1)
        return Position(self.file, node.start_mark.line + 1, node.start_mark.column + 1)

    def problem(self, node: yaml.Node | None, message: str, fix: str) -> None:
        """Note one mistake."""
        place = self.at(node)
        self.problems.append(Problem(place.file, place.line, place.column, message, fix))


def parse(data: bytes, source: Source) -> yaml.Node | None:
    """The root node of ``data``; ``None`` with a problem noted when it is no acceptable YAML."""
    if len(data) > MOST_BYTES:
        source.problem(None, f"the file has {len(data):,} bytes, at most {MOST_BYTES:,}", "split it")
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        source.problems.append(Problem(source.file, line, 1, "not UTF-8", "save the file as UTF-8"))
        return None
    # Line ends as YAML counts them, so that a position in a block scalar can be found again.
    source.lines = tuple(re.split(r"\r\n|[\n\r\x85\u2028\u2029]", text))
    try:
        _refuse_aliases(text)
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        _note_syntax(error, source)
        return None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        reason = getattr(error, "reason", "") or "nested too deeply"
        source.problem(None, f"not readable as YAML: {reason}", "remove what the message names")
        return None
    if root is None:
        source.problem(None, "the file is empty", "write the mapping it should hold, or delete the file")
        return None
    return root if _acceptable(root, source) else None


def _refuse_aliases(text: str) -> None:
    if "*" not in text and "&" not in text:
        return
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise yaml.MarkedYAMLError(problem="anchors and aliases are not used here", problem_mark=event.start_mark)


def _note_syntax(error: yaml.MarkedYAMLError, source: Source) -> None:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    text = " ".join(filter(None, (error.context, error.problem))) or "not readable as YAML"
    source.problems.append(Problem(source.file, line, column, text, "mend the YAML syntax here or just above"))


def _acceptable(root: yaml.Node, source: Source) -> bool:
    before = len(source.problems)
    pending = [(root, 1)]
    while pending:
        node, depth = pending.pop()
        if depth > MOST_DEPTH:
            source.problem(node, f"nested more than {MOST_DEPTH} levels deep", "flatten it")
            continue
        if node.tag not in PLAIN_TAGS:
            source.problem(node, f"the tag {node.tag!r} is not used here", "remove the tag")
        if isinstance(node, yaml.MappingNode):
            _check_keys(node, source)
            pending += [(child, depth + 1) for pair in node.value for child in pair]
        elif isinstance(node, yaml.SequenceNode):
            pending += [(child, depth + 1) for child in node.value]
    return len(source.problems) == before


def _check_keys(node: yaml.MappingNode, source: Source) -> None:
    seen: dict[str, yaml.Node] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.tag != STRING:
            source.problem(key, "a key must be a plain string", "quote it")
        elif key.value in seen:
            source.problem(key, f"{key.value!r} is given twice", f"remove one; the first is in line {seen[key.value].start_mark.line + 1}")
        else:
            seen[key.value] = key


def nearest(name: str, known: Iterable[str]) -> str:
    """A fix that names the known word nearest to ``name``, or all of them."""
    options = sorted(known)
    close = difflib.get_close_matches(name, options, 1, 0.6)
    return f"did you mean {close[0]!r}?" if close else f"use one of: {', '.join(options)}"


def text_position(node: yaml.Node, source: Source) -> Position:
    """The first character of a scalar's text: past a quote, or in the first line of a block scalar."""
    place = source.at(node)
    style = getattr(node, "style", None)
    if style in {"'", '"'}:
        return Position(place.file, place.line, place.column + 1)
    if style not in {"|", ">"}:
        return place
    for number in range(place.line, len(source.lines)):
        line = source.lines[number]
        if line.strip():
            return Position(place.file, number + 1, len(line) - len(line.lstrip()) + 1)
    return place


def plain(node: yaml.Node, source: Source) -> Json:
    """A node as JSON, by the YAML 1.2 core rules. What only YAML 1.1 would convert is refused, not guessed."""
    if isinstance(node, yaml.MappingNode):
        return {key.value: plain(value, source) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [plain(item, source) for item in node.value]
    return _scalar(node, source)


def _scalar(node: yaml.Node, source: Source) -> Json:
    text = str(node.value)
    if node.tag == STRING:
        return text
    if node.tag == NULL:
        return None
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    if _INTEGER.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text):
        return float(text)
    source.problem(node, f"{text!r} is not plainly a string or a number", "put it in quotes")
    return None


class Fields:
    """The keys of one mapping, taken one by one; ``what`` names it in messages."""

    def __init__(self, node: yaml.Node | None, source: Source, what: str, known: frozenset[str]) -> None:
        self.node, self.source, self.what = node, source, what
        self._values: dict[str, yaml.Node] = {}
        if not isinstance(node, yaml.MappingNode):
            if node is not None:
                source.problem(node, f"{what} must be a mapping", f"write its keys: {', '.join(sorted(known))}")
            return
        for key, value in node.value:
            if key.value in known:
                self._values[key.value] = value
            else:
                source.problem(key, f"unknown key {key.value!r} in {what}", nearest(key.value, known))

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def get(self, key: str) -> yaml.Node | None:
        """The node of ``key``, if given."""
        return self._values.get(key)

    def position(self, key: str = "") -> Position:
        """Where the value of ``key``, or the mapping itself, stands."""
        return self.source.at(self._values.get(key) or self.node)

    def problem(self, key: str, message: str, fix: str) -> None:
        """Note a mistake at the value of ``key``, or at the mapping when it is not given."""
        self.source.problem(self._values.get(key) or self.node, message, fix)

    def text(self, key: str, default: str | None = None, most: int = 1000) -> str:
        """A non-empty string; required when ``default`` is ``None``."""
        node = self._values.get(key)
        if node is None:
            if default is None and isinstance(self.node, yaml.MappingNode):
                self.source.problem(self.node, f"{self.what} has no {key!r}", f"add {key}: ...")
            return default or ""
        return string(node, self.source, key, most) or ""

    def texts(self, key: str, default: tuple[str, ...] | None = None, most: int = 1000) -> tuple[tuple[str, Position], ...]:
        """A list of non-empty strings with their places; required and not empty when ``default`` is ``None``."""
        node = self._values.get(key)
        if node is None:
            if default is None and isinstance(self.node, yaml.MappingNode):
                self.source.problem(self.node, f"{self.what} has no {key!r}", f"add {key}: [...]")
            return tuple((t, self.position()) for t in default or ())
        if not isinstance(node, yaml.SequenceNode):
            self.source.problem(node, f"{key!r} must be a list of strings", f"write {key}: [...]")
            return ()
        if not node.value and default is None:
            self.source.problem(node, f"{key!r} is empty", "add at least one entry")
        found = ((string(n, self.source, f"an entry of {key}", most), text_position(n, self.source)) for n in node.value)
        return tuple((t, p) for t, p in found if t is not None)

    def choice(self, key: str, options: Iterable[str], default: str | None = None) -> str | None:
        """One of a closed set of words; ``None`` with a problem noted otherwise."""
        if key not in self._values and default is not None:
            return default
        found, options = self.text(key), tuple(options)
        if found in options:
            return found
        if found:
            self.problem(key, f"unknown {key} {found!r}", nearest(found, options))
        return None

    def number(self, key: str, default: float, least: float, most: float) -> float:
        """A finite number within bounds."""
        node = self._values.get(key)
        if node is None:
            return default
        value = plain(node, self.source)
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            self.source.problem(node, f"{key!r} must be a number from {least:g} to {most:g}", f"for example {key}: {default:g}")
            return default
        return value

    def flag(self, key: str) -> bool:
        """``true`` or ``false``; false when not given."""
        node = self._values.get(key)
        value = plain(node, self.source) if node is not None else False
        if not isinstance(value, bool):
            self.problem(key, f"{key!r} must be true or false", f"write {key}: true")
            return False
        return value

    def items(self, key: str) -> Iterator[yaml.Node]:
        """The nodes of a list; none when not given."""
        node = self._values.get(key)
        if node is None:
            return
        if not isinstance(node, yaml.SequenceNode):
            self.source.problem(node, f"{key!r} must be a list", f"write each entry of {key} behind a dash")
            return
        yield from node.value

    def object(self, key: str) -> Mapping[str, Json]:
        """A mapping as JSON; empty when not given."""
        node = self._values.get(key)
        if node is None:
            return {}
        if not isinstance(node, yaml.MappingNode):
            self.source.problem(node, f"{key!r} must be a mapping", f"write {key}: {{name: value}}")
            return {}
        value = plain(node, self.source)
        return value if isinstance(value, Mapping) else {}


def string(node: yaml.Node, source: Source, what: str, most: int) -> str | None:
    """A scalar as a non-empty string; ``None`` with a problem noted otherwise."""
    if not isinstance(node, yaml.ScalarNode):
        source.problem(node, f"{what} must be a string", "write one line of text")
    elif node.tag != STRING:
        source.problem(node, f"{what} is {node.value!r}, which YAML does not read as a string", "put it in quotes")
    elif not node.value.strip():
        source.problem(node, f"{what} is empty", "write it or remove it")
    elif len(node.value) > most:
        source.problem(node, f"{what} has {len(node.value):,} characters, at most {most:,}", "shorten it")
    elif any(ord(c) < 32 and c not in "\n\t\r" for c in node.value):
        source.problem(node, f"{what} holds a control character", "remove it")
    else:
        return str(node.value)
    return None
