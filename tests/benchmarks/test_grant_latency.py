"""The figures of grants are measured on grants that hold."""

from __future__ import annotations

import json

from benchmarks.grant_latency import GOALS, main, run


def test_every_way_is_timed():
    """The first tenth warms up."""
    times, size = run(40)
    assert {name: len(t) for name, t in times.items()} == dict.fromkeys(GOALS, 36)
    assert 1_000 < size < 2_500


def test_the_result_has_figures_goals_and_machine(tmp_path, capsys):
    """As the other benchmarks write them."""
    assert main(["--rounds", "20", "--out", str(tmp_path / "r.json")]) == 0
    document = json.loads((tmp_path / "r.json").read_text())
    assert set(document) == {"figures", "goals_p50_us", "token_bytes", "machine"}
    assert set(document["figures"]) == set(GOALS)
    assert {"joserfc", "cryptography"} <= set(document["machine"]["versions"])
    assert "cached verify" in capsys.readouterr().out
