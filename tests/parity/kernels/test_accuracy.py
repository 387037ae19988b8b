"""Errors of float32 against float64, beside PyTorch's on the same input: at most twice as large, in value and gradient.

Curves are walked over the whole range of float32. Sums, norms, normalisations and losses get many entries, far means, and entries near
both ends of the range. Where PyTorch itself has no number, ours may be right.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.kernels.onednn import library

torch = pytest.importorskip("torch")

EPS = float(np.finfo(np.float32).eps)
TINY = float(np.finfo(np.float32).tiny)
BACKENDS = ["numpy", pytest.param("onednn", marks=pytest.mark.skipif(library.library() is None, reason=library.reason()))]
Program = Callable[..., Any]


def results(m: Any, fn: Program, arrays: tuple[np.ndarray, ...], dtype: Any, of_each: bool) -> list[np.ndarray]:
    """The result and its gradients: of each entry by itself, or of Σ y cos i."""
    inputs = [m.from_numpy(a.astype(dtype)).requires_grad_(True) for a in arrays]
    y = fn(m, *inputs)
    found = [y.detach().numpy()]
    if y.requires_grad:
        weights = np.ones(tuple(y.shape)) if of_each else np.cos(np.arange(y.numel())).reshape(tuple(y.shape))
        found += [g.numpy() for g in m.autograd.grad(y, inputs, m.from_numpy(weights.astype(dtype)))]
    return found


def three(fn: Program, arrays: tuple[np.ndarray, ...], backend: str, of_each: bool = False) -> Any:
    with ac.use_backend(backend):
        ours = results(ac, fn, arrays, np.float32, of_each)
    return zip(ours, results(torch, fn, arrays, np.float32, of_each), results(torch, fn, arrays, np.float64, of_each), strict=True)


# ------------------------------------------------------------------------------------------------- curves
def line() -> np.ndarray:
    powers = np.concatenate([[0.0, 1e-45, 1e-42, 1e-40], np.logspace(-37, 38, 151), [np.inf, 0.99999994, 1.0000001]])
    near = np.concatenate([np.linspace(-30, 30, 601), np.linspace(-110, 110, 441)])
    return np.concatenate([powers, -powers, near, [np.nan]]).astype(np.float32)


TOP = """sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh sinc exp exp2 expm1 log log2 log10 log1p sqrt rsqrt reciprocal square
         abs sigmoid erf erfc erfinv""".split()
FUNCTIONAL = """relu relu6 elu selu celu gelu silu mish softplus logsigmoid softsign hardswish hardtanh leaky_relu tanhshrink softshrink
                hardshrink""".split()
CURVES: dict[str, Program] = {
    **{n: lambda m, x, n=n: getattr(m, n)(x) for n in TOP},
    **{n: lambda m, x, n=n: getattr(m.nn.functional, n)(x) for n in FUNCTIONAL},
    "gelu by tanh": lambda m, x: m.nn.functional.gelu(x, approximate="tanh"),
    "softplus 2": lambda m, x: m.nn.functional.softplus(x, 2.0, 10.0),
    "square root": lambda m, x: x**0.5,
    "inverse": lambda m, x: x**-1,
    "power": lambda m, x: x**1.7,
    "of two": lambda m, x: 2**x,
}
# What value and slope may be off by besides, in roundings of 1: a slope told from a result near ±1, x − tanh x, the root of a slope
SLACK = {"tanh": (0, 2), "expm1": (0, 2), "tanhshrink": (1, 2), "silu": (0, 0.2)}


def bell(x: np.ndarray) -> np.ndarray:
    return np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def below(x: np.ndarray) -> np.ndarray:
    """The normal distribution function."""
    return np.vectorize(lambda v: math.erfc(-v / math.sqrt(2)) / 2)(x)


def steep(x: np.ndarray) -> np.ndarray:
    """σ(2u) of gelu's approximation."""
    return 1 / (1 + np.exp(-math.sqrt(8 / math.pi) * (x + 0.044715 * x**3)))


