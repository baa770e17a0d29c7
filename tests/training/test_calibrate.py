"""Suggested thresholds keep foreign topics out and own requests in, and are written with the encoder they belong to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp.intent.calibration import Calibration
from pdp.intent.encoder import OnnxEncoder
from pdp.policy.model import Bundle, Case, Expectation, Intent, TargetPattern
from pdp.scoring import CalibrationData, Thresholds
from pdp.types import Action, Agent, Effect, Exemplar, Position, Request, Target
from training.calibrate import CalibrationError, Spread, apart, describe, measure, rewrite, suggest

HERE = Position("f.yaml", 1, 1)
scores = st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=40).map(lambda found: np.array(found, np.float32))


def intent(name: str, kind: str, *exemplars: str) -> Intent:
    sampled = tuple(Exemplar(text, HERE) for text in exemplars)
    return Intent(name, "", "team", ("*",), (TargetPattern(kind, "*"),), ("read",), sampled, HERE)


def case(utterance: str, effect: Effect, name: str) -> Case:
    request = Request("q", Agent("a"), utterance, Target("t", "n"), Action("read"))
    return Case(utterance, request, Expectation(effect, name), 0.0, HERE)


def bundle(intents: Sequence[Intent], cases: Sequence[Case]) -> Bundle:
    data = CalibrationData("sha256:e", Thresholds(0.6, 0.5))
    return Bundle("b", "", "team", "r", "p", tuple(intents), (), (), data, tuple(cases))


MAIL = intent("mail", "mailbox", "Show me my unread emails.", "Search my inbox for a message")
SCALE = intent("scale", "deployment", "Scale the web deployment to five replicas")
ASKED = case("Any new messages in my inbox?", Effect.ALLOW, "mail")


@given(scores, scores)
def test_a_suggestion_is_always_usable(own: np.ndarray, foreign: np.ndarray) -> None:
    """Whatever was measured, calibration takes the thresholds; at most 1% of foreign requests lie above accept."""
    limits = suggest(Spread(own, foreign))
    Calibration.from_data(CalibrationData("sha256:e", limits), [("a", None)])
    rounding = 1e-5
    assert (foreign > limits.accept + rounding).mean() <= 0.01
    assert (foreign > limits.narrow + rounding).mean() <= 0.05


def test_well_separated_requests_are_let_in() -> None:
    """Where own and foreign requests lie apart, the thresholds stand midway."""
    own, foreign = np.linspace(0.5, 0.9, 50, dtype=np.float32), np.linspace(-0.1, 0.3, 50, dtype=np.float32)
    limits = suggest(Spread(own, foreign))
    assert foreign.max() < limits.narrow == limits.accept < own.min()
    assert limits.accept == pytest.approx(0.41, abs=0.02)


def test_own_and_foreign_requests_are_told_apart(model: OnnxEncoder) -> None:
    """Own: allowed cases by their intent. Foreign: exemplars of intents with other kinds of targets, by the others."""
    denied = case("Delete my inbox", Effect.DENY, "mail")
    spread = measure(bundle([MAIL, SCALE], [ASKED, denied]), [], model)
    assert (len(spread.own), len(spread.foreign)) == (1, 3)
    assert spread.own.min() > spread.foreign.max()
    assert "100.0%, 100.0%" in describe(spread, suggest(spread))


def test_other_bundles_count_as_foreign(model: OnnxEncoder) -> None:
    """A bundle about one kind of target takes its foreign requests from the others."""
    with pytest.raises(CalibrationError, match="give another bundle"):
        measure(bundle([MAIL], [ASKED]), [], model)
    assert len(measure(bundle([MAIL], [ASKED]), [bundle([SCALE], [])], model).foreign) == 1


def test_without_cases_there_is_nothing_to_measure(model: OnnxEncoder) -> None:
    """The message says what to add."""
    with pytest.raises(CalibrationError, match="no test case"):
        measure(bundle([MAIL, SCALE], []), [], model)


def test_a_pattern_may_mean_the_same_kind() -> None:
    """Only kinds that are surely different count as apart."""
    assert apart(MAIL, SCALE)
    assert not apart(MAIL, MAIL)
    assert not apart(MAIL, intent("any", "*", "x"))


def test_the_file_keeps_what_is_not_measured(tmp_path: Path) -> None:
    """Encoder and default are replaced; intents' own thresholds, weight and notes stay."""
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps({"format": 1, "encoder": "old", "counter_weight": 2.0, "notes": {"by": "team"}}))
    spread = Spread(np.ones(2, np.float32), np.zeros(3, np.float32))
    rewrite(tmp_path, "sha256:new", Thresholds(0.4, 0.3), spread)
    document = json.loads(path.read_text())
    assert document["encoder"] == "sha256:new"
    assert document["default"] == {"accept": 0.4, "narrow": 0.3}
    assert document["counter_weight"] == 2.0
    assert document["notes"] == {"by": "team", "thresholds": {"tool": "training.calibrate", "own": 2, "foreign": 3}}
