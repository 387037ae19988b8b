"""ONNX's own tests of backends."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

from autograd_cnn.onnx.backend import REFERENCE, AutogradBackend, main, report  # noqa: E402


@pytest.mark.parametrize(
    "part",
    [
        "test_basic_conv",
        "test_convtranspose_",
        "_maxpool_",
        "_averagepool_",
        "_gemm_",
        "_softmax_",
        "_reduce_sum_",
        "_lstm_",
        "_resize_",
        "_pow_",
        "_layer_normalization_4d",
    ],
)
def test_operators(part: str) -> None:
    passed, total, bad, _ = report(["Node"], part)["Node"]
    assert total > 1
    assert not bad, bad
    assert passed == total


UNLIKE = [
    *(f"bernoulli{kind}{way}" for kind in ("", "_double", "_seed") for way in ("", "_expanded")),
    *(f"training_dropout{kind}" for kind in ("", "_default", "_default_mask", "_mask")),
    *("attention_4d_causal_fp16", "attention_4d_causal_fp16_expanded"),
    *("dft_inverse", "dft_inverse_opset19"),  # a 0 that is exact where the case's is rounded
    "loop16_seq_none",
]


@pytest.mark.slow
def test_nodes() -> None:
    passed, total, bad, ways = report(["Node"])["Node"]
    # what is drawn by chance, what is rounded otherwise than in ONNX's own numbers, and what its harness cannot compare
    apart = {n for n, _ in bad}
    assert apart <= {f"test_{n}_cpu" for n in UNLIKE}, f"{passed} of {total}: {bad}"
    assert sum(ways.values()) == passed and passed - ways[REFERENCE] >= 1855, ways


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["PyTorchConverted", "PyTorchOperator", "Simple"])
def test_what_pytorch_wrote(kind: str) -> None:
    passed, total, bad, _ = report([kind])[kind]
    assert total > 10 and passed == total, bad


def case(name: str) -> tuple[Any, list[Any], list[Any]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import onnx.backend.test.case.node as node

        found = next(c for c in node.collect_testcases(None) if c.name == name)
    given, expected = found.data_sets[0]
    return found.model, list(given), list(expected)


@pytest.mark.parametrize("name", ["attention_4d_causal_fp16", "dft_inverse", "dft_inverse_opset19"])
def test_where_numbers_differ_it_is_by_rounding(name: str) -> None:
    model, given, expected = case(f"test_{name}")
    ours = AutogradBackend.run_model(model, given)[0].astype(np.float64)
    wide = [x.astype(np.float64) if x.dtype.kind == "f" else x for x in given]
    exact = AutogradBackend.run_model(model, wide)[0].astype(np.float64)
    right = expected[0].astype(np.float64)
    assert np.abs(ours - exact).max() <= max(np.abs(right - exact).max(), np.finfo(expected[0].dtype).eps * np.abs(exact).max())


def test_a_sequence_that_grows_in_a_loop() -> None:
    model, given, expected = case("test_loop16_seq_none")  # its harness cannot compare numbers without dims
    (found,) = AutogradBackend.run_model(model, given)
    assert [np.asarray(y).tolist() for y in found] == [np.asarray(y).tolist() for y in expected[0]]


def test_one_node() -> None:
    node = onnx.helper.make_node("Add", ["a", "b"], ["c"])
    (y,) = AutogradBackend.run_node(node, [np.float32([1, 2]), np.float32([3, 4])])
    assert y.tolist() == [4.0, 6.0]
    assert AutogradBackend.supports_device("CPU") and not AutogradBackend.supports_device("CUDA")


def test_the_report_counts(capsys: Any) -> None:
    assert main(["Node", "--only", "test_relu", "--report"]) == 0
    assert capsys.readouterr().out.startswith("Node: ")
