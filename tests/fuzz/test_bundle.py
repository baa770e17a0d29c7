"""Long runs over bundle files: whatever they hold, loading gives a bundle or problems with places, and soon."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.errors import BundleError, InvalidRequest, NotFound, Problem
from pdp.policy.bundle import load, revision
from pdp.policy.edit import add_exemplar, remove_exemplar
from pdp.policy.rules import problems as check_rules
from tests.policy.good_bundle import FILES, write

pytestmark = pytest.mark.fuzz

SOON = 5.0
TOKENS = (
    "id exemplars rules effect deny narrow when params at_most now request expect payload sql text format default",
    "{ } [ ] : , - ? | > ' \" # & * ! % @ ` --- ... ~ << \\ true no 010 1:30 2026-01-05 .nan 1e999 é 🙂",
    "\ufeff \x00 \r \t \u2028",
)

names = st.sampled_from(sorted(FILES))
scraps = (
    st.lists(st.sampled_from([*" ".join(TOKENS).split(" "), "\n", "\n  ", ": ", "- ", " "]), max_size=60)
    .map("".join)
    .map(str.encode)
)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bundle")


@st.composite
def damaged(draw: st.DrawFn, name: str) -> bytes:
    """The good file with pieces of it cut out, doubled, exchanged or overwritten."""
    data = FILES[name].encode()
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 40)))
        piece = draw(st.sampled_from([b"", data[start:end] * 2, data[::-1][:5]]) | scraps | st.binary(max_size=6))
        data = data[:start] + piece + data[end:]
    return data


files = names.flatmap(lambda name: st.tuples(st.just(name), damaged(name) | scraps | st.binary(max_size=300)))


def outcome(root: Path) -> str:
    """The revision, or that the bundle is refused; any other exception is the bug looked for."""
    began = time.perf_counter()
    problems: tuple[Problem, ...] = ()
    try:
        found = load(root, check_rules).revision
    except BundleError as refused:
        found, problems = "refused", refused.problems
    assert time.perf_counter() - began < SOON
    assert bool(problems) == (found == "refused")
    for problem in problems:
        assert problem.message
        assert problem.fix
        assert problem.line >= 0
        assert str(problem).encode()
    return found


@given(files)
def test_any_bytes_in_any_file_are_loaded_or_refused(directory: Path, changed: tuple[str, bytes]) -> None:
    """``load`` raises nothing but ``BundleError``, and what it loads has the revision of what was there."""
    name, data = changed
    write(directory, {**FILES, name: data})
    found = outcome(directory)
    if found != "refused":
        assert found == revision(directory)
        assert (found == revision(write(directory))) == (data == FILES[name].encode())


@given(files, st.text(max_size=40), st.booleans(), st.booleans())
def test_any_edit_of_any_file_is_whole_or_refused(
    directory: Path, changed: tuple[str, bytes], text: str, counter: bool, add: bool
) -> None:
    """An edit of a bundle that loads gives one that loads, or changes nothing; what is broken stays as it was."""
    name, data = changed
    write(directory, {**FILES, name: data})
    before = outcome(directory)
    change = add_exemplar if add else remove_exemplar
    try:
        change(directory, "read-tickets", text if add else "Show me my open tickets.", counter=counter)
    except (BundleError, InvalidRequest, NotFound):
        assert (directory / name).read_bytes() == data
        return
    if before != "refused":
        assert outcome(directory) not in {before, "refused"}


@given(names, names, st.binary(max_size=3))
def test_a_revision_tells_any_two_contents_apart(directory: Path, one: str, other: str, more: bytes) -> None:
    """One byte more, in whichever file, is another revision."""
    first = revision(write(directory, {**FILES, one: FILES[one].encode() + more}))
    second = revision(write(directory, {**FILES, other: FILES[other].encode() + more}))
    assert (first == second) == (one == other or not more)
