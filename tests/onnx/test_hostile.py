"""Operators asked for what cannot be: a clear error, and no memory for it."""

from __future__ import annotations

import io
import tracemalloc
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.onnx import load

onnx = pytest.importorskip("onnx")
h = onnx.helper

BIG = 2**40
F = np.float32


def body(nodes: Any, inputs: Any, outputs: Any) -> Any:
    def info(names: Any) -> list[Any]:
        return [h.make_tensor_value_info(n, 1, None) for n in names]

    return h.make_graph(nodes, "body", info(inputs), info(outputs))


def ones(*shape: int) -> Any:
    return np.ones(shape, F)


def whole(*values: int) -> Any:
    return np.array(values, np.int64)


SAME = body([h.make_node("Identity", ["a"], ["b"])], ["a"], ["b"])
GROWS = body(
    [h.make_node("Identity", ["go"], ["on"]), h.make_node("Identity", ["v"], ["w"]), h.make_node("Identity", ["v"], ["z"])],
    ["k", "go", "v"],
    ["on", "w", "z"],
)
TREE = {
    "n_targets": 1,
    "tree_roots": [0],
    "nodes_featureids": [0],
    "nodes_modes": h.make_tensor("m", 2, [1], [0]),
    "nodes_splits": h.make_tensor("s", 1, [1], [0.0]),
    "leaf_targetids": [0],
    "leaf_weights": h.make_tensor("w", 1, [1], [1.0]),
}

