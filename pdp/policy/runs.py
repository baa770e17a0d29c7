"""Where the characters of a scalar's text stand in its file.

Plain text on one line, and the inside of quotes without escapes, is one run. A block scalar (``|``) is one run a line,
since the indentation is not part of the text. Folding (``>``, or quotes over several lines) turns a line end into a
blank, so each source line begins a run of its own; behind an escape begins another.
"""

from __future__ import annotations

from pdp.policy.model import TextRun
from pdp.policy.nodes import Scalar

_ESCAPE_LENGTHS = {"x": 4, "u": 6, "U": 10}


def text_runs(node: Scalar, source: str) -> tuple[TextRun, ...]:
    """The runs of ``node.text``, at least one, by rising offset. ``source`` is the text of the whole file."""
    at = _body(node, source)
    runs: list[TextRun] = []
    line, line_start, seen = node.line, node.start - (node.column - 1), node.start
    for offset, character in enumerate(node.text):
        at, width = _find(node, source, at, character)
        breaks = [n for n in range(seen, at) if source[n] == "\n"]
        if breaks:
            line, line_start = line + len(breaks), breaks[-1] + 1
        seen = at
        run = TextRun(offset, line, at - line_start + 1)
        if not runs or (not character.isspace() and not _continues(run, runs[-1])):
            runs.append(run)
        at += width
    return tuple(runs) or (TextRun(0, node.line, node.column),)


def _continues(run: TextRun, before: TextRun) -> bool:
    return run.line == before.line and run.column - before.column == run.offset - before.offset


def _body(node: Scalar, source: str) -> int:
    """The offset where text may begin: past the quote, or past the header line of a block scalar."""
    if node.style in {"|", ">"}:
        end = source.find("\n", node.start)
        return node.end if end < 0 else end + 1
    return node.start + 1 if node.style else node.start


def _find(node: Scalar, source: str, at: int, character: str) -> tuple[int, int]:
    """Where ``character``, the next of the text, stands from ``at`` on, and how many characters it is written with."""
    if node.style == '"':
        at = _past_continuation(source, at)
        if source[at : at + 1] == "\\":
            return at, _ESCAPE_LENGTHS.get(source[at + 1 : at + 2], 2)
    if character.isspace():
        return at, int(source[at : at + 1].isspace())
    while at < node.end and source[at] != character:
        if node.style == '"' and source[at] == "\\":
            return at, _ESCAPE_LENGTHS.get(source[at + 1 : at + 2], 2)
        at += 1
    is_doubled = node.style == "'" and source[at : at + 2] == "''"
    return at, 2 if is_doubled else 1


def _past_continuation(source: str, at: int) -> int:
    """Past a backslash at the end of a line, which joins it with the next one."""
    while source[at : at + 1] == "\\" and source[at + 1 : at + 2] in {"\n", "\r"}:
        at += 2
        while source[at : at + 1].isspace():
            at += 1
    return at
