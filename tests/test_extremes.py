"""Large, small and empty numbers: what mathematics keeps finite stays finite, in value and gradient, in both precisions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.nn import functional as F

BIG = [-1e4, -200.0, -1e-30, 0.0, 1e-30, 200.0, 1e4]
FINITE: dict[str, Callable[[Any], Any]] = {
    "sigmoid": ac.sigmoid, "tanh": ac.tanh, "softplus": F.softplus, "logsigmoid": F.logsigmoid, "silu": F.silu, "mish": F.mish, "gelu": F.gelu,
    "elu": F.elu, "selu": F.selu, "celu": F.celu, "hardswish": F.hardswish, "softmax": lambda x: x.softmax(0),
    "log_softmax": lambda x: x.log_softmax(0), "logsumexp": lambda x: x.logsumexp(0), "logcumsumexp": lambda x: x.logcumsumexp(0),
    "logaddexp": lambda x: ac.logaddexp(x, x.flip(0)), "hypot": lambda x: ac.hypot(x, x + 1), "softsign": F.softsign, "asinh": ac.asinh,
    "bce_with_logits": lambda x: F.binary_cross_entropy_with_logits(x, (x > 0).to(x.dtype)),
    "bce_with_logits against": lambda x: F.binary_cross_entropy_with_logits(x, (x < 0).to(x.dtype)),
    "cross_entropy": lambda x: F.cross_entropy(x.unsqueeze(0), ac.tensor([2])), "smooth_l1": lambda x: F.smooth_l1_loss(x, x * 0),
    "huber": lambda x: F.huber_loss(x, x * 0), "soft_margin": lambda x: F.soft_margin_loss(x, x.sign()), "atan": ac.atan, "erf": ac.erf,
    "normalize": lambda x: F.normalize(x, dim=0), "layer_norm": lambda x: F.layer_norm(x, (7,)), "norm": lambda x: x.norm(),
}  # fmt: skip


@pytest.mark.parametrize("dtype", [ac.float32, ac.float64])
@pytest.mark.parametrize("name", FINITE)
def test_stays_finite(name: str, dtype: Any) -> None:
    x = ac.tensor(BIG, dtype=dtype, requires_grad=True)
    y = FINITE[name](x)
    assert y.isfinite().all(), f"{name}: {y}"
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all(), f"{name}: gradient {x.grad}"


def test_known_values_at_the_ends() -> None:
    x = ac.tensor([-1000.0, 1000.0], dtype=ac.float64)
    assert F.softplus(x).tolist() == [0.0, 1000.0]
    assert F.logsigmoid(x).tolist() == [-1000.0, 0.0]
    assert x.softmax(0).tolist() == [0.0, 1.0]
    assert x.log_softmax(0).tolist() == [-2000.0, 0.0]
    assert float(x.logsumexp(0)) == 1000.0
    assert math.isclose(float(F.binary_cross_entropy_with_logits(x, ac.tensor([1.0, 0.0], dtype=ac.float64))), 1000.0)
    assert ac.sigmoid(x).tolist() == [0.0, 1.0]
    assert ac.expm1(ac.tensor(1e-20, dtype=ac.float64)).item() == 1e-20
    assert ac.log1p(ac.tensor(1e-20, dtype=ac.float64)).item() == 1e-20


def test_all_infinite_and_empty() -> None:
    low = ac.full((3,), -math.inf)
    assert float(low.logsumexp(0)) == -math.inf
    assert float(ac.zeros(0).sum()) == 0.0
    assert float(ac.zeros(0).prod()) == 1.0
    assert math.isnan(float(ac.zeros(0).mean()))
    assert ac.zeros(0, 3).softmax(1).shape == (0, 3)
    with pytest.raises((RuntimeError, IndexError), match=r"dim|reduc|element|empty"):
        ac.zeros(0, 3).max(dim=0)
    x = ac.zeros(0, 3, requires_grad=True)
    (x.exp() @ ac.ones(3, 2)).sum().backward()
    assert x.grad is not None
    assert x.grad.shape == (0, 3)


def test_subnormal_numbers_survive() -> None:
    tiny = float(np.finfo(np.float64).smallest_subnormal)
    x = ac.tensor([tiny], dtype=ac.float64)
    assert (x + 0).item() == tiny
    assert x.relu().item() == tiny
