"""oneDNN's kernels, one by one: which cases they take, and what they give for them, against NumPy in float64.

A case that a kernel does not take is NumPy's, and nobody would see it in a value: so each test says who computes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.kernels.memory import threads
from autograd_cnn.kernels.onednn import binary, conv, eltwise, library, matmul, norm, plans, pool, softmax
from autograd_cnn.kernels.onednn.channels_last import ChannelsLast
from autograd_cnn.kernels.onednn.plain import to_plain
from autograd_cnn.kernels.onednn.reorder import as_last, as_rows
from autograd_cnn.kernels.reference.pooling import places
from tests import oracles
from tests.kernels.arrays import backwards, fortran, frozen, strided
from tests.kernels.backends import needs_onednn, normal

pytestmark = needs_onednn
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
        "leaky relu's adjoint": Kernel(lambda g, x: eltwise.leaky_relu_adjoint(g, x, 0.1), (m, n), lambda g, x: np.where(x > 0, g, 0.1 * g),
                                       last=(0, 1), any_order=(0,)),
        "sigmoid": Kernel(eltwise.sigmoid, (m,), lambda x: 1 / (1 + np.exp(-x)), last=(0,)),
        "tanh": Kernel(eltwise.tanh, (long,), np.tanh),
        "relu's adjoint": Kernel(lambda g, y: eltwise.curve_adjoint(eltwise.RELU, g, y), (g, relu), lambda g, y: g * (y > 0), any_order=(0,)),
        "sigmoid's adjoint": Kernel(lambda g, y: eltwise.curve_adjoint(eltwise.LOGISTIC, g, y), (g, p), lambda g, y: g * y * (1 - y), any_order=(0,)),
        "tanh's adjoint": Kernel(lambda g, y: eltwise.curve_adjoint(eltwise.TANH, g, y), (g, p), lambda g, y: g * (1 - y * y), any_order=(0,)),
        "softmax": Kernel(lambda x: softmax.softmax(x, -1), (x,), softmaxed, work=20),
        "softmax, dim 1": Kernel(lambda x: softmax.softmax(x, 1), (x,), softmaxed, work=20),
        "softmax, dim 2": Kernel(lambda x: softmax.softmax(x, 2), (x.reshape(2, 35, 120),), softmaxed, work=20),
        "log softmax": Kernel(lambda x: softmax.softmax(x, 1, log=True), (x,), lambda x: np.log(softmaxed(x)), work=20),
        "softmax's adjoint": Kernel(lambda g, y: softmax.softmax_adjoint(g, y, -1), (g, p), lambda g, y: y * (g - sums(g * y, -1)), work=20),
        "softmax's adjoint, dim 1": Kernel(lambda g, y: softmax.softmax_adjoint(g, y, 1), (g, p), lambda g, y: y * (g - sums(g * y, -1)), work=20),
        "softmax's adjoint, dim 2": Kernel(lambda g, y: softmax.softmax_adjoint(g, y, 2), (g.reshape(2, 35, 120), p.reshape(2, 35, 120)),
                                           lambda g, y: y * (g - sums(g * y, -1)), work=20),
        "log softmax's adjoint": Kernel(lambda g, y: softmax.softmax_adjoint(g, y, 1, log=True), (g, logp),
                                        lambda g, y: g - np.exp(y) * sums(g, -1), work=20),
        "normalize": Kernel(lambda x: softmax.normalize(x, (1,), EPS), (x,), lambda x: normalized(x, (1,)), work=20),
        "normalize, two dims": Kernel(lambda x: softmax.normalize(x, (2, 3), EPS), (m,), lambda x: normalized(x, (2, 3)), work=20),
        "normalize's adjoint": Kernel(lambda g, x: softmax.normalize_adjoint(g, x, inv_of(x, (1,)), (1,), EPS), (g, x),
                                      lambda g, x: normalized_adjoint(g, x, (1,)), work=20),
        "normalize's adjoint, two dims": Kernel(lambda g, x: softmax.normalize_adjoint(g, x, inv_of(x, (2, 3)), (2, 3), EPS), (m, n),
                                                lambda g, x: normalized_adjoint(g, x, (2, 3)), work=20),
        "batch norm": Kernel(lambda x, w, b: norm.batch_norm(x, w, b, EPS), (m, each, other),
                             lambda x, w, b: (oracles.batch_norm(x, w, b, EPS), x.mean(TWO), x.var(TWO), 1 / np.sqrt(x.var(TWO) + EPS)),
                             any_order=(0, 1, 2), last=(0,)),
        "batch norm, bare": Kernel(lambda x: norm.batch_norm(x, None, None, EPS), (m,),
                                   lambda x: (normalized(x, TWO)[0], x.mean(TWO), x.var(TWO), normalized(x, TWO)[1].reshape(-1)),
                                   any_order=(0,), last=(0,)),
        "batch norm's adjoint": Kernel(lambda g, x, w: norm.batch_norm_adjoint(g, x, w, mean, inv, EPS), (n, m, each),
                                       lambda g, x, w: oracles.batch_norm_gradients(g, x, w, EPS), any_order=(0, 1, 2), last=(0, 1)),
        "batch norm's adjoint, bare": Kernel(lambda g, x: first(norm.batch_norm_adjoint(g, x, None, mean, inv, EPS)), (n, m),
                                             lambda g, x: normalized_adjoint(g, x, TWO), any_order=(0, 1), last=(0, 1)),
        "batch norm in use": Kernel(lambda x, mean, var, w, b: norm.batch_norm_eval(x, mean, var, w, b, EPS), (m, each, other**2, other, each),
                                    lambda x, mean, var, w, b: (x - channel(mean, x)) / channel(np.sqrt(var + EPS), x) * channel(w, x) + channel(b, x),
                                    any_order=(0, 1, 2, 3, 4), last=(0,)),
        "batch norm in use, bare": Kernel(lambda x, mean, var: norm.batch_norm_eval(x, mean, var, None, None, EPS), (m, each, other**2),
                                          lambda x, mean, var: (x - channel(mean, x)) / channel(np.sqrt(var + EPS), x),
                                          any_order=(0, 1, 2), last=(0,)),
        "max pool": Kernel(lambda x: pool.max_pool(x, *POOL, (1, 1), False), (m,), pooled, any_order=(0,), last=(0,)),
        "average": Kernel(lambda x: pool.average(x, *POOL, False, True), (m,), lambda x: averaged(x, True), any_order=(0,), last=(0,)),
        "average of what is there": Kernel(lambda x: pool.average(x, *POOL, False, False), (m,), lambda x: averaged(x, False),
                                           any_order=(0,), last=(0,)),
        "average's adjoint": Kernel(lambda g: pool.average_adjoint(g, MAPS, *POOL, False, True), (normal(*POOLED),),
                                    lambda g: averaged_adjoint(g, True), any_order=(0,), last=(0,), work=0),
        "adjoint of an average of what is there": Kernel(lambda g: pool.average_adjoint(g, MAPS, *POOL, False, False), (normal(*POOLED),),
                                                         lambda g: averaged_adjoint(g, False), any_order=(0,), last=(0,), work=0),
        "matmul": Kernel(matmul.matmul, (wide, normal(120, 95)), np.matmul, work=190),
        "matmul, stacks": Kernel(matmul.matmul, (normal(3, 40, 100), normal(3, 100, 90)), np.matmul, work=180),
        "linear": Kernel(matmul.linear, (wide, normal(95, 120), normal(95)), lambda x, w, b: x @ w.T + b, work=190),
        "convolution": Kernel(lambda x, w, b: conv.forward(x, w, *CONV, b), (cx, w, b),
                              lambda x, w, b: oracles.conv(x, w, *CONV) + channel(b, x), any_order=(0, 1, 2), last=(0, 1), work=0),
        "convolution without bias": Kernel(lambda x, w: conv.forward(x, w, *CONV, None), (cx, w), lambda x, w: oracles.conv(x, w, *CONV),
                                           any_order=(0, 1), last=(0, 1), work=0),
        "convolution's adjoint": Kernel(lambda g, w: conv.input_adjoint(g, w, X, *CONV), (cg, w),
                                        lambda g, w: oracles.conv_transposed(g, w, X, *CONV), any_order=(0, 1), last=(0, 1), work=0),
        "convolution's weight": Kernel(lambda g, x: conv.weight_adjoint(g, x, W, *CONV), (cg, cx),
                                       lambda g, x: oracles.conv_weight(g, x, W, *CONV), any_order=(0, 1), last=(0, 1), work=0),
        "convolution's weight and bias": Kernel(lambda g, x: conv.weight_adjoint(g, x, W, *CONV, bias=True), (cg, cx),
                                                lambda g, x: (oracles.conv_weight(g, x, W, *CONV), g.sum(TWO)),
                                                any_order=(0, 1), last=(0, 1), work=0),
    }  # fmt: skip


KERNELS = kernels()
each_kernel = pytest.mark.parametrize("name", KERNELS)


@pytest.fixture(autouse=True)
def onednn() -> Iterator[None]:
    with ac.use_backend("onednn"):
        yield


@pytest.fixture(scope="module")
def right() -> Callable[[str], list[Any]]:
    found: dict[str, list[Any]] = {}

    def of(name: str) -> list[Any]:
        if name not in found:
            wanted = KERNELS[name].right(*(a.astype(np.float64) for a in KERNELS[name].arrays))
            found[name] = list(wanted) if isinstance(wanted, tuple) else [wanted]
        return found[name]

    return of


def compare(found: Any, wanted: list[Any], what: str) -> None:
    assert found is not NotImplemented, f"{what}: oneDNN does not take it"
    results = found if isinstance(found, tuple) else (found,)
    assert len(results) == len(wanted)
    for y, z in zip(results, wanted, strict=True):
        y = np.asarray(to_plain(places(y)))
        assert y.dtype == (np.float32 if z.dtype.kind == "f" else z.dtype)
        assert y.shape == z.shape
        np.testing.assert_allclose(y, z, rtol=1e-5, atol=3e-6 * max(1.0, np.abs(z).max()), err_msg=what)


def replaced(arrays: tuple[Any, ...], at: int, other: Any) -> list[Any]:
    return [*arrays[:at], other, *arrays[at + 1 :]]


@each_kernel
def test_values(name: str, right: Any) -> None:
    run, arrays, *_ = KERNELS[name]
    before = [a.copy() for a in arrays]
    compare(run(*arrays), right(name), name)
    for a, b in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(a, b)


@each_kernel
def test_in_every_order(name: str, right: Any) -> None:
    """Copied where the kernel takes any order, NumPy's where it does not."""
    run, arrays, _, any_order, last, _ = KERNELS[name]
    for at, a in enumerate(arrays):
        compare(run(*replaced(arrays, at, frozen(a))), right(name), f"{name}, argument {at} read-only")
        for how in (fortran, strided, backwards):
            if how is fortran and (a.ndim < 2 or name.startswith("matmul")):
                continue
            found = run(*replaced(arrays, at, how(a)))
            if at in any_order:
                compare(found, right(name), f"{name}, argument {at} {how.__name__}")
            else:
                assert found is NotImplemented, f"{name}, argument {at} {how.__name__}"
    for chosen in [(at,) for at in last] + [last]:
        if chosen:
            given = [as_last(a) if at in chosen else a for at, a in enumerate(arrays)]
            found = run(*given)
            compare(found, right(name), f"{name}, argument {chosen} with its channels last")
            assert chosen != last or "weight" in name or first(found).__class__ is ChannelsLast


