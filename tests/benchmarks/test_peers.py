"""What the comparison with peers promises without running any: fair turns, honest failures, a bundle that is valid."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
import time
import types
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import peers, peers_catalogue, peers_report, peers_rounds
from benchmarks import peers_workload as workload
from benchmarks.peers_adapters import loop
from benchmarks.peers_adapters.loop import ALLOW, DENY, Question
from benchmarks.peers_catalogue import ABILITIES, BY_NAME, CAN, ECHO, FLOOR, NO, OURS, PEERS, ROWS, YES
from benchmarks.peers_environment import ROOT, Unusable, adapter
from benchmarks.peers_load import Load, busy_seconds
from benchmarks.peers_rounds import Taken
from pdp.policy.bundle import load

ORDINARY = workload.PROBES["ordinary"]


class Answers:
    """An adapter that needs ``seconds`` and answers ``answer``; it ends after ``asks``."""

    def __init__(self, seconds: float, answer: str = ALLOW, asks: int = 1_000) -> None:
        self._seconds, self._answer, self._asks = seconds, answer, asks
        self.asked: list[tuple[str, list[Question]]] = []

    def ask(self, way, questions):
        self._asks -= 1
        if self._asks < 0:
            raise Unusable("Traceback\nImportError: no such thing")
        self.asked.append((way, list(questions)))
        return [self._seconds] * len(questions), [self._answer] * len(questions)


def measured(row, seconds: float, answer: str = ALLOW, asks: int = 1_000) -> tuple[Taken, Answers]:
    taken, answers = Taken(row), Answers(seconds, answer, asks)
    peers_rounds.probe([taken], {row.runs_in: answers}, workload.PROBES)
    peers_rounds.run([taken], {row.runs_in: answers}, workload.questions(1), ORDINARY, rounds=3, per_round=4)
    return taken, answers


@given(st.integers(1, 30), st.integers(0, 100))
def test_everybody_has_one_turn_in_each_round_and_nobody_always_the_same_place(count, number):
    rows = list(range(count))
    order = peers_rounds.turns(rows, number)
    assert sorted(order) == rows
    assert {peers_rounds.turns(rows, n)[0] for n in range(count)} == set(rows)


def test_questions_are_all_different_and_name_what_the_call_reads():
    """A peer that holds arguments against the text must be able to find them."""
    asked = list(itertools.islice(workload.questions(1), 500))
    assert len({q.text for q in asked}) == 500
    assert all(q.account in q.text and q.limit <= workload.CAP for q in asked)
    assert {t for t, _ in workload.labelled()}.isdisjoint(q.text for q in asked)


@pytest.mark.parametrize("rules", peers_catalogue.RULES)
def test_the_bundle_has_exactly_so_many_rules(tmp_path, rules):
    """Its thresholds belong to an encoder; loading it finds every mistake but that one."""
    workload.write_bundle(tmp_path / "b", rules, "sha256:" + "0" * 64)
    bundle = load(tmp_path / "b")
    assert len(bundle.rules) == rules
    assert not any(i.rules for i in bundle.intents)
    assert len(bundle.intents) == len(workload.routes()) == workload.INTENTS


def test_the_first_round_does_not_count_and_all_get_the_same_questions():
    fresh, again = Taken(peers_catalogue.UNSEEN), Taken(peers_catalogue.SEEN)
    answers = Answers(0.002)
    peers_rounds.run([fresh, again], {"own": answers}, workload.questions(1), ORDINARY, rounds=2, per_round=3)
    assert [len(t.rounds) for t in (fresh, again)] == [2, 2]
    assert sum(questions == [ORDINARY] * 3 for _, questions in answers.asked) == 3
    assert len({q.text for _, questions in answers.asked for q in questions}) == 1 + 9


def test_figures_say_how_long_how_often_and_what_was_refused():
    found = peers_rounds.figures(measured(ECHO, 0.004)[0])
    assert (found["status"], found["count"], found["p50_ms"], found["per_second"]) == ("measured", 12, 4.0, 250.0)
    assert found["ordinary_passed"] == 1
    assert found["probes"] == dict.fromkeys(workload.PROBES, ALLOW)


def test_who_refuses_what_is_to_be_allowed_has_failed():
    """A deny is quick to give: a row that only denies must not look fast."""
    taken, answers = measured(ECHO, 0.004, DENY)
    found = peers_rounds.figures(taken)
    assert (found["status"], found["error"]) == ("failed", "refuses what it is to allow")
    assert len(answers.asked) == 1


def test_who_ends_in_the_middle_has_failed_and_says_why():
    taken, _ = measured(ECHO, 0.004, asks=3)
    found = {"peer": "x", "does": "y", "abilities": ECHO.marks(), **peers_rounds.figures(taken)}
    assert found["status"] == "failed"
    assert "failed: ImportError: no such thing" in peers_report.cells(found)[1]
    assert peers_rounds.ratio(taken, measured(ECHO, 1.0)[0]) == {}


def test_ratios_are_within_the_same_round():
    slow, quick = measured(ECHO, 0.006)[0], measured(ECHO, 0.002)[0]
    assert peers_rounds.ratio(slow, quick) == {"ratio": 3.0, "from": 3.0, "to": 3.0}
    quick.rounds[2] = [0.003] * 4
    assert peers_rounds.ratio(slow, quick)["from"] < 3 == peers_rounds.ratio(slow, quick)["to"]


def test_the_comparison_names_what_issue_5_asks_for():
    rows = [measured(row, 0.0065)[0] for row in ROWS]
    found = peers.compare(rows)
    assert found["ratios_p50"]["served, unseen / strathon 20 rules"]["ratio"] == 1
    assert found["times_faster_than_the_130_ms_peer"] == 20


def test_every_peer_is_pinned_to_one_version_and_says_what_it_does_not_do():
    for peer in PEERS:
        assert all(re.fullmatch(r"[a-z-]+==[0-9.]+", pin) for pin in peer.pins)
        assert set(peer.abilities) == set(ABILITIES)
        assert NO in peer.abilities.values()
        assert {a for a, mark in peer.abilities.items() if mark == "partly"} <= set(peer.notes)
    assert len({row.name for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_claims_what_it_does_and_no_more(row):
    """What the product does elsewhere is marked as that; nobody does in a row what the product does not."""
    marks = row.marks()
    assert {a for a, m in marks.items() if m == YES} <= set(row.uses)
    if row.peer == FLOOR:
        assert set(marks.values()) == {NO}
    else:
        elsewhere = {a for a, m in marks.items() if m == CAN}
        assert all(BY_NAME[row.peer].abilities[a] == YES for a in elsewhere)


def test_the_table_and_the_picture_take_failures_too(tmp_path, capsys):
    rows = []
    for place, row in enumerate(ROWS):
        taken = measured(row, 0.001 * (place + 1))[0] if place else Taken(row, "it broke")
        rows.append({"peer": row.peer, "does": row.does, "abilities": row.marks(), **peers_rounds.figures(taken)})
    peers_report.show(rows, ["below"])
    peers_report.plot(tmp_path / "r.svg", rows)
    text = capsys.readouterr().out
    assert "failed: it broke" in text
    assert "below" in text
    assert (tmp_path / "r.svg").stat().st_size > 10_000
    assert peers_report.markdown(rows).count("\n") == len(ROWS) + 2


def test_an_adapter_that_cannot_start_says_what_it_said(tmp_path):
    """strathon is no dependency of ours, so its adapter fails here, in a process of its own."""
    with (
        pytest.raises(Unusable, match="No module named 'strathon'"),
        adapter(Path(sys.executable), "with_strathon", {}, tmp_path / "log"),
    ):
        pass


def test_what_a_library_prints_does_not_reach_the_protocol():
    """A stray line on standard output would be read as an answer."""
    program = (
        "from benchmarks.peers_adapters.loop import serve\n"
        "class Loud:\n"
        "    def prepare(self, question): print('prepared'); return question\n"
        "    def decide(self, prepared): print('decided'); return 'allow'\n"
        "serve(lambda settings: {'loud': Loud()})\n"
    )
    lines = [{}, {"way": "loud", "questions": [ORDINARY, ORDINARY]}]
    done = subprocess.run(
        [sys.executable, "-c", program],
        input="".join(json.dumps(line) + "\n" for line in lines),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
        timeout=60,
    )
    first, second = map(json.loads, done.stdout.splitlines())
    assert first == {"ways": ["loud"]}
    assert second["answers"] == [ALLOW, ALLOW]
    assert len(second["seconds"]) == 2
    assert "decided" in done.stderr


def test_making_the_input_is_not_timed():
    """Only what the library does with it is."""
    way = types.SimpleNamespace(prepare=lambda _: time.sleep(0.05), decide=lambda _: ALLOW)
    assert sum(loop.answer(way, [ORDINARY] * 3)["seconds"]) < 0.05


def test_ours_claims_everything_only_where_it_is_done():
    assert set(OURS.abilities.values()) == {YES}
    served = peers_catalogue.SERVED_UNSEEN.marks()
    assert [a for a, m in served.items() if m != YES] == ["payload"]


def test_what_others_used_is_what_was_used_less_our_own():
    """Waiting for the disk is not computing."""
    ticks = os.sysconf("SC_CLK_TCK")
    assert busy_seconds(f"cpu  {ticks} 0 {ticks} {9 * ticks} {5 * ticks} 0 0 0 0 0\ncpu0 1") == 2
    begun = Load.now()
    until = time.process_time() + 0.2
    while time.process_time() < until:
        pass
    assert Load.now().own - begun.own >= 0.19
    assert begun.others_since() <= (os.cpu_count() or 1)
