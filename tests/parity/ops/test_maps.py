"""Interpolation, pixel shuffling, unfold and fold, embedding and attention against torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import autograd_cnn as ac  # noqa: E402
from autograd_cnn.tensors.tensor import wrap  # noqa: E402

from ..both import DTYPES, Fixed, agree, array, fail_alike  # noqa: E402

F, G = ac.nn.functional, torch.nn.functional
SMOOTH = {"linear": 1, "bilinear": 2, "trilinear": 3, "bicubic": 2}


def both(name: str, *args: Any, **kwargs: Any) -> None:
    agree(getattr(F, name), getattr(G, name), *args, **kwargs)


def fails(name: str, *args: Any, match: str = "", **kwargs: Any) -> None:
    fail_alike(getattr(F, name), getattr(G, name), *args, match=match, **kwargs)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("out", [1, 3, 4, 5, 8, 11])
@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "area", *SMOOTH])
def test_interpolate_to_a_size(mode: str, out: int, dtype: Any) -> None:
    dims = SMOOTH.get(mode, 2)
    x = array((2, 2, *(4, 5, 3)[:dims]), dtype)
    size = (out, 7, 2)[:dims]
    tolerance = 2e-5 if dtype == np.float32 else 1e-9
    for align in (None, True, False) if mode in SMOOTH else (None,):
        both("interpolate", x, size=size if dims > 1 else out, mode=mode, align_corners=align, tolerance=tolerance)


@pytest.mark.parametrize("recompute", [None, True, False])
@pytest.mark.parametrize("factor", [2, 0.5, 1.3, 2.7, (1.7, 0.6)])
@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "area", "bilinear", "bicubic"])
def test_interpolate_by_a_factor(mode: str, factor: Any, recompute: bool | None) -> None:
    x = array((1, 2, 5, 7))
    for align in (None, True) if mode in SMOOTH else (None,):
        both("interpolate", x, scale_factor=factor, mode=mode, align_corners=align, recompute_scale_factor=recompute)


@pytest.mark.parametrize("size", [1, 3, 7, 10, 30])
@pytest.mark.parametrize("factor", [1.1, 1.3, 2.3, 0.3, 0.29, 0.58, 2 / 3, 4.1, 1.05])
def test_interpolate_by_a_factor_that_is_no_fraction(factor: float, size: int) -> None:
    """Values only: PyTorch's gradients of nearest entries are not those of its values where the size stays or doubles."""
    for dims, mode in (
        (1, "nearest"),
        (1, "linear"),
        (1, "area"),
        (2, "nearest"),
        (2, "nearest-exact"),
        (2, "bicubic"),
        (2, "area"),
        (3, "nearest"),
    ):
        x = array((1, 2, *(min(size, 7) if dims > 2 else size,) * dims))
        if int(x.shape[-1] * factor) < 1:
            if mode != "area":
                fails("interpolate", x, scale_factor=factor, mode=mode, match="greater than 0")
            continue
        ours = F.interpolate(ac.from_numpy(x), scale_factor=factor, mode=mode).numpy()
        np.testing.assert_allclose(ours, G.interpolate(torch.from_numpy(x), scale_factor=factor, mode=mode).numpy(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("size", [(3, 4), (2, 11), (20, 2), (7, 7)])
@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_interpolate_with_antialias(mode: str, size: Any) -> None:
    # (not to a width of 1: there torch repeats the first row)
    for align in (False, True):
        both("interpolate", array((1, 2, 11, 7)), size=size, mode=mode, align_corners=align, antialias=True)
    both("interpolate", array((1, 1, 11, 7)), scale_factor=0.45, mode=mode, antialias=True)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("mode", ["nearest", "nearest-exact"])
def test_nearest_at_many_sizes(mode: str, dtype: Any) -> None:
    """The border falls on the same entries, in the precision torch computes in."""
    for n in range(1, 40, 3):
        x = np.arange(n, dtype=dtype).reshape(1, 1, n)
        for how in [{"size": out} for out in range(1, 60)] + [{"scale_factor": s / 10} for s in range(3, 60, 2) if int(n * s / 10)]:
            mine, other = F.interpolate(wrap(x), mode=mode, **how), G.interpolate(torch.from_numpy(x), mode=mode, **how)
            assert np.array_equal(mine.value, other.numpy()), (n, how)


def test_interpolate_elsewhere() -> None:
    both("interpolate", array((1, 2, 6))[..., ::2], scale_factor=2)
    both("interpolate", array((1, 1, 2, 3, 2)), scale_factor=2)
    both("interpolate", array((0, 2, 3, 3)), size=5, mode="bilinear", gradients=False)
    both("upsample", array((1, 1, 2, 2)), scale_factor=2, mode="bilinear", align_corners=True)
    both("upsample_nearest", array((1, 1, 2, 2)), scale_factor=2)
    both("upsample_bilinear", array((1, 1, 2, 2)), size=5)
    far = np.array([[[1.0, np.inf, 2.0, 3.0, np.nan, 4.0, 5.0]]])  # spreads to its neighbours only
    mine, other = F.interpolate(wrap(far), size=15, mode="linear"), G.interpolate(torch.from_numpy(far), size=15, mode="linear")
    np.testing.assert_allclose(mine.value, other.numpy())
    both("interpolate", array((1, 1, 200, 3)), size=(130, 7), mode="bilinear")
    both("interpolate", array((1, 1, 150, 3)), size=(301, 5), mode="bicubic")
    x = np.array([[[1.0, np.nan, np.inf, 2.0]]])
    np.testing.assert_array_equal(F.interpolate(wrap(x), size=8).value, G.interpolate(torch.from_numpy(x), size=8).numpy())


def test_interpolate_refuses() -> None:
    x = array((1, 1, 4, 4))
    fails("interpolate", x, match="either size or scale_factor")
    fails("interpolate", x, size=2, scale_factor=2, match="only one of size or scale_factor")
    fails("interpolate", x, size=(2, 2, 2), match="same number of spatial dimensions")
    fails("interpolate", x, scale_factor=(2, 2, 2), match="same number of spatial dimensions")
    fails("interpolate", x, size=2, mode="nearest", align_corners=True, match="can only be set with the interpolating modes")
    fails("interpolate", x, size=2, mode="linear", match="needs 3D input")
    fails("interpolate", x, size=2, mode="fancy", match="expected a mode of")
    fails("interpolate", array((4, 4)), size=2, match="Only 3D, 4D and 5D")
    fails("interpolate", x, size=2, recompute_scale_factor=True, match="not meaningful with an explicit size")
    fails("interpolate", x, scale_factor=0.1, match="greater than 0")
    fails("interpolate", x, size=2, antialias=True, match="Anti-alias")


def test_pixels_and_channels() -> None:
    for shape in ((2, 8, 3, 2), (8, 3, 2), (1, 2, 8, 3, 2)):
        both("pixel_shuffle", array(shape), 2)
        agree(ac.pixel_shuffle, torch.pixel_shuffle, array(shape), 2)
    both("pixel_unshuffle", array((2, 1, 4, 6)), 2)
    both("channel_shuffle", array((2, 6, 2, 2)), 3, second=False)
    fails("pixel_shuffle", array((2, 3, 3)), 2, match="divisible by the square")
    fails("pixel_shuffle", array((3, 3)), 2, match="at least 3 dimensions")
    fails("pixel_shuffle", array((4, 3, 3)), 0, match="positive upscale_factor")
    fails("pixel_unshuffle", array((1, 3, 4)), 2, match="height to be divisible")
    fails("channel_shuffle", array((1, 3, 4)), 2, match="divisible by groups")


@pytest.mark.parametrize("params", [((2, 3), 1, 0, 1), (2, 2, 1, 2), ((3, 2), (1, 2), (2, 1), (2, 1))])
def test_unfold_and_fold(params: Any) -> None:
    both("unfold", array((2, 3, 6, 7)), *params)
    both("unfold", array((3, 6, 7)), *params)
    columns = G.unfold(torch.zeros(2, 3, 6, 7), *params).shape
    both("fold", array(tuple(columns)), (6, 7), *params)
    both("fold", array(tuple(columns[1:])), (6, 7), *params)
    both("unfold", array((0, 3, 6, 7)), *params, gradients=False)


def test_unfold_and_fold_refuse() -> None:
    fails("unfold", array((3, 3)), 2, match="Expected 3D or 4D")
    fails("unfold", array((1, 1, 3, 3)), 4, match="sliding blocks")
    fails("unfold", array((1, 1, 3, 3)), 2, 0, match="dilation should be greater than zero")
    fails("fold", array((1, 3, 4)), (3, 3), 2, match="divisible by the product of kernel_size")
    fails("fold", array((1, 4, 5)), (3, 3), 2, match="number of sliding blocks 2 [*] 2 = 4")
    fails("fold", array((1, 1, 4, 5)), (3, 3), 2, match="2D or 3D")


@pytest.mark.parametrize(("dim", "size", "step"), [(0, 2, 1), (1, 3, 2), (-1, 1, 3), (2, 4, 1)])
def test_unfold_along_a_dim(dim: int, size: int, step: int) -> None:
    agree(ac.Tensor.unfold, torch.Tensor.unfold, array((3, 4, 5)), dim, size, step)


def test_unfold_along_a_dim_elsewhere() -> None:
    agree(ac.Tensor.unfold, torch.Tensor.unfold, array((3, 4)).T, 0, 2, 2)
    agree(lambda a: (a * 1).unfold(0, 2, 2).mul_(3).sum(), lambda a: (a * 1).unfold(0, 2, 2).mul_(3).sum(), array((5,)))
    fail_alike(ac.Tensor.unfold, torch.Tensor.unfold, array((3,)), 0, 4, 1, match="maximum size .* at dimension 0 is 3 but size is 4")
    fail_alike(ac.Tensor.unfold, torch.Tensor.unfold, array((3,)), 0, 2, 0, match="must be > 0")


def test_unfold_is_convolution() -> None:
    """The columns times the kernel's row: what a convolution is."""
    x, w = wrap(array((2, 3, 6, 7))), wrap(array((4, 3, 3, 2)))
    y = w.reshape(4, -1) @ F.unfold(x, (3, 2), padding=1, stride=2)
    np.testing.assert_allclose(y.value, F.conv2d(x, w, padding=1, stride=2).reshape(2, 4, -1).value, atol=1e-12)


# ------------------------------------------------------------------------------------------------- embedding, attention
@pytest.mark.parametrize("dtype", DTYPES)
def test_embedding(dtype: Any) -> None:
    table, at = array((5, 3), dtype), np.array([[0, 4, 1], [1, 1, 0]])
    both("embedding", at, table)
    both("embedding", at.astype(np.int32), table)
    both("embedding", np.array(2), table)
    both("embedding", at, table, padding_idx=1)
    both("embedding", at, table, padding_idx=-4)
    both("embedding", at, table, scale_grad_by_freq=True, second=False)
    both("embedding", np.zeros((2, 0), np.int64), table)
    for p in (2.0, 1.0):
        both("embedding", at, Fixed(table), max_norm=1.0, norm_type=p)


def test_embedding_scales_the_table_itself() -> None:
    table = wrap(np.array([[3.0, 4.0], [0.3, 0.4], [6.0, 8.0]]))
    F.embedding(ac.tensor([0, 1]), table, max_norm=1.0)
    np.testing.assert_allclose(table.value, [[0.6, 0.8], [0.3, 0.4], [6.0, 8.0]], rtol=1e-6)


def test_embedding_refuses() -> None:
    table = array((5, 3))
    fails("embedding", np.array([5]), table, match="index out of range in self")
    fails("embedding", np.array([-1]), table, match="index out of range in self")
    fails("embedding", Fixed(np.zeros(2)), table, match="scalar types")
    fails("embedding", np.array([0]), array((5,)), match="must be 2-D")
    assert F.embedding(ac.tensor([0]), wrap(table), sparse=True).shape == (1, 3)  # accepted: the gradient is dense


def test_attention() -> None:
    q, k, v = array((2, 3, 4, 5)), array((2, 3, 6, 5), seed=1), array((2, 3, 6, 7), seed=2)
    name = "scaled_dot_product_attention"
    both(name, q, k, v)
    both(name, q[0, 0], k[0, 0], v[0, 0])
    both(name, q, k, v, scale=0.3)
    both(name, q, k, v, is_causal=True)
    mask = np.tri(4, 6, 1, bool)
    both(name, q, k, v, attn_mask=mask)
    both(name, q, k, v, attn_mask=array((2, 1, 4, 6), seed=4))
    mask[1] = False
    both(name, q, k, v, attn_mask=mask, second=False)
    both(name, q, k, v, attn_mask=np.where(mask, 0.3, -np.inf), second=False)  # a query that attends to nothing, said by numbers
    both(name, q, k[:, :1], v[:, :1], enable_gqa=True)
    fails(name, q, k, v, attn_mask=mask, is_causal=True, match="should not be set when is_causal")


# ------------------------------------------------------------------------------------------------- grids
@pytest.mark.parametrize("align", [False, True])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
def test_grid_sample(mode: str, padding: str, align: bool) -> None:
    x, grid = array((2, 3, 5, 4)), array((2, 3, 6, 2), low=-2.7, high=2.9)
    args = {"mode": mode, "padding_mode": padding, "align_corners": align}
    both("grid_sample", x, grid, second=False, **args)
    if mode != "bicubic":
        both("grid_sample", array((2, 2, 3, 4, 5)), array((2, 2, 3, 2, 3), low=-1.7, high=1.9), second=False, **args)
    both("grid_sample", array((1, 1, 1, 4)), array((1, 2, 2, 2)), second=False, **args)
    both("grid_sample", x.astype(np.float32), grid.astype(np.float32), second=False, tolerance=1e-4, **args)


@pytest.mark.parametrize("align", [False, True])
@pytest.mark.parametrize("size", [(2, 1, 3, 4), (1, 2, 1, 5), (2, 1, 2, 3, 4)])
def test_affine_grid(size: Any, align: bool) -> None:
    d = len(size) - 2
    both("affine_grid", array((size[0], d, d + 1)), size, align_corners=align)
    corners = np.tile(np.eye(d, d + 1), (size[0], 1, 1))
    x = array(size)
    agree(
        lambda t, v: F.grid_sample(v, F.affine_grid(t, size, align), align_corners=align),
        lambda t, v: G.grid_sample(v, G.affine_grid(t, size, align), align_corners=align),
        corners * 0.9,
        x,
        second=False,
    )


def test_grids_have_second_derivatives() -> None:
    x, grid = array((1, 1, 4, 4)), array((1, 2, 2, 2), low=-0.9, high=0.9)
    ac.testing.gradgradcheck(
        lambda a, b: F.grid_sample(a, b, mode="bicubic"), (wrap(x, requires_grad=True), wrap(grid, requires_grad=True))
    )
    ac.testing.gradgradcheck(lambda a, b: F.grid_sample(a, b), (wrap(x, requires_grad=True), wrap(grid, requires_grad=True)))


def test_grids_refuse() -> None:
    x, grid = array((2, 3, 5, 4)), array((2, 3, 6, 2))
    fails("grid_sample", x, grid, mode="cubic", match="expected mode to be")
    fails("grid_sample", x, grid, padding_mode="wrap", match="expected padding_mode to be")
    fails("grid_sample", x, grid[:1], match="same batch size")
    fails("grid_sample", x, array((2, 3, 6, 3)), match="same batch size")
    fails("affine_grid", array((2, 2, 3)), (1, 1, 3, 3), match="expected 1 matrices")
    fails("affine_grid", array((2, 3, 4)), (2, 1, 3, 3), match="Nx2x3")
    fails("affine_grid", array((2, 2, 3)), (2, 3, 3), match="only supports 4D and 5D")
