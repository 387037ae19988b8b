"""NAdam."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine import versions
from ..tensors.tensor import Tensor
from .checks import check_betas, check_lr, check_not_negative
from .elementwise import (
    Array,
    Constant,
    Elementwise,
    Phase,
    Update,
    add_quotient,
    advance,
    buffer,
    lerp,
    mean_square,
    number,
    scalar_tensor,
    writable,
)
from .optimizer import ParamsT


class NAdam(Elementwise):
    """Adam with Nesterov momentum.

        m, v as Adam's;    μₜ = β₁ · (1 − ½ · 0.96^(t · momentum_decay)),    Πₜ = μ₁ · … · μₜ
        p ← p − lr · [ (1 − μₜ) · g / (1 − Πₜ) + μₜ₊₁ · m / (1 − Πₜ₊₁) ] / (√v̂ + eps)

    Args:
        params: tensors, (name, tensor) pairs, or dicts of parameter groups.
        lr: learning rate, a number or a tensor of one element.
        betas: (β₁, β₂), each in [0, 1).
        eps: keeps the denominator from 0.
        weight_decay: L2 regularisation.
        momentum_decay: how fast μ approaches β₁.
        decoupled_weight_decay: shrink p by lr · weight_decay directly, as AdamW does.
        foreach: taken for PyTorch's sake; there it chooses a kernel, here there is one.
        maximize: climb instead of descend.
        capturable: for accelerators; `step` refuses it, as on PyTorch's CPU.
        differentiable: refused with an error that shows what to write instead.
        l1: L1 regularisation, in the gradient, also where weight decay is decoupled.

    >>> import autograd_cnn as ac
    >>> w = ac.tensor([1.0], requires_grad=True)
    >>> optimizer = ac.optim.NAdam([w])
    >>> w.grad = ac.ones(1)
    >>> optimizer.step()
    >>> w.item() < 1.0
    True

    Source: Dozat 2016, Incorporating Nesterov momentum into Adam.
    """

    _keeps = ("step", "mu_product", "exp_avg", "exp_avg_sq")

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        l1: float = 0.0,
    ) -> None:
        check_lr("NAdam", lr)
        check_not_negative("NAdam", eps=eps)
        check_betas("NAdam", betas)
        check_not_negative("NAdam", weight_decay=weight_decay, momentum_decay=momentum_decay, l1=l1)
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "momentum_decay": momentum_decay,
                "decoupled_weight_decay": decoupled_weight_decay,
                "maximize": maximize,
                "foreach": foreach,
                "capturable": capturable,
                "differentiable": differentiable,
                "l1": l1,
            },
        )

    def _begin(self, group: dict[str, Any], p: Tensor) -> tuple[Phase, Sequence[Tensor]]:
        state = self.state[p]
        step = advance(state)
        mu = _mu(group, step)
        product = _multiply(state, mu)
        return (step, mu, product), (buffer(state, "exp_avg", p), buffer(state, "exp_avg_sq", p))

    def _rule(self, group: dict[str, Any], c: Constant, *phase: Any) -> Update:
        step, mu, product = phase
        lr, eps = number(group["lr"]), c(group["eps"])
        beta1, beta2 = group["betas"]
        mu_next = _mu(group, step + 1)
        rate_g = c(-lr * (1.0 - mu) / (1.0 - product))
        rate_m = c(-lr * mu_next / (1.0 - product * mu_next))
        correction2 = c(1 - beta2**step)
        shrink = c(1 - lr * group["weight_decay"]) if group["decoupled_weight_decay"] else None
        mean, square = lerp(1.0 - beta1, c), mean_square(beta2, c)

        def update(t: Array, u: Array, p: Array, g: Array, m: Array, v: Array) -> None:
            if shrink is not None:
                np.multiply(p, shrink, out=p)
            mean(m, g, t)
            square(v, g, t)
            np.divide(v, correction2, out=t)
            np.sqrt(t, out=t)
            np.add(t, eps, out=t)
            add_quotient(p, g, t, rate_g, u)
            add_quotient(p, m, t, rate_m, u)

        return update


def _mu(group: dict[str, Any], step: float) -> float:
    """μ at a step."""
    return float(group["betas"][0] * (1.0 - 0.5 * 0.96 ** (step * group["momentum_decay"])))


def _multiply(state: dict[str, Any], mu: float) -> float:
    """Π ← Π · μ, in the precision of the tensor that keeps it."""
    if "mu_product" not in state:
        state["mu_product"] = scalar_tensor(1.0)
    raw = writable(state["mu_product"])
    raw *= mu
    versions.wrote(raw)
    return float(raw)
