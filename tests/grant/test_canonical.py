"""One text for one value, one digest for one action, in every process and every language."""

from __future__ import annotations

import json
import struct
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.errors import InvalidRequest, LimitExceeded
from pdp.grant import action_digest, thumbprint
from pdp.grant.canonical import canonical
from pdp.types import Action, HttpPayload, McpPayload, SqlPayload, SshPayload, Target
from tests.grant.samples import ACTION, TARGET, json_values

# RFC 8785, appendix B: the bits of a double and its text.
NUMBERS = {
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "ffefffffffffffff": "-1.7976931348623157e+308",
    "4340000000000000": "9007199254740992",
    "c340000000000000": "-9007199254740992",
    "4430000000000000": "295147905179352830000",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "44b52d02c7e14af7": "1.0000000000000001e+23",
    "444b1ae4d6e2ef4e": "999999999999999700000",
    "444b1ae4d6e2ef4f": "999999999999999900000",
    "444b1ae4d6e2ef50": "1e+21",
    "3eb0c6f7a0b5ed8c": "9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332",
    "41b3de4355555554": "333333333.33333325",
    "41b3de4355555555": "333333333.3333333",
    "becbf647612f3696": "-0.0000033333333333333333",
    "43143ff3c1cb0959": "1424953923781206.2",
}


@pytest.mark.parametrize(("bits", "text"), NUMBERS.items())
def test_numbers_are_written_as_the_standard_lists_them(bits, text):
    """RFC 8785, appendix B."""
    (double,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical(double) == text


def test_members_are_sorted_by_utf_16():
    """RFC 8785, section 3.2.3: the example with letters beyond the basic plane."""
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    ordered = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    assert list(json.loads(canonical(dict.fromkeys(names, 0)))) == ordered


@given(json_values)
def test_the_text_is_the_value(value):
    """Read back it is equal, and writing it again changes nothing."""
    again = json.loads(canonical(value), parse_int=float)
    assert canonical(again) == canonical(value)
    assert again == value


@given(st.dictionaries(st.text("ab"), st.integers(-(10**6), 10**6)))
def test_order_and_kind_of_number_do_not_matter(params):
    """What went through a protobuf ``Struct`` comes back as doubles, in another order."""
    passed = {k: float(v) for k, v in reversed(params.items())}
    assert action_digest(TARGET, Action("a", params), None) == action_digest(TARGET, Action("a", passed), None)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53 + 1, 10**400, b"x", {1: 2}, {"a": object()}])
def test_what_a_double_or_json_cannot_carry_is_refused(value):
    """Two different actions would share one digest."""
    with pytest.raises(InvalidRequest):
        canonical(value)


def test_half_a_surrogate_pair_is_refused():
    """It has no UTF-8."""
    with pytest.raises(InvalidRequest):
        action_digest(TARGET, Action("a", {"x": "\ud800"}), None)


def test_depth_and_size_are_bounded():
    """However deep, no recursion error."""
    deep: object = 1
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(LimitExceeded):
        canonical(deep)
    with pytest.raises(LimitExceeded):
        action_digest(TARGET, Action("a", {"x": "y" * (1 << 20)}), None)


def test_every_part_of_an_action_counts():
    """Another target, attribute, action, param, payload or kind of payload: another digest."""
    cases = [
        (TARGET, ACTION, None),
        (Target("table", "billing.invoices"), ACTION, None),
        (Target("view", TARGET.name, TARGET.attributes), ACTION, None),
        (TARGET, Action("write", ACTION.params), None),
        (TARGET, Action("read", {**ACTION.params, "limit": 101}), None),
        (TARGET, ACTION, SqlPayload("SELECT 1")),
        (TARGET, ACTION, SqlPayload("SELECT 1", "postgres")),
        (TARGET, ACTION, SshPayload("SELECT 1", "")),
        (TARGET, ACTION, McpPayload("s", "t", {"a": 1})),
        (TARGET, ACTION, HttpPayload("GET", "h", "/", {"A": "b"})),
    ]
    assert len({action_digest(*c) for c in cases}) == len(cases)


def test_the_digest_is_the_same_in_another_process():
    """And stays the same: it is part of the contract."""
    known = "zdYDlwUrmAycMpVymNsqQaU8AXlT94QDkPfEfNA239s"
    code = "from tests.grant.samples import *; print(action_digest(TARGET, ACTION, None))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == action_digest(TARGET, ACTION, None) == known


def test_a_thumbprint_is_that_of_the_certificate_itself():
    """SHA-256 of the DER form, base64url (RFC 8705, section 3.1)."""
    assert thumbprint(b"") == "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
