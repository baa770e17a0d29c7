"""Each way of reading a key gives a usable value, or a harmless one and a problem at the right place."""

from __future__ import annotations

import enum
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.policy.fields import Fields, demand_distinct, demand_known, folded, nearest, shortened, text_of
from pdp.policy.nodes import Items, Scalar, Table
from pdp.policy.source import Source, parse

KEYS = ("a", "b", "name", "counter_exemplars")


class Colour(enum.Enum):
    """Something to choose from."""

    RED = "red"
    GREEN = "green"


def fields(text: str) -> Fields:
    """The fields of ``text``, whatever is wrong with it."""
    source = Source("f.yaml")
    return Fields(parse(text.encode(), source), source, "the thing", KEYS)


def said(read: Fields) -> list[str]:
    return [f"{p.line}:{p.column} {p.message} ({p.fix})" for p in read.source.problems]


Read = Callable[[Fields], object]
READERS: dict[str, Read] = {
    "text": lambda f: f.text("a"),
    "default text": lambda f: f.text("a", "d"),
    "text or empty": lambda f: f.text_or_empty("a", most=5),
    "identifier": lambda f: f.identifier("a"),
    "texts": lambda f: [n.text for n in f.texts("a", most=5, items=2)],
    "default texts": lambda f: [n.text for n in f.texts("a", ("d",), most=5, items=2)],
    "items": lambda f: len(f.items("a", most=2)),
    "choice": lambda f: f.choice("a", Colour),
    "default choice": lambda f: f.choice("a", Colour, Colour.GREEN),
    "number": lambda f: f.number("a", None, 1, 9),
    "default number": lambda f: f.number("a", 5, 1, 9),
    "whole": lambda f: f.whole("a", 5, 1, 9),
    "only true": lambda f: f.only_true("a"),
    "object": lambda f: f.object("a"),
    "named": lambda f: [n for n, _ in f.named("a")],
    "fields": lambda f: f.fields("a", "the inner", ("x",)) is not None,
}


@pytest.mark.parametrize(
    ("reader", "text", "value"),
    [
        ("text", "a: b c", "b c"),
        ("text", "a: '1'", "1"),
        ("default text", "b: c", "d"),
        ("text or empty", "a: ''", ""),
        ("text or empty", "b: c", ""),
        ("identifier", "a: read-mail.v2_x", "read-mail.v2_x"),
        ("texts", "a: [b, c]", ["b", "c"]),
        ("default texts", "b: c", ["d"]),
        ("items", "a: [1, {b: c}]", 2),
        ("items", "b: c", 0),
        ("choice", "a: red", Colour.RED),
        ("default choice", "b: c", Colour.GREEN),
        ("number", "a: 1.5", 1.5),
        ("number", "a: 9", 9),
        ("default number", "b: c", 5),
        ("whole", "a: 7", 7),
        ("whole", "a: 7.0", 7),
        ("only true", "a: true", True),
        ("only true", "b: c", False),
        ("object", "a: {b: [1, null]}", {"b": [1, None]}),
        ("object", "b: c", {}),
        ("named", "a: {one: 1, two_2: 2}", ["one", "two_2"]),
        ("fields", "a: {x: 1}", True),
        ("fields", "b: c", False),
    ],
)
def test_what_is_written_well_is_read(reader: str, text: str, value: object) -> None:
    """The value, and no problem."""
    read = fields(text)
    assert READERS[reader](read) == value
    assert said(read) == []


@pytest.mark.parametrize(
    ("reader", "text", "value", "problem"),
    [
        ("text", "b: c", "", "1:1 the thing lacks 'a' (add a: ...)"),
        ("text", "a:", "", "1:3 'a' has no value (write a: ...)"),
        ("default text", "a: ~", "d", "1:4 'a' has no value (write a: ..., or remove the key)"),
        ("text", "a: 1.0", "", "1:4 'a' is the number 1.0, not text (put it in quotes: \"1.0\")"),
        ("text", "a: true", "", "1:4 'a' is the truth value true, not text (put it in quotes: \"true\")"),
        ("text", "a: [b]", "", "1:4 'a' is a list, not text (write text)"),
        ("text", "a: {b: c}", "", "1:4 'a' is a mapping, not text (put text that holds ': ' in quotes)"),
        ("text", 'a: " "', "", "1:4 'a' is empty (write it, or remove it)"),
        ("text", 'a: "\\t\\0"', "", "1:4 'a' holds the control character U+0000 (remove it)"),
        ("text or empty", "a: abcdef", "", "1:4 'a' has 6 characters, at most 5 (shorten it)"),
        ("identifier", "a: 1a", "", "1:4 'a' is '1a', which is no name (begin with a letter"),
        ("texts", "a: b", [], "1:4 'a' is text, not a list (write a: [...]"),
        ("texts", "a: []", [], "1:4 'a' is empty (add an entry)"),
        ("texts", "a: [b, c, d]", [], "1:4 'a' has 3 entries, at most 2 (split it)"),
        ("texts", "a: [b, 2]", ["b"], "1:8 an entry of 'a' is the number 2, not text"),
        ("default texts", "a: []", [], "1:4 'a' is empty (add an entry, or remove the key)"),
        ("items", "a: {}", 0, "1:4 'a' is a mapping, not a list"),
        ("choice", "a: blue", None, "1:4 'a' is 'blue' (choose from green, red)"),
        ("choice", "a: Red", None, "1:4 'a' is 'Red' (did you mean 'red'?)"),
        ("choice", "b: c", None, "1:1 the thing lacks 'a'"),
        ("number", "a: 0.5", 1, "1:4 'a' is 0.5 (write a number from 1 to 9)"),
        ("number", "a: '5'", 1, "1:4 'a' is text, not a number (write a number from 1 to 9)"),
        ("number", "a: true", 1, "1:4 'a' is the truth value true, not a number"),
        ("number", "a: .inf", 1, "1:4 'a' is .inf, not a finite number, not a number"),
        ("default number", "a: 10", 1, "1:4 'a' is 10 (write a number from 1 to 9)"),
        ("whole", "a: 7.5", 7, "1:4 'a' is 7.5, not a whole number (write 7)"),
        ("only true", "a: false", True, "1:4 'a' can only be true (write true, or remove the key)"),
        ("only true", "a: [true]", True, "1:4 'a' can only be true"),
        ("object", "a: [b]", {}, "1:4 'a' is a list, not a mapping (write a: {name: value})"),
        ("named", "a: b", [], "1:4 'a' is text, not a mapping of names"),
        ("named", "a: {b-c: 1}", ["b-c"], "1:5 'b-c' is no name for an entry of 'a'"),
        ("named", "a: {no: 1}", ["no"], "1:5 'no' is no name for an entry of 'a'"),
        ("fields", "a: b", True, "1:4 the inner is text, not a mapping (write its keys: x)"),
        ("fields", "a: {y: 1}", True, "1:5 the inner has no key 'y'"),
    ],
)
def test_what_is_wrong_is_said_once_and_replaced(reader: str, text: str, value: object, problem: str) -> None:
    """One problem, where it is, with a fix; and a value with which reading goes on."""
    read = fields(text)
    assert READERS[reader](read) == value
    assert len(said(read)) == 1
    assert said(read)[0].startswith(problem)


