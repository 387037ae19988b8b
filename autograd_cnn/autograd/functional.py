"""Jacobians, Hessians and their products with vectors, as `torch.autograd.functional` has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..config import enable_grad
from ..ops.index.index import getitem
from ..support.listing import listed
from ..tensors.tensor import Tensor, wrap
from .gradients import grad

Several = Tensor | tuple[Tensor, ...]


def _tuple(x: Any, name: str, fn: str) -> tuple[tuple[Tensor, ...], bool]:
    items = tuple(x) if isinstance(x, tuple | list) else (x,)
    for i, item in enumerate(items):
        if not isinstance(item, Tensor):
            raise TypeError(
                f"The {name} given to {fn} must be either a Tensor or a tuple of Tensors but the value at index {i} has type "
                f"{type(item).__name__}."
            )
    return items, isinstance(x, tuple | list)


def _prepare(inputs: tuple[Tensor, ...], create_graph: bool) -> tuple[Tensor, ...]:
    """Own leaves to differentiate by; with create_graph they stay connected to the caller's."""
    return tuple(x.view_as(x) if create_graph and x.requires_grad else x.detach().requires_grad_(True) for x in inputs)


def _shaped(items: Sequence[Any], as_tuple: bool) -> Any:
    return tuple(items) if as_tuple else items[0]


def _loose(items: Sequence[Any], create_graph: bool) -> tuple[Any, ...]:
    return tuple(items) if create_graph else tuple(x.detach() for x in items)


def _zeros(x: Tensor) -> Tensor:
    return wrap(np.zeros(x.value.shape, x.value.dtype))


def _strictly(found: Sequence[Any], inputs: Sequence[Tensor], strict: bool, fn: str) -> tuple[Tensor, ...]:
    for i, g in enumerate(found):
        if g is None and strict:
            raise RuntimeError(
                f"The output of the user-provided function is independent of input {i}. This is not allowed in strict mode "
                f"when running {fn}."
            )
    return tuple(_zeros(x) if g is None else g for g, x in zip(found, inputs, strict=True))


def _vectors(v: Any, like: tuple[Tensor, ...], fn: str) -> tuple[Tensor, ...]:
    if v is None:
        if len(like) != 1 or like[0].value.size != 1:
            raise RuntimeError(
                f"{fn}: the vector v can only be None if the user-provided function returns a single Tensor with a single element: give v."
            )
        return (wrap(np.ones_like(like[0].value)),)
    items, _ = _tuple(v, "v", fn)
    if len(items) != len(like):
        raise RuntimeError(f"{fn}: v is a tuple of invalid length: should be {len(like)} but got {len(items)}.")
    for i, (a, b) in enumerate(zip(items, like, strict=True)):
        if a.value.shape != b.value.shape:
            raise RuntimeError(f"{fn}: v has invalid size: entry {i} should be {list(b.value.shape)} but got {list(a.value.shape)}.")
    return items


def vjp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> tuple[Any, Any]:
    """(func(inputs), vᵀ·J): the vector-Jacobian product, one backward pass.

    >>> import autograd_cnn as ac
    >>> ac.autograd.functional.vjp(lambda x: x ** 2, ac.tensor([1., 2.]), ac.tensor([1., 1.]))[1]
    tensor([2., 4.])
    """
    with enable_grad():
        ins, many = _tuple(inputs, "inputs", "vjp")
        xs = _prepare(ins, create_graph)
        outs, many_out = _tuple(func(*xs), "outputs of the user-provided function", "vjp")
        vs = _vectors(v, outs, "vjp")
        found = _partial(outs, xs, vs, create_graph, strict, "vjp")
    return _shaped(_loose(outs, create_graph), many_out), _shaped(_loose(found, create_graph), many)


def _partial(
    outs: tuple[Tensor, ...], xs: tuple[Tensor, ...], vs: Sequence[Any], create: bool, strict: bool, fn: str
) -> tuple[Tensor, ...]:
    live = [(o, v) for o, v in zip(outs, vs, strict=True) if o.requires_grad]
    if not live:
        return _strictly([None] * len(xs), xs, strict, fn)
    found = grad([o for o, _ in live], xs, [v for _, v in live], create_graph=create, retain_graph=True, allow_unused=True)
    return _strictly(found, xs, strict, fn)


