"""A bundle's own linear head: exact log-odds, a file that is read strictly, an order that forgets no intent."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdp import linear
from pdp.errors import BundleError
from pdp.evidence import Evidence, NotFinite
from pdp.intent.cut import MOST_LOOKED
from pdp.linear import FARTHEST, LinearHead, document, parse
from pdp.policy.bundle import load, revision
from pdp.scoring import Head
from pdp.snapshot import Snapshot
from tests.builders import bundle, intent, snapshot_of
from tests.conftest import WordEncoder
from tests.policy.good_bundle import FILES, write

WORDS = WordEncoder()
ENCODER = "sha256:00ff"  # that of the good bundle
WIDTH = 2 * WORDS.dimension
TEXT = "Read the unpaid invoices"
NAMES = ("near", "middle", "far")
EXEMPLARS = {"near": TEXT, "middle": "Read the unpaid letters", "far": "Water all plants"}


def head(names: tuple[str, ...] = ("read", "close"), width: int = 4, encoder: str = "sha256:e") -> LinearHead:
    """Random numbers of a usable size."""
    drawn = np.random.default_rng(7)
    rows = len(names) + 1
    weights, bias = drawn.standard_normal((rows, width)), drawn.standard_normal(rows)
    return LinearHead(encoder, names, drawn.standard_normal(width), drawn.uniform(0.5, 2, width), weights, bias)


def favouring(odds: Mapping[str, float]) -> LinearHead:
    """A head that says the same of every text: the more of ``odds``, the likelier."""
    bias = np.array([*odds.values(), 0.0])
    weights = np.zeros((len(bias), WIDTH))
    return LinearHead("sha256:words", tuple(odds), np.zeros(WIDTH), np.ones(WIDTH), weights, bias)


def with_head(found: LinearHead | None, weight: float = 0.0) -> Snapshot:
    """A bundle of three intents, ``near`` to ``far`` from ``TEXT``."""
    intents = [intent(name, [EXEMPLARS[name]]) for name in NAMES]
    made = bundle(intents)
    calibration = replace(made.calibration, head=Head(linear=weight))
    return snapshot_of(WORDS, intents, linear=found, calibration=calibration)


def order(held: Snapshot) -> list[str]:
    columns = np.arange(len(NAMES), dtype=np.intp)
    return [NAMES[c] for c in Evidence(held, WORDS).by_nearness(TEXT, columns, len(NAMES))]


@given(st.lists(st.floats(-12, 12), min_size=2, max_size=6))
def test_log_odds_are_those_of_the_probabilities(scores: list[float]) -> None:
    """``log(p / (1 - p))`` of a softmax, one class against all the others together."""
    rows = len(scores)
    made = LinearHead("e", ("i",) * (rows - 1), np.zeros(1), np.ones(1), np.zeros((rows, 1)), np.array(scores))
    shares = np.exp(np.array(scores) - max(scores))
    rest = [sum(np.delete(shares, at)) for at in range(rows - 1)]
    wanted = np.clip(np.log(shares[:-1]) - np.log(rest), -FARTHEST, FARTHEST)
    assert made.log_odds(np.zeros(1)) == pytest.approx(wanted, abs=1e-4)


def test_rivals_count_for_their_share() -> None:
    """Torn between two intents: far from none, the less sure the more rivals count; surer of another: not this one."""
    made = LinearHead("e", ("i", "j"), np.zeros(1), np.ones(1), np.zeros((3, 1)), np.array([5.0, 5.0, -5.0]))
    assert made.log_odds(np.zeros(1)) == pytest.approx([0.0, 0.0], abs=1e-3)
    discounted = replace(made, rivals=0.1)
    assert discounted.log_odds(np.zeros(1)) == pytest.approx([np.log(10)] * 2, abs=1e-2)
    surer = replace(discounted, bias=np.array([5.0, 15.0, -5.0]))
    assert surer.log_odds(np.zeros(1))[0] == pytest.approx(np.log(10) - 10, abs=1e-2)


@given(st.lists(st.floats(-12, 12), min_size=3, max_size=6), st.floats(linear.LEAST_RIVALS, 1))
def test_rivals_change_no_order(scores: list[float], rivals: float) -> None:
    """The likeliest intent stays so, and no intent's odds fall when its rivals count for less."""
    rows = len(scores)
    names = tuple(map(str, range(rows - 1)))
    full = LinearHead("e", names, np.zeros(1), np.ones(1), np.zeros((rows, 1)), np.array(scores))
    before, after = full.log_odds(np.zeros(1)), replace(full, rivals=rivals).log_odds(np.zeros(1))
    assert after[int(before.argmax())] == after.max()
    assert (after >= before - 1e-6).all()


