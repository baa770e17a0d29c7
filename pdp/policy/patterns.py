"""Shell-style patterns as a bundle writes them: ``*`` is any run of characters, ``?`` one, nothing else is special."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pdp.policy.fields import Fields, demand_distinct
from pdp.policy.nodes import Scalar
from pdp.policy.source import Source

MOST_PATTERN = 256
MOST_PATTERNS = 1000
# More is a sign of something else being meant.
MOST_STARS = 6
_REGULAR_EXPRESSION = re.compile(r"^\^|\$$|^\.[*+]$|\\[.dwsb]|\(.*\|.*\)")


def patterns(fields: Fields, key: str, default: Sequence[str] | None = None) -> tuple[Scalar, ...]:
    """A list of patterns, none of them twice."""
    found = fields.texts(key, default, most=MOST_PATTERN, items=MOST_PATTERNS)
    for node in found:
        check(node, fields.source)
    demand_distinct(found, repr(key), fields.source)
    return found


def pattern(fields: Fields, key: str) -> str:
    """A single pattern; required."""
    text = fields.text(key, most=MOST_PATTERN)
    node = fields.get(key)
    if text and isinstance(node, Scalar):
        check(node, fields.source)
    return text


def check(node: Scalar, source: Source) -> None:
    """Note a problem when ``node`` cannot be meant as a pattern."""
    text = node.text
    if text != text.strip() or not text.isprintable():
        source.problem(node, f"the pattern {text!r} has blanks at its ends or hidden characters", "remove them")
    elif "**" in text:
        source.problem(
            node, f"the pattern {text!r} has '**', which is no more than '*'", "write '*'; it matches '/' too"
        )
    elif text.count("*") > MOST_STARS:
        fix = "split it into several patterns"
        source.problem(node, f"the pattern {text!r} has {text.count('*')} stars, at most {MOST_STARS}", fix)
    elif _REGULAR_EXPRESSION.search(text):
        fix = "write '*' for any run of characters and '?' for one"
        source.problem(node, f"the pattern {text!r} looks like a regular expression", fix)
    elif re.search(r"\[[^\]]+\]|\{[^}]*,[^}]*\}", text):
        fix = "list the alternatives as patterns of their own"
        source.problem(node, f"the pattern {text!r} has brackets, which stand for themselves", fix)
