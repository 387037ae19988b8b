"""One call on both sides, ours and torch's: results, dtypes, shapes, first and second derivatives, or the type of the error."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest
import torch

import autograd_cnn as ac
from autograd_cnn.tensors.tensor import Tensor, wrap

DTYPES = [np.float32, np.float64]


class Fixed:
    """An array that takes no gradient (targets, masks, weights)."""

    def __init__(self, array: Any) -> None:
        self.array = np.asarray(array)


def array(shape: Any, dtype: Any = np.float64, seed: int = 0, low: float = -2.0, high: float = 2.0) -> Any:
    """Uniform numbers."""
    shape = shape if isinstance(shape, tuple) else (shape,)
    return np.random.default_rng(seed + 7 * len(shape)).uniform(low, high, shape).astype(dtype)


def ours(x: Any) -> Any:
    """An argument on our side."""
    if isinstance(x, Fixed):
        return wrap(x.array.copy())
    if isinstance(x, np.ndarray):
        return wrap(x.copy(), requires_grad=x.dtype.kind == "f")
    return type(x)(ours(v) for v in x) if isinstance(x, list | tuple) else x


def theirs(x: Any) -> Any:
    """An argument on torch's side."""
    if isinstance(x, Fixed):
        return torch.from_numpy(x.array.copy())
    if isinstance(x, np.ndarray):
        return torch.from_numpy(x.copy()).requires_grad_(x.dtype.kind == "f")
    return type(x)(theirs(v) for v in x) if isinstance(x, list | tuple) else x


def outputs(y: Any) -> list[Any]:
    """All tensors of a result."""
    return [v for part in y for v in outputs(part)] if isinstance(y, tuple | list) else [y]


def same(mine: Any, other: Any, tolerance: float, what: str) -> None:
    """Value, shape and dtype."""
    if not isinstance(other, torch.Tensor):
        assert mine == other or (other != other and mine != mine), f"{what}: {mine} against torch's {other}"
        return
    assert isinstance(mine, Tensor), f"{what}: {type(mine)} against torch's Tensor"
    a, b = np.asarray(mine.detach().value), other.detach().clone().numpy(force=True)
    assert a.shape == b.shape, f"{what}: shape {a.shape} against torch's {b.shape}"
    assert a.dtype == b.dtype, f"{what}: dtype {a.dtype} against torch's {b.dtype}"
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance, err_msg=what)


