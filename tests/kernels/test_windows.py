"""Counting windows, the strict fit and its repairs, padding, sliding views and columns."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_cnn.errors import ShapeError
from autograd_cnn.kernels.reference.windows import (
    check_fit,
    col2im,
    fit_message,
    full_padding,
    im2col,
    output_size,
    pad,
    pairs,
    same_padding,
    sliding_windows,
    steps,
    transposed_size,
)
from tests import oracles
from tests.kernels.arrays import LAYOUTS, whole


@given(st.integers(1, 20), st.integers(1, 6), st.integers(1, 4), st.integers(0, 4), st.integers(0, 4), st.integers(1, 3))
def test_output_size_counts(size: int, kernel: int, stride: int, before: int, after: int, dilation: int) -> None:
    counted = oracles.windows_that_fit(size, kernel, stride, (before, after), dilation)
    assert max(0, output_size(size, kernel, stride, (before, after), dilation)) == counted


@given(st.integers(1, 20), st.integers(1, 6), st.integers(1, 4), st.integers(0, 3))
def test_ceil_mode_adds_the_window_that_hangs_over(size: int, kernel: int, stride: int, padding: int) -> None:
    padding = min(padding, kernel // 2)  # pooling allows no more
    floor = output_size(size, kernel, stride, padding)
    ceil = output_size(size, kernel, stride, padding, ceil_mode=True)
    if floor < 1:
        return
    starts = [i * stride - padding for i in range(floor + 1)]
    hangs = starts[-1] + kernel > size + padding and (starts[-2] + kernel < size + padding) and starts[-1] < size
    assert ceil == floor + hangs


@given(st.integers(1, 12), st.integers(1, 5), st.integers(1, 4), st.integers(0, 2), st.integers(1, 3))
def test_transposed_size_undoes_output_size(size: int, kernel: int, stride: int, padding: int, dilation: int) -> None:
    grown = transposed_size(size, kernel, stride, padding, 0, dilation)
    if grown > 0:
        assert output_size(grown, kernel, stride, padding, dilation) == size


def test_same_and_full() -> None:
    for kernel, dilation in itertools.product(range(1, 6), range(1, 4)):
        assert output_size(9, kernel, 1, same_padding((kernel,), (dilation,))[0], dilation) == 9
        assert output_size(9, kernel, 1, full_padding((kernel,), (dilation,))[0], dilation) == 9 + dilation * (kernel - 1)


def test_arguments_for_all_dimensions() -> None:
    assert steps(np.int64(3), 2) == steps([3], 2) == steps((3, 3), 2) == (3, 3)
    assert pairs([1], 2) == pairs(((1, 1),), 2) == ((1, 1), (1, 1))
    with pytest.raises(ShapeError, match=r"stride: expected one number or 2 of them, got \(1, 2, 3\)"):
        steps((1, 2, 3), 2, "stride")
    with pytest.raises(ShapeError, match=r"padding: expected one number or 2 of them, got \(1, 2, 3\)"):
        pairs((1, 2, 3), 2)


# -- strict fit --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ((7, 7), 3, 3),
            "a 3x3 filter with stride 3 does not fit a 7x7 image without padding; padding=1 gives 3x3",
        ),
        (((3, 3), 5), "a 5x5 filter does not fit a 3x3 image without padding; padding=1 gives 1x1"),
        (
            ((7, 9), 3, 3),
            "a 3x3 filter with stride 3 does not fit a 7x9 image without padding; padding=(1, 0) gives 3x3",
        ),
        (
            ((8, 8), 3, 2),
            "a 3x3 filter with stride 2 does not fit an 8x8 image without padding; pad(x, (0, 1, 0, 1)) gives 4x4",
        ),
        (
            ((8, 7), 3, 2),
            "a 3x3 filter with stride 2 does not fit an 8x7 image without padding; pad(x, (0, 0, 0, 1)) gives 4x3",
        ),
        (
            ((8, 8), 3, 2, 1),
            "a 3x3 filter with stride 2 does not fit an 8x8 image with padding 1; pad(x, (0, 1, 0, 1)) with padding 1 gives 5x5",
        ),
        (((11,), 4, 3), "a 4 filter with stride 3 does not fit an 11 signal without padding; padding=1 gives 4"),
        (
            ((10, 10), 3, (4, 3), 0, 2),
            "a 3x3 filter with stride (4, 3) and dilation 2 does not fit a 10x10 image without padding; pad(x, (0, 1, 0, 3)) gives 3x3",
        ),
    ],
)
def test_fit_message(arguments: tuple[object, ...], message: str) -> None:
    assert fit_message(*arguments) == message


def test_fit_message_is_none_where_it_fits() -> None:
    assert fit_message((7, 7), 3, 2) is None
    assert fit_message(8, 2, 2) is None


@given(st.integers(1, 12), st.integers(1, 5), st.integers(1, 5), st.integers(0, 2), st.integers(1, 2))
def test_the_repair_repairs(size: int, kernel: int, stride: int, padding: int, dilation: int) -> None:
    """What the message proposes fits, gives the size it names, and no smaller padding of its kind does."""
    message = fit_message((size,), kernel, stride, padding, dilation)
    fits = lambda p: fit_message((size,), kernel, stride, p, dilation) is None
    if message is None:
        assert fits(padding)
        return
    proposal, given_size = message.split("; ")[1].split(" gives ")
    if proposal.startswith("padding="):
        found = int(proposal.removeprefix("padding="))
        assert found > padding
        assert fits(found)
        assert not any(fits(p) for p in range(padding, found))
        assert output_size(size, kernel, stride, found, dilation) == int(given_size)
    else:
        assert not any(fits(p) for p in range(padding, padding + 2 * stride + 20))
        extra = int(proposal.split("(0, ")[1].split(")")[0])
        assert fits(((padding, padding + extra),))
        assert output_size(size, kernel, stride, (padding, padding + extra), dilation) == int(given_size)


def test_check_fit() -> None:
    check_fit("conv2d", (9, 9), 3, 3)
    with pytest.raises(ShapeError, match=r"^max_pool2d: a 2x2 window with stride 2 does not fit a 7x7 image"):
        check_fit("max_pool2d", (7, 7), 2, 2, noun="window")


# -- padding, views, columns -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", LAYOUTS)
def test_pad(layout: str) -> None:
    x = whole(np.random.default_rng(0), (2, 3, 4, 5))
    found = pad(LAYOUTS[layout](x), ((1, 0), (2, 3)), 7)
    np.testing.assert_array_equal(found, np.pad(x, ((0, 0), (0, 0), (1, 0), (2, 3)), constant_values=7))


def test_pad_crops() -> None:
    x = whole(np.random.default_rng(0), (1, 1, 5, 5), np.float32)
    np.testing.assert_array_equal(pad(x, ((-1, 2), (-2, -1))), np.pad(x[:, :, 1:, 2:4], ((0, 0), (0, 0), (0, 2), (0, 0))))
    assert pad(x, ((-3, 3), (0, 0))).dtype == np.float32
    with pytest.raises(ShapeError, match=r"expected sizes of zero or more after padding, got \(-1, 5\)"):
        pad(x, ((-3, -3), (0, 0)))


def test_sliding_windows_is_a_view_nobody_can_write() -> None:
    x = whole(np.random.default_rng(0), (2, 3, 7, 8))
    view = sliding_windows(x, (3, 2), (2, 3), (1, 2))
    assert view.shape == (2, 3, 3, 2, 3, 2)
    assert np.shares_memory(view, x)
    assert not view.flags.writeable
    np.testing.assert_array_equal(view[1, 2, 1, 1], x[1, 2, 2:5, 3:6:2])
    with pytest.raises(ShapeError, match="expected an input of at least 9x9, got 7x8"):
        sliding_windows(x, 9)


COLUMN_CASES = [
    ((2, 3, 6, 7), (3, 2), (1, 1), ((0, 0), (0, 0)), (1, 1)),
    ((2, 1, 6, 7), (3, 2), (2, 3), ((1, 0), (2, 2)), (1, 2)),
    ((1, 2, 9), (4,), (2,), ((1, 1),), (2,)),
    ((1, 2, 4, 3, 5), (2, 2, 3), (1, 2, 1), ((0, 1), (1, 1), (0, 0)), (1, 1, 2)),
    ((0, 2, 4), (2,), (1,), ((0, 0),), (1,)),
]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("case", COLUMN_CASES)
def test_columns_and_back(case: tuple, layout: str) -> None:
    shape, *rest = case
    rng = np.random.default_rng(1)
    x = whole(rng, shape, np.float32)
    found = im2col(LAYOUTS[layout](x), *rest)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, oracles.columns(x, *rest))
    g = whole(rng, found.shape, np.float32)
    back = col2im(LAYOUTS[layout](g), shape[2:], *rest)
    assert back.dtype == np.float32
    # the transpose of a gathering of x, which has ones, is the count of each
    assert (found * g).sum() == (back * x).sum()
    ones = oracles.columns(np.arange(x.size).reshape(shape) + 1.0, *rest)
    wanted = np.bincount(ones.astype(int).ravel(), g.ravel(), x.size + 1)[1:].reshape(shape)
    np.testing.assert_array_equal(back, wanted)


def test_col2im_messages() -> None:
    with pytest.raises(ShapeError, match=r"expected columns of shape \(N, C·4, 9\) for 2x2 windows at 3x3 places"):
        col2im(np.ones((1, 5, 9)), (4, 4), 2)
    with pytest.raises(ShapeError, match="expected an output of at least 5x5 with its padding, got 4x4"):
        col2im(np.ones((1, 25, 1)), (4, 4), 5)
