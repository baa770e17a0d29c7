"""Which files are a bundle: read once, links followed so far and no further, nothing left out in silence."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.errors import BundleError
from pdp.policy import files
from pdp.policy.bundle import load, revision
from pdp.policy.files import BundleFile, read, revision_of, signature
from tests.policy.good_bundle import FILES, write


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path / "around" / "bundle")


def mounted(volume: Path, generation: str) -> Path:
    """A ConfigMap volume as the kubelet lays it out: every entry links to ``..data``, and that to a dated folder."""
    write(volume / f"..{generation}")
    (volume / "..data").symlink_to(f"..{generation}")
    for entry in (volume / f"..{generation}").iterdir():
        (volume / entry.name).symlink_to(f"..data/{entry.name}")
    return volume


def complaints(directory: Path) -> list[tuple[str, str]]:
    return [(p.file, p.message) for p in read(directory).problems]


def test_a_bundle_is_the_files_of_its_layout(root: Path) -> None:
    """Each file is read under its name in the bundle, in name order."""
    contents = read(root)
    assert contents.problems == ()
    assert [f.name for f in contents.files] == sorted(FILES)
    assert {f.name: f.data.decode() for f in contents.files} == dict(FILES)


@pytest.mark.parametrize(
    "name",
    [".hidden.yaml", "intents/.read.yaml.swp", "intents/read.yaml~", "intents/#read.yaml#", "rules/all.yaml.bak",
     "README.md", "docs/notes.yaml", ".git/config.yaml", "intents/notes.txt", "tests/desk.yaml.orig"],
)  # fmt: skip
def test_what_is_no_part_of_a_bundle_is_passed_over(root: Path, name: str) -> None:
    """Hidden files, backups of editors and other kinds of files neither count nor disturb."""
    before = revision(root)
    write(root, {name: "id: [broken"})
    assert revision(root) == before


@pytest.mark.parametrize(
    ("name", "message", "fix"),
    [
        ("intent.yaml", "no file of this name", "move it to intents/"),
        ("agent.yaml", "no file of this name", "'agents.yaml'"),
        ("bundle.yml", "no file of this name", "'bundle.yaml'"),
        ("calibrations.json", "no file of this name", "'calibration.json'"),
        ("intent/read.yaml", "no folder of this name", "'intents'"),
        ("intents/mail/read.yaml", "folders below intents/ are not read", "move its files up"),
        ("intents/other.YAML", "only .yaml and .yml files", "rename it to intents/other.yaml"),
        ("tests/more.json", "only .yaml and .yml files", "rename it to tests/more.yaml"),
        ("rules/a\nb.yaml", "cannot be shown", "rename"),
    ],
)
def test_a_file_that_would_be_overlooked_is_a_problem(root: Path, name: str, message: str, fix: str) -> None:
    """What looks like part of the bundle and is not read is said, with where it belongs."""
    write(root, {name: "rules: []\n"})
    (problem,) = read(root).problems
    assert message in problem.message
    assert fix in problem.fix


def test_links_inside_the_surroundings_are_followed(root: Path) -> None:
    """A file may be shared by bundles that lie side by side."""
    shared = root.parent / "shared.yaml"
    (root / "intents" / "read.yaml").rename(shared)
    (root / "intents" / "read.yaml").symlink_to(shared)
    assert load(root).intents[1].id == "read-tickets"


@pytest.mark.parametrize("target", ["/etc/hostname", "../../../outside.yaml"])
def test_links_that_lead_away_are_refused(root: Path, target: str) -> None:
    """No file from elsewhere gets into a bundle, nor into an error message about one."""
    write(root.parents[1], {"outside.yaml": "id: secret"})
    (root / "intents" / "more.yaml").symlink_to(target)
    assert complaints(root) == [("intents/more.yaml", "is a link that leads out of the bundle")]


def test_a_folder_that_links_away_is_refused(root: Path, tmp_path: Path) -> None:
    """The same for all files of a folder at once."""
    write(tmp_path / "elsewhere", {"own.yaml": "tests: []"})
    (root / "tests" / "desk.yaml").unlink()
    (root / "tests").rmdir()
    (root / "tests").symlink_to(tmp_path / "elsewhere")
    assert complaints(root) == [("tests/own.yaml", "is a link that leads out of the bundle")]


def test_a_loop_of_links_is_a_problem(root: Path) -> None:
    """It ends, and names the file."""
    (root / "rules" / "loop.yaml").symlink_to("loop.yaml")
    assert [file for file, _ in complaints(root)] == ["rules/loop.yaml"]


def pipe(path: Path) -> None:
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("make", [pipe, folder])
def test_what_is_no_file_is_not_waited_for(root: Path, make: Callable[[Path], None]) -> None:
    """A pipe or a folder with the name of a file is a problem at once."""
    make(root / "rules" / "odd.yaml")
    ((name, message),) = complaints(root)
    assert name == "rules/odd.yaml"
    assert "regular" in message or "directory" in message


def test_size_has_a_limit(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One file, all files together and their number are bounded."""
    monkeypatch.setattr(files, "MOST_BYTES_TOGETHER", 1000)
    assert "over 1,000 bytes" in complaints(root)[0][1]
    monkeypatch.setattr(files, "MOST_FILES", 1)
    assert any("files, at most 1" in message for _, message in complaints(root))