def agree(
    mine: Any, other: Any, *args: Any, tolerance: float | None = None, second: bool = True, gradients: bool = True, **kwargs: Any
) -> None:
    """`mine(*args)` and `other(*args)` give the same, and so do their first and second derivatives."""
    floats = [
        v for a in (*args, *kwargs.values()) for v in (a if isinstance(a, list | tuple) else [a]) if isinstance(v, np.ndarray | Fixed)
    ]
    kinds = {np.asarray(v.array if isinstance(v, Fixed) else v).dtype for v in floats}
    tol = tolerance or (4e-3 if np.dtype(np.float16) in kinds else 3e-6 if np.dtype(np.float32) in kinds else 1e-9)
    x, z = [ours(a) for a in args], [theirs(a) for a in args]
    kx, kz = {k: ours(v) for k, v in kwargs.items()}, {k: theirs(v) for k, v in kwargs.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs_out = outputs(other(*z, **kz))
        ours_out = outputs(mine(*x, **kx))
    assert len(ours_out) == len(theirs_out)
    for i, (a, b) in enumerate(zip(ours_out, theirs_out, strict=True)):
        same(a, b, tol, f"output {i}")
    leaves = [
        (a, b)
        for a, b in zip(outputs([*x, *kx.values()]), outputs([*z, *kz.values()]), strict=True)
        if isinstance(b, torch.Tensor) and b.requires_grad
    ]
    live = [i for i, b in enumerate(theirs_out) if isinstance(b, torch.Tensor) and b.requires_grad]
    if not gradients or not leaves:
        return
    for i, (a, b) in enumerate(zip(ours_out, theirs_out, strict=True)):
        if isinstance(b, torch.Tensor):
            assert a.requires_grad == b.requires_grad, f"output {i}: requires_grad {a.requires_grad} against torch's {b.requires_grad}"
    if not live:
        return
    weights = [array(tuple(theirs_out[i].shape), theirs_out[i].numpy(force=True).dtype, seed=11 + i) for i in live]
    total: Any = sum((ours_out[i] * wrap(w)).sum() for i, w in zip(live, weights, strict=True))
    their_total: Any = sum((theirs_out[i] * torch.from_numpy(np.asarray(w))).sum() for i, w in zip(live, weights, strict=True))
    gs = ac.autograd.grad(total, [a for a, _ in leaves], create_graph=second, allow_unused=True)
    hs = torch.autograd.grad(their_total, [b for _, b in leaves], create_graph=second, allow_unused=True)
    pairs = []
    for i, (g, h) in enumerate(zip(gs, hs, strict=True)):
        if h is None:
            assert g is None or not np.any(g.detach().value), f"gradient {i}: torch has none"
            continue
        assert g is not None, f"gradient {i}: none, torch has one"
        same(g, h, tol * 4, f"gradient {i}")
        if second and h.requires_grad:
            pairs.append((g, h))
    if not pairs:
        return
    ways = [array(tuple(h.shape), h.numpy(force=True).dtype, seed=23 + i) for i, (_, h) in enumerate(pairs)]
    total = sum((g * wrap(v)).sum() for (g, _), v in zip(pairs, ways, strict=True))
    their_total = sum((h * torch.from_numpy(np.asarray(v))).sum() for (_, h), v in zip(pairs, ways, strict=True))
    if not total.requires_grad:
        rest = torch.autograd.grad(their_total, [b for _, b in leaves], allow_unused=True)
        assert all(h is None or not bool(h.any()) for h in rest), "second derivatives: none, torch has some"
        return
    seconds = ac.autograd.grad(total, [a for a, _ in leaves], allow_unused=True)
    their_seconds = torch.autograd.grad(their_total, [b for _, b in leaves], allow_unused=True)
    for i, (g, h) in enumerate(zip(seconds, their_seconds, strict=True)):
        if h is None or g is None:
            zero = g if h is None else h
            assert zero is None or not np.any(np.asarray(zero.detach())), f"second derivative {i}: one side has none"
        else:
            same(g, h, tol * 16, f"second derivative {i}")


def fail_alike(mine: Any, other: Any, *args: Any, match: str = "", **kwargs: Any) -> None:
    """Both raise; ours an instance of torch's type (RuntimeError for torch's own subclasses of it)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(Exception) as error:  # noqa: PT011  # whichever torch raises
            other(*[theirs(a) for a in args], **{k: theirs(v) for k, v in kwargs.items()})
        kind = next(t for t in (NotImplementedError, IndexError, TypeError, ValueError, RuntimeError) if isinstance(error.value, t))
        with pytest.raises(kind, match=match):
            mine(*[ours(a) for a in args], **{k: ours(v) for k, v in kwargs.items()})


SPECIAL = (0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 3.0, -3.0, 20.5, -20.5, 1e-4, 90.0, -90.0, math.inf, -math.inf, math.nan)


def at_special_points(mine: Any, other: Any, values: Any = SPECIAL, atol: float = 1e-300, **kwargs: Any) -> None:
    """The same value and gradient at zeros, kinks, infinities and NaN (signs of zeros aside)."""
    x = np.array(values, np.float64)
    a, b = wrap(x.copy(), requires_grad=True), torch.from_numpy(x.copy()).requires_grad_()
    y, z = mine(a, **kwargs), other(b, **kwargs)
    np.testing.assert_allclose(np.asarray(y.detach().value), z.numpy(force=True), rtol=1e-9, atol=atol, err_msg="values")
    if z.requires_grad:
        (g,) = ac.autograd.grad(y.sum(), a)
        (h,) = torch.autograd.grad(z.sum(), b)
        np.testing.assert_allclose(np.asarray(g.value), h.numpy(force=True), rtol=1e-8, atol=atol, err_msg="gradients")
