"""What a rule reads and requires: worked out from its parsed form, conservative wherever a guard is not certain."""

from __future__ import annotations

from typing import Any

import pytest
from cel_expr_python import cel
from google.protobuf import descriptor_pool
from google.protobuf.message import DecodeError
from hypothesis import assume, given

from pdp.policy.expression import Call, Items, Kind, Literal, Loop, Name, Node, children, decode, walk
from pdp.policy.references import Requirement, find, path_of
from pdp.policy.rules import RuleSet, _declarations, problems
from pdp.policy.variables import unmet
from pdp.policy.vocabulary import always_present, grain, spelt
from pdp.types import ReasonCode, Request
from tests.policy.expressions import RULES, requests
from tests.policy.outcomes import SETTINGS, context, rule

CHECKER = cel.NewEnv(descriptor_pool.Default(), variables=_declarations(SETTINGS.constants))


def tree(when: str) -> Node:
    return decode(CHECKER.compile(when).serialize())


def required(when: str) -> dict[str, int]:
    return {spelt(r.path): r.optional for r in find(tree(when)).required}


@pytest.mark.parametrize(
    ("when", "wanted"),
    [
        ("agent.id == target.name", {"agent.id": 0, "target.name": 0}),
        ("size(action.params) > 0 && size(facts.words) > 0 && constants.ratio > 0.1 && payload.kind == ''", {}),
        ("action.params.a.b.c == 1", {"action.params.a.b.c": 0}),
        ('action.params.a["b"].c == 1', {"action.params.a.b.c": 0}),
        ("action.params.a[0].c == 1", {"action.params.a": 0}),
        ("action.params.a[agent.id] == 1", {"action.params.a": 0, "agent.id": 0}),
        ("action.params.a.all(x, x.b == action.params.c)", {"action.params.a": 0, "action.params.c": 0}),
        (
            "[action.params.a, 1].size() == 2 || {'k': action.params.b}.k == 1",
            {"action.params.a": 0, "action.params.b": 0},
        ),
        ("has(action.params.a)", {}),
        ("has(action.params.a.b)", {"action.params.a": 0}),
        ("has(action.params.a) && action.params.a.b == 1", {"action.params.a.b": 3}),
        ("has(action.params.a) || action.params.a == 1", {"action.params.a": 0}),
        ("!has(action.params.a) && action.params.a == 1", {"action.params.a": 0}),
        ("!has(action.params.a) || !has(action.params.b) || action.params.a == action.params.b", {}),
        ("(has(action.params.a) || has(action.params.b)) && action.params.a == 1", {"action.params.a": 0}),
        ("(has(action.params.a) || has(action.params.a) && true) && action.params.a == 1", {}),
        ("has(action.params.a) ? true : action.params.a == 1", {"action.params.a": 0}),
        ("!(has(action.params.a) && true) ? true : action.params.a == 1", {}),
        ("[1].all(i, has(action.params.a) && action.params.a == i)", {}),
        ("[1].all(i, has(action.params.a)) && action.params.a == 1", {"action.params.a": 0}),
        ("(has(action.params.a) == true) && action.params.a == 1", {"action.params.a": 0}),
        ("has(action.params.a) && facts.emails.a.size() == 0 && facts.emails.b.size() == 0", {"facts.emails.b": 0}),
        ("has(facts.emails.a) && facts.emails.a.size() == 0 && facts.hosts.a.size() == 0", {"facts.hosts.a": 0}),
        ('payload.kind == "sql" && payload.star && payload.limit > 1', {"payload.limit": 0}),
        ('payload.kind in ["sql", "mcp"] && payload.access == "read" && payload.star', {"payload.star": 0}),
        ("payload.kind in [] && payload.star", {"payload.star": 0}),
        ('payload.kind in ["sql", agent.id] && payload.star', {"payload.star": 0, "agent.id": 0}),
        ('!(payload.kind != "sql") && payload.star', {}),
        ('(payload.kind == "sql" || payload.kind == "mcp") && payload.access == "read"', {}),
        ("match.score > match.accept", {"match.score": 0, "match.accept": 0}),
    ],
)  # fmt: skip
def test_what_is_required(when: str, wanted: dict[str, int]) -> None:
    """Guards count only where they must hold; the number is how many segments a guard lets be absent."""
    assert required(when) == wanted


