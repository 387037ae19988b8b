"""Operators of files as ONNX Runtime computes them, in ways ONNX's own cases do not show."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.onnx import OnnxError, export, load

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
h = onnx.helper
rng = np.random.default_rng(0)


def real(*shape: int) -> Any:
    return rng.standard_normal(shape).astype(np.float32)


def lstm(directions: int = 1, gates: int = 4, steps: int = 5, batch: int = 3, features: int = 4, size: int = 2) -> list[Any]:
    made = [real(directions, gates * size, features), real(directions, gates * size, size), real(directions, 2 * gates * size)]
    return [real(steps, batch, features), *made]


LENGTHS = np.array([5, 2, 3], np.int32)
TWO = {"direction": "bidirectional", "hidden_size": 2}
BOXES = np.sort(rng.uniform(0, 1, (2, 30, 2, 2)), axis=2).reshape(2, 30, 4).astype(np.float32)
REGIONS = np.array([[0, 0, 7, 7], [1.5, 2.2, 6.1, 9.3], [-2, -1, 3, 4], [5, 5, 5.2, 5.1]], np.float32)
BYTES = rng.integers(0, 256, (1, 4, 6, 7)).astype(np.uint8)
SIGNED = rng.integers(-128, 128, (6, 2, 3, 3)).astype(np.int8)
TOKENS = rng.integers(0, 4, (3, 12)).astype(np.int64)
GRAMS = {"mode": "TFIDF", "min_gram_length": 1, "max_gram_length": 3, "max_skip_count": 2, "ngram_counts": [0, 3, 9]}
POOL = {"ngram_indexes": [0, 4, 1, 2, 3, 5, 7, 6], "pool_int64s": [0, 1, 2, 0, 1, 1, 2, 3, 3, 0, 1, 2, 2, 1, 0]}

# operator, opset, inputs, attributes, outputs
CASES: list[tuple[str, int, list[Any], dict[str, Any], int]] = [
    ("LSTM", 14, [*lstm(), LENGTHS, real(1, 3, 2), real(1, 3, 2), real(1, 6)], {"hidden_size": 2}, 3),
    ("LSTM", 14, [*lstm(2), LENGTHS], TWO, 3),
    ("LSTM", 14, lstm(2), {**TWO, "activations": ["HardSigmoid", "ScaledTanh", "Softsign", "Sigmoid", "Relu", "Tanh"],
     "activation_alpha": [0.3, 1.7], "activation_beta": [0.4, 0.6]}, 3),
    ("LSTM", 14, lstm(), {"hidden_size": 2, "input_forget": 1, "direction": "reverse"}, 3),
    ("GRU", 14, [*lstm(2, 3), LENGTHS, real(2, 3, 2)], {**TWO, "linear_before_reset": 1, "clip": 0.3}, 2),
    ("GRU", 14, [*lstm(1, 3), LENGTHS], {"hidden_size": 2, "direction": "reverse", "activations": ["Elu", "Affine"], "activation_alpha": [0.5, 2.0],
     "activation_beta": [0.25]}, 2),
    ("RNN", 14, [*lstm(2, 1), LENGTHS], {**TWO, "activations": ["LeakyRelu", "ThresholdedRelu"], "activation_alpha": [0.2, 0.1]}, 2),
    *(("DFT", 20, [real(2, n, c), None if size is None else np.array(size), np.array(1)], {"inverse": i, "onesided": o}, 1)
      for n, c, size, i, o in [(96, 1, None, 0, 1), (97, 2, None, 0, 0), (150, 2, 144, 1, 0), (40, 1, 75, 0, 0), (64, 1, 65, 0, 1)]),
    ("STFT", 17, [real(2, 200, 1), np.array(17), real(90), np.array(90)], {"onesided": 1}, 1),
    ("STFT", 17, [real(2, 100, 1), np.array(8), None, np.array(24)], {"onesided": 0}, 1),
    *(("GridSample", 20, [real(2, 3, 4, 5, 6), real(2, 2, 3, 4, 3) * 1.3], {"mode": m, "padding_mode": p, "align_corners": a}, 1)
      for m in ("linear", "nearest") for p in ("zeros", "border", "reflection") for a in (0, 1)),
    *(("RoiAlign", 16, [real(2, 3, 8, 9), REGIONS, np.array([0, 1, 1, 0])], {"coordinate_transformation_mode": c, "mode": m, "output_height": 3,
       "output_width": 2, "sampling_ratio": r, "spatial_scale": 0.9}, 1)
      for c in ("half_pixel", "output_half_pixel") for m, r in (("avg", 2), ("avg", 0), ("max", 2))),
    ("DeformConv", 19, [real(2, 4, 6, 7), real(6, 2, 3, 2), real(2, 2 * 12, 3, 4), real(6), real(2, 12, 3, 4)], {"group": 2, "offset_group": 2,
     "strides": [2, 2], "pads": [1, 1, 1, 1], "dilations": [1, 1], "kernel_shape": [3, 2]}, 1),
    ("Col2Im", 18, [real(2, 18, 12), np.array([6, 7]), np.array([3, 2])], {"strides": [2, 2], "pads": [1, 0, 1, 1], "dilations": [1, 1]}, 1),
    ("MaxUnpool", 11, [real(1, 1, 2, 2), np.array([[[[1, 3], [4, 8]]]])], {"kernel_shape": [2, 2], "strides": [2, 2], "pads": [0, 0, 1, 1]}, 1),
    *(("Resize", 19, [real(1, 2, 7, 6), None, np.float32([1, 1, *s])], {"mode": m, "coordinate_transformation_mode": c}, 1)
      for m in ("nearest", "linear", "cubic") for c in ("half_pixel", "asymmetric", "pytorch_half_pixel") for s in ((1.7, 2.3), (0.6, 0.45))),
    *(("Resize", 19, [real(1, 2, 7, 6), None, None, np.array([1, 2, *s])], {"mode": m, "coordinate_transformation_mode": "align_corners"}, 1)
      for m in ("nearest", "linear", "cubic") for s in ((11, 13), (4, 3), (1, 1))),
    *(("Resize", 19, [real(1, 2, 7, 6), None, None, np.array([1, 2, 3, 11])], {"mode": "nearest", "nearest_mode": m}, 1)
      for m in ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")),
    ("Resize", 19, [real(1, 2, 7, 6), np.float32([0, 0, 0.2, -0.1, 1, 1, 0.9, 1.2]), None, np.array([1, 2, 5, 4])], {"mode": "linear",
     "coordinate_transformation_mode": "tf_crop_and_resize", "extrapolation_value": 7.0}, 1),
    ("NonMaxSuppression", 11, [BOXES, rng.uniform(0, 1, (2, 3, 30)).astype(np.float32), np.array(7), np.float32(0.3), np.float32(0.4)], {}, 1),
    ("Unique", 11, [rng.integers(0, 4, (5, 3)).astype(np.float32)], {"axis": 0, "sorted": 0}, 4),
    ("Unique", 11, [rng.integers(0, 9, (5, 3))], {"sorted": 0}, 4),
    ("ReverseSequence", 10, [real(3, 5, 2), np.array([2, 5, 0])], {"time_axis": 1, "batch_axis": 0}, 1),
    *(("ScatterND", 18, [real(4, 3, 2), np.array([[0], [2], [0], [-1]]), real(4, 3, 2)], {"reduction": r}, 1) for r in ("add", "mul", "max", "min")),
    ("QuantizeLinear", 21, [real(2, 6) * 50, np.abs(real(2, 2)) + 0.5, np.int8([[3, -4], [0, 9]])], {"axis": 1, "block_size": 3}, 1),
    ("QuantizeLinear", 21, [real(2, 6) * 1e5, np.float32(0.5), np.uint16(30000)], {}, 1),
    ("DequantizeLinear", 21, [BYTES[0], np.abs(real(6)), np.uint8([1, 2, 3, 4, 5, 6])], {"axis": 1}, 1),
    ("DynamicQuantizeLinear", 11, [real(3, 4)], {}, 3),
    ("QLinearMatMul", 10, [BYTES[0, 0], np.float32(0.02), np.uint8(120), SIGNED[:1, 0].reshape(-1, 1).repeat(5, 1)[:7], np.abs(real(5)) / 50,
     np.int8([1, 2, 3, 4, 5]), np.float32(0.5), np.uint8(100)], {}, 1),
    ("QLinearConv", 10, [BYTES, np.float32(0.02), np.uint8(120), SIGNED, np.abs(real(6)) / 50, np.int8([0] * 6), np.float32(0.5), np.uint8(100),
     rng.integers(-999, 999, 6).astype(np.int32)], {"group": 2, "pads": [1, 0, 1, 2], "strides": [2, 1]}, 1),
    ("ConvInteger", 10, [BYTES, rng.integers(0, 256, (6, 2, 3, 3)).astype(np.uint8), np.uint8(7)], {"group": 2, "pads": [1, 1, 1, 1]}, 1),
    ("MatMulInteger", 10, [BYTES[0], rng.integers(0, 256, (4, 7, 3)).astype(np.uint8), np.uint8(9), np.uint8([5])], {}, 1),
    ("TfIdfVectorizer", 9, [TOKENS], {**GRAMS, **POOL, "weights": [1.0, 2.0, 0.5, 3.0, 1.5, 0.25, 4.0, 0.75]}, 1),
    ("TfIdfVectorizer", 9, [TOKENS], {**GRAMS, **POOL, "mode": "IDF", "weights": [1.0, 2.0, 0.5, 3.0, 1.5, 0.25, 4.0, 0.75], "min_gram_length": 2}, 1),
    ("TensorScatter", 24, [real(2, 3, 6, 4), real(2, 3, 2, 4), np.array([5, 1])], {"mode": "circular"}, 1),
    ("Attention", 23, [real(2, 4, 3, 8), real(2, 2, 5, 8), real(2, 2, 5, 6), real(2, 4, 3, 5)], {"scale": 0.3}, 1),
    ("Attention", 23, [real(2, 3, 8), real(2, 5, 8), real(2, 5, 8)], {"q_num_heads": 2, "kv_num_heads": 2, "softcap": 2.0}, 1),
]  # fmt: skip


IDS = [f"{c[0]}-{k}" for k, c in enumerate(CASES)]


def written(at: int, held: bool = False) -> tuple[bytes, dict[str, Any]]:
    """The file of one case, and its inputs. `held`: all but the first are initialisers."""
    operator, opset, inputs, attributes, outs = CASES[at]
    names = [f"i{k}" if x is not None else "" for k, x in enumerate(inputs)]
    given = {n: np.asarray(x) for n, x in zip(names, inputs, strict=True) if x is not None}
    inside = {n: x for n, x in given.items() if held and n != names[0]}
    outputs = [f"o{k}" for k in range(outs)]
    info = [h.make_tensor_value_info(n, h.np_dtype_to_tensor_dtype(x.dtype), list(x.shape)) for n, x in given.items() if n not in inside]
    graph = h.make_graph(
        [h.make_node(operator, names, outputs, **attributes)],
        "g",
        info,
        [h.make_value_info(o, onnx.TypeProto()) for o in outputs],
        [onnx.numpy_helper.from_array(x, n) for n, x in inside.items()],
    )
    made = h.make_model(graph, opset_imports=[h.make_opsetid("", opset)], ir_version=10)
    return made.SerializeToString(), {n: x for n, x in given.items() if n not in inside}


def run(data: bytes, given: dict[str, Any]) -> list[Any]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    found: list[Any] = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"]).run(None, given)
    return found


def agree(found: Any, expected: list[Any]) -> None:
    for y, want in zip(found if isinstance(found, tuple) else (found,), expected, strict=True):
        right, ours = np.asarray(want), np.asarray(y.detach().numpy())
        assert (ours.shape, ours.dtype) == (right.shape, right.dtype)
        if right.dtype.kind == "f":
            np.testing.assert_allclose(ours, right, rtol=1e-4, atol=2e-5 * max(1.0, float(np.abs(right).max(initial=0))))
        else:
            np.testing.assert_array_equal(ours, right)


@pytest.mark.parametrize("at", range(len(CASES)), ids=IDS)
def test_as_another_runtime(at: int) -> None:
    data, given = written(at)
    agree(load(io.BytesIO(data))(*(ac.tensor(x) for x in given.values())), run(data, given))


# What is chosen by values, or computed with whole numbers in NumPy, is no graph of operations.
NO_GRAPH = {"ConvInteger", "MatMulInteger", "NonMaxSuppression", "QLinearConv", "QLinearMatMul", "TfIdfVectorizer", "Unique"}


@pytest.mark.parametrize("at", range(len(CASES)), ids=IDS)
def test_written_again(at: int) -> None:
    data, given = written(at, held=True)
    ((name, x),) = given.items()
    net = load(io.BytesIO(data))
    if CASES[at][0] in NO_GRAPH:
        with pytest.raises(OnnxError, match=rf"{CASES[at][0]}|what is different"):
            export(net, ac.tensor(x), input_names=[name])
        return
    agree(net(ac.tensor(x)), run(export(net, ac.tensor(x), input_names=[name]).SerializeToString(), given))
