"""BERT as an ONNX graph, written out node by node, in float32 and in signed int8.

The encoder takes ``input_ids`` and ``attention_mask`` (int64, ``[n, t]``) and gives ``embedding`` (float32,
``[n, width]``), the mean of the token states scaled to unit length, and ``states`` (``[n, t, width]``), the token
states at the branch. The memory graph turns the states of an intent's text into keys and values for the joint layers,
and the pair graph judges the states of a request against them (``training.model`` draws the whole). All are built from
the weights alone, without a tracing exporter: the same weights give the same file whichever versions of torch or
transformers are installed.

How it is quantised, and why:

* weights: signed int8, one scale per output channel; the word table one scale per row. Signed weights let onnxruntime
  use its u8 x s8 kernels, which need two thirds of the time of the u8 x u8 ones. They stay within 95: on x86 processors
  without VNNI those kernels add two products in 16 bits, and with 127 the sums overflow often enough to be seen in the
  result (mean cosine 0.9954 instead of 0.9987), with 95 they do not (0.9984).
* activations: unsigned int8, scaled at run time. The inputs of the query/key/value, the projection and the inner
  product have one scale for the whole tensor, those of the outer product one scale per token, because there a few
  tokens reach twenty times the size of the others.
* a few channels after each layer norm are ten times larger than the rest and would take the resolution of all others.
  They are scaled down before the product and their weights up (SmoothQuant, arXiv:2211.10438). The factors are rounded
  to quarter powers of two, so that differences between machines in the last bit do not reach the file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Array = NDArray[np.float32]
Weights = Mapping[str, Array]
MICROSOFT = "com.microsoft"
OPSET = 20
IR_VERSION = 10
INT8_TOP = 127
WEIGHT_TOP = 95
SMOOTHED = ("qkv", "kv", "inner")
SMOOTHING_EXPONENT = 0.6


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a BERT encoder. ``positions``: longest text in tokens; ``branch``: layers below the branch."""

    layers: int
    heads: int
    width: int
    positions: int
    epsilon: float
    branch: int = 3

    @property
    def joint(self) -> int:
        """How many joint layers there are."""
        return self.layers - self.branch


