"""The gradient where there is none: at kinks, ties and borders every library takes a convention, and PyTorch's is ours.

A row is (primitive, inputs, parameters, the gradient of the sum of its result by each input).
"""

from __future__ import annotations

import importlib
import math
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.primitives.primitive import REGISTRY

assert ac.ops  # all are registered
NAN, INF = float("nan"), float("inf")
ROWS: list[tuple[str, list[Any], dict[str, Any], list[Any]]] = [
    ("maximum", [[1.0, 2.0], [1.0, 1.0]], {}, [[0.5, 1.0], [0.5, 0.0]]),
    ("minimum", [[1.0, 2.0], [1.0, 1.0]], {}, [[0.5, 0.0], [0.5, 1.0]]),
    ("fmax", [[1.0, NAN, 1.0, NAN], [NAN, 1.0, 1.0, NAN]], {}, [[1.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 0.0]]),
    ("fmin", [[1.0, NAN, 1.0, NAN], [NAN, 1.0, 1.0, NAN]], {}, [[1.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 0.0]]),
    ("sinc", [[0.0, 1.0, 0.5]], {}, [[0.0, -1.0, -1.273239544735]]),
    ("norm", [[0.0, 0.0]], {"p": 2}, [[0.0, 0.0]]),
    ("norm", [[0.0, 3.0, -1.0]], {"p": 1}, [[0.0, 1.0, -1.0]]),
    ("norm", [[0.0, 0.0]], {"p": 3}, [[0.0, 0.0]]),
    ("norm", [[0.0, 2.0, -1.0]], {"p": 3}, [[0.0, 0.924481699134, -0.231120424784]]),
    ("norm", [[0.0, 2.0, -1.0]], {"p": 0}, [[0.0, 0.0, 0.0]]),
    ("norm", [[0.0, 2.0, -2.0]], {"p": INF}, [[0.0, 0.5, -0.5]]),
    ("norm", [[0.0, 2.0, -1.0]], {"p": 0.5}, [[0.0, 1.707106781187, -2.414213562373]]),
    ("norm", [[0.0, 2.0, -1.0]], {"p": 1.5}, [[0.0, 0.904013403453, -0.639234007865]]),
    ("std", [[2.0, 2.0, 2.0]], {}, [[0.0, 0.0, 0.0]]),
    (
        "xlogy",
        [[0.0, 0.0, 0.0, 2.0], [0.0, 2.0, -1.0, 3.0]],
        {},
        [[0.0, 0.69314718056, 0.0, 1.098612288668], [NAN, 0.0, -0.0, 0.666666666667]],
    ),
    ("atan2", [[0.0, 1.0], [0.0, 1.0]], {}, [[0.0, 0.5], [-0.0, -0.5]]),
    (
        "power_of",
        [[2.0, 0.0, 0.0, -1.0, 0.0], [0.0, 0.0, 2.0, 2.0, 1.0]],
        {},
        [[0.0, 0.0, 0.0, -2.0, 1.0], [0.69314718056, 0.0, 0.0, NAN, 0.0]],
    ),
    ("logit", [[-0.5, 0.5, 1.5]], {}, [[NAN, 4.0, NAN]]),
    ("logit", [[0.01, 0.5, 0.99]], {"eps": 0.1}, [[0.0, 4.0, 0.0]]),
    ("softplus", [[3.0, 1.0, -50.0]], {"beta": 2.0, "threshold": 3.0}, [[1.0, 0.880797077978, 0.0]]),
    ("amax", [[1.0, 3.0, 3.0]], {}, [[0.0, 0.5, 0.5]]),
    ("amin", [[1.0, 1.0, 3.0]], {}, [[0.5, 0.5, 0.0]]),
    ("abs", [[0.0, -0.0, 1.0]], {}, [[0.0, 0.0, 1.0]]),
    ("relu", [[0.0, 1.0, -1.0]], {}, [[0.0, 1.0, 0.0]]),
    ("leaky_relu", [[0.0, 1.0, -1.0]], {"negative_slope": 0.1}, [[0.1, 1.0, 0.1]]),
    ("hardtanh", [[-1.0, 1.0, 0.0, 2.0]], {}, [[0.0, 0.0, 1.0, 0.0]]),
    ("clamp", [[-1.0, 1.0, 0.0, 2.0]], {"min": -1.0, "max": 1.0}, [[1.0, 1.0, 1.0, 0.0]]),
    ("clamp from below", [[1.0, 2.0, 0.0], [1.0, 1.0, 1.0]], {}, [[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    ("clamp from above", [[1.0, 2.0, 0.0], [1.0, 1.0, 1.0]], {}, [[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]),
    ("hardshrink", [[0.5, -0.5, 0.6]], {}, [[0.0, 0.0, 1.0]]),
    ("softshrink", [[0.5, -0.5, 0.6]], {}, [[0.0, 0.0, 1.0]]),
    ("hardsigmoid", [[-3.0, 3.0, 0.0]], {}, [[0.0, 0.0, 0.166666671634]]),
    ("hardswish", [[-3.0, 3.0, 0.0]], {}, [[0.0, 1.0, 0.5]]),
    ("cumprod", [[2.0, 0.0, 3.0, 0.0, 1.0]], {"dim": 0}, [[1.0, 8.0, 0.0, 0.0, 0.0]]),
    ("prod", [[2.0, 0.0, 3.0]], {}, [[0.0, 6.0, 0.0]]),
    ("prod", [[0.0, 0.0, 3.0]], {}, [[0.0, 0.0, 0.0]]),
    ("l1_loss", [[1.0, 2.0], [1.0, 1.0]], {"reduction": "sum"}, [[0.0, 1.0], [-0.0, -1.0]]),
    ("nan_to_num", [[NAN, INF, -INF, 1.0]], {"nan": 2.0}, [[0.0, 0.0, 0.0, 1.0]]),
    ("copysign", [[0.0, 1.0, -2.0], [1.0, -1.0, 0.0]], {}, [[0.0, -1.0, -1.0], [0.0, 0.0, 0.0]]),
    ("hypot", [[0.0, 3.0], [0.0, 4.0]], {}, [[NAN, 0.6], [NAN, 0.8]]),
    ("logsumexp", [[-INF, -INF]], {}, [[NAN, NAN]]),
    ("sqrt", [[0.0, 4.0]], {}, [[INF, 0.25]]),
    ("power", [[0.0, 4.0]], {"exponent": 0}, [[0.0, 0.0]]),
    ("power", [[0.0, 4.0]], {"exponent": 2}, [[0.0, 8.0]]),
    ("power", [[0.0, 4.0]], {"exponent": 0.5}, [[INF, 0.25]]),
    ("threshold", [[0.5, 1.0]], {"threshold": 0.5, "value": 9.0}, [[0.0, 1.0]]),
    ("elu", [[0.0, 1.0, -40.0]], {}, [[1.0, 1.0, 0.0]]),
    ("elu", [[-1.0, 2.0]], {"alpha": 2.0, "scale": 3.0, "input_scale": 0.5}, [[3 * math.exp(-0.5), 3.0]]),
    ("elu", [[-1.0, 2.0]], {"alpha": 2.0, "scale": 3.0, "input_scale": 1.5}, [[9 * math.exp(-1.5), 3.0]]),
    ("std", [[1.0, 1.0]], {"dims": None, "keepdim": False, "correction": 1}, [[0.0, 0.0]]),
    ("std", [[1.0, 3.0]], {"dims": None, "keepdim": False, "correction": 0}, [[-0.5, 0.5]]),
    *[("norm", [[0.0, 0.0]], {"p": p}, [[0.0, 0.0]]) for p in (1.0, 2.0, 3.0, 4.0, INF)],
    ("norm", [[0.0, -2.0]], {"p": 3.0}, [[0.0, -1.0]]),
    ("norm", [[0.0, -2.0]], {"p": 1.0}, [[0.0, -1.0]]),
    ("norm", [[0.0, -2.0]], {"p": 0}, [[0.0, 0.0]]),
    ("norm", [[1.0, -2.0]], {"p": INF}, [[0.0, -1.0]]),
    ("atan2", [[0.0, 3.0], [0.0, 4.0]], {}, [[0.0, 0.16], [0.0, -0.12]]),
    ("sinc", [[0.0, 1.0]], {}, [[0.0, -1.0]]),
    ("cumprod", [3.0], {"dim": 0}, [1.0]),
    *[
        (
            "embedding",
            [[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], np.array([0, 0, 1])],
            {"padding_idx": p, "by_freq": f},
            [[[a, a], [b, b], [0, 0]]],
        )
        for p, f, a, b in ((-1, False, 2.0, 1.0), (-1, True, 1.0, 1.0), (0, False, 0.0, 1.0), (1, True, 1.0, 0.0))
    ],
    ("logcumsumexp", [[-INF, -INF, 0.0]], {"dim": 0}, [[0.0, 0.0, 1.0]]),
    ("xlogy", [[0.0, 2.0], [0.5, 0.5]], {}, [[math.log(0.5), math.log(0.5)], [0.0, 4.0]]),
    ("prelu", [[0.0, 1.0, -1.0], [0.25]], {}, [[0.25, 1.0, 0.25], [-1.0]]),
    ("smooth_l1_loss", [[1.0, 2.0, 5.0], [1.0, 1.0, 1.0]], {"reduction": "sum", "beta": 1.0}, [[0.0, 1.0, 1.0], [0.0, -1.0, -1.0]]),
    ("huber_loss", [[1.0, 2.0, 5.0], [1.0, 1.0, 1.0]], {"reduction": "sum", "delta": 1.0}, [[0.0, 1.0, 1.0], [0.0, -1.0, -1.0]]),
]


def check_row(name: str, inputs: list[Any], params: dict[str, Any], wanted: list[Any], dtype: Any = np.float64) -> None:
    """Plain and recorded backward both give the row's gradients; inputs that are arrays (of integers) take none."""
    for recorded in (False, True):
        given = [ac.tensor(x) if isinstance(x, np.ndarray) else ac.tensor(x, dtype=dtype, requires_grad=True) for x in inputs]
        xs = [x for x in given if x.requires_grad]
        made = REGISTRY[name](*given, **params)
        y = (made[0] if isinstance(made, tuple) else made).sum()
        got = ac.autograd.grad(y, xs, allow_unused=True, materialize_grads=True, create_graph=recorded)
        for i, (g, want) in enumerate(zip(got, wanted, strict=True)):
            found = g.detach().numpy()
            assert np.allclose(found, want, rtol=1e-6, atol=1e-9, equal_nan=True), f"{name}, input {i}: {found} instead of {want}"
        if recorded and np.isfinite(np.concatenate([np.ravel(w) for w in wanted])).all():
            live = [g.sum() for g in got if g.requires_grad]
            again = ac.autograd.grad(live, xs, allow_unused=True, materialize_grads=True) if live else ()
            assert not any(np.isnan(h.numpy()).any() for h in again), f"{name}: the second derivative is nan"


@pytest.mark.parametrize("row", ROWS, ids=[f"{i}-{r[0]}" for i, r in enumerate(ROWS)])
def test_convention(row: Any) -> None:
    check_row(*row)


def test_protocols_that_numpy_asks_for_are_refused_without_a_search(monkeypatch):
    monkeypatch.setattr(importlib.import_module("autograd_cnn.tensor"), "nearest", lambda *_: pytest.fail("searched for a near name"))
    assert np.asarray(ac.ones(2)).tolist() == [1.0, 1.0]
    assert not hasattr(ac.ones(2), "__array_struct__")