@each_kernel
def test_other_dtypes_are_numpys(name: str) -> None:
    run, arrays, *_ = KERNELS[name]
    for dtype in (np.float64, np.float16, np.int32):
        for at, a in enumerate(arrays):
            assert run(*replaced(arrays, at, a.astype(dtype))) is NotImplemented, f"{name}, argument {at} {dtype.__name__}"
        assert run(*(a.astype(dtype) for a in arrays)) is NotImplemented


@each_kernel
def test_numpy_where_it_is_chosen(name: str) -> None:
    run, arrays, _, _, last, _ = KERNELS[name]
    with ac.use_backend("numpy"):
        assert run(*arrays) is NotImplemented
        assert run(*(as_last(a) if at in last else a for at, a in enumerate(arrays))) is NotImplemented


@each_kernel
def test_numpy_where_there_is_no_library(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "_library", None)
    assert KERNELS[name].run(*KERNELS[name].arrays) is NotImplemented


# ------------------------------------------------------------------------------------------------- shapes that do not meet
def test_shapes_that_differ_are_numpys() -> None:
    x, m = normal(*ROWS), normal(*MAPS)
    for z in (x[:, :1], x[:1], x[:, 0], x[0, :1], x[:-1], x.T.copy(), x.reshape(-1), x[None], np.float32(1), np.ones((), np.float32)):
        assert binary.add(x, z) is NotImplemented
        assert binary.multiply(x, z) is NotImplemented
        assert binary.add_into(x.copy(), z) is NotImplemented
    assert binary.add_into(x.copy(), x[0]) is NotImplemented
    assert binary.scaled_product(x, x[0], 2.0) is NotImplemented
    last = as_last(m)
    for z in (m[0, :, 0, 0], m[:, :, :1, :1], m[:1, :, :, :1], m[:1, :3, :1, :1], m[0, :1, :1, :1], m[0], m[:, :1]):
        assert binary.add(last, z) is NotImplemented
    assert binary.scaled_product(last, m[:1, :, :1, :1], 2.0) is NotImplemented
    for backwards_ in (eltwise.LOGISTIC, eltwise.RELU):
        assert eltwise.curve_adjoint(backwards_, x[:1], x) is NotImplemented
        assert eltwise.curve_adjoint(backwards_, x.T.copy(), x) is NotImplemented
    assert softmax.softmax_adjoint(x.T.copy(), x, 1) is NotImplemented
    assert softmax.normalize_adjoint(x.T.copy(), x, inv_of(x, (1,)), (1,), EPS) is NotImplemented


