"""Gradient checkpointing: compute a part again in the backward pass instead of keeping what it needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..autograd import Function
from ..autograd.walks import backward
from ..config import Switch
from ..engine.graph import outside_modules
from ..random import default_generator
from ..tensor import Tensor, wrap


class _Checkpoint(Function):
    """y = fn(*args), keeping only the arguments; the backward pass runs `fn` again, recording, and walks back through that."""

    @staticmethod
    def forward(ctx: Any, fn: Callable[..., Any], preserve_rng_state: bool, holder: Tensor, *args: Any) -> Any:
        ctx.fn = fn
        ctx.rng = default_generator.get_state() if preserve_rng_state else None
        ctx.plain = [None if isinstance(a, Tensor) else a for a in args]
        ctx.places = [i for i, a in enumerate(args) if isinstance(a, Tensor)]
        ctx.save_for_backward(*(a for a in args if isinstance(a, Tensor)))
        return fn(*args)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        saved = ctx.saved_tensors
        args = list(ctx.plain)
        for place, x in zip(ctx.places, saved, strict=True):
            args[place] = x.detach().requires_grad_(x.requires_grad)
        now = default_generator.get_state()
        try:
            if ctx.rng is not None:
                default_generator.set_state(ctx.rng)
            with Switch(record=True), outside_modules():
                result = ctx.fn(*args)
        finally:
            if ctx.rng is not None:
                default_generator.set_state(now)
        outs = result if isinstance(result, tuple | list) else (result,)
        live = [(o, g) for o, g in zip(outs, grads, strict=True) if isinstance(o, Tensor) and o.requires_grad]
        if not live:
            raise RuntimeError("none of output has requires_grad=True, this checkpoint() is not necessary")
        backward([o for o, _ in live], [g for _, g in live])
        return (None, None, None, *(a.grad if isinstance(a, Tensor) and a.requires_grad else None for a in args))


def checkpoint(function: Callable[..., Any], *args: Any, use_reentrant: bool | None = None, preserve_rng_state: bool = True,
               determinism_check: str = "default", debug: bool = False, **kwargs: Any) -> Any:  # fmt: skip
    """function(*args), without keeping what its backward pass needs: that pass runs the function a second time.

    Memory falls from all intermediate values to the arguments, for the price of one more forward.

    Args:
        preserve_rng_state: draw the same random numbers (dropout masks) the second time.
        use_reentrant, determinism_check, debug: accepted as PyTorch's; the result does not depend on them.

    >>> import autograd_cnn as ac
    >>> x = ac.ones(2, requires_grad=True)
    >>> ac.utils.checkpoint.checkpoint(lambda v: v.exp().sum(), x, use_reentrant=False).backward()
    >>> x.grad
    tensor([2.7183, 2.7183])

    Source: Chen, Xu, Zhang, Guestrin, "Training deep nets with sublinear memory cost", 2016.
    """
    fn = (lambda *a: function(*a, **kwargs)) if kwargs else function
    holder = wrap(
        np.zeros(()), requires_grad=True
    )  # so that it is recorded even if only the function's own parameters take a gradient
    return _Checkpoint.apply(fn, preserve_rng_state, holder, *args)


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, **kwargs: Any
) -> Any:
    """A chain of functions (a Sequential) in `segments` parts, each of them checkpointed.

    >>> import autograd_cnn as ac
    >>> net = ac.nn.Sequential(ac.nn.Linear(2, 2), ac.nn.Tanh(), ac.nn.Linear(2, 1))
    >>> ac.utils.checkpoint.checkpoint_sequential(net, 2, ac.ones(1, 2)).shape
    torch.Size([1, 1])
    """
    layers: Sequence[Callable[..., Any]] = (
        list(functions.children()) if hasattr(functions, "children") else list(functions)
    )
    if segments < 1:
        raise ValueError(f"checkpoint_sequential: expected at least one segment, got {segments}.")
    size = max(1, len(layers) // segments)
    starts = [i * size for i in range(min(segments, len(layers)))]
    for start, end in zip(starts, [*starts[1:], len(layers)], strict=True):
        part = layers[start:end]

        def run(x: Any, part: Sequence[Callable[..., Any]] = part) -> Any:
            for layer in part:
                x = layer(x)
            return x

        input = checkpoint(run, input, use_reentrant=use_reentrant, **kwargs)
    return input
