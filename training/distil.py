"""Students of the shipped encoder, trained to give its vectors: what ``training.student`` measures.

A student keeps the first layers of the shipped graph as they are, bit for bit, and has a few trained ones in place of
the rest. Kept up to the branch (three layers), the token states are the teacher's own, so pair model and memories stay
as they are. Kept none, its layers start from the embeddings, and the pair model would need a trunk of its own.

Losses: the cosine to the teacher's vector, and the Kullback-Leibler divergence of a text's similarities to the others
of its batch from the teacher's (relations, as in Park et al. 2019, arXiv:1904.05068). A batch is texts of one domain,
since those are what a vector has to tell apart.
"""

from __future__ import annotations

import copy
import math
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from training.export import feeds, largest_of, outputs, session
from training.graph import Array, Shape, float_graphs, int8_graphs
from training.model import BRANCH, HEADS, LAYERS, PARTS, AuthorityModel, graph_weights
from training.readings import SEED, Readings

TEMPERATURE = 0.05
RELATIONS = 1.0
RATE = 1e-3
BATCH = 64
SITES = {"qkv": ("query", "key", "value"), "projection": ("projection",), "inner": ("inner",), "outer": ("outer",)}


@dataclass(frozen=True, slots=True)
class Design:
    """A student: how many layers it keeps, and which of the teacher's (from 0) its own ones start as."""

    kept: int
    copies: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> Design:
        """``3:4,6``: three kept, two trained that start as the teacher's layers 4 and 6. Raises ``ValueError``."""
        kept, _, copies = text.partition(":")
        found = cls(int(kept), tuple(int(c) - 1 for c in copies.split(",")))
        if found.kept not in (0, BRANCH) or not all(0 <= c < LAYERS for c in found.copies):
            raise ValueError(f"{text}: keep 0 or {BRANCH} layers, and copy layers 1 to {LAYERS}")
        return found

    @property
    def key(self) -> str:
        """For the names of files."""
        return f"{self.kept}-{''.join(str(c + 1) for c in self.copies)}"

    @property
    def name(self) -> str:
        """As tables have it."""
        return f"{self.kept} kept, {len(self.copies)} trained (from {', '.join(str(c + 1) for c in self.copies)})"


def dequantised(model: onnx.ModelProto, layers: int = LAYERS) -> dict[str, Array]:
    """The weights of a graph that ``int8_graphs`` made, in float32, by BERT's names."""
    held = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
    found: dict[str, Array] = {
        "embeddings.word_embeddings.weight": held["words.table"] * held["words.scale"],
        "embeddings.position_embeddings.weight": np.pad(
            held["positions.table"], ((0, 512 - len(held["positions.table"])), (0, 0))
        ),
        # Folded into the positions.
        "embeddings.token_type_embeddings.weight": np.zeros((1, held["positions.table"].shape[1]), np.float32),
    }
    found |= {name: value for name, value in held.items() if "LayerNorm" in name}
    for layer in range(layers):
        for site, parts in SITES.items():
            name = f"encoder.layer.{layer}.{site}"
            weight = held[f"{name}.weight"] * held[f"{name}.scale"]
            if f"{name}.factors" in held:
                weight = weight * held[f"{name}.factors"][:, None]
            for at, part in enumerate(parts):
                own = f"encoder.layer.{layer}.{PARTS[part]}"
                width = weight.shape[1] // len(parts)
                found[f"{own}.weight"] = weight[:, at * width : (at + 1) * width].T
                found[f"{own}.bias"] = held[f"{name}.bias"][at * width : (at + 1) * width]
    return found


def student_of(design: Design, weights: Mapping[str, Array]) -> AuthorityModel:
    """The student before training. It has no joint layers."""
    model = AuthorityModel(design.kept)
    model.load_bert({name: torch.tensor(value) for name, value in weights.items()})
    own = [copy.deepcopy(model.layers[c]) for c in design.copies]
    model.layers = nn.ModuleList([*model.layers[: design.kept], *own])
    model.joint = nn.ModuleList()
    model.requires_grad_(False)
    for layer in own:
        layer.requires_grad_(True)
    return model


def begun(design: Design, student: AuthorityModel, readings: Readings, rows: Sequence[int]) -> tuple[Tensor, Tensor]:
    """What the student's own layers start from, [n, t, width], and the mask [n, t]."""
    lengths = torch.from_numpy(readings.lengths[rows])
    mask = torch.arange(int(lengths.max()))[None] < lengths[:, None]
    if design.kept:
        states = torch.zeros(*mask.shape, readings.states.shape[1])
        states[mask] = torch.from_numpy(np.concatenate([readings.states[readings.of(r)] for r in rows])).float()
        return states, mask
    ids = torch.zeros(mask.shape, dtype=torch.long)
    ids[mask] = torch.from_numpy(np.concatenate([readings.ids[readings.of(r)] for r in rows]))
    with torch.no_grad():
        return student.trunk(ids, mask), mask


