"""A full cross-encoder: request and intent read in one sequence, through all six layers. Only measured, never shipped.

::

    [CLS] request [SEP] description [SEP] exemplar [SEP] ...  ── six layers ── mean of the request, [CLS] ──► logit
    types 0 ............0 1 .....................................

It may do all that the pair model (``training.model``) does without: the intent's tokens see the request, from the first
layer on. In return nothing can be kept, every pair costs a pass over all its tokens.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from safetensors.torch import load
from tokenizers import Tokenizer
from torch import Tensor, nn

from training.batches import Batch, epoch
from training.corpus.read import CorpusIntent, Family
from training.model import DROPOUT, WIDTH, AuthorityModel
from training.source import find_source, read_source, read_tokenizer
from training.texts import described

MOST = 160
"""Tokens of a pair. Exemplars are left out first, from the last on; about one pair in five hundred needs it."""
BEYOND = 2
"""Pairs beyond for each covered one, which counts as much more in the loss."""
PAIRS_A_STEP = 32
WINDOW = 40
"""Steps whose pairs are sorted by length together."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A request and an intent's texts as token ids. ``asked``: how many of them are the request, markers included."""

    ids: tuple[int, ...]
    asked: int
    covered: bool


class CrossEncoder(nn.Module):
    """The upstream encoder with both token types, and one linear head."""

    def __init__(self, base: AuthorityModel, types: Tensor) -> None:
        """Takes over the parts of ``base``; ``types`` [2, width]."""
        super().__init__()
        self.words, self.positions, self.norm, self.layers = base.words, base.positions, base.norm, base.layers
        self.types = nn.Embedding.from_pretrained(types.clone(), freeze=False)
        self.head = nn.Linear(2 * WIDTH, 1)
        for layer in self.layers:
            layer.rate = DROPOUT
        self.words.weight.requires_grad_(False)

    def forward(self, ids: Tensor, asked: Tensor) -> Tensor:
        """Logits [n] (higher: within) of ``ids`` [n, t], padded with 0; ``asked`` [n] as in ``Pair``."""
        places = torch.arange(ids.shape[1])
        own = places[None] < asked[:, None]
        x = self.norm(self.words(ids) + self.positions(places) + self.types((~own).long()))
        for layer in self.layers:
            x = layer(x, ids != 0)
        mean = (x * own[..., None]).sum(1) / asked[:, None]
        # The head in full precision, so that logits seldom tie.
        with torch.autocast("cpu", enabled=False):
            logit: Tensor = self.head(torch.cat((mean, x[:, 0]), 1).float()).squeeze(-1)
        return logit


def pretrained_cross() -> tuple[CrossEncoder, Tokenizer]:
    """The model with the upstream weights, and the tokenizer."""
    directory = find_source()
    weights = load(read_source(directory).weights)
    base = AuthorityModel()
    base.load_bert(weights)
    return CrossEncoder(base, weights["embeddings.token_type_embeddings.weight"]), read_tokenizer(directory)


def joined(request: Sequence[int], texts: Sequence[Sequence[int]], *, covered: bool = False) -> Pair:
    """One sequence of a request and an intent's texts, each as the tokenizer gives it, with both its markers."""
    texts = list(texts)
    while len(texts) > 1 and len(request) + sum(len(t) - 1 for t in texts) > MOST:
        texts.pop()
    ids = [*request, *(token for t in texts for token in t[1:])]
    if len(ids) > MOST:
        ids = [*ids[: MOST - 1], ids[-1]]
    return Pair(tuple(ids), min(len(request), MOST), covered)


def intent_ids(tokenizer: Tokenizer, intent: CorpusIntent) -> list[list[int]]:
    """The intent's texts as token ids, description first."""
    return [e.ids for e in tokenizer.encode_batch([described(intent), *intent.exemplars])]


def pairs_of(batch: Batch, chance: random.Random) -> Iterator[Pair]:
    """Pairs of a training batch, drawn in proportion to their weights: ``BEYOND`` beyond for each covered one."""
    requests = [ids[mask].tolist() for ids, mask in zip(batch.requests.ids, batch.requests.mask, strict=True)]
    texts: dict[int, list[list[int]]] = {}
    for owner, ids, mask in zip(batch.owner.tolist(), batch.texts.ids, batch.texts.mask, strict=True):
        texts.setdefault(owner, []).append(ids[mask].tolist())
    drawn: dict[bool, list[tuple[float, int, int]]] = {True: [], False: []}
    for (request, intent), weight in zip(batch.pairs.tolist(), batch.weights.tolist(), strict=True):
        covered = int(batch.covers[request, intent]) == 1
        # Efraimidis and Spirakis (2006): the largest keys are a weighted sample without replacement.
        drawn[covered].append((chance.random() ** (1 / weight), request, intent))
    kept = drawn[True]
    against = sorted(drawn[False], reverse=True)[: BEYOND * len(kept)]
    for covered, rows in ((True, kept), (False, against)):
        yield from (joined(requests[r], texts[i], covered=covered) for _, r, i in rows)


def steps_of(families: Sequence[Family], tokenizer: Tokenizer, passes: int, seed: int) -> list[list[Pair]]:
    """All training steps: pairs of like length together, in random order, every pass made up anew."""
    chance = random.Random(seed)
    found: list[list[Pair]] = []
    for number in range(passes):
        pairs = [p for batch in epoch(families, tokenizer, seed + number) for p in pairs_of(batch, chance)]
        chance.shuffle(pairs)
        for start in range(0, len(pairs), WINDOW * PAIRS_A_STEP):
            window = sorted(pairs[start : start + WINDOW * PAIRS_A_STEP], key=lambda p: len(p.ids))
            steps = [window[i : i + PAIRS_A_STEP] for i in range(0, len(window), PAIRS_A_STEP)]
            chance.shuffle(steps)
            found += steps
    return found


def tensors(pairs: Sequence[Pair], multiple: int = 1) -> tuple[Tensor, Tensor, Tensor]:
    """Ids [n, t] padded with 0 to a multiple, request lengths [n], labels [n]."""
    longest = -(-max(len(p.ids) for p in pairs) // multiple) * multiple
    ids = torch.zeros(len(pairs), longest, dtype=torch.long)
    for row, pair in enumerate(pairs):
        ids[row, : len(pair.ids)] = torch.tensor(pair.ids)
    return ids, torch.tensor([p.asked for p in pairs]), torch.tensor([float(p.covered) for p in pairs])
