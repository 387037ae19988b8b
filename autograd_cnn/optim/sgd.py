"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..tensors.tensor import Tensor, wrap
from .checks import check_lr, check_not_negative
from .elementwise import Array, Constant, Elementwise, Phase, Update, add_scaled, add_whole, number
from .optimizer import ParamsT


class SGD(Elementwise):
    """Stochastic gradient descent, with momentum where wanted.

        g ← ∇f(p) + weight_decay · p + l1 · sign(p)
        b ← momentum · b + (1 − dampening) · g            (b = g in the first step)
        p ← p − lr · b                                    (Nesterov: p − lr · (g + momentum · b))

    Args:
        params: tensors, (name, tensor) pairs, or dicts of parameter groups.
        lr: learning rate, a number or a tensor of one element.
        momentum: how much of the last step is kept.
        dampening: how much of the gradient momentum leaves out.
        weight_decay: L2 regularisation.
        nesterov: look ahead along the momentum; needs momentum > 0 and dampening = 0.
        maximize: climb instead of descend (the regularisation still pulls towards 0).
        foreach, fused: taken for PyTorch's sake; there they choose a kernel, here there is one.
        differentiable: refused with an error that shows what to write instead.
        l1: L1 regularisation.

    Raises:
        ValueError: a negative option or Nesterov without plain momentum.

    >>> import autograd_cnn as ac
    >>> w = ac.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = ac.optim.SGD([w], lr=0.25, momentum=0.5)
    >>> for _ in range(2):
    ...     optimizer.zero_grad()
    ...     (w * w).sum().backward()
    ...     optimizer.step()
    >>> w.tolist()
    [0.0, 0.0]

    Source: Sutskever et al. 2013, On the importance of initialization and momentum in deep learning; with the learning
    rate outside the momentum, as in PyTorch.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float | Tensor = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
        l1: float = 0.0,
    ) -> None:
        check_lr("SGD", lr)
        check_not_negative("SGD", momentum=momentum, weight_decay=weight_decay, l1=l1)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "dampening": dampening,
                "weight_decay": weight_decay,
                "nesterov": nesterov,
                "maximize": maximize,
                "foreach": foreach,
                "differentiable": differentiable,
                "fused": fused,
                "l1": l1,
            },
        )

    def _begin(self, group: dict[str, Any], p: Tensor) -> tuple[Phase, Sequence[Tensor]]:
        if group["momentum"] == 0:
            return (False,), ()
        state = self.state[p]
        first = state.get("momentum_buffer") is None
        if first:
            state["momentum_buffer"] = wrap(np.empty_like(p.value, subok=False))
        return (first,), (state["momentum_buffer"],)

    def _rule(self, group: dict[str, Any], c: Constant, *phase: Any) -> Update:
        (first,) = phase
        rate = c(-number(group["lr"]))
        if group["momentum"] == 0:
            return lambda t, u, p, g: add_scaled(p, g, rate, t)
        keep, take, nesterov = c(group["momentum"]), c(1.0 - group["dampening"]), group["nesterov"]
        add = add_scaled if group["dampening"] else add_whole

        def update(t: Array, u: Array, p: Array, g: Array, b: Array) -> None:
            if first:
                np.copyto(b, g)
            else:
                np.multiply(b, keep, out=b)
                add(b, g, take, t)
            if nesterov:
                np.multiply(b, keep, out=u)
                np.add(g, u, out=u)
                add_scaled(p, u, rate, t)
            else:
                add_scaled(p, b, rate, t)

        return update
