"""The figures of the audit log come from records that were really written."""

from __future__ import annotations

import json

from benchmarks import audit_throughput


def test_it_measures_and_leaves_nothing_behind(tmp_path, capsys):
    """Few rounds: both ways at concurrency 1, and every run in batches."""
    out, place = tmp_path / "figures.json", tmp_path / "place"
    place.mkdir()
    sizes = ["--rounds", "20", "--records", "60", "--tasks", "8", "--repeats", "2"]
    assert audit_throughput.main([*sizes, "--directory", str(place), "--out", str(out)]) == 0
    figures = json.loads(out.read_text())
    assert figures["records_written"] == 20 + 2 * 60
    assert {name: row["count"] for name, row in figures["concurrency_1"].items()} == {
        "append and fsync": 18,
        "audit commit": 18,
    }
    assert all(rate > 0 for rate in figures["batches"]["records_per_second"])
    assert figures["machine"]["cores"] >= 1
    assert "durable records per second" in capsys.readouterr().out
    assert list(place.iterdir()) == []
