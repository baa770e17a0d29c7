"""Are fewer layers enough? ``python -m training.student --cache DIR --out R.json``. CPU, seeded, resumable.

Students of the shipped encoder, distilled from it, that would spare a decision a part of its layers (trunk 3, vector 3,
pair model 3). All but one keep the trunk, which the pair model needs anyway, as it is:

* least squares: the trunk pooled and one linear map (ridge; Hoerl and Kennard 1970) in place of layers 4 to 6, the best
  of its kind for these texts without a training run; its penalty is chosen on the calibration domains;
* trained (``training.distil``): one or more layers in place of layers 4 to 6, or three trained through.

The figures are of domains that neither the model nor a student has seen: how near student and teacher are (cosine), how
often the nearest exemplar among all intents of a domain is one that covers the request, and the AUROC of covered
requests against those that go beyond, by nearness alone. ``ms``: all in turn, one thread. Trained students are measured
as int8 graphs, as they would be shipped. ``holds``: AUROC within 0.005 of the teacher's and nearest within 0.01.
Choose between students by ``on_calibration``, the same figures of the calibration domains.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import random
import statistics
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from pdp.intent.encoder import OnnxEncoder, default_model_directory
from training.corpus.read import CALIBRATION, HELD_OUT, Family, read_corpus
from training.distil import Design, Lesson, dequantised, exported, student_of, train
from training.export import feeds, read_sentences, serialised, session
from training.measure import auroc
from training.readings import SEED, Readings, made_up, read
from training.source import read_tokenizer

PENALTIES = (0.1, 1.0, 10.0, 100.0, 1000.0)
AUROC_SLACK, NEAREST_SLACK = 0.005, 0.01
DESIGNS = ("3:6", "3:4,6", "0:1,3,6")
MOST_TOKENS = 96
TIMED = 400
Floats = NDArray[np.float64]


def pooled(states: NDArray[np.float16]) -> Floats:
    """Token states [t, width] as one row: mean, largest, first token, and a one for the intercept."""
    rows = states.astype(np.float64)
    return np.concatenate((rows.mean(0), rows.max(0), rows[0], (1.0,)))


def ridge(inputs: Floats, goals: Floats, penalty: float) -> Floats:
    """The map [inputs, goals] with the least squared error plus ``penalty`` times its own squares."""
    squares = inputs.T @ inputs + penalty * np.eye(inputs.shape[1])
    return np.linalg.solve(squares, inputs.T @ goals).astype(np.float64)


def unit(rows: Floats) -> Floats:
    """Rows of length one."""
    found: Floats = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return found


def texts_of(families: Sequence[Family]) -> dict[str, str]:
    """Every exemplar and request once, with its domain."""
    found = {t: f.domain for f in families for i in f.intents for t in i.exemplars}
    return found | {r.text: f.domain for f in families for r in f.requests}


@dataclass(frozen=True, slots=True)
class Part:
    """Some families and their texts as the teacher reads them, one after the other in the order of ``texts``."""

    families: Sequence[Family]
    texts: Sequence[str]
    readings: Readings

    def pooled(self) -> Floats:
        """Every text's states as one row."""
        return np.stack([pooled(self.readings.states[self.readings.of(r)]) for r in range(len(self.texts))])

    def judged(self, vectors: Floats) -> dict[str, float]:
        """The figures of ``vectors`` in place of the teacher's."""
        near = float((vectors * self.readings.vectors).sum(1).mean())
        places = {t: n for n, t in enumerate(self.texts)}
        return {"cosine_to_teacher": round(near, 4), **judged(self.families, places, vectors)}