# Where PyTorch's float64 cancels, too: value and slope
KNOWN: dict[str, tuple[Any, Any]] = {
    "gelu": (lambda x: x * below(x), lambda x: below(x) + x * bell(x)),
    "gelu by tanh": (
        lambda x: x * steep(x),
        lambda x: steep(x) + x * steep(x) * steep(-x) * math.sqrt(8 / math.pi) * (1 + 3 * 0.044715 * x * x),
    ),
    "softsign": (lambda x: x / (1 + abs(x)), lambda x: (1 + abs(x)) ** -2.0),
}


def room_of(theirs: np.ndarray, right: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Twice the largest error of PyTorch near each place, and a few roundings."""
    with np.errstate(all="ignore"):
        error = np.abs(theirs.astype(np.float64) - right)
        relative = np.where(np.isfinite(error) & (right != 0), error / np.abs(right), 0.0)
    order = np.argsort(np.abs(x), kind="stable")
    padded = np.pad(relative[order], 12, mode="edge")
    local = np.lib.stride_tricks.sliding_window_view(padded, 25).max(-1)
    room = np.empty_like(local)
    room[order] = local
    return (2 * room + 4 * EPS) * np.abs(right) + TINY


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", CURVES)
def test_curve(name: str, backend: str) -> None:
    x = np.tile(line(), 1 if backend == "numpy" else 8)  # large enough for oneDNN
    for order, (ours, theirs, right) in enumerate(three(CURVES[name], (x,), backend, of_each=True)):
        with np.errstate(all="ignore"):
            if name in KNOWN:
                right = KNOWN[name][order](x.astype(np.float64))
            single = right.astype(np.float32)
            slack = EPS * SLACK.get(name, (0, 0))[order]
            same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs)) | (ours == single)
            good = same | (np.abs(ours - right) <= room_of(theirs, right, x) + slack) | ~np.isfinite(right)
        if name == "sinc":  # float64 cancels there as well; tests/ops/test_extremes.py has the right values
            good |= np.abs(x) < 1e-3
        if order:  # PyTorch's slopes at NaN are others in its vectors than at their ends
            good |= np.isnan(x)
        bad = np.flatnonzero(~good)[:4]
        assert not len(bad), f"derivative {order} of {name} at {x[bad]}: {ours[bad]}, PyTorch {theirs[bad]}, right {right[bad]}"


# ------------------------------------------------------------------------------------------------- sums, norms, losses
def normal(*shape: int, mean: float = 0.0, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).standard_normal(shape) + mean).astype(np.float32)


F: Callable[[Any], Any] = lambda m: m.nn.functional
LONG: dict[str, tuple[Program, tuple[int, ...]]] = {
    "cumsum": (lambda m, x: x.cumsum(0)[::1009], (1_000_001,)),
    "cumsum of rows": (lambda m, x: x.cumsum(0)[::101], (30_000, 3)),
    "cumprod": (lambda m, x: (x * 1e-3 + 1).cumprod(0)[::101], (30_000,)),
    "prod": (lambda m, x: (x * 1e-3 + 1).prod(), (30_000,)),
    "logcumsumexp": (lambda m, x: x.logcumsumexp(0)[::101], (30_000,)),
    "sum": (lambda m, x: x.sum(), (1_000_001,)),
    "sum of rows": (lambda m, x: x.sum(0), (300_000, 3)),
    "mean of rows": (lambda m, x: x.mean(0), (300_000, 3)),
    "sum over images": (lambda m, x: x.sum((0, 2, 3)), (16, 5, 64, 64)),
    "sum of columns": (lambda m, x: x.T.sum(1), (3, 300_000)),
    "var of rows": (lambda m, x: x.var(0), (300_000, 3)),
    "norm of rows": (lambda m, x: x.norm(dim=0), (300_000, 3)),
    "norm 3": (lambda m, x: x.norm(3), (1_000_001,)),
    "logsumexp": (lambda m, x: x.logsumexp(0), (300_000, 3)),
    "softmax": (lambda m, x: x.softmax(0)[::1009], (300_000, 3)),
    "log_softmax": (lambda m, x: x.log_softmax(1)[:, ::1009], (2, 300_000)),
    "mse": (lambda m, x: F(m).mse_loss(x, x.detach() * 0.5), (1_000_001,)),
    "batch_norm": (lambda m, x: F(m).batch_norm(x, None, None, training=True), (16, 8, 64, 64)),
    "batch_norm of few": (lambda m, x: F(m).batch_norm(x, None, None, training=True), (32, 3, 17, 15)),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", LONG)
def test_many_entries(name: str, backend: str) -> None:
    fn, shape = LONG[name]
    compare(name, fn, (normal(*shape, mean=1.0),), backend)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("mean", [0.0, 1.0, 30.0])
@pytest.mark.parametrize("shape", [(16, 8, 64, 64), (32, 3, 17, 15), (8, 64, 8, 8)])
def test_gradients_of_a_batch_norm(shape: tuple[int, ...], mean: float, backend: str) -> None:
    def fn(m: Any, x: Any, weight: Any, bias: Any, c: Any) -> Any:
        return (F(m).batch_norm(x, None, None, weight, bias, training=True) * c).sum()

    compare(
        "batch_norm",
        fn,
        (normal(*shape, mean=mean), normal(shape[1], mean=1.0), normal(shape[1]), normal(*shape, mean=0.5, seed=1)),
        backend,
    )


FAR: dict[str, tuple[Program, tuple[int, ...]]] = {
    "var": (lambda m, x: x.var(1), (8, 1000)),
    "std": (lambda m, x: x.std(1), (8, 1000)),
    "layer_norm": (lambda m, x: F(m).layer_norm(x, (1000,)), (8, 1000)),
    "layer_norm of short rows": (lambda m, x: F(m).layer_norm(x, (16,)), (300, 16)),
    "group_norm": (lambda m, x: F(m).group_norm(x, 2), (4, 8, 16, 16)),
    "instance_norm": (lambda m, x: F(m).instance_norm(x), (4, 8, 16, 16)),
    "batch_norm": (lambda m, x: F(m).batch_norm(x, None, None, training=True), (32, 3, 16, 16)),
    "batch_norm of features": (lambda m, x: F(m).batch_norm(x, None, None, training=True), (64, 30)),
    "batch_norm of channels": (lambda m, x: F(m).batch_norm(x, None, None, training=True), (8, 64, 8, 8)),
    "logsumexp": (lambda m, x: x.logsumexp(1), (8, 100)),
    "softmax": (lambda m, x: x.softmax(1), (8, 100)),
    "cosine": (lambda m, x: F(m).cosine_similarity(x, x.flip(0)), (8, 100)),
    "cov": (lambda m, x: m.cov(x), (3, 1000)),
    "corrcoef": (lambda m, x: m.corrcoef(x), (3, 1000)),
    "cdist": (lambda m, x: m.cdist(x, x.flip(0)), (30, 10)),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("mean", [1e2, 1e4, 1e5])
@pytest.mark.parametrize("name", FAR)
def test_far_mean(name: str, mean: float, backend: str) -> None:
    fn, shape = FAR[name]
    compare(name, fn, (normal(*shape, mean=mean),), backend, values_only=True)


SIZED: dict[str, Program] = {
    **{f"norm {p:g}": lambda m, x, p=p: x.norm(p, dim=1) for p in (2, 1, 3, 0.5, math.inf, -math.inf)},
    "normalize": lambda m, x: F(m).normalize(x),
    "cosine": lambda m, x: F(m).cosine_similarity(x, x * 0.5 + x.flip(0) * 0.5),
    "hypot": lambda m, x: m.hypot(x, x * 2),
    "atan2": lambda m, x: m.atan2(x, x * 2),
    "std": lambda m, x: x.std(1),
    "var": lambda m, x: x.var(1),
    "mean": lambda m, x: x.mean(1),
    "sum": lambda m, x: x.sum(1),
    "layer_norm": lambda m, x: F(m).layer_norm(x, (100,)),
    "rms_norm": lambda m, x: F(m).rms_norm(x, (100,)),
    "batch_norm": lambda m, x: F(m).batch_norm(x, None, None, training=True),
    "lrn": lambda m, x: F(m).local_response_norm(x[:, :, None], 3),
    "pairwise": lambda m, x: F(m).pairwise_distance(x, x.flip(0)),
    "cdist": lambda m, x: m.cdist(x, x.flip(0) * 0.5),
    "dist": lambda m, x: m.dist(x, x.flip(0)),
    "avg_pool": lambda m, x: F(m).avg_pool1d(x[None], 4),
    "adaptive": lambda m, x: F(m).adaptive_avg_pool1d(x[None], 3),
    "max_pool": lambda m, x: F(m).max_pool1d(x[None], 3),
    "lp_pool": lambda m, x: F(m).lp_pool1d(x[None], 2, 4),
    "logsumexp": lambda m, x: x.logsumexp(1),
    "logaddexp": lambda m, x: m.logaddexp(x, x.flip(1)),
    "product": lambda m, x: x * x.flip(1),
    "quotient": lambda m, x: x / x.flip(1),
    "linear": lambda m, x: F(m).linear(x, x),
    "softmin": lambda m, x: F(m).softmin(x, 1),
    "bce": lambda m, x: F(m).binary_cross_entropy_with_logits(x, (x > 0).to(x.dtype), reduction="none"),
    "cross_entropy": lambda m, x: F(m).cross_entropy(x, m.arange(8), reduction="none"),
    "trapezoid": lambda m, x: m.trapezoid(x, dim=1),
    "lerp": lambda m, x: m.lerp(x, x.flip(1), 0.7),
    "interpolate": lambda m, x: F(m).interpolate(x[None], scale_factor=1.7, mode="linear"),
    "huber": lambda m, x: F(m).huber_loss(x, x.flip(1).detach(), reduction="none"),
    "kl": lambda m, x: F(m).kl_div(x.log_softmax(1), x.flip(0).softmax(1), reduction="none"),
    "conv": lambda m, x: F(m).conv1d(x.reshape(2, 4, 100), x[:, :12].reshape(8, 4, 3)),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("size", [1e-30, 1e-22, 1.0, 1e18, 1e25])
@pytest.mark.parametrize("name", SIZED)
def test_size(name: str, size: float, backend: str) -> None:
    compare(name, SIZED[name], ((normal(8, 100).clip(-3, 3) / 3).astype(np.float32) * np.float32(size),), backend)


def compare(name: str, fn: Program, arrays: tuple[np.ndarray, ...], backend: str, values_only: bool = False) -> None:
    for i, (ours, theirs, right) in enumerate(three(fn, arrays, backend)):
        if i and values_only:  # gradients there are off by the rounding of the mean itself, in either
            break
        with np.errstate(all="ignore"):
            fine = np.isfinite(right.astype(np.float32))
            lost = ~np.isfinite(ours) & np.isfinite(theirs)
        scale = np.abs(right[fine]).max(initial=0)

        def off(y: np.ndarray, fine: np.ndarray = fine, right: np.ndarray = right) -> float:
            return float(np.abs(y.astype(np.float64) - right)[fine & np.isfinite(y)].max(initial=0))

        told = f"{name} [{i}]: off by {off(ours):.3g}, PyTorch by {off(theirs):.3g}, of {scale:.3g}"
        assert not lost.any(), f"{told}; {lost.sum()} are no numbers"
        assert off(ours) <= 2 * off(theirs) + 4 * EPS * scale, told
