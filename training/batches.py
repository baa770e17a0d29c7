"""The corpus as training batches: families of siblings, their requests, and which intent covers which request."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor

from training.corpus.read import KINDS, CorpusIntent, CorpusRequest, Family
from training.texts import described

MOST_TOKENS = 72
REQUESTS_A_FAMILY = 10
UNKNOWN = -1
JOINTS = (
    ". ",
    ", then ",
    " and ",
    "; ",
    " - and ",
    ", after that ",
    ". Also ",
    ", plus ",
    " && ",
    ". Once that's done, ",
)
ELSEWHERE = (Path(__file__).parent / "corpus" / "elsewhere.md").read_text(encoding="utf-8").split("\n- ")[1:]

# A family and the places of some of its requests.
Part = tuple[Family, list[int]]


@dataclass(frozen=True, slots=True)
class Tokens:
    """Texts as padded token ids and their mask, both [n, t]."""

    ids: Tensor
    mask: Tensor


@dataclass(frozen=True, slots=True)
class Batch:
    """Requests, the intents' texts and the pairs to judge.

    ``owner`` [texts]: the intent each text belongs to; ``role`` [texts]: 0 description, 1 exemplar. ``covers``
    [requests, intents]: 1 covered, 0 beyond, -1 unknown. ``pairs`` [p, 2]: request, intent; ``kinds`` [p]: index of
    what goes beyond, -1 where covered or unknown; ``weights`` [p].
    """

    requests: Tokens
    texts: Tokens
    owner: Tensor
    role: Tensor
    covers: Tensor
    pairs: Tensor
    kinds: Tensor
    weights: Tensor


def tokenise(tokenizer: Tokenizer, texts: Sequence[str], most: int = MOST_TOKENS) -> Tokens:
    """Padded ids and mask; longer texts are cut (in training only)."""
    rows = [
        e.ids if len(e.ids) <= most else [*e.ids[: most - 1], e.ids[-1]] for e in tokenizer.encode_batch(list(texts))
    ]
    ids = torch.zeros(len(rows), max(map(len, rows)), dtype=torch.long)
    for at, row in enumerate(rows):
        ids[at, : len(row)] = torch.tensor(row)
    lengths = torch.tensor([len(r) for r in rows])
    return Tokens(ids, torch.arange(ids.shape[1])[None] < lengths[:, None])


def epoch(families: Sequence[Family], tokenizer: Tokenizer, seed: int) -> Iterator[Batch]:
    """Every request once, in batches of two domains with two family parts each."""
    chance = random.Random(seed)
    by_domain: dict[str, list[Part]] = {}
    for family in families:
        order = list(range(len(family.requests)))
        chance.shuffle(order)
        by_domain.setdefault(family.domain, []).extend(
            (family, order[i : i + REQUESTS_A_FAMILY]) for i in range(0, len(order), REQUESTS_A_FAMILY)
        )
    couples: list[list[Part]] = []
    for parts in by_domain.values():
        chance.shuffle(parts)
        couples += [parts[i : i + 2] for i in range(0, len(parts), 2)]
    chance.shuffle(couples)
    for i in range(0, len(couples), 2):
        yield _batch([part for couple in couples[i : i + 2] for part in couple], tokenizer, chance)


class Draft:
    """The requests of a batch while it is put together. ``row`` of a request: its label for every intent."""

    def __init__(self, intents: Sequence[CorpusIntent], chance: random.Random) -> None:
        self.intents, self.chance = intents, chance
        self.requests: list[str] = []
        self.rows: list[list[int]] = []
        self.pairs: list[tuple[int, int, int, float]] = []

    def add(self, text: str, row: list[int], judged: Sequence[tuple[int, int, float]]) -> None:
        """``judged``: intent, kind (-1: covered or unknown) and weight of each pair to judge."""
        self.pairs += [(len(self.requests), column, kind, weight) for column, kind, weight in judged]
        self.requests.append(_noisy(text, self.chance))
        self.rows.append(row)

    def add_request(self, request: CorpusRequest, start: int) -> None:
        """A request with its family's labels; two intents of other families are beyond it."""
        row = [0] * len(self.intents)
        judged = []
        for column, kind in enumerate(request.kinds, start):
            row[column] = 0 if kind else 1
            judged.append((column, KINDS.index(kind) if kind else UNKNOWN, 1.0))
        family = self.intents[start].family
        others = [c for c, i in enumerate(self.intents) if i.family != family]
        judged += [(c, UNKNOWN, 0.5) for c in self.chance.sample(others, min(len(others), 2))]
        self.add(request.text, row, judged)

    def add_for_one(self, column: int, text: str, kind: int, weight: float = 0.5) -> None:
        """A request whose label is known for one intent only (-1: covered), and for other families."""
        family = self.intents[column].family
        row = [UNKNOWN if i.family == family else 0 for i in self.intents]
        row[column] = 1 if kind == UNKNOWN else 0
        self.add(text, row, [(column, kind, weight)])

    def add_exemplar(self, family: Family, start: int, at: int, text: str) -> None:
        """An exemplar of the family's intent ``at`` as a request.

        It is covered by its own intent, and beyond each sibling that covers no request which that intent covers.
        """
        shared = [r for r in family.requests if not r.kinds[at]]
        row, judged = [UNKNOWN] * len(self.intents), []
        for other in range(len(family.intents)):
            kinds = Counter(r.kinds[other] for r in shared)
            if other == at:
                row[start + other] = 1
                judged.append((start + other, UNKNOWN, 0.5))
            elif shared and "" not in kinds:
                row[start + other] = 0
                judged.append((start + other, KINDS.index(kinds.most_common(1)[0][0]), 0.5))
        self.add(text, row, judged)

    def add_elsewhere(self, text: str) -> None:
        """Small talk and requests of no domain: beyond every intent."""
        columns = self.chance.sample(range(len(self.intents)), min(4, len(self.intents)))
        self.add(text, [0] * len(self.intents), [(c, UNKNOWN, 0.5) for c in columns])


