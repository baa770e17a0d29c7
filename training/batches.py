"""The corpus as training batches: families of siblings, their requests, and which intent covers which request."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer
from torch import Tensor

from training.corpus.read import KINDS, CorpusIntent, Family

MOST_TOKENS = 72
REQUESTS_A_FAMILY = 10
UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Tokens:
    """Texts as padded token ids and their mask, both [n, t]."""

    ids: Tensor
    mask: Tensor


@dataclass(frozen=True, slots=True)
class Batch:
    """Requests, the intents' texts and the pairs to judge.

    ``owner`` [texts]: the intent each text belongs to; ``role`` [texts]: 0 description, 1 exemplar. ``covers``
    [requests, intents]: 1 covered, 0 beyond, -1 unknown. ``pairs`` [p, 2]: request, intent; ``kinds`` [p]: index of what
    goes beyond, -1 where covered or unknown; ``weights`` [p].
    """

    requests: Tokens
    texts: Tokens
    owner: Tensor
    role: Tensor
    covers: Tensor
    pairs: Tensor
    kinds: Tensor
    weights: Tensor
    raw: tuple[tuple[str, ...], tuple[str, ...]]


def described(intent: CorpusIntent) -> str:
    """The intent in one line, as the pair model reads it."""
    return f"{intent.description} Target: {intent.target_kind}. Actions: {', '.join(intent.actions)}."


def tokenise(tokenizer: Tokenizer, texts: Sequence[str], most: int = MOST_TOKENS) -> Tokens:
    """Padded ids and mask; longer texts are cut (in training only)."""
    rows = [e.ids if len(e.ids) <= most else [*e.ids[: most - 1], e.ids[-1]] for e in tokenizer.encode_batch(list(texts))]
    ids = torch.zeros(len(rows), max(map(len, rows)), dtype=torch.long)
    for at, row in enumerate(rows):
        ids[at, : len(row)] = torch.tensor(row)
    lengths = torch.tensor([len(r) for r in rows])
    return Tokens(ids, torch.arange(ids.shape[1])[None] < lengths[:, None])


def epoch(families: Sequence[Family], tokenizer: Tokenizer, seed: int) -> Iterator[Batch]:
    """Every request once, in batches of two domains with two family parts each."""
    chance = random.Random(seed)
    by_domain: dict[str, list[tuple[Family, list[int]]]] = {}
    for family in families:
        order = list(range(len(family.requests)))
        chance.shuffle(order)
        parts = [order[i : i + REQUESTS_A_FAMILY] for i in range(0, len(order), REQUESTS_A_FAMILY)]
        by_domain.setdefault(family.domain, []).extend((family, p) for p in parts)
    couples = []
    for parts in by_domain.values():
        chance.shuffle(parts)
        couples += [parts[i : i + 2] for i in range(0, len(parts), 2)]
    chance.shuffle(couples)
    for i in range(0, len(couples), 2):
        yield _batch([part for couple in couples[i : i + 2] for part in couple], tokenizer, chance)


def _batch(parts: list[tuple[Family, list[int]]], tokenizer: Tokenizer, chance: random.Random) -> Batch:
    families = list(dict.fromkeys(family for family, _ in parts))
    intents = [i for f in families for i in f.intents]
    starts = {f: sum(len(g.intents) for g in families[:at]) for at, f in enumerate(families)}
    texts, owner, role, spare = _texts(intents, chance)
    requests: list[str] = []
    rows: list[list[int]] = []
    pairs: list[tuple[int, int, int, float]] = []
    for family, picks in parts:
        for pick in picks:
            request = family.requests[pick]
            row = [0] * len(intents)
            for at, kind in enumerate(request.kinds):
                column = starts[family] + at
                row[column] = 0 if kind else 1
                pairs.append((len(requests), column, KINDS.index(kind) if kind else UNKNOWN, 1.0))
            others = [c for c, i in enumerate(intents) if i.family != family.name]
            for column in chance.sample(others, min(len(others), 2)):
                pairs.append((len(requests), column, UNKNOWN, 0.5))
            requests.append(_noisy(request.text, chance))
            rows.append(row)
    for column, text in spare:
        row = [UNKNOWN if i.family == intents[column].family else 0 for i in intents]
        row[column] = 1
        pairs.append((len(requests), column, UNKNOWN, 0.5))
        requests.append(_noisy(text, chance))
        rows.append(row)
    table = torch.tensor([p[:3] for p in pairs])
    return Batch(
        tokenise(tokenizer, requests), tokenise(tokenizer, texts), torch.tensor(owner), torch.tensor(role),
        torch.tensor(rows), table[:, :2], table[:, 2], torch.tensor([p[3] for p in pairs]), (tuple(requests), tuple(texts)),
    )  # fmt: skip


def _texts(
    intents: list[CorpusIntent], chance: random.Random
) -> tuple[list[str], list[int], list[int], list[tuple[int, str]]]:
    """Texts of the intents, with parts left out at random: authors write few exemplars or thin descriptions."""
    texts, owner, role, spare = [], [], [], []
    for column, intent in enumerate(intents):
        if chance.random() < 0.93:
            texts.append(described(intent) if chance.random() < 0.75 else intent.description)
            owner.append(column)
            role.append(0)
        exemplars = list(intent.exemplars)
        chance.shuffle(exemplars)
        keep = chance.choice((3, 4, 5, 6, 6))
        for text in exemplars[:keep]:
            texts.append(text)
            owner.append(column)
            role.append(1)
        if len(exemplars) > keep and chance.random() < 0.3:
            spare.append((column, exemplars[-1]))
    return texts, owner, role, spare


def _noisy(text: str, chance: random.Random) -> str:
    """Now and then without its final stop, or in another case (the tokenizer lowers it): punctuation decides nothing."""
    if chance.random() < 0.15 and text.endswith((".", "?", "!")):
        return text[:-1]
    return text
