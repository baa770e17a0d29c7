"""The open-set benchmark: seeded choices, figures by their definitions, and a whole run with the small encoder."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from benchmarks import measure, open_set
from benchmarks.open_set import Scored, Text, best_threshold, hold_out, main, pick, report
from pdp.linear import LinearHead
from tests.conftest import WordEncoder

TEXTS = [Text(f"{verb} the {thing}", verb) for verb in ("read", "sell", "paint") for thing in "abcdefgh"]
NONE = [Text(f"whistle {thing}", "") for thing in "abcdefgh"]


def test_the_choice_of_exemplars_is_seeded() -> None:
    """As many of each intent and of none as asked for, the same every time, whatever else the file holds."""
    chosen = pick([*TEXTS, *NONE], 3)
    assert {name: len(set(texts)) for name, texts in chosen.items()} == {"read": 3, "sell": 3, "paint": 3, "": 3}
    assert chosen == pick([*NONE, *TEXTS], 3)
    assert {name: texts for name, texts in chosen.items() if name} == pick(TEXTS, 3)
    assert sum(map(len, pick([*TEXTS, *NONE], None).values())) == len(TEXTS) + len(NONE)


def test_what_is_held_out_is_not_trained_on() -> None:
    """Two parts that together are the whole."""
    kept, apart = hold_out(TEXTS, 0.25)
    assert len(apart) == 6
    assert Counter(t.text for t in [*kept, *apart]) == Counter(t.text for t in TEXTS)


def test_the_figures_are_what_they_are_called() -> None:
    """Two of three in scope are right; the one foreign text scores above one of them."""
    found = [Scored("a", "a", 0.9), Scored("b", "b", 0.7), Scored("a", "b", 0.3), Scored("", "a", 0.5)]
    figures = report(found, found)
    assert figures["in_scope_accuracy"] == 0.6667
    assert figures["auroc"] == 0.6667
    assert figures["false_accept_at_95"] == 1.0
    assert figures["threshold"] == best_threshold(found) == 0.7
    assert figures["correct_and_accepted"] == 0.6667
    assert figures["out_of_scope_accepted"] == 0.0


def test_the_threshold_comes_from_the_other_set() -> None:
    """Nothing about the test set decides what is accepted in it."""
    val = [Scored("a", "a", 0.8), Scored("", "a", 0.6)]
    test = [Scored("a", "a", 0.7), Scored("", "a", 0.1)]
    assert report(val, test)["threshold"] == 0.8
    assert report(val, test)["correct_and_accepted"] == 0.0


def test_without_texts_of_no_intent_there_is_accuracy_only() -> None:
    """No figure is made up."""
    found = [Scored("a", "a", 0.9)]
    assert set(report(found, found)) == {"in_scope", "out_of_scope", "in_scope_accuracy", "wrong_intent_at_95"}


def test_a_text_that_passes_for_another_intent_is_counted() -> None:
    """However sure its own intent is."""
    scores = np.array([0.9, 0.8, 0.1])
    torn, sure = Scored.best("a", ("a", "b", "c"), scores), Scored.best("c", ("a", "b", "c"), scores[::-1])
    assert (torn.found, torn.score, torn.other) == ("a", 0.9, 0.8)
    low = Scored("a", "a", 0.85, 0.2)
    assert report([], [torn, sure, low])["wrong_intent_at_95"] == 0.0
    assert report([], [torn, sure, Scored("a", "a", 0.7, 0.2)])["wrong_intent_at_95"] == 0.6667


def test_the_head_is_fitted_on_the_shots_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same texts as the exemplars, and as many of no intent."""
    given: list[Text] = []

    def fit(train: Path, model: Path, encoder: str) -> LinearHead:
        del model
        given.extend(open_set.read_texts(train))
        names = tuple(sorted({t.intent for t in given if t.intent}))
        rows, width = len(names) + 1, 2 * WordEncoder.dimension
        return LinearHead(encoder, names, np.zeros(width), np.ones(width), np.zeros((rows, width)), np.zeros(rows))

    monkeypatch.setattr(open_set.OnnxEncoder, "load", lambda _: WordEncoder())
    monkeypatch.setattr(measure, "machine", dict)
    monkeypatch.setattr(open_set, "fit_head", fit)
    path = tmp_path / "t.jsonl"
    open_set.write_texts([*TEXTS, *NONE], path)
    assert main(["--train", str(path), "--test", str(path), "--shots", "2", "--model", str(tmp_path)]) == 0
    assert Counter(t.intent for t in given) == {"read": 2, "sell": 2, "paint": 2, "": 2}
    assert {t.text for t in given} == {t for texts in pick([*TEXTS, *NONE], 2).values() for t in texts}


