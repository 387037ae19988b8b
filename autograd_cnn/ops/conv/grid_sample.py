"""Maps read at any places: the spatial transformer's grid and its sampler. Composites of gathers, so both inputs take gradients."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...engine.variable import dtype_of, shape_of
from ...errors import ShapeError, expected
from ...types.promotion import Array
from ..elementwise.arithmetic import cast
from ..elementwise.comparison import ge, gt, le, lt
from ..elementwise.logical import logical_and
from ..elementwise.rounding import floor, round
from ..elementwise.select import _where
from ..index.gather import gather
from ..index.index import filled, select_view
from ..linalg.matrix_products import matmul
from ..registry.expose import expose
from ..shape.shape import Shape, _reshape, expand, transpose


@expose("functional")
def affine_grid(theta: Array, size: Sequence[int], align_corners: bool | None = None) -> Array:
    """The places that affine maps give the pixels of an image of `size`: (N, 2, 3) → (N, H, W, 2), or (N, 3, 4) → (N, D, H, W, 3).

    Places are (x, y) or (x, y, z) in [−1, 1]; with `align_corners` the ends are the centres of the corner pixels, else the borders of the
    image.

    Raises:
        ValueError: a theta that does not suit the size.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.affine_grid(ac.tensor([[[1., 0., 0.], [0., 1., 0.]]]), (1, 1, 1, 2), align_corners=True).flatten()
    tensor([-1.,  0.,  1.,  0.])

    Source: Jaderberg et al., "Spatial transformer networks", 2015.
    """
    dims = len(size) - 2
    if dtype_of(theta).kind != "f":
        raise ValueError(expected("affine_grid", "theta to have floating point type", dtype_of(theta)))
    if dims not in (2, 3):
        raise NotImplementedError(
            f"affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, respectively. Got size {tuple(size)}."
        )
    if len(shape_of(theta)) != 3 or shape_of(theta)[1:] != (dims, dims + 1):
        raise ValueError(
            f"Expected a batch of {dims}D affine matrices of shape Nx{dims}x{dims + 1} for size {tuple(size)}. Got {shape_of(theta)} "
            "(in affine_grid)."
        )
    if shape_of(theta)[0] != size[0]:
        raise ShapeError(expected("affine_grid", f"{size[0]} matrices for size {tuple(size)}", shape_of(theta)[0]))
    if min(size) <= 0:
        raise ValueError(f"Expected non-zero, positive output size. Got {tuple(size)} (in affine_grid)")
    dtype = dtype_of(theta)
    axes = [_places(n, bool(align_corners), dtype) for n in size[2:]]
    mesh = np.meshgrid(*axes, indexing="ij")[::-1]  # x runs along the last dim
    base = np.stack([*mesh, np.ones_like(mesh[0])], -1).reshape(-1, dims + 1)  # (places, dims + 1)
    return _reshape(matmul(base, transpose(theta, 1, 2)), shape=(size[0], *size[2:], dims))


def _places(n: int, align_corners: bool, dtype: Any) -> Any:
    if n == 1:
        return np.zeros(1, dtype)
    at = np.linspace(-1, 1, n, dtype=dtype)
    return at if align_corners else (at * ((n - 1) / n)).astype(dtype)


def _pixels(x: Any, n: int, align_corners: bool) -> Any:
    """Places in [−1, 1] as pixel numbers."""
    return (x + 1) * ((n - 1) / 2) if align_corners else ((x + 1) * n - 1) / 2


def _clipped(x: Any, n: int) -> Any:
    """Within the image; no gradient at its border or beyond."""
    return _where(le(x, 0), 0.0, _where(ge(x, n - 1), float(n - 1), x))


def _reflected(x: Any, n: int, align_corners: bool) -> Any:
    """Mirrored at the centres of the outer pixels, or at the borders of the image, as often as it takes."""
    low, high = (0.0, float(n - 1)) if align_corners else (-0.5, n - 0.5)
    span = high - low
    if span == 0:
        return x * 0.0
    away = x - low
    away = _where(lt(away, 0), -away, away)
    turns = floor(away / span)
    rest = away - turns * span
    odd = gt(turns - floor(turns / 2) * 2, 0)
    return _where(odd, -rest + (span + low), rest + low)


def _inside(x: Any, n: int, padding_mode: str, align_corners: bool) -> Any:
    if padding_mode == "border":
        return _clipped(x, n)
    return _clipped(_reflected(x, n, align_corners), n) if padding_mode == "reflection" else x


def _read(input: Any, at: Sequence[Any], size: Shape) -> Any:
    """The entries at whole places (dim after dim, each (N, 1, P)), zeros outside.   (N, C, ∏S) → (N, C, P)"""
    inner = None
    flat: Any = None
    for x, n in zip(at, size, strict=True):
        here = logical_and(ge(x, 0), le(x, n - 1))
        inner = here if inner is None else logical_and(inner, here)
        k = cast(_where(here, x, 0.0), dtype=np.dtype(np.int64))
        flat = k if flat is None else flat * n + k
    n, c = shape_of(input)[:2]
    y = gather(input, 2, expand(flat, n, c, shape_of(flat)[2]))
    return _where(inner, y, 0.0)


def _linear(input: Any, xs: list[Any], size: Shape) -> Any:
    base = [floor(x) for x in xs]
    total: Any = None
    for corner in itertools.product((0, 1), repeat=len(xs)):
        weight: Any = None
        for x, x0, up in zip(xs, base, corner, strict=True):
            part = x - x0 if up else x0 + 1 - x
            weight = part if weight is None else weight * part
        y = _read(input, [x0 + up for x0, up in zip(base, corner, strict=True)], size) * weight
        total = y if total is None else total + y
    return total


def _keys(t: Any) -> list[Any]:
    """The four weights of cubic convolution.   [Keys 1981, a = −0.75]"""
    a = -0.75

    def far(d: Any) -> Any:
        return ((d * a - 5 * a) * d + 8 * a) * d - 4 * a

    def near(d: Any) -> Any:
        return (d * (a + 2) - (a + 3)) * d * d + 1

    return [far(t + 1), near(t), near(1 - t), far(2 - t)]


def _cubic(input: Any, xs: list[Any], size: Shape, padding_mode: str, align_corners: bool) -> Any:
    base = [floor(x) for x in xs]
    weights = [_keys(x - x0) for x, x0 in zip(xs, base, strict=True)]
    total: Any = None
    for tap in itertools.product(range(4), repeat=2):
        at = [_inside(x0 + (k - 1), n, padding_mode, align_corners) for x0, k, n in zip(base, tap, size, strict=True)]
        y = _read(input, at, size) * (weights[0][tap[0]] * weights[1][tap[1]])
        total = y if total is None else total + y
    return total


@expose("functional")
def grid_sample(input: Array, grid: Array, mode: str = "bilinear", padding_mode: str = "zeros", align_corners: bool | None = None) -> Array:
    """The image read at the places of a grid: (N, C, H, W), (N, H', W', 2) → (N, C, H', W'); with volumes (N, C, D, H, W), (…, 3) → (N, C, …).

    Args:
        grid: places (x, y) or (x, y, z) in [−1, 1], see `affine_grid`.
        mode: "bilinear", "nearest", or "bicubic" (images only).
        padding_mode: what stands outside: "zeros", the "border" entries, or the image mirrored ("reflection").

    Raises:
        ValueError: an unknown mode.
        RuntimeError: shapes that do not fit.

    >>> import autograd_cnn as ac
    >>> grid = ac.tensor([[[[0., 0.]]]])
    >>> ac.nn.functional.grid_sample(ac.tensor([[[[1., 2.], [3., 4.]]]]), grid, align_corners=True)
    tensor([[[[2.5000]]]])

    Source: Jaderberg et al., "Spatial transformer networks", 2015.
    """
    if mode not in ("bilinear", "nearest", "bicubic"):
        raise ValueError(f"nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: '{mode}'")
    if padding_mode not in ("zeros", "border", "reflection"):
        raise ValueError(
            f"nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or 'reflection', but got: '{padding_mode}'"
        )
    shape, places, align = shape_of(input), shape_of(grid), bool(align_corners)
    dims = len(shape) - 2
    if dims not in (2, 3) or len(places) != dims + 2 or places[0] != shape[0] or places[-1] != dims:
        raise ShapeError(
            f"grid_sampler(): expected 4D or 5D input and a grid of the same batch size and dims, (N, …, {max(dims, 2)}), but got input "
            f"with sizes {list(shape)} and grid with sizes {list(places)}"
        )
    if mode == "bicubic" and dims != 2:
        raise RuntimeError("grid_sampler(): bicubic interpolation only supports 4D input")
    size = shape[2:]
    if not all(size):
        raise RuntimeError(f"grid_sampler(): expected input to have non-empty spatial dimensions, but input has sizes {list(shape)}")
    flat = _reshape(input, shape=(shape[0], shape[1], math.prod(size)))
    count = math.prod(places[1:-1])
    xs = []
    for d in range(dims):  # the last coordinate of a place belongs to the first dim
        x = _reshape(select_view(grid, at=(Ellipsis, dims - 1 - d)), shape=(shape[0], 1, count))
        x = _pixels(x, size[d], align)
        xs.append(x if mode == "bicubic" else _inside(x, size[d], padding_mode, align))
    if mode == "nearest":
        y = _read(flat, [round(x) for x in xs], size) + filled(xs[0], value=0.0)  # so that the grid's gradient is zero, not missing
    elif mode == "bilinear":
        y = _linear(flat, xs, size)
    else:
        y = _cubic(flat, xs, size, padding_mode, align)
    return _reshape(y, shape=(*shape[:2], *places[1:-1]))
