"""YAML and JSON become nodes that know where they stand, strictly: what two readers take differently is a problem."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.policy.json_source import parse_json
from pdp.policy.nodes import Items, Node, Scalar, Table, primitive, surprise
from pdp.policy.runs import text_runs
from pdp.policy.source import MOST_DEPTH, Source, parse, plain


def read(text: str) -> Node:
    """The root of ``text``, which has no problem."""
    source = Source("a.yaml")
    root = parse(text.encode(), source)
    assert root is not None
    assert source.problems == []
    return root


def value(text: str) -> object:
    """``text`` as JSON, and whatever problems that has."""
    source = Source("a.yaml")
    root = parse(text.encode(), source)
    found = plain(root, source) if root is not None else None
    assert source.problems == []
    return found


def complaints(text: str) -> list[str]:
    source = Source("a.yaml")
    root = parse(text.encode(), source)
    if root is not None:
        plain(root, source)
    return [f"{p.line}:{p.column} {p.message}" for p in source.problems]


def scalar(text: str, key: str = "k") -> tuple[Scalar, str]:
    root = read(text)
    node = root.get(key) if isinstance(root, Table) else None
    assert isinstance(node, Scalar)
    return node, text


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a", "a"),
        ("'no'", "no"),
        ('"1"', "1"),
        ("1", 1),
        ("-12", -12),
        ("0", 0),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("a b: 'c'"[:3], "a b"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("::1/128", "::1/128"),
        ("07:00am", "07:00am"),
        ("1.2.3", "1.2.3"),
        ("nobody", "nobody"),
        ("[1, [a]]", [1, ["a"]]),
        ("{a: {b: 1}}", {"a": {"b": 1}}),
        ("|\n  a\n  b\n", "a\nb\n"),
        (">-\n  a\n  b\n", "a b"),
    ],
)
def test_values_follow_the_core_rules_of_yaml_1_2(written: str, meant: object) -> None:
    """Numbers, truth values and null are what JSON has; everything else is text."""
    assert value(f"k: {written}\n") == {"k": meant}


@pytest.mark.parametrize(
    "written",
    "yes no Yes NO on off 2026-01-05 2026-1-5T10:00:00Z 1:30 190:20:30 010 -0777 0x1F 0o17 0b11 1_000 .inf -.INF "
    ".NaN 1e999 99999999999999999999 =".split(),
)
def test_what_readers_take_differently_is_a_problem(written: str) -> None:
    """Nobody has to know which YAML this is: such words need quotes, and with them they are text."""
    assert len(complaints(f"k: {written}\n")) == 1
    assert complaints(f"k: {written}\n")[0].startswith("1:4 ")
    assert value(f"k: '{written}'\n") == {"k": written}


@pytest.mark.parametrize("key", ["on", "1", "null", "true", "2026-01-05"])
def test_a_key_that_is_not_plainly_text_is_a_problem(key: str) -> None:
    """A key of a free mapping is text for every reader, or it is quoted."""
    assert complaints(f"{key}: a\n")[0].startswith(f"1:1 the key {key} is")
    assert value(f'"{key}": a\n') == {key: "a"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: 1\nb: 2\na: 3\n", "3:1 'a' is given twice"),
        ("{a: 1, a: 2}", "1:8 'a' is given twice"),
        ("a: &x 1\n", "1:4 the anchor &x is not accepted"),
        ("a: *x\n", "1:4 the alias *x is not accepted"),
        ("a: !!binary eA==\n", "1:4 the tag tag:yaml.org,2002:binary is not accepted"),
        ("a: !x {}\n", "1:4 the tag !x is not accepted"),
        ("a: ! b\n", "1:4 the tag ! is not accepted"),
        ("<<: {a: 1}\n", "1:1 a merge key is not accepted"),
        ("? {a: b}\n: c\n", "1:3 a key must be one word"),
        ("a: 1\n---\nb: 2\n", "2:1 a second document is not accepted"),
        ("a: b: c\n", "1:5 not YAML: mapping values are not allowed in this context"),
        ("a:\n\tb: 1\n", "2:1 not YAML: a tab is used to indent"),
        ("a: `b`\n", "1:4 not YAML: plain text cannot begin with '`'"),
        ("a: [1, 2\n", "2:1 not YAML: did not find expected ',' or ']'"),
        ("a: 'b\n", "2:1 not YAML: found unexpected end of stream"),
        ("", "0:0 the file is empty"),
        ("# nothing\n", "0:0 the file is empty"),
    ],
)
def test_what_is_not_accepted_has_a_place(text: str, complaint: str) -> None:
    """Each refusal says where, and in words that a person can act on."""
    assert complaints(text) == [complaint]


def test_nodes_stand_where_an_editor_shows_them() -> None:
    """Lines and columns count from 1 and count characters, whatever their bytes and the line ends."""
    root = read("é: ü\r\n  \r\nlist:\r\n  - x\r\n  - 'ö y'\r\n")
    assert isinstance(root, Table)
    items = root.get("list")
    assert isinstance(items, Items)
    assert [(n.line, n.column) for n in items.nodes] == [(4, 5), (5, 5)]
    assert root.pairs[0][1].column == 4


def test_nesting_has_a_limit() -> None:
    """As deep as allowed is read, one level more is refused where it begins."""
    assert complaints("[" * MOST_DEPTH + "]" * MOST_DEPTH) == []
    assert complaints("[" * (MOST_DEPTH + 1)) == [f"1:{MOST_DEPTH + 1} nested more than {MOST_DEPTH} levels deep"]


@pytest.mark.parametrize(
    "text",
    [
        "k: action.name == 'a'\n",
        "k: 'it''s ''fine'' here'\n",
        'k: "a == \\"b\\" && c == \\u0064 \\x41 tail"\n',
        'k: "joined \\\n   over\n   lines \\" end"\n',
        "k: >-\n   folded\n   over && lines\n\n   and\n     further\n",
        "k: |\n   kept\n     deeper\n\n   last\n",
        "k: |2-\n   one\n  two\n",
        "k:\n  plain\n  over == lines\n",
        "k:   'tabs\tinside'   # comment\n",
        "k: |\r\n   with\r\n   returns\r\n",
        "a: {k: 'inner ''quoted'' text'}\n",
    ],
)
def test_every_character_of_a_text_is_found_in_its_file(text: str) -> None:
    """A mistake in an expression is shown at its own characters, however the expression is written."""
    root = read(text)
    assert isinstance(root, Table)
    inner = root.get("a")
    node = (inner if isinstance(inner, Table) else root).get("k")
    assert isinstance(node, Scalar)
    runs = text_runs(node, text)
    lines = text.replace("\r", "").split("\n")
    assert runs[0].offset == 0
    for offset, character in enumerate(node.text):
        run = [r for r in runs if r.offset <= offset][-1]
        there = lines[run.line - 1][run.column - 1 + offset - run.offset :]
        if not character.isspace() and not there.startswith("\\"):
            assert there.startswith(character), (offset, character, run)


def test_text_in_one_piece_is_one_run() -> None:
    """Nothing is kept for expressions that stand in their file as they are."""
    for text in ("k: a == b && c\n", "k: 'a == b && c'\n", 'k: "a == b && c"\n'):
        node, source = scalar(text)
        assert len(text_runs(node, source)) == 1


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Co", "Cn", "Zl", "Zp"]), min_size=1))
def test_quoted_text_stays_as_it_is(text: str) -> None:
    """What stands in double quotes, escaped as JSON does, comes back to the letter."""
    if "\ufeff" not in text:
        assert value(f"k: {json.dumps(text, ensure_ascii=False)}\n") == {"k": text}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.floats(-1e9, 1e9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def as_json(text: str) -> tuple[object, list[str]]:
    source = Source("a.json")
    root = parse_json(text.encode(), source)
    return (plain(root, source) if root is not None else None), [str(p) for p in source.problems]


@given(json_values, st.sampled_from([None, 1, 2]), st.booleans())
def test_json_is_read_as_the_standard_library_reads_it(document: object, indent: int | None, ascii_only: bool) -> None:
    """Any JSON document comes back equal, with indentation and escapes or without."""
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    if any(c in text for c in "\x7f\x85\u2028\u2029\ufeff") or any("\x80" <= c <= "\x9f" for c in text):
        return  # not accepted as text of a file, except as escapes
    if ascii_only and any(f"\\u{c:04x}" in text for c in (0xFFFE, 0xFFFF)):
        return
    assert as_json(text) == (document, [])


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ('{"a": NaN}', "1:7", "NaN is no JSON value"),
        ('{"a": Infinity}', "1:7", "Infinity is no JSON value"),
        ('{"a": 01}', "1:7", "01 is no JSON value"),
        ('{"a": .5}', "1:7", ".5 is no JSON value"),
        ('{"a": 1,}', "1:9", "expected a key in double quotes"),
        ("{'a': 1}", "1:2", "expected a key in double quotes"),
        ('{"a" 1}', "1:6", "expected :"),
        ('{"a": [1 2]}', "1:10", "expected , or ]"),
        ('{\n  "a": "b\n}', "2:10", "Invalid control character"),
        ('{"a": 1} {}', "1:10", "more text behind the end"),
        ("", "1:1", "expected a value"),
        ('{"a": 1, "a": 2}', "1:10", "'a' is given twice"),
        ('["\\ud800"]', "1:2", "half of a surrogate pair"),
        ('{"a": 1e999}', "1:7", "1e999 is not a finite number"),
        ("// no\n{}", "1:1", "// is no JSON value"),
    ],
)
def test_what_is_no_json_has_a_place(text: str, place: str, message: str) -> None:
    """Python's leniency is not ours: no NaN, no infinity, no key twice."""
    _, problems = as_json(text)
    assert len(problems) == 1
    assert problems[0].startswith(f"a.json:{place}: ")
    assert message in problems[0]


@given(st.text(max_size=12))
def test_plain_text_has_one_meaning_or_is_reported(text: str) -> None:
    """No scalar is both a value and a surprise, and text without a surprise is itself."""
    node = Scalar(text, "", 1, 1, 0, len(text))
    if isinstance(primitive(node), str) and not surprise(node):
        assert primitive(node) == text
