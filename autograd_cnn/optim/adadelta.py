"""Adadelta."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..tensors.tensor import Tensor
from .checks import check_lr, check_not_negative
from .elementwise import Array, Constant, Elementwise, Phase, Update, add_scaled, advance, buffer, mean_square, number
from .optimizer import ParamsT


class Adadelta(Elementwise):
    """Steps in the ratio of the running root mean squares of past steps and past gradients.

        v ← rho · v + (1 − rho) · g²
        Δ = √(u + eps) / √(v + eps) · g
        u ← rho · u + (1 − rho) · Δ²
        p ← p − lr · Δ

    Args:
        params: tensors, (name, tensor) pairs, or dicts of parameter groups.
        lr: a factor on the step, a number or a tensor of one element.
        rho: how much of the running averages is kept, in [0, 1].
        eps: keeps the roots from 0, and starts the motion.
        weight_decay: L2 regularisation.
        foreach: taken for PyTorch's sake; there it chooses a kernel, here there is one.
        capturable: for accelerators; `step` refuses it, as on PyTorch's CPU.
        maximize: climb instead of descend.
        differentiable: refused with an error that shows what to write instead.
        l1: L1 regularisation.

    >>> import autograd_cnn as ac
    >>> w = ac.tensor([1.0], requires_grad=True)
    >>> optimizer = ac.optim.Adadelta([w], rho=0.0, eps=0.25)
    >>> w.grad = ac.zeros(1)
    >>> optimizer.step()
    >>> w.item()
    1.0

    Source: Zeiler 2012, ADADELTA: an adaptive learning rate method, arXiv:1212.5701.
    """

    _keeps = ("step", "square_avg", "acc_delta")

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
        l1: float = 0.0,
    ) -> None:
        check_lr("Adadelta", lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        check_not_negative("Adadelta", eps=eps, weight_decay=weight_decay, l1=l1)
        super().__init__(
            params,
            {
                "lr": lr,
                "rho": rho,
                "eps": eps,
                "weight_decay": weight_decay,
                "maximize": maximize,
                "capturable": capturable,
                "foreach": foreach,
                "differentiable": differentiable,
                "l1": l1,
            },
        )

    def _begin(self, group: dict[str, Any], p: Tensor) -> tuple[Phase, Sequence[Tensor]]:
        state = self.state[p]
        advance(state)
        return (), (buffer(state, "square_avg", p), buffer(state, "acc_delta", p))

    def _rule(self, group: dict[str, Any], c: Constant, *phase: Any) -> Update:
        rate, eps = c(-number(group["lr"])), c(group["eps"])
        mean = mean_square(group["rho"], c)

        def update(t: Array, u: Array, p: Array, g: Array, v: Array, past: Array) -> None:
            mean(v, g, t)
            np.add(v, eps, out=t)
            np.sqrt(t, out=t)
            np.add(past, eps, out=u)
            np.sqrt(u, out=u)
            np.divide(u, t, out=u)
            delta = np.multiply(u, g, out=u)
            mean(past, delta, t)
            add_scaled(p, delta, rate, t)

        return update
