"""oneDNN's kernels, one by one: which cases they take, and what they give for them, against NumPy in float64.

A case that a kernel does not take is NumPy's, and nobody would see it in a value: so each test says who computes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.kernels import environment
from autograd_cnn.kernels.onednn import binary, conv, eltwise, library, matmul, norm, pool, softmax
from autograd_cnn.kernels.onednn.channels_last import ChannelsLast
from autograd_cnn.kernels.onednn.plain import to_plain
from autograd_cnn.kernels.onednn.reorder import as_last
from tests import oracles
from tests.kernels.arrays import backwards, fortran, frozen, strided
from tests.kernels.backends import needs_onednn, normal
from tests.kernels.fast import EPS, KERNELS, MAPS, POOL, ROWS, TWO, channel, compare, first, inv_of, normalized, softmaxed

pytestmark = needs_onednn
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
    """Into the memory of `donated`, if that is the gradient; into fresh memory otherwise."""

    def fresh(name: str) -> list[Any]:
        return [a.copy() for a in KERNELS[name].arrays]

    p, logp = KERNELS["softmax's adjoint"].arrays[1], KERNELS["log softmax's adjoint"].arrays[1]
    mean, inv = KERNELS["batch norm"].arrays[0].mean(TWO), inv_of(KERNELS["batch norm"].arrays[0], TWO)
    calls: dict[str, Callable[..., Any]] = {
        "softmax's adjoint": lambda g, donated: softmax.softmax_adjoint(g, p, -1, donated=donated),
        "log softmax's adjoint": lambda g, donated: softmax.softmax_adjoint(g, logp, 1, log=True, donated=donated),
        "sigmoid's adjoint": lambda g, donated: eltwise.curve_adjoint(eltwise.LOGISTIC, g, p, donated),
        "leaky relu's adjoint": lambda g, donated: eltwise.leaky_relu_adjoint(g, KERNELS["leaky relu's adjoint"].arrays[1], 0.1, donated),
        "batch norm's adjoint, bare": lambda g, donated: norm.batch_norm_adjoint(
            g, KERNELS["batch norm"].arrays[0], None, mean, inv, EPS, donated
        )[0],
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
    for x, y in (
        (a, b[:-1]),
        (a[0], b),
        (a, b[:, 0]),
        (a[None], b),
        (a, b[None]),
        (a[None, None], b[None, None]),
        (normal(2, 90, 120), normal(3, 120, 95)),
        (a[:0], b),
        (a, b[:, :0]),
        (a[:, :0], b[:0]),
    ):
        assert matmul.matmul(x, y) is NotImplemented
    w, bias = normal(95, 120), normal(95)
    for x, v, c in (
        (a, w, None),
        (a[None], w, bias),
        (a, w[None], bias),
        (a[:, :-1], w, bias),
        (a, w, bias[:-1]),
        (a, w, bias[None]),
        (a[0], w, bias),
    ):
        assert matmul.linear(np.ascontiguousarray(x), v, c) is NotImplemented


# ------------------------------------------------------------------------------------------------- convolutions
@pytest.mark.parametrize(
    ("x", "w", "rest"),
    [
        ((2, 3, 9), (4, 3, 3), ((2,), ((1, 0),), (2,), 1)),
        ((2, 4, 9), (4, 2, 3), ((1,), ((0, 2),), (1,), 2)),
        ((2, 4, 5, 6), (6, 2, 3, 2), ((1, 2), ((1, 0), (0, 1)), (1, 2), 2)),
        ((1, 3, 4, 5, 4), (2, 3, 2, 3, 2), ((1, 2, 1), ((0, 1), (1, 1), (0, 0)), (2, 1, 1), 1)),
        ((1, 4, 4, 5, 4), (6, 2, 2, 3, 2), ((1, 1, 2), ((0, 1), (1, 1), (0, 0)), (1, 1, 2), 2)),
        ((1, 17, 3, 4), (18, 17, 2, 2), ((1, 1), ((1, 0), (0, 1)), (1, 1), 1)),
        ((2, 8, 6, 7), (8, 1, 3, 3), ((1, 1), ((1, 1), (1, 1)), (1, 1), 8)),
    ],
)
def test_convolutions(x: Any, w: Any, rest: Any) -> None:
    a, v, c = normal(*x), normal(*w), normal(w[0])
    y = oracles.conv(a.astype(float), v.astype(float), *rest)
    g = normal(*y.shape)
    for given in ((a, g), (as_last(a), as_last(g))):
        compare(conv.forward(given[0], v, *rest, c), [y + channel(c.astype(float), a)], "forward")
        compare(conv.forward(given[0], v, *rest, None), [y], "forward without bias")
        for shape in (tuple, list):
            compare(
                conv.input_adjoint(given[1], v, shape(x), *rest),
                [oracles.conv_transposed(g.astype(float), v.astype(float), x, *rest)],
                "input",
            )
            gw = oracles.conv_weight(g.astype(float), a.astype(float), w, *rest)
            compare(conv.weight_adjoint(given[1], given[0], shape(w), *rest), [gw], "weight")
            compare(
                conv.weight_adjoint(given[1], given[0], shape(w), *rest, bias=True),
                [gw, g.astype(float).sum((0, *range(2, g.ndim)))],
                "bias",
            )


def test_convolutions_that_do_not_meet_are_the_references() -> None:
    x, w, rest = normal(2, 3, 6, 6), normal(4, 3, 3, 3), ((1, 1), ((0, 0), (0, 0)), (1, 1), 1)
    for bias in (normal(3), normal(5), normal(4, 1), normal(1, 4)):
        assert conv.forward(x, w, *rest, bias) is NotImplemented
    for g in (normal(2, 4, 4, 3), normal(2, 3, 4, 4), normal(1, 4, 4, 4), normal(2, 4, 6, 6)):
        assert conv.input_adjoint(g, w, x.shape, *rest) is NotImplemented
        assert conv.weight_adjoint(g, x, w.shape, *rest) is NotImplemented
        assert conv.weight_adjoint(g, x, w.shape, *rest, bias=True) is NotImplemented
    none = x[:0]
    assert conv.forward(none, w, *rest, None) is NotImplemented
    assert conv.input_adjoint(normal(0, 4, 4, 4), w, none.shape, *rest) is NotImplemented
    for dims in (0, 4):
        a, v = np.ones((2, 3, *(4,) * dims), np.float32), np.ones((4, 3, *(1,) * dims), np.float32)
        around = ((1,) * dims, ((0, 0),) * dims, (1,) * dims, 1)
        assert conv.forward(a, v, *around, None) is NotImplemented
        assert conv.input_adjoint(a, v, a.shape, *around) is NotImplemented
        assert conv.weight_adjoint(a, a, v.shape, *around) is NotImplemented


# ------------------------------------------------------------------------------------------------- batch norms
@pytest.mark.parametrize("shape", [(9, 6, 7), (3, 6, 5, 4), (2, 6, 3, 2, 4), (2, 3, 4, 3)])
@pytest.mark.parametrize("affine", [True, False])
def test_batch_norms(shape: tuple[int, ...], affine: bool) -> None:
    x, g, w, b = normal(*shape) + 2, normal(*shape)[::-1].copy(), normal(shape[1]), normal(shape[1] + 1)[1:]
    axes, wide = (0, *range(2, len(shape))), (normal(*shape) + np.float32(2)).astype(float)
    hat, inv = normalized(wide, axes)
    given = (w, b) if affine else (None, None)
    scale, shift = (channel(v.astype(float), x) if affine else k for v, k in ((w, 1.0), (b, 0.0)))
    mean, invstd = wide.mean(axes).astype(np.float32), inv.reshape(-1).astype(np.float32)
    for laid in (x, as_last(x)):
        compare(norm.batch_norm(laid, *given, EPS), [hat * scale + shift, wide.mean(axes), wide.var(axes), inv.reshape(-1)], "training")
        compare(
            norm.batch_norm_eval(laid, mean, mean * mean, *given, EPS),
            [(wide - channel(mean.astype(float), x)) / np.sqrt(channel(mean.astype(float) ** 2, x) + EPS) * scale + shift],
            "in use",
        )
        gx, gw, gb = norm.batch_norm_adjoint(g, laid, given[0], mean, invstd, EPS)
        right = oracles.batch_norm_gradients(g.astype(float), wide, w.astype(float) if affine else np.ones(shape[1]), EPS)
        compare(gx, [right[0]], "input")
        if affine:
            compare((gw, gb), list(right[1:]), "weight and bias")
        else:
            assert gw is None
            assert gb is None


def test_batch_norms_that_are_the_references() -> None:
    w = normal(6)
    for shape in ((9, 6), (2, 6, 2, 2, 2, 2), (0, 6, 3, 3)):
        x = np.ones(shape, np.float32)
        assert norm.batch_norm(x, w, w, EPS) is NotImplemented
        assert norm.batch_norm_adjoint(x, x, w, w, w, EPS) is NotImplemented
        assert norm.batch_norm_eval(x, w, w, w, w, EPS) is NotImplemented
    x = normal(*MAPS)
    for weight, bias in ((w, None), (None, w)):
        assert norm.batch_norm(x, weight, bias, EPS) is NotImplemented
        assert norm.batch_norm_eval(x, w, w, weight, bias, EPS) is NotImplemented


def test_a_mean_that_float32_cannot_hold() -> None:
    """Two neighbouring numbers: their mean rounds to one of them, and what is normalised must not see that."""
    x = np.array([[[100000.0]], [[100000.0078125]]], np.float32)
    w, b = np.full(1, 3, np.float32), np.full(1, 0.5, np.float32)
    for given, right in (((None, None), [-1.0, 1.0]), ((w, b), [-2.5, 3.5])):
        y, mean, var, invstd = norm.batch_norm(x, *given, 0.0)
        np.testing.assert_allclose(np.asarray(y).reshape(-1), right, rtol=1e-6)
        np.testing.assert_allclose(var, [0.00390625**2], rtol=1e-6)
        np.testing.assert_allclose(invstd, [256], rtol=1e-6)
        assert mean[0] in x


# ------------------------------------------------------------------------------------------------- what is told
def test_what_computes_here_is_told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for backend, who in (("onednn", "oneDNN"), ("auto", "oneDNN"), ("numpy", "NumPy")):
        with ac.use_backend(backend), ac.use_float32_matmul_precision("high"):
            ac.show_config()
        lines = dict(line.split(":", 1) for line in capsys.readouterr().out.splitlines())
        told = {k: v.strip() for k, v in lines.items()}
        assert list(told) == ["backend", "oneDNN", "NumPy", "threads", "precision", "machine"]
        assert told["backend"] == f"{who} (use_backend: {backend!r})"
        assert told["oneDNN"] == library.reason()
        assert told["NumPy"].startswith(np.__version__)
        assert told["threads"] == str(ac.get_num_threads())
        assert told["precision"] == "high"
    with monkeypatch.context() as patch:
        patch.setattr(library, "_library", None)
        assert environment.config()["backend"] == "NumPy"
    monkeypatch.setattr(np, "show_config", lambda mode: {})
    assert environment.config()["numpy"] == f"{np.__version__}, its BLAS unknown"
    monkeypatch.setattr(np, "show_config", lambda mode: {"Build Dependencies": {"blas": {"name": "mkl", "version": "1"}}})
    assert environment.config()["numpy"] == f"{np.__version__}, mkl 1"