# operator, its inputs, attributes, what is said
CASES: list[tuple[str, list[Any], dict[str, Any], str]] = [
    ("Scan", [ones(3)], {"body": SAME, "num_scan_inputs": 7}, "1 to 1 inputs to scan"),
    ("Scan", [ones(3)], {"body": SAME, "num_scan_inputs": 1, "scan_input_axes": [4]}, "an axis of a tensor of 1 dims, got 4"),
    ("Scan", [ones(3), ones(2)], {"body": SAME, "num_scan_inputs": 2}, "sequences of one length"),
    ("Scan", [ones(1), ones(1), ones(2)], {"body": SAME, "num_scan_inputs": 1}, "a body that gives each state"),
    ("Loop", [np.array(3), np.array(True), ones(1)], {"body": SAME}, "a body of 3 inputs"),
    ("Loop", [np.array(BIG), np.array(True), ones(2**14, 2**7)], {"body": GROWS}, "the file asks for"),
    ("DFT", [ones(1, 4, 1), np.array(BIG)], {}, "the file asks for"),
    ("DFT", [ones(1, 4, 1), np.array(-3)], {}, "a length from 1"),
    ("DFT", [ones(1, 4, 5)], {}, "1 or 2 parts last"),
    ("DFT", [ones(1, 4, 1), None, np.array(9)], {}, "an axis of a tensor of 3 dims"),
    ("STFT", [ones(1, 8, 1), np.array(0), None, np.array(4)], {}, "a step from 1"),
    ("STFT", [ones(1, 8, 1), np.array(1), None, np.array(9)], {}, "no longer than it"),
    ("MelWeightMatrix", [np.array(BIG), np.array(BIG), np.array(1), F(0), F(1)], {}, "the file asks for"),
    ("MelWeightMatrix", [np.array(-1), np.array(8), np.array(1), F(0), F(1)], {}, "numbers from 1"),
    ("Resize", [ones(1, 4), None, ones(2) * np.inf], {}, "scales above 0|cannot convert"),
    ("Resize", [ones(1, 4), None, -ones(2)], {}, "scales above 0"),
    ("Resize", [ones(1, 4), None, ones(2) * F(1e6)], {"mode": "linear"}, "the file asks for"),
    ("Resize", [ones(1, 4), None, None, whole(-1, 4)], {}, "scales above 0"),
    ("Resize", [ones(1, 4), None, None, whole(4)], {}, "a number for each of 2 axes"),
    ("Resize", [ones(1, 4), None, None, whole(1, 4)], {"mode": "sideways"}, "modes that ONNX names"),
    ("Resize", [ones(1, 2**20), None, None, whole(1, 2**12)], {"mode": "linear", "antialias": 1}, "the file asks for"),
    ("Resize", [ones(1, 4)], {}, "either scales or sizes"),
    ("GridSample", [ones(1, 1, 2, 2, 2), ones(1, 2, 2, 2, 2)], {}, r"a grid \(N, places"),
    ("RoiAlign", [ones(1, 1, 4, 4), ones(1, 4), whole(5)], {}, "regions of 1 pictures"),
    ("RoiAlign", [ones(1, 1, 4, 4), ones(1, 4), whole(0)], {"output_height": BIG}, "the file asks for"),
    ("RoiAlign", [ones(1, 1, 4, 4), ones(1, 4), whole(0)], {"output_width": -2}, "positive sizes"),
    ("RoiAlign", [ones(1, 1, 4, 4), ones(1, 4), whole(0)], {"sampling_ratio": 2**34}, "the file asks for"),
    ("RoiAlign", [ones(1, 1, 4, 4), F([[0, 0, 1e30, 1e30]]), whole(0)], {}, "the file asks for"),
    ("DeformConv", [ones(1, 1, 3, 3), ones(1, 1, 2, 2), ones(1, 8, 2, 2)], {"offset_group": 0}, "kernels and offsets that fit"),
    ("DeformConv", [ones(1, 1, 3, 3), ones(1, 1, 2, 2), ones(1, 6, 2, 2)], {}, "kernels and offsets that fit"),
    ("Col2Im", [ones(1, 4, 1), whole(BIG, BIG), whole(2, 2)], {}, "the file asks for"),
    ("Col2Im", [ones(1, 4, 1), whole(2, 2), whole(2, 0)], {}, "positive blocks"),
    ("Col2Im", [ones(1, 4, 9), whole(2, 2), whole(2, 2)], {}, r"\(N, C · 4"),
    ("MaxUnpool", [ones(1, 1, 1, 1), whole(99).reshape(1, 1, 1, 1)], {"kernel_shape": [2, 2]}, "places in a tensor"),
    ("MaxUnpool", [ones(1, 1, 1, 1), whole(0).reshape(1, 1, 1, 1)], {"kernel_shape": [BIG, 2]}, "the file asks for"),
    ("MaxUnpool", [ones(1, 1, 1, 1), whole(0).reshape(1, 1, 1, 1), whole(1, 1, 1, 1)], {"kernel_shape": [2, 2]}, "output_shape of at least"),
    ("QuantizeLinear", [ones(2, 3), ones(2), np.zeros(2, np.uint8)], {"axis": 1}, "a scale for each of 3 places"),
    ("QuantizeLinear", [ones(2, 3), ones(2), np.zeros(2, np.uint8)], {"axis": 7}, "an axis of a tensor of 2 dims"),
    ("QuantizeLinear", [ones(2, 3), ones(2, 2), np.zeros((2, 2), np.uint8)], {"axis": 1, "block_size": -3}, "blocks of a positive size"),
    ("DequantizeLinear", [np.ones((2, 4), np.uint8), ones(2, 1)], {"axis": 1, "block_size": 2}, "expected scales of the shape"),
    ("SplitToSequence", [ones(4), whole(3, 3)], {}, "parts of 4"),
    ("SplitToSequence", [ones(4), np.array(0)], {}, "parts of 4"),
    ("SequenceAt", [ones(4), np.array(0)], {}, "expected a sequence"),
    ("NonMaxSuppression", [ones(1, 2, 4), ones(1, 1, 3)], {}, r"boxes \(N, P, 4\)"),
    ("ReverseSequence", [ones(3, 2), whole(9, 1)], {}, "lengths from 0 to 3"),
    ("ReverseSequence", [ones(3, 2), whole(1, 1)], {"time_axis": 1}, "the axes 0 and 1"),
    ("TensorScatter", [ones(1, 1, 2, 3), ones(1, 1, 1, 3), whole(5)], {}, "places from 0 to 1"),
    ("TensorScatter", [ones(1, 1, 2, 3), ones(1, 1, 3, 3)], {}, "an update that fits"),
    ("ScatterND", [ones(3), whole(7).reshape(1, 1), ones(1)], {}, "indices inside shape"),
    ("ScatterND", [ones(3), whole(0, 0).reshape(1, 2), ones(1)], {}, "expected updates of shape"),
    ("ScatterND", [ones(3), whole(0).reshape(1, 1), ones(1)], {"reduction": "mean"}, "a reduction that ONNX names"),
    ("LSTM", [ones(2, 1, 3), ones(1, 7, 3), ones(1, 8, 2)], {}, "1 matrices of 4 gates"),
    ("LSTM", [ones(2, 1, 3), ones(1, 8, 3), ones(1, 8, 2)], {"activations": ["Tanh"]}, "3 activations"),
    ("GRU", [ones(2, 1, 3), ones(1, 6, 3), ones(1, 6, 2), None, np.int32([9])], {}, "1 lengths from 0 to 2"),
    ("Attention", [ones(1, 2, 5), ones(1, 2, 6), ones(1, 2, 6)], {"q_num_heads": 3, "kv_num_heads": 3}, "multiple of the heads"),
    ("Attention", [ones(1, 3, 2, 4), ones(1, 2, 2, 4), ones(1, 2, 2, 4)], {}, "heads of queries"),
    ("Attention", [ones(1, 1, 2, 4), ones(1, 1, 2, 4), ones(1, 1, 2, 4)], {"scale": -1.0}, "a scale above 0"),
    ("BitCast", [ones(2)], {"to": 7}, "a format as wide"),
    ("BitCast", [ones(2)], {"to": 99}, "a data type"),
    ("Cast", [ones(2)], {"to": 24, "round_mode": "sideways"}, "round_mode"),
    ("TfIdfVectorizer", [ones(2, 2, 2)], {"mode": "TF", "min_gram_length": 1, "max_gram_length": 1, "max_skip_count": 0, "ngram_counts": [0],
      "ngram_indexes": [0], "pool_int64s": [1]}, "rows of tokens"),
    ("TfIdfVectorizer", [ones(2)], {"mode": "TF", "min_gram_length": 1, "max_gram_length": BIG, "max_skip_count": BIG, "ngram_counts": [0],
      "ngram_indexes": [BIG], "pool_int64s": [1]}, "the file asks for"),
    ("ai.onnx.ml.TreeEnsemble", [ones(1, 1)], {**TREE, "nodes_truenodeids": [0], "nodes_falsenodeids": [0], "nodes_trueleafs": [0],
      "nodes_falseleafs": [0]}, "branches that lead back"),
    ("ai.onnx.ml.TreeEnsemble", [ones(1, 1)], {**TREE, "nodes_truenodeids": [5], "nodes_falsenodeids": [0], "nodes_trueleafs": [1],
      "nodes_falseleafs": [1]}, "that are there"),
    ("ai.onnx.preview.training.Momentum", [F(1), np.array(0), ones(2), ones(2)], {"alpha": 0.5, "beta": 1.0, "norm_coefficient": 0.0,
      "mode": "standard"}, "3 inputs for each tensor"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("operator", "inputs", "attributes", "said"), CASES, ids=[f"{c[0].rpartition('.')[2]}-{k}" for k, c in enumerate(CASES)]
)
def test_what_cannot_be_is_said(operator: str, inputs: Any, attributes: Any, said: str) -> None:
    domain, _, name = operator.rpartition(".")
    names = [f"i{k}" if x is not None else "" for k, x in enumerate(inputs)]
    held = [onnx.numpy_helper.from_array(np.asarray(x), n) for n, x in zip(names, inputs, strict=True) if x is not None]
    node = h.make_node(name, names, ["y"], domain=domain, **attributes)
    graph = h.make_graph([node], "g", [], [h.make_tensor_value_info("y", 1, None)], held)
    opsets = [h.make_opsetid("", 26), *([h.make_opsetid(domain, 5 if domain.endswith("ml") else 1)] if domain else [])]
    net = load(io.BytesIO(h.make_model(graph, opset_imports=opsets).SerializeToString()))
    tracemalloc.start()
    try:
        with pytest.raises((RuntimeError, ValueError, IndexError, OverflowError), match=said):
            net()
        assert tracemalloc.get_traced_memory()[1] < 100e6
    finally:
        tracemalloc.stop()


def test_an_empty_optional_has_no_element() -> None:
    nodes = [h.make_node("Optional", [], ["o"], type=h.make_tensor_type_proto(1, [1])), h.make_node("OptionalGetElement", ["o"], ["y"])]
    graph = h.make_graph(nodes, "g", [], [h.make_tensor_value_info("y", 1, None)])
    with pytest.raises(ac.onnx.OnnxError, match="an empty optional"):
        load(io.BytesIO(h.make_model(graph, opset_imports=[h.make_opsetid("", 18)]).SerializeToString()))()