def test_a_number_for_each_channel(right: Any) -> None:
    for shape in (MAPS, (9, 20, 50), (2, 6, 9, 9, 9)):
        x, v, ones = normal(*shape), normal(shape[1]), (1,) * (len(shape) - 2)
        each, wide = channel(v, x), x.astype(float)
        for z in (each, each[None], as_last(np.broadcast_to(each[None], (1, *each.shape)).copy())):
            compare(binary.add(as_last(x), z), [wide + each], f"{shape} + {z.shape}")
            compare(binary.multiply(as_last(x), z), [wide * each], f"{shape} * {z.shape}")
            assert binary.add(as_last(x), z).__class__ is ChannelsLast
            with ac.use_backend("numpy"):
                assert binary.add(as_last(x), z) is NotImplemented
        assert binary.add(as_last(x), each.astype(np.float64)) is NotImplemented
        assert binary.add(x, each) is NotImplemented
        assert binary.add(as_last(x), v.reshape(1, -1, *ones, 1)) is NotImplemented


def test_what_a_row_is() -> None:
    wide = normal(130, 64)
    compare(binary.add(wide, wide[0]), [wide.astype(float) + wide[0]], "64 columns")
    narrow = normal(140, 63)
    assert binary.add(narrow, narrow[0]) is NotImplemented
    three = normal(2, 65, 70)
    compare(binary.multiply(three, three[0, 0]), [three.astype(float) * three[0, 0]], "three dims")
    assert binary.add(three, three[0]) is NotImplemented


