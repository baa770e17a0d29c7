"""Every kind of value accepts what it says and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.config.kinds import ADDRESS, BOOLEAN, NAMES, OPTIONAL_ADDRESS, PATH, Kind, choice, number, whole

HERE = Path("/base")
anything = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.lists(st.text(max_size=3))


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        (whole(1, 9), "3", 3),
        (whole(1, 9), 9, 9),
        (number(0, 2), "0.5", 0.5),
        (number(0, 2), 2, 2.0),
        (choice("a", "b"), "b", "b"),
        (BOOLEAN, True, True),
        (BOOLEAN, "No", False),
        (BOOLEAN, "1", True),
        (PATH, "x/y", HERE / "x/y"),
        (PATH, "/x", Path("/x")),
        (PATH, "", None),
        (NAMES, "", ()),
        (NAMES, " cn:a , dns:b.c,", ("cn:a", "dns:b.c")),
        (NAMES, ["spiffe://a/*"], ("spiffe://a/*",)),
        (ADDRESS, "[::1]:0", "[::1]:0"),
        (ADDRESS, "unix:/run/x", "unix:/run/x"),
        (OPTIONAL_ADDRESS, "", ""),
        (OPTIONAL_ADDRESS, "h:1", "h:1"),
    ],
    ids=lambda value: value.says if isinstance(value, Kind) else repr(value),
)
def test_what_a_kind_accepts(kind, raw, value):
    """The same value from text as from TOML."""
    read = kind.read(raw, HERE)
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        (whole(1, 9), 0),
        (whole(1, 9), "10"),
        (whole(1, 9), 1.0),
        (whole(1, 9), True),
        (whole(1, 9), "0x3"),
        (number(0, 2), "inf"),
        (number(0, 2), "nan"),
        (number(0, 2), False),
        (number(0, 2), -0.1),
        (number(0, 2), []),
        (choice("a"), "A"),
        (choice("a"), ["a"]),
        (BOOLEAN, 1),
        (BOOLEAN, "on"),
        (PATH, 5),
        (NAMES, "a"),
        (NAMES, "cn:"),
        (NAMES, "spiffe://"),
        (NAMES, "dns:*.a"),
        (NAMES, [1]),
        (NAMES, 5),
        (ADDRESS, ""),
        (ADDRESS, "unix:"),
        (OPTIONAL_ADDRESS, "unix:/x"),
        (OPTIONAL_ADDRESS, 1),
    ],
    ids=lambda value: value.says if isinstance(value, Kind) else repr(value),
)
def test_what_a_kind_refuses(kind, raw):
    """By ``ValueError``, which the loader turns into words with the setting's name and source."""
    with pytest.raises(ValueError):
        kind.read(raw, HERE)


@given(
    st.sampled_from([whole(1, 9), number(0, 2), choice("a"), BOOLEAN, PATH, NAMES, ADDRESS, OPTIONAL_ADDRESS]), anything
)
def test_whatever_is_written_is_a_value_or_a_value_error(kind, raw):
    """No other exception reaches the person who made a typing mistake."""
    try:
        kind.read(raw, HERE)
    except ValueError:
        return


def test_every_kind_says_what_to_write():
    """The text goes into the error and into the documentation's table."""
    kinds = [whole(1, 9), number(0, 2), choice("a", "b"), BOOLEAN, PATH, NAMES, ADDRESS, OPTIONAL_ADDRESS]
    assert [kind.says for kind in kinds] == [
        "a whole number from 1 to 9",
        "a number from 0 to 2",
        "one of a, b",
        "true or false",
        "a path",
        "spiffe://… (may end in /*), dns:… or cn:…, separated by commas",
        "host:port, [::1]:port or unix:/path",
        "host:port or empty for none",
    ]