def jvp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> tuple[Any, Any]:
    """(func(inputs), J·v): the Jacobian-vector product, by differentiating the vector-Jacobian product, which is linear in its
    vector, once more.

    >>> import autograd_cnn as ac
    >>> ac.autograd.functional.jvp(lambda x: x ** 2, ac.tensor([1., 2.]), ac.tensor([1., 0.]))[1]
    tensor([2., 0.])
    """
    with enable_grad():
        ins, _ = _tuple(inputs, "inputs", "jvp")
        vs = _vectors(v, ins, "jvp")
        xs = _prepare(ins, create_graph)
        outs, many_out = _tuple(func(*xs), "outputs of the user-provided function", "jvp")
        us = tuple(wrap(np.zeros_like(o.value)).requires_grad_(True) for o in outs)
        pulled = _partial(outs, xs, us, True, strict, "jvp")
        found = _partial(pulled, us, vs, create_graph, False, "jvp")
    return _shaped(_loose(outs, create_graph), many_out), _shaped(_loose(found, create_graph), many_out)


def jacobian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """J[i, j] = ∂ func(inputs)[i] / ∂ inputs[j], of shape output.shape + input.shape; a (nested) tuple for tuples.

    `vectorize` and `strategy` choose how PyTorch computes it; the result is the same, and here it is always one backward pass
    for each output entry (reverse mode).

    >>> import autograd_cnn as ac
    >>> ac.autograd.functional.jacobian(lambda x: x ** 2, ac.tensor([1., 2.]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    if strategy not in ("reverse-mode", "forward-mode"):
        raise ValueError(f"jacobian: expected strategy 'reverse-mode' or 'forward-mode', got {strategy!r}.")
    with enable_grad():
        ins, many = _tuple(inputs, "inputs", "jacobian")
        xs = _prepare(ins, create_graph)
        outs, many_out = _tuple(func(*xs), "outputs of the user-provided function", "jacobian")
        table = [_rows(o, xs, create_graph, strict) for o in outs]
    shaped = [_shaped(_loose(row, create_graph), many) for row in table]
    return _shaped(shaped, many_out)


def _rows(out: Tensor, xs: tuple[Tensor, ...], create_graph: bool, strict: bool) -> list[Tensor]:
    from ..ops.shape.join import stack
    from ..ops.shape.shape import reshape

    flat = reshape(out, (-1,))
    rows = [_partial((getitem(flat, i),), xs, (None,), create_graph, strict, "jacobian") for i in range(out.value.size)]
    if not rows:
        return [wrap(np.zeros((*out.value.shape, *x.value.shape), out.value.dtype)) for x in xs]
    return [reshape(stack([row[j] for row in rows], dim=0), (*out.value.shape, *x.value.shape)) for j, x in enumerate(xs)]


def hessian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """H[i, j] = ∂² func(inputs) / ∂ inputs[i] ∂ inputs[j] for a function that returns a single number.

    >>> import autograd_cnn as ac
    >>> ac.autograd.functional.hessian(lambda x: (x ** 3).sum(), ac.tensor([1., 2.]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    ins, many = _tuple(inputs, "inputs", "hessian")

    def gradient(*xs: Tensor) -> tuple[Tensor, ...]:
        outs, several = _tuple(func(*xs), "outputs of the user-provided function", "hessian")
        if several or outs[0].value.size != 1:
            raise RuntimeError(
                "The Tensor returned by the function given to hessian should contain a single element, got shape "
                f"{list(outs[0].value.shape)}."
            )
        inner = tuple(x if x.requires_grad else x.requires_grad_(True) for x in xs)
        return _partial(outs, inner, (None,), True, strict, "hessian")

    table = jacobian(gradient, ins, create_graph, strict, vectorize, outer_jacobian_strategy)
    return table if many else table[0][0]


def hvp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> tuple[Any, Any]:
    """(func(inputs), H·v): the Hessian-vector product of a function that returns a single number."""
    return _second(func, inputs, v, create_graph, strict, "hvp")


def vhp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> tuple[Any, Any]:
    """(func(inputs), vᵀ·H): the vector-Hessian product; H is symmetric, so it equals `hvp`."""
    return _second(func, inputs, v, create_graph, strict, "vhp")


def _second(func: Callable[..., Any], inputs: Any, v: Any, create_graph: bool, strict: bool, fn: str) -> tuple[Any, Any]:
    with enable_grad():
        ins, many = _tuple(inputs, "inputs", fn)
        vs = _vectors(v, ins, fn)
        xs = _prepare(ins, create_graph)
        outs, _ = _tuple(func(*xs), "outputs of the user-provided function", fn)
        if len(outs) != 1 or outs[0].value.size != 1:
            raise RuntimeError(f"The Tensor returned by the function given to {fn} should contain a single element.")
        first = _partial(outs, xs, (None,), True, strict, fn)
        found = _partial(first, xs, vs, create_graph, strict, fn)
    return _loose(outs, create_graph)[0], _shaped(_loose(found, create_graph), many)


__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]


def __dir__() -> list[str]:
    return listed(globals())
