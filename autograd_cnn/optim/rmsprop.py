"""RMSprop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..tensors.tensor import Tensor
from .checks import check_lr, check_not_negative
from .elementwise import (
    Array,
    Constant,
    Elementwise,
    Phase,
    Update,
    add_quotient,
    add_scaled,
    advance,
    buffer,
    lerp,
    mean_square,
    number,
)
from .optimizer import ParamsT


class RMSprop(Elementwise):
    """Steps divided by the running root mean square of the gradient.

        v ← alpha · v + (1 − alpha) · g²
        a = √v + eps                         (centered: √(v − m²) + eps, with m ← alpha · m + (1 − alpha) · g)
        p ← p − lr · g / a                   (momentum: b ← momentum · b + g / a;  p ← p − lr · b)

    Args:
        params: tensors, (name, tensor) pairs, or dicts of parameter groups.
        lr: learning rate, a number or a tensor of one element.
        alpha: how much of the running average is kept.
        eps: keeps the denominator from 0.
        weight_decay: L2 regularisation.
        momentum: how much of the last step is kept.
        centered: divide by the standard deviation instead of the root mean square.
        capturable: for accelerators; `step` refuses it, as on PyTorch's CPU.
        foreach: taken for PyTorch's sake; there it chooses a kernel, here there is one.
        maximize: climb instead of descend.
        differentiable: refused with an error that shows what to write instead.
        l1: L1 regularisation.

    >>> import autograd_cnn as ac
    >>> w = ac.tensor([1.0, 1.0], requires_grad=True)
    >>> optimizer = ac.optim.RMSprop([w], lr=0.25, alpha=0.0)
    >>> w.grad = ac.tensor([2.0, -8.0])
    >>> optimizer.step()
    >>> w.tolist()
    [0.75, 1.25]

    Source: Hinton 2012, lecture 6 of Neural networks for machine learning; centered: Graves 2013, arXiv:1308.0850.
    """

    _keeps = ("step", "square_avg")

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        *,
        l1: float = 0.0,
    ) -> None:
        check_lr("RMSprop", lr)
        check_not_negative("RMSprop", eps=eps, momentum=momentum, weight_decay=weight_decay, alpha=alpha, l1=l1)
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "alpha": alpha,
                "eps": eps,
                "centered": centered,
                "weight_decay": weight_decay,
                "capturable": capturable,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "l1": l1,
            },
        )

    def _begin(self, group: dict[str, Any], p: Tensor) -> tuple[Phase, Sequence[Tensor]]:
        state = self.state[p]
        advance(state)
        kept = [buffer(state, "square_avg", p)]
        if group["momentum"] > 0:
            kept.append(buffer(state, "momentum_buffer", p))
        if group["centered"]:
            kept.append(buffer(state, "grad_avg", p))
        return (), kept

    def _rule(self, group: dict[str, Any], c: Constant, *phase: Any) -> Update:
        rate, eps, one = c(-number(group["lr"])), c(group["eps"]), c(1.0)
        momentum, centered = group["momentum"], group["centered"]
        keep = c(momentum)
        square, mean = mean_square(group["alpha"], c), lerp(1.0 - group["alpha"], c)

        def update(t: Array, u: Array, p: Array, g: Array, v: Array, *more: Array) -> None:
            square(v, g, t)
            if centered:
                m = more[-1]
                mean(m, g, t)
                np.multiply(m, m, out=t)
                np.subtract(v, t, out=t)
                np.sqrt(t, out=t)
            else:
                np.sqrt(v, out=t)
            np.add(t, eps, out=t)
            if momentum > 0:
                b = more[0]
                np.multiply(b, keep, out=b)
                add_quotient(b, g, t, one, u)
                add_scaled(p, b, rate, t)
            else:
                add_quotient(p, g, t, rate, u)

        return update