def judged(families: Sequence[Family], places: Mapping[str, int], vectors: Floats) -> dict[str, float]:
    """The figures by nearness alone: ``auroc`` over pairs of a family, ``nearest_covers`` over the domain's intents."""
    covered: list[float] = []
    beyond: list[float] = []
    right: list[bool] = []
    for domain in sorted({f.domain for f in families}):
        mine = [f for f in families if f.domain == domain]
        intents = [(f, at, [places[t] for t in i.exemplars]) for f in mine for at, i in enumerate(f.intents)]
        for family in mine:
            for request in family.requests:
                own = vectors[places[request.text]]
                near = [float((vectors[rows] @ own).max()) for _, _, rows in intents]
                for (other, at, _), value in zip(intents, near, strict=True):
                    if other is family:
                        (beyond if request.kinds[at] else covered).append(value)
                if not all(request.kinds):
                    best, at, _ = intents[int(np.argmax(near))]
                    right.append(best is family and not request.kinds[at])
    return {
        "auroc": round(auroc(np.array(covered), np.array(beyond)), 4),
        "nearest_covers": round(statistics.mean(right), 4),
    }


def holds(found: Mapping[str, float], teacher: Mapping[str, float]) -> bool:
    """Whether a student is near enough to the teacher to be shipped."""
    return (
        found["auroc"] >= teacher["auroc"] - AUROC_SLACK
        and found["nearest_covers"] >= teacher["nearest_covers"] - NEAREST_SLACK
    )


def vectors_of(graph: ort.InferenceSession, readings: Readings) -> Floats:
    """Every text's vector by a graph, each text run alone."""
    rows = [graph.run(["embedding"], feeds(readings.ids[readings.of(r)]))[0][0] for r in range(len(readings))]
    return np.stack(rows).astype(np.float64)


def timed(graphs: Mapping[str, ort.InferenceSession], readings: Readings) -> dict[str, float]:
    """Median milliseconds of a pass of each graph, in turn, one thread."""
    took: dict[str, list[float]] = {name: [] for name in graphs}
    for row in range(min(TIMED, len(readings))):
        given = feeds(readings.ids[readings.of(row)])
        for name, graph in graphs.items():
            mine = {i.name: given[i.name] for i in graph.get_inputs()}
            started = time.perf_counter()
            graph.run(None, mine)
            took[name].append((time.perf_counter() - started) * 1e3)
    return {name: round(statistics.median(values), 3) for name, values in took.items()}


