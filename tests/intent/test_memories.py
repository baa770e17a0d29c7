"""Memories on disk: those that were written or none, whatever happens to the file."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.intent import memories
from pdp.intent.memories import HEAD, MemoryFile
from pdp.intent.recollection import Recollection

MODEL = "sha256:e"


def memory(text: str, role: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """As long as the text; only text and role decide."""
    return np.random.default_rng([role, *text.encode()]).standard_normal((2, len(text), 3)).astype(np.float32)


WRITTEN = {("a", 0): memory("a", 0), ("a", 1): memory("a", 1), ("words", 1): memory("words", 1)}


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    path = tmp_path / "memories.bin"
    memories.write(path, MODEL, WRITTEN)
    return path


class Maker:
    """Makes memories and counts."""

    def __init__(self) -> None:
        self.made: list[tuple[str, int]] = []

    def __call__(self, text: str, role: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        self.made.append((text, role))
        return memory(text, role)


def remembering(path: Path) -> tuple[Maker, Recollection]:
    maker = Maker()
    kept = Recollection(maker)
    kept.persist(path, MODEL)
    return maker, kept


def test_a_file_gives_back_what_was_written(stored: Path) -> None:
    """Bit for bit, by text and role; nothing else."""
    file = MemoryFile.open(stored, MODEL)
    for (text, role), right in WRITTEN.items():
        found = file.get(MODEL, text, role)
        assert (found.shape, found.tobytes()) == (right.shape, right.tobytes())
    assert file.get(MODEL, "words", 0) is None
    assert file.get("sha256:f", "words", 1) is None


def test_another_models_file_is_ignored_with_a_warning(stored: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Its memories would be read as if they were this model's."""
    assert MemoryFile.open(stored, "sha256:f") is None
    assert "another model's" in caplog.text


@given(at=st.integers(0, 10_000), bit=st.integers(0, 7), cut=st.booleans())
def test_a_damaged_file_never_gives_a_wrong_memory(
    tmp_path_factory: pytest.TempPathFactory, at: int, bit: int, cut: bool
) -> None:
    """Whichever bit is flipped, or wherever it ends: a memory is right or absent."""
    path = tmp_path_factory.mktemp("m") / "memories.bin"
    memories.write(path, MODEL, WRITTEN)
    content = bytearray(path.read_bytes())
    at %= len(content)
    content[at] ^= 1 << bit
    path.write_bytes(content[:at] if cut else content)
    file = MemoryFile.open(path, MODEL)
    for (text, role), right in WRITTEN.items() if file else ():
        found = file.get(MODEL, text, role)
        assert found is None or found.tobytes() == right.tobytes()
    if at < HEAD.size:
        assert file is None


@pytest.mark.parametrize("content", [b"", b"PDPMEM1\n", b"\x93NUMPY" * 50, b"PDPMEM1\n" + b"\xff" * 100])
def test_a_foreign_file_is_ignored_with_a_warning(
    stored: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """The memories are made again, and the next save puts a whole file in its place."""
    stored.write_bytes(content)
    maker, kept = remembering(stored)
    assert "making them again" in caplog.text
    assert kept.get("a", 1).tobytes() == memory("a", 1).tobytes()
    assert maker.made == [("a", 1)]
    kept.save()
    assert MemoryFile.open(stored, MODEL).get(MODEL, "a", 1).tobytes() == memory("a", 1).tobytes()


def test_a_damaged_memory_is_made_again(stored: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One that is damaged costs one text, not the file; the log says so."""
    content = bytearray(stored.read_bytes())
    content[-1] ^= 1
    stored.write_bytes(content)
    maker, kept = remembering(stored)
    with caplog.at_level(logging.WARNING):
        assert all(kept.get(*key).tobytes() == right.tobytes() for key, right in WRITTEN.items())
    assert maker.made == [("words", 1)]
    assert "damaged" in caplog.text


def test_nothing_is_made_at_the_second_start(tmp_path: Path) -> None:
    """What the first start saved is there; it is read-only like one that was made."""
    path = tmp_path / "memories.bin"
    for made in (len(WRITTEN), 0):
        maker, kept = remembering(path)
        for text, role in WRITTEN:
            with pytest.raises(ValueError, match="read-only"):
                kept.get(text, role)[0] = 9
        kept.save()
        assert len(maker.made) == made


def test_a_small_change_is_not_worth_a_new_file(tmp_path: Path) -> None:
    """A reload that changes one text of many does not write all of them again; many changes do."""
    path = tmp_path / "memories.bin"
    _, kept = remembering(path)
    for at in range(20):
        kept.get("a" * (at + 1), 1)
    kept.save()
    written = path.read_bytes()
    kept.get("new", 1)
    kept.save()
    assert path.read_bytes() == written
    for at in range(5):
        kept.get("new" * (at + 2), 1)
    kept.save()
    assert MemoryFile.open(path, MODEL).get(MODEL, "new", 1) is not None


def test_a_file_that_is_replaced_meanwhile_goes_on_to_be_read(stored: Path) -> None:
    """Another worker writes its own: this one's memories stay right."""
    maker, kept = remembering(stored)
    memories.write(stored, MODEL, {("other", 1): memory("other", 1)})
    assert kept.get("words", 1).tobytes() == memory("words", 1).tobytes()
    assert maker.made == []


def test_a_disk_that_takes_nothing_stops_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Only speed is lost, and nothing is left behind."""
    _, kept = remembering(tmp_path / "absent" / "memories.bin")
    kept.get("a", 1)
    kept.save()
    assert "cannot be kept" in caplog.text
    directory = tmp_path / "directory"
    directory.mkdir()
    _, kept = remembering(directory)
    kept.get("a", 1)
    kept.save()
    assert [p.name for p in tmp_path.iterdir()] == ["directory"]


def test_without_a_file_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that opens a bundle by itself keeps nothing."""
    monkeypatch.chdir(tmp_path)
    kept = Recollection(Maker())
    kept.get("a", 1)
    kept.save()
    assert list(tmp_path.iterdir()) == []


def test_what_another_worker_has_just_written_is_not_written_again(tmp_path: Path) -> None:
    """All workers prepare the same bundle at the same time; one file is enough."""
    path = tmp_path / "memories.bin"
    both = [remembering(path)[1] for _ in range(2)]
    for kept in both:
        for text, role in WRITTEN:
            kept.get(text, role)
    both[0].save()
    written = path.stat()
    both[1].save()
    assert path.stat().st_ino == written.st_ino
    assert both[1].get("a", 1).tobytes() == WRITTEN["a", 1].tobytes()


def test_what_a_killed_process_left_half_written_goes_after_an_hour(tmp_path: Path) -> None:
    """A crash loop must not fill the disk that the audit log needs; what is being written just now stays."""
    old, new = tmp_path / ".memories.bin.old", tmp_path / ".memories.bin.new"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    remembering(tmp_path / "memories.bin")
    assert not old.exists()
    assert new.exists()
