"""Students: the least-squares map, what a trained one keeps of its teacher, and that it comes nearer by training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("safetensors")

import onnx
import torch

from pdp.intent.encoder import OnnxEncoder, default_model_directory
from training.distil import Design, Lesson, batches, dequantised, exported, loss, student_of, train
from training.export import outputs, session
from training.readings import Readings, made_up, read
from training.source import read_tokenizer
from training.student import Floats, feeds, holds, pooled, ridge, unit, vectors_of

TEXTS = ("Read the open invoices of one customer.", "Refund the last order.", "List all pods.", "Who is on call today?")


@pytest.fixture(scope="module")
def readings(tmp_path_factory: pytest.TempPathFactory) -> Readings:
    directory = default_model_directory()
    cache = tmp_path_factory.mktemp("readings") / "some.npz"
    return read(OnnxEncoder.load(directory), read_tokenizer(directory), TEXTS, cache)


@pytest.fixture(scope="module")
def teacher() -> onnx.ModelProto:
    return onnx.load(default_model_directory() / "model.onnx")


def test_a_linear_teacher_is_learnt_exactly() -> None:
    draw = np.random.default_rng(7)
    inputs, truth = draw.normal(size=(200, 9)), draw.normal(size=(9, 4))
    assert np.allclose(ridge(inputs, inputs @ truth, 1e-9), truth)


def test_a_penalty_shrinks_the_map() -> None:
    draw = np.random.default_rng(7)
    inputs, goals = draw.normal(size=(50, 9)), draw.normal(size=(50, 4))
    sizes = [float(np.linalg.norm(ridge(inputs, goals, p))) for p in (0.1, 10.0, 1000.0)]
    assert sizes == sorted(sizes, reverse=True)


def test_token_states_are_pooled_three_ways() -> None:
    states = np.array([[1.0, 4.0], [3.0, 2.0]], np.float16)
    assert pooled(states).tolist() == [2.0, 3.0, 3.0, 4.0, 1.0, 4.0, 1.0]
    assert np.allclose(np.linalg.norm(unit(np.array([[3.0, 4.0]])), axis=1), 1.0)


def test_a_student_holds_only_when_both_figures_do() -> None:
    teacher = {"auroc": 0.893, "nearest_covers": 0.836}
    assert holds({"auroc": 0.889, "nearest_covers": 0.828}, teacher)
    assert not holds({"auroc": 0.887, "nearest_covers": 0.836}, teacher)
    assert not holds({"auroc": 0.893, "nearest_covers": 0.825}, teacher)


@pytest.mark.parametrize("text", ["2:6", "3:7", "3:0", "3", "3:"])
def test_a_design_that_the_model_has_not_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Design.parse(text)


def test_readings_are_kept_for_these_texts_only(readings: Readings, tmp_path: Path) -> None:
    directory = default_model_directory()
    encoder, tokenizer = OnnxEncoder.load(directory), read_tokenizer(directory)
    again = read(encoder, tokenizer, TEXTS, tmp_path / "r.npz")
    kept = read(encoder, tokenizer, TEXTS, tmp_path / "r.npz")
    assert (kept.vectors == again.vectors).all()
    assert (kept.ids == readings.ids).all()
    assert len(read(encoder, tokenizer, TEXTS[:2], tmp_path / "r.npz")) == 2


def test_made_up_texts_are_new_and_the_same_every_time() -> None:
    texts = dict.fromkeys(TEXTS, "billing")
    found = made_up(texts, ("harbour", "violin"), 50)
    assert len(found) == 50
    assert found == made_up(texts, ("harbour", "violin"), 50)
    assert not found.keys() & texts.keys()
    assert set(found.values()) == {"billing"}


def test_a_batch_is_of_one_domain_and_every_text_comes_once() -> None:
    domains = ["a", "b"] * 90
    found = list(batches(domains, np.arange(180), 7))
    assert sorted(row for rows in found for row in rows) == list(range(180))
    assert all(len({domains[row] for row in rows}) == 1 for rows in found)


def test_the_teacher_itself_has_no_loss() -> None:
    own = torch.nn.functional.normalize(torch.randn(8, 5, generator=torch.Generator().manual_seed(7)), dim=1)
    assert [abs(float(part)) < 1e-5 for part in loss(own, own)] == [True, True]
    # A turned student has the same relations and other vectors.
    away, relations = loss(own.flip(1), own)
    assert float(away) > 0.1
    assert abs(float(relations)) < 1e-5


def test_all_layers_kept_or_copied_are_the_teacher_again(readings: Readings, teacher: onnx.ModelProto) -> None:
    design = Design.parse("3:4,5,6")
    graph = session(exported(student_of(design, dequantised(teacher)), design, teacher, [list(readings.ids)]))
    near = (vectors_of(graph, readings) * readings.vectors).sum(1)
    assert near.min() > 0.99


def test_a_student_keeps_the_states_that_the_pair_model_reads(readings: Readings, teacher: onnx.ModelProto) -> None:
    design = Design.parse("3:6")
    graph = session(exported(student_of(design, dequantised(teacher)), design, teacher, [list(readings.ids)]))
    for row in range(len(readings)):
        given = feeds(readings.ids[readings.of(row)])
        assert (outputs(graph, given)["states"] == outputs(session(teacher), given)["states"]).all()


@pytest.mark.parametrize("design", ["3:6", "0:1,6"])
def test_training_comes_nearer_and_goes_on_where_it_stopped(
    design: str, readings: Readings, teacher: onnx.ModelProto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Eight steps leave no room for warming up to the rate of a whole run.
    monkeypatch.setattr("training.distil.RATE", 4e-4)
    chosen, weights = Design.parse(design), dequantised(teacher)

    def near(passes: int) -> Floats:
        student = student_of(chosen, weights)
        if passes:
            lesson = Lesson(readings, ["one"] * len(readings), passes, 0.0, tmp_path / f"{passes}.pt")
            steps = 1
            while not train(student, chosen, lesson):  # no minute: one step each time
                student = student_of(chosen, weights)
                steps += 1
            assert steps == passes
        graph = session(exported(student, chosen, teacher, [list(readings.ids)]))
        found: Floats = (vectors_of(graph, readings) * readings.vectors).sum(1)
        return found

    assert near(8).mean() > near(0).mean() + 0.05
