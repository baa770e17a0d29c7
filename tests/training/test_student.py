"""The student's map is the least-squares one."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from training.student import pooled, ridge, unit


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
    states = np.array([[[1.0, 4.0], [3.0, 2.0]]], np.float32)
    assert pooled(states).tolist() == [2.0, 3.0, 3.0, 4.0, 1.0, 4.0, 1.0]
    assert np.allclose(np.linalg.norm(unit(np.array([[3.0, 4.0]])), axis=1), 1.0)
