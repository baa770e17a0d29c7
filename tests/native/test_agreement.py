"""Comparing what was declared with what is so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.native.agreement import Description, Native, distinct, same, settle, shown
from pdp.types import Access, Action, Target

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-5, 5) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_everything_is_the_same_as_itself(value):
    """Equality is reflexive."""
    assert same(value, value)


@given(JSON, JSON)
def test_sameness_is_symmetric(left, right):
    """Which side was declared does not matter."""
    assert same(left, right) == same(right, left)


@pytest.mark.parametrize(
    "left, right, equal",
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        ("1", 1, False),
        (None, False, False),
        ([1, 2], (1, 2), True),
        ([1, 2], [2, 1], False),
        ([1], [1, 2], False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1.0}, True),
        ({"a": None}, {}, False),
        ("ab", ["a", "b"], False),
        ({"a": [True]}, {"a": [1]}, False),
    ],
)
def test_json_values_are_compared_by_meaning(left, right, equal):
    """Numbers by value, booleans apart from them, arrays in order, objects by keys."""
    assert same(left, right) is equal


def test_deep_values_do_not_exhaust_the_stack():
    """Nesting is limited elsewhere; comparing must not be what breaks."""
    left: list[object] = []
    right: list[object] = []
    for _ in range(5000):
        left, right = [left], [right]
    assert same(left, right)


NATIVE = Native(
    kind="test",
    target=Target("table", "orders", {"region": "eu"}),
    action=Action("select", {"limit": 5}),
    access=Access.READ,
    facts={},
    descriptions=(
        Description("database", "shop"),
        Description("schema", None),
        Description("alias", "o", Target("table", "orders")),
    ),
    action_names=frozenset({"query"}),
)


@pytest.mark.parametrize(
    "declared, settled",
    [
        (Target("", ""), ("table", "orders")),
        (Target("table", ""), ("table", "orders")),
        (Target("", "ORDERS"), ("table", "orders")),
        (Target("Table", "Orders"), ("table", "orders")),
        (Target("alias", "o"), ("table", "orders")),
        (Target("database", "SHOP"), ("database", "shop")),
        (Target("database", ""), ("database", "shop")),
        (Target("schema", "any"), ("schema", "any")),
    ],
)
def test_true_targets_settle_without_a_mismatch(declared, settled):
    """Empty parts are filled, aliases become the derived target, wider true names stay."""
    derived = settle(NATIVE, declared, Action(""))
    assert ((derived.target.kind, derived.target.name), derived.mismatches) == (settled, ())


@pytest.mark.parametrize(
    "declared", [Target("table", "pay"), Target("database", "hr"), Target("alias", "p"), Target("x", "orders")]
)
def test_false_targets_are_named_and_replaced(declared):
    """The derived target goes on, so that whoever looks at the decision sees the truth."""
    derived = settle(NATIVE, declared, Action(""))
    assert len(derived.mismatches) == 1
    assert derived.target == NATIVE.target


def test_every_disagreement_is_named():
    """Target, attribute, action and params each get their own sentence."""
    declared = Action("delete", {"limit": 6, "other": 1})
    derived = settle(NATIVE, Target("table", "pay", {"region": "us", "team": "x"}), declared)
    assert derived.mismatches == (
        "target: declared table 'pay', but the payload acts on table 'orders'",
        "target.attributes.region: declared value differs from the payload's",
        "action: declared 'delete', but the payload does 'select'",
        "action.params.limit: declared value differs from the payload's",
        "action.params.other: declared, but not borne out by the payload",
    )
    assert derived.action == NATIVE.action
    assert derived.target.attributes == {"region": "eu", "team": "x"}


def test_messages_stay_short():
    """A name of a megabyte does not become a message of a megabyte."""
    assert len(shown("x" * 10_000)) < 100
    derived = settle(NATIVE, Target("table", "x" * 10_000), Action("y" * 10_000))
    assert all(len(m) < 300 for m in derived.mismatches)


def test_repeats_are_dropped_in_order():
    """First occurrences stay where they are."""
    assert distinct(["b", "a", "b", "c", "a"]) == ["b", "a", "c"]
