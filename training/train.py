"""Train the authority model on the corpus: ``python -m training.train --out DIR``. CPU, seeded, resumable."""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.numpy import save_file
from safetensors.torch import load
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from training.batches import Batch, epoch
from training.corpus.read import CALIBRATION, HELD_OUT, Family, read_corpus
from training.measure import figures
from training.model import AuthorityModel, graph_weights
from training.source import find_source, read_source, read_tokenizer

SEED = 20261126
TEMPERATURE = 0.05
RATES = {"trunk": 6e-5, "joint": 1.5e-4, "heads": 1e-3}


@dataclass(frozen=True, slots=True)
class Losses:
    """What a step minimises.

    ``vector``: the encoder ranks the covering intents first; ``anchor``: vectors stay near the pretrained ones, so that
    topics the corpus does not have are still told apart.
    """

    pair: Tensor
    kind: Tensor
    vector: Tensor
    anchor: Tensor

    def total(self) -> Tensor:
        """The weighted sum."""
        return self.pair + 0.2 * self.kind + 0.5 * self.vector + 0.3 * self.anchor


def forward(model: AuthorityModel, batch: Batch, base: AuthorityModel) -> Losses:
    """All losses of one batch."""
    # The plain attention: the fused one takes three times as long to go backward on a CPU.
    with torch.autocast("cpu", dtype=torch.bfloat16), sdpa_kernel(SDPBackend.MATH):
        asked = model.trunk(batch.requests.ids, batch.requests.mask)
        known = model.trunk(batch.texts.ids, batch.texts.mask)
        vectors = model.vectors(asked, batch.requests.mask)
        exemplars = model.vectors(known, batch.texts.mask)
        with torch.no_grad():
            goal = base.vectors(base.trunk(batch.requests.ids, batch.requests.mask), batch.requests.mask)
        memory, memory_mask = memories(model, known, batch)
        pair, kind = _pair_losses(model, batch, asked, memory, memory_mask)
    vector = _vector_loss(vectors.float(), exemplars.float(), batch)
    anchor = (1 - (vectors.float() * goal.float()).sum(-1)).mean()
    return Losses(pair, kind, vector, anchor)