def loss(own: Tensor, goal: Tensor) -> tuple[Tensor, Tensor]:
    """Of unit vectors [n, d]: one minus the mean cosine, and the mean divergence of the relations in the batch."""
    apart = torch.eye(len(own), dtype=torch.bool)
    near, wanted = (functional.log_softmax((v @ v.T / TEMPERATURE).masked_fill(apart, -1e4), 1) for v in (own, goal))
    return 1 - (own * goal).sum(1).mean(), functional.kl_div(near, wanted, log_target=True, reduction="batchmean")


def batches(domains: Sequence[str], lengths: NDArray[np.int64], seed: int) -> Iterator[list[int]]:
    """Every text once: rows of one domain and of about one length each, in a random order."""
    chance = random.Random(seed)
    by_domain: dict[str, list[int]] = {}
    for row, domain in enumerate(domains):
        by_domain.setdefault(domain, []).append(row)
    found = []
    for rows in by_domain.values():
        chance.shuffle(rows)
        for at in range(0, len(rows), 4 * BATCH):
            alike = sorted(rows[at : at + 4 * BATCH], key=lambda r: int(lengths[r]))
            found += [alike[i : i + BATCH] for i in range(0, len(alike), BATCH)]
    chance.shuffle(found)
    yield from found


@dataclass(frozen=True, slots=True)
class Lesson:
    """What to learn from, and how long. ``domains``: of each text of ``readings``; ``state``: a file to go on from."""

    readings: Readings
    domains: Sequence[str]
    passes: int
    minutes: float
    state: Path


def train(student: AuthorityModel, design: Design, lesson: Lesson) -> bool:
    """Train. False when the minutes were over first; ``lesson.state`` then holds where to go on."""
    parameters = [p for p in student.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=RATE, weight_decay=0.01)
    order = [r for n in range(lesson.passes) for r in batches(lesson.domains, lesson.readings.lengths, SEED + n)]
    first, started = _resume(student, optimizer, lesson.state), time.monotonic()
    goals = torch.from_numpy(lesson.readings.vectors)
    for step in range(first, len(order)):
        for group in optimizer.param_groups:
            group["lr"] = RATE * schedule(step, len(order))
        states, mask = begun(design, student, lesson.readings, order[step])
        # As in training.train: the plain attention goes backward faster on a CPU.
        with torch.autocast("cpu", dtype=torch.bfloat16), sdpa_kernel(SDPBackend.MATH):
            own = student.vectors(states, mask)
        away, relations = loss(own.float(), goals[order[step]])
        optimizer.zero_grad(set_to_none=True)
        (away + RELATIONS * relations).backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        done, spent = step + 1, time.monotonic() - started
        over = spent > lesson.minutes * 60
        if done % 200 == 0:
            left = spent / (done - first) * (len(order) - done) / 60
            losses = f"away {away.item():.3f}, relations {relations.item():.3f}"
            print(f"{design.name}: step {done}/{len(order)}, {losses}, {left:.1f} min left", flush=True)
        if done % 1000 == 0 or done == len(order) or over:
            state = {"model": student.state_dict(), "optimizer": optimizer.state_dict(), "step": done}
            torch.save(state, lesson.state.with_suffix(".new"))
            lesson.state.with_suffix(".new").replace(lesson.state)
        if over:
            return done == len(order)
    return True


def schedule(step: int, steps: int) -> float:
    """A short warming up, then half a cosine."""
    return min(1.0, (step + 1) / max(1, steps // 20)) * max(0.01, 0.5 * (1 + math.cos(math.pi * step / steps)))


def _resume(student: AuthorityModel, optimizer: torch.optim.Optimizer, path: Path) -> int:
    if not path.is_file():
        return 0
    state = torch.load(path, weights_only=True)
    student.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["step"])


def exported(
    student: AuthorityModel, design: Design, teacher: onnx.ModelProto, tokens: Sequence[Sequence[int]]
) -> onnx.ModelProto:
    """The student as an int8 graph. Everything but its own layers is the teacher's, bit for bit.

    ``tokens``: texts to measure activations on.
    """
    weights = {n: v for n, v in graph_weights(student).items() if not n.startswith("joint.")}
    positions = next(numpy_helper.to_array(i) for i in teacher.graph.initializer if i.name == "positions.table")
    shape = Shape(len(student.layers), HEADS, positions.shape[1], len(positions), 1e-12, design.kept)
    floats = session(float_graphs(weights, shape).encoder)
    largest = largest_of(outputs(floats, feeds(ids)) for ids in tokens)
    graph = int8_graphs(weights, shape, largest).encoder
    own = tuple(f"encoder.layer.{at}." for at in range(design.kept, len(student.layers)))
    theirs = {i.name: i for i in teacher.graph.initializer}
    for constant in graph.graph.initializer:
        if not constant.name.startswith(own):
            constant.CopyFrom(theirs[constant.name])
    return graph
