"""HTTP requests: method, host and path as every server would read them, or a refusal."""

import pytest

from pdp.native import derive
from pdp.native.http import METHODS
from pdp.types import Access, Action, HttpPayload, Target


def request(method="GET", host="api.example", path="/", **headers):
    named = {k.replace("_", "-"): v for k, v in headers.items()}
    return derive(HttpPayload(method, host, path, named), Target("", ""), Action(""))


@pytest.mark.parametrize("method, access", METHODS.items())
def test_methods_have_their_access(method, access):
    """By RFC 9110 and WebDAV: safe methods read."""
    derived = request(method)
    assert (derived.action.name, derived.access) == (method, access)


def test_unknown_methods_are_unknown():
    """A token nobody has judged is understood as a request and unknown in what it does."""
    derived = request("FROB")
    assert (derived.parsed, derived.access) == (True, Access.UNKNOWN)


def test_a_method_in_small_letters_is_the_same_and_flagged():
    """Servers differ on it; a deny rule on DELETE must see it."""
    derived = request("delete")
    assert (derived.action.name, derived.access) == ("DELETE", Access.DELETE)
    assert "method_case" in derived.facts["flags"]


def test_target_is_host_and_path():
    """Host in lower case, usual ports left out, path in normal form, query apart."""
    derived = request("GET", "API.Example:443", "/a/./b/%7Euser?q=x+y&q=z&n=%C3%A9")
    assert derived.target == Target("http", "api.example/a/b/~user")
    assert derived.action.params == {"q": ["x y", "z"], "n": "é"}
    assert derived.facts["query"] == {"q": ["x y", "z"], "n": ["é"]}
    assert derived.facts["query_keys"] == ["n", "q"]
    assert derived.facts["segments"] == ["a", "b", "~user"]
    assert set(derived.facts["flags"]) == {"dot_segments", "repeated_query_key"}
    assert request(host="api.example:8443").target.name == "api.example:8443/"


@pytest.mark.parametrize(
    "header", ["X-HTTP-Method-Override", "x-http-method", "X-Method-Override", "X-Original-Method"]
)
def test_another_method_in_a_header_is_a_mismatch(header):
    """The method on the line and the one a framework would use instead must be the same."""
    derived = derive(HttpPayload("POST", "a.example", "/", {header: "DELETE"}), Target("", ""), Action("POST"))
    assert derived.mismatches == (f"action: the method is POST, but header {header.lower()} asks for 'DELETE'",)
    assert derived.access is Access.DELETE
    assert "method_override" in derived.facts["flags"]


def test_another_method_in_the_query_is_a_mismatch():
    """``_method`` does the same in some frameworks."""
    derived = request("POST", path="/x?_method=DELETE")
    assert [m.split(":")[0] for m in derived.mismatches] == ["action"]
    assert derived.access is Access.DELETE


def test_the_same_method_again_is_only_flagged():
    """Saying it twice is no contradiction."""
    derived = request("POST", x_http_method_override="post")
    assert derived.mismatches == ()
    assert "method_override" in derived.facts["flags"]


@pytest.mark.parametrize("header", ["Host", ":authority", "X-Forwarded-Host", "X-Host"])
def test_another_host_in_a_header_is_a_mismatch(header):
    """Which host answers must not depend on which header a server believes."""
    derived = derive(HttpPayload("GET", "a.example", "/", {header: "b.example"}), Target("", ""), Action(""))
    assert derived.mismatches == (f"target: the host is 'a.example', but header {header.lower()} says 'b.example'",)
    same = derive(HttpPayload("GET", "a.example", "/", {header: "A.example:443"}), Target("", ""), Action(""))
    assert same.mismatches == ()


@pytest.mark.parametrize("header", ["X-Original-URL", "X-Rewrite-URL"])
def test_another_path_in_a_header_is_a_mismatch(header):
    """Some servers serve that path instead."""
    derived = derive(HttpPayload("GET", "a.example", "/public", {header: "/admin"}), Target("", ""), Action(""))
    assert [m.split(":")[0] for m in derived.mismatches] == ["target"]


def test_an_upgrade_is_no_read():
    """A channel that the gateway cannot see into executes."""
    assert request("GET", upgrade="websocket").access is Access.EXECUTE


def test_a_body_on_a_reading_method_is_flagged():
    """Some servers act on it."""
    assert "body_on_read" in request("GET", content_length="17").facts["flags"]
    assert "body_on_read" not in request("GET", content_length="0").facts["flags"]


@pytest.mark.parametrize(
    "payload",
    [
        HttpPayload("GE T", "a.example", "/"),
        HttpPayload("", "a.example", "/"),
        HttpPayload("GET", "", "/"),
        HttpPayload("GET", "a b.example", "/"),
        HttpPayload("GET", "exämple.example", "/"),
        HttpPayload("GET", "a.example/x", "/"),
        HttpPayload("GET", "a.example", "http://b.example/x"),
        HttpPayload("GET", "a.example", "x"),
        HttpPayload("GET", "a.example", "/", {"a\r\nb": "c"}),
        HttpPayload("GET", "a.example", "/", {"a": "c\r\nx-http-method: DELETE"}),
        HttpPayload("GET", "a.example", "/", {"A": "1", "a": "2"}),
        HttpPayload("GET", "a.example", "/", {"Transfer-Encoding": "chunked", "Content-Length": "3"}),
        HttpPayload("GET", "a.example", "/", {f"h{n}": "x" for n in range(300)}),
        HttpPayload("GET", "a.example", "/", {"Host": "b c"}),
    ],
)
def test_requests_that_servers_read_differently_are_refused(payload):
    """Smuggling, splitting, absolute forms and names outside of ASCII."""
    derived = derive(payload, Target("", ""), Action(""))
    assert (derived.parsed, derived.access) == (False, Access.UNKNOWN)


@pytest.mark.parametrize(
    "name", ["a.example", "A.EXAMPLE", "a.example/x/y", "https://a.example/x/y", "a.example/x/./y?q=1"]
)
def test_true_names_become_the_derived_one(name):
    """The host, the path, the whole address, as sent or in normal form."""
    derived = derive(HttpPayload("GET", "a.example", "/x/./y?q=1"), Target("http", name), Action("get"))
    assert (derived.target.name, derived.mismatches) == ("a.example/x/y", ())


@pytest.mark.parametrize(
    "target", [Target("http", "b.example"), Target("http", "a.example/z"), Target("host", "a.example")]
)
def test_lies_about_the_target_are_mismatches(target):
    """Another host, another path, another kind."""
    assert derive(HttpPayload("GET", "a.example", "/x"), target, Action("")).mismatches != ()


def test_params_are_the_query_and_nothing_else():
    """A declared body field is not borne out; a query value may be declared."""
    payload = HttpPayload("GET", "a.example", "/x?limit=5")
    assert derive(payload, Target("", ""), Action("GET", {"limit": "5"})).mismatches == ()
    assert derive(payload, Target("", ""), Action("GET", {"limit": "6"})).mismatches != ()
    assert derive(payload, Target("", ""), Action("GET", {"amount": 1})).mismatches != ()
