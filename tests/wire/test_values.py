"""What may be in a name, a text, a key and a value, and how a refusal says where it is."""

from __future__ import annotations

import unicodedata

import pytest
from google.protobuf.struct_pb2 import ListValue, Struct, Value
from hypothesis import given
from hypothesis import strategies as st

from pdp.errors import InvalidRequest, LimitExceeded
from pdp.wire import Bounds
from pdp.wire.values import EXACT, fill_struct, json_from_struct, name, text

BOUNDS = Bounds()


@pytest.mark.parametrize(
    "good",
    [
        "",
        "mailbox",
        "spiffe://example.org/agent",
        "über-uns",
        "日本語",
        "a b",
        "Screenshot 10.00\u202fPM.png",
        "👩\ufe0f",
    ],
)
def test_names_that_people_give_are_names(good):
    """Every script, spaces of every width, symbols; also what file managers put into file names."""
    assert name(good, "target.name", BOUNDS) is good


@pytest.mark.parametrize(
    "character",
    [
        "\0",
        "\n",
        "\t",
        "\x1b",
        "\x7f",
        "\x85",
        "\u200b",
        "\u200f",
        "\u2028",
        "\u202e",
        "\u2066",
        "\ufeff",
        "\U000e0041",
    ],
    ids=lambda c: f"U+{ord(c):04X}",
)
def test_a_name_with_a_control_or_invisible_character_is_refused(character):
    """Two names that look alike, or a line break in a log, would be its only use; the text says which and where."""
    with pytest.raises(InvalidRequest) as refused:
        name(f"ab{character}c", "agent.id", BOUNDS)
    wanted = f"agent.id: contains the control or invisible character U+{ord(character):04X} at place 2; remove it"
    assert str(refused.value) == wanted


@given(st.characters(categories=("Cc",)))
def test_no_control_character_at_all_gets_into_a_name(character):
    """C0, delete and C1."""
    with pytest.raises(InvalidRequest):
        name(character, "x", BOUNDS)


@given(st.text(max_size=30))
def test_texts_may_hold_anything_but_controls_that_are_no_white_space(value):
    """For every text: refused exactly when it holds a C0 control other than white space, or delete."""
    bad = any((unicodedata.category(c) == "Cc" and c < "\x80" and c not in "\t\n\v\f\r") for c in value)
    try:
        assert text(value, "utterance", 30) is value
    except InvalidRequest:
        assert bad
    else:
        assert not bad


def test_lengths_count_characters_and_the_limit_itself_is_allowed():
    """Not bytes: a limit means the same in every script."""
    bounds = Bounds(name_characters=3)
    assert name("äöü", "x", bounds) == "äöü"
    with pytest.raises(LimitExceeded, match="x: has 4 characters; the limit is 3"):
        name("abcd", "x", bounds)
    assert text("日本", "x", 2)
    with pytest.raises(LimitExceeded, match="x: has 3 characters; the limit is 2"):
        text("日本語", "x", 2)


def struct(**fields: Value) -> Struct:
    return Struct(fields=fields)


def nested(*path: str | int, value: Value) -> Struct:
    """``value`` at this path of keys and places."""
    for step in reversed(path[1:]):
        if isinstance(step, str):
            value = Value(struct_value=Struct(fields={step: value}))
        else:
            value = Value(list_value=ListValue(values=[Value(null_value=0)] * step + [value]))
    return Struct(fields={path[0]: value})


@pytest.mark.parametrize(
    ("path", "wanted"),
    [(("a",), "p.a"), (("a", "b"), "p.a.b"), (("a", 2), "p.a[2]"), (("a", 0, "b", 1, 1), "p.a[0].b[1][1]")],
)
def test_a_refusal_names_the_path(path, wanted):
    """Through objects and lists down to the value."""
    with pytest.raises(InvalidRequest) as refused:
        json_from_struct(nested(*path, value=Value(number_value=float("nan"))), "p", BOUNDS)
    assert refused.value.field == wanted


def test_a_strange_key_in_a_path_is_shown_harmlessly():
    """An error text holds no control characters and no key of a megabyte."""
    for key in ("a\x1b[2J", "k" * 5000):
        with pytest.raises(InvalidRequest) as refused:
            json_from_struct(Struct(fields={key: Value(number_value=float("nan"))}), "p", BOUNDS)
        assert str(refused.value).isprintable()
        assert len(str(refused.value)) < 300


@pytest.mark.parametrize(
    ("number", "wanted"),
    [
        (3.0, 3),
        (-0.0, 0),
        (0.5, 0.5),
        (float(EXACT), EXACT),
        (float(EXACT) * 2, float(EXACT) * 2),
        (-float(EXACT), -EXACT),
        (1e300, 1e300),
        (5e-324, 5e-324),
    ],
)
def test_whole_numbers_become_ints_where_doubles_are_exact(number, wanted):
    """Within 2^53 and not beyond: there the int would pretend to a precision that the wire does not have."""
    value = json_from_struct(struct(v=Value(number_value=number)), "p", BOUNDS)["v"]
    assert (value, type(value)) == (wanted, type(wanted))


def test_booleans_and_null_stay_what_they_are():
    """True is not 1."""
    values = {"t": True, "f": False, "n": None, "one": 1}
    made = Struct()
    fill_struct(made, values, "p")
    back = json_from_struct(made, "p", BOUNDS)
    assert [type(back[key]) for key in values] == [bool, bool, type(None), int]


def test_empty_lists_and_objects_survive():
    """They are values, not absences."""
    made = Struct()
    fill_struct(made, {"l": [], "o": {}, "nested": [[], {}]}, "p")
    assert json_from_struct(made, "p", BOUNDS) == {"l": [], "o": {}, "nested": [[], {}]}


def test_depth_counts_objects_and_lists_and_the_limit_itself_is_allowed():
    """The struct itself is the first level."""
    three = nested("a", "b", 0, value=Value(bool_value=True))
    assert json_from_struct(three, "p", Bounds(depth=3))
    with pytest.raises(LimitExceeded, match=r"p\.a\.b: is nested more than 2 deep; the limit is 2"):
        json_from_struct(three, "p", Bounds(depth=2))


@given(st.permutations(["b", "a", "c", "d"]))
def test_the_order_of_keys_never_depends_on_how_they_were_put_in(keys):
    """A decision must be the same bytes in every process, so maps come out sorted."""
    made = Struct()
    for key in keys:
        made.fields[key].bool_value = True
    assert list(json_from_struct(made, "p", BOUNDS)) == ["a", "b", "c", "d"]
