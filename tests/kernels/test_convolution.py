"""Convolution and its adjoints against plain loops, in every layout, cut into blocks of every size."""

from __future__ import annotations

import itertools
import math
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_cnn.errors import DtypeError, ShapeError
from autograd_cnn.kernels.memory.workspace import release
from autograd_cnn.kernels.reference import convolution, depthwise
from autograd_cnn.kernels.reference.convolution import conv_forward, conv_input_adjoint, conv_weight_adjoint
from tests import oracles
from tests.kernels.arrays import LAYOUTS, Case, conv_cases, whole

CASES = conv_cases()


def arrays(case: Case, dtype: type = np.float64) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    x_shape, w_shape, stride, padding, dilation, _ = case
    out = tuple(oracles.windows_that_fit(*one) for one in zip(x_shape[2:], w_shape[2:], stride, padding, dilation, strict=True))
    return whole(rng, x_shape, dtype), whole(rng, w_shape, dtype), whole(rng, (x_shape[0], w_shape[0], *out), dtype)


def check(case: Case, x: np.ndarray, w: np.ndarray, g: np.ndarray) -> None:
    """All three against the loops; the numbers are whole, so there is nothing to tolerate."""
    rest = case[2:]
    kept = [a.copy() for a in (x, w, g)]
    results = (
        (conv_forward(x, w, *rest), oracles.conv(x, w, *rest)),
        (conv_input_adjoint(g, w, x.shape, *rest), oracles.conv_transposed(g, w, x.shape, *rest)),
        (conv_weight_adjoint(g, x, w.shape, *rest), oracles.conv_weight(g, x, w.shape, *rest)),
    )
    for found, wanted in results:
        assert found.dtype == x.dtype
        np.testing.assert_array_equal(found, wanted)
    for a, before in zip((x, w, g), kept, strict=True):
        np.testing.assert_array_equal(a, before)


@pytest.mark.parametrize("name", CASES)
def test_agrees_with_the_loops(name: str) -> None:
    check(CASES[name], *arrays(CASES[name]))


@pytest.mark.parametrize("name", ["signal", "image", "image, all different", "depthwise", "groups", "volume"])
def test_single_precision_stays_single(name: str) -> None:
    check(CASES[name], *arrays(CASES[name], np.float32))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ["signal", "image", "image, all different", "rows at once", "whole", "depthwise", "pointwise", "volume"])
def test_any_layout(name: str, layout: str) -> None:
    check(CASES[name], *(LAYOUTS[layout](a) for a in arrays(CASES[name])))


