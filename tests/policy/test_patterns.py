"""Patterns mean what their authors expect, are matched in linear time, and what cannot be meant as one is reported."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.policy.admission import compile_pattern
from pdp.policy.nodes import Scalar
from pdp.policy.patterns import MOST_STARS, check
from pdp.policy.source import Source

letters = st.text("ab/?", max_size=12)
wild = st.text("ab/*?", max_size=8)


def matches(pattern: str, text: str) -> bool:
    """The meaning, spelt out: every way to share ``text`` among the stars."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(matches(pattern[1:], text[n:]) for n in range(len(text) + 1))
    return bool(text) and pattern[0] in {"?", text[0]} and matches(pattern[1:], text[1:])


def complaints(pattern: str) -> list[str]:
    source = Source("agents.yaml")
    check(Scalar(pattern, "'", 1, 1, 0, len(pattern)), source)
    return [p.message for p in source.problems]


@given(st.lists(wild, min_size=1, max_size=3), letters)
def test_a_text_matches_when_any_pattern_does(patterns: list[str], text: str) -> None:
    """``*`` is any run, ``?`` one character, everything else itself, and the whole text counts."""
    assert compile_pattern(patterns)(text) == any(matches(p, text) for p in patterns)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("*", "", True),
        ("*", "any\nthing", True),
        ("desk-*", "desk-1", True),
        ("desk-*", "Desk-1", False),
        ("a.b", "axb", False),
        ("a+", "aa", False),
        ("[ab]", "a", False),
        ("[ab]", "[ab]", True),
        ("sales.*", "sales.orders", True),
        ("sales.*", "salesXorders", False),
        ("spiffe://*/ns/*/sa/bot", "spiffe://a/ns/b/sa/bot", True),
        ("spiffe://*/ns/*/sa/bot", "spiffe://a/ns/b/sa/bot2", False),
        ("*ab*ab*", "ab", False),
        ("*ab*ab*", "xabyabz", True),
        ("?", "", False),
        ("é*", "éa", True),
    ],
)
def test_patterns_by_example(pattern: str, text: str, expected: bool) -> None:
    """No regular expressions, no classes of characters, no folding of case."""
    assert compile_pattern((pattern,))(text) is expected


@pytest.mark.parametrize("pattern", ["*a*a*a*b", "*a" * MOST_STARS + "b", "/*/*/*/*/x", "?*?*?*?*b"])
def test_matching_takes_linear_time(pattern: str) -> None:
    """Names come from callers: no text makes a pattern try every way to share it among its stars."""
    text = ("a/" if "/" in pattern else "a") * 30_000
    began = time.perf_counter()
    assert not compile_pattern((pattern,))(text)
    assert time.perf_counter() - began < 10


@pytest.mark.parametrize(
    "pattern",
    "* read-* ? sales.* *.example.com spiffe://example.com/ns/*/sa/* /srv/* a(b) user@* arn:aws:s3:::bucket/* "
    "kube-system/* C:\\temp\\* a|b €*".split(),
)
def test_what_people_write_is_accepted(pattern: str) -> None:
    """Identifiers, paths, addresses and resource names of all sorts."""
    assert complaints(pattern) == []


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        (".*", "regular expression"),
        ("^read", "regular expression"),
        ("read$", "regular expression"),
        ("read\\.mail", "regular expression"),
        ("\\w+", "regular expression"),
        ("(read|send)", "regular expression"),
        ("**/logs", "'**'"),
        ("[ab]*", "brackets"),
        ("{read,send}-mail", "brackets"),
        (" read", "blanks"),
        ("read\u200b", "hidden"),
        ("*a" * (MOST_STARS + 1), "stars"),
    ],
)
def test_what_cannot_be_meant_as_a_pattern_is_reported(pattern: str, message: str) -> None:
    """Whoever thinks in regular expressions or another tool's globs hears of it before nothing matches."""
    (complaint,) = complaints(pattern)
    assert message in complaint