def memories(model: AuthorityModel, states: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """Each intent's tokens in one row, [intents, m, width], and their mask."""
    rows = []
    for column in range(int(batch.owner.max()) + 1):
        at = torch.nonzero(batch.owner == column).flatten()
        states_here = (states[at] + model.roles[batch.role[at]][:, None])[batch.texts.mask[at]]
        rows.append(states_here)
    most = max(len(r) for r in rows)
    memory = torch.stack([functional.pad(r, (0, 0, 0, most - len(r))) for r in rows])
    return memory, torch.arange(most)[None] < torch.tensor([len(r) for r in rows])[:, None]


def _pair_losses(
    model: AuthorityModel, batch: Batch, asked: Tensor, memory: Tensor, memory_mask: Tensor
) -> tuple[Tensor, Tensor]:
    """Binary and kind losses over the pairs, short requests apart from long ones to pad less."""
    request, intent = batch.pairs.T
    labels = batch.covers[request, intent].float()
    lengths = batch.requests.mask.sum(1)[request]
    balance = labels * 2.0 + (1 - labels)
    weights = batch.weights * balance
    order = torch.argsort(lengths)
    pair, kind = torch.zeros(()), torch.zeros(())
    for part in order.chunk(4):
        longest = int(lengths[part].max())
        rows = request[part]
        judged = model.judge(
            asked[rows, :longest], batch.requests.mask[rows, :longest], memory, memory_mask, intent[part]
        )
        losses = functional.binary_cross_entropy_with_logits(judged.logit, labels[part], reduction="none")
        pair = pair + (losses * weights[part]).sum()
        kind = kind + functional.cross_entropy(judged.kinds, batch.kinds[part], ignore_index=-1, reduction="sum")
    return pair / weights.sum(), kind / max(1, int((batch.kinds >= 0).sum()))


def _vector_loss(vectors: Tensor, exemplars: Tensor, batch: Batch) -> Tensor:
    """Multi-positive InfoNCE over the batch's intents, an intent scoring by its nearest text."""
    similar = vectors @ exemplars.T / TEMPERATURE
    columns = int(batch.owner.max()) + 1
    scores = torch.full((len(vectors), columns), -1e4).scatter_reduce(
        1, batch.owner[None].expand(len(vectors), -1), similar, "amax"
    )
    covers = batch.covers
    rows = (covers == 1).any(1)
    scores = scores.masked_fill(covers == -1, -1e4)[rows]
    positive = scores.masked_fill(covers[rows] != 1, -1e4)
    return (torch.logsumexp(scores, 1) - torch.logsumexp(positive, 1)).mean()


def groups(model: AuthorityModel) -> list[dict[str, object]]:
    """Parameters with their learning rates. The word table stays as it is."""
    model.words.weight.requires_grad_(False)
    heads: list[Tensor] = []
    joint: list[Tensor] = []
    trunk: list[Tensor] = []
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        top = name.split(".")[0]
        (heads if top in ("within", "beyond", "kind", "roles") else joint if top == "joint" else trunk).append(
            parameter
        )
    return [{"params": p, "lr": RATES[n], "name": n} for n, p in (("heads", heads), ("joint", joint), ("trunk", trunk))]


def _schedule(step: int, steps: int) -> float:
    warm = min(1.0, (step + 1) / max(1, steps // 20))
    return warm * max(0.02, 0.5 * (1 + math.cos(math.pi * step / steps)))


def pretrained() -> tuple[AuthorityModel, Tokenizer]:
    """The model with the upstream weights, and the tokenizer."""
    directory = find_source()
    model = AuthorityModel()
    model.load_bert(load(read_source(directory).weights))
    return model, read_tokenizer(directory)


def train(families: Sequence[Family], held: Mapping[str, Sequence[Family]], out: Path, epochs: int, every: int) -> None:
    """Train and write ``out/last.pt`` (to resume) after each evaluation, ``out/model.safetensors`` at the end."""
    torch.manual_seed(SEED)
    model, tokenizer = pretrained()
    base, _ = pretrained()
    base.eval()
    optimizer = torch.optim.AdamW(groups(model), weight_decay=0.01)
    rates = [g["lr"] for g in optimizer.param_groups]
    steps = epochs * sum(1 for _ in epoch(families, tokenizer, 0))
    step = _resume(model, optimizer, out)
    started, done, seen = time.monotonic(), 0, Running()
    for batch in _from(families, tokenizer, epochs, step):
        model.train()
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * _schedule(step, steps)
        losses = forward(model, batch, base)
        optimizer.zero_grad(set_to_none=True)
        losses.total().backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step, done = step + 1, done + 1
        seen.add(losses)
        if step % 20 == 0:
            left = (time.monotonic() - started) / done * (steps - step) / 60
            print(f"step {step}/{steps}  {seen}  {left:.0f} min left", flush=True)
        if step % every == 0 or step == steps:
            _report(model, tokenizer, held, step)
            torch.save(
                {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step}, out / "last.pt"
            )
    save_file(graph_weights(model), out / "model.safetensors")
    # What the manifest of an export says of the training.
    about = {
        "command": "python -m training.train",
        "seed": SEED,
        "steps": step,
        "epochs": epochs,
        "learning_rates": RATES,
        "domains": sorted({f.domain for f in families}),
        "licence": "Apache-2.0 (corpus of this repository)",
    }
    (out / "model.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


class Running:
    """Running means of the losses, for the progress line."""

    def __init__(self) -> None:
        self.mean: list[float] | None = None

    def add(self, losses: Losses) -> None:
        """Mix in one step."""
        new = [float(x.detach()) for x in (losses.pair, losses.kind, losses.vector, losses.anchor)]
        self.mean = new if self.mean is None else [0.95 * o + 0.05 * n for o, n in zip(self.mean, new, strict=True)]

    def __str__(self) -> str:
        return " ".join(
            f"{n} {v:.3f}" for n, v in zip(("pair", "kind", "vector", "anchor"), self.mean or [], strict=False)
        )


def _resume(model: AuthorityModel, optimizer: torch.optim.Optimizer, out: Path) -> int:
    path = out / "last.pt"
    if not path.is_file():
        return 0
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    print(f"going on from step {state['step']}")
    return int(state["step"])


def _from(families: Sequence[Family], tokenizer: Tokenizer, epochs: int, skip: int) -> Iterator[Batch]:
    at = 0
    for number in range(epochs):
        for batch in epoch(families, tokenizer, SEED + number):
            if at >= skip:
                yield batch
            at += 1


def _report(model: AuthorityModel, tokenizer: Tokenizer, held: Mapping[str, Sequence[Family]], step: int) -> None:
    model.eval()
    for name, families in held.items():
        print(f"  step {step} {name}: {json.dumps(figures(model, tokenizer, families))}", flush=True)


def main(arguments: Sequence[str]) -> int:
    """Run the training."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--every", type=int, default=150)
    chosen = parser.parse_args(arguments)
    chosen.out.mkdir(parents=True, exist_ok=True)
    corpus = read_corpus()
    apart = {*HELD_OUT, *CALIBRATION}
    training = [f for f in corpus if f.domain not in apart]
    held = {
        "calibration": [f for f in corpus if f.domain in CALIBRATION],
        "held-out": [f for f in corpus if f.domain in HELD_OUT],
    }
    print(
        f"{len(training)} families, {sum(len(f.requests) for f in training)} requests, "
        f"{torch.get_num_threads()} threads"
    )
    train(training, {n: f for n, f in held.items() if f}, chosen.out, chosen.epochs, chosen.every)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
