"""Drift: between 0 and 1, further for what is further, and never a reason to give more."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.policy.model import DriftSettings
from pdp.policy.parse_sessions import LARGEST_WINDOW as LARGEST_IN_BUNDLES
from pdp.session import drift
from pdp.session.drift import Drift, distance, judge, quantise, similarity

shares = st.floats(0, 1)
courses = st.lists(shares, max_size=40)
windows = st.integers(1, drift.LARGEST_WINDOW)
any_float = st.floats(allow_nan=True, allow_infinity=True)


def test_bundles_may_name_any_window_that_is_kept() -> None:
    """And no larger one; what a bundle leaves out is what stands here."""
    assert LARGEST_IN_BUNDLES == drift.LARGEST_WINDOW >= drift.WINDOW
    assert DriftSettings().window is DriftSettings().narrow is DriftSettings().kill is None
    assert 0 < drift.NARROW_AT < drift.KILL_AT < 1


@given(courses, windows)
def test_drift_is_a_share(distances: list[float], window: int) -> None:
    """Whatever came before."""
    assert 0 <= drift.drift(distances, window) <= 1


@given(courses.filter(bool), windows, st.data())
def test_a_request_further_away_never_lowers_drift(distances: list[float], window: int, data: st.DataObject) -> None:
    """One that is exchanged for a further one raises it or changes nothing."""
    at = data.draw(st.integers(0, len(distances) - 1))
    further = [*distances[:at], data.draw(st.floats(distances[at], 1)), *distances[at + 1 :]]
    assert drift.drift(further, window) >= drift.drift(distances, window) - 1e-12


def test_the_ends_of_the_scale() -> None:
    """All of a window beside the purpose is 1, none of it 0, half of it a half; what is older is forgotten."""
    assert drift.drift([1.0] * 8) == 1
    assert drift.drift([0.0] * 8) == drift.drift([]) == 0
    assert drift.drift([0.0] * 4 + [1.0] * 4) == 0.5
    assert drift.drift([1.0] * 50 + [0.0] * 8) == 0


def test_one_odd_request_is_no_drift() -> None:
    """Neither narrows nor kills, at whatever place."""
    for at in range(8):
        assert judge(drift.drift([1.0 if n == at else 0.0 for n in range(8)])) is Drift.WITHIN


@given(any_float, st.none() | any_float)
def test_a_distance_is_a_share(cosine: float, score: float | None) -> None:
    """Broken readings too."""
    assert 0 <= distance(cosine, score) <= 1


def test_what_is_not_finite_is_as_far_as_can_be() -> None:
    """A broken model cannot look harmless."""
    assert distance(math.nan, 0.9) == distance(0.9, math.nan) == distance(math.inf, 0.9) == 1
    assert judge(math.nan) is Drift.KILL


@given(shares, shares, shares, shares)
def test_nearer_and_surer_is_never_further(cosine: float, more: float, score: float, surer: float) -> None:
    """In either reading; no score at all is like the lowest."""
    near = distance(max(cosine, more), max(score, surer))
    assert near <= distance(min(cosine, more), min(score, surer)) <= distance(min(cosine, more), None)


@given(shares, shares, shares, shares)
def test_thresholds_hold_in_order(value: float, more: float, narrow: float, kill: float) -> None:
    """More drift never asks for less, and a lower threshold neither."""
    low, high = sorted((value, more))
    assert judge(high, narrow, kill) >= judge(low, narrow, kill)
    assert judge(value, narrow / 2, kill / 2) >= judge(value, narrow, kill)


@given(st.integers(0, 2**32 - 1), st.sampled_from([3, 384]))
def test_a_kept_purpose_is_nearly_what_it_was(seed: int, width: int) -> None:
    """The cosine is that of the vector itself, to two digits."""
    chance = np.random.default_rng(seed)
    purpose, other = (v / np.linalg.norm(v) for v in chance.normal(size=(2, width)).astype(np.float32))
    kept = quantise(purpose)
    assert len(kept.steps) == width
    assert similarity(kept, other) == pytest.approx(float(purpose @ other), abs=0.02)
    assert similarity(kept, purpose) == pytest.approx(1, abs=0.005)


def test_what_cannot_be_compared_is_not_near() -> None:
    """Another width, or a purpose without a direction."""
    assert math.isnan(similarity(quantise(np.ones(3, np.float32)), np.ones(4, np.float32)))
    for broken in (np.zeros(3), np.array([1.0, math.nan, 0.0]), np.array([math.inf])):
        with pytest.raises(ValueError, match="zero or not finite"):
            quantise(broken.astype(np.float32))
