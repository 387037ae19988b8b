"""Backward hooks of a module: identity operations around its call whose rules run the hooks.

The one at the outputs sees the gradients that arrive, the one at the inputs those that leave; the module lies between.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...autograd import Function
from ...config import is_grad_enabled
from ...tensors.tensor import Tensor, wrap

if TYPE_CHECKING:
    from .module import Module

Hook = Callable[..., Any]
Grads = tuple[Any, ...]


class GradientProbe(Function):
    """y_i = x_i; in the backward pass gx = at(gy), where `at` runs the hooks. `fill`: give it zeros for None."""

    _seals = False

    @staticmethod
    def forward(ctx: Any, at: Callable[[Grads], Grads], fill: bool, *tensors: Tensor) -> tuple[Tensor, ...]:
        ctx.at = at
        ctx.kinds = [(t.shape, t.dtype) for t in tensors]
        ctx.set_materialize_grads(fill)
        same = tuple(t.view_as(t) for t in tensors)
        ctx.mark_non_differentiable(*(y for y, x in zip(same, tensors, strict=True) if not x.requires_grad))
        return same

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        passed = ctx.at(grads)
        return (None, None, *(_zeros(kind) if g is None else g for g, kind in zip(passed, ctx.kinds, strict=True)))


def _zeros(kind: tuple[Any, Any]) -> Tensor:
    shape, dtype = kind
    return wrap(np.zeros(shape, dtype))


class BackwardHooks:
    """The backward hooks of one call: `around_inputs` before the forward, `around_outputs` after it."""

    def __init__(self, module: Module, hooks: Sequence[Hook], pre_hooks: Sequence[Hook]) -> None:
        self.module = module
        self.hooks = hooks
        self.pre_hooks = pre_hooks
        self.arrived: Grads | None = None  # the outputs' gradients, until the inputs' are known
        self.inputs: list[int] | None = None  # which arguments are tensors, if one of them takes a gradient
        self.outputs: list[int] | None = None
        self.n_inputs: int  # of the arguments, tensors or not
        self.n_outputs: int

    def around_inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments, with an identity operation on their tensors."""
        self.n_inputs = len(args)
        args, self.inputs = _identity(self._at_inputs, True, args)
        return args

    def around_outputs(self, result: Any) -> Any:
        """The result (a tensor or a tuple), with an identity operation on its tensors."""
        if not isinstance(result, (Tensor, tuple)):
            warnings.warn(
                f"For backward hooks to be called, module output should be a Tensor or a tuple of Tensors but received {type(result)}",
                stacklevel=5,
            )
        outputs = result if isinstance(result, tuple) else (result,)
        self.n_outputs = len(outputs)
        outputs, self.outputs = _identity(self._at_outputs, False, outputs)
        return outputs if isinstance(result, tuple) else outputs[0]

    def _at_outputs(self, grads: Grads) -> Grads:
        outputs: Any = self.outputs  # set before the operation that calls this could run
        arrived = _spread(grads, outputs, self.n_outputs)
        for hook in self.pre_hooks:
            arrived = _replaced(hook(self.module, arrived), arrived, "Backward pre hook", "grad_output")
        if self.inputs is None:
            self._run_without_inputs(arrived)
        else:
            self.arrived = arrived
        return tuple(arrived[i] for i in outputs)

    def _at_inputs(self, grads: Grads) -> Grads:
        if self.arrived is None or self.inputs is None:
            return grads  # the gradient came past the outputs, as when a gradient is differentiated again
        left = _spread(grads, self.inputs, self.n_inputs)
        for hook in self.hooks:
            left = _replaced(hook(self.module, left, self.arrived), left, "Backward hook", "grad_input")
        self.arrived = None
        return tuple(left[i] for i in self.inputs)

    def _run_without_inputs(self, arrived: Grads) -> None:
        if not self.hooks:
            return
        warnings.warn(
            "Full backward hook is firing when gradients are computed with respect to module outputs since no inputs "
            "require gradients: grad_input is None.",
            stacklevel=2,
        )
        for hook in self.hooks:
            given = hook(self.module, (None,) * self.n_inputs, arrived)
            if given is not None and not (isinstance(given, tuple) and all(g is None for g in given)):
                raise RuntimeError(
                    "Backward hook for Modules where no input requires gradient should always return None or None for all gradients."
                )


def _identity(at: Callable[[Grads], Grads], fill: bool, values: tuple[Any, ...]) -> tuple[tuple[Any, ...], list[int] | None]:
    """The values with their tensors sent through `GradientProbe`, and where those stand; None if no gradient flows."""
    places = [i for i, value in enumerate(values) if isinstance(value, Tensor)]
    if not (is_grad_enabled() and any(values[i].requires_grad for i in places)):
        return values, None
    passed = list(values)
    for i, tensor in zip(places, GradientProbe.apply(at, fill, *(values[i] for i in places)), strict=True):
        passed[i] = tensor
    if type(values) is tuple:
        return tuple(passed), places
    return type(values)(*passed), places  # a named tuple


def _spread(grads: Iterable[Any], places: Iterable[int], n: int) -> Grads:
    """The gradients at their places among n, None elsewhere."""
    spread: list[Any] = [None] * n
    for place, grad in zip(places, grads, strict=True):
        spread[place] = grad
    return tuple(spread)


def _replaced(given: Any, before: Grads, kind: str, what: str) -> Grads:
    """What a hook's answer makes of the gradients: None leaves them, a tuple (or the only tensor) replaces them."""
    if given is None:
        return before
    after = (given,) if isinstance(given, Tensor) else tuple(given)
    if len(after) != len(before):
        raise RuntimeError(f"{kind} returned an invalid number of {what}, got {len(after)}, but expected {len(before)}")
    return after


# ------------------------------------------------------------------------------------------------- the older hook
def hook_last_operation(module: Module, hook: Hook, result: Any) -> None:
    """Run `hook(module, grad_input, grad_output)` after the rule of the operation that made the first output tensor."""
    tensor = _first_tensor(result)
    node = None if tensor is None else tensor.grad_fn
    if node is not None:
        node.register_hook(functools.partial(hook, module))


def _first_tensor(result: Any) -> Tensor | None:
    while not isinstance(result, Tensor):
        if isinstance(result, dict):
            result = list(result.values())
        elif not isinstance(result, (tuple, list)):
            return None
        found = [part for part in result if isinstance(part, (Tensor, dict, tuple, list))]
        if not found:
            return None
        result = found[0]
    return result