@pytest.mark.parametrize("dim", [0, 1, -2, -3])
def test_softmax_along_other_dims_is_numpys(dim: int) -> None:
    x = normal(3, 40, 70)
    assert softmax.softmax(x, dim) is NotImplemented
    assert softmax.softmax_adjoint(x, x, dim) is NotImplemented


def test_softmax_of_one_row_or_of_no_finite_numbers_is_numpys() -> None:
    assert softmax.softmax(normal(8400), 0) is NotImplemented
    for value in (np.inf, -np.inf, np.nan, 2e19):
        x = normal(*ROWS)
        x[3, 4] = value
        with np.errstate(all="ignore"):
            assert softmax.softmax(x, 1) is NotImplemented
            assert eltwise.sigmoid(x) is NotImplemented
            assert eltwise.sigmoid(as_last(x.reshape(7, 10, 8, 15))) is NotImplemented
            assert pool.max_pool(x.reshape(7, 10, 8, 15), *POOL, (1, 1), False) is NotImplemented


@pytest.mark.parametrize("dims", [(0,), (1,), (0, 1), (0, 2), (2, 1), (0, 1, 2), ()])
def test_normalize_over_other_than_the_last_dims_is_numpys(dims: tuple[int, ...]) -> None:
    x = normal(3, 40, 70)
    inv = inv_of(x, dims) if dims else np.ones_like(x)
    assert softmax.normalize(x, dims, EPS) is NotImplemented
    assert softmax.normalize_adjoint(x, x, inv, dims, EPS) is NotImplemented
    for last in ((2,), (1, 2), [1, 2]):
        compare(softmax.normalize(x, last, EPS), list(normalized(x.astype(float), tuple(last))), f"over {last}")


