"""Averaged stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine import versions
from ..tensors.tensor import Tensor
from .checks import check_lr, check_not_negative
from .elementwise import (
    Array,
    Constant,
    Elementwise,
    Phase,
    Update,
    add_scaled,
    advance,
    buffer,
    number,
    scalar_tensor,
    writable,
)
from .optimizer import ParamsT


class ASGD(Elementwise):
    """Stochastic gradient descent that also keeps the average of the parameters, in `state[p]["ax"]`.

        p  ← (1 − lambd · η) · p − η · g
        ax ← ax + μ · (p − ax)
        η  ← lr / (1 + lambd · lr · t)^alpha,      μ ← 1 / max(1, t − t0)

    Args:
        params: tensors, (name, tensor) pairs, or dicts of parameter groups.
        lr: learning rate, a number or a tensor of one element.
        lambd: decay term.
        alpha: power of the decay of η.
        t0: the step from which on it averages; before, ax is p.
        weight_decay: L2 regularisation.
        foreach: taken for PyTorch's sake; there it chooses a kernel, here there is one.
        maximize: climb instead of descend.
        differentiable: refused with an error that shows what to write instead.
        capturable: for accelerators; `step` refuses it, as on PyTorch's CPU.
        l1: L1 regularisation.

    >>> import autograd_cnn as ac
    >>> w = ac.tensor([1.0], requires_grad=True)
    >>> optimizer = ac.optim.ASGD([w], lr=0.5, lambd=0.0, t0=0)
    >>> for _ in range(2):
    ...     w.grad = ac.ones(1)
    ...     optimizer.step()
    >>> w.item(), optimizer.state[w]["ax"].item()
    (0.0, 0.0)

    Source: Polyak and Juditsky 1992, Acceleration of stochastic approximation by averaging.
    """

    _keeps = ("step", "eta", "mu", "ax")

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
        *,
        l1: float = 0.0,
    ) -> None:
        check_lr("ASGD", lr)
        check_not_negative("ASGD", weight_decay=weight_decay, l1=l1)
        super().__init__(
            params,
            {
                "lr": lr,
                "lambd": lambd,
                "alpha": alpha,
                "t0": t0,
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
        lr, lambd = number(group["lr"]), group["lambd"]
        if not state:
            state.update(step=scalar_tensor(0.0), eta=scalar_tensor(lr), mu=scalar_tensor(1.0))
        step = advance(state)
        phase = (state["eta"].item(), state["mu"].item())
        _store(state["eta"], lr / ((1 + lambd * lr * step) ** group["alpha"]))
        _store(state["mu"], 1 / max(1, step - group["t0"]))
        return phase, (buffer(state, "ax", p),)

    def _rule(self, group: dict[str, Any], c: Constant, *phase: Any) -> Update:
        eta, mu = phase
        rate, shrink, part = c(-eta), c(1 - group["lambd"] * eta), c(mu)

        def update(t: Array, u: Array, p: Array, g: Array, ax: Array) -> None:
            np.multiply(p, shrink, out=p)
            add_scaled(p, g, rate, t)
            if mu == 1:
                np.copyto(ax, p)
            else:
                np.subtract(p, ax, out=t)
                np.multiply(t, part, out=t)
                np.add(ax, t, out=ax)

        return update


def _store(t: Tensor, value: float) -> None:
    raw = writable(t)
    raw[...] = scalar_tensor(value).value  # in the default dtype's digits, also where a loaded one is float64
    versions.wrote(raw)
