"""Adagrad."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..tensors.tensor import Tensor, wrap
from .checks import check_lr, check_not_negative
from .elementwise import Array, Constant, Elementwise, Phase, Update, add_quotient, advance, number, scalar_tensor
from .optimizer import ParamsT


class Adagrad(Elementwise):
    """Steps divided by the root of the sum of all squared gradients so far.

        s ← s + g²
        p ← p − lr / (1 + (t − 1) · lr_decay) · g / (√s + eps)

    Args:
        params: tensors, (name, tensor) pairs, or dicts of parameter groups.
        lr: learning rate, a number or a tensor of one element.
        lr_decay: how fast the learning rate falls.
        weight_decay: L2 regularisation.
        initial_accumulator_value: s before the first step.
        eps: keeps the denominator from 0.
        foreach, fused: taken for PyTorch's sake; there they choose a kernel, here there is one.
        maximize: climb instead of descend.
        differentiable: refused with an error that shows what to write instead.
        l1: L1 regularisation.

    >>> import autograd_cnn as ac
    >>> w = ac.tensor([1.0, 1.0], requires_grad=True)
    >>> optimizer = ac.optim.Adagrad([w], lr=0.5)
    >>> w.grad = ac.tensor([1.0, 100.0])
    >>> optimizer.step()
    >>> w.tolist()  # the first step has the length lr, whatever the gradient's
    [0.5, 0.5]

    Source: Duchi, Hazan, Singer 2011, Adaptive subgradient methods for online learning and stochastic optimization.
    """

    _keeps = ("step", "sum")

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        l1: float = 0.0,
    ) -> None:
        check_lr("Adagrad", lr)
        check_not_negative(
            "Adagrad",
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            eps=eps,
            l1=l1,
        )
        super().__init__(
            params,
            {
                "lr": lr,
                "lr_decay": lr_decay,
                "eps": eps,
                "weight_decay": weight_decay,
                "initial_accumulator_value": initial_accumulator_value,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "fused": fused,
                "l1": l1,
            },
        )
        for group in self.param_groups:
            for p in group["params"]:
                self._start(p, group["initial_accumulator_value"])

    def _start(self, p: Tensor, value: float) -> None:
        state = self.state[p]
        state["step"] = scalar_tensor(0.0)
        state["sum"] = wrap(np.full_like(p.value, value, subok=False))

    def _begin(self, group: dict[str, Any], p: Tensor) -> tuple[Phase, Sequence[Tensor]]:
        if not self.state[p]:  # of a group that was added later
            self._start(p, group["initial_accumulator_value"])
        state = self.state[p]
        return (advance(state),), (state["sum"],)

    def _rule(self, group: dict[str, Any], c: Constant, *phase: Any) -> Update:
        (step,) = phase
        rate = c(-number(group["lr"]) / (1 + (step - 1) * group["lr_decay"]))
        eps = c(group["eps"])

        def update(t: Array, u: Array, p: Array, g: Array, s: Array) -> None:
            np.multiply(g, g, out=t)
            np.add(s, t, out=s)
            np.sqrt(s, out=t)
            np.add(t, eps, out=t)
            add_quotient(p, g, t, rate, u)

        return update
