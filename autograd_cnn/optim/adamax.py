"""Adamax."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..tensors.tensor import Tensor
from .checks import check_betas, check_lr, check_not_negative
from .elementwise import Array, Constant, Elementwise, Phase, Update, add_quotient, advance, buffer, lerp, number
from .optimizer import ParamsT


class Adamax(Elementwise):
    """Adam with the running greatest gradient in place of its root mean square.

        m ← β₁ · m + (1 − β₁) · g
        u ← max(β₂ · u, |g| + eps)
        p ← p − lr / (1 − β₁ᵗ) · m / u

    Args:
        params: tensors, (name, tensor) pairs, or dicts of parameter groups.
        lr: learning rate, a number or a tensor of one element.
        betas: (β₁, β₂), each in [0, 1).
        eps: keeps the denominator from 0.
        weight_decay: L2 regularisation.
        foreach: taken for PyTorch's sake; there it chooses a kernel, here there is one.
        maximize: climb instead of descend.
        differentiable: refused with an error that shows what to write instead.
        capturable: for accelerators; `step` refuses it, as on PyTorch's CPU.
        l1: L1 regularisation.

    >>> import autograd_cnn as ac
    >>> w = ac.tensor([1.0], requires_grad=True)
    >>> optimizer = ac.optim.Adamax([w], lr=0.5)
    >>> w.grad = ac.tensor([8.0])
    >>> optimizer.step()
    >>> w.item()
    0.5

    Source: Kingma and Ba 2014, section 7, arXiv:1412.6980.
    """

    _keeps = ("step", "exp_avg", "exp_inf")

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
        l1: float = 0.0,
    ) -> None:
        check_lr("Adamax", lr)
        check_not_negative("Adamax", eps=eps)
        check_betas("Adamax", betas)
        check_not_negative("Adamax", weight_decay=weight_decay, l1=l1)
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "capturable": capturable,
                "l1": l1,
            },
        )

    def _begin(self, group: dict[str, Any], p: Tensor) -> tuple[Phase, Sequence[Tensor]]:
        state = self.state[p]
        return (advance(state),), (buffer(state, "exp_avg", p), buffer(state, "exp_inf", p))

    def _rule(self, group: dict[str, Any], c: Constant, *phase: Any) -> Update:
        (step,) = phase
        eps = c(group["eps"])
        beta1, beta2 = group["betas"]
        rate, keep = c(-number(group["lr"]) / (1 - beta1**step)), c(beta2)
        mean = lerp(1.0 - beta1, c)

        def update(t: Array, u: Array, p: Array, g: Array, m: Array, top: Array) -> None:
            mean(m, g, t)
            np.multiply(top, keep, out=top)
            np.abs(g, out=t)
            np.add(t, eps, out=t)
            np.maximum(top, t, out=top)
            add_quotient(p, m, top, rate, u)

        return update