@pytest.mark.parametrize("shape", [(70, 120), (2, 3, 4, 5, 7, 10), (2, 3, 2, 5, 2, 7, 10)])
def test_rows_of_any_number_of_dims(shape: tuple[int, ...]) -> None:
    x = normal(*shape)
    compare(softmax.softmax(x, -1), [softmaxed(x.astype(float))], str(shape))
    compare(eltwise.relu(x), [np.maximum(x.astype(float), 0)], str(shape))


def test_written_over_a_gradient_that_is_lent() -> None:
    """Into the memory of `spare`, if that is the gradient; into fresh memory otherwise."""
    def fresh(name: str) -> list[Any]:
        return [a.copy() for a in KERNELS[name].arrays]

    p, logp = KERNELS["softmax's adjoint"].arrays[1], KERNELS["log softmax's adjoint"].arrays[1]
    mean, inv = KERNELS["batch norm"].arrays[0].mean(TWO), inv_of(KERNELS["batch norm"].arrays[0], TWO)
    calls: dict[str, Callable[..., Any]] = {
        "softmax's adjoint": lambda g, spare: softmax.softmax_adjoint(g, p, -1, spare=spare),
        "log softmax's adjoint": lambda g, spare: softmax.softmax_adjoint(g, logp, 1, log=True, spare=spare),
        "sigmoid's adjoint": lambda g, spare: eltwise.curve_adjoint(eltwise.LOGISTIC, g, p, spare),
        "leaky relu's adjoint": lambda g, spare: eltwise.leaky_relu_adjoint(g, KERNELS["leaky relu's adjoint"].arrays[1], 0.1, spare),
        "batch norm's adjoint, bare": lambda g, spare: norm.batch_norm_adjoint(g, KERNELS["batch norm"].arrays[0], None, mean, inv, EPS, spare)[0],
    }
    for name, call in calls.items():
        wanted = KERNELS[name].right(*(a.astype(float) for a in KERNELS[name].arrays))
        for lend in (True, False):
            g = fresh(name)[0]
            g = as_last(g) if name.startswith("batch") else g
            before = np.array(to_plain(g))
            found = call(g, g if lend else None)
            compare(found, [wanted], name)
            assert np.shares_memory(to_plain(found), to_plain(g)) is lend or name.startswith("batch")
            assert (found is g) is lend
            assert lend or np.array_equal(to_plain(g), before)
    x, z = fresh("add")
    assert binary.add_into(x, z) is x
    last, m = as_last(normal(*MAPS)), normal(*MAPS)
    assert binary.add_into(last, m) is last
    rows = m.copy()
    assert binary.add_into(rows, as_last(m)) is rows
    np.testing.assert_array_equal(rows, 2 * m)


def test_the_result_goes_on_in_the_order_of_either() -> None:
    m = normal(*MAPS)
    for x, z in ((m, as_last(m)), (as_last(m), m), (as_last(m), as_last(m))):
        y = binary.add(x, z)
        assert y.__class__ is ChannelsLast
        compare(y, [2 * m.astype(float)], "either")
    assert binary.add(m, m).__class__ is np.ndarray


# ------------------------------------------------------------------------------------------------- products
def test_products_in_every_order() -> None:
    for shape in ((), (3,)):
        a, b = normal(*shape, 90, 120), normal(*shape, 120, 95)
        turned = [np.ascontiguousarray(np.swapaxes(v, -1, -2)) for v in (a, b)]
        right = [a.astype(float) @ b]
        for x in (a, np.swapaxes(turned[0], -1, -2)):
            for y in (b, np.swapaxes(turned[1], -1, -2)):
                compare(matmul.matmul(x, y), right, f"{x.strides} {y.strides}")
                out = np.empty((*shape, 90, 95), np.float32)
                assert matmul.matmul(x, y, out) is out
                compare(out, right, "out")
                for bad in (out.astype(np.float64), np.empty((*shape, 95, 90), np.float32).swapaxes(-1, -2)):
                    assert matmul.matmul(x, y, bad) is NotImplemented
        for bad in (strided(a), backwards(a)):
            assert matmul.matmul(bad, b) is NotImplemented


