"""Where oneDNN's kernels begin: the sizes from which they are faster, and on how many threads they run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.kernels.memory import threads
from autograd_cnn.kernels.onednn import binary, channels_last_ops, conv, eltwise, library, matmul, norm, plans, pool, softmax
from autograd_cnn.kernels.onednn.channels_last import ChannelsLast
from autograd_cnn.kernels.onednn.reorder import as_last, as_rows
from tests import oracles
from tests.kernels.backends import needs_onednn, normal
from tests.kernels.fast import EPS, KERNELS, channel, compare

pytestmark = needs_onednn


@pytest.fixture(autouse=True)
def onednn() -> Iterator[None]:
    with ac.use_backend("onednn"):
        yield


# ------------------------------------------------------------------------------------------------- thresholds, by itself
def least(run: Callable[[int], Any], size: int) -> None:
    """From `size` on oneDNN computes, and under it NumPy; under "onednn", too."""
    for count, taken in ((size - 1, False), (size, True), (size + 1, True)):
        assert (run(count) is not NotImplemented) is taken, f"{count} entries, oneDNN from {size} on"


@pytest.mark.parametrize("backend", ["auto", "onednn"])
def test_small_arrays_are_numpys(backend: str) -> None:
    with ac.use_backend(backend):
        for fn in (
            eltwise.relu,
            eltwise.sigmoid,
            lambda x: eltwise.leaky_relu(x, 0.1),
            lambda x: binary.add(x, x),
            lambda x: binary.add_into(x, x),
            lambda x: eltwise.curve_adjoint(eltwise.TANH, x, x),
        ):
            least(lambda n, fn=fn: fn(normal(n)), eltwise.SMALL)  # type: ignore[misc]  # bound now
        least(lambda n: eltwise.tanh(normal(n)), 1 << 17)
        for fn in (
            lambda x: softmax.softmax(x, 1),
            lambda x: softmax.softmax_adjoint(x, x, 1),
            lambda x: softmax.normalize(x, (1,), EPS),
            lambda x: softmax.normalize_adjoint(x, x, np.ones(1, np.float32), (1,), EPS),
        ):
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
    for run in (
        lambda x: norm.batch_norm(x, ones, ones, EPS),
        lambda x: norm.batch_norm_adjoint(x, x, ones, ones, ones, EPS),
        lambda x: norm.batch_norm_eval(x, ones, ones, ones, ones, EPS),
    ):
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


HEAVY = (1, 1), ((0, 0), (0, 0)), (1, 1), 1  # stride, padding, dilation, groups of a convolution that is one product


@pytest.mark.parametrize(
    ("x", "w", "rest", "product"),
    [
        ((2, 60, 1, 2), (20, 60, 1, 1), HEAVY, True),  # 1200 weights, 4 positions
        ((2, 59, 1, 2), (20, 59, 1, 1), HEAVY, False),
        ((2, 60, 1, 2), (21, 60, 1, 1), HEAVY, True),
        ((2, 60, 2, 1), (19, 60, 1, 1), HEAVY, False),
        ((4, 60, 1, 1), (20, 60, 1, 1), HEAVY, True),
        ((5, 60, 1, 1), (20, 60, 1, 1), HEAVY, False),
        ((1, 60, 2, 2), (20, 60, 1, 1), HEAVY, True),
        ((1, 60, 2, 2), (20, 60, 1, 2), HEAVY, False),
        ((1, 60, 2, 2), (20, 60, 1, 1), ((1, 2), *HEAVY[1:]), False),
        ((1, 60, 2, 2), (20, 60, 1, 1), ((2, 1), *HEAVY[1:]), False),
        ((1, 80, 2, 1), (40, 40, 1, 1), (*HEAVY[:3], 2), False),
        ((1, 90, 1, 1), (20, 90, 1, 1), ((1, 1), ((1, 0), (0, 0)), (1, 1), 1), False),
        ((1, 90, 1, 1), (20, 90, 1, 1), ((1, 1), ((0, 0), (0, 1)), (1, 1), 1), False),
        ((1, 90, 1, 1), (20, 90, 1, 1), ((1, 1), ((0, 0), (0, 0)), (3, 3), 1), True),
        ((4, 60, 1), (20, 60, 1), ((1,), ((0, 0),), (1,), 1), True),
        ((1, 60, 1, 2, 2), (20, 60, 1, 1, 1), ((1, 1, 1), ((0, 0),) * 3, (1, 1, 1), 1), True),
    ],
)
def test_many_weights_for_few_positions_are_one_product(x: Any, w: Any, rest: Any, product: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """300 for each, of one entry each: the convolution, its adjoints, and the sum for a bias, in both arithmetics."""
    plans.release()
    calls: list[str] = []
    real = conv._as_product

    def as_product(b: Any, what: str, *args: Any) -> Any:
        calls.append(what)
        return real(b, what, *args)

    monkeypatch.setattr(conv, "_as_product", as_product)
    a, v, c = normal(*x), normal(*w), normal(w[0])
    wide = (a.astype(float), v.astype(float), c.astype(float))
    y = oracles.conv(*wide[:2], *rest) + channel(wide[2], a)
    g = normal(*y.shape)
    gx = oracles.conv_transposed(g.astype(float), wide[1], x, *rest)
    gw, gb = oracles.conv_weight(g.astype(float), wide[0], w, *rest), g.astype(float).sum((0, *range(2, g.ndim)))
    for given in ((a, g), (as_last(a), as_last(g))):
        compare(conv.forward(given[0], v, *rest, c), [y], "forward")
        compare(conv.forward(given[0], v, *rest, None), [y - channel(wide[2], a)], "forward")
        compare(conv.input_adjoint(given[1], v, x, *rest), [gx], "input")
        compare(conv.weight_adjoint(given[1], given[0], w, *rest), [gw], "weight")
        compare(conv.weight_adjoint(given[1], given[0], w, *rest, bias=True), [gw, gb], "weight and bias")
    assert calls == ["forward", "forward", "input", "weight"] * product
    calls.clear()
    with ac.use_float32_matmul_precision("medium"):
        for found, right in ((conv.forward(a, v, *rest, c), [y]), (conv.weight_adjoint(g, a, w, *rest, bias=True), [gw, gb])):
            for near, exact in zip(found if isinstance(found, tuple) else (found,), right, strict=True):
                assert np.sqrt(np.square(np.asarray(near) - exact).mean() / np.square(exact).mean()) < 5e-3
    assert not calls


@pytest.mark.parametrize("channels", [15, 16, 40])
def test_a_bias_is_summed_on_the_way_where_it_is_wide(channels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    summed: list[int] = []
    real = channels_last_ops.channel_sums

    def sums(x: Any) -> Any:
        summed.append(1)
        return real(x)

    monkeypatch.setattr(channels_last_ops, "channel_sums", sums)
    x, g = normal(2, 3, 8, 9), normal(2, channels, 6, 7)
    rest = ((1, 1), ((0, 0), (0, 0)), (1, 1), 1)
    gw, gb = conv.weight_adjoint(g, x, (channels, 3, 3, 3), *rest, bias=True)
    compare(gw, [oracles.conv_weight(g.astype(float), x.astype(float), (channels, 3, 3, 3), *rest)], "weight")
    compare(gb, [g.astype(float).sum((0, 2, 3))], "bias")
    assert len(summed) == (channels < 16)


# ------------------------------------------------------------------------------------------------- threads
def made_for(monkeypatch: pytest.MonkeyPatch, run: Callable[..., Any], *args: Any) -> tuple[Any, list[tuple[int, int]]]:
    """The result, and of each primitive that ran: for how many threads it was made, and on how many it ran."""
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
        found = run(*args)
    finally:
        plans.release()
    assert found is not NotImplemented
    return found, ran


@pytest.mark.parametrize("name", [n for n, k in KERNELS.items() if k.work])
def test_threads_by_the_work(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as there may be from some work on, one below; and each primitive is made for as many as it runs on."""
    run, arrays, _, _, last, each = KERNELS[name]
    given = [as_last(a) if at in last else a for at, a in enumerate(arrays)]
    work = arrays[0].size * each
    monkeypatch.setattr(threads, "_count", 3)
    for least, count in ((work, 3), (work + 1, 1)):
        monkeypatch.setattr(threads, "SHARED", least)
        _, ran = made_for(monkeypatch, run, *given)
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
    for run in (
        lambda: conv.forward(x, w, *rest, None),
        lambda: conv.input_adjoint(g, w, x.shape, *rest),
        lambda: conv.weight_adjoint(g, x, w.shape, *rest),
    ):
        for shared in (1, copies, copies + 1, *casts, work, work + 1):
            monkeypatch.setattr(threads, "SHARED", shared)
            with ac.use_float32_matmul_precision(precision):
                _, ran = made_for(monkeypatch, run)
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
            assert set(made_for(monkeypatch, as_last, x)[1]) == {(count, count)}
            assert set(made_for(monkeypatch, as_rows, last.view(np.ndarray))[1]) == {(count, count)}


def test_reorders_from_a_size_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """oneDNN copies what is larger than 4096 entries, NumPy the rest; and both give the same."""
    for size, calls in ((2048, 0), (2049, 1)):
        x = normal(1, 2, size)
        last, ran = made_for(monkeypatch, as_last, x)
        assert len(ran) == calls
        assert last.__class__ is ChannelsLast
        np.testing.assert_array_equal(np.moveaxis(last.view(np.ndarray), 1, -1), np.moveaxis(x, 1, -1))
        rows, ran = made_for(monkeypatch, as_rows, last.view(np.ndarray))
        assert len(ran) == calls
        np.testing.assert_array_equal(rows, x)
        assert rows.flags.c_contiguous
