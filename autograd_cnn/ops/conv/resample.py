"""Other sizes for maps: interpolation, and the exchange of channels for pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...engine.complaints import as_number
from ...engine.variable import dtype_of, shape_of, unbox
from ...errors import expected
from ...kernels.reference.resampling import Plan, plan_for, resample_adjoint, resample_along
from ...primitives.cases import Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...types.promotion import Array
from ..pool.average_functions import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d
from ..registry.expose import expose
from ..shape.shape import Shape, _permute, _reshape, clone

Factors = tuple[float | None, ...]


def _plans(mode: str, size: Shape, out: Shape, align_corners: bool, factors: Factors, antialias: bool, dtype: Any) -> list[Plan]:
    single = dtype.itemsize < 8
    return [plan_for(mode, n, m, align_corners, f, single, antialias) for n, m, f in zip(size, out, factors, strict=True)]


@primitive(label="{mode} → {size}", family="pool", name="resample")
def _resample(input: Array, *, size: Shape, mode: str, align_corners: bool, factors: Factors, antialias: bool) -> Array:
    """y[n,c,p] = Σ_t w[p,t] · x[n,c,places[p,t]], dim after dim.   (N, C, *S) → (N, C, *size)"""
    y = input
    for d, plan in enumerate(_plans(mode, input.shape[2:], size, align_corners, factors, antialias, input.dtype)):
        y = resample_along(y, plan, d + 2)
    return y


@_resample.vjp("input")
def _(g: Array, input_shape: Shape, mode: str, align_corners: bool, factors: Factors, antialias: bool) -> Array:
    return _spread(g, size=tuple(input_shape[2:]), mode=mode, align_corners=align_corners, factors=factors, antialias=antialias)


@primitive(label="{mode} ∂input", family="pool", name="resample_adjoint")
def _spread(input: Array, *, size: Shape, mode: str, align_corners: bool, factors: Factors, antialias: bool) -> Array:
    """The adjoint of `resample`: each entry is added, weighted, to those it was made of.   (N, C, *P) → (N, C, *size)"""
    plans = _plans(mode, size, input.shape[2:], align_corners, factors, antialias, input.dtype)
    y = input
    for d in reversed(range(len(size))):  # the last dim first: the larger ones shrink early
        y = resample_adjoint(y, plans[d], size[d], d + 2)
    return y


@_spread.vjp("input")
def _(g: Array, input_shape: Shape, mode: str, align_corners: bool, factors: Factors, antialias: bool) -> Array:
    return _resample(g, size=tuple(input_shape[2:]), mode=mode, align_corners=align_corners, factors=factors, antialias=antialias)


def _problem(draw: Draw) -> tuple[Shape, Shape, dict[str, Any]]:
    dims = draw.integer(1, 2)
    size, out = (tuple(draw.integer(1, 5) for _ in range(dims)) for _ in range(2))
    mode = draw.choice(["nearest", "nearest-exact", "linear", "cubic"])
    smooth = mode in ("linear", "cubic")
    return (
        size,
        out,
        {"mode": mode, "align_corners": smooth and draw.boolean(), "factors": (None,) * dims, "antialias": smooth and draw.boolean()},
    )


@_resample.cases
def _(draw: Draw) -> Case:
    size, out, params = _problem(draw)
    return Case(draw.array((draw.integer(1, 2), 2, *size)), size=out, **params)


@_resample.onnx
def _(to: Emit, input: Any, *, size: Any, mode: Any, align_corners: Any, factors: Any, antialias: Any) -> Any:
    y = input
    for d, (n, m) in enumerate(zip(input.shape[2:], size, strict=True), start=2):
        plan = _plans(mode, (int(n),), (int(m),), align_corners, factors[d - 2 : d - 1], antialias, input.dtype)[0]
        y = to.along(y, resample_along(np.eye(int(n), dtype=input.dtype), plan, 0), d, len(input.shape))
    return y


@_spread.cases
def _(draw: Draw) -> Case:
    size, out, params = _problem(draw)
    return Case(draw.array((draw.integer(1, 2), 2, *out)), size=size, **params)


# ------------------------------------------------------------------------------------------------- interpolate
_MODES = {"linear": ("linear", 3), "bilinear": ("linear", 4), "trilinear": ("linear", 5), "bicubic": ("cubic", 4)}


def _target(input: Any, size: Any, scale_factor: Any, recompute: bool) -> tuple[Shape, Factors]:
    """The size of the result, and the factors to compute sources by (None: from the sizes)."""
    have = shape_of(input)[2:]
    dims = len(have)
    if size is not None and scale_factor is not None:
        raise ValueError("only one of size or scale_factor should be defined (in interpolate)")
    if size is None and scale_factor is None:
        raise ValueError("either size or scale_factor should be defined (in interpolate)")
    given = size if scale_factor is None else scale_factor
    for f in given if isinstance(given, Sequence) else (given,):
        as_number("interpolate", "size" if scale_factor is None else "scale_factor", f)
    if isinstance(given, Sequence):
        if len(given) != dims:
            raise ValueError(
                f"Input and {'output' if scale_factor is None else 'scale_factor'} must have the same number of "
                "spatial dimensions, but "
                f"got input with spatial dimensions of {list(have)} and {given} (in interpolate)"
            )
        each = tuple(unbox(v) for v in given)
    else:
        each = (unbox(given),) * dims
    if scale_factor is None:
        if recompute:
            raise ValueError("recompute_scale_factor is not meaningful with an explicit size (in interpolate).")
        for s in each:
            if int(s) != s:
                raise TypeError(expected("interpolate", "size of ints", f"{given}", "Give fractions as scale_factor."))
        return tuple(int(s) for s in each), (None,) * dims
    out = tuple(math.floor(float(n) * float(f)) for n, f in zip(have, each, strict=True))
    return out, (None,) * dims if recompute else tuple(float(f) for f in each)


@expose("functional")
def interpolate(
    input: Array,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Array:
    """Maps of another size.   (N, C, *S) → (N, C, *size), or ⌊S · scale_factor⌋ along each dim

    Args:
        mode: "nearest" (the entry at ⌊source⌋), "nearest-exact" (the truly nearest), "linear", "bilinear", "trilinear",
            "bicubic", or "area" (averages).
        align_corners: the corner entries of both grids coincide, instead of the corners of their areas (the smooth modes only).
        recompute_scale_factor: sources are computed from the sizes instead of `scale_factor` itself.
        antialias: shrinking, the kernel widens, so that each source entry counts ("bilinear" and "bicubic" only).

    Raises:
        ValueError: arguments that contradict each other.
        NotImplementedError: a mode that does not suit the number of dims.
        RuntimeError: sizes of zero.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.interpolate(ac.tensor([[[1., 3.]]]), scale_factor=2, mode="linear")
    tensor([[[1.0000, 1.5000, 2.5000, 3.0000]]])

    Source: Keys, "Cubic convolution interpolation for digital image processing", 1981.
    """
    n = len(shape_of(input))
    if mode in ("nearest", "nearest-exact", "area"):
        if align_corners is not None:
            raise ValueError(
                "align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | "
                "trilinear (in "
                f"interpolate, got mode {mode!r})"
            )
    elif mode not in _MODES:
        raise NotImplementedError(expected("interpolate", f"a mode of nearest, nearest-exact, area, {', '.join(_MODES)}", repr(mode)))
    out, factors = _target(input, size, scale_factor, bool(recompute_scale_factor) or (mode == "area" and size is None))
    if antialias and (mode not in ("bilinear", "bicubic") or n != 4):
        raise ValueError(
            "Anti-alias option is restricted to bilinear and bicubic modes and requires a 4-D tensor as input (in interpolate)"
        )
    if n not in (3, 4, 5):
        raise NotImplementedError(
            f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {n}D) for the mode {mode!r} in interpolate"
        )
    if mode in _MODES and n != _MODES[mode][1]:
        raise NotImplementedError(f"Got {n}D input, but {mode} mode needs {_MODES[mode][1]}D input (in interpolate)")
    if mode != "area" and any(v < 1 for v in (*shape_of(input)[2:], *out)):
        raise RuntimeError(
            f"Input and output sizes should be greater than 0, but got input {list(shape_of(input)[2:])} and "
            f"output {list(out)} "
            "(in interpolate)"
        )
    if dtype_of(input).kind != "f" and mode not in ("nearest", "nearest-exact"):
        raise NotImplementedError(expected("interpolate", f"a floating-point input in mode {mode!r}", dtype_of(input), "Use .float()."))
    if mode == "area":
        return {3: adaptive_avg_pool1d, 4: adaptive_avg_pool2d, 5: adaptive_avg_pool3d}[n](input, out)
    if mode == "nearest" and n == 4:  # of the same or twice the size PyTorch takes an image's entries in turn, whatever the factor
        factors = tuple(None if o in (s, 2 * s) else f for s, o, f in zip(shape_of(input)[2:], out, factors, strict=True))
    if antialias:  # nor does it resample a side that stays as long as it is
        factors = tuple(None if o == s else f for s, o, f in zip(shape_of(input)[2:], out, factors, strict=True))
    kind = _MODES[mode][0] if mode in _MODES else mode
    return _resample(input, size=out, mode=kind, align_corners=bool(align_corners), factors=factors, antialias=antialias)


@expose("functional")
def upsample(input: Array, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool | None = None) -> Array:
    """`interpolate` under its old name.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.upsample(ac.ones(1, 1, 2), scale_factor=2).shape
    torch.Size([1, 1, 4])
    """
    return interpolate(input, size, scale_factor, mode, align_corners)


@expose("functional")
def upsample_nearest(input: Array, size: Any = None, scale_factor: Any = None) -> Array:
    """`interpolate` in mode "nearest", under its old name."""
    return interpolate(input, size, scale_factor)


@expose("functional")
def upsample_bilinear(input: Array, size: Any = None, scale_factor: Any = None) -> Array:
    """`interpolate` in mode "bilinear" with aligned corners, under its old name."""
    return interpolate(input, size, scale_factor, "bilinear", True)


# ------------------------------------------------------------------------------------------------- channels and pixels
@expose("function functional")
def pixel_shuffle(input: Array, upscale_factor: int) -> Array:
    """Channels become pixels: (*, C·r², H, W) → (*, C, H·r, W·r).

    Raises:
        RuntimeError: less than 3 dims, or channels that r² does not divide.

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.pixel_shuffle(ac.arange(4.).reshape(1, 4, 1, 1), 2)
    tensor([[[[0., 1.],
              [2., 3.]]]])

    Source: Shi et al., "Real-time single image and video super-resolution", 2016.
    """
    *lead, c, h, w = _image(input, "pixel_shuffle")
    r = int(upscale_factor)
    if r <= 0:
        raise RuntimeError(f"pixel_shuffle expects a positive upscale_factor, but got {upscale_factor}")
    if c % (r * r):
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, but "
            f"input.size(-3)={c} is not divisible by {r * r}"
        )
    k = len(lead)
    x = _reshape(input, shape=(*lead, c // (r * r), r, r, h, w))  # (*, C, r, r, H, W) -> (*, C, H, r, W, r)
    x = _permute(x, dims=(*range(k), k, k + 3, k + 1, k + 4, k + 2))
    return _reshape(clone(x) if r == 1 else x, shape=(*lead, c // (r * r), h * r, w * r), kind="pixel shuffle")  # a copy in any case


@expose("function functional")
def pixel_unshuffle(input: Array, downscale_factor: int) -> Array:
    """Pixels become channels, `pixel_shuffle` undone: (*, C, H·r, W·r) → (*, C·r², H, W).

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.pixel_unshuffle(ac.ones(1, 1, 4, 6), 2).shape
    torch.Size([1, 4, 2, 3])
    """
    *lead, c, h, w = _image(input, "pixel_unshuffle")
    r = int(downscale_factor)
    if r <= 0:
        raise RuntimeError(f"pixel_unshuffle expects a positive downscale_factor, but got {downscale_factor}")
    for name, n, at in (("height", h, -2), ("width", w, -1)):
        if n % r:
            raise RuntimeError(
                f"pixel_unshuffle expects {name} to be divisible by downscale_factor, but input.size({at})={n} is not divisible by {r}"
            )
    k = len(lead)
    x = _reshape(input, shape=(*lead, c, h // r, r, w // r, r))  # (*, C, H, r, W, r) -> (*, C, r, r, H, W)
    x = _permute(x, dims=(*range(k), k, k + 2, k + 4, k + 1, k + 3))
    return _reshape(clone(x) if r == 1 else x, shape=(*lead, c * r * r, h // r, w // r), kind="pixel unshuffle")


def _image(input: Any, operation: str) -> Shape:
    shape = shape_of(input)
    if len(shape) < 3:
        raise RuntimeError(f"{operation} expects input to have at least 3 dimensions, but got input with {len(shape)} dimension(s)")
    return shape


@expose("function functional")
def channel_shuffle(input: Array, groups: int) -> Array:
    """Channels dealt out from `groups` groups in turn: (N, C, *) → (N, C, *).

    >>> import autograd_cnn as ac
    >>> ac.nn.functional.channel_shuffle(ac.arange(4.).reshape(1, 4, 1), 2).flatten()
    tensor([0., 2., 1., 3.])

    Source: Zhang et al., "ShuffleNet", 2018.
    """
    shape = shape_of(input)
    if len(shape) < 3:
        raise RuntimeError(f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(shape)}")
    if groups <= 0:
        raise RuntimeError(f"Number of groups to divide channels in must be positive. Value of groups:{groups} (in channel_shuffle)")
    if shape[1] % groups:
        raise RuntimeError(
            f"Number of channels must be divisible by groups. Got {shape[1]} channels and {groups} groups (in channel_shuffle)."
        )
    x = _reshape(input, shape=(shape[0], groups, shape[1] // groups, *shape[2:]))  # (N, G, C/G, *) -> (N, C/G, G, *)
    return _reshape(_permute(x, dims=(0, 2, 1, *range(3, len(shape) + 1))), shape=shape, kind="channel shuffle")
