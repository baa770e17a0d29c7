"""The cross-encoder against the shipped pair model, pair by pair: what each tells apart, and what a pair costs."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from pdp.intent.encoder import DESCRIPTION, EXEMPLAR, OnnxEncoder, default_model_directory
from training.corpus.read import CorpusIntent, CorpusRequest, Family
from training.cross import CrossEncoder, intent_ids, joined, tensors
from training.measure import Floats, auroc, passed_at
from training.source import find_source, read_tokenizer
from training.texts import described

AT_ONCE = 24
TIMED = 100


def contrast_families(path: Path) -> tuple[Family, ...]:
    """Every line of an authority-contrast file as a family of one intent."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return tuple(_family(row) for row in rows)


def _family(row: dict[str, object]) -> Family:
    given = {key: row[key] for key in ("id", "domain", "description", "target_kind")}
    intent = CorpusIntent(**given, family=row["id"], actions=tuple(row["actions"]), exemplars=tuple(row["exemplars"]))  # type: ignore[arg-type]
    labelled = [("", text) for text in row["paraphrases"]]  # type: ignore[attr-defined]
    labelled += [(c["kind"], c["text"]) for c in row["contrasts"]]  # type: ignore[attr-defined]
    requests = (CorpusRequest(text, "", (kind,), at) for at, (kind, text) in enumerate(labelled))
    return Family(intent.family, intent.domain, (intent,), tuple(requests))


def kinds_of(families: Sequence[Family]) -> list[str]:
    """What is beyond in each pair, "" where covered: family by family, request by request, intent by intent."""
    return [kind for f in families for r in f.requests for kind in r.kinds]


@torch.no_grad()  # type: ignore[untyped-decorator]
def cross_logits(model: CrossEncoder, families: Sequence[Family]) -> Floats:
    """The cross-encoder's logits, in the order of ``kinds_of``; bfloat16, as ``training.measure`` judges."""
    tokenizer = read_tokenizer(find_source())
    pairs = []
    for family in families:
        intents = [intent_ids(tokenizer, i) for i in family.intents]
        asked = [e.ids for e in tokenizer.encode_batch([r.text for r in family.requests])]
        pairs += [joined(request, intent) for request in asked for intent in intents]
    order = sorted(range(len(pairs)), key=lambda at: len(pairs[at].ids))
    found = np.zeros(len(pairs))
    with torch.autocast("cpu", torch.bfloat16):
        for start in range(0, len(order), AT_ONCE):
            part = order[start : start + AT_ONCE]
            ids, asked_tokens, _ = tensors([pairs[at] for at in part])
            found[part] = model(ids, asked_tokens).numpy()
    return found


def pair_logits(encoder: OnnxEncoder, families: Sequence[Family]) -> Floats:
    """The shipped pair model's logits, in the order of ``kinds_of``."""
    found = []
    for family in families:
        memories = [memory(encoder, i) for i in family.intents]
        for request in family.requests:
            asked = encoder.read(request.text)
            found += [encoder.judge(asked, m).logit for m in memories]
    return np.array(found)


def memory(encoder: OnnxEncoder, intent: CorpusIntent) -> NDArray[np.float32]:
    """The intent's memory for the shipped pair model, with all exemplars."""
    texts = ((described(intent), DESCRIPTION), *((e, EXEMPLAR) for e in intent.exemplars))
    return np.concatenate([encoder.remember(text, role) for text, role in texts], axis=1)


def figures(scores: Floats, kinds: Sequence[str]) -> dict[str, object]:
    """AUROC of covered against beyond, and what passes beyond where 80 and 95 % of the covered do; at 80 % by kind."""
    labels = np.array(kinds)
    covered, beyond = scores[labels == ""], scores[labels != ""]
    by_kind = {
        kind: {
            "pairs": int((labels == kind).sum()),
            "auroc": round(auroc(covered, scores[labels == kind]), 4),
            "at80": round(passed_at(covered, scores[labels == kind], 0.80), 4),
        }
        for kind in sorted({*kinds} - {""})
    }
    return {
        "auroc": round(auroc(covered, beyond), 4),
        "at80": round(passed_at(covered, beyond, 0.80), 4),
        "at95": round(passed_at(covered, beyond, 0.95), 4),
        "kinds": by_kind,
    }


def measured(model: CrossEncoder, families: Sequence[Family]) -> dict[str, object]:
    """Both models on the same pairs."""
    kinds = kinds_of(families)
    encoder = OnnxEncoder.load(default_model_directory())
    return {
        "covered": sum(not k for k in kinds),
        "beyond": sum(bool(k) for k in kinds),
        "cross_encoder": figures(cross_logits(model, families), kinds),
        "pair_model": figures(pair_logits(encoder, families), kinds),
    }


@torch.no_grad()  # type: ignore[untyped-decorator]
def timed(model: CrossEncoder, families: Sequence[Family]) -> dict[str, float]:
    """Median milliseconds of a request against one intent, in turn, one thread; tokens of the intent made beforehand.

    ``pair_model_read`` is what the shipped encoder spends on the request, vector for the index included, whatever the
    number of intents; ``pair_model_judge`` comes on top for each of them.
    """
    torch.set_num_threads(1)
    tokenizer = read_tokenizer(find_source())
    encoder = OnnxEncoder.load(default_model_directory())
    every = [(r.text, i) for f in families for r in f.requests for i in f.intents]
    took: dict[str, list[float]] = {}
    for text, intent in every[:: max(1, len(every) // TIMED)][:TIMED]:
        known, kept = intent_ids(tokenizer, intent), memory(encoder, intent)
        asked = encoder.read(text)
        runs: dict[str, Callable[[], object]] = {
            "cross_encoder_float32": partial(_cross, model, tokenizer, text, known),
            "cross_encoder_bfloat16": partial(_cross, model, tokenizer, text, known, bfloat16=True),
            "pair_model_read": partial(encoder.read, text),
            "pair_model_judge": partial(encoder.judge, asked, kept),
        }
        for name, run in runs.items():
            started = time.perf_counter()
            run()
            took.setdefault(name, []).append((time.perf_counter() - started) * 1e3)
    return {name: round(statistics.median(values), 3) for name, values in took.items()}


def _cross(
    model: CrossEncoder, tokenizer: Tokenizer, text: str, known: list[list[int]], *, bfloat16: bool = False
) -> None:
    """What a request against one intent takes, from its text on."""
    ids, asked, _ = tensors([joined(tokenizer.encode(text).ids, known)])
    with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
        model(ids, asked)
