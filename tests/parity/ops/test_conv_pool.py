"""Convolution, pooling, normalisation and dropout as functions, against torch and NumPy: argument combinations, two orders of derivatives,
unusual inputs, the text of errors."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import autograd_cnn as ac  # noqa: E402
from autograd_cnn.tensors.tensor import wrap  # noqa: E402

from ..both import DTYPES, Fixed, agree, array, fail_alike  # noqa: E402

F, G = ac.nn.functional, torch.nn.functional
SIZES = {1: (9,), 2: (7, 6), 3: (5, 5, 6)}


def both(name: str, *args: Any, **kwargs: Any) -> None:
    agree(getattr(F, name), getattr(G, name), *args, **kwargs)


def fails(name: str, *args: Any, match: str = "", **kwargs: Any) -> None:
    fail_alike(getattr(F, name), getattr(G, name), *args, match=match, **kwargs)


def spread(shape: Any, dtype: Any = np.float64, seed: int = 0) -> Any:
    """Distinct numbers well apart: a maximum has a derivative."""
    n = int(np.prod(shape))
    return ((np.random.default_rng(seed).permutation(n) - n / 2 + 0.25) * (4 / max(n, 1))).reshape(shape).astype(dtype)


def close(dtype: Any) -> float:
    return 2e-5 if dtype == np.float32 else 1e-10


# ------------------------------------------------------------------------------------------------- convolution
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_convolution(dims: int, groups: int, dtype: Any) -> None:
    name, c = f"conv{dims}d", 4
    for stride, padding, dilation in itertools.product((1, 2), (0, 2), (1, 2)):
        x, w, b = array((2, c, *SIZES[dims]), dtype), array((8, c // groups, *(2, 3, 2)[:dims]), dtype, 1), array((8,), dtype, 2)
        both(name, x, w, b, stride, padding, dilation, groups, tolerance=close(dtype))


@pytest.mark.parametrize("padding", ["valid", "same", (1, 0), 0])
@pytest.mark.parametrize("kernel", [(3, 3), (2, 4), (1, 4), (4, 1)])
def test_convolution_padding(kernel: Any, padding: Any) -> None:
    for dilation in (1, 2):
        both("conv2d", array((2, 2, 9, 8)), array((3, 2, *kernel), seed=1), None, 1, padding, dilation)


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_full_convolution(dims: int) -> None:
    """Every position that touches the input: padding by kernel − 1 on both sides."""
    for kernel, dilation in (((3, 2, 2), 1), ((2, 3, 1), 2)):
        k = kernel[:dims]
        pad = tuple(dilation * (n - 1) for n in k)
        agree(
            lambda x, w, d=dilation: getattr(F, f"conv{dims}d")(x, w, padding="full", dilation=d),
            lambda x, w, d=dilation, p=pad: getattr(G, f"conv{dims}d")(x, w, padding=p, dilation=d),
            array((2, 2, *SIZES[dims])),
            array((3, 2, *k), seed=1),
        )


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_true_convolution(dims: int) -> None:
    """The kernel flipped in all its dims."""
    x, w, b = array((2, 4, *SIZES[dims])), array((6, 2, *(3, 2, 2)[:dims]), seed=1), array((6,), seed=2)
    flipped = lambda v: v.flip(tuple(range(2, v.dim())))
    agree(
        lambda *a: getattr(F, f"convolve{dims}d")(*a, stride=2, padding=1, groups=2),
        lambda x, w, b: getattr(G, f"conv{dims}d")(x, flipped(w), b, stride=2, padding=1, groups=2),
        x,
        w,
        b,
    )


@pytest.mark.parametrize("mode", ["valid", "same", "full"])
def test_true_convolution_is_numpys(mode: str) -> None:
    for n, k in ((7, 3), (6, 4), (5, 5), (9, 2)):
        x, w = array((n,)), array((k,), seed=1)
        y = F.convolve1d(wrap(x.reshape(1, 1, n)), wrap(w.reshape(1, 1, k)), padding=mode).numpy()[0, 0]
        # with an even kernel NumPy's "same" keeps one position more at the front, torch's at the end
        wanted = np.convolve(x, w, mode) if mode != "same" or k % 2 else np.convolve(x, w, "full")[(k - 1) // 2 :][:n]
        if mode == "same" and not k % 2:
            wanted = np.convolve(np.pad(x, ((k - 1) // 2, k // 2)), w, "valid")
        np.testing.assert_allclose(y, wanted, atol=1e-12)


def test_true_convolution_is_numpys_polynomial_product() -> None:
    y = F.convolve2d(wrap(array((1, 1, 3, 4))), wrap(array((1, 1, 2, 3), seed=1)), padding="full").numpy()[0, 0]
    x, w = array((1, 1, 3, 4))[0, 0], array((1, 1, 2, 3), seed=1)[0, 0]
    wanted = np.zeros((4, 6))
    for i, j in itertools.product(range(2), range(3)):
        wanted[i : i + 3, j : j + 4] += w[i, j] * x
    np.testing.assert_allclose(y, wanted, atol=1e-12)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_transposed_convolution(dims: int, dtype: Any) -> None:
    name = f"conv_transpose{dims}d"
    for stride, padding, extra, groups, dilation in ((1, 0, 0, 1, 1), (2, 1, 1, 2, 1), (3, 2, 2, 1, 2), (1, 1, 1, 4, 2), (1, 1, 2, 1, 3)):
        x, w = array((2, 4, *(4, 3, 3)[:dims]), dtype), array((4, 2, *(3, 2, 3)[:dims]), dtype, 1)
        both(name, x, w, array((2 * groups,), dtype, 2), stride, padding, extra, groups, dilation, tolerance=close(dtype))
    both(name, array((4, *(4, 3, 3)[:dims]), dtype), array((4, 2, *(2, 2, 2)[:dims]), dtype, 1), tolerance=close(dtype))


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_convolution_of_unusual_inputs(dims: int) -> None:
    name, size, k = f"conv{dims}d", SIZES[dims], (3, 2, 2)[:dims]
    w = array((4, 2, *k), seed=1)
    both(name, array((2, *size)), w)  # without a batch
    both(name, array((0, 2, *size)), w, array((4,)))  # without samples
    x = array((*reversed(size), 2, 3)).transpose(*reversed(range(dims + 2)))
    agree(getattr(F, name), getattr(G, name), np.ascontiguousarray(x), w, padding=1)
    turned = wrap(np.asarray(x))  # strides the other way round
    assert np.allclose(getattr(F, name)(turned, wrap(w)).value, getattr(F, name)(wrap(np.ascontiguousarray(x)), wrap(w)).value)
    every = (slice(None), slice(None), *(slice(None, None, -1),) * dims)
    base = array((2, 2, *size))
    mine = getattr(F, name)(wrap(base[every]), wrap(w[every]))
    np.testing.assert_allclose(
        mine.value, getattr(G, name)(torch.from_numpy(base[every].copy()), torch.from_numpy(w[every].copy())).numpy(), atol=1e-12
    )
    both(name, np.broadcast_to(array((2, 1, *(1,) * dims)), (2, 2, *size)).copy(), w)
    holes = array((1, 2, *size))
    holes[(0, 1, *(2,) * dims)] = np.nan
    np.testing.assert_array_equal(
        np.isnan(getattr(F, name)(wrap(holes), wrap(w)).value),
        np.isnan(getattr(G, name)(torch.from_numpy(holes), torch.from_numpy(w)).numpy()),
    )


def test_convolution_of_broadcast_inputs() -> None:
    x = wrap(np.broadcast_to(array((1, 2, 1, 1)), (3, 2, 5, 5)))
    y = F.conv2d(x, wrap(array((4, 2, 3, 3), seed=1)))
    np.testing.assert_allclose(y.value, G.conv2d(torch.from_numpy(x.numpy().copy()), torch.from_numpy(array((4, 2, 3, 3), seed=1))).numpy())


def test_convolution_refuses() -> None:
    x, w = array((2, 4, 5, 5)), array((6, 4, 3, 3))
    fails("conv2d", array((2, 3, 5, 5)), w, match="to have 4 channels, but got 3 channels")
    fails("conv2d", array((2, 4, 2, 2)), w, match="Kernel size can't be greater than actual input size")
    fails("conv2d", array((5, 5)), w, match="Expected 3D .unbatched. or 4D .batched. input to conv2d")
    fails("conv2d", x, w, None, 0, match="stride")
    fails("conv2d", x, w, None, 1, -1, match="padding")
    fails("conv2d", x, w, None, 1, 0, 0, match="dilation")
    fails("conv2d", x, w, None, 1, 0, 1, 3, match="groups")
    fails("conv2d", x, w, None, 1, 0, 1, 0, match="groups")
    fails("conv2d", x, w, array((5,)), match="expected bias to be 1-dimensional with 6 elements")
    fails("conv2d", x, w, None, 2, "same", match="not supported for strided convolutions")
    fails("conv2d", x, w, None, 1, "most", match="'valid', 'same'")
    fails("conv2d", x, w.astype(np.float32), match="same dtype|float32")
    fails("conv2d", x, w, None, (1, 2, 3), match="stride")
    fails("conv_transpose2d", array((2, 3, 5, 5)), w, match="to have 6 channels, but got 3 channels")
    fails("conv_transpose2d", array((2, 6, 5, 5)), w, None, 1, 0, 1, match="output padding must be smaller than either stride or dilation")
    fails("conv_transpose2d", array((2, 6, 1, 1)), w, None, 1, 3, match="Output size is too small")


@pytest.mark.parametrize("name", ["conv2d", "max_pool2d", "avg_pool2d"])
def test_strict_windows(name: str) -> None:
    x = wrap(np.ones((1, 1, 7, 7)))
    second: Any = wrap(np.ones((1, 1, 3, 3))) if name == "conv2d" else 3
    says = "a 3x3 filter with stride 3 does not fit a 7x7 image without padding; padding=1 gives 3x3"
    with ac.strict_windows():
        with pytest.raises(RuntimeError, match=says):
            getattr(F, name)(x, second, stride=3)
        assert getattr(F, name)(x, second, stride=3, padding=1).shape == (1, 1, 3, 3)
        assert getattr(F, name)(x, second, stride=2).shape == (1, 1, 3, 3)
    assert getattr(F, name)(x, second, stride=3).shape == (1, 1, 2, 2)


# ------------------------------------------------------------------------------------------------- pooling
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_max_pool(dims: int, dtype: Any) -> None:
    name, x = f"max_pool{dims}d", spread((2, 3, *SIZES[dims]), dtype)
    for kernel, stride, padding, dilation in (
        (2, None, 0, 1),
        (3, 2, 1, 1),
        (3, 1, 0, 1),
        (2, 3, 1, 2),
        ((3, 2, 1)[:dims], (1, 2, 3)[:dims], 0, 1),
    ):
        for ceil_mode in (False, True):
            both(name, x, kernel, stride, padding, dilation, ceil_mode)
    both(name, x, 2, return_indices=True)
    both(name, x[0], 2, return_indices=True)
    agree(getattr(F, f"{name}_with_indices"), getattr(G, f"{name}_with_indices"), x, 3, 2, 1)


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_max_pool_of_ties_and_nan(dims: int) -> None:
    """Of equal entries the first in memory has the switch; NaN wins."""
    x = np.round(array((2, 2, *SIZES[dims])))
    for kernel, stride, padding in ((2, 2, 0), (3, 1, 1), (3, 2, 0)):
        both(f"max_pool{dims}d", x, kernel, stride, padding, return_indices=True)
    x[np.random.default_rng(1).random(x.shape) < 0.1] = np.nan
    x[np.random.default_rng(2).random(x.shape) < 0.1] = -np.inf
    both(f"max_pool{dims}d", x, 3, 2, 1, return_indices=True, second=False)
    both(f"max_pool{dims}d", np.full((1, 1, *SIZES[dims]), -np.inf), 2, return_indices=True)
    both(f"adaptive_max_pool{dims}d", x, 2, return_indices=True, second=False)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_average_pool(dims: int, dtype: Any) -> None:
    name, x = f"avg_pool{dims}d", array((2, 3, *SIZES[dims]), dtype)
    for kernel, stride, padding in ((2, None, 0), (3, 2, 1), (3, 1, 1), (2, 3, 1), ((3, 2, 1)[:dims], (1, 2, 3)[:dims], 0)):
        for ceil_mode, count in itertools.product((False, True), (False, True)):
            both(name, x, kernel, stride, padding, ceil_mode, count)
            if dims > 1:
                both(name, x, kernel, stride, padding, ceil_mode, count, divisor_override=3)
    both(name, x[0], 2)


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_sum_pool_is_the_average_times_the_window(dims: int) -> None:
    x = array((2, 3, *SIZES[dims]))
    agree(lambda v: getattr(F, f"sum_pool{dims}d")(v, 2, 1), lambda v: getattr(G, f"avg_pool{dims}d")(v, 2, 1) * 2**dims, x)
    if dims > 1:
        agree(
            lambda v: getattr(F, f"sum_pool{dims}d")(v, 3, 2, 1, True),
            lambda v: getattr(G, f"avg_pool{dims}d")(v, 3, 2, 1, True, divisor_override=1),
            x,
        )


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_lp_pool(dims: int) -> None:
    x = np.abs(array((2, 3, *SIZES[dims]))) + 0.1
    for p, kernel, stride, ceil_mode in ((2, 2, None, False), (1, 3, 2, True), (3.5, 2, 1, False), (2.0, 3, 2, True)):
        both(f"lp_pool{dims}d", x, p, kernel, stride, ceil_mode)
    both(f"lp_pool{dims}d", array((2, 3, *SIZES[dims])), 2, 2)
    both(f"lp_pool{dims}d", array((2, 3, *SIZES[dims])), 3, 2, gradients=False)
    both(f"lp_pool{dims}d", np.zeros((1, 1, *SIZES[dims])), 2, 2, second=False)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_adaptive_pool(dims: int, dtype: Any) -> None:
    x = spread((2, 3, *SIZES[dims]), dtype)
    for size in (1, 2, 3, 5, (4, None, 1)[:dims], (11, 2, 3)[:dims]):
        if dims > 1 or not isinstance(size, tuple):
            both(f"adaptive_avg_pool{dims}d", x, size)
            both(f"adaptive_max_pool{dims}d", x, size, return_indices=True)
    both(f"adaptive_avg_pool{dims}d", x[0], 2)
    both(f"adaptive_max_pool{dims}d", x[0], 2)


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_global_pool(dims: int) -> None:
    x = spread((2, 3, *SIZES[dims]))
    axes = tuple(range(2, dims + 2))
    agree(F.global_avg_pool, lambda v: v.mean(axes), x)
    agree(F.global_max_pool, lambda v: v.amax(axes), x)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_unpool(dims: int, dtype: Any) -> None:
    """Values back where their maxima stood, with the switches of a real pooling."""
    x = spread((2, 3, *(6, 4, 4)[:dims]), dtype)
    pool = lambda v, space, **k: getattr(space, f"max_unpool{dims}d")(
        *getattr(space, f"max_pool{dims}d")(v, 2, return_indices=True), 2, **k
    )
    agree(lambda v: pool(v, F), lambda v: pool(v, G), x)
    agree(lambda v: pool(v[0], F), lambda v: pool(v[0], G), x)
    size = [n + 1 for n in (6, 4, 4)[:dims]]
    agree(lambda v: pool(v, F, output_size=size), lambda v: pool(v, G, output_size=size), x)


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_pooling_of_unusual_inputs(dims: int) -> None:
    whole = spread((2, 3, *SIZES[dims]))
    for name, args in (
        (f"max_pool{dims}d", (2,)),
        (f"avg_pool{dims}d", (2,)),
        (f"adaptive_avg_pool{dims}d", (2,)),
        (f"adaptive_max_pool{dims}d", (2,)),
    ):
        both(name, np.zeros((0, 3, *SIZES[dims])), *args)
        turned = np.ascontiguousarray(whole.transpose(*reversed(range(dims + 2)))).transpose(*reversed(range(dims + 2)))
        np.testing.assert_array_equal(getattr(F, name)(wrap(turned), *args).value, getattr(F, name)(wrap(whole), *args).value)
        flipped = whole[..., ::-1]
        np.testing.assert_allclose(
            getattr(F, name)(wrap(flipped), *args).value, getattr(G, name)(torch.from_numpy(flipped.copy()), *args).numpy(), atol=1e-12
        )
        wide = np.broadcast_to(whole[:1], whole.shape)
        np.testing.assert_allclose(
            getattr(F, name)(wrap(wide), *args).value, getattr(G, name)(torch.from_numpy(wide.copy()), *args).numpy(), atol=1e-12
        )


def test_pooling_refuses() -> None:
    x = array((1, 2, 5, 5))
    fails("max_pool2d", x, 3, 1, 2, match="half of")
    fails("max_pool2d", array((1, 2, 2, 2)), 3, match="too small|size")
    fails("max_pool2d", array((5, 5)), 2, match="Expected 3D|3D or 4D")
    fails("max_pool2d", x, 0, match="kernel")
    fails("max_pool2d", x, 2, 0, match="stride")
    fails("max_pool2d", x, 2, 1, 0, 0, match="dilation")
    fails("max_pool2d", x, (2, 2, 2), match="kernel_size")
    fails("avg_pool2d", x, 3, 1, 2, match="half of")
    fails("avg_pool2d", x, 2, divisor_override=0, match="divisor must be not zero")
    fails("avg_pool2d", array((1, 2, 2, 2)), 3, match="too small|size")
    fails("adaptive_avg_pool2d", x, (2, 2, 2), match="output size")
    fails("adaptive_avg_pool2d", array((5, 5)), 2, match="3D")
    fails("max_unpool2d", array((1, 1, 2, 2)), np.full((1, 1, 2, 2), 99), 2, match="99|index")
    fails("max_unpool2d", array((1, 1, 2, 2)), np.zeros((1, 1, 2, 3), np.int64), 2, match="shape")
    fails("max_unpool2d", array((1, 1, 2, 2)), np.zeros((1, 1, 2, 2), np.int64), 2, output_size=(9, 9), match="output_size")


# ------------------------------------------------------------------------------------------------- normalisation
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(5, 3), (2, 3, 4), (2, 3, 4, 5), (2, 3, 2, 3, 2)])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("training", [True, False])
def test_batch_norm(training: bool, affine: bool, shape: Any, dtype: Any) -> None:
    given = [array((3,), dtype, 3) + 3, array((3,), dtype, 4)] if affine else [None, None]
    mean, var = Fixed(array((3,), dtype, 1)), Fixed(np.abs(array((3,), dtype, 2)) + 0.3)
    tolerance = 1e-4 if dtype == np.float32 else 1e-9
    both("batch_norm", array(shape, dtype), mean, var, *given, training=training, eps=1e-3, tolerance=tolerance)
    if training:
        both("batch_norm", array(shape, dtype), None, None, *given, training=True, tolerance=tolerance)


@pytest.mark.parametrize("momentum", [0.1, 0.7, 1.0, 0.0])
def test_running_estimates(momentum: float) -> None:
    """They move by the unbiased variance, float32 ones by float32 steps."""
    for dtype, tolerance in ((np.float32, 1e-6), (np.float64, 1e-12)):
        mine = [wrap(np.array([1.0, 2, 3], dtype)), wrap(np.array([3.0, 2, 1], dtype))]
        other = [torch.from_numpy(v.numpy().copy()) for v in mine]
        for seed in range(3):
            x = array((4, 3, 5), dtype, seed)
            F.batch_norm(wrap(x), *mine, training=True, momentum=momentum)
            G.batch_norm(torch.from_numpy(x), *other, training=True, momentum=momentum)
        for a, b in zip(mine, other, strict=True):
            np.testing.assert_allclose(a.value, b.numpy(), rtol=tolerance)


def test_cumulative_average_and_counts() -> None:
    a, b = ac.nn.BatchNorm1d(3, momentum=None), torch.nn.BatchNorm1d(3, momentum=None)
    for seed in range(4):
        x = array((6, 3), np.float32, seed)
        a(wrap(x))
        b(torch.from_numpy(x))
    a.eval()
    b.eval()
    assert a.num_batches_tracked is not None
    assert a.num_batches_tracked.item() == 4 == b.num_batches_tracked.item()
    for name in ("running_mean", "running_var"):
        np.testing.assert_allclose(getattr(a, name).value, getattr(b, name).numpy(), rtol=1e-6)
    x = array((6, 3), np.float32, 9)
    np.testing.assert_allclose(a(wrap(x)).detach().value, b(torch.from_numpy(x)).detach().numpy(), rtol=1e-5, atol=1e-6)


def test_batch_norm_elsewhere() -> None:
    x = array((4, 3, 2, 6))
    both("batch_norm", x[..., ::-2].copy(), None, None, training=True)
    turned = wrap(np.asarray(x.transpose(3, 1, 2, 0)))
    same = F.batch_norm(wrap(np.ascontiguousarray(x.transpose(3, 1, 2, 0))), None, None, training=True)
    np.testing.assert_allclose(F.batch_norm(turned, None, None, training=True).value, same.value, atol=1e-12)
    both("batch_norm", np.full((4, 3), 2.0), None, None, training=True, second=False)  # no variance at all
    both("batch_norm", array((4, 3)) + 1e4, None, None, training=True, tolerance=1e-6)  # far from zero
    fails("batch_norm", array((1, 3)), None, None, training=True, match="more than 1 value per channel")
    fails("batch_norm", array((2, 3)), Fixed(np.zeros(4)), Fixed(np.ones(4)), match="running_mean should contain 3 elements not 4")
    fails("batch_norm", array((2, 3)), Fixed(np.zeros(3)), Fixed(np.ones(3)), array((4,)), match="weight should contain 3 elements not 4")
    fails("batch_norm", array((2, 3)), None, None, match="running_mean")
    y = F.batch_norm(wrap(np.zeros((0, 3, 2))), wrap(np.zeros(3)), wrap(np.ones(3)))
    assert y.shape == (0, 3, 2)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 8])
@pytest.mark.parametrize("shape", [(2, 6, 3), (2, 6, 3, 2), (1, 4, 2, 2, 2)])
def test_local_response_norm(shape: Any, size: int) -> None:
    both("local_response_norm", array(shape), size)
    both("local_response_norm", array(shape), size, 0.5, 0.6, 2.0)


@pytest.mark.parametrize("dtype", DTYPES)
def test_other_norms(dtype: Any) -> None:
    tolerance = 1e-4 if dtype == np.float32 else 1e-9
    x, c = array((3, 4, 5), dtype), array((4,), dtype, 1) + 3
    both("layer_norm", x, (5,), array((5,), dtype, 1), array((5,), dtype, 2), tolerance=tolerance)
    both("layer_norm", x, (4, 5), tolerance=tolerance)
    both("rms_norm", x, (4, 5), array((4, 5), dtype, 1), tolerance=tolerance)
    both("rms_norm", x, (5,), None, 1e-2, tolerance=tolerance)
    both("group_norm", x, 2, c, c - 2, tolerance=tolerance)
    both("instance_norm", x, tolerance=tolerance)
    both("instance_norm", x, None, None, c, c - 2, tolerance=tolerance)
    both("instance_norm", x, Fixed(np.zeros(4, dtype)), Fixed(np.ones(4, dtype)), c, use_input_stats=False, tolerance=tolerance)
    both("normalize", x, tolerance=tolerance)
    both("normalize", x, 1.0, 2, tolerance=tolerance, second=False)
    fails("layer_norm", x, (4,), match=r"expected input with shape \[\*, 4\]")
    fails("group_norm", x, 3, match="divisible by num_groups")
    fails("instance_norm", array((2, 3, 1), dtype), match="more than 1 spatial element")


def test_instance_norm_moves_its_estimates() -> None:
    mine, other = [wrap(np.zeros(3)), wrap(np.ones(3))], [torch.zeros(3).double(), torch.ones(3).double()]
    for seed in range(2):
        x = array((4, 3, 5), seed=seed)
        F.instance_norm(wrap(x), *mine, momentum=0.3)
        G.instance_norm(torch.from_numpy(x), *other, momentum=0.3)
    for a, b in zip(mine, other, strict=True):
        np.testing.assert_allclose(a.value, b.numpy(), rtol=1e-12)


# ------------------------------------------------------------------------------------------------- dropout
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("name", ["dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout"])
def test_masks_are_torchs(name: str, p: float, dtype: Any) -> None:
    shapes = {
        "dropout1d": [(2, 3, 40), (3, 40)],
        "dropout2d": [(2, 3, 4, 5), (3, 4, 5), (30, 40)],
        "dropout3d": [(2, 3, 2, 3, 2), (3, 2, 3, 2)],
        "feature_alpha_dropout": [(5, 7, 3)],
    }.get(name, [(7,), (3, 50), (16, 17), ()])
    for shape, training in itertools.product(shapes, (True, False)):
        x = np.abs(array(shape, dtype)) + 0.5
        ac.manual_seed(5)
        mine = getattr(F, name)(wrap(x), p, training)
        after = ac.rand(3)
        torch.manual_seed(5)
        other = getattr(G, name)(torch.from_numpy(np.asarray(x)), p, training)
        np.testing.assert_allclose(mine.value, other.numpy(), rtol=1e-6, atol=1e-6)
        np.testing.assert_array_equal(after.value, torch.rand(3).numpy())  # as many draws were taken


def test_dropout_elsewhere() -> None:
    x = array((6, 4))
    for p in (0.3, 0.7):

        def ours(v: Any, p: float = p) -> Any:
            ac.manual_seed(1)
            return F.dropout(v, p) * v

        def theirs(v: Any, p: float = p) -> Any:
            torch.manual_seed(1)
            return G.dropout(v, p) * v

        agree(ours, theirs, x)
    ac.manual_seed(2)
    torch.manual_seed(2)
    turned = wrap(x.copy().T), torch.from_numpy(x.copy()).T
    np.testing.assert_array_equal(F.dropout(turned[0]).value, G.dropout(turned[1]).numpy())
    a, b = wrap(x.copy()), torch.from_numpy(x.copy())
    ac.manual_seed(2)
    torch.manual_seed(2)
    assert F.dropout(a, 0.5, inplace=True) is a
    G.dropout(b, 0.5, inplace=True)
    np.testing.assert_array_equal(a.value, b.numpy())
    for name in ("dropout", "dropout2d", "alpha_dropout"):
        fails(name, array((2, 3, 4, 5)), 1.5, match="between 0 and 1")
    fails("dropout1d", array((2,)), match="Expected 2D or 3D")
    with pytest.warns(UserWarning, match="2-D input to dropout2d"):
        F.dropout2d(wrap(x))


def test_classic_dropout() -> None:
    """The mask is the inverted one's; the factor moves to inference."""
    x = array((50, 4))
    ac.manual_seed(1)
    dropped = F.classic_dropout(wrap(x), 0.3).value
    torch.manual_seed(1)
    np.testing.assert_allclose(dropped, G.dropout(torch.from_numpy(x), 0.3).numpy() * 0.7, atol=1e-12)
    np.testing.assert_allclose(F.classic_dropout(wrap(x), 0.3, training=False).value, x * 0.7)
