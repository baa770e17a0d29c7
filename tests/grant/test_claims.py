"""Every claim comes back as it went out; nothing else is read."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.errors import GrantRefused
from pdp.grant import Actor, Origin, detail_of, from_claims, to_claims
from pdp.types import Access, Action, NarrowedRequest, SqlPayload, Target
from tests.grant.samples import grant, grants, json_values

FULL = json.loads(json.dumps(to_claims(grant(actors=(Actor("a", "1"), Actor("b", "2")), origins=(Origin("g-0", 3),)))))


def places(value: object, path: tuple = ()) -> list[tuple]:
    """The path of every member, however deep; params and attributes are the caller's own."""
    if path[-1:] in {("params",), ("attributes",)}:
        return []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [p for name, inner in items for p in [(*path, name), *places(inner, (*path, name))]]


def changed(path: tuple, change) -> dict:
    """``FULL`` with ``change(holder, name)`` done at one place."""
    claims = copy.deepcopy(FULL)
    holder = claims
    for step in path[:-1]:
        holder = holder[step]
    change(holder, path[-1])
    return claims


OPTIONAL = {
    ("sid",),
    ("tid",),
    ("cnf",),
    ("origins",),
    ("act", "instance"),
    ("act", "act"),
    ("act", "act", "instance"),
} | {("authorization_details", 0, "bounds")}
NAMED = [p for p in places(FULL) if isinstance(p[-1], str)]


@given(grants())
def test_claims_come_back_whole(made):
    """Through JSON and back."""
    assert from_claims(json.loads(json.dumps(to_claims(made)))) == made


@pytest.mark.parametrize("path", NAMED, ids=str)
def test_a_missing_claim_is_refused_by_name(path):
    """All but the ones that may be absent."""
    claims = changed(path, lambda holder, name: holder.pop(name))
    if path in OPTIONAL:
        assert from_claims(claims) != from_claims(FULL)
        return
    with pytest.raises(GrantRefused, match=str(path[-1])) as refused:
        from_claims(claims)
    assert refused.value.fault == "malformed"


@pytest.mark.parametrize("path", places(FULL), ids=str)
@given(value=json_values)
def test_a_claim_of_another_type_is_refused(path, value):
    """``true`` is no number and ``null`` is no absence."""
    old = copy.deepcopy(FULL)
    for step in path:
        old = old[step]
    if type(value) is type(old) or (path[-1] == "iat" and type(value) in {int, float}):
        return
    if path[-1] in {"params", "attributes"} and value is None:
        return
    with pytest.raises(GrantRefused) as refused:
        from_claims(changed(path, lambda holder, name: holder.__setitem__(name, value)))
    assert refused.value.fault == "malformed"


@pytest.mark.parametrize("path", [p for p in [(), *places(FULL)] if p[-1:] != ("params",)], ids=str)
def test_a_claim_that_is_not_known_is_refused(path):
    """At every level: what a verifier does not understand it cannot enforce."""
    claims = copy.deepcopy(FULL)
    holder = claims
    for step in path:
        holder = holder[step]
    if not isinstance(holder, dict) or path[-1:] == ("attributes",):
        return
    holder["extra"] = 1
    with pytest.raises(GrantRefused, match="not known"):
        from_claims(claims)


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("jti", ""),
        ("iss", ""),
        ("aud", ""),
        ("sub", ""),
        ("txn", ""),
        ("scope", ""),
        ("sid", ""),
        ("uses", 0),
        ("uses", 1_001),
        ("exp", FULL["nbf"]),
        ("exp", FULL["nbf"] + 301),
        ("iat", -1),
        ("origins", [{"jti": "", "uses": 1}]),
        ("origins", [{"jti": "g", "uses": 0}]),
        ("origins", [{"jti": "g", "uses": 1}] * 8),
        ("rqd", "short"),
        ("rqd", "=" * 43),
        ("cnf", {"x5t#S256": ""}),
        ("cnf", {"x5t#S256": "x"}),
        ("authorization_details", []),
        ("authorization_details", FULL["authorization_details"] * 2),
    ],
)
def test_what_no_grant_may_say_is_refused(claim, value):
    """Longer than five minutes, no uses, empty ids, several details."""
    with pytest.raises(GrantRefused, match=claim):
        from_claims({**FULL, claim: value})


@pytest.mark.parametrize(("name", "value"), [("type", "account"), ("row_limit", -1), ("privileges", ["all"])])
def test_a_detail_of_another_kind_is_refused(name, value):
    """RFC 9396, section 5: an unknown type must not be accepted."""
    detail = FULL["authorization_details"][0] | {name: value}
    with pytest.raises(GrantRefused, match=name):
        from_claims({**FULL, "authorization_details": [detail]})


def test_a_chain_of_actors_is_bounded():
    """Eight agents, not nine."""
    actors = tuple(Actor(f"a{n}") for n in range(8))
    assert from_claims(to_claims(grant(actors=actors))).actors == actors
    act = to_claims(grant(actors=actors))["act"]
    with pytest.raises(GrantRefused, match="act"):
        from_claims({**FULL, "act": {"sub": "one more", "act": act}})


def test_the_detail_is_what_was_narrowed():
    """Large params are left to the digest."""
    request = NarrowedRequest(
        Target("table", "x", {"a": 1}), Action("read", {"limit": 5, "q": "z" * 3_000}), SqlPayload("SELECT 1"), True, 7
    )
    detail = detail_of(request, Access.READ, ("limit",))
    assert (detail.payload, detail.read_only, detail.row_limit, detail.access) == ("sql", True, 7, Access.READ)
    assert (detail.attributes, detail.params, detail.bounds) == ({"a": 1}, None, ())
    small = NarrowedRequest(request.target, Action("read", {"limit": 5}))
    assert detail_of(small, bounds=("limit", "other")).bounds == ("limit",)


@given(st.booleans(), st.sampled_from(Access))
def test_a_grant_reads_when_it_is_read_only_or_derived_so(read_only, access):
    """What is unknown is not a read."""
    detail = detail_of(NarrowedRequest(Target("k", "n"), Action("a"), read_only=read_only), access)
    assert detail.reads is (access is Access.READ or (read_only and access is Access.UNKNOWN))
