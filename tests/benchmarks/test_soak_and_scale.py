"""What a soak and a scale run say follows from what was sampled."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from benchmarks import disturbances, load, scale, scale_bundles, scale_recall, soak, workload
from benchmarks.load import Answered
from pdp.policy.bundle import load as load_bundle


def answered(due: float, took: float = 0.01, status: str = load.OK) -> Answered:
    return Answered(due, took, status, load.question("text"), 2 if status == load.OK else 0)


def test_minutes_have_their_own_percentiles_and_refusals() -> None:
    """A question belongs to the minute in which it was due."""
    found = [answered(1, 0.01), answered(59.9, 0.03), answered(60, 0.5), answered(61, 0.1, "DEADLINE_EXCEEDED")]
    first, second = soak.by_minute(found)
    assert (first["minute"], first["count"], first["max_ms"]) == (0, 2, 30.0)
    assert (second["minute"], second["count"], second["p50_ms"]) == (1, 1, 500.0)
    assert second["refused"] == {"DEADLINE_EXCEEDED": 1}


def test_memory_is_told_by_process() -> None:
    """One that grows does not hide behind one that does not."""
    samples = [{1: 100.0, 2: 100.0 + n} for n in range(100)]
    told = soak.memory(samples, {1: 101.0, 2: 200.0})
    assert [p["growth"]["grew"] for p in told.values()] == [False, True]
    assert told["2"]["peak_mib"] == 200.0


def test_one_question_in_five_is_repeated() -> None:
    """The others are never alike."""
    asked = soak.questions(1)
    texts = [next(asked).utterance for _ in range(1_000)]
    commonest = max(set(texts), key=texts.count)
    assert 0.15 < texts.count(commonest) / len(texts) < 0.25
    assert len(set(texts)) == len(texts) - texts.count(commonest) + 1


@pytest.mark.parametrize("count", [10, 100, 1_000])
def test_the_synthetic_index_finds_the_intent_that_a_text_is_near(count: int) -> None:
    """Its vectors are of unit length; what is timed is a search that finds."""
    index, texts = scale.index_of(count)
    assert np.allclose(np.linalg.norm(texts, axis=1), 1, atol=1e-5)
    every = np.arange(len(index.ids), dtype=np.intp)
    best = index.score(texts[:20]).exemplar
    assert len(every) == count // scale.EACH
    assert best.max(axis=1).min() > 0.5


def test_what_size_adds_is_beyond_the_smallest() -> None:
    """And a size that was left out has no figure."""
    rows = scale.indexes((10, 100), rounds=20)
    assert rows[0]["added_us"] == {"one": 0.0, "all": 0.0}
    found = scale.measured(rows, [{"p50_of_the_small": 1.1}, {"p50_of_the_small": 1.4}])
    assert set(found) == {"index_flat_to_10000_us", "large_bundle_p50"}
    assert found["large_bundle_p50"] == 1.4
    assert scale.measured([], []) == {}


@pytest.mark.parametrize("together", [False, True])
def test_generated_bundles_are_valid_and_of_their_size(tmp_path, together: bool) -> None:
    """With the calibration of the shipped model, and the rules asked for."""
    directory = scale_bundles.write(tmp_path / "bundle", 12, "", together=together, rules=7)
    bundle = load_bundle(directory)
    assert len(bundle.intents) == 12
    assert len(bundle.rules) == 8
    assert not bundle.settings.sessions.required
    names = {t.name for i in bundle.intents for t in i.targets}
    assert len(names) == (1 if together else 12)


def test_a_reload_changes_the_revision_and_nothing_else(tmp_path) -> None:
    """One exemplar more than as generated, another each time."""
    directory = tmp_path / "bundle"
    workload.write_bundle(directory, 3, "sha256:" + "0" * 64, 0.5, 0.4)
    revisions = {load_bundle(directory).revision}
    for number in range(3):
        disturbances.change(directory, number)
        bundle = load_bundle(directory)
        revisions.add(bundle.revision)
        assert [len(i.exemplars) for i in bundle.intents] == [6, 7, 6]
    assert len(revisions) == 4
    changed = yaml.safe_load((directory / disturbances.CHANGED).read_text())
    assert changed["id"] == "read-open-order"


def test_what_the_cut_keeps_is_told_against_looking_at_all() -> None:
    """Texts near an intent find it; a cut that kept other intents would be seen."""
    index, texts = scale.index_of(2_000)
    told = scale_recall.kept("synthetic", index, texts[:30])
    assert (told["intents"], told["texts"], told["nearest_kept"], told["in_order"]) == (200, 30, 1.0, 1.0)
    honest = index.foremost
    index.foremost = lambda text, columns, most: honest(text, columns[100:], most)  # type: ignore[method-assign]
    worse = scale_recall.kept("synthetic", index, texts[:30])
    assert worse["nearest_kept"] < 0.8
    assert worse["in_order"] < 0.8


def test_a_second_shape_starts_with_what_the_first_has_read(tmp_path) -> None:
    """And the first, or one that was never measured, starts with nothing."""
    first, second = tmp_path / "first", tmp_path / "second"
    assert not scale_bundles._carried(first, second)
    for name in scale_bundles.READ:
        (second / name).write_text("read")
    assert not scale_bundles._carried(second, second)
    assert scale_bundles._carried(second, first)
    assert (first / "vectors.npy").read_text() == "read"
