"""Adam, with AMSGrad and decoupled weight decay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

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
)
from .optimizer import ParamsT


class Adam(Elementwise):
    """Steps from running means of the gradient and of its square.

        m ← β₁ · m + (1 − β₁) · g
        v ← β₂ · v + (1 − β₂) · g²                      (amsgrad: v̂ from the greatest v so far)
        p ← p − lr · m̂ / (√v̂ + eps),    m̂ = m / (1 − β₁ᵗ),    v̂ = v / (1 − β₂ᵗ)

    Args:
        params: tensors, (name, tensor) pairs, or dicts of parameter groups.
        lr: learning rate, a number or a tensor of one element.
        betas: (β₁, β₂), each in [0, 1).
        eps: keeps the denominator from 0.
        weight_decay: L2 regularisation.
        amsgrad: never let the denominator shrink.
        foreach, fused: taken for PyTorch's sake; there they choose a kernel, here there is one.
        maximize: climb instead of descend.
        capturable: for accelerators; `step` refuses it, as on PyTorch's CPU.
        differentiable: refused with an error that shows what to write instead.
        decoupled_weight_decay: shrink p by lr · weight_decay directly, as AdamW does.
        l1: L1 regularisation, in the gradient, also where weight decay is decoupled.

    Raises:
        ValueError: a negative option or a beta outside [0, 1).

    >>> import autograd_cnn as ac
    >>> w = ac.tensor([1.0, 1.0], requires_grad=True)
    >>> optimizer = ac.optim.Adam([w], lr=0.5)
    >>> w.grad = ac.tensor([1.0, -100.0])
    >>> optimizer.step()
    >>> [round(x, 6) for x in w.tolist()]  # the first step has the length lr, whatever the gradient's
    [0.5, 1.5]

    Source: Kingma and Ba 2014, arXiv:1412.6980; AMSGrad: Reddi, Kale, Kumar 2018.
    """

    _keeps = ("step", "exp_avg", "exp_avg_sq")

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
        l1: float = 0.0,
    ) -> None:
        name = type(self).__name__
        _refuse_tensor("lr", lr, foreach, capturable)
        check_lr(name, lr)
        check_not_negative(name, eps=eps)
        _check_tensor_betas(betas, foreach, capturable)
        check_betas(name, betas)
        check_not_negative(name, weight_decay=weight_decay, l1=l1)
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": tuple(betas),
                "eps": eps,
                "weight_decay": weight_decay,
                "amsgrad": amsgrad,
                "maximize": maximize,
                "foreach": foreach,
                "capturable": capturable,
                "differentiable": differentiable,
                "fused": fused,
                "decoupled_weight_decay": decoupled_weight_decay,
                "l1": l1,
            },
        )

    def _begin(self, group: dict[str, Any], p: Tensor) -> tuple[Phase, Sequence[Tensor]]:
        state = self.state[p]
        step = advance(state)
        kept = [buffer(state, "exp_avg", p), buffer(state, "exp_avg_sq", p)]
        if group["amsgrad"]:
            kept.append(buffer(state, "max_exp_avg_sq", p))
        return (step,), kept

    def _rule(self, group: dict[str, Any], c: Constant, *phase: Any) -> Update:
        (step,) = phase
        lr, eps, amsgrad = number(group["lr"]), c(group["eps"]), group["amsgrad"]
        beta1, beta2 = (number(beta) for beta in group["betas"])
        rate = c(-lr / (1 - beta1**step))
        root2 = c((1 - beta2**step) ** 0.5)
        shrink = c(1 - lr * group["weight_decay"]) if group["decoupled_weight_decay"] else None
        mean, square = lerp(1.0 - beta1, c), mean_square(beta2, c)

        def update(t: Array, u: Array, p: Array, g: Array, m: Array, v: Array, *top: Array) -> None:
            if shrink is not None:
                np.multiply(p, shrink, out=p)
            mean(m, g, t)
            square(v, g, t)
            if amsgrad:
                v = np.maximum(top[0], v, out=top[0])
            np.sqrt(v, out=t)
            np.divide(t, root2, out=t)
            np.add(t, eps, out=t)
            add_quotient(p, m, t, rate, u)

        return update


class AdamW(Adam):
    """Adam with weight decay apart from the gradient: neither running mean sees it.

        p ← (1 − lr · weight_decay) · p,  then Adam's step

    Arguments as for `Adam`; `weight_decay` is 0.01 where none is given. `l1` still enters the gradient.

    >>> import autograd_cnn as ac
    >>> w = ac.tensor([1.0], requires_grad=True)
    >>> optimizer = ac.optim.AdamW([w], lr=0.5, weight_decay=0.5)
    >>> w.grad = ac.zeros(1)
    >>> optimizer.step()
    >>> w.item()
    0.75

    Source: Loshchilov and Hutter 2017, Decoupled weight decay regularization, arXiv:1711.05101.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        l1: float = 0.0,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
            l1=l1,
        )

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:  # a state dict of Adam's, or of an AdamW from before the option existed
            group["decoupled_weight_decay"] = True


def _check_tensor_betas(betas: Any, foreach: bool | None, capturable: bool) -> None:
    kinds = {isinstance(beta, Tensor) for beta in betas} if isinstance(betas, (tuple, list)) else set()
    if len(kinds) == 2:
        raise ValueError("betas must be either both floats or both Tensors")
    if True in kinds:
        for i, beta in enumerate(betas):
            _refuse_tensor(f"betas[{i}]", beta, foreach, capturable)
            if beta.value.size != 1:
                raise ValueError(f"Tensor betas[{i}] must be 1-element")


def _refuse_tensor(name: str, value: Any, foreach: bool | None, capturable: bool) -> None:
    if foreach and not capturable and isinstance(value, Tensor):
        raise ValueError(f"{name} as a Tensor is not supported for capturable=False and foreach=True")
