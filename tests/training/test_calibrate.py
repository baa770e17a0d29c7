"""Thresholds with an error budget: never looser than the labels allow, refused when there are too few. Needs scipy."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("scipy", reason="the training packages are not installed")

from pdp.intent.manifest import head_document
from pdp.policy.bundle import read_calibration
from pdp.scoring import Excess, ExcessKind, Head, Risk
from training.budget import TooFewLabels, choose, labels_needed, upper_bound
from training.calibrate import ALPHAS, DELTA, Scored, calibrate, describe, fit_weights, rewrite
from training.corpus_bundle import Pair

scores = st.lists(st.floats(0, 1), min_size=120, max_size=200)


def binomial(most: int, trials: int, share: float) -> float:
    """The chance of at most ``most`` events, summed term by term."""
    return sum(math.comb(trials, k) * share**k * (1 - share) ** (trials - k) for k in range(most + 1))


@given(st.integers(0, 30), st.integers(31, 120), st.sampled_from([0.01, 0.05, 0.2]))
def test_the_bound_is_the_share_at_which_so_few_events_get_unlikely(events: int, trials: int, delta: float) -> None:
    """Clopper and Pearson's definition, by summing the binomial."""
    assert binomial(events, trials, upper_bound(events, trials, delta)) == pytest.approx(delta, rel=1e-6)


@given(st.sampled_from([0.01, 0.02, 0.03, 0.1]), st.sampled_from([0.01, 0.05, 0.1]))
def test_the_least_number_of_labels_is_just_enough(alpha: float, delta: float) -> None:
    """With so many and no event the budget holds, with one fewer it does not."""
    needed = labels_needed(alpha, delta)
    assert upper_bound(0, needed, delta) <= alpha + 1e-9
    assert upper_bound(0, needed - 1, delta) > alpha


@settings(max_examples=40)
@given(scores, st.sampled_from([0.03, 0.1, 0.3]))
def test_the_chosen_threshold_keeps_the_budget(negatives: list[float], alpha: float) -> None:
    """What would pass at it is counted right, and its bound is within the budget, unless nothing is let through."""
    chosen = choose(negatives, alpha, DELTA)
    assert chosen.allowed == sum(s >= chosen.threshold for s in negatives)
    assert chosen.bound == pytest.approx(upper_bound(chosen.allowed, len(negatives), DELTA)) or chosen.threshold == 1.0
    assert chosen.bound <= alpha or chosen.threshold == 1.0


@settings(max_examples=40)
@given(scores)
def test_a_smaller_budget_never_gives_a_lower_threshold(negatives: list[float]) -> None:
    """Stricter stays stricter."""
    thresholds = [choose(negatives, alpha, DELTA).threshold for alpha in (0.3, 0.1, 0.03)]
    assert thresholds == sorted(thresholds)


def test_too_few_labels_are_counted() -> None:
    """The message says how many are missing, and for which risk."""
    with pytest.raises(TooFewLabels, match="40 labelled requests that must be refused; 99 are needed, 59 more"):
        choose([0.1] * 40, 0.03, 0.05)
    few = [Scored(False, 0.1, Risk.CRITICAL)] * 10 + [Scored(True, 0.9, Risk.CRITICAL)] * 10
    with pytest.raises(TooFewLabels) as refused:
        calibrate(few, ALPHAS, 0.2, DELTA)
    assert any("critical" in note for note in refused.value.__notes__)


def test_narrow_is_never_above_accept_and_every_risk_has_its_own() -> None:
    """The classes are calibrated apart."""
    made = [
        Scored(covered, min(1.0, value / 200 + (0.4 if covered else 0.0)), risk)
        for risk in (Risk.READ, Risk.CRITICAL)
        for covered in (True, False)
        for value in range(200)
    ]
    outcomes = calibrate(made, ALPHAS, 0.2, DELTA)
    assert set(outcomes) == {Risk.READ, Risk.CRITICAL}
    assert all(o.limits.narrow <= o.limits.accept for o in outcomes.values())
    assert outcomes[Risk.CRITICAL].limits.accept >= outcomes[Risk.READ].limits.accept
    assert "critical" in describe(outcomes)


def test_weights_point_the_right_way_and_words_cost_their_least() -> None:
    """A useful part gets a weight, a useless one none below zero, an excess at least its least cost."""
    chance = np.random.default_rng(3)
    labels = chance.random(600) < 0.5
    useful = np.where(labels, 1.0, -1.0) + chance.normal(0, 1, 600)
    misleading = np.where(labels, -1.0, 1.0)
    excess = (chance.random(600) < 0.1).astype(float)
    logit, other, cost, _ = fit_weights(np.stack([useful, misleading, excess], axis=1), labels, [4.0])
    assert logit > 0.3
    assert other == 0.0
    assert cost >= 4.0


@given(st.floats(-9, 9), st.floats(-1, 1))
def test_a_pair_scores_as_the_head_says(logit: float, nearness: float) -> None:
    """The logistic function of the head's log-odds; a refused text never passes, an excess lowers the score."""

    def pair(*excess: Excess, refused: bool = False) -> Pair:
        return Pair("t", "i", "f", "d", "", False, Risk.READ, logit, nearness, excess, refused)

    head = Head(0.7, 1.5, -0.2)
    plain = pair().score(head)
    assert plain == pytest.approx(1 / (1 + math.exp(-(0.7 * logit + 1.5 * nearness - 0.2))))
    assert pair(Excess(ExcessKind.SCOPE, "x")).score(head) < plain
    assert pair(refused=True).score(head) == -math.inf


def test_rewriting_replaces_what_belonged_to_the_old_scores(tmp_path: Path) -> None:
    """Thresholds, encoder and another encoder's head are replaced; the rest stays, and the file can be read again."""
    document = {
        "format": 1,
        "encoder": "sha256:old",
        "default": {"accept": 0.9, "narrow": 0.8},
        "risks": {"critical": {"accept": 0.3, "narrow": 0.2}},
        "intents": {"a": {"accept": 0.7, "narrow": 0.6}},
        "head": head_document(Head(1.0, 2.0, 3.0)),
        "counter_weight": 3.0,
        "notes": {"by": "us"},
    }
    (tmp_path / "calibration.json").write_text(json.dumps(document))
    made = [Scored(c, v / 200, Risk.CHANGE) for c in (True, False) for v in range(200)]
    outcomes = calibrate(made, ALPHAS, 0.2, DELTA)
    rewrite(tmp_path, "sha256:new", outcomes, ALPHAS, DELTA)
    found = read_calibration(tmp_path / "calibration.json")
    assert found.encoder == "sha256:new"
    assert found.risks == {Risk.CHANGE: outcomes[Risk.CHANGE].limits}
    assert found.default == outcomes[Risk.CHANGE].limits
    assert (found.intents, found.head) == ({}, None)
    assert (found.counter_weight, found.notes["by"]) == (3.0, "us")
