"""Retraining on a bundle's own labels: nothing leaks into the test part, nothing is written that is worse."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

for needed in ("sklearn", "scipy", "matplotlib"):
    pytest.importorskip(needed, reason=f"the training package {needed} is not installed: pip install 'pdp[train]'")

from pdp.evaluation import Answer, Evaluation, Labelled, Measures  # noqa: E402  # after the skip
from pdp.intervals import wilson  # noqa: E402
from pdp.policy.bundle import load  # noqa: E402
from pdp.scoring import Risk  # noqa: E402
from pdp.types import Effect  # noqa: E402
from pdp.wire.document import request_from_document  # noqa: E402
from tests.builders import request  # noqa: E402
from tests.conftest import WordEncoder  # noqa: E402
from tests.policy.good_bundle import write  # noqa: E402
from training import linear  # noqa: E402
from training.calibrate import ALPHAS, Scored  # noqa: E402
from training.report import ReportData, write_report  # noqa: E402
from training.retrain import (  # noqa: E402
    SHARES,
    Fitted,
    Refused,
    compare,
    demand_enough,
    fit_bundle,
    install,
    split,
    telling,
)

WORDS: Any = WordEncoder()
ALPHA = {Risk.READ: 0.3, Risk.CHANGE: 0.3, Risk.CRITICAL: 0.3}
WHOSE = ("Petra", "Noor", "Ivo", "Ada", "Kim", "Lee", "Mara", "Ole", "Pia", "Quinn", "Rosa", "Sven", "Tilda", "Uwe")
WHEN = ("today", "yesterday", "this week", "last week", "in May", "in June", "on Monday", "on Friday")
FILES = {
    "bundle.yaml": "{name: desk, description: A desk., owner: team@example.com}",
    "agents.yaml": "agents: [{id: desk, owner: team, intents: ['*']}]",
    "calibration.json": json.dumps(
        {
            "format": 1,
            "encoder": "sha256:words",
            "default": {"accept": 0.9, "narrow": 0.8},
            "intents": {"mail": {"accept": 0.95, "narrow": 0.95}},
            "counter_weight": 2.0,
        }
    ),
    "intents/mail.yaml": """
        {id: mail, description: Read mail., owner: team, targets: [{kind: mailbox, name: '*'}], actions: [read],
        exemplars: [Show the mail from Petra today, List mail from Noor, Read the mail of last week]}""",
    "intents/files.yaml": """
        {id: files, description: Read files., owner: team, targets: [{kind: mailbox, name: '*'}], actions: [read],
        exemplars: [Show the files of Petra today, List files of Noor, Read the files of last week]}""",
}


def case(text: str, expect: Effect, name: str = "", **changes: Any) -> Labelled:
    asked = {"agent": "desk", "target": {"kind": "mailbox", "name": "own"}, "action": {"name": "read"}, **changes}
    return Labelled(request_from_document({**asked, "utterance": text}), expect, 1, name)


def traffic() -> list[Labelled]:
    """Requests for both intents, and as many for something else with the same names and days."""
    pairs = [(who, when) for who in WHOSE for when in WHEN]
    mail = [case(f"Show me the mail from {who} {when}", Effect.ALLOW, "mail") for who, when in pairs]
    files = [case(f"Show me the files of {who} {when}", Effect.ALLOW, "files") for who, when in pairs]
    others = [case(f"Tell me the salary of {who} {when}", Effect.DENY) for who, when in pairs]
    return [*mail, *files, *others]


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    return write(tmp_path, FILES)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    """Only read: it is fitted once for all tests."""
    directory = tmp_path_factory.mktemp("fitted")
    return fit_bundle(write(directory / "desk", FILES), traffic(), WORDS, directory / "work", ALPHA)


def test_every_case_is_in_one_part_and_no_text_in_two() -> None:
    """A text that the head has seen says nothing about how it fares on others."""
    cases = traffic()
    again = [case(c.request.utterance.upper() + " ", c.expect, c.intent, agent="other") for c in cases]
    parts = split([*cases, *again])
    assert Counter(map(id, (c for part in parts.values() for c in part))) == Counter(map(id, [*cases, *again]))
    texts = [{c.request.utterance.casefold().strip() for c in part} for part in parts.values()]
    assert sum(map(len, texts)) == len(set.union(*texts))
    assert split([*cases, *again]) == parts


def test_every_part_has_its_share_of_every_kind() -> None:
    """Rare intents and the denied are in all of them."""
    cases = traffic()
    totals = Counter((c.intent, c.expect) for c in cases)
    for name, part in split(cases).items():
        for kind, count in Counter((c.intent, c.expect) for c in part).items():
            assert count == pytest.approx(SHARES[name] * totals[kind], abs=1)


def test_too_few_labels_are_refused_with_how_many_are_missing() -> None:
    """For each risk class that the bundle has and for no other: 99 for 3 %, 149 for 2 %, of a fifth of all labels."""
    scored = [Scored(False, 0.1, Risk.READ)] * 98
    with pytest.raises(Refused, match=r"about 5 more for intents of risk read \(false allows ≤ 3.0%\)$"):
        demand_enough(scored, {Risk.READ}, ALPHAS)
    with pytest.raises(Refused, match=r"about 745 more for intents of risk critical.*; about 5 more for intents of"):
        demand_enough(scored, {Risk.READ, Risk.CRITICAL}, ALPHAS)
    demand_enough(scored * 2, {Risk.READ}, ALPHAS)


def test_with_too_few_labels_nothing_is_fitted(desk: Path, tmp_path: Path) -> None:
    """Thresholds without an error budget would be a guess."""
    with pytest.raises(Refused, match="label about"):
        fit_bundle(desk, traffic(), WORDS, tmp_path / "work", dict.fromkeys(Risk, 0.001))


def test_labels_of_one_kind_are_refused(desk: Path, tmp_path: Path) -> None:
    """Without anything that must be refused there is nothing to tell apart."""
    allowed = [c for c in traffic() if c.expect is Effect.ALLOW]
    with pytest.raises(Refused, match="all of one kind"):
        fit_bundle(desk, allowed, WORDS, tmp_path / "work", ALPHA)


def test_a_refusal_of_the_call_says_nothing_about_the_text(desk: Path) -> None:
    """An approved text of an agent that may not ask is no example of what none of the intents covers."""
    right, wrong = case("Show the mail from Petra today", Effect.ALLOW, "mail"), case("Sell the house", Effect.DENY)
    stranger = case("Show the mail from Petra today", Effect.DENY, agent="stranger")
    elsewhere = case("Show the mail from Petra today", Effect.DENY, action={"name": "erase"})
    assert telling(desk, [right, stranger, wrong, elsewhere], WORDS) == [right, wrong]


def test_retraining_lets_in_what_belongs_and_keeps_out_what_does_not(fitted: Fitted) -> None:
    """On the part that nothing was fitted on."""
    before, after = fitted.before.overall, fitted.after.overall
    assert after.false_deny.count / after.false_deny.total < before.false_deny.count / before.false_deny.total
    assert after.false_allow.count / after.false_allow.total <= ALPHA[Risk.READ]
    assert after.wrong_intent.count == 0
    assert compare(fitted.before, fitted.after) == ""


def test_thresholds_on_the_old_scale_do_not_survive(fitted: Fitted) -> None:
    """They would go before those that keep the budget; what is no threshold stays."""
    document = json.loads((fitted.directory / "calibration.json").read_text())
    assert document["intents"] == {}
    assert document["counter_weight"] == 2.0
    assert set(document["risks"]) == {"read"}
    assert document["default"] == document["risks"]["read"]
    assert document["head"]["linear"] > 0
    untouched = fitted.directory.parent / "desk" / "calibration.json"
    assert untouched.read_text() == FILES["calibration.json"]


def test_what_is_installed_is_a_bundle(fitted: Fitted, desk: Path) -> None:
    """Both files, whole, and nothing else left behind."""
    before = sorted(p.name for p in desk.iterdir())
    install(fitted, desk)
    assert sorted(p.name for p in desk.iterdir()) == sorted([*before, "head.json"])
    found = load(desk).linear
    assert found is not None
    assert found.intents == ("files", "mail")


def test_the_report_is_one_file_with_everything_in_it(fitted: Fitted, tmp_path: Path) -> None:
    """Six plots, no address that a browser would fetch; texts are shown as text."""
    labels, path = tmp_path / "labels.jsonl", tmp_path / "report.html"
    labels.write_text('{"kind": "object"}\n')
    cases = [*split(traffic())["test"], case("Show the <b>mail</b> from Petra", Effect.DENY)]
    answers = tuple(Answer(c, Effect.ALLOW, "mail", "") for c in cases)
    wrong = Evaluation(Measures.of(answers), {}, answers)
    write_report(path, "<desk>", ReportData.of(fitted.directory, cases, WORDS, labels), (fitted.before, wrong))
    page = path.read_text()
    assert page.count("<svg") == 6
    assert not [tag for tag in ("<script", "<link", "<img", "src=", "@import") if tag in page]
    assert "&lt;desk&gt;" in page
    assert "<desk>" not in page
    assert "<b>" not in page
    assert "By kind of excess" in page


def evaluation(false_allows: int, of: int) -> Evaluation:
    answers = [Answer(Labelled(request(), Effect.DENY, 1), Effect.DENY, "", "")] * (of - false_allows)
    answers += [Answer(Labelled(request(), Effect.DENY, 1), Effect.ALLOW, "", "")] * false_allows
    return Evaluation(Measures.of(answers), {}, tuple(answers))


@pytest.mark.parametrize("seen", range(0, 60, 7))
def test_worse_is_what_chance_does_not_explain(seen: int) -> None:
    """A share above the 95 % interval of the one before, and none below it."""
    before = evaluation(5, 60)
    worse = compare(before, evaluation(seen, 60))
    assert bool(worse) is (seen / 60 > wilson(5, 60)[1])
    assert not worse or "false allow rises from 5/60" in worse


def test_a_fitted_head_tells_its_classes_apart() -> None:
    """The same numbers come out every time; a class without enough examples gets no row."""
    drawn = np.random.default_rng(1)
    centres = {"a": 3.0, "b": -3.0, linear.NONE: 0.0, "rare": 9.0}
    classes = [*["a"] * 20, *["b"] * 20, *[linear.NONE] * 20, "rare"]
    rows = np.array([drawn.standard_normal(5) + centres[c] for c in classes])
    made, again = (linear.fit(rows, classes, "sha256:e") for _ in range(2))
    assert (made.intents, made.rivals) == (("a", "b"), linear.RIVALS)
    assert (made.weights == again.weights).all()
    odds = np.array([made.log_odds(row) for row in rows[:60]])
    assert (odds[:20].argmax(axis=1) == 0).mean() > 0.9
    assert (odds[20:40].argmax(axis=1) == 1).mean() > 0.9
    assert (odds[40:].max(axis=1) < 0).mean() > 0.8


def test_two_classes_are_enough_and_one_is_not() -> None:
    """One intent and what is none of it; or a message that says what to label."""
    rows = np.vstack((np.ones((4, 3)), -np.ones((4, 3)))) + np.arange(8)[:, None] / 100
    made = linear.fit(rows, ["a"] * 4 + [linear.NONE] * 4, "sha256:e")
    assert made.log_odds(np.ones(3))[0] > 0 > made.log_odds(-np.ones(3))[0]
    assert linear.fit(rows, ["a"] * 4 + ["b"] * 4, "sha256:e").rivals == 1.0
    with pytest.raises(linear.TooFewExamples, match="label more"):
        linear.fit(rows, ["a"] * 8, "sha256:e")
