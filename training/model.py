"""The authority model in torch: a sentence encoder with a branch that reads a request against one intent.

::

    request ── layers 0..b ──┬── layers b..6 ── mean ──► unit vector            (the index: which intents are near?)
                             └── joint layers ── head ─► within? excess, kind   (the pair: is its authority enough?)
    intent's texts ─ layers 0..b ──► memory, cached per text                       ▲
                                       └───────────────── keys and values ─────────┘

A joint layer is an upper layer of the encoder whose attention sees the request's own tokens and the intent's memory.
Memory tokens are never updated by the request, so they are computed once per bundle and a request pays only for its own
tokens (deferred interaction as in PreTTR, MacAvaney et al. 2020, arXiv:2004.14255, and MORES, Gao et al. 2020,
arXiv:2010.10137). The joint layers start as copies of the pretrained layers above the branch.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

WIDTH = 384
HEADS = 12
LAYERS = 6
BRANCH = 3
KINDS = 10
DROPOUT = 0.1
# What a memory token is part of; a learned vector for each is added to it.
DESCRIPTION, EXEMPLAR = 0, 1


@dataclass(frozen=True, slots=True)
class Judged:
    """What the pair model says of ``n`` pairs: ``logit`` [n] (higher: within), ``excess`` [n, t] per token, ``kinds``
    [n, 10] logits of what goes beyond.
    """

    logit: Tensor
    excess: Tensor
    kinds: Tensor


class Layer(nn.Module):
    """A BERT layer (post-norm) with optional memory beside its own tokens. Parameter names are those of BERT."""

    def __init__(self, rate: float = 0.0) -> None:
        super().__init__()
        self.rate = rate
        self.query, self.key, self.value = (nn.Linear(WIDTH, WIDTH) for _ in range(3))
        self.projection, self.inner, self.outer = (
            nn.Linear(WIDTH, WIDTH),
            nn.Linear(WIDTH, 4 * WIDTH),
            nn.Linear(4 * WIDTH, WIDTH),
        )
        self.attended, self.out = nn.LayerNorm(WIDTH, eps=1e-12), nn.LayerNorm(WIDTH, eps=1e-12)

    def forward(self, x: Tensor, mask: Tensor, memory: Tensor | None = None, pick: Tensor | None = None) -> Tensor:
        """``x`` [n, t, width] attends to itself and to ``memory[pick]`` ([m, s, width], [n]).

        ``mask`` [n, t (+ s)] is true where it may look. Keys and values of a memory are made once for all that pick it.
        """
        n, t, _ = x.shape
        k, v = self.key(x), self.value(x)
        if memory is not None:
            k = torch.cat((k, self.key(memory)[pick]), 1)
            v = torch.cat((v, self.value(memory)[pick]), 1)
        q = self.query(x).view(n, t, HEADS, -1).transpose(1, 2)
        k, v = (part.view(n, part.shape[1], HEADS, -1).transpose(1, 2) for part in (k, v))
        mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask[:, None, None, :])
        x = self.attended(x + self.projection(mixed.transpose(1, 2).reshape(n, t, WIDTH)))
        # Dropout here only: in the attention it would cost a quarter of a step on a CPU.
        wide = functional.dropout(self.outer(functional.gelu(self.inner(x))), self.rate, self.training)
        result: Tensor = self.out(x + wide)
        return result


class AuthorityModel(nn.Module):
    """Encoder and pair model with a shared trunk."""

    def __init__(self, branch: int = BRANCH) -> None:
        super().__init__()
        self.branch = branch
        self.words, self.positions = nn.Embedding(30522, WIDTH), nn.Embedding(512, WIDTH)
        self.segment = nn.Parameter(torch.zeros(WIDTH))
        self.norm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.joint = nn.ModuleList(Layer(DROPOUT) for _ in range(LAYERS - branch))
        self.roles = nn.Parameter(torch.zeros(2, WIDTH))
        self.within, self.beyond, self.kind = nn.Linear(WIDTH, 1), nn.Linear(WIDTH, 1), nn.Linear(WIDTH, KINDS)
        nn.init.constant_(self.beyond.bias, -2.0)

    def load_bert(self, weights: dict[str, Tensor]) -> None:
        """Take the weights of a six-layer BERT by its usual names."""
        self.words.weight.data.copy_(weights["embeddings.word_embeddings.weight"])
        self.positions.weight.data.copy_(weights["embeddings.position_embeddings.weight"])
        self.segment.data.copy_(weights["embeddings.token_type_embeddings.weight"][0])
        _copy(self.norm, weights, "embeddings.LayerNorm")
        for at, layer in enumerate(self.layers):
            for own, theirs in PARTS.items():
                _copy(getattr(layer, own), weights, f"encoder.layer.{at}.{theirs}")
        for own_layer, source in zip(self.joint, self.layers[self.branch :], strict=True):
            own_layer.load_state_dict(copy.deepcopy(source.state_dict()))

    def trunk(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Token states at the branch, [n, t, width]."""
        places = torch.arange(ids.shape[1], device=ids.device)
        x: Tensor = self.norm(self.words(ids) + self.positions(places) + self.segment)
        for layer in self.layers[: self.branch]:
            x = layer(x, mask)
        return x

    def vectors(self, states: Tensor, mask: Tensor) -> Tensor:
        """Unit sentence vectors, [n, width], from states at the branch."""
        x = states
        for layer in self.layers[self.branch :]:
            x = layer(x, mask)
        kept = mask[..., None].to(x.dtype)
        return functional.normalize((x * kept).sum(1) / kept.sum(1), dim=-1)

    def judge(self, states: Tensor, mask: Tensor, memory: Tensor, memory_mask: Tensor, pick: Tensor) -> Judged:
        """Judge pairs: request states [n, t, width] against ``memory[pick]`` ([i, m, width] with roles added; [n])."""
        x = states
        visible = torch.cat((mask, memory_mask[pick]), 1)
        for layer in self.joint:
            x = layer(x, visible, memory, pick)
        excess = self.beyond(x).squeeze(-1).float()
        hidden = excess.masked_fill(~mask, -1e4)
        logit = self.within(x[:, 0]).squeeze(-1).float() - torch.logsumexp(hidden, 1)
        return Judged(logit, excess, self.kind(x[:, 0]).float())


