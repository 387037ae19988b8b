"""NaN, infinities and ties, beside PyTorch: values, indices and gradients."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac

torch = pytest.importorskip("torch")

NAN, INF = math.nan, math.inf
ROWS = [
    [1.0, 1, 1],
    [2.0, 1, 1, 2],
    [NAN, 1, 2],
    [1.0, NAN, NAN],
    [NAN, NAN, NAN],
    [INF, -INF, INF],
    [INF, NAN, -INF],
    [0.0, -0.0, 0.0],
    [3.0, 3, 1, 1, 2],
    [5.0, 4, NAN, 4, 5, INF],
    [-INF, -INF, 1],
    [1.0, 2, 2, 3, 3, 3, 2],
    [INF, INF],
]
F: Callable[[Any], Any] = lambda m: m.nn.functional
ALL = "median nanmedian max min argmax argmin nansum sum mean var std prod norm trapezoid cumulative_trapezoid diff nan_to_num sign round".split()
ALONG = "median nanmedian max min sort cummax cummin cumsum cumprod softmax log_softmax logsumexp".split()
PROGRAMS: dict[str, Callable[..., Any]] = {
    **{n: lambda m, x, n=n: getattr(m, n)(x) for n in ALL},
    **{f"{n} along": lambda m, x, n=n: getattr(m, n)(x, dim=0) for n in ALONG},
    **{
        f"quantile {q} {how}": lambda m, x, q=q, how=how: m.quantile(x, q, interpolation=how)
        for q in (0.0, 0.3, 1.0)
        for how in ("linear", "lower", "higher", "midpoint", "nearest")
    },
    "nanquantile": lambda m, x: m.nanquantile(x, 0.3),
    "sort down": lambda m, x: m.sort(x, descending=True, stable=True),
    "trapezoid dx": lambda m, x: m.trapezoid(x, dx=0.3),
    "trapezoid x": lambda m, x: m.trapezoid(x, m.arange(float(x.shape[0])) ** 2),
    "trapezoid by itself": lambda m, x: m.trapezoid(x, x.detach()),
    "cumulative by itself": lambda m, x: m.cumulative_trapezoid(x, x.detach()),
    "trapezoid over it": lambda m, x: m.trapezoid(m.ones(x.shape[0], requires_grad=True), x),
    "kthvalue": lambda m, x: m.kthvalue(x, 2)[0].detach(),
    "topk": lambda m, x: m.topk(x, 2)[0].detach(),
    "least": lambda m, x: m.topk(x, 2, largest=False)[0].detach(),
    "max_pool": lambda m, x: F(m).max_pool1d(x[None, None], 2, 1, return_indices=True),
    "adaptive": lambda m, x: F(m).adaptive_max_pool1d(x[None, None], 2, return_indices=True),
    "maximum": lambda m, x: m.maximum(x, x.flip(0)),
    "fmax": lambda m, x: m.fmax(x, x.flip(0)),
    "clamp": lambda m, x: x.clamp(0, 2),
    "norm inf": lambda m, x: x.norm(INF),
    "norm -inf": lambda m, x: x.norm(-INF),
    "atan2": lambda m, x: m.atan2(x, x.flip(0)),
    "hypot": lambda m, x: m.hypot(x, x.flip(0)),
    "logaddexp": lambda m, x: m.logaddexp(x, x.flip(0)),
    "pow": lambda m, x: m.pow(x, x.flip(0)),
    "fmod": lambda m, x: m.fmod(x, x.flip(0)),
    "remainder": lambda m, x: m.remainder(x, x.flip(0)),
    "xlogy": lambda m, x: m.xlogy(x, x.flip(0)),
    "lerp": lambda m, x: m.lerp(x, x.flip(0), 0.3),
    "normalize": lambda m, x: F(m).normalize(x, dim=0),
    "rsqrt": lambda m, x: x**-0.5,
    "unique": lambda m, x: m.unique(x.detach(), return_counts=True, return_inverse=True),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_ends(name: str) -> None:
    for row in ROWS:
        found = []
        for m in (ac, torch):
            x = m.tensor(row, requires_grad=True)
            y = PROGRAMS[name](m, x)
            parts = list(y) if isinstance(y, tuple) else [y]
            arrays = [np.asarray(p.detach().numpy()) for p in parts]
            if parts[0].requires_grad:
                parts[0].sum().backward()
                arrays.append(np.zeros(len(row)) if x.grad is None else x.grad.numpy())
            found.append(arrays)
        assert len(found[0]) == len(found[1]), f"{name} of {row}"
        for ours, theirs in zip(*found, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6, err_msg=f"{name} of {row}")