def test_a_head_of_the_former_format_says_what_it_said() -> None:
    """Calibrations were made for its log-odds against all the rest."""
    made = replace(head(), rivals=0.03)
    former = {k: v for k, v in document(made).items() if k != "rivals"} | {"format": 1}
    found = parse(json.dumps(former).encode(), None, "sha256:e")
    assert (found.rivals, parse(json.dumps(document(made)).encode(), None, "sha256:e").rivals) == (1.0, 0.03)


def test_what_is_no_number_stays_none() -> None:
    """Nothing that is not finite becomes a log-odds that could let something pass."""
    assert np.isnan(head().log_odds(np.array([1.0, np.nan, 0, 0]))).all()


def test_a_written_head_says_what_it_said(tmp_path: Path) -> None:
    """Five digits a number are enough: the log-odds move by less than a step of the score."""
    made = head(("close-tickets", "read-tickets"), 8, ENCODER)
    write(tmp_path, {**FILES, "head.json": json.dumps(document(made))})
    found = load(tmp_path).linear
    assert found is not None
    text = np.linspace(-1, 1, 8)
    assert found.log_odds(text) == pytest.approx(made.log_odds(text), abs=1e-3)


def test_a_head_for_150_intents_fits_in_a_bundle(tmp_path: Path) -> None:
    """768 numbers an intent are more than any other file may hold; the limit holds for the head alone."""
    made = head(tuple(f"i-{at}" for at in range(150)), 768)
    text = json.dumps(document(made))
    assert len(text) > 1_048_576
    assert parse(text.encode(), None, "sha256:e").weights.shape == (151, 768)
    write(tmp_path, {**FILES, "head.json": text.replace('"sha256:e"', json.dumps(ENCODER))})
    with pytest.raises(BundleError, match="there is no intent 'i-0'") as wrong:
        load(tmp_path)
    assert len(wrong.value.problems) == 1