def test_everything_read_is_noted_with_its_place() -> None:
    """Guarded or not; explain shows the values."""
    read = find(tree('has(action.params.a) && agent.id == "x" && "k" in action.params.m')).read
    assert {spelt(p) for p in read} == {"action.params.a", "agent.id", "action.params.m", "action.params.m.k"}
    assert read["agent", "id"] == 29


def test_what_loops_bind_is_no_attribute() -> None:
    """A loop variable may be called like a field, and its parts are not read from the request."""
    references = find(tree("action.params.l.all(id, id.kind == 1 && [id].exists(name, name == id))"))
    assert set(references.read) == {("action", "params", "l")}


@given(RULES, requests())
def test_no_requirement_is_needed_that_an_evaluation_could_do_without(when: str, request_: Request) -> None:
    """When everything required is there, evaluating never stumbles over a missing key outside of loops."""
    assume(problems([rule(when)], SETTINGS) == ())
    rules = RuleSet.compile([rule(when)], SETTINGS)
    outcome = rules.evaluate(context(rules, request_))[0]
    if outcome.code is not ReasonCode.ATTRIBUTE_MISSING:
        assert "Key not found" not in outcome.error


@pytest.mark.parametrize(
    ("path", "optional", "values", "met"),
    [
        (("a", "b"), 0, {"a": {"b": None}}, True),
        (("a", "b"), 0, {"a": {}}, False),
        (("a", "b"), 0, {}, False),
        (("a", "b", "c"), 2, {"a": {}}, True),
        (("a", "b", "c"), 2, {"a": {"b": {}}}, False),
        (("a", "b", "c"), 2, {"a": {"b": "text"}}, False),
        (("a", "b", "c"), 0, {"a": {"b": ["c"]}}, False),
        (("a", "b", "c"), 2, {"a": {"b": {"c": 0}}}, True),
    ],
)
def test_when_a_requirement_is_met(path: tuple[str, ...], optional: int, values: dict[str, Any], met: bool) -> None:
    """Present means a key that is there, with whatever value, below objects only."""
    wanted = Requirement(path, optional)
    assert unmet([wanted], values) == (frozenset() if met else {wanted})


def test_paths_are_spelt_as_in_rules() -> None:
    """With brackets where a name needs them."""
    assert spelt(("action", "params", "reply-to", "x")) == 'action.params["reply-to"].x'
    assert grain(("action", "params", "a", "b")) == ("action", "params", "a")
    assert grain(("payload", "query", "a")) == ("payload", "query")
    assert always_present(("facts", "emails"))
    assert not always_present(("facts", "emails", "to"))


def test_the_tree_has_places_and_types() -> None:
    """What scrutiny and cost work on."""
    node = tree('facts.emails["to"].exists(e, e == "é") && size([1, 2]) > 1')
    assert isinstance(node, Call)
    assert (node.function, node.kind, node.offset) == ("_&&_", Kind.BOOL, 39)
    loop = children(node)[0]
    assert isinstance(loop, Loop)
    assert (loop.variable, path_of(loop.over)) == ("e", ("facts", "emails", "to"))
    kinds = {type(n) for n in walk(node)}
    assert {Call, Loop, Name, Literal, Items} <= kinds
    values = [n.value for n in walk(tree("[1, 2u, 1.5, true, null, 'x', b'y'] == []")) if isinstance(n, Literal)]
    assert values == [1, 2, 1.5, True, None, "x", b"y"]


def test_bytes_that_are_no_expression_are_refused() -> None:
    """Should the library one day serialise something else."""
    with pytest.raises(DecodeError):
        decode(b"\xff\xff\xff")
