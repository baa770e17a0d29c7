"""Adding an entry to a list in YAML text, or removing one, without touching a byte besides.

Loading and dumping a file, even with a library that keeps comments, folds long lines anew, joins lists that were spread
over lines and drops alignment. Here the places of the nodes say where to cut. The caller parses the result and compares
it with what was meant, so a way of writing that is not foreseen here ends in an error and never in another meaning.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from pdp.policy.nodes import Items, Node, Scalar, Table, primitive, surprise
from pdp.policy.source import Source, parse

_DASH = re.compile(r"[ ]*-[ ]+")


class Unforeseen(Exception):
    """The text is written in a way that cannot be edited here."""


def with_entry(text: str, table: Table, key: str, entry: str, after: str) -> str:
    """``text`` with ``entry`` at the end of the list ``key`` of ``table``; a new list goes behind that of ``after``."""
    node = table.get(key)
    if node is None:
        return _with_list(text, table, key, entry, after)
    if isinstance(node, Items) and text[node.start : node.end] == "[]":
        return text[: node.start] + f"[{rendered(entry, '', in_brackets=True)}]" + text[node.end :]
    if not isinstance(node, Items) or not node.nodes:
        raise Unforeseen
    return _append_in_brackets(text, node, entry) if node.is_flow else _append_line(text, node, entry)


def without_entry(text: str, table: Table, key: str, place: int) -> str:
    """``text`` without entry ``place`` of the list ``key`` of ``table``; with its last entry the list itself goes."""
    node = table.get(key)
    if not isinstance(node, Items):
        raise Unforeseen
    if len(node.nodes) == 1:
        return _without_list(text, table, key, node)
    if node.is_flow:
        return _cut_in_brackets(text, node, place)
    entry = node.nodes[place]
    if not _DASH.fullmatch(_before(text, entry)):
        raise Unforeseen
    return _without_lines(text, _line_start(text, entry.start), _content_end(text, entry))


def rendered(entry: str, style: str, *, in_brackets: bool) -> str:
    """``entry`` as YAML: in the quotes of ``style`` where they can hold it, else in double quotes."""
    single = "'" + entry.replace("'", "''") + "'"
    double = json.dumps(entry, ensure_ascii=False)
    for written in {"'": (single,), '"': ()}.get(style, (entry,)):
        root = parse((f"[{written}]" if in_brackets else f"- {written}").encode(), Source(""))
        node = root.nodes[0] if isinstance(root, Items) and len(root.nodes) == 1 else None
        if isinstance(node, Scalar) and node.text == primitive(node) == entry and not surprise(node):
            return written
    return double


def _append_line(text: str, node: Items, entry: str) -> str:
    last = node.nodes[-1]
    before = _before(text, last)
    dash = before if _DASH.fullmatch(before) else " " * (node.column - 1) + "- "
    line = dash + rendered(entry, _style(last), in_brackets=False)
    return _insert_line(text, _content_end(text, last), line)


def _append_in_brackets(text: str, node: Items, entry: str) -> str:
    last = node.nodes[-1]
    written = rendered(entry, _style(last), in_brackets=True)
    comma = re.match(r"\s*,", text[last.end : node.end])
    end = last.end + (comma.end() if comma else 0)
    indent = _before(text, last)
    if indent.strip():
        return f"{text[:end]}{'' if comma else ','} {written}{',' if comma else ''}{text[end:]}"
    line_end = min(_line_end(text, end), node.end - 1)
    rest = text[end:line_end]
    line = f"{_newline(text)}{indent}{written}{',' if comma else ''}"
    return f"{text[:end]}{'' if comma else ','}{rest}{line}{text[line_end:]}"


def _with_list(text: str, table: Table, key: str, entry: str, after: str) -> str:
    name, node = next(((k, v) for k, v in table.pairs if k.text == after), (None, None))
    if name is None or not isinstance(node, Items) or not node.nodes:
        raise Unforeseen
    last = node.nodes[-1]
    if table.is_flow:
        written = f", {name.style}{key}{name.style}: [{rendered(entry, _style(last), in_brackets=True)}]"
        return text[: node.end] + written + text[node.end :]
    indent = " " * (name.column - 1)
    before = _before(text, last)
    dash = before if not node.is_flow and _DASH.fullmatch(before) else f"{indent}  - "
    end = _line_end(text, node.end) if node.is_flow else _content_end(text, last)
    line = dash + rendered(entry, _style(last), in_brackets=False)
    return _insert_line(text, end, f"{indent}{key}:{_newline(text)}{line}")


def _cut_in_brackets(text: str, node: Items, place: int) -> str:
    entry = node.nodes[place]
    is_last = place == len(node.nodes) - 1
    comma = re.match(r"\s*,", text[entry.end : node.end])
    end = entry.end + (comma.end() if comma else 0)
    rest = text[end : _line_end(text, end)].strip()
    if not _before(text, entry).strip() and (not rest or rest.startswith("#")):
        return _without_lines(text, _line_start(text, entry.start), _line_end(text, end))
    if is_last:
        return text[: node.nodes[place - 1].end] + text[entry.end :]
    return text[: entry.start] + text[node.nodes[place + 1].start :]


def _without_list(text: str, table: Table, key: str, node: Items) -> str:
    at = next(n for n, (k, _) in enumerate(table.pairs) if k.text == key)
    name = table.pairs[at][0]
    if not table.is_flow:
        end = _line_end(text, node.end) if node.is_flow else _content_end(text, node.nodes[-1])
        return _without_lines(text, _line_start(text, name.start), end)
    if at == 0:
        raise Unforeseen
    return text[: table.pairs[at - 1][1].end] + text[node.end :]


def _style(node: Node) -> str:
    return node.style if isinstance(node, Scalar) else ""


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _line_end(text: str, at: int) -> int:
    """Where the line that ``at`` lies in ends, without its line end."""
    end = text.find("\n", at)
    end = len(text) if end < 0 else end
    return end - 1 if text[end - 1 : end] == "\r" else end


def _before(text: str, node: Node) -> str:
    return text[_line_start(text, node.start) : node.start]


def _content_end(text: str, node: Node) -> int:
    """The end of the last line of an entry. That of a block scalar is reckoned with the blank lines behind it."""
    if isinstance(node, Scalar) and node.style in {"|", ">"}:
        return len(text[: node.end].rstrip())
    return _line_end(text, node.end)


def _insert_line(text: str, at: int, line: str) -> str:
    return f"{text[:at]}{_newline(text)}{line}{text[at:]}"


def _without_lines(text: str, start: int, end: int) -> str:
    """``text`` without the lines from ``start`` to ``end``, and without the line end behind them or else before."""
    behind = re.compile(r"\r?\n").match(text, end)
    if behind:
        return text[:start] + text[behind.end() :]
    return re.sub(r"\r?\n\Z", "", text[:start]) + text[end:]


def entries(table: Table, key: str) -> Iterator[Scalar]:
    """The texts of the list ``key``; none when it is not there."""
    node = table.get(key)
    if isinstance(node, Items):
        yield from (n for n in node.nodes if isinstance(n, Scalar))
