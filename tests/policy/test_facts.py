"""Facts: pure, complete over nested values, and never computed for nothing."""

from __future__ import annotations

import math
import time as clock
from datetime import UTC, datetime, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.policy.cost import MOST_FACT_CHARACTERS, MOST_VALUES
from pdp.policy.facts import EVERYTHING, FACTS, MOST_SEARCHED, Facts, FactType, Needed, compute
from pdp.policy.model import Settings, Window
from pdp.policy.windows import is_open
from tests.policy.outcomes import NOW, SETTINGS, asked

TYPES = {FactType.NUMBER: int, FactType.STRINGS: list, FactType.FLAGS: dict, FactType.STRINGS_BY_PARAM: dict}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


def told(params: dict[str, Any], needed: Needed | None = None, utterance: str = "Read it", **changes: Any) -> Facts:
    settings = changes.pop("settings", SETTINGS)
    return compute(asked(params), utterance, changes.pop("findings", ()), settings, changes.pop("now", NOW), needed)


def fact(name: str, params: dict[str, Any], **changes: Any) -> Any:
    found = told(params, {name: None}, **changes)
    assert found.unusable == {}
    return found.values[name]


@given(st.dictionaries(st.text(max_size=4), JSON, max_size=4), st.text(max_size=30))
def test_facts_are_total_pure_and_of_their_declared_type(params: dict[str, Any], utterance: str) -> None:
    """Any JSON gives every fact a value of its type or a reason why not, the same each time."""
    found = told(params, None, utterance)
    assert found.values.keys() | found.unusable.keys() == set(FACTS)
    for name, value in found.values.items():
        kind = FACTS[name].type
        assert type(value) is TYPES[kind]
        if kind is FactType.STRINGS_BY_PARAM:
            assert isinstance(value, dict)
            assert value.keys() == params.keys()
            assert all(type(s) is str for strings in value.values() for s in strings)  # type: ignore[union-attr]
    assert found == told(params, None, utterance)


def test_only_what_is_needed_is_computed() -> None:
    """Facts that no rule names, and params that no rule names, are left alone."""
    found = told({"to": "a@b.c", "cc": "d@e.f"}, {"emails": frozenset({"to", "absent"}), "characters": None})
    assert found.values == {"emails": {"to": ["a@b.c"]}, "characters": 7}
    assert told({"to": "x"}, {}) == Facts()
    assert EVERYTHING.keys() == FACTS.keys()


def test_facts_look_inside_lists_and_objects() -> None:
    """Values at any depth, and keys of objects, where addresses may hide as well."""
    params = {"to": ["a@x.com", {"cc": ["b@y.org"], "c@z.net": 1}], "n": 5}
    assert fact("emails", params) == {"to": ["a@x.com", "b@y.org", "c@z.net"], "n": []}
    assert fact("domains", params)["to"] == ["x.com", "y.org", "z.net"]
    assert fact("all_emails", params) == ["a@x.com", "b@y.org", "c@z.net"]
    assert fact("all_domains", params) == ["x.com", "y.org", "z.net"]
    assert fact("all_hosts", {"a": "https://h.x/", "b": ["10.0.0.1"]}) == ["10.0.0.1", "h.x"]


def test_grounded_and_ungrounded_are_each_others_opposite() -> None:
    """By param: every leaf occurs in the utterance."""
    params = {"to": ["bob@x.com", "eve@x.com"], "limit": 5, "urgent": True}
    utterance = "Send 5 mails to bob@x.com"
    assert fact("grounded", params, utterance=utterance) == {"to": False, "limit": True, "urgent": True}
    assert fact("ungrounded", params, utterance=utterance) == ["to"]


def test_paths_are_every_string_in_normal_form() -> None:
    """Also those that do not look like a path: nothing slips past a rule about all paths."""
    assert fact("paths", {"p": ["/a/../b", "plain", "..\\x"], "n": 1}) == {"p": ["../x", "/b", "plain"], "n": []}
    assert "NUL" in told({"p": "a\0b"}, {"paths": None}).unusable["paths"]
    assert "paths" in told({"p": "%ff"}, {"paths": None}).unusable


@pytest.mark.parametrize(
    ("value", "every", "touched"),
    [
        ("10.1.2.3", ["office"], ["office"]),
        ("10.20.1.1", ["office", "production"], ["office", "production"]),
        (["10.1.1.1", "10.20.1.1"], ["office"], ["office", "production"]),
        (["10.1.1.1", "8.8.8.8"], [], ["office"]),
        ("10.20.0.0/24", ["office", "production"], ["office", "production"]),
        ("10.0.0.0/7", [], ["office", "production"]),
        ("::ffff:10.1.2.3", ["office"], ["office"]),
        ("2001:db8::5", ["office"], ["office"]),
        ("http://[2001:db8::5]:80/x", ["office"], ["office"]),
        ("http://10.1.2.3:8080/x", ["office"], ["office"]),
        ("http://167837955/", ["office"], ["office"]),
        ("no address", [], []),
        (["no address", "8.8.8.8"], [], []),
        (5, [], []),
    ],
)
def test_networks_hold_every_address_touched_networks_any(value: Any, every: list[str], touched: list[str]) -> None:
    """Ranges count as the addresses in them, IPv4 inside IPv6 as IPv4; without an address no network holds."""
    assert fact("networks", {"host": value}) == {"host": every}
    assert fact("touched_networks", {"host": value}) == {"host": touched}
    assert fact("all_networks", {"host": value, "x": 1}) == every