def test_a_mounted_configmap_is_a_bundle(root: Path, tmp_path: Path) -> None:
    """The links of a Kubernetes volume are followed, and its revision is that of the same files elsewhere."""
    volume = mounted(tmp_path / "volume", "2026_01_05")
    assert read(volume).problems == ()
    assert load(volume).revision == revision(root)


def test_a_swapped_configmap_changes_the_signature(tmp_path: Path) -> None:
    """The swap of ``..data`` is seen though no name in the bundle changes and every file has the same size."""
    volume = mounted(tmp_path / "volume", "first")
    before = signature(volume)
    write(volume / "..second")
    (volume / "..next").symlink_to("..second")
    (volume / "..next").rename(volume / "..data")
    assert signature(volume) != before


def test_files_that_change_while_read_are_read_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is loaded was there together at one time: a change half-way through starts the reading over."""
    real, left = files._read_regular, [1]

    def disturbed(path: Path) -> bytes:
        if path.name == "read.yaml" and left.pop(0) if left else False:
            (root / "agents.yaml").write_text("agents: []\n")
        return real(path)

    monkeypatch.setattr(files, "_read_regular", disturbed)
    assert next(f.data for f in read(root).files if f.name == "agents.yaml") == b"agents: []\n"


def test_files_that_never_rest_are_a_problem(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not tried for ever."""
    real = files._read_regular

    def disturbed(path: Path) -> bytes:
        with (root / "agents.yaml").open("a") as file:
            file.write("#")
        return real(path)

    monkeypatch.setattr(files, "_read_regular", disturbed)
    assert "change while they are read" in complaints(root)[-1][1]


def test_an_unreadable_bundle_has_no_revision(tmp_path: Path) -> None:
    """There is no digest of what could not be loaded anyhow."""
    with pytest.raises(BundleError, match="no such directory"):
        revision(tmp_path / "none")


contents = st.dictionaries(st.sampled_from(["a", "ab", "b", "intents/a.yaml"]), st.binary(max_size=4), max_size=4)


def as_files(content: dict[str, bytes]) -> list[BundleFile]:
    return [BundleFile(name, data) for name, data in content.items()]


@given(contents, contents)
def test_revisions_are_equal_exactly_when_contents_are(one: dict[str, bytes], other: dict[str, bytes]) -> None:
    """Names and contents make the revision, in whatever order; nothing can move from one into the other."""
    assert (revision_of(as_files(one)) == revision_of(as_files(other))) == (one == other)
    assert revision_of(as_files(one)) == revision_of(as_files(one)[::-1])


def test_times_and_permissions_make_no_revision(root: Path) -> None:
    """A copy of the same files has the same revision."""
    before = revision(root)
    os.utime(root / "bundle.yaml", (1, 1))
    (root / "bundle.yaml").chmod(0o600)
    assert revision(root) == before


def test_a_directory_that_cannot_be_looked_into_is_a_problem(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing permissions end in a problem like everything else, and never in another exception."""

    def denied(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_dir", denied)
    with pytest.raises(BundleError, match=r"cannot be read: Permission denied \(mend its permissions\)"):
        load(root)
