"""An exemplar comes or goes, and not a byte of its file besides: comments, order, quotes and layout stay."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.errors import BundleError, InvalidRequest, NotFound
from pdp.policy.bundle import load
from pdp.policy.edit import add_exemplar, remove_exemplar
from tests.policy.good_bundle import FILES, write

HEAD = 'id: read-tickets\ndescription: d\nowner: o\ntargets: [{kind: t, name: "*"}]\nactions: [a]\n'
NEW = "Which tickets are late?"
READ = "intents/read.yaml"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path)


def lines_of_difference(before: str, after: str) -> list[str]:
    """The lines that differ, with ``-`` or ``+`` in front; line ends count."""
    compared = difflib.ndiff(before.splitlines(keepends=True), after.splitlines(keepends=True))
    return [line for line in compared if line[0] in "+-"]


def edited(root: Path, text: str, *, counter: bool = False, remove: str = "") -> str:
    """What becomes of an intent's file when ``NEW`` is added, or ``remove`` removed; it loads before and after."""
    (root / READ).write_bytes(text.encode())
    load(root)
    if remove:
        remove_exemplar(root, "read-tickets", remove, counter=counter)
    else:
        add_exemplar(root, "read-tickets", NEW, counter=counter)
    load(root)
    return (root / READ).read_bytes().decode()


def test_one_line_is_added_behind_the_last(root: Path) -> None:
    """The new entry looks like its neighbours; every comment and blank stays."""
    position = add_exemplar(root, "read-tickets", NEW)
    after = (root / READ).read_text()
    assert lines_of_difference(FILES[READ], after) == [f"+   - '{NEW}'\n"]
    assert str(position) == "intents/read.yaml:13:5"
    assert load(root).intents[1].exemplars[-1].text == NEW
    assert load(root).intents[1].exemplars[-1].position == position


def test_one_line_is_removed(root: Path) -> None:
    """Its own comment goes with it, the others stay."""
    position = remove_exemplar(root, "read-tickets", "Show me my open tickets.")
    after = (root / READ).read_text()
    assert lines_of_difference(FILES[READ], after) == ["-   - Show me my open tickets.      # the usual one\n"]
    assert str(position) == "intents/read.yaml:10:5"


def test_removing_what_was_added_gives_the_file_back(root: Path) -> None:
    """The two edits are each other's inverse, to the byte."""
    for counter in (False, True):
        add_exemplar(root, "read-tickets", NEW, counter=counter)
        remove_exemplar(root, "read-tickets", NEW, counter=counter)
        assert (root / READ).read_text() == FILES[READ]


# Before and after; ¶ stands for a line end.
LISTS = [
    ("exemplars:¶- a b¶- c d¶", "exemplars:¶- a b¶- c d¶- NEW¶"),
    (
        "exemplars:¶    -   a b¶    -   c d  # 2¶¶¶# end¶",
        "exemplars:¶    -   a b¶    -   c d  # 2¶    -   NEW¶¶¶# end¶",
    ),
    ("exemplars:¶  - a b¶  - c d", "exemplars:¶  - a b¶  - c d¶  - NEW"),
    ('exemplars:¶  - "a b"¶', 'exemplars:¶  - "a b"¶  - "NEW"¶'),
    ("exemplars:¶  - 'a b'¶", "exemplars:¶  - 'a b'¶  - 'NEW'¶"),
    (
        "exemplars:¶  - a b¶  - >-¶    c¶    d¶¶mode: shadow¶",
        "exemplars:¶  - a b¶  - >-¶    c¶    d¶  - NEW¶¶mode: shadow¶",
    ),
    ("exemplars:¶  - a¶    b¶  - c d¶", "exemplars:¶  - a¶    b¶  - c d¶  - NEW¶"),
    ("exemplars:¶  -¶    a b¶", "exemplars:¶  -¶    a b¶  - NEW¶"),
    ("exemplars: [a b, c d]  # all¶mode: shadow¶", "exemplars: [a b, c d, NEW]  # all¶mode: shadow¶"),
    ('exemplars: ["a b", ]¶', 'exemplars: ["a b", "NEW", ]¶'),
    ("exemplars: [¶  a b,  # 1¶  c d   # 2¶]¶", "exemplars: [¶  a b,  # 1¶  c d,   # 2¶  NEW¶]¶"),
    ("exemplars: [¶    a b,¶    c d,  # 2¶  ]¶", "exemplars: [¶    a b,¶    c d,  # 2¶    NEW,¶  ]¶"),
    ("exemplars: [¶  a b,¶  c d]¶", "exemplars: [¶  a b,¶  c d,¶  NEW]¶"),
    ("exemplars:\r¶  - a b\r¶mode: shadow\r¶", "exemplars:\r¶  - a b\r¶  - NEW\r¶mode: shadow\r¶"),
]
FIRST_COUNTERS = [
    ("exemplars:¶  - a b  # 1¶¶mode: shadow¶", "exemplars:¶  - a b  # 1¶counter_exemplars:¶  - NEW¶¶mode: shadow¶"),
    ("exemplars: [a b]¶", "exemplars: [a b]¶counter_exemplars:¶  - NEW¶"),
    ("exemplars:¶- a b", "exemplars:¶- a b¶counter_exemplars:¶- NEW"),
]


