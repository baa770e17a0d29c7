"""How well a trained model tells covered requests from those that go beyond: figures over families of the corpus."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch.nn import functional

from training.batches import tokenise
from training.corpus.read import CorpusIntent, Family
from training.model import DESCRIPTION, EXEMPLAR, AuthorityModel, Judged
from training.texts import described

Floats = NDArray[np.float64]


def auroc(positive: Floats, negative: Floats) -> float:
    """The chance that a covered request scores above one that is not; ties count half (Mann and Whitney)."""
    if not len(positive) or not len(negative):
        return float("nan")
    ranks = np.concatenate((positive, negative)).argsort(kind="stable").argsort() + 1.0
    values = np.concatenate((positive, negative))
    for value in np.unique(values[np.isinf(values)]):
        ranks[values == value] = ranks[values == value].mean()
    n, m = len(positive), len(negative)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))


def passed_at(positive: Floats, negative: Floats, share: float) -> float:
    """The share of ``negative`` at or above the threshold that lets ``share`` of ``positive`` pass."""
    threshold = np.sort(positive)[::-1][min(len(positive) - 1, int(np.ceil(share * len(positive))) - 1)]
    return float((negative >= threshold).mean())


@torch.no_grad()  # type: ignore[untyped-decorator]
def memory_of(model: AuthorityModel, tokenizer: Tokenizer, intent: CorpusIntent) -> torch.Tensor:
    """The intent's memory, [m, width]."""
    texts = tokenise(tokenizer, (described(intent), *intent.exemplars))
    states = model.trunk(texts.ids, texts.mask)
    roles = torch.tensor([DESCRIPTION] + [EXEMPLAR] * len(intent.exemplars))
    return (states + model.roles[roles][:, None])[texts.mask]


@torch.no_grad()  # type: ignore[untyped-decorator]
def judge_all(
    model: AuthorityModel, tokenizer: Tokenizer, texts: Sequence[str], intents: Sequence[CorpusIntent]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pair logits and best exemplar cosines, both [texts, intents]."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rows = [memory_of(model, tokenizer, i) for i in intents]
        most = max(map(len, rows))
        memory = torch.stack([functional.pad(r, (0, 0, 0, most - len(r))) for r in rows])
        memory_mask = torch.arange(most)[None] < torch.tensor([len(r) for r in rows])[:, None]
        asked = tokenise(tokenizer, texts, 256)
        states = model.trunk(asked.ids, asked.mask)
        own = model.vectors(states, asked.mask).float()
        found = np.zeros((len(texts), len(intents)))
        for column in range(len(intents)):
            pick = torch.full((len(texts),), column)
            judged: Judged = model.judge(states, asked.mask, memory, memory_mask, pick)
            found[:, column] = judged.logit.numpy()
        near = np.zeros_like(found)
        for column, intent in enumerate(intents):
            known = tokenise(tokenizer, intent.exemplars)
            vectors = model.vectors(model.trunk(known.ids, known.mask), known.mask).float()
            near[:, column] = (own @ vectors.T).float().max(1).values.numpy()
    return found, near


def figures(model: AuthorityModel, tokenizer: Tokenizer, families: Sequence[Family]) -> dict[str, float]:
    """AUROC over the pairs of all families (pair model; cosine beside it), contrasts passed at 80 and 95 %."""
    scores, cosines, labels = [], [], []
    for family in families:
        order = sorted(family.requests, key=lambda r: len(r.text))
        for at in range(0, len(order), 24):
            part = order[at : at + 24]
            logits, near = judge_all(model, tokenizer, [r.text for r in part], family.intents)
            scores.append(logits.ravel())
            cosines.append(near.ravel())
            labels.append(np.array([not k for r in part for k in r.kinds]))
    score, cosine, label = np.concatenate(scores), np.concatenate(cosines), np.concatenate(labels)
    return {
        "auroc": round(auroc(score[label], score[~label]), 4),
        "cosine": round(auroc(cosine[label], cosine[~label]), 4),
        "at80": round(passed_at(score[label], score[~label], 0.80), 4),
        "at95": round(passed_at(score[label], score[~label], 0.95), 4),
    }
