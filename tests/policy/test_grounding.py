"""Grounding: what counts as standing in the utterance, and above all what does not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.policy.grounding import Ground

UTTERANCE = (
    "Send 'Report.txt' to bob@x.com and pay $1,234.50 by May 15th, 2024 at 3 pm. Copy /srv/a to 10.0.0.1, the top 5, "
    "then the 7th item of v1.2.3 for Bob's team (order #4711), pages 3-9, by -2 degrees, see https://a.example/x?y=1."
)
GROUND = Ground.of(UTTERANCE)


@pytest.mark.parametrize(
    "value",
    [
        "report.txt",
        "REPORT.TXT",
        "bob@x.com",
        "Bob",
        "team",
        "/srv/a",
        "10.0.0.1",
        "https://a.example/x?y=1",
        "order #4711",
        "send  'report.txt'\nto",
        1234.5,
        "1,234.50",
        "1234.5",
        5,
        5.0,
        7,
        "7",
        4711,
        -2,
        "2024-05-15",
        "2024-05-15 15:00",
        "2024-05-15T15:00:00Z",
        "2024-05-15T15:00:00.000+02:00",
        "15:00",
        "15:00:00",
        "3 pm",
        True,
        False,
        None,
        "",
        "  ",
        [],
        {},
        ["bob", {"x": ["report.txt", 5]}],
        {"anything": "team"},
        "ｂｏｂ",
    ],
    ids=repr,
)
def test_what_occurs(value: Any) -> None:
    """Case, white space, commas in numbers, forms of dates and full-width letters make no difference."""
    assert GROUND.holds(value)


@pytest.mark.parametrize(
    "value",
    [
        "ob@x.com",
        "bob@x.co",
        "x.com",
        "bob@x.com.evil",
        "a@bob@x.com",
        "report",
        "txt",
        "srv",
        "/srv",
        "/srv/a/b",
        "0.0.1",
        "10.0.0",
        "a.example",
        "/x",
        "x?y",
        "eam",
        "Bo",
        "sendreport.txt",
        "alice",
        1234,
        234.5,
        50,
        1,
        2,
        9,
        2023,
        192,
        47,
        "1234",
        12345,
        "2024-05-16",
        "2024-05",
        "2024-05-15 16:00",
        "2023-05-15",
        "05-15",
        "16:00",
        "03:00",
        "2024-13-15",
        float("nan"),
        float("inf"),
        "snan",
        "1e5",
        "١٢٣",
        ["bob", "alice"],
        {"x": {"y": "alice"}},
        "x" * 100_000,
        10**5000,
    ],
    ids=lambda v: repr(v)[:30] if not isinstance(v, int) or v < 10**9 else "huge",
)
def test_what_does_not_occur(value: Any) -> None:
    """A part of an address, a path, a host, a number or a word is not the thing; nor is another date or time."""
    assert not GROUND.holds(value)


@pytest.mark.parametrize(
    ("value", "utterance"),
    [
        ("2026-01-05", "on 5 January 2026"),
        ("2026-01-05", "on the 5th of January 2026"),
        ("2026-01-05", "Jan 05, 2026"),
        ("2026-01-05", "05.01.2026"),
        ("2026-01-05", "5.1.2026"),
        ("2026-01-21", "January 21st, 2026"),
        ("2026-01-22", "22nd January 2026"),
        ("2026-01-11", "the 11th January 2026"),
        ("2026-01-05 00:30", "2026-01-05 at 12:30 am"),
        ("12:00", "at 12pm"),
        ("09:05", "at 9:05"),
    ],
)
def test_dates_and_times_in_other_words(value: str, utterance: str) -> None:
    """The common ways of writing a date with its year, and a time of day."""
    assert Ground.of(utterance).holds(value)


def test_a_date_without_its_year_is_not_enough() -> None:
    """Which year is meant is not for the agent to make up."""
    assert not Ground.of("on January 5th").holds("2026-01-05")


@given(st.text(min_size=1, max_size=20).filter(str.strip), st.text(max_size=20), st.text(max_size=20))
def test_a_quoted_value_always_occurs(value: str, before: str, after: str) -> None:
    """Between spaces and quotes, whatever it is and whatever stands around it."""
    assert Ground.of(f'{before} "{value}" {after}').holds(value)


@given(
    st.from_regex(r"[a-z]{1,6}(\.[a-z]{1,4})?@[a-z]{1,6}\.[a-z]{2,3}", fullmatch=True), st.sampled_from("abz09_.-+@")
)
def test_an_address_inside_another_never_occurs(address: str, glue: str) -> None:
    """Whatever a name is extended with in front makes it another address."""
    assert not Ground.of(f"write to x{glue}{address} today").holds(address)
    assert not Ground.of(f"write to {address}{glue}x today").holds(address)


@given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9))
def test_numbers_occur_by_value(number: int, other: int) -> None:
    """With commas or without, and no number occurs for another."""
    ground = Ground.of(f"take {number:,} of them")
    assert ground.holds(number)
    assert ground.holds(float(number))
    assert ground.holds(other) is (number == other)