def whole(text: str) -> str:
    """A file of an intent around a list."""
    return HEAD + text.replace("¶", "\n").replace("NEW", NEW)


@pytest.mark.parametrize(("before", "after"), LISTS)
def test_any_way_to_write_a_list_is_kept(root: Path, before: str, after: str) -> None:
    """Dashes or brackets, one line or many, with or without a last comma or line end."""
    assert edited(root, whole(before)) == whole(after)


@pytest.mark.parametrize(("before", "after"), LISTS)
def test_any_way_to_write_a_list_loses_just_the_entry(root: Path, before: str, after: str) -> None:
    """What adding put in, removing takes out; only a comma that stood before it may stay."""
    back = edited(root, whole(after), remove=NEW)
    assert back.replace(",", "") == whole(before).replace(",", "")


@pytest.mark.parametrize(("before", "after"), FIRST_COUNTERS)
def test_the_first_counter_exemplar_makes_its_list_and_the_last_takes_it_away(
    root: Path, before: str, after: str
) -> None:
    """An empty list is a mistake in a bundle, so there is none before and none after."""
    assert edited(root, whole(before), counter=True) == whole(after)
    assert edited(root, whole(after), counter=True, remove=NEW) == whole(before)


def test_an_empty_list_is_filled(root: Path) -> None:
    """``[]`` says that there are none yet."""
    text = HEAD + "exemplars: [a b]\ncounter_exemplars: []  # none yet\n"
    assert edited(root, text, counter=True) == text.replace("[]", f"[{NEW}]")


def test_a_file_in_brackets_is_edited_too(root: Path) -> None:
    """JSON is YAML: such files are written by programs and read here."""
    text = '{"id": "read-tickets", "description": "d", "owner": "o", "targets": [{"kind": "t", "name": "*"}],\n "actions": ["a"], "exemplars": ["a b"]}\n'  # noqa: E501
    after = edited(root, text, counter=True)
    assert after == text.replace('["a b"]', f'["a b"], "counter_exemplars": ["{NEW}"]')
    assert edited(root, after, counter=True, remove=NEW) == text


texts = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Co", "Cn", "Zl", "Zp"]), min_size=1, max_size=30
)
AWKWARD = (
    "no;1;a: b;# c;- d;[e];f, g;'h';j'k;&l;*m;!n;null;2026-01-05;1:30;{o};p #q;r\\s;%t;@u;`v`;?;~;>;|;w:;é;日本;🙂"
)
awkward = st.sampled_from([*AWKWARD.split(";"), '"i"', "x" * 1000])


@given(texts | awkward, st.sampled_from(LISTS), st.booleans())
def test_any_text_comes_back_to_the_letter(
    tmp_path_factory: pytest.TempPathFactory, text: str, layout: tuple[str, str], counter: bool
) -> None:
    """Whatever an exemplar says, YAML's own signs too, it is loaded as it was given, or nothing changes."""
    root = write(tmp_path_factory.mktemp("bundle"), {**FILES, READ: whole(layout[0])})
    try:
        position = add_exemplar(root, "read-tickets", text, counter=counter)
    except InvalidRequest:
        assert (root / READ).read_bytes().decode() == whole(layout[0])
        return
    intent = load(root).intents[1]
    added = (intent.counter_exemplars if counter else intent.exemplars)[-1]
    assert (added.text, added.position) == (text.strip(), position)
    assert [e.text for e in intent.exemplars][:1] == ["a b"]


