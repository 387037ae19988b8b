"""`torch.add(x, y, out=z)`: the functions of `torch` that write their result into a tensor given by the caller."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ...config import no_grad
from ...ops.registry.expose import FUNCTIONS
from ...tensors import creation, sampling
from ...tensors.tensor import Tensor

_MADE = {
    n: getattr(m, n)
    for m, names in (
        (creation, "zeros ones empty full eye arange linspace logspace"),
        (sampling, "rand randn randint randperm bernoulli multinomial normal"),
    )
    for n in names.split()
}


def __getattr__(name: str) -> Any:
    """The function, which then takes `out`."""
    if name in FUNCTIONS:
        op = FUNCTIONS[name]
        return _taking_out(name, getattr(op, "call", op))
    if name in _MADE:
        return _taking_out(name, _MADE[name])
    raise AttributeError(name)


def _taking_out(name: str, fn: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(fn)
    def call(*args: Any, out: Any = None, **kwargs: Any) -> Any:
        if out is None:
            return fn(*args, **kwargs)
        return _write(name, out, fn(*args, **kwargs))

    call.__module__, call.__name__, call.__qualname__ = "torch", name, name  # as it is pickled
    return call


def _write(name: str, out: Any, result: Any) -> Any:
    """The result, written into `out` (a tensor, or as many as there are results), which takes its shape.

    Raises:
        RuntimeError: something requires a gradient, which does not flow through `out`.
    """
    if isinstance(result, tuple):
        for place, part in zip(out, result, strict=True):
            _write(name, place, part)
        return type(result)(*out) if hasattr(result, "_fields") else tuple(out)
    if result.requires_grad or out.requires_grad:
        raise RuntimeError(
            f"{name}(): functions with out=... arguments don't support automatic differentiation, but one of the arguments requires grad."
        )
    if not isinstance(out, Tensor):
        raise TypeError(f"{name}(): argument 'out' must be Tensor, not {type(out).__name__}")
    with no_grad():
        if out.shape != result.shape:
            out.resize_(result.shape)
        out.copy_(result)
    return out


__all__: list[str] = []
