"""A sub-agent never gets more than its parent has, whatever it asks for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pdp.errors import GrantRefused
from pdp.grant import Actor, Attenuation, Origin, action_digest, attenuate, contains, excess
from pdp.types import Access, Action
from tests.grant.samples import ACTION, AUDIENCE, NOW, TARGET, digests, grant, grants

SUB = Actor("spiffe://example/helper", "1")
# Many small choices around one grant, so that some are within, some are not, and chains of both occur.
attenuations = st.builds(
    Attenuation,
    actor=st.sampled_from([SUB, Actor("other")]),
    life=st.none() | st.integers(-5, 90),
    uses=st.none() | st.integers(-1, 6),
    audience=st.sampled_from(["", AUDIENCE, AUDIENCE + "/a", AUDIENCE + "0", "gw:pg-prod", "gw:other"]),
    certificate=st.sampled_from(["", "c" * 43, "d" * 43]),
    params=st.none()
    | st.fixed_dictionaries(
        {},
        optional={
            "limit": st.sampled_from([0, 50, 100, 100.0, 101, -1, True, "100", None, [50]]),
            "columns": st.sampled_from([["id"], ["sum"], ["id", "sum"], ["sum", "id"], [], ["id", "name"], "id", None]),
            "customer": st.sampled_from([4711, 4711.0, 1, "4711"]),
            "more": st.just(1),
        },
    ),
    read_only=st.booleans(),
    row_limit=st.none() | st.integers(-1, 20),
)
parents = st.builds(
    lambda uses, limit, certificate, payload: grant(
        uses=uses, certificate=certificate, detail=replace(grant().detail, row_limit=limit, payload=payload)
    ),
    st.integers(1, 5),
    st.none() | st.integers(0, 10),
    st.sampled_from(["", "c" * 43]),
    st.sampled_from(["", "", "sql"]),
)


def attenuated(parent, wanted, now=NOW + 1):
    """The narrower grant; with a refused wish all the same as before, so that chains come about often."""
    for wish in (wanted, replace(wanted, life=None, uses=None, audience="", certificate=""), Attenuation(wanted.actor)):
        try:
            return attenuate(parent, wish, now, "g-2")
        except GrantRefused:
            continue
    raise AssertionError("a grant can always be passed on as it is")


@given(grants())
def test_a_grant_is_within_itself(one):
    """Reflexive."""
    assert contains(one, one)


@given(grants(), grants())
def test_unrelated_grants_are_not_within_each_other(one, other):
    """Ids alone make no relation."""
    assume(one.principal != other.principal)
    assert not contains(one, other)


@given(parents, attenuations)
def test_what_is_attenuated_is_contained(parent, wanted):
    """Or refused: there is no third way."""
    try:
        child = attenuate(parent, wanted, NOW + 1, "g-2")
    except GrantRefused as error:
        refused = error
    else:
        refused = None
    if refused is not None:
        assert refused.fault in {"not_contained", "malformed"}
        return
    assert contains(parent, child)
    assert child.actors == (wanted.actor, *parent.actors)
    assert child.expires_at <= parent.expires_at
    assert child.uses <= parent.uses
    assert child.detail.read_only or not (wanted.read_only or parent.detail.read_only)
    assert child.origins == (Origin(parent.id, parent.uses), *parent.origins)
    assert (child.id, child.transaction, child.session) == ("g-2", parent.transaction, parent.session)


@given(parents, attenuations, attenuations)
def test_containment_is_transitive(parent, first, second):
    """A chain of sub-agents ends within its first grant."""
    child = attenuated(parent, first)
    grandchild = attenuated(child, second, NOW + 2)
    assert contains(child, grandchild)
    assert contains(parent, grandchild)


@given(parents, attenuations, attenuations, attenuations)
def test_containment_is_transitive_between_siblings(parent, first, second, third):
    """Also where nobody made the one from the other."""
    one, two, three = (attenuated(parent, w) for w in (first, second, third))
    if contains(one, two) and contains(two, three):
        assert contains(one, three)


@given(parents, attenuations)
def test_containment_both_ways_is_sameness(parent, wanted):
    """What differs in any way is narrower one way only."""
    child = attenuated(parent, wanted)
    assert not contains(child, parent)


WIDER = {
    "iss": {"issuer": "https://other"},
    "aud": {"audience": "gw:pg-prod"},
    "sub": {"principal": "eve@example.com"},
    "act": {"actors": (Actor("someone"),)},
    "iat": {"issued_at": NOW - 1},
    "nbf": {"not_before": int(NOW) - 1},
    "exp": {"expires_at": int(NOW) + 61},
    "txn": {"transaction": "r-2"},
    "sid": {"session": ""},
    "tid": {"task": ""},
    "scope": {"intent": "write-invoices"},
    "tctx": {"decision": "d-2"},
    "cnf": {"certificate": ""},
    "uses": {"uses": 2},
    "origins": {"id": "g-2"},
    "rqd": {"digest": "z" * 43},
}
WIDER_DETAIL = [
    {"target_kind": "view"},
    {"target_name": "billing"},
    {"action": "write"},
    {"attributes": {}},
    {"attributes": None},
    {"params": None},
    {"params": {}},
    {"params": {**ACTION.params, "more": 1}},
    {"params": {**ACTION.params, "limit": 101}},
    {"payload": "sql"},
    {"read_only": False},
    {"row_limit": None},
    {"row_limit": 11},
    {"bounds": ("columns", "customer", "limit")},
    {"access": Access.WRITE},
]


@pytest.mark.parametrize("claim", WIDER)
def test_each_claim_is_compared(claim):
    """One that is wider is enough, and is named."""
    texts = excess(grant(), grant(**WIDER[claim]))
    # More uses than the grant it is also show in what its line had.
    assert [t.partition(" ")[0] for t in texts] == ([claim, "origins"] if claim == "uses" else [claim])


@pytest.mark.parametrize("other", WIDER_DETAIL, ids=str)
def test_each_part_of_the_detail_is_compared(other):
    """With the digest left as it is."""
    parent = grant(detail=replace(grant().detail, read_only=True, row_limit=10))
    assert not contains(parent, replace(parent, detail=replace(parent.detail, **other)))


@given(digests)
def test_fewer_params_need_their_own_digest(digest):
    """The digest of anything else is a grant for anything else."""
    params = {**ACTION.params, "limit": 10}
    detail = replace(grant().detail, params=params)
    right = action_digest(TARGET, Action("read", params), None)
    assert contains(grant(), grant(detail=detail, digest=right))
    assert not contains(grant(), grant(detail=detail))
    assert not contains(grant(), grant(detail=detail, digest=digest))


def test_a_payload_cannot_be_cut():
    """The grant does not show it, so nothing proves that another one is within it."""
    parent = grant(detail=replace(grant().detail, payload="mcp"))
    with pytest.raises(GrantRefused) as refused:
        attenuate(parent, Attenuation(SUB, params={"limit": 10}), NOW, "g-2")
    assert refused.value.fault == "not_contained"
    assert attenuate(parent, Attenuation(SUB, row_limit=3), NOW, "g-2").detail.row_limit == 3


@pytest.mark.parametrize(("now", "fault"), [(NOW + 60, "expired"), (NOW + 1e9, "expired"), (NOW - 1, "not_yet_valid")])
def test_only_a_grant_that_holds_is_attenuated(now, fault):
    """No refresh by the back door."""
    with pytest.raises(GrantRefused) as refused:
        attenuate(grant(), Attenuation(SUB), now, "g-2")
    assert refused.value.fault == fault


CUTS = [
    ({"limit": 0}, True),
    ({"limit": 99.5}, True),
    ({"limit": 100.0}, True),
    ({"limit": 101}, False),
    ({"limit": -1}, False),
    ({"limit": True}, False),
    ({"limit": "50"}, False),
    ({"limit": None}, False),
    ({"columns": ["id"]}, True),
    ({"columns": ["sum"]}, True),
    ({"columns": []}, False),
    ({"columns": ["sum", "id"]}, False),
    ({"columns": ["id", "id"]}, False),
    ({"columns": "id"}, False),
    ({"customer": 1}, False),
    ({"customer": 4711.0}, True),
    ({"more": 1}, False),
]


@pytest.mark.parametrize(("params", "within"), CUTS, ids=str)
def test_only_bounds_shrink_and_only_so_far(params, within):
    """Never below zero, never to nothing, never into something else."""
    detail = replace(grant().detail, params={**ACTION.params, **params})
    digest = action_digest(TARGET, Action("read", detail.params), None)
    assert contains(grant(), grant(detail=detail, digest=digest)) is within


@pytest.mark.parametrize("name", ACTION.params)
def test_no_param_is_left_out(name):
    """A tool's default may be more than what was granted."""
    params = {k: v for k, v in ACTION.params.items() if k != name}
    digest = action_digest(TARGET, Action("read", params), None)
    assert not contains(grant(), grant(detail=replace(grant().detail, params=params), digest=digest))