@pytest.mark.parametrize("name", ["image", "whole", "depthwise", "pointwise", "groups"])
def test_broadcast_gradient(name: str) -> None:
    """What `y.sum().backward()` sends: one number seen many times."""
    x, w, g = arrays(CASES[name])
    check(CASES[name], x, w, np.broadcast_to(np.float64(2), g.shape))


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(("block", "samples"), [(1, 1), (700, 2), (4000, 3)])
def test_any_cut(name: str, block: int, samples: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a few positions, batches that the pieces do not divide: the same numbers."""
    monkeypatch.setattr(convolution, "_BLOCK_BYTES", block)
    monkeypatch.setattr(convolution, "_MOST_SAMPLES", samples)
    monkeypatch.setattr(depthwise, "_CHUNK_BYTES", block)
    monkeypatch.setattr(depthwise, "_RUN", samples * 30)
    convolution._pieces.cache_clear()
    try:
        check(CASES[name], *arrays(CASES[name]))
    finally:
        convolution._pieces.cache_clear()


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("name", ["signal", "image", "image, valid", "full", "padding beyond the kernel", "groups"])
def test_both_ways_to_the_input(name: str, turned: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convolution, "_turns", lambda geo: turned)
    check(CASES[name], *arrays(CASES[name]))


def test_every_way_is_taken() -> None:
    """The cases above reach each kernel, so a change of the choice cannot silently leave one untested."""
    ways = set()
    for case in CASES.values():
        geo = convolution.geometry(case[0], case[1], *case[2:])
        if geo.whole:
            ways.add("whole")
        else:
            ways.add(convolution._route(geo))
            rows = convolution._rows_at_once(geo.flat)
            ways.add("rows" if rows > 1 else "row")
            ways.add("turned" if convolution._turns(geo) else "scattered")
    assert ways == {"whole", "pointwise", "depthwise", "columns", "rows", "row", "turned", "scattered"}


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_adjoints_are_adjoint(data: st.DataObject) -> None:
    """⟨conv(x, w), g⟩ = ⟨x, input adjoint(g, w)⟩ = ⟨w, weight adjoint(g, x)⟩, exactly, for cases nobody thought of."""
    dims = data.draw(st.integers(1, 3))
    draw = lambda low, high: tuple(data.draw(st.integers(low, high)) for _ in range(dims))
    kernel, stride, dilation = draw(1, 4), draw(1, 3), draw(1, 3)
    padding = tuple(zip(draw(0, 3), draw(0, 3), strict=True))
    size = tuple(max(1, d * (k - 1) + 1 - sum(p)) + extra for d, k, p, extra in zip(dilation, kernel, padding, draw(0, 6), strict=True))
    groups, batch = data.draw(st.integers(1, 3)), data.draw(st.integers(0, 3))
    inputs, outputs = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    x = whole(rng, (batch, groups * inputs, *size))
    w = whole(rng, (groups * outputs, inputs, *kernel))
    y = conv_forward(x, w, stride, padding, dilation, groups)
    g = whole(rng, y.shape)
    gx = conv_input_adjoint(g, w, x.shape, stride, padding, dilation, groups)
    gw = conv_weight_adjoint(g, x, w.shape, stride, padding, dilation, groups)
    assert gx.shape == x.shape
    assert gw.shape == w.shape
    assert (y * g).sum() == (gx * x).sum() == (gw * w).sum()


def test_bias() -> None:
    for name in ("signal", "image", "rows at once", "whole", "depthwise", "pointwise"):
        x, w, _ = arrays(CASES[name])
        bias = np.arange(1.0, 1 + len(w))
        rest = CASES[name][2:]
        plain = conv_forward(x, w, *rest)
        np.testing.assert_array_equal(conv_forward(x, w, *rest, bias=bias), plain + bias.reshape(-1, *(1,) * (x.ndim - 2)))


def test_numbers_stand_for_all_dimensions() -> None:
    x, w, _ = arrays(CASES["image"])
    wanted = conv_forward(x, w, (2, 2), ((1, 1), (1, 1)), (1, 1))
    np.testing.assert_array_equal(conv_forward(x, w, 2, 1), wanted)
    np.testing.assert_array_equal(conv_forward(x, w, [2], [1, 1]), wanted)


@pytest.mark.parametrize("name", ["image", "depthwise", "pointwise", "whole", "rows at once"])
def test_no_samples(name: str) -> None:
    x, w, g = (a[:0] if i != 1 else a for i, a in enumerate(arrays(CASES[name])))
    rest = CASES[name][2:]
    assert conv_forward(x, w, *rest, bias=np.ones(len(w))).shape == g.shape
    assert conv_input_adjoint(g, w, x.shape, *rest).shape == x.shape
    np.testing.assert_array_equal(conv_weight_adjoint(g, x, w.shape, *rest), np.zeros(w.shape))


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize("name", ["signal", "image", "rows at once", "depthwise", "depthwise, many, stride", "image, valid", "full"])
def test_what_is_not_finite_stays_where_it_belongs(name: str, which: int, value: float) -> None:
    """Zeros that only an algorithm put there must not meet an inf. Those of the padding are part of the input."""
    case = CASES[name]
    x, w, g = arrays(case)
    (x, w, g)[which][(0,) * x.ndim] = value
    stride, padding, dilation, groups = case[2:]
    none = tuple((0, 0) for _ in padding)
    padded = np.pad(x, ((0, 0), (0, 0), *padding))
    inside = (..., *(slice(b, b + n) for (b, _), n in zip(padding, x.shape[2:], strict=True)))
    with np.errstate(invalid="ignore"):
        y = oracles.conv(padded, w, stride, none, dilation, groups)
        gx = oracles.conv_transposed(g, w, padded.shape, stride, none, dilation, groups)[inside]
        gw = oracles.conv_weight(g, padded, w.shape, stride, none, dilation, groups)
    np.testing.assert_array_equal(conv_forward(x, w, *case[2:]), y)
    np.testing.assert_array_equal(conv_input_adjoint(g, w, x.shape, *case[2:]), gx)
    np.testing.assert_array_equal(conv_weight_adjoint(g, x, w.shape, *case[2:]), gw)


def test_results_are_their_own() -> None:
    """No result shares the working memory that the next call overwrites."""
    x, w, g = arrays(CASES["image"])
    rest = CASES["image"][2:]
    results = [conv_forward(x, w, *rest), conv_input_adjoint(g, w, x.shape, *rest)]
    results.append(conv_weight_adjoint(g, x, w.shape, *rest))
    kept = [r.copy() for r in results]
    for a, b in itertools.combinations(results, 2):
        assert not np.shares_memory(a, b)
    conv_forward(x + 1, w * 2, *rest)
    conv_input_adjoint(g + 1, w * 2, x.shape, *rest)
    for result, before in zip(results, kept, strict=True):
        np.testing.assert_array_equal(result, before)


def test_threads_do_not_meet() -> None:
    """Each thread has working memory of its own."""
    names = ["image", "rows at once", "depthwise", "volume"]
    wanted = {name: conv_forward(*arrays(CASES[name])[:2], *CASES[name][2:]) for name in names}
    wrong: list[str] = []

    def work(name: str) -> None:
        x, w, _ = arrays(CASES[name])
        for _ in range(100):
            if not np.array_equal(conv_forward(x, w, *CASES[name][2:]), wanted[name]):
                wrong.append(name)
        release()

    threads = [threading.Thread(target=work, args=(name,)) for name in names * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_blocks_bound_the_memory() -> None:
    """The columns of a batch are never there at once: a block of them is."""
    geo = convolution.geometry((64, 16, 64, 64), (16, 16, 5, 5), 1, 2, 1, 1)
    for piece in convolution._pieces(geo, 4):
        for block in piece.columns.blocks(piece.positions):
            assert 4 * math.prod(piece.columns.column_shape(block)) <= convolution._BLOCK_BYTES


# -- what does not fit -------------------------------------------------------------------------------------------------


def test_channels_message() -> None:
    with pytest.raises(ShapeError) as caught:
        conv_forward(np.ones((64, 3, 28, 28)), np.ones((6, 1, 5, 5)))
    assert str(caught.value) == (
        "convolution: Given groups=1, weight of size [6, 1, 5, 5], expected input[64, 3, 28, 28] to have 1 channels, "
        "but got 3 channels instead."
    )
    with pytest.raises(
        ShapeError, match=r"but got 28 channels instead\. Channels stand in dim 1, not in the last: input\.movedim\(-1, 1\)"
    ):
        conv_forward(np.ones((2, 28, 28, 1)), np.ones((6, 1, 5, 5)))


def test_kernel_larger_than_the_input_message() -> None:
    with pytest.raises(ShapeError) as caught:
        conv_forward(np.ones((1, 1, 3, 3)), np.ones((1, 1, 5, 5)))
    assert str(caught.value) == (
        "convolution: Kernel size can't be greater than actual input size: the padded input is 3x3, the kernel 5x5. "
        "1 more padding on each side, or a smaller kernel, fits."
    )


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"stride": 0}, "non-positive stride is not supported"),
        ({"dilation": 0}, "dilation should be greater than zero"),
        ({"padding": -1}, "negative padding is not supported"),
        ({"groups": 0}, "non-positive groups is not supported"),
        ({"groups": 4}, "output channels that 4 groups divide evenly"),
        ({"stride": (1, 2, 3)}, "expected one number or 2 of them"),
        ({"bias": np.ones(3)}, r"expected a bias of shape \(2,\), got \(3,\)"),
    ],
)
def test_argument_messages(arguments: dict[str, object], text: str) -> None:
    with pytest.raises(ShapeError, match=text):
        conv_forward(np.ones((1, 2, 4, 4)), np.ones((2, 2, 3, 3)), **arguments)


def test_dims_dtype_and_gradient_messages() -> None:
    x, w = np.ones((1, 2, 4, 4)), np.ones((2, 2, 3, 3))
    with pytest.raises(ShapeError, match=r"expected an input \(N, C, \*S\) and a weight"):
        conv_forward(x[0], w)
    with pytest.raises(DtypeError, match="expected input and weight of one dtype, got float32 and float64"):
        conv_forward(x.astype(np.float32), w)
    with pytest.raises(ShapeError, match=r"a gradient of the output's shape \(1, 2, 2, 2\)"):
        conv_input_adjoint(np.ones((1, 2, 3, 3)), w, x.shape)
    with pytest.raises(ShapeError, match=r"a gradient of the output's shape \(1, 2, 2, 2\)"):
        conv_weight_adjoint(np.ones((1, 2, 3, 3)), x, w.shape)
