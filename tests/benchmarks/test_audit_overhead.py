"""What the audit adds is measured on decisions that were really made, and paired."""

from __future__ import annotations

import json

import pytest

from benchmarks import audit_overhead


def test_what_is_added_is_paired_and_split():
    """The median of differences, and a disk that is slower than the goal's is allowed for."""
    times = {
        "on_disk": [0.0010, 0.0021, 0.0012],
        "in_memory": [0.0007, 0.0017, 0.0009],
        "unrecorded": [0.0005, 0.0015, 0.0006],
        "append": [0.0002, 0.0002, 0.0002],
    }
    found = audit_overhead.figures(times)
    assert found["added_p50_ms"] == pytest.approx(0.6)
    assert found["of_which_p50_ms"] == pytest.approx({"disk": 0.3, "work": 0.2})
    assert found["reached"] is True
    slower = audit_overhead.figures({**times, "on_disk": [0.0012, 0.0023, 0.0014]})
    assert slower["reached"] is False
    assert audit_overhead.figures({**times, "on_disk": [0.0012, 0.0023, 0.0014], "append": [0.0004] * 3})["reached"]


def test_it_measures_and_leaves_nothing_behind(tmp_path, capsys):
    """A few rounds of every way, on a real log; each answer is an allow with its grant."""
    out, disk, memory = tmp_path / "figures.json", tmp_path / "disk", tmp_path / "memory"
    disk.mkdir()
    memory.mkdir()
    places = ["--directory", str(disk), "--memory", str(memory)]
    assert audit_overhead.main(["--rounds", "20", *places, "--out", str(out)]) == 0
    figures = json.loads(out.read_text())
    assert {name: row["count"] for name, row in figures["ways"].items()} == dict.fromkeys(
        ("on_disk", "in_memory", "unrecorded", "append"), 18
    )
    assert figures["machine"]["cores"] >= 1
    assert "the audit adds" in capsys.readouterr().out
    assert [*disk.iterdir(), *memory.iterdir()] == []