def test_products_that_do_not_meet_are_numpys() -> None:
    a, b = normal(90, 120), normal(120, 95)
    for x, y in ((a, b[:-1]), (a[0], b), (a, b[:, 0]), (a[None], b), (a, b[None]), (a[None, None], b[None, None]), (normal(2, 90, 120), normal(3, 120, 95)),
                 (a[:0], b), (a, b[:, :0]), (a[:, :0], b[:0])):  # fmt: skip
        assert matmul.matmul(x, y) is NotImplemented
    w, bias = normal(95, 120), normal(95)
    for x, v, c in ((a, w, None), (a[None], w, bias), (a, w[None], bias), (a[:, :-1], w, bias), (a, w, bias[:-1]), (a, w, bias[None]), (a[0], w, bias)):
        assert matmul.linear(np.ascontiguousarray(x), v, c) is NotImplemented


# ------------------------------------------------------------------------------------------------- thresholds, by itself
def least(run: Callable[[int], Any], size: int) -> None:
    """From `size` on oneDNN computes, and under it NumPy; under "onednn", too."""
    for count, taken in ((size - 1, False), (size, True), (size + 1, True)):
        assert (run(count) is not NotImplemented) is taken, f"{count} entries, oneDNN from {size} on"


@pytest.mark.parametrize("backend", ["auto", "onednn"])
def test_small_arrays_are_numpys(backend: str) -> None:
    with ac.use_backend(backend):
        for fn in (eltwise.relu, eltwise.sigmoid, lambda x: eltwise.leaky_relu(x, 0.1), lambda x: binary.add(x, x), lambda x: binary.add_into(x, x),
                   lambda x: eltwise.curve_adjoint(eltwise.TANH, x, x)):  # fmt: skip
            least(lambda n, fn=fn: fn(normal(n)), eltwise.SMALL)  # type: ignore[misc]  # bound now
        least(lambda n: eltwise.tanh(normal(n)), 1 << 17)
        for fn in (lambda x: softmax.softmax(x, 1), lambda x: softmax.softmax_adjoint(x, x, 1), lambda x: softmax.normalize(x, (1,), EPS),
                   lambda x: softmax.normalize_adjoint(x, x, np.ones(1, np.float32), (1,), EPS)):  # fmt: skip
            least(lambda n, fn=fn: fn(normal(1, n)), 4096)  # type: ignore[misc]
        least(lambda n: matmul.linear(normal(100, 100), normal(n, 100), normal(n)), 100)