def least_squares(seen: Part, tuning: Part, count: int) -> tuple[Floats, float]:
    """The linear map from the first ``count`` texts, and its penalty."""
    inputs, goals = seen.pooled()[:count], seen.readings.vectors[:count].astype(np.float64)
    chosen = tuning.pooled()
    maps = {p: ridge(inputs, goals, p) for p in PENALTIES}
    near = {p: float((unit(chosen @ m) * tuning.readings.vectors).sum(1).mean()) for p, m in maps.items()}
    penalty = max(near, key=lambda p: near[p])
    return maps[penalty], penalty


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is done: ``passes`` over the corpus and ``made_up`` more texts, ``minutes`` for each student."""

    passes: int
    made_up: int
    minutes: float


@dataclass(frozen=True, slots=True)
class Teacher:
    """The shipped encoder, and the directory where what it read and the students are kept."""

    directory: Path
    cache: Path
    encoder: OnnxEncoder
    tokenizer: Tokenizer
    graph: onnx.ModelProto

    @classmethod
    def load(cls, directory: Path, cache: Path) -> Teacher:
        """From a model directory."""
        graph = onnx.load(directory / "model.onnx")
        return cls(directory, cache, OnnxEncoder.load(directory), read_tokenizer(directory), graph)

    def part(self, name: str, families: Sequence[Family], texts: Sequence[str]) -> Part:
        """``texts`` as it reads them."""
        return Part(families, texts, read(self.encoder, self.tokenizer, texts, self.cache / f"{name}.npz"))

    def trunk(self) -> ort.InferenceSession:
        """Its first layers alone, up to the token states."""
        path = self.cache / "trunk.onnx"
        onnx.utils.extract_model(self.directory / "model.onnx", path, ["input_ids", "attention_mask"], ["states"])
        return session(onnx.load(path))

    def words(self) -> list[str]:
        """Whole words of its vocabulary."""
        return sorted(w for w in self.tokenizer.get_vocab() if w.isalpha() and len(w) > 2)


def run(teacher: Teacher, designs: Sequence[Design], effort: Effort) -> dict[str, object] | None:
    """All figures; none when the minutes were over before a training was. The cache then holds where to go on."""
    corpus = read_corpus()
    tuning, held = (
        teacher.part(name, families, list(texts_of(families)))
        for name, domains in (("calibration", CALIBRATION), ("held-out", HELD_OUT))
        for families in [[f for f in corpus if f.domain in domains]]
    )
    domain_of = training_texts(corpus, {*tuning.texts, *held.texts})
    own = len(domain_of)
    domain_of |= made_up(domain_of, teacher.words(), effort.made_up)
    domain_of = {t: d for t, d in domain_of.items() if teacher.encoder.count_tokens(t) <= MOST_TOKENS}
    seen = teacher.part("training", (), list(domain_of))
    linear, penalty = least_squares(seen, tuning, own)
    graphs = {"teacher": session(teacher.graph), "least squares": teacher.trunk()}
    vectors = {
        "teacher": [part.readings.vectors.astype(np.float64) for part in (tuning, held)],
        "least squares": [unit(part.pooled() @ linear) for part in (tuning, held)],
    }
    for design in designs:
        state = teacher.cache / f"{design.key}-{effort.passes}-{effort.made_up}.pt"
        lesson = Lesson(seen.readings, list(domain_of.values()), effort.passes, effort.minutes, state)
        graph = taught(teacher, design, lesson)
        if graph is None:
            return None
        graphs[design.name] = session(graph)
        vectors[design.name] = [vectors_of(graphs[design.name], part.readings) for part in (tuning, held)]
    figures = {name: held.judged(v) for name, (_, v) in vectors.items()}
    ms = timed(graphs, held.readings)
    return {
        "seed": SEED,
        "versions": {p: importlib.metadata.version(p) for p in ("numpy", "onnx", "onnxruntime", "torch")},
        "texts": own,
        "made_up": len(domain_of) - own,
        "passes": effort.passes,
        "penalty": penalty,
        "domains": sorted({f.domain for f in held.families}),
        "on_calibration": {name: tuning.judged(v) for name, (v, _) in vectors.items()},
        "models": {n: {**f, "ms": ms[n], "holds": holds(f, figures["teacher"])} for n, f in figures.items()},
    }


def training_texts(corpus: Sequence[Family], apart: Collection[str]) -> dict[str, str]:
    """Texts of the training domains that are not ``apart``, in a random order that is the same every time."""
    found = texts_of([f for f in corpus if f.domain not in {*HELD_OUT, *CALIBRATION}])
    order = [t for t in found if t not in apart]
    random.Random(SEED).shuffle(order)
    return {t: found[t] for t in order}


def taught(teacher: Teacher, design: Design, lesson: Lesson) -> onnx.ModelProto | None:
    """A trained student's graph, which is written beside the readings; none when the minutes were over first."""
    student = student_of(design, dequantised(teacher.graph))
    if not train(student, design, lesson):
        return None
    graph = exported(student, design, teacher.graph, [teacher.tokenizer.encode(t).ids for t in read_sentences()[0]])
    (teacher.cache / f"{design.key}.onnx").write_bytes(serialised(graph))
    return graph


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the trial: 0 when it is done, 1 when it has to be called again to go on."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True, help="directory for readings (1 GB), states and students")
    parser.add_argument("--model", type=Path, default=None, help="model directory (default: the one shipped)")
    parser.add_argument("--designs", nargs="*", default=DESIGNS, help="3:4,6 keeps 3, and trains copies of 4 and 6")
    parser.add_argument("--passes", type=int, default=8, help="over all texts")
    parser.add_argument("--made-up", type=int, default=40_000, help="texts beside the corpus")
    parser.add_argument("--minutes", type=float, default=60.0, help="for each student; call again to go on")
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(chosen.threads)
    chosen.cache.mkdir(parents=True, exist_ok=True)
    teacher = Teacher.load(chosen.model or default_model_directory(), chosen.cache)
    effort = Effort(chosen.passes, chosen.made_up, chosen.minutes)
    figures = run(teacher, [Design.parse(d) for d in chosen.designs], effort)
    if figures is None:
        print("The minutes are over; call again to go on.")
        return 1
    print(json.dumps(figures, indent=1))
    chosen.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