def test_a_run_from_exemplars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From files to figures: words alone tell these intents apart."""
    monkeypatch.setattr(open_set.OnnxEncoder, "load", lambda _: WordEncoder())
    monkeypatch.setattr(measure, "machine", dict)
    paths = [tmp_path / name for name in ("train.jsonl", "val.jsonl", "test.jsonl")]
    for path, texts in zip(
        paths, ([*TEXTS[::2], *NONE[::2]], [*TEXTS, *NONE], [*TEXTS[1::2], *NONE[1::2]]), strict=True
    ):
        open_set.write_texts(texts, path)
    train, val, test = map(str, paths)
    out = tmp_path / "r.json"
    arguments = [
        "--train",
        train,
        "--val",
        val,
        "--test",
        test,
        "--shots",
        "4",
        "--no-linear",
        "--model",
        str(tmp_path),
    ]
    assert main([*arguments, "--out", str(out)]) == 0
    document = json.loads(out.read_text())
    assert (document["shots"], document["intents"]) == (4, 3)
    assert (document["exemplars"]["in_scope"], document["exemplars"]["out_of_scope"]) == (12, 4)
    assert document["exemplars"]["in_scope_accuracy"] == 1.0
    assert document["exemplars"]["auroc"] == 1.0


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 1 and one line."""
    assert main(["--train", str(tmp_path / "no"), "--test", str(tmp_path / "no")]) == 1
    assert capsys.readouterr().err.startswith("error: ")


def test_the_document_has_the_figures_of_the_results() -> None:
    """The tables in ``docs/quality.md``, from the files of results."""
    root = Path(__file__).parents[2]
    document = (root / "docs" / "quality.md").read_text().replace("**", "")
    names = ("clinc150_10", "clinc150_all", "banking77_10", "banking77_all")
    paths = {name: root / "benchmarks" / "results" / f"open_set_{name}.json" for name in names}
    read = {name: json.loads(path.read_text()) for name, path in paths.items()}
    clinc, banking = read["clinc150_10"]["exemplars"], read["banking77_10"]["exemplars"]
    assert f"| 0.90 | {clinc['in_scope_accuracy']:.3f} | 0.88 | {banking['in_scope_accuracy']:.3f}," in document
    assert f"| 0.97 | {clinc['auroc']:.3f} | | |" in document
    assert f"| {clinc['false_accept_at_95']:.0%} | | |".replace("%", " %") in document
    ways = [read["clinc150_all"][f"linear{way}"] for way in ("", "_against_all", "_against_none")]
    for goal, figure, shape in (
        ("0.965", "in_scope_accuracy", ".3f"),
        ("0.985", "auroc", ".3f"),
        ("7 %", "false_accept_at_95", ".0%"),
        ("", "wrong_intent_at_95", ".1%"),
    ):
        cells = [goal, *(format(way[figure], shape).replace("%", " %") for way in ways)]
        assert f"| {' | '.join(cells)} |".replace("|  |", "| |") in document
    assert f"BANKING77: accuracy {read['banking77_all']['linear']['in_scope_accuracy']:.3f} (goal" in document