def test_words_characters_and_findings() -> None:
    """Of the canonical utterance; each word and finding once."""
    assert fact("words", {}, utterance="Don't send the OTP, the one-time Password!") == [
        "don't", "one", "otp", "password", "send", "the", "time",
    ]  # fmt: skip
    assert fact("characters", {}, utterance="äöü") == 3
    assert fact("findings", {}, findings=("mixed_script", "bidi_control", "mixed_script")) == [
        "bidi_control",
        "mixed_script",
    ]


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("emails", {"x": [f"a{i}@b.c" for i in range(MOST_VALUES + 1)]}),
        ("paths", {"x": "a" * (MOST_FACT_CHARACTERS + 1)}),
        ("all_emails", {"x": "a" * MOST_FACT_CHARACTERS + "@b.c"}),
        ("paths", {"x": [f"{i:05}" + "a" * 500 for i in range(200)]}),
        ("grounded", {str(i): i for i in range(MOST_VALUES + 1)}),
        ("emails", {"x": "a" * (MOST_SEARCHED + 1)}),
        ("networks", {"x": ["a" * 1000] * 300}),
    ],
)
def test_a_fact_too_large_for_a_rule_cannot_be_told(name: str, params: dict[str, Any]) -> None:
    """The estimate of what a rule costs rests on these limits."""
    found = told(params, {name: None})
    assert found.values == {}
    assert name in found.unusable


@pytest.mark.parametrize("name", FACTS)
@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "@",
        "a@",
        "a@b,",
        ":",
        "/",
        "//",
        "http:",
        "https://@",
        "www.",
        "1.",
        "1:",
        "%41",
        "../",
        "[",
        "-",
        "5 ",
        "\\",
    ],
)
def test_the_time_a_fact_takes_is_linear(name: str, piece: str) -> None:
    """No text that an agent may choose makes extraction slow: the largest takes well under two seconds here."""
    text = piece * (MOST_SEARCHED // len(piece))
    before = clock.perf_counter()
    told({"x": text}, {name: None}, utterance=(piece * 4000)[:4000])
    assert clock.perf_counter() - before < 4


BERLIN_HOURS = Window(frozenset(range(5)), time(8), time(18), "Europe/Berlin")
NIGHT = Window(frozenset({4}), time(22), time(6), "Europe/Berlin")
AT_TWO = Window(frozenset({6}), time(2), time(3), "Europe/Berlin")
ALL_DAY = Window(frozenset({5}), time(0), time(0), "UTC")


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("window", "moment", "wanted"),
    [
        (BERLIN_HOURS, "2026-01-05T08:00:00+01:00", True),
        (BERLIN_HOURS, "2026-01-05T07:59:59+01:00", False),
        (BERLIN_HOURS, "2026-01-05T17:59:59+01:00", True),
        (BERLIN_HOURS, "2026-01-05T18:00:00+01:00", False),
        (BERLIN_HOURS, "2026-01-04T12:00:00+01:00", False),
        (BERLIN_HOURS, "2026-07-06T06:30:00+00:00", True),  # summer time
        (BERLIN_HOURS, "2026-01-05T06:30:00+00:00", False),
        (NIGHT, "2026-01-09T22:00:00+01:00", True),  # Friday
        (NIGHT, "2026-01-10T05:59:00+01:00", True),  # Saturday, still Friday's window
        (NIGHT, "2026-01-10T06:00:00+01:00", False),
        (NIGHT, "2026-01-10T23:00:00+01:00", False),
        (NIGHT, "2026-01-09T05:00:00+01:00", False),  # Thursday's would be, Friday's is not
        (ALL_DAY, "2026-01-10T00:00:00+00:00", True),
        (ALL_DAY, "2026-01-10T23:59:59+00:00", True),
        (ALL_DAY, "2026-01-11T00:00:00+00:00", False),
        (AT_TWO, "2026-10-25T00:30:00+00:00", True),  # 2:30 CEST
        (AT_TWO, "2026-10-25T01:30:00+00:00", True),  # 2:30 CET
        (AT_TWO, "2026-03-29T01:30:00+00:00", False),  # the hour that is skipped
    ],
)
def test_windows_go_by_the_wall_clock(window: Window, moment: str, wanted: bool) -> None:
    """Start inside, end outside; past midnight it is the starting day's; clocks that change count as they show."""
    assert is_open(window, at(moment)) is wanted
    assert fact("windows", {}, settings=Settings(windows={"w": window}), now=at(moment)) == {"w": wanted}


@given(st.integers(0, 7 * 24 * 60 - 1), st.times(), st.times(), st.sets(st.integers(0, 6)))
def test_a_window_and_what_it_leaves_share_the_week(minute: int, start: time, until: time, days: set[int]) -> None:
    """A moment is in a daily window or in that of the hours it leaves, never in both, when clocks do not change."""
    now = datetime(2026, 1, 5, tzinfo=UTC).timestamp() + minute * 60
    every = frozenset(range(7))
    inside = is_open(Window(every, start, until, "UTC"), now)
    if start != until:
        assert inside is not is_open(Window(every, until, start, "UTC"), now)
    if is_open(Window(frozenset(days), start, until, "UTC"), now):
        assert inside


@pytest.mark.parametrize("now", [math.nan, math.inf, 1e300])
def test_a_moment_that_is_none_opens_no_window(now: float) -> None:
    """The fact cannot be told, so rules about it fail."""
    assert "windows" in told({}, {"windows": None}, now=now).unusable


def test_an_unknown_time_zone_opens_no_window() -> None:
    """Should one get past the loading of the bundle."""
    settings = Settings(windows={"w": Window(frozenset(range(7)), time(0), time(23), "Nowhere/Land")})
    assert "windows" in told({}, {"windows": None}, settings=settings).unusable