def test_a_head_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the limit."""
    monkeypatch.setattr(linear, "MOST_BYTES", 100)
    with pytest.raises(BundleError, match="over 100 bytes"):
        parse(b" " * 101, None, "sha256:e")


def test_the_head_is_part_of_the_revision(tmp_path: Path) -> None:
    """What changes decisions changes the revision; a bundle without the file has no linear head."""
    write(tmp_path)
    before = revision(tmp_path)
    assert load(tmp_path).linear is None
    (tmp_path / "head.json").write_text(json.dumps(document(head(("close-tickets",), 8, ENCODER))))
    assert revision(tmp_path) != before
    assert load(tmp_path).revision == revision(tmp_path)


def changed(**fields: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda found: {**found, **fields}


MISTAKES: Mapping[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "other format": (changed(format=3), "format 1 or 2"),
    "rivals missing": (lambda found: {k: v for k, v in found.items() if k != "rivals"}, "'rivals' holds None"),
    "no rivals": (changed(rivals=0), "'rivals' holds 0, which is no finite number from 0.001 to 1"),
    "other encoder": (changed(encoder="sha256:other"), "made for encoder 'sha256:other'"),
    "unknown intent": (changed(intents=["reed", "close"]), "no intent 'reed'; did you mean 'read'"),
    "intent twice": (changed(intents=["read", "read"]), "different ids"),
    "intents no list": (changed(intents="read"), "different ids"),
    "mean missing": (lambda found: {k: v for k, v in found.items() if k != "mean"}, "'mean' is missing"),
    "narrow scale": (changed(scale=[1.0]), "'scale' has the shape [1], not [4]"),
    "scale of zero": (changed(scale=[0, 1, 1, 1]), "'scale' holds 0"),
    "a row too few": (lambda found: {**found, "weights": found["weights"][1:]}, "'weights' has the shape [2, 4]"),
    "ragged rows": (changed(weights=[[1.0], [1.0, 2.0], []]), "'weights' has the shape"),
    "flat weights": (changed(weights=[1.0, 2.0, 3.0]), "'weights' is missing or no table"),
    "no number": (changed(bias=[1.0, "2", 3.0]), "'bias' holds 2"),
    "truth value": (changed(bias=[1.0, True, 3.0]), "'bias' holds True"),
    "not finite": (changed(bias=[1.0, float("nan"), 3.0]), "'bias' holds nan"),
    "endless": (changed(bias=[1.0, 10**400, 3.0]), "no finite number"),
    "no object": (lambda found: [found], "no JSON object"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_names_file_field_and_fix(mistake: str) -> None:
    """Whoever reads it knows where to look and what to run."""
    change, said = MISTAKES[mistake]
    with pytest.raises(BundleError) as wrong:
        parse(json.dumps(change(dict(document(head())))).encode(), ["read", "close"], "sha256:e")
    (problem,) = wrong.value.problems
    assert said in problem.message
    assert (problem.file, "training.retrain" in problem.fix) == ("head.json", True)


@pytest.mark.parametrize("data", [b"{", b"\xff", b"[" * 100_000, b'{"format": 1, "format": 1}'])
def test_what_is_no_head_at_all_is_refused(data: bytes) -> None:
    """No input raises anything else."""
    with pytest.raises(BundleError, match=r"head\.json:1"):
        parse(data, None, "sha256:e")


def test_a_mistake_is_placed_at_its_line() -> None:
    """In a file that is written a field a line, the line is that of the field."""
    text = json.dumps({**document(head()), "bias": [0.0]}, indent=1)
    with pytest.raises(BundleError) as wrong:
        parse(text.encode(), None, "sha256:e")
    assert text.splitlines()[wrong.value.problems[0].line - 1].startswith(' "bias"')


def test_a_head_of_another_width_is_refused_when_the_bundle_is_built() -> None:
    """Before any request, and not by a crash in one."""
    with pytest.raises(BundleError, match="'mean' has 4 numbers, this encoder needs 128"):
        with_head(head(("near",), 4, "sha256:words"))


def test_the_head_decides_which_intent_is_tried_first() -> None:
    """Where there is none, the nearest; where there is one, its log-odds."""
    assert order(with_head(None)) == ["near", "middle", "far"]
    assert order(with_head(favouring({"near": -2, "middle": -1, "far": 3}))) == ["far", "middle", "near"]


@pytest.mark.parametrize(
    "odds, wanted",
    [
        ({"middle": -9, "far": 9}, ["near", "far", "middle"]),
        ({"near": -9, "far": 9}, ["far", "middle", "near"]),
        ({"near": -9}, ["near", "middle", "far"]),
    ],
)
def test_an_intent_that_the_head_does_not_know_keeps_its_place(odds: dict[str, float], wanted: list[str]) -> None:
    """An intent added after the head was fitted is found by its nearness, whatever the head says of the others."""
    assert order(with_head(favouring(odds))) == wanted


def test_the_weight_of_the_head_adds_its_log_odds() -> None:
    """To intents that it knows; with weight 0, and for the others, the score is the one without it."""
    said = favouring({"middle": 2.0})
    plain, weighted = with_head(None), with_head(said, 0.5)
    for column, name in enumerate(NAMES):
        scores = [Evidence(held, WORDS).score(TEXT, column) for held in (plain, with_head(said, 0.0), weighted)]
        assert scores[0] == scores[1]
        assert (scores[2] > scores[0]) is (name == "middle")


def test_a_head_that_gives_no_number_denies() -> None:
    """A log-odds that is not finite makes the score so, and such a score lets nothing pass."""
    broken = favouring({"near": float("nan")})
    with pytest.raises(NotFinite):
        Evidence(with_head(broken, 1.0), WORDS).score(TEXT, 0)


def test_the_head_brings_in_what_the_index_would_not_look_at():
    """Of very many intents the likeliest by the head is tried too; no other order than with all of them looked at."""
    names = [f"i{n:03}" for n in range(300)]
    texts = {name: TEXT if n < 2 * MOST_LOOKED else f"Water plant {n}" for n, name in enumerate(names)}
    intents = [intent(name, [texts[name]]) for name in names]
    held = snapshot_of(WORDS, intents, linear=favouring({names[299]: 9.0, names[0]: 1.0, names[150]: 2.0}))
    columns = np.arange(len(names), dtype=np.intp)
    looked, _ = held.index.foremost(WORDS.read(TEXT).vector, columns, 4)
    assert 299 not in looked
    assert Evidence(held, WORDS).by_nearness(TEXT, columns, 4) == [299, 1, 2, 3]
    assert Evidence(held, WORDS).by_nearness(TEXT, columns, 300)[:4] == [299, 1, 2, 3]