@pytest.mark.parametrize("reader", sorted(READERS))
def test_what_was_refused_already_is_not_complained_of_again(reader: str) -> None:
    """An alias is one mistake, not one for each way in which it is no value."""
    read = fields("a: *there")
    READERS[reader](read)
    assert len(said(read)) == 1


@pytest.mark.parametrize("reader", sorted(READERS))
def test_what_is_no_mapping_is_said_once(reader: str) -> None:
    """Keys are not missed in something that can have none."""
    read = fields("[a]")
    READERS[reader](read)
    assert said(read) == ["1:1 the thing is a list, not a mapping (write its keys: a, b, name, counter_exemplars)"]


def test_unknown_keys_are_told_with_the_nearest_known_one() -> None:
    """A slip is named; what is near to nothing gets the choice."""
    assert said(fields("counter_examples: x\nzzz: 1\n")) == [
        "1:1 the thing has no key 'counter_examples' (did you mean 'counter_exemplars'?)",
        "2:1 the thing has no key 'zzz' (choose from a, b, counter_exemplars, name)",
    ]


@pytest.mark.parametrize(
    ("name", "known", "fix"),
    [
        ("reed", ["read", "write"], "did you mean 'read'?"),
        ("x", ["read", "write"], "choose from read, write"),
        ("x", [], "there is none to choose from"),
        ("x", list("abcdefghijklmn"), "choose from a, b, c, d, e, f, g, h, i, j, k, l and 2 more"),
    ],
)
def test_a_fix_names_the_nearest_or_the_choice(name: str, known: list[str], fix: str) -> None:
    """Short enough to read, and the same each time."""
    assert nearest(name, known) == fix
    assert nearest(name, reversed(known)) == fix


def test_another_fix_may_stand_in_for_the_choice() -> None:
    """Where a list of everything would not help."""
    assert nearest("x", ["read"], "ask") == "ask"
    assert nearest("reed", ["read"], "ask") == "did you mean 'read'?"


def scalars(text: str) -> tuple[tuple[Scalar, ...], Source]:
    source = Source("f.yaml")
    root = parse(text.encode(), source)
    assert isinstance(root, Items)
    return tuple(n for n in root.nodes if isinstance(n, Scalar)), source


def test_what_stands_twice_is_told_with_the_first() -> None:
    """Case and spacing make no difference."""
    nodes, source = scalars("- one\n- two\n- ' ONE '\n- One\n")
    demand_distinct(nodes, "the list", source)
    assert [(p.line, p.fix) for p in source.problems] == [
        (3, "remove one; the first is in line 1"),
        (4, "remove one; the first is in line 1"),
    ]


def test_what_is_not_known_is_told_at_its_own_place() -> None:
    """Each entry by itself, the known ones not at all."""
    nodes, source = scalars("[mon, tues, fri]")
    demand_known(nodes, ("mon", "tue", "fri"), "day", source)
    assert [str(p) for p in source.problems] == ["f.yaml:1:7: there is no day 'tues' (did you mean 'tue'?)"]


@given(st.text(max_size=200))
def test_texts_are_shortened_for_messages_only_when_long(text: str) -> None:
    """Sixty characters at most, and the beginning is kept."""
    short = shortened(text)
    assert len(short) <= 60
    assert (short == text) == (len(text) <= 60)
    assert short[:59] == text[:59]


@given(st.text(max_size=30))
def test_folding_is_stable(text: str) -> None:
    """What is folded stays as it is, and neither case nor spacing shows in it."""
    assert folded(f"  {folded(text)} ") == folded(folded(text))
    assert "  " not in folded(text)


@given(st.text(max_size=20))
def test_any_text_in_quotes_is_read_or_reported(text: str) -> None:
    """There is no third outcome: either the very text, or a problem."""
    source = Source("f.yaml")
    found = text_of(Scalar(text, '"', 1, 1, 0, 0), source, "it", 10)
    assert (found == text) if found is not None else len(source.problems) == 1
    assert (found is None) == bool(source.problems)


def test_the_position_of_a_mapping_is_that_of_its_first_key() -> None:
    """Where an author looks for it."""
    read = fields("\n\n  a: 1\n")
    assert str(read.position) == "f.yaml:3:3"
    assert isinstance(read.node, Table)
