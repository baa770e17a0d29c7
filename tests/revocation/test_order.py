"""An order means something, and its line is read strictly."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.errors import InvalidRequest
from pdp.revocation.order import CAUSES, Op, Order, Scope, check, check_cause, from_line, to_line
from tests.revocation.orders import NOW, drawn, order

LINE = to_line(order()).rstrip()


@given(drawn(), st.text(max_size=50), st.integers(1, 2**63), st.sampled_from(sorted(CAUSES)))
def test_a_line_gives_the_order_again(one: Order, text: str, sequence: int, cause: str) -> None:
    """Whatever the reason says, it stays one line of ASCII."""
    one = replace(one, reason=text, by=text, sequence=sequence, cause=cause)
    line = to_line(one)
    assert line.isascii()
    assert line.index(b"\n") == len(line) - 1
    assert from_line(line[:-1]) == one


@given(st.binary(max_size=3), st.integers(0, len(LINE)), st.integers(0, 5))
def test_the_quick_way_to_read_is_as_strict_as_the_other(junk: bytes, at: int, cut: int) -> None:
    """A line as it is written is matched as a whole; JSON with the same meaning gives the same or is refused too."""
    line = LINE[:at] + junk + LINE[at + cut :]
    read = []
    for text in (line, line.replace(b'"v":1', b'"v": 1')):
        try:
            read.append(from_line(text))
        except ValueError:
            read.append(None)
    assert read[0] == read[1]


def test_the_line_is_stable() -> None:
    assert LINE == (
        b'{"by":"olga","cause":"operator-action","op":"kill","reason":"it misbehaved","scope":"agent","sequence":1,'
        b'"time":1700000000.0,"until":null,"v":1,"value":"spiffe://example/agent/a"}'
    )


def test_a_line_may_be_written_by_hand() -> None:
    """Other order of keys, blanks and whole seconds are the same order."""
    body = json.loads(LINE) | {"time": int(NOW), "until": int(NOW) + 60}
    assert from_line(json.dumps(dict(reversed(body.items()))).encode()) == order(until=NOW + 60)


def test_a_code_of_a_later_version_is_read() -> None:
    """While versions are mixed, an order with a new cause must not stop the old processes."""
    assert from_line(LINE.replace(b"operator-action", b"made-up-later")).cause == "made-up-later"
    with pytest.raises(InvalidRequest, match="'made-up-later' is unknown; known are budget-exceeded, "):
        check_cause("made-up-later", CAUSES)
    check_cause("made-up-later", CAUSES | {"made-up-later"})


@pytest.mark.parametrize(
    "old, new",
    [
        (b'"v":1', b'"v":2'),
        (b'"v":1', b'"v":true'),
        (b'"v":1', b'"v":1.0'),
        (b'"v":1', b'"v":1,"v":1'),
        (b'"v":1', b'"v":1,"w":1'),
        (b'"v":1,', b""),
        (b'"kill"', b'"murder"'),
        (b'"kill"', b'["kill"]'),
        (b'"agent"', b'"agents"'),
        (b'"sequence":1', b'"sequence":"1"'),
        (b'"sequence":1', b'"sequence":true'),
        (b'"sequence":1', b'"sequence":1.0'),
        (b"1700000000.0", b"NaN"),
        (b"1700000000.0", b"1e999"),
        (b"1700000000.0", b"1" * 400),
        (b"1700000000.0", b"1" * 5_000),
        (b"1700000000.0", b"false"),
        (b"null", b"Infinity"),
        (b"null", b'""'),
        (b'"kill"', b'"lift"'),
        (b'"olga"', b"null"),
        (b'"olga"', b'"\xff"'),
        (b'"operator-action"', b'"Operator Action"'),
        (b'"operator-action"', b'""'),
        (b'"spiffe://example/agent/a"', b'""'),
        (b'"spiffe://example/agent/a"', b'"' + b"a" * 5_000 + b'"'),
        (b'"olga"', b"[" * 100_000),
        (b"{", b" {"),
        (b"}", b"} "),
        (b"}", b"}{}"),
        (b"}", b""),
        (LINE, b""),
        (LINE, b"[]"),
        (LINE, b"\0" * 50),
    ],
)
def test_whatever_else_is_refused(old: bytes, new: bytes) -> None:
    line = LINE.replace(b"null", b"1700000001.0") if new == b'"lift"' else LINE
    assert old in line
    with pytest.raises(ValueError):
        from_line(line.replace(old, new))


@given(st.binary(max_size=80), st.integers(0, len(LINE)), st.integers(0, 10))
def test_no_bytes_do_harm(junk: bytes, at: int, cut: int) -> None:
    """A damaged line is an order or a ValueError, never anything else."""
    with contextlib.suppress(ValueError):
        from_line(LINE[:at] + junk + LINE[at + cut :])


@pytest.mark.parametrize(
    "wrong, field",
    [
        (order(value=""), "value"),
        (order(scope=Scope.EVERYTHING, value="x"), "value"),
        (order(scope=Scope.INSTANCE, value="agent"), "value"),
        (order(scope=Scope.INSTANCE, value="agent/"), "value"),
        (order(scope=Scope.TARGET, value="table"), "value"),
        (order(scope=Scope.TARGET, value="/name"), "value"),
        (order(scope=Scope.TARGET, value="*/name"), "value"),
        (order(scope=Scope.TARGET, value="ta?le/name"), "value"),
        (order(value="x" * 4_097), "value"),
        (order(reason="x" * 4_097), "reason"),
        (order(cause="-"), "cause"),
        (order(cause="Drift"), "cause"),
        (order(time=float("nan")), "time"),
        (order(until=float("inf")), "until"),
        (order(op=Op.LIFT, until=NOW), "until"),
    ],
)
def test_an_order_that_means_nothing_is_refused(wrong: Order, field: str) -> None:
    """The error names the field."""
    with pytest.raises(InvalidRequest) as raised:
        check(wrong)
    assert raised.value.field == field