@pytest.mark.parametrize("text", ["", "   ", "a\nb", "a\x00b", "a\u2028b", "x" * 1001, "\ufeffa", "\ud800"])
def test_what_is_no_exemplar_is_refused(root: Path, text: str) -> None:
    """Empty, over-long or not plain text in one line: the field is named, the file stays."""
    with pytest.raises(InvalidRequest, match=r"^text: "):
        add_exemplar(root, "read-tickets", text)
    assert (root / READ).read_text() == FILES[READ]


@pytest.mark.parametrize("counter", [False, True])
@pytest.mark.parametrize("text", ["SHOW me my  open tickets.", "delete my open tickets."])
def test_what_is_there_already_is_refused_with_its_place(root: Path, text: str, counter: bool) -> None:
    """In either list, whatever its case and spacing: one text cannot be approved and not approved."""
    with pytest.raises(InvalidRequest, match=r"intents/read.yaml:1[04]:5"):
        add_exemplar(root, "read-tickets", text, counter=counter)


def test_an_unknown_intent_is_told_with_the_nearest(root: Path) -> None:
    """A slip of the pen is seen at once."""
    with pytest.raises(NotFound, match="did you mean 'read-tickets'"):
        add_exemplar(root, "read-ticket", NEW)


def test_an_unknown_exemplar_is_told_with_the_nearest(root: Path) -> None:
    """Also when it stands in the other list."""
    with pytest.raises(NotFound, match=r"no such entry in exemplars; did you mean 'Show me my open tickets.'"):
        remove_exemplar(root, "read-tickets", "show me my open ticket")
    with pytest.raises(NotFound, match="no such entry in exemplars"):
        remove_exemplar(root, "read-tickets", "Delete my open tickets.")


def test_the_only_exemplar_stays(root: Path) -> None:
    """An intent without any could match nothing."""
    (root / READ).write_text(HEAD + "exemplars: [a b]\n")
    with pytest.raises(InvalidRequest, match="only exemplar of read-tickets; add another one first"):
        remove_exemplar(root, "read-tickets", "a b")


def test_a_broken_file_is_not_touched(root: Path) -> None:
    """What cannot be read cannot be edited; the problems say why."""
    (root / READ).write_text("id: read-tickets\nexemplars: [a\n")
    with pytest.raises(BundleError, match=r"intents/read.yaml:3:1"):
        add_exemplar(root, "read-tickets", NEW)


@pytest.mark.parametrize("listed", ["exemplars:\n", "exemplars: [ ]\n", "exemplars: a b\n", ""])
def test_a_list_that_is_none_is_not_guessed_at(root: Path, listed: str) -> None:
    """The file stays as it is, and the caller hears that a person has to look."""
    (root / READ).write_text(HEAD + listed)
    with pytest.raises(InvalidRequest, match="edit it by hand"):
        add_exemplar(root, "read-tickets", NEW, counter=bool(listed == ""))
    assert (root / READ).read_text() == HEAD + listed


def test_a_linked_file_is_replaced_where_it_lies(root: Path) -> None:
    """The link stays a link, and the file keeps its permissions."""
    real = root / "..data" / "read.yaml"
    real.parent.mkdir()
    (root / READ).rename(real)
    (root / READ).symlink_to("../..data/read.yaml")
    real.chmod(0o640)
    add_exemplar(root, "read-tickets", NEW)
    assert (root / READ).is_symlink()
    assert NEW in real.read_text()
    assert real.stat().st_mode & 0o777 == 0o640


def test_a_failed_write_leaves_everything_as_it_was(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is replaced in one step: when the disk is full, the old one is whole and nothing lies about."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        add_exemplar(root, "read-tickets", NEW)
    assert (root / READ).read_text() == FILES[READ]
    assert sorted(p.name for p in (root / "intents").iterdir()) == ["close.yml", "read.yaml"]
