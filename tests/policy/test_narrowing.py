"""Narrowing: only ever less, in any order, or not at all."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.native import derive
from pdp.policy.containment import same
from pdp.policy.model import Narrowing, NarrowKind, Scope
from pdp.policy.narrowing import Narrowed, NarrowFailure, is_below, is_within, narrow
from pdp.policy.sql_rows import NoRowLimit, limit_rows
from pdp.types import (
    Access,
    Action,
    CloudPayload,
    Derived,
    HttpPayload,
    Json,
    McpPayload,
    NarrowedRequest,
    Payload,
    Position,
    Request,
    SqlPayload,
    Target,
)
from tests.policy.outcomes import asked, derived

HERE = Position("rules/test.yaml", 1, 1)
MOST, LEAST, ONE_OF, PREFIX = NarrowKind.AT_MOST, NarrowKind.AT_LEAST, NarrowKind.ONE_OF, NarrowKind.PREFIX
REMOVE, READ_ONLY, ROWS = NarrowKind.REMOVE, NarrowKind.READ_ONLY, NarrowKind.ROW_LIMIT


def cut(kind: NarrowKind, param: str = "", value: Json = None) -> Narrowing:
    return Narrowing(kind, param, value, HERE)


def narrowed(
    params: dict[str, Any], *cuts: Narrowing, payload: Payload | None = None, told: Derived | None = None
) -> Narrowed | NarrowFailure:
    return narrow(asked(params, payload=payload), told, [Scope(cuts)])


def params_of(params: dict[str, Any], *cuts: Narrowing) -> Any:
    result = narrowed(params, *cuts)
    assert isinstance(result, Narrowed), result
    return result.request.action.params


def failure(params: dict[str, Any], *cuts: Narrowing, **changes: Any) -> str:
    result = narrowed(params, *cuts, **changes)
    assert isinstance(result, NarrowFailure)
    assert result.text
    return result.text


@pytest.mark.parametrize(
    ("params", "cuts", "wanted"),
    [
        ({"n": 100}, [cut(MOST, "n", 50)], {"n": 50}),
        ({"n": 100.0}, [cut(MOST, "n", 50)], {"n": 50}),
        ({"n": 99.5}, [cut(MOST, "n", 50.5)], {"n": 50.5}),
        ({"n": 100}, [cut(MOST, "n", 50.5)], {"n": 50}),
        ({"n": 10}, [cut(MOST, "n", 50)], {"n": 10}),
        ({"n": 50}, [cut(MOST, "n", 50)], {"n": 50}),
        ({}, [cut(MOST, "n", 50)], {"n": 50}),
        ({"n": None}, [cut(MOST, "n", 50)], {"n": 50}),
        ({"n": 1}, [cut(LEAST, "n", 5)], {"n": 5}),
        ({"n": 1}, [cut(LEAST, "n", 4.5)], {"n": 5}),
        ({}, [cut(LEAST, "n", 5)], {"n": 5}),
        ({}, [cut(LEAST, "n", 5), cut(MOST, "n", 9)], {"n": 9}),
        ({"n": 7}, [cut(LEAST, "n", 5), cut(MOST, "n", 9), cut(MOST, "n", 8)], {"n": 7}),
        ({"p": "r"}, [cut(ONE_OF, "p", ["r", "x"])], {"p": "r"}),
        ({"p": ["r", "w", "r"]}, [cut(ONE_OF, "p", ["r"])], {"p": ["r", "r"]}),
        ({"p": ["a", "b", "c"]}, [cut(ONE_OF, "p", ["a", "b"]), cut(ONE_OF, "p", ["b", "c"])], {"p": ["b"]}),
        ({"p": 1.0}, [cut(ONE_OF, "p", [1])], {"p": 1.0}),
        ({}, [cut(ONE_OF, "p", ["r"])], {}),
        ({"p": None}, [cut(ONE_OF, "p", ["r"])], {"p": None}),
        ({"p": []}, [cut(ONE_OF, "p", ["r"])], {"p": []}),
        ({"f": "/srv/a"}, [cut(PREFIX, "f", "/srv/")], {"f": "/srv/a"}),
        ({"f": ["/srv/a", "/etc"]}, [cut(PREFIX, "f", "/srv")], {"f": ["/srv/a"]}),
        ({"f": "T-1"}, [cut(PREFIX, "f", "T-")], {"f": "T-1"}),
        ({}, [cut(PREFIX, "f", "/srv/")], {}),
        ({"bcc": "x", "to": "y"}, [cut(REMOVE, "bcc")], {"to": "y"}),
        ({"to": "y"}, [cut(REMOVE, "bcc")], {"to": "y"}),
        ({"n": 100}, [cut(MOST, "n", 50), cut(ONE_OF, "n", [10, 50])], {"n": 50}),
    ],
)
def test_cuts(params: dict[str, Any], cuts: list[Narrowing], wanted: dict[str, Any]) -> None:
    """Clamped, filtered, removed, or set where a default would be unbounded; changed says whether anything was cut."""
    result = narrowed(params, *cuts)
    assert isinstance(result, Narrowed)
    assert result.request.action.params == wanted
    assert [type(v) for v in result.request.action.params.values()] == [type(v) for v in wanted.values()]
    assert result.changed is not same(params, wanted)
    assert is_within(result.request, asked(params), {c.param for c in cuts if c.kind is LEAST})


@pytest.mark.parametrize(
    ("params", "cuts", "word"),
    [
        ({"n": 1}, [cut(MOST, "n", 5), cut(LEAST, "n", 9)], "at least 9 and at most 5"),
        ({"n": 1}, [cut(MOST, "n", 2.9), cut(LEAST, "n", 2.1)], "no whole number"),
        ({"n": "100"}, [cut(MOST, "n", 50)], "must be a number"),
        ({"n": True}, [cut(MOST, "n", 50)], "must be a number"),
        ({"n": math.nan}, [cut(MOST, "n", 50)], "must be a number"),
        ({"n": -math.inf}, [cut(MOST, "n", 50)], "must be a number"),
        ({"n": [1]}, [cut(MOST, "n", 50)], "must be a number"),
        ({"n": {}}, [cut(LEAST, "n", 50)], "must be a number"),
        ({"n": 1}, [cut(MOST, "n", "x")], "no number"),
        ({"n": 1}, [cut(MOST, "n", True)], "no number"),
        ({"n": 1}, [cut(MOST, "n", math.nan)], "no number"),
        ({"p": "w"}, [cut(ONE_OF, "p", ["r"])], "may not be 'w'"),
        ({"p": True}, [cut(ONE_OF, "p", [1])], "may not be True"),
        ({"p": {"a": 1}}, [cut(ONE_OF, "p", ["r"])], "an object"),
        ({"p": ["w"]}, [cut(ONE_OF, "p", ["r"])], "nothing of p is allowed"),
        ({"p": "r"}, [cut(ONE_OF, "p", ["r"]), cut(ONE_OF, "p", ["x"])], "no value of p"),
        ({"f": "/etc"}, [cut(PREFIX, "f", "/srv/")], "may not be '/etc'"),
        ({"f": 5}, [cut(PREFIX, "f", "/srv/")], "must be text"),
        ({"f": ["/srv/a", 5]}, [cut(PREFIX, "f", "/srv/")], "must be text"),
        ({"f": ["/etc"]}, [cut(PREFIX, "f", "/srv/")], "nothing of f"),
        ({"f": "/srv/a"}, [cut(PREFIX, "f", "/srv/"), cut(PREFIX, "f", "/home/")], "may not be"),
        ({"n": 1}, [cut(MOST, "n", 5), cut(REMOVE, "n")], "removed by one rule"),
        ({"n": 100}, [cut(MOST, "n", 50), cut(ONE_OF, "n", [10])], "may not be 50"),
        ({}, [cut(MOST, "n", 50), cut(ONE_OF, "n", [10])], "may not be 50"),
        ({}, [cut(ROWS, value=-1)], "negative"),
        ({}, [cut(ROWS, value="x")], "no number"),
    ],
)
def test_what_cannot_be_cut_fails(params: dict[str, Any], cuts: list[Narrowing], word: str) -> None:
    """A value of the wrong kind, nothing left, bounds that contradict each other: denied, with the reason in words."""
    for order in itertools.permutations(cuts):
        assert word in failure(params, *order)


@pytest.mark.parametrize(
    ("text", "prefix", "wanted"),
    [
        ("/srv/a", "/srv/", True),
        ("/srv/a", "/srv", True),
        ("/srv", "/srv/", True),
        ("/srv/a/../b", "/srv/", True),
        ("/srv//a/./b/", "/srv/", True),
        ("/srvx", "/srv", False),
        ("/srv/../etc", "/srv/", False),
        ("/srv/a/../../etc", "/srv/", False),
        ("/srv/a/../../srv/b", "/srv/", False),
        ("/srv/%2e%2e/etc", "/srv/", False),
        ("/srv/..%2fetc", "/srv/", False),
        ("/srv/..\\..\\etc", "/srv/", False),
        ("%2fsrv/a", "/srv/", False),
        ("\\srv\\a", "/srv/", False),
        ("srv/a", "/srv/", False),
        ("/srv/a\0", "/srv/", False),
        ("/srv/%ff", "/srv/", False),
        ("/etc/passwd", "/", True),
        ("/..", "/", False),
        ("data/x", "data/", True),
        ("data/../x", "data/", False),
        ("/data/x", "data/", False),
        ("https://x.com/v1/a", "https://x.com/v1/", True),
        ("https://x.com", "https://x.com", True),
        ("https://x.com?q=/../", "https://x.com", True),
        ("https://x.com.evil/v1", "https://x.com", False),
        ("https://x.com@evil/v1", "https://x.com", False),
        ("https://x.com/v1/../admin", "https://x.com/v1/", False),
        ("https://x.com/v1/%2e%2e/admin", "https://x.com/v1/", False),
        ("https://x.com\\@evil/v1", "https://x.com", False),
        ("http://x.com/v1/", "https://x.com/v1/", False),
        ("T-17", "T-", True),
        ("t-17", "T-", False),
    ],
)
def test_a_prefix_with_a_slash_is_a_directory(text: str, prefix: str, wanted: bool) -> None:
    """As written and in normal form, so that no reading of the path leads out."""
    assert is_below(text, prefix) is wanted


def test_read_only_needs_a_payload_that_only_reads() -> None:
    """It holds for reading, is flagged for the gateway without a payload, and fails for anything else."""
    held = narrowed({}, cut(READ_ONLY), told=derived("sql", Access.READ))
    assert isinstance(held, Narrowed)
    assert (held.request.read_only, held.changed) == (True, False)
    flagged = narrowed({}, cut(READ_ONLY))
    assert isinstance(flagged, Narrowed)
    assert (flagged.request.read_only, flagged.changed) == (True, True)
    for access in set(Access) - {Access.READ}:
        assert access.name.lower() in failure({}, cut(READ_ONLY), told=derived("mcp", access))


@pytest.mark.parametrize(
    ("dialect", "text", "wanted"),
    [
        ("", "SELECT * FROM a", "SELECT * FROM a LIMIT 100"),
        ("", "SELECT * FROM a LIMIT 5000", "SELECT * FROM a LIMIT 100"),
        ("", "select *  from a limit 7", "select *  from a limit 7"),
        ("postgres", "SELECT a FROM b UNION SELECT c FROM d", "SELECT a FROM b UNION SELECT c FROM d LIMIT 100"),
        ("postgres", "WITH x AS (SELECT 1) SELECT * FROM x;", "WITH x AS (SELECT 1) SELECT * FROM x LIMIT 100"),
        ("mysql", "SELECT a FROM b LIMIT 5, 1000", "SELECT a FROM b LIMIT 100 OFFSET 5"),
        ("tsql", "SELECT TOP 500 * FROM a", "SELECT TOP 100 * FROM a"),
        ("oracle", "SELECT * FROM a", "SELECT * FROM a FETCH FIRST 100 ROWS ONLY"),
    ],
)
def test_a_row_limit_is_written_into_the_query(dialect: str, text: str, wanted: str) -> None:
    """The smaller limit wins; a query that keeps to it stays as it is, character by character."""
    payload = SqlPayload(text, dialect)
    told = derive(payload, Target("", ""), Action(""))
    result = narrowed({}, cut(ROWS, value=100), cut(ROWS, value=900), payload=payload, told=told)
    assert isinstance(result, Narrowed), result
    assert result.request.payload == replace(payload, text=wanted)
    assert (result.request.row_limit, result.changed) == (100, text != wanted)
    assert is_within(result.request, asked({}, payload=payload), ())


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        ("", "DELETE FROM a"),
        ("", "SELECT 1; SELECT 2"),
        ("", "SELECT 1; DROP TABLE a"),
        ("", "not sql ("),
        ("", ""),
        ("postgres", "SELECT a FROM b LIMIT ALL"),
        ("postgres", "SELECT a FROM b LIMIT (SELECT 5)"),
        ("postgres", "SELECT a FROM b LIMIT $1"),
        ("tsql", "SELECT TOP 5 PERCENT * FROM a"),
        ("tsql", "SELECT TOP 5 WITH TIES * FROM a ORDER BY x"),
        ("tsql", "SELECT a FROM b UNION SELECT 2"),
        ("clickhouse", "SELECT a FROM b LIMIT 5 BY a"),
        ("nodialect", "SELECT 1"),
    ],
)
def test_a_row_limit_that_cannot_be_written_fails(dialect: str, text: str) -> None:
    """No single query, a limit that is no plain number, a statement that would come back changed."""
    with pytest.raises(NoRowLimit):
        limit_rows(text, dialect, 100)
    assert "row_limit" in failure({}, cut(ROWS, value=100), payload=SqlPayload(text, dialect))


def test_a_row_limit_is_for_reading() -> None:
    """A statement that writes through a query is not made harmless by a limit; a limit goes before a lock."""
    assert limit_rows("SELECT a FROM b FOR UPDATE", "postgres", 9) == "SELECT a FROM b LIMIT 9 FOR UPDATE"
    payload = SqlPayload("WITH x AS (DELETE FROM a RETURNING *) SELECT * FROM x", "postgres")
    told = derive(payload, Target("", ""), Action(""))
    assert "only reads" in failure({}, cut(ROWS, value=100), payload=payload, told=told)


def test_without_sql_a_row_limit_is_carried() -> None:
    """The gateway has to keep it."""
    for payload in (None, McpPayload("s", "t")):
        result = narrowed({}, cut(ROWS, value=10.7), payload=payload)
        assert isinstance(result, Narrowed)
        assert (result.request.row_limit, result.changed, result.request.payload) == (10, True, payload)


def test_the_payload_follows_the_params() -> None:
    """Arguments of an MCP or cloud call are cut alike; a payload that cannot follow fails, not keeps."""
    cuts = (cut(MOST, "n", 5), cut(REMOVE, "bcc"))
    given_params = {"n": 9, "bcc": "x", "to": "y"}
    mcp = narrowed(given_params, *cuts, payload=McpPayload("s", "t", given_params))
    cloud = narrowed(given_params, *cuts, payload=CloudPayload("aws", "s3", "Op", params=given_params))
    assert isinstance(mcp, Narrowed)
    assert isinstance(cloud, Narrowed)
    assert mcp.request.payload == McpPayload("s", "t", {"n": 5, "to": "y"})
    assert cloud.request.payload == CloudPayload("aws", "s3", "Op", params={"n": 5, "to": "y"})
    http = HttpPayload("GET", "x.com", "/?n=9")
    assert "cannot be cut inside a payload of kind http" in failure({"n": 9}, cuts[0], payload=http)
    assert isinstance(narrowed({"n": 3}, cuts[0], payload=http), Narrowed)


def test_arguments_alone_are_cut_too() -> None:
    """A payload whose arguments were not declared as params does not slip through."""
    result = narrowed({"n": 1}, cut(MOST, "n", 5), payload=McpPayload("s", "t", {"n": 9}))
    assert isinstance(result, Narrowed)
    assert result.changed
    assert result.request.payload == McpPayload("s", "t", {"n": 5})


def test_nothing_to_cut_changes_nothing() -> None:
    """No scopes, or empty ones, give the request back."""
    request = asked({"n": 1}, payload=McpPayload("s", "t", {"n": 1}))
    for scopes in ([], [Scope(), Scope()]):
        result = narrow(request, None, scopes)
        assert result == Narrowed(NarrowedRequest(request.target, request.action, request.payload), changed=False)


WORDS = ["a", "b", "/srv/a", "/srv/../x", "/etc", "100"]
SCALARS = st.one_of(
    st.integers(-50, 200),
    st.floats(),
    st.booleans(),
    st.none(),
    st.sampled_from(WORDS),
    st.dictionaries(st.just("k"), st.integers(), max_size=1),
)
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=4))
NAMES = st.sampled_from(["x", "y"])
CUTS = st.one_of(
    st.builds(cut, st.just(MOST), NAMES, st.integers(-20, 100) | st.floats(-20, 100)),
    st.builds(cut, st.just(LEAST), NAMES, st.integers(-20, 100) | st.floats(-20, 100)),
    st.builds(cut, st.just(ONE_OF), NAMES, st.lists(SCALARS, min_size=1, max_size=4)),
    st.builds(cut, st.just(PREFIX), NAMES, st.sampled_from(["/", "/srv", "/srv/", "a", ""])),
    st.builds(cut, st.just(REMOVE), NAMES),
    st.builds(cut, st.just(ROWS), st.just(""), st.integers(0, 1000)),
    st.just(cut(READ_ONLY)),
)
SCOPES = st.lists(st.builds(lambda cuts: Scope(tuple(cuts)), st.lists(CUTS, max_size=3)), max_size=4)
PAYLOADS = st.sampled_from(
    [
        None,
        SqlPayload("SELECT a FROM b"),
        SqlPayload("SELECT a FROM b LIMIT 50"),
        SqlPayload("DELETE FROM b"),
        HttpPayload("GET", "h", "/"),
    ]
)


def requests(params: dict[str, Any], payload: Payload | None, *, as_mcp: bool) -> Request:
    return asked(params, payload=McpPayload("s", "t", params) if as_mcp else payload)


@given(st.dictionaries(NAMES, VALUES), SCOPES, PAYLOADS, st.booleans())
def test_what_is_granted_is_within_what_was_asked(
    params: dict[str, Any], scopes: list[Scope], payload: Payload | None, as_mcp: bool
) -> None:
    """Invariant 3, by a checker that shares no cutting code; only a lower bound may raise a number."""
    request = requests(params, payload, as_mcp=as_mcp)
    result = narrow(request, None, scopes)
    if isinstance(result, Narrowed):
        raised = {n.param for s in scopes for n in s.narrowings if n.kind is LEAST}
        assert is_within(result.request, request, raised)
        untouched = NarrowedRequest(request.target, request.action, request.payload)
        if not result.changed:
            assert replace(result.request, read_only=False, row_limit=None) == untouched


@given(st.dictionaries(NAMES, VALUES), SCOPES, PAYLOADS, st.booleans(), st.randoms(use_true_random=False))
def test_the_order_of_scopes_never_matters(
    params: dict[str, Any], scopes: list[Scope], payload: Payload | None, as_mcp: bool, random: Any
) -> None:
    """Scopes in any order, and their cuts in any order, give the same request or fail in the same words."""
    request = requests(params, payload, as_mcp=as_mcp)
    shuffled = [replace(s, narrowings=tuple(random.sample(s.narrowings, len(s.narrowings)))) for s in scopes]
    random.shuffle(shuffled)
    assert repr(narrow(request, None, scopes)) == repr(narrow(request, None, shuffled))


@given(st.dictionaries(NAMES, VALUES), SCOPES, SCOPES, PAYLOADS)
def test_more_scopes_never_grant_more(
    params: dict[str, Any], scopes: list[Scope], added: list[Scope], payload: Payload | None
) -> None:
    """What more scopes leave lies within what fewer leave; what fails with fewer fails with more."""
    request = asked(params, payload=payload)
    fewer, more = narrow(request, None, scopes), narrow(request, None, [*scopes, *added])
    if isinstance(fewer, NarrowFailure):
        assert isinstance(more, NarrowFailure)
    elif isinstance(more, Narrowed):
        kept = fewer.request
        between = replace(request, target=kept.target, action=kept.action, payload=kept.payload)
        raised = {n.param for s in (*scopes, *added) for n in s.narrowings if n.kind is LEAST}
        assert is_within(more.request, between, raised)
        assert more.changed or not fewer.changed


@given(st.dictionaries(NAMES, VALUES), SCOPES, PAYLOADS)
def test_narrowing_again_changes_nothing(params: dict[str, Any], scopes: list[Scope], payload: Payload | None) -> None:
    """What has been cut down lies within its own scope."""
    request = asked(params, payload=payload)
    once = narrow(request, None, scopes)
    if isinstance(once, Narrowed):
        again = narrow(replace(request, action=once.request.action, payload=once.request.payload), None, scopes)
        assert isinstance(again, Narrowed)
        assert repr(again.request) == repr(once.request)


@pytest.mark.parametrize(
    ("old", "new", "raised", "wanted"),
    [
        ({"n": 5}, {"n": 4}, (), True),
        ({"n": 5}, {"n": 6}, (), False),
        ({"n": 5}, {"n": 6}, ("n",), True),
        ({"n": 5}, {"n": 6}, None, True),
        ({"n": 5}, {"n": True}, None, False),
        ({"n": 5}, {"n": math.nan}, None, False),
        ({"n": 5}, {}, (), True),
        ({}, {"n": 5}, (), True),
        ({}, {"n": "x"}, None, False),
        ({"n": "x"}, {"n": "y"}, None, False),
        ({"n": "x"}, {"n": 5}, None, False),
        ({"n": [1, 2, 3]}, {"n": [1, 3]}, (), True),
        ({"n": [1, 2, 3]}, {"n": [3, 1]}, None, False),
        ({"n": [1, 2]}, {"n": []}, None, False),
        ({"n": [1]}, {"n": [1, 1]}, None, False),
        ({"n": {"a": 1}}, {"n": {}}, None, False),
    ],
)
def test_the_checker_sees_more_where_there_is_more(old: Any, new: Any, raised: Any, wanted: bool) -> None:
    """The check itself would notice a cut that gives."""
    request = asked(old)
    assert is_within(NarrowedRequest(request.target, Action("read", new)), request, raised) is wanted
    mcp = asked({}, payload=McpPayload("s", "t", old))
    assert is_within(NarrowedRequest(mcp.target, mcp.action, McpPayload("s", "t", new)), mcp, raised) is wanted


@pytest.mark.parametrize(
    "other",
    [
        SqlPayload("SELECT a FROM c LIMIT 5"),
        SqlPayload("SELECT a FROM b LIMIT 50"),
        SqlPayload("SELECT a FROM b"),
        SqlPayload("DELETE FROM b"),
        SqlPayload("SELECT a FROM b LIMIT 5", database="other"),
        HttpPayload("GET", "h", "/"),
        None,
    ],
)
def test_the_checker_sees_another_payload(other: Payload | None) -> None:
    """Another statement, more rows, another database, another kind."""
    request = asked({}, payload=SqlPayload("SELECT a FROM b LIMIT 10"))
    assert not is_within(NarrowedRequest(request.target, request.action, other), request)
    assert is_within(NarrowedRequest(request.target, request.action, SqlPayload("SELECT a FROM b LIMIT 5")), request)


def test_the_checker_sees_another_target_or_action() -> None:
    """Neither is ever narrowing."""
    request = asked({})
    assert not is_within(NarrowedRequest(Target("table", "x"), request.action), request)
    assert not is_within(NarrowedRequest(request.target, Action("drop")), request)
    assert not is_within(NarrowedRequest(request.target, request.action, row_limit=-1), request)
