"""ONNX's own tests of backends."""

from __future__ import annotations

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
    *(f"{name}_fp16{way}" for name in ("attention_4d_causal", "causal_conv_with_state_silu") for way in ("", "_expanded")),
    *("dft_inverse", "dft_inverse_opset19"),  # an exact 0 where the case has a float32's rounding
    "loop16_seq_none",
]


@pytest.mark.slow
def test_nodes() -> None:
    passed, total, bad, ways = report(["Node"])["Node"]
    # what is drawn by chance, what can be only as inexact as ONNX's own numbers, and what its harness cannot compare
    apart = {n for n, _ in bad}
    assert apart <= {f"test_{n}_cpu" for n in UNLIKE}, f"{passed} of {total}: {bad}"
    assert sum(ways.values()) == passed and passed - ways[REFERENCE] >= 1855, ways


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["PyTorchConverted", "PyTorchOperator", "Simple"])
def test_what_pytorch_wrote(kind: str) -> None:
    passed, total, bad, _ = report([kind])[kind]
    assert total > 10 and passed == total, bad


def test_one_node() -> None:
    node = onnx.helper.make_node("Add", ["a", "b"], ["c"])
    (y,) = AutogradBackend.run_node(node, [np.float32([1, 2]), np.float32([3, 4])])
    assert y.tolist() == [4.0, 6.0]
    assert AutogradBackend.supports_device("CPU") and not AutogradBackend.supports_device("CUDA")


def test_the_report_counts(capsys: Any) -> None:
    assert main(["Node", "--only", "test_relu", "--report"]) == 0
    assert capsys.readouterr().out.startswith("Node: ")
