"""A session comes back as it was; bytes that were not written here are refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.session.state import SessionState
from pdp.session.stored import MOST_BYTES, StateDamaged, from_bytes, to_bytes
from tests.session.drawn import fresh, sessions


@given(sessions())
def test_a_session_comes_back_as_it_was(state: SessionState) -> None:
    """Value by value, and byte by byte."""
    assert from_bytes(to_bytes(state)) == state
    assert to_bytes(from_bytes(to_bytes(state))) == to_bytes(state)


@given(st.binary(max_size=200))
def test_other_bytes_are_refused(data: bytes) -> None:
    """With the one error there is for it."""
    with pytest.raises(StateDamaged):
        from_bytes(data)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(sessions(), st.data(), JUNK)
def test_a_field_with_something_else_in_it_is_refused_or_read_as_it_stands(
    state: SessionState, data: st.DataObject, junk: Any
) -> None:
    """Never half read, never another error."""
    document = json.loads(to_bytes(state))
    document[data.draw(st.sampled_from(sorted(document)))] = junk
    changed = json.dumps(document).encode()
    try:
        found = from_bytes(changed)
    except StateDamaged:
        return
    assert from_bytes(to_bytes(found)) == found


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"v":1', b'"v":2'),
        (b'"version":0', b'"version":0,"more":1'),
        (b'"version":0', b'"version":0,"version":0'),
        (b'"version":0', b'"version":-1'),
        (b'"version":0', b'"version":true'),
        (b'"version":0', b'"version":1.0'),
        (b'"version":0', b'"version":9007199254740992'),
        (b'"peak":0.0', b'"peak":NaN'),
        (b'"peak":0.0', b'"peak":1e999'),
        (b'"peak":0.0', b'"peak":1' + b"0" * 400),
        (b'"distances":[]', b'"distances":[1.5]'),
        (b'"grants":[]', b'"grants":[["j",1.0,1.0]]'),
        (b'"grants":[]', b'"grants":[["j",1.0,1.0,-1.0]]'),
        (b'"accesses":[0,', b'"accesses":['),
        (b'"denied":0', b'"denied":null'),
        (b'"steps":"', b'"steps":"!'),
        (b'"seen":[]', b'"seen":["a","a"]'),
        (b'"limits":[]', b'"limits":[["rows"]]'),
    ],
)
def test_one_change_is_refused(old: bytes, new: bytes) -> None:
    """Another format, unknown and double keys, wrong types, numbers beyond their bounds."""
    data = to_bytes(fresh())
    assert old in data
    with pytest.raises(StateDamaged):
        from_bytes(data.replace(old, new, 1))


def test_a_huge_file_is_refused_unread() -> None:
    """Before it is parsed."""
    with pytest.raises(StateDamaged, match="1,048,577 bytes"):
        from_bytes(b" " * (MOST_BYTES + 1))


def test_the_purpose_itself_is_not_kept() -> None:
    """Only its vector is: the words are the principal's."""
    document = json.loads(to_bytes(fresh()))
    assert document["purpose"].keys() == {"steps", "scale"}