PARTS = {
    "query": "attention.self.query", "key": "attention.self.key", "value": "attention.self.value",
    "projection": "attention.output.dense", "attended": "attention.output.LayerNorm",
    "inner": "intermediate.dense", "outer": "output.dense", "out": "output.LayerNorm",
}  # fmt: skip


def _copy(module: nn.Module, weights: dict[str, Tensor], name: str) -> None:
    module.weight.data.copy_(weights[f"{name}.weight"])
    module.bias.data.copy_(weights[f"{name}.bias"])


def graph_weights(model: AuthorityModel) -> dict[str, NDArray[np.float32]]:
    """The weights by the names that ``training.graph`` reads: BERT's, and ``joint.*`` for the pair model."""
    found: dict[str, Tensor] = {
        "embeddings.word_embeddings.weight": model.words.weight,
        "embeddings.position_embeddings.weight": model.positions.weight,
        "embeddings.token_type_embeddings.weight": model.segment[None],
        "embeddings.LayerNorm.weight": model.norm.weight,
        "embeddings.LayerNorm.bias": model.norm.bias,
        "joint.roles": model.roles,
    }
    for name in ("within", "beyond", "kind"):
        found |= _named(getattr(model, name), f"joint.{name}")
    for prefix, layers in (("encoder", model.layers), ("joint", model.joint)):
        for at, layer in enumerate(layers):
            for own, theirs in PARTS.items():
                found |= _named(getattr(layer, own), f"{prefix}.layer.{at}.{theirs}")
    return {name: tensor.detach().float().numpy() for name, tensor in found.items()}


def _named(part: nn.Module, name: str) -> dict[str, Tensor]:
    return {f"{name}.weight": part.weight, f"{name}.bias": part.bias}