def test_what_is_faster_by_numpy_unless_onednn_is_asked_for() -> None:
    shape = (4, 4, 2)
    small: dict[str, tuple[Callable[[int], Any], int]] = {
        "average": (lambda n: pool.average(normal(1, 1, n), (2,), (2,), (0,), False, True), 4096),
        "average's adjoint": (lambda n: pool.average_adjoint(normal(1, 1, n // 2), (1, 1, n), (2,), (2,), (0,), False, True), 4096),
        "max pool": (lambda n: pool.max_pool(normal(1, 1, n), (2,), (2,), (0,), (1,), False), 4096),
        "matmul": (lambda n: matmul.matmul(normal(100, 100), normal(100, n)), 100),
        "conv": (lambda n: conv.forward(normal(1, 5, 101), normal(n, 5, 2), (1,), ((0, 0),), (1,), 1, None), 100),
    }
    for name, (run, size) in small.items():
        with ac.use_backend("auto"):
            least(run, size)
        for n in (size - 1, size):
            with ac.use_backend("onednn"):
                assert run(n) is not NotImplemented, name
            with ac.use_backend("numpy"):
                assert run(n) is NotImplemented, name
    x, ones = normal(*shape), np.ones(4, np.float32)
    for run in (lambda x: norm.batch_norm(x, ones, ones, EPS), lambda x: norm.batch_norm_adjoint(x, x, ones, ones, ones, EPS),
                lambda x: norm.batch_norm_eval(x, ones, ones, ones, ones, EPS)):  # fmt: skip
        assert run(x) is not NotImplemented
        with ac.use_backend("auto"):
            assert run(x) is NotImplemented, "a row-major map is NumPy's"
            assert run(as_last(x)) is not NotImplemented, "one with its channels last is oneDNN's"


def test_a_kernel_as_large_as_the_image_is_numpys() -> None:
    x, w = normal(50, 8, 6, 6), normal(60, 8, 6, 6)
    rest = ((1, 1), ((0, 0), (0, 0)), (1, 1), 1)
    right = [np.einsum("ncij,ocij->no", x.astype(float), w)[:, :, None, None]]
    with ac.use_backend("auto"):
        assert conv.forward(x, w, *rest, None) is NotImplemented
    compare(conv.forward(x, w, *rest, None), right, "where it is asked for")


# ------------------------------------------------------------------------------------------------- threads
def made_for(monkeypatch: pytest.MonkeyPatch, run: Callable[[], Any]) -> list[tuple[int, int, int]]:
    """Of each primitive that runs: the threads when it was made, those of its plan, and those when it ran."""
    lib = library.library()
    assert lib is not None
    now, made, ran = [0], {}, []
    create, execute = lib.api.primitive_create, lib.api.primitive_execute

    def creates(pointer: Any, *rest: Any) -> Any:
        status = create(pointer, *rest)
        made[pointer._obj.value] = now[0]
        return status

    def executes(primitive: Any, *rest: Any) -> Any:
        ran.append((made[primitive.value], now[0]))
        return execute(primitive, *rest)

    monkeypatch.setattr(lib, "set_threads", lambda count: now.__setitem__(0, count))
    monkeypatch.setattr(lib.api, "primitive_create", creates)
    monkeypatch.setattr(lib.api, "primitive_execute", executes)
    plans.release()
    try:
        assert run() is not NotImplemented
    finally:
        plans.release()
    return ran


@pytest.mark.parametrize("name", [n for n, k in KERNELS.items() if k.work])
def test_threads_by_the_work(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as there may be from some work on, one below; and each primitive is made for as many as it runs on."""
    run, arrays, _, _, last, each = KERNELS[name]
    given = [as_last(a) if at in last else a for at, a in enumerate(arrays)]
    work = arrays[0].size * each
    monkeypatch.setattr(threads, "_count", 3)
    for least, count in ((work, 3), (work + 1, 1)):
        monkeypatch.setattr(threads, "SHARED", least)
        ran = made_for(monkeypatch, lambda: run(*given))
        assert set(ran) == {(count, count)}, f"{name}: {work} operations where threads are shared from {least} on"


@pytest.mark.parametrize("precision", ["highest", "medium"])
def test_a_convolutions_threads_and_those_of_its_copies(precision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_count", 3)
    x, w = as_last(normal(2, 32, 9, 10)), normal(32, 16, 3, 2)
    g = as_last(normal(2, 32, 7, 9))
    rest = ((1, 1), ((0, 0), (0, 0)), (1, 1), 2)
    work = 2 * g.size * 16 * 6
    copies = 10 * w.size
    casts = {10 * x.size, 10 * g.size}
    for run in (lambda: conv.forward(x, w, *rest, None), lambda: conv.input_adjoint(g, w, x.shape, *rest), lambda: conv.weight_adjoint(g, x, w.shape, *rest)):
        for shared in (1, copies, copies + 1, *casts, work, work + 1):
            monkeypatch.setattr(threads, "SHARED", shared)
            with ac.use_float32_matmul_precision(precision):
                ran = made_for(monkeypatch, run)
            assert all(made == now for made, now in ran), "made for other threads than it runs on"
            wanted = sorted(3 if n >= shared else 1 for n in (work, copies))
            found = sorted(now for _, now in ran)
            assert found == wanted if len(found) == 2 else set(found) >= set(wanted)


def test_reorders_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_count", 3)
    for shape in ((2, 50, 90), (2, 5, 30, 30), (2, 5, 3, 10, 30)):
        x = normal(*shape)
        last = as_last(x)
        for least, count in ((20 * x.size, 3), (20 * x.size + 1, 1)):
            monkeypatch.setattr(threads, "SHARED", least)
            assert set(made_for(monkeypatch, lambda: as_last(x))) == {(count, count)}
            assert set(made_for(monkeypatch, lambda: as_rows(last.view(np.ndarray)))) == {(count, count)}


def test_reorders_from_a_size_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """oneDNN copies what is larger than 4096 entries, NumPy the rest; and both give the same."""
    for size, calls in ((2048, 0), (2049, 1)):
        x = normal(1, 2, size)
        last: list[Any] = []
        assert len(made_for(monkeypatch, lambda: last.append(as_last(x)))) == calls
        assert last[0].__class__ is ChannelsLast
        np.testing.assert_array_equal(np.moveaxis(last[0].view(np.ndarray), 1, -1), np.moveaxis(x, 1, -1))
        rows: list[Any] = []
        assert len(made_for(monkeypatch, lambda: rows.append(as_rows(last[0].view(np.ndarray))))) == calls
        np.testing.assert_array_equal(rows[0], x)
        assert rows[0].flags.c_contiguous
    assert math.prod(ROWS) > eltwise.SMALL
