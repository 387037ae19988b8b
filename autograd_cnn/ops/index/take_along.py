"""Picking one entry (or several different ones) of each slice along a dim, and putting them back: what the gradients of max, sort,
top-k and the like are made of."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...primitives.cases import Case, Draw
from ...primitives.emit import Emit
from ...primitives.primitive import primitive
from ...primitives.written import Operand, zeros
from ...types.promotion import Array
from ..registry.dims import draw_dim


@primitive(label="take along {dim}", family="index")
def take_along(input: Array, *, at: Any, dim: int, repeats: bool = False) -> Array:
    """y[…, k, …] = input[…, at[…, k, …], …] along `dim`; only with `repeats` may an index come twice in a slice"""
    return np.take_along_axis(input, at, dim) if input.ndim else input.reshape(at.shape)


@take_along.source
def _(input: Operand) -> str | None:
    return "np.take_along_axis(input, at, axis=dim)" if input.ndim else None


@take_along.vjp("input")
def _(g: Array, input_shape: tuple[int, ...], at: Any, dim: int, repeats: bool) -> Array:
    return put_along(g, at=at, dim=dim, size=input_shape[dim] if input_shape else None, repeats=repeats)


@take_along.cases
def _(draw: Draw) -> Case:
    x = draw.array(draw.shape(min_dims=1))
    dim = draw_dim(draw, x.ndim)
    if draw.boolean():
        return Case(x, at=draw.integers(x.shape, 0, x.shape[dim]), dim=dim, repeats=True)
    return Case(x, at=_some(draw, x.shape, dim), dim=dim)


@take_along.onnx
def _(to: Emit, input: Any, *, at: Any, dim: Any, repeats: Any) -> Any:
    if not input.shape:
        return to.reshape(input, at.shape)
    return to.GatherElements(input, at if hasattr(at, "name") else to.const(np.asarray(at)), axis=dim)


@primitive(label="put along {dim}", family="index")
def put_along(input: Array, *, at: Any, dim: int, size: int | None, repeats: bool = False) -> Array:
    """The adjoint of `take_along`: zeros, `size` of them along `dim`, with the input's entries added at `at`. (None: a 0-d result.)"""
    if size is None:
        return input.reshape(())
    y = np.zeros((*at.shape[:dim], size, *at.shape[dim + 1 :]), input.dtype)
    if repeats:
        where = list(np.indices(at.shape, sparse=True))
        where[dim] = at
        np.add.at(y, tuple(where), input.reshape(at.shape))
    else:
        np.put_along_axis(y, at, input.reshape(at.shape), dim)
    return y


@put_along.source
def _(input: Operand, y: Operand, at: Any, size: Any, repeats: bool) -> str | None:
    if size is None or repeats or input.shape != at.shape:
        return None
    return f"y = {zeros(y)}\nnp.put_along_axis(y, at, input, axis=dim)\ny"


@put_along.vjp("input")
def _(g: Array, input_shape: tuple[int, ...], at: Any, dim: int, repeats: bool) -> Array:
    from ..shape.shape import reshape

    return reshape(take_along(g, at=at, dim=dim, repeats=repeats), input_shape)  # the input may lack a dim of size 1


@put_along.onnx
def _(to: Emit, input: Any, *, at: Any, dim: Any, size: Any, repeats: Any) -> Any:
    if size is None:
        return to.reshape(input, ())
    at = at if hasattr(at, "name") else to.const(np.asarray(at))
    wide = [int(n) for n in at.shape]
    zeros = to.const(np.zeros([*wide[:dim], int(size), *wide[dim + 1 :]]), input.dtype)
    return to.ScatterElements(zeros, at, to.reshape(input, wide), axis=dim, reduction="add" if repeats else None)


@put_along.cases
def _(draw: Draw) -> Case:
    shape = draw.shape(min_dims=1)
    dim = draw_dim(draw, len(shape))
    if draw.boolean():
        return Case(draw.array(shape), at=draw.integers(shape, 0, shape[dim]), dim=dim, size=shape[dim], repeats=True)
    at = _some(draw, shape, dim)
    given = at.shape if at.shape[dim] > 1 or draw.boolean() else tuple(np.delete(at.shape, dim).tolist())
    return Case(draw.array(given), at=at, dim=dim, size=shape[dim])


def _some(draw: Draw, shape: tuple[int, ...], dim: int) -> Any:
    """Different indices along `dim`, at least one a slice."""
    order = np.argsort(draw.array(shape, distinct=True), axis=dim)
    return np.take(order, range(draw.integer(1, shape[dim])), axis=dim)
