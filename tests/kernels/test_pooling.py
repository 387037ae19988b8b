"""Pooling of every kind against plain loops: maxima with their switches, sums, adaptive windows, unpooling."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_cnn.errors import ShapeError
from autograd_cnn.kernels.reference import averaging
from autograd_cnn.kernels.reference.averaging import (
    adaptive_avg_pool_adjoint,
    adaptive_avg_pool_forward,
    avg_divisor,
    sum_pool_adjoint,
    sum_pool_forward,
)
from autograd_cnn.kernels.reference.pooling import (
    adaptive_max_pool_forward,
    gather_switches,
    max_pool_adjoint,
    max_pool_forward,
    unpool_adjoint,
    unpool_forward,
)
from autograd_cnn.kernels.reference.windows import output_sizes
from tests import oracles
from tests.kernels.arrays import LAYOUTS, whole

# (x shape, kernel, stride, padding, dilation, ceil_mode)
CASES = {
    "halves": ((2, 3, 6, 8), (2, 2), (2, 2), ((0, 0), (0, 0)), (1, 1), False),
    "odd, floor": ((2, 2, 7, 5), (2, 2), (2, 2), ((0, 0), (0, 0)), (1, 1), False),
    "odd, ceil": ((2, 2, 7, 5), (2, 2), (2, 2), ((0, 0), (0, 0)), (1, 1), True),
    "overlap": ((2, 2, 9, 9), (3, 3), (2, 2), ((1, 1), (1, 1)), (1, 1), False),
    "overlap, ceil": ((2, 2, 8, 8), (3, 3), (2, 2), ((0, 0), (0, 0)), (1, 1), True),
    "stride 1": ((1, 2, 5, 6), (3, 2), (1, 1), ((1, 1), (0, 0)), (1, 1), False),
    "gaps": ((1, 2, 9, 8), (2, 1), (4, 3), ((0, 0), (0, 0)), (1, 1), False),
    "dilation": ((1, 2, 9, 10), (2, 3), (2, 1), ((1, 1), (1, 1)), (3, 2), False),
    "large": ((2, 2, 20, 17), (20, 17), (20, 17), ((0, 0), (0, 0)), (1, 1), False),
    "large, overlap": ((1, 1, 24, 24), (17, 17), (3, 2), ((8, 8), (8, 8)), (1, 1), True),
    "signal": ((2, 3, 11), (3,), (2,), ((1, 1),), (1,), True),
    "volume": ((1, 2, 5, 4, 6), (2, 3, 2), (2, 1, 2), ((1, 1), (0, 0), (1, 1)), (1, 1, 1), True),
    "one": ((1, 1, 1, 1), (1, 1), (1, 1), ((0, 0), (0, 0)), (1, 1), False),
    "no samples": ((0, 2, 6, 6), (2, 2), (2, 2), ((0, 0), (0, 0)), (1, 1), False),
}


def sizes(case: tuple) -> tuple[int, ...]:
    return output_sizes(case[0][2:], *case[1:])


def check_max(x: np.ndarray, case: tuple) -> None:
    before = x.copy()
    y, indices = max_pool_forward(x, *case[1:])
    wanted, places = oracles.max_pool(x, *case[1:5], sizes(case))
    assert y.dtype == x.dtype
    assert indices.dtype == np.int64
    np.testing.assert_array_equal(y, wanted)
    np.testing.assert_array_equal(indices, places)
    np.testing.assert_array_equal(gather_switches(x, indices), y)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
@pytest.mark.parametrize("name", CASES)
def test_max_pool(name: str, dtype: type) -> None:
    """Whole numbers from −4 to 4: ties in nearly every window."""
    check_max(whole(np.random.default_rng(3), CASES[name][0], dtype), CASES[name])


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ["halves", "overlap", "signal", "volume"])
def test_max_pool_any_layout(name: str, layout: str) -> None:
    check_max(LAYOUTS[layout](whole(np.random.default_rng(3), CASES[name][0])), CASES[name])


@pytest.mark.parametrize("value", [np.nan, -np.inf, np.inf])
@pytest.mark.parametrize("name", CASES)
def test_max_pool_of_what_is_not_finite(name: str, value: float) -> None:
    """nan wins, the last one; a window of −inf alone points at its first element inside the input."""
    rng = np.random.default_rng(3)
    for share in (0.1, 0.6, 1.0):
        x = whole(rng, CASES[name][0])
        x[rng.random(x.shape) < share] = value
        check_max(x, CASES[name])


def test_max_pool_in_small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(averaging, "_CHUNK_BYTES", 700)
    for name in ("halves", "overlap", "volume"):
        x = whole(np.random.default_rng(3), CASES[name][0])
        check_max(x, CASES[name])
        x[0, 0, -1, 0] = np.nan
        check_max(x, CASES[name])


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", CASES)
def test_max_pool_adjoint(name: str, layout: str) -> None:
    rng = np.random.default_rng(4)
    x = whole(rng, CASES[name][0], np.float32)
    _, indices = max_pool_forward(x, *CASES[name][1:])
    g = whole(rng, indices.shape, np.float32)
    gx = max_pool_adjoint(LAYOUTS[layout](g), LAYOUTS[layout](indices), x.shape)
    wanted = np.zeros(x.shape)
    for n, c in np.ndindex(*x.shape[:2]):
        for value, place in zip(g[n, c].ravel(), indices[n, c].ravel(), strict=True):
            wanted[n, c].reshape(-1)[place] += value
    assert gx.dtype == np.float32
    np.testing.assert_array_equal(gx, wanted)
    # and its derivative
    h = whole(rng, x.shape, np.float32)
    assert (gx * h).sum() == (g * gather_switches(LAYOUTS[layout](h), indices)).sum()


# -- unpooling ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", [(2, 3, 6, 8), (2, 3, 7, 9), (3, 2, 10), (1, 2, 4, 6, 2), (0, 2, 4, 4)])
def test_unpool(shape: tuple[int, ...], layout: str) -> None:
    rng = np.random.default_rng(5)
    y, indices = max_pool_forward(whole(rng, shape, np.float32), 2)
    found = unpool_forward(LAYOUTS[layout](y), LAYOUTS[layout](indices), shape)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, oracles.unpool(y, indices, shape))
    g = whole(rng, shape, np.float32)
    assert (found * g).sum() == (y * unpool_adjoint(g, indices)).sum()


def test_unpool_messages() -> None:
    x = np.ones((1, 1, 2, 2))
    indices = np.array([[[[0, 3], [9, 24]]]])
    with pytest.raises(ShapeError) as caught:
        unpool_forward(x, indices, (1, 1, 4, 4))
    assert str(caught.value) == (
        "max_unpool: Found an invalid max index: 24 (output volumes are of size 4x4). "
        "They point into a larger input; give its size as output_size."
    )
    with pytest.raises(ShapeError, match="invalid max index: -1"):
        unpool_forward(x, indices - 1, (1, 1, 5, 5))
    with pytest.raises(ShapeError, match="an input of the indices' shape"):
        unpool_forward(x[..., :1], indices, (1, 1, 4, 4))
    with pytest.raises(ShapeError, match="an output of 1 samples with 1 channels"):
        unpool_forward(x, indices, (1, 2, 4, 4))


# -- sums and averages -------------------------------------------------------------------------------------------------

SUMS = {name: case for name, case in CASES.items() if max(case[4]) == 1}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", SUMS)
def test_sum_pool(name: str, layout: str) -> None:
    shape, kernel, stride, padding, _, ceil_mode = SUMS[name]
    rng = np.random.default_rng(6)
    x = whole(rng, shape, np.float32)
    out = sizes(SUMS[name])
    y = sum_pool_forward(LAYOUTS[layout](x), kernel, stride, padding, ceil_mode)
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y, oracles.sum_pool(x, kernel, stride, padding, out))
    g = whole(rng, y.shape, np.float32)
    gx = sum_pool_adjoint(LAYOUTS[layout](g), shape, kernel, stride, padding, ceil_mode)
    assert gx.dtype == np.float32
    np.testing.assert_array_equal(gx, oracles.sum_pool_transposed(g, shape, kernel, stride, padding))


def test_sum_pool_in_small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(averaging, "_CHUNK_BYTES", 700)
    for name in ("halves", "overlap, ceil", "large", "volume"):
        test_sum_pool(name, "plain")


@pytest.mark.parametrize("count_include_pad", [True, False])
@pytest.mark.parametrize("name", SUMS)
def test_avg_divisor(name: str, count_include_pad: bool) -> None:
    """Counts ones: those of the input, or those of the input and the padding, but none beyond."""
    shape, kernel, stride, padding, _, ceil_mode = SUMS[name]
    inside = np.ones((1, 1, *shape[2:]))
    whole_ = np.pad(inside, ((0, 0), (0, 0), *padding), constant_values=float(count_include_pad))
    counted = oracles.sum_pool(whole_, kernel, stride, tuple((0, 0) for _ in kernel), sizes(SUMS[name]))[0, 0]
    divisor = avg_divisor(shape[2:], kernel, stride, padding, ceil_mode, count_include_pad, dtype=np.float32)
    np.testing.assert_array_equal(np.broadcast_to(divisor, counted.shape), counted)
    assert isinstance(divisor, int) or divisor.dtype == np.float32


def test_divisor_override() -> None:
    assert avg_divisor((4, 4), 2, divisor_override=7) == 7
    with pytest.raises(ShapeError, match="divisor must be not zero"):
        avg_divisor((4, 4), 2, divisor_override=0)


# -- adaptive ----------------------------------------------------------------------------------------------------------

ADAPTIVE = [
    ((2, 2, 7, 5), (3, 2)),
    ((2, 1, 6, 6), (3, 2)),
    ((1, 2, 5, 3), (7, 4)),
    ((2, 2, 9), (4,)),
    ((1, 1, 4), (8,)),
]
ADAPTIVE += [((1, 2, 5, 4, 3), (2, 3, 2)), ((2, 3, 5, 5), (1, 1)), ((0, 2, 5, 5), (2, 2)), ((1, 1, 19, 4), (19, 3))]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("shape", "out"), ADAPTIVE)
def test_adaptive_average(shape: tuple[int, ...], out: tuple[int, ...], layout: str) -> None:
    rng = np.random.default_rng(8)
    x = whole(rng, shape)
    y = adaptive_avg_pool_forward(LAYOUTS[layout](x), out)
    np.testing.assert_allclose(y, oracles.adaptive_average(x, out), rtol=1e-14, atol=1e-14)
    g = whole(rng, y.shape)
    kept = g.copy()
    gx = adaptive_avg_pool_adjoint(LAYOUTS[layout](g), shape)
    np.testing.assert_allclose(gx, oracles.adaptive_average_transposed(g, shape), rtol=1e-14, atol=1e-14)
    np.testing.assert_array_equal(g, kept)
    assert adaptive_avg_pool_forward(x.astype(np.float32), out).dtype == np.float32
    assert adaptive_avg_pool_adjoint(g.astype(np.float32), shape).dtype == np.float32


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("share", [0.0, 0.2])
@pytest.mark.parametrize(("shape", "out"), ADAPTIVE)
def test_adaptive_max(shape: tuple[int, ...], out: tuple[int, ...], share: float, layout: str) -> None:
    rng = np.random.default_rng(9)
    x = whole(rng, shape, np.float32)
    x[rng.random(shape) < share] = np.nan
    y, indices = adaptive_max_pool_forward(LAYOUTS[layout](x), out)
    wanted, places = oracles.adaptive_max(x, out)
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y, wanted)
    np.testing.assert_array_equal(indices, places)


def test_adaptive_to_nothing() -> None:
    x = np.ones((2, 3, 5, 5))
    assert adaptive_avg_pool_forward(x, (0, 2)).shape == (2, 3, 0, 2)
    assert adaptive_max_pool_forward(x, (0, 2))[1].shape == (2, 3, 0, 2)
    np.testing.assert_array_equal(adaptive_avg_pool_adjoint(np.ones((2, 3, 0, 2)), x.shape), np.zeros(x.shape))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_adjoints_are_adjoint(data: st.DataObject) -> None:
    dims = data.draw(st.integers(1, 3))
    draw = lambda low, high: tuple(data.draw(st.integers(low, high)) for _ in range(dims))
    kernel, stride, extra = draw(1, 4), draw(1, 3), draw(0, 5)
    padding = tuple(min(p, k // 2) for p, k in zip(draw(0, 2), kernel, strict=True))
    size = tuple(k + e for k, e in zip(kernel, extra, strict=True))
    ceil_mode = data.draw(st.booleans())
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    x = whole(rng, (2, 2, *size))
    y = sum_pool_forward(x, kernel, stride, padding, ceil_mode)
    g = whole(rng, y.shape)
    assert (y * g).sum() == (x * sum_pool_adjoint(g, x.shape, kernel, stride, padding, ceil_mode)).sum()
    maxima, indices = max_pool_forward(x, kernel, stride, padding, 1, ceil_mode)
    assert (maxima * g).sum() == (x * max_pool_adjoint(g, indices, x.shape)).sum()
    out = draw(1, 7)
    y = adaptive_avg_pool_forward(x, out)
    g = whole(rng, y.shape)
    assert math.isclose((y * g).sum(), (x * adaptive_avg_pool_adjoint(g, x.shape)).sum(), abs_tol=1e-9)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((9,), r"Given input size: \(2x4x4\). Calculated output size: \(2x0x0\). Output size is too small"),
        ((2, 2, 2), "pad should be at most half of effective kernel size, but got pad=2, kernel_size=2 and dilation=1"),
        ((0,), "kernel size should be greater than zero"),
        ((2, 0), "non-positive stride is not supported"),
        (((2, 2, 2),), "kernel_size: expected one number or 2 of them"),
    ],
)
def test_messages(arguments: tuple[object, ...], text: str) -> None:
    with pytest.raises(ShapeError, match=text):
        max_pool_forward(np.ones((1, 2, 4, 4)), *arguments)
    with pytest.raises(ShapeError, match=text):
        sum_pool_forward(np.ones((1, 2, 4, 4)), *arguments)


def test_more_messages() -> None:
    with pytest.raises(ShapeError, match=r"expected an input \(N, C, \*S\)"):
        max_pool_forward(np.ones((2, 3)), 2)
    with pytest.raises(ShapeError, match=r"a gradient of shape \(1, 1, 2, 2\), got \(1, 1, 3, 3\)"):
        sum_pool_adjoint(np.ones((1, 1, 3, 3)), (1, 1, 4, 4), 2)
    with pytest.raises(ShapeError, match="output_size: expected one number or 2 of them"):
        adaptive_avg_pool_forward(np.ones((1, 1, 4, 4)), (1, 2, 3))
    with pytest.raises(ShapeError, match="elements of output_size to be greater than or equal to 0"):
        adaptive_max_pool_forward(np.ones((1, 1, 4, 4)), (1, -1))
    with pytest.raises(ShapeError, match="non-zero sizes in all but the batch dimension"):
        adaptive_max_pool_forward(np.ones((1, 1, 0, 4)), 1)
