"""What is stored is one form of what was said, and reads back as it."""

from __future__ import annotations

import json
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.audit.record import Entry, Record, RecordKind

text = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)
entries = st.builds(
    Entry,
    st.sampled_from(RecordKind),
    st.floats(0, 1e11),
    st.lists(text, max_size=4).map(tuple),
    st.dictionaries(text, values, max_size=4),
)


def test_the_stored_form_is_sorted_and_compact():
    entry = Entry(RecordKind.DECISION, 1, ("r1",), {"b": "é", "a": MappingProxyType({"z": 1, "y": (1, 2)})})
    wanted = '{"body":{"a":{"y":[1,2],"z":1},"b":"é"},"ids":["r1"],"kind":"decision","time":1.0,"v":1}'
    assert entry.to_bytes() == wanted.encode()


@given(entries)
def test_an_entry_reads_back_as_it_was_written(entry):
    stored = entry.to_bytes()
    assert Entry.from_bytes(stored) == entry
    assert Record(0, "", 0.0, b"", stored).entry() == entry


@pytest.mark.parametrize("body", [{"x": float("nan")}, {"x": "\ud800"}, {"x": {1}}, {"x": b""}, {"x": float("inf")}])
def test_what_json_cannot_say_is_refused(body):
    with pytest.raises((ValueError, TypeError)):
        Entry(RecordKind.DECISION, 0, (), body).to_bytes()


@pytest.mark.parametrize(
    "change",
    [{"v": 2}, {"kind": "song"}, {"time": "noon"}, {"ids": None}, {"body": 3}, {"body": None}],
)
def test_other_documents_are_no_entries(change):
    document = {"body": {}, "ids": [], "kind": "grant", "time": 1.0, "v": 1} | change
    with pytest.raises(ValueError, match=r"entry"):
        Entry.from_bytes(json.dumps(document).encode())


@pytest.mark.parametrize("stored", [b"", b"{", b"[]", b"{}", b"\xff", b"[" * 100_000])
def test_damaged_bytes_are_no_entry(stored):
    with pytest.raises(ValueError, match="entry"):
        Entry.from_bytes(stored)
