"""RAdam."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..tensors.tensor import Tensor
from .checks import check_betas, check_lr, check_not_negative
from .elementwise import Array, Constant, Elementwise, Phase, Update, advance, buffer, lerp, mean_square, number
from .optimizer import ParamsT


class RAdam(Elementwise):
    """Adam that divides by √v̂ only once v rests on enough steps, and then less at first.

        m, v as Adam's;    ρ∞ = 2 / (1 − β₂) − 1,    ρₜ = ρ∞ − 2 t β₂ᵗ / (1 − β₂ᵗ)
        ρₜ > 5:  p ← p − lr · m̂ · r · √(1 − β₂ᵗ) / (√v + eps),   r = √[(ρₜ−4)(ρₜ−2) ρ∞ / ((ρ∞−4)(ρ∞−2) ρₜ)]
        else:    p ← p − lr · m̂

    Args:
        params: tensors, (name, tensor) pairs, or dicts of parameter groups.
        lr: learning rate, a number or a tensor of one element.
        betas: (β₁, β₂), each in [0, 1).
        eps: keeps the denominator from 0.
        weight_decay: L2 regularisation.
        decoupled_weight_decay: shrink p by lr · weight_decay directly, as AdamW does.
        foreach: taken for PyTorch's sake; there it chooses a kernel, here there is one.
        maximize: climb instead of descend.
        capturable: for accelerators; `step` refuses it, as on PyTorch's CPU.
        differentiable: refused with an error that shows what to write instead.
        l1: L1 regularisation, in the gradient, also where weight decay is decoupled.

    >>> import autograd_cnn as ac
    >>> w = ac.tensor([1.0], requires_grad=True)
    >>> optimizer = ac.optim.RAdam([w], lr=0.5)
    >>> w.grad = ac.ones(1)
    >>> optimizer.step()  # one step is not enough to know v: plain momentum
    >>> w.item()
    0.5

    Source: Liu et al. 2019, On the variance of the adaptive learning rate and beyond, arXiv:1908.03265.
    """

    _keeps = ("step", "exp_avg", "exp_avg_sq")

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        l1: float = 0.0,
    ) -> None:
        check_lr("RAdam", lr)
        check_not_negative("RAdam", eps=eps)
        check_betas("RAdam", betas)
        check_not_negative("RAdam", weight_decay=weight_decay, l1=l1)
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "maximize": maximize,
                "foreach": foreach,
                "capturable": capturable,
                "decoupled_weight_decay": decoupled_weight_decay,
                "differentiable": differentiable,
                "l1": l1,
            },
        )

    def _begin(self, group: dict[str, Any], p: Tensor) -> tuple[Phase, Sequence[Tensor]]:
        state = self.state[p]
        return (advance(state),), (buffer(state, "exp_avg", p), buffer(state, "exp_avg_sq", p))

    def _rule(self, group: dict[str, Any], c: Constant, *phase: Any) -> Update:
        (step,) = phase
        lr, eps = number(group["lr"]), c(group["eps"])
        beta1, beta2 = group["betas"]
        correction1, root2 = c(1 - beta1**step), c((1 - beta2**step) ** 0.5)
        rate = c(lr)
        r = _rectification(beta2, step)
        rectify = None if r is None else c(r)
        shrink = c(1 - lr * group["weight_decay"]) if group["decoupled_weight_decay"] else None
        mean, square = lerp(1.0 - beta1, c), mean_square(beta2, c)

        def update(t: Array, u: Array, p: Array, g: Array, m: Array, v: Array) -> None:
            if shrink is not None:
                np.multiply(p, shrink, out=p)
            mean(m, g, t)
            square(v, g, t)
            np.divide(m, correction1, out=t)
            np.multiply(t, rate, out=t)
            if rectify is not None:
                np.sqrt(v, out=u)
                np.add(u, eps, out=u)
                np.divide(root2, u, out=u)
                np.multiply(t, u, out=t)
                np.multiply(t, rectify, out=t)
            np.subtract(p, t, out=p)

        return update


def _rectification(beta2: float, step: float) -> float | None:
    """r, or None while v rests on too few steps."""
    longest = 2 / (1 - beta2) - 1
    length = longest - 2 * step * beta2**step / (1 - beta2**step)
    if length <= 5.0:
        return None
    ratio = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
    return float(ratio**0.5)
