"""Every primitive's rule for ONNX, tested by its own cases: what another runtime makes of the file is what the kernel gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.onnx.export import model_of
from autograd_cnn.primitives.primitive import REGISTRY
from autograd_cnn.tensors.tensor import wrap
from autograd_cnn.testing import RandomDraw

from .runtime import run

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

assert ac.ops
NAMES = sorted(n for n, p in REGISTRY.items() if p.__module__.startswith("autograd_cnn."))
# What has no rule, and why. (Adjoints are what backward passes are made of; a file holds forward passes.)
NO_OPERATOR = (
    "cholesky eigh inv qr solve svd".split(),
    ["qr complete", "svd full", "nuclear norm"],
)
BACKWARD = (
    "adaptive_spread conv_weight conv_weight_bias window_spread".split(),
    ["cross_entropy adjoint", "gelu slope", "mish slope", "nll_loss adjoint", "silu slope", "sinc slope"],
)
WITHOUT = {
    **dict.fromkeys([n for names in NO_OPERATOR for n in names], "no operator of ONNX does it"),
    **dict.fromkeys([n for names in BACKWARD for n in names], "part of a backward pass"),
    "data": "writes that no graph knows of",
    "derived": "a Python function of values",
    "exchanged": "an assignment to .data",
    "sampled": "numbers that were drawn before",
}
REFUSED = {
    "scatter_reduce": "include_self",
    "cross_entropy": "label smoothing",
    "einsum": "ellipses",
    "median": "skip_nan",
    "median_dim": "skip_nan",
    "window_sum": "ceil_mode",
    "conv_input": "output_padding",
    "unique": "of neighbours alone",
    "round": "tens",
}
LOOSE = {"norm", "logsumexp", "std", "var", "power", "power_of", "sinc", "cumprod", "prod", "resample"}
FIRST_ONLY = {"local_response_norm", "adaptive_max_pool", "l1_loss"}  # the others are for the backward pass
UNKNOWN_ORDER = {"sort": (1,), "topk": (1,), "kthvalue": (1,), "median_dim": (1,)}  # where ties stand


def test_every_primitive_has_a_rule_or_a_reason() -> None:
    without = {n for n in NAMES if REGISTRY[n].onnx_rule is None and not n.endswith(("_adjoint", "_adjoints"))}
    assert without == set(WITHOUT)


def traced(prim: Any, case: Any, first: bool = False) -> tuple[Any, Any, list[Any]]:
    arrays = [x for x in case.inputs if isinstance(x, np.ndarray)]

    def fn(*given: Any) -> Any:
        left = iter(given)
        y = prim(*[next(left) if isinstance(x, np.ndarray) else x for x in case.inputs], **case.params)
        return y[0] if first else y

    tensors = [wrap(np.array(a, order="C")) for a in arrays]
    with ac.no_grad():
        return ac.trace(fn, *tensors), fn(*tensors), arrays


@pytest.mark.parametrize("opset", [18, 21])
@pytest.mark.parametrize("name", [n for n in NAMES if REGISTRY[n].onnx_rule is not None and n != "dropout"])
def test_another_runtime_agrees(name: str, opset: int) -> None:
    prim, done = REGISTRY[name], 0
    assert prim.draw_case is not None
    for seed in range(8):
        case = prim.draw_case(RandomDraw(seed, dtype=np.float32))
        graph, expected, arrays = traced(prim, case, first=name in FIRST_ONLY)
        try:
            model = model_of(
                [graph],
                opset=opset,
                named={},
                inputs=[f"x{i}" for i in range(len(arrays))],
                outputs=[f"y{i}" for i in range(len(graph.outputs))],
                symbols={},
            )
        except ac.onnx.OnnxError as error:
            if REFUSED.get(name, "no such words") not in str(error):
                raise
            continue
        wanted = expected if isinstance(expected, tuple) else (expected,)
        got = run(model, arrays)
        assert len(got) == len(wanted)
        for k, (y, want) in enumerate(zip(got, wanted, strict=True)):
            if y is None or k in UNKNOWN_ORDER.get(name, ()):
                continue
            right = np.asarray(want.numpy())
            assert y.dtype == right.dtype
            assert y.shape == right.shape
            tight = (1e-3, 1e-4) if name in LOOSE else (1e-4, 2e-5)
            np.testing.assert_allclose(y, right, rtol=tight[0], atol=tight[1], err_msg=f"{case!r}")
        done += 1
    assert done