@dataclass(frozen=True, slots=True)
class Builder:
    """Nodes and initialisers in the order they were added. Names are given by the caller, so files compare equal."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, onnx.TensorProto] = field(default_factory=dict)
    outputs: list[onnx.ValueInfoProto] = field(default_factory=list)

    def constant(self, name: str, value: NDArray[np.generic]) -> str:
        """Add an initialiser and give its name."""
        self.constants.setdefault(name, numpy_helper.from_array(value, name))
        return name

    def add(self, kind: str, name: str, inputs: Sequence[str], domain: str = "", **attributes: object) -> str:
        """Add a node with one output and give the output's name, which is the node's."""
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, domain=domain, **attributes))
        return name

    def output(self, name: str, shape: Sequence[int | str]) -> None:
        """Make what was added under ``name`` an output."""
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def model(self, name: str, inputs: Sequence[onnx.ValueInfoProto]) -> onnx.ModelProto:
        """Close the graph."""
        graph = helper.make_graph(self.nodes, name, inputs, self.outputs, list(self.constants.values()))
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="training.graph")


Product = Callable[[Builder, str, str, Array, Array], str]
"""Adds ``x @ weight + bias`` under a name. The name ends in ``.<site>``; ``weight`` is ``[in, out]``."""
Words = Callable[[Builder, Array], str]
"""Adds the look-up of ``input_ids`` in the word table."""


@dataclass(frozen=True, slots=True)
class Graphs:
    """The three graphs of the authority model. The last two are missing where there are no joint layers."""

    encoder: onnx.ModelProto
    memory: onnx.ModelProto | None
    pair: onnx.ModelProto | None


def float_graphs(weights: Weights, shape: Shape) -> Graphs:
    """In float32, with one more output per product: the largest magnitude each input channel reached."""
    return _graphs(weights, shape, _observing(), _float_words)


def int8_graphs(weights: Weights, shape: Shape, largest: Mapping[str, Array]) -> Graphs:
    """Quantised. ``largest`` holds what the float graphs put out under ``<name>.largest``."""
    return _graphs(weights, shape, _quantising(largest), _int8_words)


def _graphs(weights: Weights, shape: Shape, product: Product, words: Words) -> Graphs:
    encoder = _encoder(weights, shape, product, words)
    if "joint.roles" not in weights:
        return Graphs(encoder, None, None)
    return Graphs(encoder, _memory(weights, shape, product), _pair(weights, shape, product))


def _observing() -> Product:
    def product(b: Builder, name: str, x: str, weight: Array, bias: Array) -> str:
        magnitude = b.add("Abs", f"{name}.magnitude", [x])
        axes = b.constant("axes.tokens", np.array([0, 1], np.int64))
        b.add("ReduceMax", f"{name}.largest", [magnitude, axes], keepdims=0)
        b.output(f"{name}.largest", [weight.shape[0]])
        return _plain(b, name, x, weight, bias)

    return product


def _quantising(largest: Mapping[str, Array]) -> Product:
    """Products in int8. ``largest`` holds what a float graph put out under ``<name>.largest``."""

    def product(b: Builder, name: str, x: str, weight: Array, bias: Array) -> str:
        site = name.rpartition(".")[2]
        if site in SMOOTHED:
            factors = smoothing(largest[name], weight)
            x = b.add("Mul", f"{name}.smoothed", [x, b.constant(f"{name}.factors", 1 / factors)])
            weight = weight * factors[:, None]
        return _int8_per_token(b, name, x, weight, bias) if site == "outer" else _int8(b, name, x, weight, bias)

    return product


def smoothing(largest: Array, weight: Array) -> Array:
    """Factors per input channel that even out activations against weights. ``weight`` is ``[in, out]``."""
    floor = np.float32(1e-3)
    activation = np.maximum(largest, floor) ** SMOOTHING_EXPONENT
    inverse = np.maximum(np.abs(weight).max(axis=1), floor) ** (1 - SMOOTHING_EXPONENT)
    factors: Array = np.exp2(np.rint(4 * np.log2(activation / inverse)) / 4).astype(np.float32)
    return factors


def quantised(weight: Array, axis: int, top: int) -> tuple[NDArray[np.int8], Array]:
    """Symmetric values in ``[-top, top]`` and the scales shared along ``axis`` (kept as a dimension of size one)."""
    scale = np.abs(weight).max(axis=axis, keepdims=True) / np.float32(top)
    scale = np.where(scale == 0, np.float32(1), scale).astype(np.float32)
    return np.rint(weight / scale).astype(np.int8), scale


def _int8(b: Builder, name: str, x: str, weight: Array, bias: Array) -> str:
    values, scale = quantised(weight, axis=0, top=WEIGHT_TOP)
    inputs = [
        x,
        b.constant(f"{name}.weight", values),
        b.constant(f"{name}.scale", scale[0]),
        b.constant(f"zero.{len(bias)}", np.zeros(len(bias), np.int8)),
        b.constant(f"{name}.bias", bias),
    ]
    return b.add("DynamicQuantizeMatMul", name, inputs, domain=MICROSOFT)


def _int8_per_token(b: Builder, name: str, x: str, weight: Array, bias: Array) -> str:
    values, scale = quantised(weight, axis=0, top=WEIGHT_TOP)
    step = b.constant("step", np.array(1 / INT8_TOP, np.float32))
    middle = b.constant("middle", np.array(INT8_TOP + 1, np.uint8))
    last = b.constant("axis.last", np.array([-1], np.int64))
    size = b.add("ReduceMax", f"{name}.size", [b.add("Abs", f"{name}.magnitude", [x]), last], keepdims=1)
    whole = b.add("QuantizeLinear", f"{name}.quantised", [b.add("Div", f"{name}.relative", [x, size]), step, middle])
    inputs = [
        whole,
        b.constant(f"{name}.weight", values),
        step,
        b.constant(f"{name}.scale", scale[0]),
        middle,
        b.constant(f"zero.{len(bias)}", np.zeros(len(bias), np.int8)),
    ]
    out = b.add("MatMulIntegerToFloat", f"{name}.matmul", inputs, domain=MICROSOFT)
    return b.add("Add", name, [b.add("Mul", f"{name}.scaled", [out, size]), b.constant(f"{name}.bias", bias)])


def _float_words(b: Builder, table: Array) -> str:
    return b.add("Gather", "words", [b.constant("words.table", table), "input_ids"])


def _int8_words(b: Builder, table: Array) -> str:
    values, scale = quantised(table, axis=1, top=INT8_TOP)
    rows = b.add("Gather", "words.rows", [b.constant("words.table", values), "input_ids"])
    scales = b.add("Gather", "words.scales", [b.constant("words.scale", scale), "input_ids"])
    return b.add("Mul", "words", [b.add("Cast", "words.float", [rows], to=TensorProto.FLOAT), scales])


def _plain(b: Builder, name: str, x: str, weight: Array, bias: Array) -> str:
    out = b.add("MatMul", f"{name}.matmul", [x, b.constant(f"{name}.weight", weight)])
    return b.add("Add", name, [out, b.constant(f"{name}.bias", bias)])


def _encoder(weights: Weights, shape: Shape, product: Product, words: Words) -> onnx.ModelProto:
    b = Builder()
    x = _embeddings(b, weights, shape, words(b, weights["embeddings.word_embeddings.weight"]))
    mask = b.add("Cast", "mask", ["attention_mask"], to=TensorProto.INT32)
    for layer in range(shape.layers):
        if layer == shape.branch:
            b.add("Identity", "states", [x])
        x = _layer(b, weights, shape, product, f"encoder.layer.{layer}", x, mask)
    _pooling(b, x)
    b.output("embedding", ["n", shape.width])
    b.output("states", ["n", "t", shape.width])
    names = ("input_ids", "attention_mask")
    return b.model("sentence-encoder", [helper.make_tensor_value_info(n, TensorProto.INT64, ["n", "t"]) for n in names])


def _memory(weights: Weights, shape: Shape, product: Product) -> onnx.ModelProto:
    """``states`` [1, t, width] and ``role`` [1] (0 description, 1 exemplar) to ``memory`` [2 * joint, t, width].

    Keys and values of the joint layers in turn: key 0, value 0, key 1, …
    """
    b = Builder()
    role = b.add("Gather", "role.vector", [b.constant("roles", weights["joint.roles"]), "role"])
    x = b.add("Add", "placed", ["states", role])
    parts = []
    for layer in range(shape.joint):
        name = f"joint.layer.{layer}"
        packed = _dense(b, weights, product, f"{name}.kv", x, name, "attention.self.key", "attention.self.value")
        halves = [f"{name}.memory.key", f"{name}.memory.value"]
        b.nodes.append(helper.make_node("Split", [packed], halves, name=f"{name}.split", axis=-1, num_outputs=2))
        parts += halves
    b.add("Concat", "memory", parts, axis=0)
    b.output("memory", [2 * shape.joint, "t", shape.width])
    states = helper.make_tensor_value_info("states", TensorProto.FLOAT, [1, "t", shape.width])
    return b.model("intent-memory", [states, helper.make_tensor_value_info("role", TensorProto.INT64, [1])])


def _pair(weights: Weights, shape: Shape, product: Product) -> onnx.ModelProto:
    """``states`` [1, t, width] of a request and an intent's ``memory`` [2 * joint, m, width] to a judgement.

    Outputs ``logit`` [1] (higher: within), ``excess`` [1, t] per token and ``kinds`` [1, k].
    """
    b = Builder()
    x, zero = "states", b.constant("zero", np.array([0], np.int64))
    layers = [f"memory.{at}" for at in range(2 * shape.joint)]
    b.nodes.append(helper.make_node("Split", ["memory"], layers, name="memory.split", axis=0, num_outputs=len(layers)))
    for layer in range(shape.joint):
        key, value = layers[2 * layer : 2 * layer + 2]
        x = _layer(b, weights, shape, product, f"joint.layer.{layer}", x, "", (key, value))
    excess = _plain(b, "excess.column", x, weights["joint.beyond.weight"].T, weights["joint.beyond.bias"])
    last = b.constant("axis.last", np.array([-1], np.int64))
    b.add("Squeeze", "excess", [excess, last])
    first = b.add(
        "Squeeze",
        "first",
        [b.add("Gather", "first.row", [x, zero], axis=1), b.constant("one", np.array([1], np.int64))],
    )
    within = _plain(b, "within", first, weights["joint.within.weight"].T, weights["joint.within.bias"])
    total = b.add("ReduceLogSumExp", "excess.total", ["excess", last], keepdims=0)
    b.add("Sub", "logit", [b.add("Squeeze", "within.flat", [within, last]), total])
    _plain(b, "kinds", first, weights["joint.kind.weight"].T, weights["joint.kind.bias"])
    b.output("logit", [1])
    b.output("excess", [1, "t"])
    b.output("kinds", [1, weights["joint.kind.bias"].shape[0]])
    states = helper.make_tensor_value_info("states", TensorProto.FLOAT, [1, "t", shape.width])
    memory = helper.make_tensor_value_info("memory", TensorProto.FLOAT, [2 * shape.joint, "m", shape.width])
    return b.model("authority-pair", [states, memory])


def _embeddings(b: Builder, weights: Weights, shape: Shape, words: str) -> str:
    # One segment only, so its vector is folded into the positions.
    table = weights["embeddings.position_embeddings.weight"][: shape.positions]
    table = table + weights["embeddings.token_type_embeddings.weight"][0]
    length = b.add("Shape", "length", ["input_ids"], start=1, end=2)
    zero = b.constant("zero", np.array([0], np.int64))
    positions = b.add("Slice", "positions", [b.constant("positions.table", table), zero, length, zero])
    return _norm(b, weights, shape, "embeddings.LayerNorm", b.add("Add", "embeddings.sum", [words, positions]))


def _dense(b: Builder, weights: Weights, product: Product, site: str, source: str, name: str, *parts: str) -> str:
    """One product for several weights of layer ``name`` side by side."""
    weight = np.concatenate([weights[f"{name}.{part}.weight"].T for part in parts], axis=1)
    bias = np.concatenate([weights[f"{name}.{part}.bias"] for part in parts])
    return product(b, site, source, weight, bias)


def _layer(
    b: Builder, weights: Weights, shape: Shape, product: Product, name: str, x: str, mask: str,
    memory: tuple[str, str] | None = None,
) -> str:  # fmt: skip
    """``memory`` holds keys and values ([1, m, width]) that are attended to beside the layer's own tokens."""

    def dense(site: str, source: str, *parts: str) -> str:
        return _dense(b, weights, product, f"{name}.{site}", source, name, *parts)

    packed = dense("qkv", x, *(f"attention.self.{part}" for part in ("query", "key", "value")))
    heads = [f"{name}.{part}" for part in ("query", "key", "value")]
    b.nodes.append(helper.make_node("Split", [packed], heads, name=f"{name}.split", axis=-1, num_outputs=3))
    if memory is not None:
        heads[1:] = [
            b.add("Concat", f"{own}.all", [own, known], axis=1) for own, known in zip(heads[1:], memory, strict=True)
        ]
    inputs = [*heads, "", mask] if mask else heads
    seen = b.add("MultiHeadAttention", f"{name}.attention", inputs, domain=MICROSOFT, num_heads=shape.heads)
    # Add and LayerNormalization stay apart: joined into SkipLayerNormalization they take five times as long on a CPU.
    seen = b.add("Add", f"{name}.attended", [dense("projection", seen, "attention.output.dense"), x])
    x = _norm(b, weights, shape, f"{name}.attention.output.LayerNorm", seen)
    inner = b.add("Gelu", f"{name}.gelu", [dense("inner", x, "intermediate.dense")], domain=MICROSOFT)
    out = b.add("Add", f"{name}.sum", [dense("outer", inner, "output.dense"), x])
    return _norm(b, weights, shape, f"{name}.output.LayerNorm", out)


def _norm(b: Builder, weights: Weights, shape: Shape, name: str, x: str) -> str:
    affine = [b.constant(part, weights[part]) for part in (f"{name}.weight", f"{name}.bias")]
    return b.add("LayerNormalization", name, [x, *affine], axis=-1, epsilon=shape.epsilon)


def _pooling(b: Builder, x: str) -> None:
    # The mean's divisor is left out: scaling to unit length cancels it.
    last = b.constant("axis.last", np.array([-1], np.int64))
    valid = b.add("Cast", "valid", ["attention_mask"], to=TensorProto.FLOAT)
    kept = b.add("Mul", "kept", [x, b.add("Unsqueeze", "valid.column", [valid, last])])
    total = b.add("ReduceSum", "total", [kept, b.constant("axis.tokens", np.array([1], np.int64))], keepdims=0)
    b.add("Div", "embedding", [total, b.add("ReduceL2", "norm", [total, last], keepdims=1)])
