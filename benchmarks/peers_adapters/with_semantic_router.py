"""semantic-router: the same routes, exemplars and sentence encoder; confidence calibrated by its own ``fit``.

The encoder is the exported graph, run as the PDP runs it: one text at a time, one thread, the same session options.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from pydantic import PrivateAttr  # type: ignore[import-not-found, unused-ignore]
from semantic_router import Route  # type: ignore[import-not-found]
from semantic_router.encoders import DenseEncoder  # type: ignore[import-not-found]
from semantic_router.routers import IndexedRouter  # type: ignore[import-not-found]
from tokenizers import Tokenizer

from benchmarks.peers_adapters.loop import ALLOW, DENY, Question, Way, serve

THRESHOLD = 0.5


class GraphEncoder(DenseEncoder):  # type: ignore[misc]
    """The sentence encoder of the PDP's model directory."""

    name: str = "authority-minilm"
    type: str = "onnx"
    _session: Any = PrivateAttr()
    _tokenizer: Any = PrivateAttr()

    def __init__(self, directory: Path) -> None:
        super().__init__()
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.enable_mem_pattern = False
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = ort.InferenceSession(directory / "model.onnx", options, providers=["CPUExecutionProvider"])
        self._tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def __call__(self, docs: list[Any]) -> list[list[float]]:
        """Unit vectors."""
        return [self._vector(text) for text in docs]

    def _vector(self, text: str) -> list[float]:
        tokens = np.array([self._tokenizer.encode(text).ids], np.int64)
        (rows,) = self._session.run(["embedding"], {"input_ids": tokens, "attention_mask": np.ones_like(tokens)})
        vector: list[float] = rows[0].tolist()
        return vector


class Routed:
    """Routes by exemplars; allowed when the text's route is the one that covers the table."""

    def __init__(self, encoder: GraphEncoder, routes: dict[str, dict[str, Any]], labelled: list[list[Any]]) -> None:
        made = [Route(name=table, utterances=route["exemplars"]) for table, route in routes.items()]
        self._router = IndexedRouter(encoder=encoder, routes=made, confidence_threshold=THRESHOLD)
        self._router.fit([text for text, _ in labelled], [table for _, table in labelled])

    def prepare(self, question: Question) -> Any:
        """The text and the route it should have."""
        return question.text, question.table

    def decide(self, prepared: Any) -> str:
        """Route."""
        text, table = prepared
        return ALLOW if self._router(text).name == table else DENY


def build(settings: dict[str, Any]) -> dict[str, Way]:
    """One way: it remembers no text, so that a repeated one costs the same."""
    encoder = GraphEncoder(Path(settings["model"]))
    return {f"{len(settings['routes'])} routes": Routed(encoder, settings["routes"], settings["labelled"])}


if __name__ == "__main__":
    serve(build)
