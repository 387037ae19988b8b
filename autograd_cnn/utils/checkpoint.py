"""Gradient checkpointing: compute a part again in the backward pass instead of keeping what it needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import pairwise
from typing import Any

from ..config import Switch, current
from ..engine.region import Listener, Region
from ..engine.variable import box
from ..errors import RecomputeError as CheckpointError
from ..random import default_generator
from ..support.listing import listed
from ..tensors.tensor import Tensor

__all__ = ["CheckpointError", "checkpoint", "checkpoint_sequential", "noop_context_fn"]

Contexts = tuple[AbstractContextManager[Any], AbstractContextManager[Any]]


def noop_context_fn() -> Contexts:
    """The default of `checkpoint(context_fn=)`: two context managers that do nothing."""
    return nullcontext(), nullcontext()


class _Given:
    """An argument as it was: its value and its place in the graph, whatever becomes of the tensor."""

    __slots__ = ("node", "value", "x")

    def __init__(self, x: Any) -> None:
        self.x = x
        self.value: Any = x.value if isinstance(x, Tensor) else None
        self.node = x.node if isinstance(x, Tensor) else None

    def again(self) -> Any:
        """The argument itself, or if it was frozen, moved or given other values since, one as it was."""
        if not isinstance(self.x, Tensor) or (self.x.value is self.value and self.x.node is self.node):
            return self.x
        return box(self.value, self.node)


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    preserve_rng_state: bool = True,
    context_fn: Callable[[], Contexts] = noop_context_fn,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    **kwargs: Any,
) -> Any:
    """function(*args, **kwargs), whose operations keep nothing for the backward pass: that pass runs the function a second time.

    Memory falls from all intermediate values to the arguments, for the price of one more forward. The result is the function's own,
    of whatever kind, and its graph is the ordinary one: `autograd.grad`, `inputs=`, `create_graph`, hooks and values that the
    function takes from outside all work. What the function reads must be as it was when the backward pass comes; memory that was
    overwritten since is refused. As in PyTorch, it must do the same each time; numbers that it draws itself, or that steer its
    `if`s, are its own affair.

    Args:
        preserve_rng_state: draw the same random numbers (dropout masks) the second time.
        context_fn: gives two context managers, the one around the forward pass, the other around each run in a backward pass.
        determinism_check: "default" compares shapes and dtypes of what the second run keeps with the first's; "none" does not.
        early_stop: end the second run when all is there that the backward pass needs.
        use_reentrant, debug: accepted as PyTorch's. Both kinds are the one that PyTorch calls non-reentrant; messages always say what
            was kept.

    Raises:
        InplaceError: an argument or weight that was overwritten between forward and backward.
        CheckpointError: a function that did something else the second time.
        ValueError: an unknown `determinism_check`.

    >>> import autograd_cnn as ac
    >>> x = ac.ones(2, requires_grad=True)
    >>> ac.utils.checkpoint.checkpoint(lambda v: v.exp().sum(), x, use_reentrant=False).backward()
    >>> x.grad
    tensor([2.7183, 2.7183])

    Source: Chen, Xu, Zhang, Guestrin, "Training deep nets with sublinear memory cost", 2016.
    """
    if determinism_check not in ("default", "none"):
        raise ValueError(f"checkpoint: determinism_check: expected 'default' or 'none', got {determinism_check!r}.")
    c = current()
    first, second = context_fn()
    if not c.recording:
        with first:
            return function(*args, **kwargs)
    given = [_Given(a) for a in args]
    named = {k: _Given(a) for k, a in kwargs.items()}
    rng = default_generator.get_state() if preserve_rng_state else None
    switches = {"chosen_backend": c.chosen_backend, "chosen_precision": c.chosen_precision, "strict_windows": c.strict_windows}

    def run() -> None:
        now = default_generator.get_state()
        try:
            if rng is not None:
                default_generator.set_state(rng)
            with Switch(**switches), second:
                function(*(g.again() for g in given), **{k: g.again() for k, g in named.items()})
        finally:
            if rng is not None:
                default_generator.set_state(now)

    listener = Listener(c.region)
    with Switch(region=listener), first:
        result = function(*args, **kwargs)
    raws = [g.value for g in (*given, *named.values()) if g.value is not None]
    Region(run, listener, raws, determinism_check == "default", early_stop)
    return result


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, preserve_rng_state: bool = True
) -> Any:
    """A chain of functions (a Sequential) in `segments` parts, each but the last checkpointed: what the last one keeps is needed at
    once.

    Raises:
        ValueError: less than one segment.

    >>> import autograd_cnn as ac
    >>> net = ac.nn.Sequential(ac.nn.Linear(2, 2), ac.nn.Tanh(), ac.nn.Linear(2, 1))
    >>> ac.utils.checkpoint.checkpoint_sequential(net, 2, ac.ones(1, 2)).shape
    torch.Size([1, 1])
    """
    layers: Sequence[Callable[..., Any]] = list(functions.children()) if hasattr(functions, "children") else list(functions)
    if segments < 1:
        raise ValueError(f"checkpoint_sequential: expected at least one segment, got {segments}.")
    size = max(1, len(layers) // segments)
    starts = [i * size for i in range(min(segments, len(layers)))]

    def chain(x: Any, part: Sequence[Callable[..., Any]]) -> Any:
        for layer in part:
            x = layer(x)
        return x

    for start, end in pairwise(starts):
        input = checkpoint(chain, input, layers[start:end], use_reentrant=use_reentrant, preserve_rng_state=preserve_rng_state)
    return chain(input, layers[starts[-1] :] if starts else ())


def __dir__() -> list[str]:
    return listed(globals())
