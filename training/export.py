"""Export the trained authority model as quantised ONNX: ``python -m training.export --weights FILE --out DIR``.

``--weights`` is what ``training.train`` wrote. Writes ``model.onnx``, ``memory.onnx``, ``pair.onnx``,
``tokenizer.json`` and ``manifest.json``; ``README.md`` describes the manifest.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import ModelProto
from safetensors.numpy import load
from tokenizers import Tokenizer

from training.corpus.read import CALIBRATION, CorpusIntent, read_corpus
from training.graph import Array, Graphs, Shape, Weights, float_graphs, int8_graphs
from training.source import PACKAGE, ExportError, find_source, read_source, read_tokenizer
from training.texts import described

NAME = "authority-minilm"
UPSTREAM = "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2"
LICENCE = "Apache-2.0"
LARGEST_FILE = 25_000_000
SENTENCES = Path(__file__).parent / "sentences.txt"
PROBE = "Read the open invoices of one customer and list what is still unpaid."
TOOLS = ("numpy", "onnx", "onnxruntime", "safetensors", "tokenizers")
LOWEST_COSINE = 0.985
LOWEST_MEAN_COSINE = 0.997
LARGEST_MEAN_LOGIT_ERROR = 0.5


@dataclass(frozen=True, slots=True)
class Parity:
    """How near the quantised model is to the float32 one: vectors by cosine, judgements by logit."""

    sentences: int
    cosine_min: float
    cosine_mean: float
    similarity_error_max: float
    pairs: int
    logit_error_mean: float
    logit_error_max: float


@dataclass(frozen=True, slots=True)
class Sessions:
    """The three graphs, each ready to run on one thread exactly as written."""

    encoder: ort.InferenceSession
    memory: ort.InferenceSession
    pair: ort.InferenceSession
    tokenizer: Tokenizer

    @classmethod
    def of(cls, graphs: Graphs, tokenizer: Tokenizer) -> Sessions:
        """Load the graphs. Raises ``ExportError`` when there is no pair model."""
        if graphs.memory is None or graphs.pair is None:
            raise ExportError("the weights hold no pair model; give those that training.train wrote")
        return cls(session(graphs.encoder), session(graphs.memory), session(graphs.pair), tokenizer)

    def read(self, text: str) -> dict[str, Array]:
        """Every output of the encoder for one text."""
        return outputs(self.encoder, feeds(self.tokenizer.encode(text).ids))

    def remember(self, text: str, role: int) -> dict[str, Array]:
        """Every output of the memory graph for one text of an intent."""
        return outputs(self.memory, {"states": self.read(text)["states"], "role": np.array([role], np.int64)})

    def judge(self, text: str, intent: CorpusIntent) -> dict[str, Array]:
        """Every output of the pair graph for a request and an intent."""
        texts = ((0, described(intent)), *((1, e) for e in intent.exemplars))
        memory = np.concatenate([self.remember(t, role)["memory"] for role, t in texts], axis=1)
        return outputs(self.pair, {"states": self.read(text)["states"], "memory": memory})


def read_sentences() -> tuple[list[str], list[str]]:
    """Our own sentences: every third to measure activations on, the others to measure parity on."""
    lines = SENTENCES.read_text(encoding="utf-8").splitlines()
    return lines[::3], [line for at, line in enumerate(lines) if at % 3]


def read_pairs() -> tuple[list[tuple[str, CorpusIntent]], list[tuple[str, CorpusIntent]]]:
    """Requests with an intent each, from domains that are not trained on: some for activations, others for parity."""
    families = read_corpus(domains=CALIBRATION)
    pairs = [(r.text, f.intents[at % len(f.intents)]) for f in families for at, r in enumerate(f.requests)]
    return pairs[::41], pairs[7::41]


def session(model: ModelProto) -> ort.InferenceSession:
    """A session that runs the graph as it is written, on one thread."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def feeds(ids: Sequence[int] | NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    """One text, as token ids, as an encoder graph takes it."""
    tokens = np.array([ids], np.int64)
    return {"input_ids": tokens, "attention_mask": np.ones_like(tokens)}


def outputs(model: ort.InferenceSession, feeds: Mapping[str, NDArray[np.generic]]) -> dict[str, Array]:
    """Every output by its name."""
    names = [output.name for output in model.get_outputs()]
    return dict(zip(names, model.run(names, dict(feeds)), strict=True))


def largest_activations(
    floats: Sessions, texts: Sequence[str], pairs: Sequence[tuple[str, CorpusIntent]]
) -> dict[str, Array]:
    """Per product, the largest magnitude every input channel reached in the float32 graphs."""
    return largest_of(
        [
            *(floats.read(text) for text in texts),
            *(floats.remember(text, 1) for text in texts),
            *(floats.remember(described(intent), 0) for _, intent in pairs),
            *(floats.judge(text, intent) for text, intent in pairs),
        ]
    )


def largest_of(runs: Iterable[Mapping[str, Array]]) -> dict[str, Array]:
    """The same from the outputs of any ``runs`` of float32 graphs."""
    largest: dict[str, Array] = {}
    for found in runs:
        for name, value in found.items():
            if name.endswith(".largest"):
                site = name.removesuffix(".largest")
                largest[site] = np.maximum(largest.get(site, np.float32(0)), value)
    return largest


def parity(ours: Sessions, theirs: Sessions, texts: Sequence[str], pairs: Sequence[tuple[str, CorpusIntent]]) -> Parity:
    """Compare the quantised graphs with the float32 ones."""
    mine, wanted = (np.concatenate([s.read(t)["embedding"] for t in texts]) for s in (ours, theirs))
    cosines = (mine * wanted).sum(axis=1)
    logits = np.array([[float(s.judge(*pair)["logit"][0]) for s in (ours, theirs)] for pair in pairs])
    errors = np.abs(logits[:, 0] - logits[:, 1])
    return Parity(
        sentences=len(texts),
        cosine_min=round(float(cosines.min()), 5),
        cosine_mean=round(float(cosines.mean()), 5),
        similarity_error_max=round(float(np.abs(_similarities(mine) - _similarities(wanted)).max()), 5),
        pairs=len(pairs),
        logit_error_mean=round(float(errors.mean()), 4),
        logit_error_max=round(float(errors.max()), 4),
    )


def _similarities(vectors: Array) -> Array:
    """Each sentence against every other, ``[n, n - 1]``."""
    table = vectors @ vectors.T
    others: Array = table[~np.eye(len(vectors), dtype=bool)].reshape(len(vectors), -1)
    return others


def manifest(
    files: Mapping[str, bytes], shape: Shape, probe: Array, figures: Parity, origin: Mapping[str, object]
) -> dict[str, object]:
    """What ``pdp.intent.manifest`` checks at load, plus where the model comes from. The head is set by calibration."""
    return {
        "format": 2,
        "name": NAME,
        "dimension": shape.width,
        "max_tokens": shape.positions,
        "pooling": "mean",
        "normalized": True,
        "head": {"logit": 1.0, "nearness": 0.0, "bias": 0.0},
        "files": {n: {"sha256": hashlib.sha256(d).hexdigest(), "bytes": len(d)} for n, d in files.items()},
        "probe": {"text": PROBE, "vector": " ".join(f"{value:.3f}" for value in probe)},
        "source": origin,
        "quantization": "weights int8 per channel, word table int8 per row, activations uint8 scaled at run time",
        "exporter": {tool: importlib.metadata.version(tool) for tool in TOOLS},
        "parity": {"reference": "the trained model in float32"} | asdict(figures),
    }


def origin(weights: Path) -> dict[str, object]:
    """Upstream, licence, and what the weights were trained on."""
    source = read_source(find_source())
    trained = weights.with_suffix(".json")
    return {
        "upstream": UPSTREAM,
        "licence": LICENCE,
        "package": PACKAGE,
        "version": importlib.metadata.version(PACKAGE),
        "upstream_sha256": hashlib.sha256(source.weights).hexdigest(),
        "weights_sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "training": json.loads(trained.read_text(encoding="utf-8")) if trained.is_file() else {},
    }


def export(weights: Path, out: Path) -> Parity:
    """Export into ``out`` and give the parity figures.

    Raises ``ExportError``, and writes nothing, when they are too low or a file is too large.
    """
    source = read_source(find_source())
    tokenizer = read_tokenizer(source.directory)
    table: Weights = load(weights.read_bytes())
    for_activations, for_parity = read_sentences()
    seen, unseen = read_pairs()
    floats = Sessions.of(float_graphs(table, source.shape), tokenizer)
    graphs = int8_graphs(table, source.shape, largest_activations(floats, for_activations, seen))
    quantised = Sessions.of(graphs, tokenizer)
    figures = parity(quantised, floats, for_parity, unseen)
    files = {
        "model.onnx": serialised(graphs.encoder),
        "memory.onnx": serialised(graphs.memory),
        "pair.onnx": serialised(graphs.pair),
        "tokenizer.json": tokenizer.to_str().encode(),
    }
    refuse_unfit(files, figures)
    out.mkdir(parents=True, exist_ok=True)
    probe = quantised.read(PROBE)["embedding"][0]
    text = json.dumps(manifest(files, source.shape, probe, figures, origin(weights)), indent=2) + "\n"
    for name, content in {**files, "manifest.json": text.encode()}.items():
        (out / name).write_bytes(content)
    return figures


def serialised(model: ModelProto | None) -> bytes:
    """The file of a graph. The same graph gives the same bytes."""
    if model is None:
        raise ExportError("the weights hold no pair model; give those that training.train wrote")
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def refuse_unfit(files: Mapping[str, bytes], figures: Parity) -> None:
    """Raise ``ExportError`` for what must not be released."""
    for name, content in files.items():
        if len(content) > LARGEST_FILE:
            raise ExportError(f"{name} has {len(content)} bytes, more than {LARGEST_FILE}")
    if figures.cosine_min < LOWEST_COSINE or figures.cosine_mean < LOWEST_MEAN_COSINE:
        raise ExportError(f"too far from the original: cosine min {figures.cosine_min}, mean {figures.cosine_mean}")
    if figures.logit_error_mean > LARGEST_MEAN_LOGIT_ERROR:
        raise ExportError(f"too far from the original: logits differ by {figures.logit_error_mean} on average")


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line: 0 when the model was written, 1 with a message when not."""
    parser = argparse.ArgumentParser(prog="python -m training.export", description="Export the authority model.")
    parser.add_argument("--weights", type=Path, required=True, help="model.safetensors written by training.train")
    parser.add_argument("--out", type=Path, required=True, help=f"directory to write, e.g. models/{NAME}")
    options = parser.parse_args(arguments)
    try:
        figures = export(options.weights, options.out)
    except ExportError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    sys.stdout.write("".join(f"{name}: {value}\n" for name, value in asdict(figures).items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
