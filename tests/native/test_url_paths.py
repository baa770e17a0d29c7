"""Paths in normal form, and refusal of those that mean different things to different servers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.native.agreement import NotUnderstood
from pdp.native.url_paths import MAX_CHARACTERS, read_path


@pytest.mark.parametrize(
    "sent, normal, flags",
    [
        ("/", "/", set()),
        ("", "/", set()),
        ("*", "*", set()),
        ("/a/b", "/a/b", set()),
        ("/a/b/", "/a/b/", set()),
        ("/a/./b", "/a/b", {"dot_segments"}),
        ("/a/../b", "/b", {"dot_segments"}),
        ("/../../b", "/b", {"dot_segments"}),
        ("/a/b/..", "/a/", {"dot_segments"}),
        ("/a/%2e%2e/b", "/b", {"dot_segments"}),
        ("/a/%2E./b", "/b", {"dot_segments"}),
        ("/%61%2Db", "/a-b", set()),
        ("/a%20b", "/a%20b", set()),
        ("/a%c3%a9", "/a%C3%A9", set()),
        ("/a//b", "/a/b", {"empty_segment"}),
        ("/group%2Fproject/x", "/group%2Fproject/x", {"encoded_slash"}),
        ("/a%252Fb", "/a%252Fb", {"double_encoding"}),
        ("/a\\b", "/a\\b", {"backslash"}),
        ("/a;v=1/b", "/a;v=1/b", {"path_parameters"}),
        ("/...", "/...", set()),
        ("/.well-known/x", "/.well-known/x", set()),
    ],
)
def test_paths_have_one_normal_form(sent, normal, flags):
    """Decoded where it is safe, dot segments removed, oddities flagged."""
    path = read_path(sent)
    assert (path.normal, set(path.flags), path.sent) == (normal, flags, sent)


@pytest.mark.parametrize(
    "sent",
    [
        "/public/..%2fadmin",
        "/public%2f..%2fadmin",
        "/public/%252e%252e/admin",
        "/public/%25252e%25252e/admin",
        "/public/..;/admin",
        "/public/..;x=1/admin",
        "/public\\..\\admin",
        "/public/..%5cadmin",
        "/public//../admin",
        "/public/%2e%2e%2fadmin",
        "/a/../b%2f..%2fc",
        "/a%00b",
        "/a%0d%0ab",
        "/a%250ab",
        "/a%zz",
        "/a%2",
        "/a b",
        "/a\tb",
        "/a#b",
        "/é",
        "/a?x=%zz",
        "/a?x=%ff",
        "a/b",
        "http://b.example/x",
        "/" + "a" * MAX_CHARACTERS,
        "/a?" + "&".join(f"k{n}=1" for n in range(300)),
        "/%" + "25" * 6 + "2e",
    ],
)
def test_paths_with_two_meanings_are_refused(sent):
    """Where only some servers would see a dot segment, or a character is hidden, nobody guesses."""
    with pytest.raises(NotUnderstood, match=r"http\.path"):
        read_path(sent)


def test_queries_are_decoded_once():
    """Plus is a space, keys may repeat, empty pairs are nothing."""
    path = read_path("/a?x=1&x=2&y=a%2Bb+c&&z&%6b=v")
    assert path.query == {"x": ("1", "2"), "y": ("a+b c",), "z": ("",), "k": ("v",)}


@given(st.text(alphabet="/.%2eEfF5cC;\\a?&=+", max_size=24).map(lambda t: "/" + t))
def test_normal_forms_are_stable_and_free_of_dots(sent):
    """Reading a normal form again changes nothing, and no dot segment is left for a prefix to be fooled by."""
    try:
        path = read_path(sent)
    except NotUnderstood:
        return
    assert not {".", ".."} & set(path.normal.split("/"))
    assert read_path(path.normal).normal == path.normal


@given(st.lists(st.sampled_from(["a", "b", ".", "..", "%2e", "%2E%2e"]), max_size=8))
def test_plain_dot_segments_resolve_as_in_rfc_3986(segments):
    """The result is what a stack of segments gives."""
    kept: list[str] = []
    for segment in (s.lower().replace("%2e", ".") for s in segments):
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    assert [s for s in read_path("/" + "/".join(segments)).normal.split("/") if s] == kept
