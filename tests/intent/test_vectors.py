"""Remembered vectors: bounded, never mixed up, never wrong."""

from __future__ import annotations

import logging
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pdp.intent.vectors import VectorStore, key, read_vectors, write_vectors

WIDTH = 8
parts = st.lists(st.text(max_size=4), max_size=4)
texts = st.text(max_size=6)


def vector(seed: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal(WIDTH).astype(np.float32)


@given(parts, parts)
def test_different_parts_have_different_keys(a: list[str], b: list[str]) -> None:
    """Text cannot move from one part of a key into the next: ("ab", "c") is not ("a", "bc")."""
    assert (key(*a) == key(*b)) is (a == b)


@given(stored=st.sets(texts, max_size=5), asked=st.lists(texts, max_size=5))
def test_a_file_gives_back_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, stored: set[str], asked: list[str]
) -> None:
    """Every text that was written comes back bit for bit, others do not."""
    path = tmp_path_factory.mktemp("v") / "vectors.npy"
    wanted = {text: vector(at) for at, text in enumerate(sorted(stored))}
    write_vectors(path, "sha256:e", WIDTH, wanted)
    found = read_vectors(path, "sha256:e", WIDTH, [*stored, *asked])
    assert found.keys() == wanted.keys()
    assert all(found[text].tobytes() == wanted[text].tobytes() for text in wanted)
    assert read_vectors(path, "sha256:f", WIDTH, stored) == {}


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """A file with two vectors."""
    path = tmp_path / "vectors.npy"
    write_vectors(path, "sha256:e", WIDTH, {"a": vector(1), "b": vector(2)})
    return path


@given(at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_damaged_file_never_gives_a_wrong_vector(tmp_path_factory: pytest.TempPathFactory, at: int, bit: int) -> None:
    """Whichever single bit is flipped, a text's vector is right or absent."""
    path = tmp_path_factory.mktemp("v") / "vectors.npy"
    write_vectors(path, "sha256:e", WIDTH, {"a": vector(1), "b": vector(2)})
    content = bytearray(path.read_bytes())
    content[at % len(content)] ^= 1 << bit
    path.write_bytes(content)
    found = read_vectors(path, "sha256:e", WIDTH, ["a", "b"])
    for text, right in (("a", vector(1)), ("b", vector(2))):
        assert text not in found or found[text].tobytes() == right.tobytes()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x93NUMPY",
        b"PK\x03\x04 an archive",
        pickle.dumps({"a": 1}),
        b"\x93NUMPY\x01\x00\x50\x00{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999,), }\n",
        b"\x93NUMPY\x01\x00\x06\x00import",
    ],
    ids=["empty", "cut", "archive", "pickle", "huge", "code"],
)
def test_a_foreign_file_is_ignored_with_a_warning(
    stored: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever lies there, the vectors are computed again and the log says why."""
    stored.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert read_vectors(stored, "sha256:e", WIDTH, ["a"]) == {}
    assert "encoding again" in caplog.text


def test_another_width_is_ignored_with_a_warning(stored: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Vectors of another model's width are of no use."""
    assert read_vectors(stored, "sha256:e", WIDTH + 1, ["a"]) == {}
    assert f"of width {WIDTH + 1}" in caplog.text


def test_damaged_rows_are_counted_in_the_log(stored: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One damaged row costs one text, not the file."""
    content = bytearray(stored.read_bytes())
    content[-1] ^= 1
    stored.write_bytes(content)
    assert read_vectors(stored, "sha256:e", WIDTH, ["a", "b"]).keys() == {"a"}
    assert "1 vectors" in caplog.text


def test_the_file_is_plain_numpy(stored: Path) -> None:
    """Any reader of .npy files can open it, without pickle."""
    rows = np.load(stored, allow_pickle=False)
    assert rows["vector"].shape == (2, WIDTH)
    assert rows["vector"][0].tobytes() == vector(1).tobytes()


def test_an_unreadable_path_is_ignored_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A directory in the file's place stops nobody."""
    assert read_vectors(tmp_path, "sha256:e", WIDTH, ["a"]) == {}
    assert "cannot be read" in caplog.text


def test_no_file_is_no_problem(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The first start has none, and nothing to complain about."""
    assert read_vectors(tmp_path / "vectors.npy", "sha256:e", WIDTH, ["a"]) == {}
    assert caplog.text == ""


def test_a_failed_write_leaves_the_old_file(stored: Path) -> None:
    """Writing replaces in one step or not at all, and leaves nothing behind."""
    with pytest.raises(ValueError):
        write_vectors(stored, "sha256:e", WIDTH, {"c": np.zeros(WIDTH + 1, np.float32)})
    with pytest.raises(OSError):
        write_vectors(stored.parent / "absent" / "vectors.npy", "sha256:e", WIDTH, {"c": vector(3)})
    assert read_vectors(stored, "sha256:e", WIDTH, ["a", "b"]).keys() == {"a", "b"}
    assert [path.name for path in stored.parent.iterdir()] == ["vectors.npy"]


def test_a_file_is_written_for_a_share_that_is_worth_it(tmp_path: Path) -> None:
    """One new text of very many does not write all of them again; new texts count together until they do."""
    path = tmp_path / "vectors.npy"
    store = VectorStore(path, "sha256:e", WIDTH)
    vectors = {f"text {at}": vector(at) for at in range(250)}
    store.keep(vectors)
    assert store.read(["text 1", "absent"]).keys() == {"text 1"}
    written = path.read_bytes()
    for at in range(3):
        assert path.read_bytes() == written
        vectors[f"new {at}"] = vector(at)
        store.keep(vectors)
    assert store.read(["new 2"])["new 2"].tobytes() == vector(2).tobytes()


def test_without_a_file_nothing_is_kept() -> None:
    """And a directory that is not there stops nobody."""
    store = VectorStore(None, "sha256:e", WIDTH)
    store.keep({"a": vector(1)})
    assert store.read(["a"]) == {}
    VectorStore(Path("absent") / "vectors.npy", "sha256:e", WIDTH).keep({"a": vector(1)})