def _batch(parts: list[Part], tokenizer: Tokenizer, chance: random.Random) -> Batch:
    families = list(dict.fromkeys(family for family, _ in parts))
    intents = [i for f in families for i in f.intents]
    starts = {f: sum(len(g.intents) for g in families[:at]) for at, f in enumerate(families)}
    texts, owner, role, spare = _texts(intents, chance)
    draft = Draft(intents, chance)
    for family, picks in parts:
        for pick in picks:
            draft.add_request(family.requests[pick], starts[family])
        for column, text, kind in _joined(family, starts[family], chance):
            draft.add_for_one(column, text, kind)
    for column, text in spare:
        draft.add_for_one(column, text, UNKNOWN)
    # Exemplars in their own words: near wording is neither a good nor a bad sign.
    for family, _ in parts:
        at = chance.randrange(len(family.intents))
        draft.add_exemplar(family, starts[family], at, chance.choice(family.intents[at].exemplars))
    for text in chance.sample(ELSEWHERE, 2):
        draft.add_elsewhere(text)
    table = torch.tensor([p[:3] for p in draft.pairs])
    return Batch(
        requests=tokenise(tokenizer, draft.requests),
        texts=tokenise(tokenizer, texts),
        owner=torch.tensor(owner),
        role=torch.tensor(role),
        covers=torch.tensor(draft.rows),
        pairs=table[:, :2],
        kinds=table[:, 2],
        weights=torch.tensor([p[3] for p in draft.pairs]),
    )


def _joined(family: Family, start: int, chance: random.Random) -> Iterator[tuple[int, str, int]]:
    """Two sentences in a row for one intent: both covered, or one of them not. Intent, text, kind."""
    for _ in range(2):
        at = chance.randrange(len(family.intents))
        covered = [r.text for r in family.requests if not r.kinds[at]]
        beyond = [r.text for r in family.requests if r.kinds[at] and r.kinds[at] not in ("negation", "compound")]
        first = chance.choice((*covered, *family.intents[at].exemplars))
        bad = chance.random() < 0.6
        second = chance.choice(beyond if bad else covered)
        text = f"{first.rstrip('.!? ')}{chance.choice(JOINTS)}{second[:1].lower()}{second[1:]}"
        yield start + at, text, KINDS.index("compound") if bad else UNKNOWN


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
    """Now and then without its final stop: punctuation decides nothing."""
    if chance.random() < 0.15 and text.endswith((".", "?", "!")):
        return text[:-1]
    return text
