"""A case of each kind of arguments of oneDNN's kernels, and what is right for it, by NumPy in float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from autograd_cnn.kernels.onednn import binary, conv, eltwise, matmul, norm, pool, softmax
from autograd_cnn.kernels.onednn.plain import to_plain
from autograd_cnn.kernels.reference.pooling import places
from tests import oracles
from tests.kernels.backends import normal

EPS = 0.25  # large beside a variance of 1: where it is left out or added twice, it shows


class Kernel(NamedTuple):
    """A kernel, a case of each of its kinds of arguments, and what is right."""

    run: Callable[..., Any]
    arrays: tuple[Any, ...]
    right: Callable[..., Any]  # of the same in float64
    any_order: tuple[int, ...] = ()  # arguments that may stand in memory in any order
    last: tuple[int, ...] = ()  # arguments that may have their channels last
    work: int = 10  # operations for each entry of the first argument, by which threads are counted


def first(found: Any) -> Any:
    return found[0] if isinstance(found, tuple) else found


def sums(x: Any, *axes: int) -> Any:
    return x.sum(axes, keepdims=True)


def means(x: Any, *axes: int) -> Any:
    return x.mean(axes, keepdims=True)


def normalized(x: Any, axes: tuple[int, ...]) -> tuple[Any, Any]:
    inv = 1 / np.sqrt(x.var(axes, keepdims=True) + EPS)
    return (x - means(x, *axes)) * inv, inv


def normalized_adjoint(g: Any, x: Any, axes: tuple[int, ...]) -> Any:
    hat, inv = normalized(x, axes)
    return (g - means(g, *axes) - hat * means(g * hat, *axes)) * inv


def softmaxed(x: Any) -> Any:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / sums(e, -1)


def channel(v: Any, x: Any) -> Any:
    return v.reshape(-1, *(1,) * (x.ndim - 2))


ROWS, MAPS = (70, 120), (2, 6, 28, 25)  # 8400 entries: above each kernel's least size
PAIRS = ((1, 1), (0, 1))
CONV = ((2, 1), PAIRS, (1, 2), 2)  # stride, padding, dilation, groups
X, W, Y = (2, 6, 13, 14), (10, 3, 3, 2), (2, 10, 7, 13)
POOL = ((3, 2), (2, 2), (1, 0))
POOLED = (2, 6, 14, 12)
TWO = (0, 2, 3)


def inv_of(x: Any, axes: tuple[int, ...]) -> Any:
    return (1 / np.sqrt(x.astype(float).var(axes) + EPS)).astype(np.float32)


def averaged(x: Any, include: bool) -> Any:
    padding = ((1, 1), (0, 0))
    count = oracles.sum_pool(np.ones_like(x), *POOL[:2], padding, POOLED[2:])
    return oracles.sum_pool(x, *POOL[:2], padding, POOLED[2:]) / (6 if include else count)


def averaged_adjoint(g: Any, include: bool) -> Any:
    padding = ((1, 1), (0, 0))
    count = oracles.sum_pool(np.ones(MAPS), *POOL[:2], padding, POOLED[2:])
    return oracles.sum_pool_transposed(g / (6 if include else count), MAPS, *POOL[:2], padding)


def pooled(x: Any) -> Any:
    return oracles.max_pool(x, *POOL[:2], ((1, 1), (0, 0)), (1, 1), POOLED[2:])


def kernels() -> dict[str, Kernel]:
    x, g, m, n = normal(*ROWS), normal(*ROWS)[::-1].copy(), normal(*MAPS), normal(*MAPS)[::-1].copy()
    row, each, other = normal(ROWS[1]), normal(6), normal(7)[1:]
    long, wide = normal(1100, 120), normal(90, 120)
    w, b, cx, cg = normal(*W), normal(10), normal(*X), normal(*Y)
    relu = np.maximum(x, 0)
    p, logp = softmaxed(x.astype(float)).astype(np.float32), np.log(softmaxed(x.astype(float))).astype(np.float32)
    mean, inv = m.mean(TWO), inv_of(m, TWO)
    both = {"last": (0, 1), "any_order": (1,)}
    return {
        "add": Kernel(binary.add, (x, g), np.add, any_order=(1,)),
        "add, maps": Kernel(binary.add, (m, n), np.add, **both),
        "multiply": Kernel(binary.multiply, (x, g), np.multiply, any_order=(1,)),
        "multiply, maps": Kernel(binary.multiply, (m, n), np.multiply, **both),
        "scaled product": Kernel(lambda a, b: binary.scaled_product(a, b, 2.5), (m, n), lambda a, b: a * b * 2.5, **both),
        "add into": Kernel(lambda a, b: binary.add_into(a.copy(), b), (x, g), np.add, any_order=(0, 1)),
        "add rows": Kernel(binary.add, (x, row), np.add),
        "multiply rows": Kernel(binary.multiply, (x, row), np.multiply),
        "relu": Kernel(eltwise.relu, (x,), lambda x: np.maximum(x, 0)),
        "relu, maps": Kernel(eltwise.relu, (m,), lambda x: np.maximum(x, 0), last=(0,)),
        "leaky relu": Kernel(lambda x: eltwise.leaky_relu(x, 0.1), (m,), lambda x: np.where(x > 0, x, 0.1 * x), last=(0,)),
        "leaky relu's adjoint": Kernel(
            lambda g, x: eltwise.leaky_relu_adjoint(g, x, 0.1),
            (m, n),
            lambda g, x: np.where(x > 0, g, 0.1 * g),
            last=(0, 1),
            any_order=(0,),
        ),
        "sigmoid": Kernel(eltwise.sigmoid, (m,), lambda x: 1 / (1 + np.exp(-x)), last=(0,)),
        "tanh": Kernel(eltwise.tanh, (long,), np.tanh),
        "relu's adjoint": Kernel(
            lambda g, y: eltwise.curve_adjoint(eltwise.RELU, g, y), (g, relu), lambda g, y: g * (y > 0), any_order=(0,)
        ),
        "sigmoid's adjoint": Kernel(
            lambda g, y: eltwise.curve_adjoint(eltwise.LOGISTIC, g, y), (g, p), lambda g, y: g * y * (1 - y), any_order=(0,)
        ),
        "tanh's adjoint": Kernel(
            lambda g, y: eltwise.curve_adjoint(eltwise.TANH, g, y), (g, p), lambda g, y: g * (1 - y * y), any_order=(0,)
        ),
        "softmax": Kernel(lambda x: softmax.softmax(x, -1), (x,), softmaxed, work=20),
        "softmax, dim 1": Kernel(lambda x: softmax.softmax(x, 1), (x,), softmaxed, work=20),
        "softmax, dim 2": Kernel(lambda x: softmax.softmax(x, 2), (x.reshape(2, 35, 120),), softmaxed, work=20),
        "log softmax": Kernel(lambda x: softmax.softmax(x, 1, log=True), (x,), lambda x: np.log(softmaxed(x)), work=20),
        "softmax's adjoint": Kernel(
            lambda g, y: softmax.softmax_adjoint(g, y, -1), (g, p), lambda g, y: y * (g - sums(g * y, -1)), work=20
        ),
        "softmax's adjoint, dim 1": Kernel(
            lambda g, y: softmax.softmax_adjoint(g, y, 1), (g, p), lambda g, y: y * (g - sums(g * y, -1)), work=20
        ),
        "softmax's adjoint, dim 2": Kernel(
            lambda g, y: softmax.softmax_adjoint(g, y, 2),
            (g.reshape(2, 35, 120), p.reshape(2, 35, 120)),
            lambda g, y: y * (g - sums(g * y, -1)),
            work=20,
        ),
        "log softmax's adjoint": Kernel(
            lambda g, y: softmax.softmax_adjoint(g, y, 1, log=True), (g, logp), lambda g, y: g - np.exp(y) * sums(g, -1), work=20
        ),
        "normalize": Kernel(lambda x: softmax.normalize(x, (1,), EPS), (x,), lambda x: normalized(x, (1,)), work=20),
        "normalize, two dims": Kernel(lambda x: softmax.normalize(x, (2, 3), EPS), (m,), lambda x: normalized(x, (2, 3)), work=20),
        "normalize's adjoint": Kernel(
            lambda g, x: softmax.normalize_adjoint(g, x, inv_of(x, (1,)), (1,), EPS),
            (g, x),
            lambda g, x: normalized_adjoint(g, x, (1,)),
            work=20,
        ),
        "normalize's adjoint, two dims": Kernel(
            lambda g, x: softmax.normalize_adjoint(g, x, inv_of(x, (2, 3)), (2, 3), EPS),
            (m, n),
            lambda g, x: normalized_adjoint(g, x, (2, 3)),
            work=20,
        ),
        "batch norm": Kernel(
            lambda x, w, b: norm.batch_norm(x, w, b, EPS),
            (m, each, other),
            lambda x, w, b: (oracles.batch_norm(x, w, b, EPS), x.mean(TWO), x.var(TWO), 1 / np.sqrt(x.var(TWO) + EPS)),
            any_order=(0, 1, 2),
            last=(0,),
        ),
        "batch norm, bare": Kernel(
            lambda x: norm.batch_norm(x, None, None, EPS),
            (m,),
            lambda x: (normalized(x, TWO)[0], x.mean(TWO), x.var(TWO), normalized(x, TWO)[1].reshape(-1)),
            any_order=(0,),
            last=(0,),
        ),
        "batch norm's adjoint": Kernel(
            lambda g, x, w: norm.batch_norm_adjoint(g, x, w, mean, inv, EPS),
            (n, m, each),
            lambda g, x, w: oracles.batch_norm_gradients(g, x, w, EPS),
            any_order=(0, 1, 2),
            last=(0, 1),
        ),
        "batch norm's adjoint, bare": Kernel(
            lambda g, x: first(norm.batch_norm_adjoint(g, x, None, mean, inv, EPS)),
            (n, m),
            lambda g, x: normalized_adjoint(g, x, TWO),
            any_order=(0, 1),
            last=(0, 1),
        ),
        "batch norm in use": Kernel(
            lambda x, mean, var, w, b: norm.batch_norm_eval(x, mean, var, w, b, EPS),
            (m, each, other**2, other, each),
            lambda x, mean, var, w, b: (x - channel(mean, x)) / channel(np.sqrt(var + EPS), x) * channel(w, x) + channel(b, x),
            any_order=(0, 1, 2, 3, 4),
            last=(0,),
        ),
        "batch norm in use, bare": Kernel(
            lambda x, mean, var: norm.batch_norm_eval(x, mean, var, None, None, EPS),
            (m, each, other**2),
            lambda x, mean, var: (x - channel(mean, x)) / channel(np.sqrt(var + EPS), x),
            any_order=(0, 1, 2),
            last=(0,),
        ),
        "max pool": Kernel(lambda x: pool.max_pool(x, *POOL, (1, 1), False), (m,), pooled, any_order=(0,), last=(0,)),
        "average": Kernel(lambda x: pool.average(x, *POOL, False, True), (m,), lambda x: averaged(x, True), any_order=(0,), last=(0,)),
        "average of what is there": Kernel(
            lambda x: pool.average(x, *POOL, False, False), (m,), lambda x: averaged(x, False), any_order=(0,), last=(0,)
        ),
        "average's adjoint": Kernel(
            lambda g: pool.average_adjoint(g, MAPS, *POOL, False, True),
            (normal(*POOLED),),
            lambda g: averaged_adjoint(g, True),
            any_order=(0,),
            last=(0,),
            work=0,
        ),
        "adjoint of an average of what is there": Kernel(
            lambda g: pool.average_adjoint(g, MAPS, *POOL, False, False),
            (normal(*POOLED),),
            lambda g: averaged_adjoint(g, False),
            any_order=(0,),
            last=(0,),
            work=0,
        ),
        "matmul": Kernel(matmul.matmul, (wide, normal(120, 95)), np.matmul, work=190),
        "matmul, stacks": Kernel(matmul.matmul, (normal(3, 40, 100), normal(3, 100, 90)), np.matmul, work=180),
        "linear": Kernel(matmul.linear, (wide, normal(95, 120), normal(95)), lambda x, w, b: x @ w.T + b, work=190),
        "convolution": Kernel(
            lambda x, w, b: conv.forward(x, w, *CONV, b),
            (cx, w, b),
            lambda x, w, b: oracles.conv(x, w, *CONV) + channel(b, x),
            any_order=(0, 1, 2),
            last=(0, 1),
            work=0,
        ),
        "convolution without bias": Kernel(
            lambda x, w: conv.forward(x, w, *CONV, None),
            (cx, w),
            lambda x, w: oracles.conv(x, w, *CONV),
            any_order=(0, 1),
            last=(0, 1),
            work=0,
        ),
        "convolution's adjoint": Kernel(
            lambda g, w: conv.input_adjoint(g, w, X, *CONV),
            (cg, w),
            lambda g, w: oracles.conv_transposed(g, w, X, *CONV),
            any_order=(0, 1),
            last=(0, 1),
            work=0,
        ),
        "convolution's weight": Kernel(
            lambda g, x: conv.weight_adjoint(g, x, W, *CONV),
            (cg, cx),
            lambda g, x: oracles.conv_weight(g, x, W, *CONV),
            any_order=(0, 1),
            last=(0, 1),
            work=0,
        ),
        "convolution's weight and bias": Kernel(
            lambda g, x: conv.weight_adjoint(g, x, W, *CONV, bias=True),
            (cg, cx),
            lambda g, x: (oracles.conv_weight(g, x, W, *CONV), g.sum(TWO)),
            any_order=(0, 1),
            last=(0, 1),
            work=0,
        ),
    }


KERNELS = kernels()


def compare(found: Any, wanted: list[Any], what: str) -> None:
    assert found is not NotImplemented, f"{what}: oneDNN does not take it"
    results = found if isinstance(found, tuple) else (found,)
    assert len(results) == len(wanted)
    for y, z in zip(results, wanted, strict=True):
        y = np.asarray(to_plain(places(y)))
        assert y.dtype == (np.float32 if z.dtype.kind == "f" else z.dtype)
        assert y.shape == z.shape
        np.testing.assert_allclose(y, z, rtol=1e-5, atol=3e-6 * max(1.0, np.abs(z).max()), err_msg=what)
